//! The review of runs: the totals of each beside those of the month before, and how many employees
//! want a look. All of them in two statements, however many runs there are.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::PayrollRunId;
use kernel::{Dec, Result, Tx};

use super::listed::PayrollWarning;
use super::window::Listed;
use super::{PayrollRun, by_ids};
use crate::schema::payroll_failure;

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
    /// Employees of whom something wants a look.
    pub warnings: i64,
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

/// What is counted of a run, and what the month before gave.
#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = sql::Uuid)]
    run_id: PayrollRunId,
    #[diesel(sql_type = sql::BigInt)]
    failures: i64,
    #[diesel(sql_type = sql::BigInt)]
    exclusions: i64,
    #[diesel(sql_type = sql::BigInt)]
    warnings: i64,
    #[diesel(embed)]
    before: PayrollSums,
}

/// Those runs that the actor may see, each beside the month before.
pub async fn reviews(tx: &mut Tx, ids: &[PayrollRunId]) -> Result<Vec<PayrollReview>> {
    let runs = by_ids(tx, ids).await?;
    let ids: Vec<PayrollRunId> = runs.iter().map(|run| run.id).collect();
    let warned = PayrollWarning::ROWS.replace("$2", "r.id");
    let counted: Vec<Counted> = diesel::sql_query(format!(
        "SELECT r.id AS run_id, b.*, \
            (SELECT count(*) FROM people.payroll_failure f \
                WHERE f.organisation_id = r.organisation_id AND f.run_id = r.id) AS failures, \
            (SELECT count(*) FROM people.payroll_exclusion x \
                WHERE x.organisation_id = r.organisation_id AND x.run_id = r.id) AS exclusions, \
            (SELECT count(*) FROM ({warned}) w) AS warnings \
         FROM people.payroll_run r \
         CROSS JOIN LATERAL ( \
            SELECT count(DISTINCT p.employee_id) AS employees, \
                coalesce(sum(p.gross), 0) AS gross, \
                coalesce(sum(p.employee_contributions), 0) AS employee_contributions, \
                coalesce(sum(p.tax), 0) AS tax, coalesce(sum(p.net), 0) AS net, \
                coalesce(sum(p.employer_contributions), 0) AS employer_contributions \
            FROM people.payroll_run q \
            JOIN people.payslip p ON p.organisation_id = q.organisation_id AND p.run_id = q.id \
            WHERE q.organisation_id = r.organisation_id AND q.company_id = r.company_id \
                AND q.year * 12 + q.month = r.year * 12 + r.month - 1 AND q.status = 'POSTED' \
         ) b WHERE r.organisation_id = $1 AND r.id = ANY($2)",
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(tx.conn())
    .await?;
    let mut counted: HashMap<_, _> = counted.into_iter().map(|it| (it.run_id, it)).collect();
    let reviewed = runs.into_iter().filter_map(|run| {
        let counted = counted.remove(&run.id)?;
        Some(PayrollReview {
            run,
            before: counted.before,
            failures: counted.failures,
            exclusions: counted.exclusions,
            warnings: counted.warnings,
        })
    });
    Ok(reviewed.collect())
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
