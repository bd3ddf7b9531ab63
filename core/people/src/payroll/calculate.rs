//! The calculation of a run: a job of one item an employee, many items a transaction.
//!
//! Round trips of fifty employees: hold the run 1, read 12, write 6, marks 2. Wanting a calculation
//! removes what the last one made and counts it up, so that a job of an older one does nothing.
//! Fifty that a defect stops are done again one by one: it stays with whom it is about.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{EmployeeId, PayrollRunId};
use kernel::job::{Enqueue, Job, JobRow, JobRun};
use kernel::{Error, Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::plan::Plan;
use super::totals::{Totals, set_totals};
use super::{PayrollRun, PayrollRunStatus, lock, require_status, store};
use crate::permission::PAYROLL_RUN;
use crate::schema::{payroll_basis, payroll_failure, payroll_run, payslip};
use crate::{fault, reach};

/// Employees in one transaction.
const CHUNK: usize = 50;

/// Wants the payslips of a run made, or made anew.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunCalculateInput {
    /// The run.
    pub id: PayrollRunId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what the totals would be, as the job's result.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Wants the payslips of a run made: removes what was made before and enqueues the job.
///
/// # Errors
/// A run that was submitted or is over; an earlier run of the company that is not in the books yet.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn enqueue_calculation(tx: &mut Tx, command: PayrollRunCalculateInput) -> Result<JobRow> {
    let mut run = lock(tx, command.id, PAYROLL_RUN, command.expected_version).await?;
    require_status(
        &run,
        &[PayrollRunStatus::Draft, PayrollRunStatus::Calculated],
    )?;
    require_earlier_posted(tx, &run).await?;
    if command.dry_run {
        let wanted = PayrollCalculate {
            run: run.id,
            calculation: run.calculation,
        };
        let how = Enqueue {
            company: Some(run.company_id),
            dry_run: true,
            ..Enqueue::default()
        };
        return kernel::job::enqueue(tx, &wanted, how).await;
    }
    clear(tx, run.id).await?;
    run.status = PayrollRunStatus::Draft;
    run.calculation += 1;
    let me = reach::person_behind(tx).await?;
    run.calculated_by = me.or(run.calculated_by);
    run.touched_by(me);
    run.calculated_at = None;
    set_totals(&mut run, &Totals::default());
    let wanted = PayrollCalculate {
        run: run.id,
        calculation: run.calculation,
    };
    let how = Enqueue {
        key: Some(format!("payroll.calculate:{}:{}", run.id, run.calculation)),
        company: Some(run.company_id),
        ..Enqueue::default()
    };
    let job = kernel::job::enqueue(tx, &wanted, how).await?;
    run.job_id = Some(job.id);
    let run = store(tx, run).await?;
    tx.emit(
        run.event("people.payroll_run.calculation_wanted")
            .set("job", job.id),
    )
    .await?;
    Ok(job)
}

/// The months of a company are posted in order: advances, garnishments and the tax of the year go
/// on from the month before.
async fn require_earlier_posted(tx: &mut Tx, run: &PayrollRun) -> Result<()> {
    let open: i64 = payroll_run::table
        .filter(payroll_run::organisation_id.eq(run.organisation_id))
        .filter(payroll_run::company_id.eq(run.company_id))
        .filter(payroll_run::id.ne(run.id))
        .filter(payroll_run::status.ne_all([PayrollRunStatus::Posted, PayrollRunStatus::Cancelled]))
        .filter(
            payroll_run::year.lt(run.year).or(payroll_run::year
                .eq(run.year)
                .and(payroll_run::month.lt(run.month))),
        )
        .count()
        .get_result(tx.conn())
        .await?;
    if open > 0 {
        return Err(Fault::not_allowed(fault::EARLIER_RUN_OPEN)
            .at(["id"])
            .into());
    }
    Ok(())
}

