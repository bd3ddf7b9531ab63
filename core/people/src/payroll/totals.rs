//! The sums of a run's payslips, as they are shown, told and kept with the run.

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::PayrollRunId;
use kernel::{Dec, Error, Result, Tx};
use serde_json::{Value, json};

use super::PayrollRun;
use super::outcome::Drawn;

/// The sums of a run's payslips.
#[derive(Clone, Debug, Default, diesel::QueryableByName)]
pub(super) struct Totals {
    #[diesel(sql_type = sql::Integer)]
    payslips: i32,
    #[diesel(sql_type = sql::Numeric)]
    gross: Dec,
    #[diesel(sql_type = sql::Numeric)]
    employee_contributions: Dec,
    #[diesel(sql_type = sql::Numeric)]
    tax: Dec,
    #[diesel(sql_type = sql::Numeric)]
    deductions: Dec,
    #[diesel(sql_type = sql::Numeric)]
    net: Dec,
    #[diesel(sql_type = sql::Numeric)]
    employer_contributions: Dec,
}

impl Totals {
    /// Adds a payslip.
    pub fn add(&mut self, drawn: &Drawn) {
        let slip = &drawn.payslip;
        self.payslips += 1;
        for (sum, part) in [
            (&mut self.gross, slip.gross),
            (
                &mut self.employee_contributions,
                slip.employee_contributions,
            ),
            (&mut self.tax, slip.tax),
            (&mut self.deductions, slip.deductions),
            (&mut self.net, slip.net),
            (
                &mut self.employer_contributions,
                slip.employer_contributions,
            ),
        ] {
            sum.0 += part.0;
        }
    }

    /// As the result of a job.
    pub fn told(&self, failed: usize) -> Value {
        json!({
            "payslips": self.payslips,
            "failed": failed,
            "gross": self.gross,
            "employeeContributions": self.employee_contributions,
            "tax": self.tax,
            "deductions": self.deductions,
            "net": self.net,
            "employerContributions": self.employer_contributions,
        })
    }
}

/// Sums the payslips of a run.
pub(super) async fn totals(tx: &mut Tx, run: PayrollRunId) -> Result<Totals> {
    diesel::sql_query(
        "SELECT count(*)::int AS payslips, coalesce(sum(gross), 0) AS gross, \
            coalesce(sum(employee_contributions), 0) AS employee_contributions, \
            coalesce(sum(tax), 0) AS tax, coalesce(sum(deductions), 0) AS deductions, \
            coalesce(sum(net), 0) AS net, \
            coalesce(sum(employer_contributions), 0) AS employer_contributions \
         FROM people.payslip WHERE organisation_id = $1 AND run_id = $2",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(run)
    .get_result(tx.conn())
    .await
    .map_err(Error::from)
}

/// Gives a run its totals.
pub(super) fn set_totals(run: &mut PayrollRun, totals: &Totals) {
    run.payslips = totals.payslips;
    run.gross = totals.gross;
    run.employee_contributions = totals.employee_contributions;
    run.tax = totals.tax;
    run.deductions = totals.deductions;
    run.net = totals.net;
    run.employer_contributions = totals.employer_contributions;
}
