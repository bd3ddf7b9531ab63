//! The lines of payslips: an amount each, with the rule, inputs, version and source that made it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{EmployeeId, OrganisationId, PayrollRunId, PayslipId, PayslipLineId};
use kernel::{Dec, Locale, Result, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::schema::payslip_line;

/// Lines of one insert at most; each binds twenty values, and a statement takes 65,535.
const BATCH: usize = 2_500;

kernel::text_enum! {
    /// Which side of a payslip a line stands on.
    pub enum PayslipLineKind {
        /// Pay.
        Earning = "EARNING",
        /// Taken from the pay.
        Deduction = "DEDUCTION",
        /// Paid by the employer on top.
        Employer = "EMPLOYER",
        /// A contribution base.
        Base = "BASE",
        /// A step of the computation.
        Info = "INFO",
    }
}

kernel::text_enum! {
    /// What a line is about.
    pub enum PayslipLinePart {
        /// Pay.
        Pay = "PAY",
        /// Social security.
        Contribution = "CONTRIBUTION",
        /// Tax.
        Tax = "TAX",
        /// Wages seized by an authority.
        Garnishment = "GARNISHMENT",
        /// An advance taken back.
        Advance = "ADVANCE",
        /// A deduction of the company.
        Other = "OTHER",
        /// A step of the computation.
        Trace = "TRACE",
    }
}

/// A value that entered a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, async_graphql::SimpleObject)]
#[graphql(name = "PayslipLineValue")]
pub struct PayslipLineInput {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A line of a payslip.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payslip_line, check_for_backend(diesel::pg::Pg))]
pub struct PayslipLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The line.
    pub id: PayslipLineId,
    /// Its payslip.
    pub payslip_id: PayslipId,
    /// Its place, from 1.
    pub position: i32,
    /// Which side it stands on.
    pub kind: PayslipLineKind,
    /// What it is about.
    pub part: PayslipLinePart,
    /// Its code: a rule's, or the company's concept's.
    pub code: String,
    /// What a person reads, in Spanish.
    pub label_es: String,
    /// What a person reads, in English.
    pub label_en: String,
    /// What the rate is applied to.
    pub base: Option<Dec>,
    /// The rate, in per cent.
    pub rate: Option<Dec>,
    /// The amount; of `INFO` lines a value that need not be money.
    pub amount: Dec,
    /// The rule that made it.
    pub rule: String,
    /// The rule's expression.
    pub expression: String,
    /// The version of the rules.
    pub rule_version: String,
    /// The norms with their articles.
    pub source: String,
    /// How well the rule is attested, A to D.
    pub certainty: String,
    /// What entered; see [`PayslipLine::inputs`].
    #[diesel(column_name = inputs)]
    pub inputs_json: serde_json::Value,
    /// The advance, garnishment or pay item that it comes from.
    pub subject_id: Option<Uuid>,
}

impl PayslipLine {
    /// What a person reads.
    pub fn label(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.label_es,
            Locale::En => &self.label_en,
        }
    }

    /// What entered, in order.
    pub fn inputs(&self) -> Vec<PayslipLineInput> {
        let pairs: Vec<(String, String)> =
            serde_json::from_value(self.inputs_json.clone()).unwrap_or_default();
        pairs
            .into_iter()
            .map(|(name, value)| PayslipLineInput { name, value })
            .collect()
    }
}

/// The lines of those payslips that the actor may see, in order.
pub async fn lines_of(tx: &mut Tx, ids: &[PayslipId]) -> Result<Vec<PayslipLine>> {
    let seen: Vec<PayslipId> = super::by_ids(tx, ids)
        .await?
        .iter()
        .map(|row| row.id)
        .collect();
    load(tx, &seen).await
}

/// The lines of some payslips, in order.
pub(crate) async fn load(tx: &mut Tx, ids: &[PayslipId]) -> Result<Vec<PayslipLine>> {
    Ok(payslip_line::table
        .filter(payslip_line::organisation_id.eq(tx.organisation()))
        .filter(payslip_line::payslip_id.eq_any(ids))
        .order((payslip_line::payslip_id, payslip_line::position))
        .select(PayslipLine::as_select())
        .load(tx.conn())
        .await?)
}

/// Writes the lines of payslips, those of one payslip always in one statement.
pub(crate) async fn insert_lines(tx: &mut Tx, payslips: &[Vec<PayslipLine>]) -> Result<()> {
    let mut batch: Vec<&PayslipLine> = Vec::with_capacity(BATCH);
    for lines in payslips {
        if batch.len() + lines.len() > BATCH {
            insert(tx, std::mem::take(&mut batch)).await?;
        }
        batch.extend(lines);
    }
    insert(tx, batch).await
}

async fn insert(tx: &mut Tx, rows: Vec<&PayslipLine>) -> Result<()> {
    if !rows.is_empty() {
        diesel::insert_into(payslip_line::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// What posted runs gave in a month, summed by employee and kind of line.
#[derive(Clone, Debug, QueryableByName)]
pub(crate) struct Given {
    #[diesel(sql_type = sql::Uuid)]
    pub employee_id: EmployeeId,
    #[diesel(sql_type = sql::Text)]
    pub kind: PayslipLineKind,
    #[diesel(sql_type = sql::Text)]
    pub part: PayslipLinePart,
    #[diesel(sql_type = sql::Text)]
    pub code: String,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    pub subject_id: Option<Uuid>,
    #[diesel(sql_type = sql::Text)]
    pub label_es: String,
    #[diesel(sql_type = sql::Text)]
    pub label_en: String,
    #[diesel(sql_type = sql::Numeric)]
    pub amount: Dec,
}

/// What a posted run and its posted corrections gave some employees.
pub(crate) async fn sums_by_code(
    tx: &mut Tx,
    run: PayrollRunId,
    employees: &[EmployeeId],
) -> Result<HashMap<EmployeeId, Vec<Given>>> {
    let rows: Vec<Given> = diesel::sql_query(
        "SELECT p.employee_id, l.kind, l.part, l.code, l.subject_id, min(l.label_es) AS label_es, \
            min(l.label_en) AS label_en, sum(l.amount) AS amount \
         FROM people.payslip p \
         JOIN people.payroll_run r ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
         JOIN people.payslip_line l \
            ON l.organisation_id = p.organisation_id AND l.payslip_id = p.id \
         WHERE p.organisation_id = $1 AND (r.id = $2 OR r.corrects_id = $2) \
            AND r.status = 'POSTED' AND p.employee_id = ANY($3) AND l.kind NOT IN ('BASE', 'INFO') \
         GROUP BY p.employee_id, l.kind, l.part, l.code, l.subject_id \
         ORDER BY p.employee_id, min(l.position)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(run)
    .bind::<sql::Array<sql::Uuid>, _>(employees)
    .load(tx.conn())
    .await?;
    let mut given: HashMap<EmployeeId, Vec<Given>> = HashMap::new();
    for row in rows {
        given.entry(row.employee_id).or_default().push(row);
    }
    Ok(given)
}