/// Removes what a calculation made.
pub(super) async fn clear(tx: &mut Tx, run: PayrollRunId) -> Result<()> {
    let organisation = tx.organisation();
    diesel::delete(
        payslip::table
            .filter(payslip::organisation_id.eq(organisation))
            .filter(payslip::run_id.eq(run)),
    )
    .execute(tx.conn())
    .await?;
    diesel::delete(
        payroll_failure::table
            .filter(payroll_failure::organisation_id.eq(organisation))
            .filter(payroll_failure::run_id.eq(run)),
    )
    .execute(tx.conn())
    .await?;
    diesel::delete(
        payroll_basis::table
            .filter(payroll_basis::organisation_id.eq(organisation))
            .filter(payroll_basis::run_id.eq(run)),
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes the payslips of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PayrollCalculate {
    /// The run.
    pub run: PayrollRunId,
    /// Which of its calculations this is.
    pub calculation: i32,
}

impl Job for PayrollCalculate {
    const KIND: &'static str = "people.payroll_calculate";
    const QUEUE: &'static str = "people";
    const PERMISSION: Permission = PAYROLL_RUN;
    const PRIORITY: i16 = 10;

    async fn run(self, job: JobRun) -> Result<Value> {
        let id = self.run;
        let run = job
            .read(move |tx| async move { super::load(tx, id).await }.boxed())
            .await?;
        if !self.is_current(&run) && !job.is_dry_run() {
            return Ok(json!({ "superseded": true }));
        }
        let plan = Plan::of(&run)?;
        let wanted = {
            let plan = plan.clone();
            job.read(move |tx| async move { plan.employees(tx).await }.boxed())
                .await?
        };
        if job.is_dry_run() {
            return rehearse(&job, &plan, wanted).await;
        }
        match make(&job, &plan, &wanted).await {
            Err(error) if is_superseded(&error) => Ok(json!({ "superseded": true })),
            other => other,
        }
    }
}

impl PayrollCalculate {
    fn is_current(&self, run: &PayrollRun) -> bool {
        run.status == PayrollRunStatus::Draft && run.calculation == self.calculation
    }
}

fn ids_of(keys: &[Uuid]) -> Vec<EmployeeId> {
    keys.iter().map(|key| EmployeeId::from_uuid(*key)).collect()
}

/// Makes the payslips of those who have none yet, and ends the calculation.
async fn make(job: &JobRun, plan: &Plan, wanted: &[EmployeeId]) -> Result<Value> {
    let keys: Vec<Uuid> = wanted.iter().map(|id| id.uuid()).collect();
    let open = job.pending(&keys).await?;
    for chunk in open.chunks(CHUNK) {
        match write(job, plan, chunk).await {
            Err(error) if is_of_somebody(&error) => one_by_one(job, plan, chunk).await?,
            other => other?,
        }
    }
    let plan = plan.clone();
    job.finish(move |tx| async move { plan.settle(tx).await }.boxed())
        .await
}

async fn write(job: &JobRun, plan: &Plan, keys: &[Uuid]) -> Result<()> {
    let (plan, ids) = (plan.clone(), ids_of(keys));
    job.items(keys, move |tx| {
        async move { plan.write(tx, &ids).await }.boxed()
    })
    .await
}

/// Does again what could not be done together; who can't be calculated alone either is a failure.
async fn one_by_one(job: &JobRun, plan: &Plan, keys: &[Uuid]) -> Result<()> {
    for key in keys {
        let faults = match write(job, plan, &[*key]).await {
            Err(error) if is_of_somebody(&error) => faults_of(job, *key, error),
            other => {
                other?;
                continue;
            }
        };
        let (plan, id) = (plan.clone(), EmployeeId::from_uuid(*key));
        job.items(&[*key], move |tx| {
            async move { plan.give_up(tx, id, faults).await }.boxed()
        })
        .await?;
    }
    Ok(())
}

/// Whether an error may be about one of several employees: a defect, or what is refused of theirs.
fn is_of_somebody(error: &Error) -> bool {
    matches!(error, Error::Bug(_) | Error::Refused(_)) && !is_superseded(error)
}

fn is_superseded(error: &Error) -> bool {
    let Error::Refused(faults) = error else {
        return false;
    };
    faults.iter().any(|it| it.reason == fault::SUPERSEDED)
}

fn faults_of(job: &JobRun, employee: Uuid, error: Error) -> Vec<Fault> {
    match error {
        Error::Refused(faults) => faults,
        other => {
            let (id, what) = (job.id(), other.summary());
            tracing::error!(job.id = %id, %employee, what, "An employee could not be calculated.");
            vec![Fault::invalid(fault::NOT_CALCULATED)]
        }
    }
}

/// Computes everything and writes nothing.
async fn rehearse(job: &JobRun, plan: &Plan, wanted: Vec<EmployeeId>) -> Result<Value> {
    let mut totals = Totals::default();
    let mut failed = 0;
    for chunk in wanted.chunks(CHUNK) {
        match draw(job, plan, chunk, &mut totals).await {
            Err(error) if is_of_somebody(&error) => {}
            other => {
                failed += other?;
                continue;
            }
        }
        for id in chunk {
            match draw(job, plan, &[*id], &mut totals).await {
                Err(error) if is_of_somebody(&error) => failed += 1,
                other => failed += other?,
            }
        }
    }
    Ok(totals.told(failed))
}

/// Adds what some employees would be given; how many can't be calculated.
async fn draw(job: &JobRun, plan: &Plan, ids: &[EmployeeId], totals: &mut Totals) -> Result<usize> {
    let (plan, ids) = (plan.clone(), ids.to_vec());
    let drawn = job
        .read(move |tx| async move { plan.draw_all(tx, &ids).await }.boxed())
        .await?;
    drawn.payslips.iter().for_each(|it| totals.add(it));
    Ok(drawn.failed.len())
}
