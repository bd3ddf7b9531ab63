//! Leaving an employee out of a run for a reason, and taking them back in.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{EmployeeId, OrganisationId, PayrollRunId};
use kernel::{Fault, Result, Tx};
use uuid::Uuid;

use super::totals::{set_totals, totals};
use super::{PayrollRun, PayrollRunStatus, lock, require_status, store};
use crate::permission::PAYROLL_RUN;
use crate::schema::{employee, payroll_basis, payroll_exclusion, payroll_failure, payslip};
use crate::{fault, reach};

/// An employee left out of a run.
#[derive(Clone, Debug, PartialEq, QueryableByName, Insertable)]
#[diesel(table_name = payroll_exclusion, check_for_backend(diesel::pg::Pg))]
pub struct PayrollExclusion {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The run.
    pub run_id: PayrollRunId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// Why.
    pub reason: String,
    /// The user who decided it.
    pub excluded_by: Uuid,
    /// When.
    pub excluded_at: DateTime<Utc>,
}

/// Leaves an employee out of a run.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollEmployeeExcludeInput {
    /// The run.
    pub run: PayrollRunId,
    /// The employee.
    pub employee: EmployeeId,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version of the run that was read.
    pub expected_version: Option<i32>,
}

/// Takes an employee back into a run.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollEmployeeIncludeInput {
    /// The run.
    pub run: PayrollRunId,
    /// The employee.
    pub employee: EmployeeId,
    /// The version of the run that was read.
    pub expected_version: Option<i32>,
}

/// Leaves an employee out of a calculated run: their payslip or failure goes, the totals follow,
/// and later calculations of this run leave them out as well. Who does it has a hand in what the
/// run pays and can't approve it.
#[tracing::instrument(skip_all, fields(run.id = %command.run), err)]
pub async fn exclude(tx: &mut Tx, command: PayrollEmployeeExcludeInput) -> Result<PayrollRun> {
    let mut run = lock(tx, command.run, PAYROLL_RUN, command.expected_version).await?;
    require_status(&run, &[PayrollRunStatus::Calculated])?;
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 500));
    let known: i64 = employee::table
        .filter(employee::organisation_id.eq(tx.organisation()))
        .filter(employee::company_id.eq(run.company_id))
        .filter(employee::id.eq(command.employee))
        .count()
        .get_result(tx.conn())
        .await?;
    input.check(known == 1, || {
        Fault::not_found(fault::EMPLOYEE_NOT_FOUND).at(["employee"])
    });
    input.finish()?;
    let row = PayrollExclusion {
        organisation_id: run.organisation_id,
        run_id: run.id,
        employee_id: command.employee,
        reason: reason.clone(),
        excluded_by: tx.actor().principal.uuid(),
        excluded_at: tx.now(),
    };
    diesel::insert_into(payroll_exclusion::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    remove(tx, &run, command.employee).await?;
    run.touched_by(reach::person_behind(tx).await?);
    let run = with_totals(tx, run).await?;
    let event = run.event("people.payroll_run.employee_excluded");
    tx.emit(
        event
            .set("employee", command.employee)
            .set("reason", reason),
    )
    .await?;
    Ok(run)
}

async fn remove(tx: &mut Tx, run: &PayrollRun, employee: EmployeeId) -> Result<()> {
    diesel::delete(
        payslip::table
            .filter(payslip::organisation_id.eq(run.organisation_id))
            .filter(payslip::run_id.eq(run.id))
            .filter(payslip::employee_id.eq(employee)),
    )
    .execute(tx.conn())
    .await?;
    let key = (run.organisation_id, run.id, employee);
    diesel::delete(payroll_failure::table.find(key))
        .execute(tx.conn())
        .await?;
    diesel::delete(payroll_basis::table.find(key))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn with_totals(tx: &mut Tx, mut run: PayrollRun) -> Result<PayrollRun> {
    let sums = totals(tx, run.id).await?;
    set_totals(&mut run, &sums);
    store(tx, run).await
}

/// Takes an employee back into a run; the next calculation makes their payslip. One that is under
/// way knows nothing of them, so it ends without effect.
#[tracing::instrument(skip_all, fields(run.id = %command.run), err)]
pub async fn include(tx: &mut Tx, command: PayrollEmployeeIncludeInput) -> Result<PayrollRun> {
    let mut run = lock(tx, command.run, PAYROLL_RUN, command.expected_version).await?;
    require_status(
        &run,
        &[PayrollRunStatus::Draft, PayrollRunStatus::Calculated],
    )?;
    let key = (run.organisation_id, run.id, command.employee);
    let gone = diesel::delete(payroll_exclusion::table.find(key))
        .execute(tx.conn())
        .await?;
    if gone == 0 {
        return Err(Fault::not_found(fault::EMPLOYEE_NOT_FOUND)
            .at(["employee"])
            .into());
    }
    // What was calculated without them is a draft again, and what is being calculated is void.
    run.status = PayrollRunStatus::Draft;
    run.calculation += 1;
    run.touched_by(reach::person_behind(tx).await?);
    let run = store(tx, run).await?;
    let event = run.event("people.payroll_run.employee_included");
    tx.emit(event.set("employee", command.employee)).await?;
    Ok(run)
}
