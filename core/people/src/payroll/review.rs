//! The review of a run: its totals beside those of the month before, what changed for whom, and
//! who could not be calculated.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{EmployeeId, OrganisationId, PayrollRunId};
use kernel::{Dec, Fault, Locale, Result, Speaker, Tx};
use serde_json::{Value, json};

use super::{PayrollExclusion, PayrollRun, find};
use crate::fault;
use crate::permission::PAYSLIP_READ;
use crate::schema::{payroll_exclusion, payroll_failure};

/// Rows of a review at most.
const MOST: i64 = 250;

/// The names of the values that kept faults speak of.
const VALUES: &[&str] = &[
    "amount",
    "count",
    "country",
    "date",
    "detail_en",
    "detail_es",
    "field",
    "group",
    "name",
    "situation",
    "start",
    "status",
    "year",
];

/// An employee who could not be calculated.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = payroll_failure, check_for_backend(diesel::pg::Pg))]
pub struct PayrollFailure {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The run.
    pub run_id: PayrollRunId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// Why: objects with `code`, `reason`, `args` and `field`, as job items keep them.
    pub faults: Value,
    /// When it was tried.
    pub failed_at: DateTime<Utc>,
}

impl PayrollFailure {
    /// Every reason as a sentence in a language, with the path of what is to be mended.
    pub fn sentences(&self, speaker: &Speaker, locale: Locale) -> Vec<(Vec<String>, String)> {
        let faults = self.faults.as_array().cloned().unwrap_or_default();
        faults
            .iter()
            .map(|fault| (field_of(fault), sentence(fault, speaker, locale)))
            .collect()
    }
}

fn field_of(fault: &Value) -> Vec<String> {
    let field = fault.get("field").cloned().unwrap_or_default();
    serde_json::from_value(field).unwrap_or_default()
}

fn sentence(fault: &Value, speaker: &Speaker, locale: Locale) -> String {
    let reason = fault
        .get("reason")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let args = fault.get("args").cloned().unwrap_or_default();
    let args: Vec<(String, String)> = serde_json::from_value(args).unwrap_or_default();
    let args: Vec<(&'static str, String)> = args
        .into_iter()
        .filter_map(|(name, value)| {
            let name = VALUES.iter().find(|known| **known == name)?;
            Some((*name, value))
        })
        .collect();
    speaker.say(locale, reason, &args)
}

/// Faults as a failure keeps them.
pub(super) fn kept(faults: &[Fault]) -> Value {
    let kept = faults.iter().map(|fault| {
        let args: Vec<_> = fault
            .args
            .iter()
            .map(|(name, value)| json!([name, value]))
            .collect();
        json!({
            "code": fault.code, "reason": fault.reason, "args": args, "field": fault.field,
        })
    });
    Value::Array(kept.collect())
}

/// A run beside what the month before posted.
#[derive(Clone, Debug)]
pub struct PayrollReview {
    /// The run.
    pub run: PayrollRun,
    /// What the runs of the month before gave; zeros when there were none.
    pub before: PayrollSums,
    /// Employees who could not be calculated.
    pub failures: i64,
    /// Employees who were left out.
    pub exclusions: i64,
}

/// Sums of payslips.
#[derive(Clone, Copy, Debug, Default, PartialEq, QueryableByName)]
pub struct PayrollSums {
    /// How many employees were paid.
    #[diesel(sql_type = sql::BigInt)]
    pub employees: i64,
    /// Gross pay.
    #[diesel(sql_type = sql::Numeric)]
    pub gross: Dec,
    /// The employees' social security.
    #[diesel(sql_type = sql::Numeric)]
    pub employee_contributions: Dec,
    /// Tax withheld.
    #[diesel(sql_type = sql::Numeric)]
    pub tax: Dec,
    /// Net pay.
    #[diesel(sql_type = sql::Numeric)]
    pub net: Dec,
    /// The employer's social security.
    #[diesel(sql_type = sql::Numeric)]
    pub employer_contributions: Dec,
}

/// What changed for an employee since the month before.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct PayslipDifference {
    /// The employee.
    #[diesel(sql_type = sql::Uuid)]
    pub employee_id: EmployeeId,
    /// Gross pay of the month before; none when they were not paid.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub gross_before: Option<Dec>,
    /// Gross pay now; none when they are not paid.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub gross: Option<Dec>,
    /// Net pay of the month before.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub net_before: Option<Dec>,
    /// Net pay now.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub net: Option<Dec>,
    /// Rate of withholding of the month before.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub tax_rate_before: Option<Dec>,
    /// Rate of withholding now.
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    pub tax_rate: Option<Dec>,
}

impl PayslipDifference {
    /// Net pay now less that of the month before.
    pub fn net_change(&self) -> Dec {
        Dec(self.net.unwrap_or_default().0 - self.net_before.unwrap_or_default().0)
    }
}

fn not_found() -> Fault {
    Fault::not_found(fault::RUN_NOT_FOUND).at(["id"])
}

