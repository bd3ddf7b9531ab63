//! The lists of a run's review, by employee: what changed for whom since the month before, who
//! could not be calculated, who was left out, and of whom something wants a look.

use diesel::QueryableByName;
use diesel::sql_types as sql;
use kernel::ids::{EmployeeId, PayrollRunId};
use kernel::page::Page;
use kernel::{Dec, Locale, Result, Speaker, Tx};
use serde_json::Value;

use super::window::{Listed, Window, load, tally};
use super::{PayrollExclusion, PayrollFailure, PayrollRun, find};
use crate::fault;
use crate::permission::PAYSLIP_READ;

/// What changed for an employee since the month before.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct PayslipDifference {
    /// Its place: the largest change of net pay first.
    #[diesel(sql_type = sql::Numeric)]
    place: Dec,
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

/// What of an employee's payslip wants a look before it is approved.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct PayrollWarning {
    /// The employee.
    #[diesel(sql_type = sql::Uuid)]
    pub employee_id: EmployeeId,
    /// What: objects with `code`, and either `amount` or the sentences `es` and `en`.
    #[diesel(sql_type = sql::Jsonb)]
    pub warnings: Value,
}

impl PayrollWarning {
    /// Every warning as its code and a sentence in a language.
    pub fn sentences(&self, speaker: &Speaker, locale: Locale) -> Vec<(String, String)> {
        let warnings = self.warnings.as_array().into_iter().flatten();
        let text = |warning: &Value, key: &str| {
            let value = warning.get(key).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        let said = warnings.map(|warning| {
            let code = text(warning, "code").unwrap_or_default();
            let sentence = text(warning, locale.tag()).unwrap_or_else(|| {
                let amount = text(warning, "amount").unwrap_or_default();
                speaker.say(locale, &code, &[("amount", amount)])
            });
            (code, sentence)
        });
        said.collect()
    }
}

impl Listed for PayslipDifference {
    const ROWS: &'static str = "SELECT -abs(coalesce(n.net, 0) - coalesce(b.net, 0)) AS place, \
            employee_id, b.gross AS gross_before, n.gross, b.net AS net_before, n.net, \
            b.tax_rate AS tax_rate_before, n.tax_rate \
         FROM ( \
            SELECT employee_id, gross, net, tax_rate FROM people.payslip \
            WHERE organisation_id = $1 AND run_id = $2 \
         ) n FULL JOIN ( \
            SELECT p.employee_id, sum(p.gross) AS gross, sum(p.net) AS net, \
                max(p.tax_rate) AS tax_rate \
            FROM people.payroll_run r \
            JOIN people.payroll_run q ON q.organisation_id = r.organisation_id \
                AND q.company_id = r.company_id AND q.status = 'POSTED' \
                AND q.year * 12 + q.month = r.year * 12 + r.month - 1 \
            JOIN people.payslip p ON p.organisation_id = q.organisation_id AND p.run_id = q.id \
            WHERE r.organisation_id = $1 AND r.id = $2 GROUP BY p.employee_id \
         ) b USING (employee_id) \
         WHERE (n.gross, n.net, n.tax_rate) IS DISTINCT FROM (b.gross, b.net, b.tax_rate)";

    fn place(&self) -> (Dec, EmployeeId) {
        (self.place, self.employee_id)
    }
}

impl Listed for PayrollFailure {
    const ROWS: &'static str = "SELECT 0::numeric AS place, f.* FROM people.payroll_failure f \
         WHERE f.organisation_id = $1 AND f.run_id = $2";

    fn place(&self) -> (Dec, EmployeeId) {
        (Dec::default(), self.employee_id)
    }
}

impl Listed for PayrollExclusion {
    const ROWS: &'static str = "SELECT 0::numeric AS place, x.* FROM people.payroll_exclusion x \
         WHERE x.organisation_id = $1 AND x.run_id = $2";

    fn place(&self) -> (Dec, EmployeeId) {
        (Dec::default(), self.employee_id)
    }
}

/// Who is to be paid and has no account stays out of the transfers, which nothing else would say.
impl Listed for PayrollWarning {
    const ROWS: &'static str = "SELECT 0::numeric AS place, p.employee_id, \
            jsonb_agg(w.warning ORDER BY w.warning ->> 'code') AS warnings \
         FROM people.payslip p \
         JOIN people.employee e \
            ON e.organisation_id = p.organisation_id AND e.id = p.employee_id \
         CROSS JOIN LATERAL ( \
            SELECT jsonb_build_object( \
                'code', 'people.no_account', 'amount', round(p.net, 2)::text) AS warning \
            WHERE e.iban IS NULL AND p.net > 0 \
            UNION ALL SELECT jsonb_array_elements(p.notices) \
         ) w \
         WHERE p.organisation_id = $1 AND p.run_id = $2 GROUP BY p.employee_id";

    fn place(&self) -> (Dec, EmployeeId) {
        (Dec::default(), self.employee_id)
    }
}

async fn seen(tx: &mut Tx, id: PayrollRunId) -> Result<PayrollRun> {
    let unknown = || kernel::Fault::not_found(fault::RUN_NOT_FOUND).at(["id"]);
    Ok(find(tx, id).await?.ok_or_else(unknown)?)
}

/// A run that the actor may see, with its payslips.
async fn paid(tx: &mut Tx, id: PayrollRunId) -> Result<PayrollRun> {
    let run = seen(tx, id).await?;
    tx.require_in(PAYSLIP_READ, run.company_id, None)?;
    Ok(run)
}

/// What changed since the month before, the largest change of net pay first. Needs the right to see
/// payslips in the company.
pub async fn differences(
    tx: &mut Tx,
    id: PayrollRunId,
    window: &Window,
) -> Result<Page<PayslipDifference>> {
    let run = paid(tx, id).await?;
    load(tx, run.id, window).await
}

/// For how many something changed since the month before.
pub async fn difference_count(tx: &mut Tx, id: PayrollRunId) -> Result<i64> {
    let run = paid(tx, id).await?;
    tally::<PayslipDifference>(tx, run.id).await
}

/// Of whom something wants a look. Needs the right to see payslips in the company.
pub async fn warnings(
    tx: &mut Tx,
    id: PayrollRunId,
    window: &Window,
) -> Result<Page<PayrollWarning>> {
    let run = paid(tx, id).await?;
    load(tx, run.id, window).await
}

/// Who could not be calculated in a run that the actor may see.
pub async fn failures(
    tx: &mut Tx,
    id: PayrollRunId,
    window: &Window,
) -> Result<Page<PayrollFailure>> {
    let run = seen(tx, id).await?;
    load(tx, run.id, window).await
}

/// Who was left out of a run that the actor may see.
pub async fn exclusions(
    tx: &mut Tx,
    id: PayrollRunId,
    window: &Window,
) -> Result<Page<PayrollExclusion>> {
    let run = seen(tx, id).await?;
    load(tx, run.id, window).await
}