/// A run that the actor may see, beside the month before.
pub async fn review(tx: &mut Tx, id: PayrollRunId) -> Result<PayrollReview> {
    let run = find(tx, id).await?.ok_or_else(not_found)?;
    let (year, month) = month_before(&run);
    let before = diesel::sql_query(
        "SELECT count(DISTINCT p.employee_id) AS employees, coalesce(sum(p.gross), 0) AS gross, \
            coalesce(sum(p.employee_contributions), 0) AS employee_contributions, \
            coalesce(sum(p.tax), 0) AS tax, coalesce(sum(p.net), 0) AS net, \
            coalesce(sum(p.employer_contributions), 0) AS employer_contributions \
         FROM people.payslip p \
         JOIN people.payroll_run r ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
         WHERE p.organisation_id = $1 AND p.company_id = $2 AND p.year = $3 AND p.month = $4 \
            AND r.status = 'POSTED'",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(run.company_id)
    .bind::<sql::Integer, _>(year)
    .bind::<sql::Integer, _>(month)
    .get_result(tx.conn())
    .await?;
    let failures = failure_count(tx, run.id).await?;
    let exclusions = payroll_exclusion::table
        .filter(payroll_exclusion::organisation_id.eq(tx.organisation()))
        .filter(payroll_exclusion::run_id.eq(run.id))
        .count()
        .get_result(tx.conn())
        .await?;
    Ok(PayrollReview {
        run,
        before,
        failures,
        exclusions,
    })
}

fn month_before(run: &PayrollRun) -> (i32, i32) {
    if run.month == 1 {
        (run.year - 1, 12)
    } else {
        (run.year, run.month - 1)
    }
}

/// What changed since the month before, the largest change of net pay first; at most 250. Needs
/// the right to see payslips in the company.
pub async fn differences(
    tx: &mut Tx,
    id: PayrollRunId,
    most: Option<i64>,
) -> Result<Vec<PayslipDifference>> {
    let run = find(tx, id).await?.ok_or_else(not_found)?;
    tx.require_in(PAYSLIP_READ, run.company_id, None)?;
    let (year, month) = month_before(&run);
    Ok(diesel::sql_query(
        "WITH now AS ( \
            SELECT employee_id, gross, net, tax_rate FROM people.payslip \
            WHERE organisation_id = $1 AND run_id = $2 \
         ), before AS ( \
            SELECT p.employee_id, sum(p.gross) AS gross, sum(p.net) AS net, \
                max(p.tax_rate) AS tax_rate \
            FROM people.payslip p JOIN people.payroll_run r \
                ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
            WHERE p.organisation_id = $1 AND p.company_id = $3 AND p.year = $4 AND p.month = $5 \
                AND r.status = 'POSTED' GROUP BY p.employee_id \
         ) \
         SELECT employee_id, b.gross AS gross_before, n.gross, b.net AS net_before, n.net, \
            b.tax_rate AS tax_rate_before, n.tax_rate \
         FROM now n FULL JOIN before b USING (employee_id) \
         WHERE (n.gross, n.net, n.tax_rate) IS DISTINCT FROM (b.gross, b.net, b.tax_rate) \
         ORDER BY abs(coalesce(n.net, 0) - coalesce(b.net, 0)) DESC, employee_id LIMIT $6",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(run.id)
    .bind::<sql::Uuid, _>(run.company_id)
    .bind::<sql::Integer, _>(year)
    .bind::<sql::Integer, _>(month)
    .bind::<sql::BigInt, _>(most.unwrap_or(MOST).clamp(1, MOST))
    .load(tx.conn())
    .await?)
}

/// Who could not be calculated in a run that the actor may see; at most 250 at once.
pub async fn failures(tx: &mut Tx, id: PayrollRunId) -> Result<Vec<PayrollFailure>> {
    let run = find(tx, id).await?.ok_or_else(not_found)?;
    Ok(payroll_failure::table
        .filter(payroll_failure::organisation_id.eq(tx.organisation()))
        .filter(payroll_failure::run_id.eq(run.id))
        .order(payroll_failure::employee_id)
        .limit(MOST)
        .select(PayrollFailure::as_select())
        .load(tx.conn())
        .await?)
}

/// Who was left out of a run that the actor may see; at most 250 at once.
pub async fn exclusions(tx: &mut Tx, id: PayrollRunId) -> Result<Vec<PayrollExclusion>> {
    let run = find(tx, id).await?.ok_or_else(not_found)?;
    Ok(payroll_exclusion::table
        .filter(payroll_exclusion::organisation_id.eq(tx.organisation()))
        .filter(payroll_exclusion::run_id.eq(run.id))
        .order(payroll_exclusion::employee_id)
        .limit(MOST)
        .select(PayrollExclusion::as_select())
        .load(tx.conn())
        .await?)
}

/// How many employees of a run could not be calculated.
pub(super) async fn failure_count(tx: &mut Tx, id: PayrollRunId) -> Result<i64> {
    Ok(payroll_failure::table
        .filter(payroll_failure::organisation_id.eq(tx.organisation()))
        .filter(payroll_failure::run_id.eq(id))
        .count()
        .get_result(tx.conn())
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_faults_speak_both_languages() {
        let fault = Fault::invalid(fault::UNKNOWN_GROUP)
            .with("group", 12)
            .at(["contract"]);
        let rules = Fault::invalid(fault::RULE)
            .with("detail_es", "mal")
            .with("detail_en", "bad");
        let failure = PayrollFailure {
            organisation_id: OrganisationId::generate(),
            run_id: PayrollRunId::generate(),
            employee_id: EmployeeId::generate(),
            faults: kept(&[fault, rules]),
            failed_at: DateTime::default(),
        };
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let said = failure.sentences(&speaker, Locale::En);
        assert!(said[0].1.contains("12") && said[0].0 == ["contract"]);
        assert_eq!(said[1].1, "bad");
        assert_eq!(failure.sentences(&speaker, Locale::Es)[1].1, "mal");
    }
}
