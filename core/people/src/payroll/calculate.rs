//! The calculation of a run: a job of one item an employee, many items a transaction.
//!
//! Round trips of fifty employees: hold the run 1, read 12, write 3, marks 2. Wanting a calculation
//! removes what the last one made and counts it up, so that a job of an older one does nothing.

use std::collections::{BTreeSet, HashMap};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{EmployeeId, PayrollRunId};
use kernel::job::{Enqueue, Job, JobRow, JobRun};
use kernel::{Date, Dec, Error, Fault, Permission, Result, Tx};
use rules::pack::RulePack;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::facts::{self, Known};
use super::outcome::{self, Drawn};
use super::{
    PayrollRun, PayrollRunKind, PayrollRunStatus, delta, input, lock, require_status, store,
};
use crate::contract::rules::Month;
use crate::permission::PAYROLL_RUN;
use crate::schema::{payroll_exclusion, payroll_failure, payroll_run, payslip};
use crate::{employee, fault, pack, reach};

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
    run.calculated_by = reach::person_behind(tx).await?.or(run.calculated_by);
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
        let keys: Vec<Uuid> = wanted.iter().map(|id| id.uuid()).collect();
        let open = job.pending(&keys).await?;
        for chunk in open.chunks(CHUNK) {
            let (plan, ids) = (plan.clone(), ids_of(chunk));
            job.items(chunk, move |tx| {
                async move { plan.write(tx, &ids).await }.boxed()
            })
            .await?;
        }
        job.finish(move |tx| async move { plan.settle(tx).await }.boxed())
            .await
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

/// Computes everything and writes nothing.
async fn rehearse(job: &JobRun, plan: &Plan, wanted: Vec<EmployeeId>) -> Result<Value> {
    let mut totals = Totals::default();
    let mut failed = 0;
    for chunk in wanted.chunks(CHUNK) {
        let (plan, ids) = (plan.clone(), chunk.to_vec());
        let drawn = job
            .read(move |tx| async move { plan.draw_all(tx, &ids).await }.boxed())
            .await?;
        failed += drawn.failed.len();
        drawn.payslips.iter().for_each(|it| totals.add(it));
    }
    Ok(totals.told(failed))
}

/// What every chunk of a calculation needs.
#[derive(Clone, Debug)]
struct Plan {
    run: PayrollRun,
    month: Month,
}

/// What a chunk gave.
struct Chunk {
    payslips: Vec<Drawn>,
    failed: Vec<(EmployeeId, Vec<Fault>)>,
}

impl Plan {
    fn of(run: &PayrollRun) -> Result<Self> {
        Ok(Self {
            run: run.clone(),
            month: run.days()?,
        })
    }

    /// Who is to be paid: whoever has a contract in the month, or was paid by what is corrected;
    /// less those who were excluded.
    async fn employees(&self, tx: &mut Tx) -> Result<Vec<EmployeeId>> {
        let (first, last) = (Date(self.month.first), Date(self.month.last));
        let employed = employee::employed(tx, self.run.company_id, first, last).await?;
        let mut all: BTreeSet<EmployeeId> = employed.into_iter().collect();
        if let Some(corrects) = self.run.corrects_id {
            let paid: Vec<EmployeeId> = payslip::table
                .filter(payslip::organisation_id.eq(tx.organisation()))
                .filter(payslip::run_id.eq(corrects))
                .select(payslip::employee_id)
                .load(tx.conn())
                .await?;
            all.extend(paid);
        }
        let excluded: Vec<EmployeeId> = payroll_exclusion::table
            .filter(payroll_exclusion::organisation_id.eq(tx.organisation()))
            .filter(payroll_exclusion::run_id.eq(self.run.id))
            .select(payroll_exclusion::employee_id)
            .load(tx.conn())
            .await?;
        for id in excluded {
            all.remove(&id);
        }
        Ok(all.into_iter().collect())
    }

    /// Makes the payslips of some employees; gives the faults of those who have none.
    async fn write(&self, tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<(Uuid, Vec<Fault>)>> {
        self.hold(tx).await?;
        let drawn = self.draw_all(tx, ids).await?;
        let now = tx.now();
        let (payslips, lines): (Vec<_>, Vec<_>) = drawn
            .payslips
            .into_iter()
            .map(|it| {
                (
                    crate::payslip::Payslip {
                        created_at: now,
                        ..it.payslip
                    },
                    it.lines,
                )
            })
            .unzip();
        if !payslips.is_empty() {
            diesel::insert_into(payslip::table)
                .values(&payslips)
                .execute(tx.conn())
                .await?;
        }
        crate::payslip::insert_lines(tx, &lines).await?;
        self.record_failures(tx, &drawn.failed).await?;
        Ok(drawn
            .failed
            .into_iter()
            .map(|(id, faults)| (id.uuid(), faults))
            .collect())
    }

    /// That the run still waits for this very calculation; it can't change until the commit.
    async fn hold(&self, tx: &mut Tx) -> Result<()> {
        let held: Option<PayrollRunId> = payroll_run::table
            .find((tx.organisation(), self.run.id))
            .filter(payroll_run::status.eq(PayrollRunStatus::Draft))
            .filter(payroll_run::calculation.eq(self.run.calculation))
            .for_share()
            .select(payroll_run::id)
            .first(tx.conn())
            .await
            .optional()?;
        match held {
            Some(_) => Ok(()),
            None => Err(Fault::not_allowed(fault::SUPERSEDED).into()),
        }
    }

    /// Draws the payslips of some employees without writing them.
    async fn draw_all(&self, tx: &mut Tx, ids: &[EmployeeId]) -> Result<Chunk> {
        let company = directory::company::load(tx, self.run.company_id).await?;
        let rules = pack::on(&company.country, self.month.last)?;
        let facts = facts::load(tx, &self.run, self.month, ids).await?;
        let before = self.before(tx, ids).await?;
        let mut chunk = Chunk {
            payslips: Vec::with_capacity(ids.len()),
            failed: Vec::new(),
        };
        for id in ids {
            let Some(known) = facts.of(*id) else {
                chunk
                    .failed
                    .push((*id, vec![Fault::not_found(fault::EMPLOYEE_NOT_FOUND)]));
                continue;
            };
            let earlier = before.get(id).copied().unwrap_or_default();
            match self.draw(known, &rules, &earlier) {
                Ok(drawn) => chunk.payslips.extend(drawn),
                Err(faults) => chunk.failed.push((*id, faults)),
            }
        }
        Ok(chunk)
    }

    /// Draws one payslip: pure.
    fn draw(
        &self,
        known: Known<'_>,
        rules: &RulePack,
        before: &[Decimal; 4],
    ) -> Result<Option<Drawn>, Vec<Fault>> {
        let prepared = input::prepare(known, self.month)?;
        let result = rules::payroll::calculate(rules, &prepared.input).map_err(input::refused)?;
        let drawn = outcome::draw(&self.run, known, &prepared, &result)?;
        Ok(match self.run.kind {
            PayrollRunKind::Regular => Some(drawn),
            PayrollRunKind::Delta => delta::difference(drawn, known.given, before),
        })
    }

    /// Taxable pay, both bases and the share of extra pays that posted runs of the month gave.
    async fn before(
        &self,
        tx: &mut Tx,
        ids: &[EmployeeId],
    ) -> Result<HashMap<EmployeeId, [Decimal; 4]>> {
        #[derive(QueryableByName)]
        struct Sums {
            #[diesel(sql_type = sql::Uuid)]
            employee_id: EmployeeId,
            #[diesel(sql_type = sql::Numeric)]
            taxable: Dec,
            #[diesel(sql_type = sql::Numeric)]
            common: Dec,
            #[diesel(sql_type = sql::Numeric)]
            professional: Dec,
            #[diesel(sql_type = sql::Numeric)]
            share: Dec,
        }
        let Some(corrects) = self.run.corrects_id else {
            return Ok(HashMap::new());
        };
        let sums: Vec<Sums> = diesel::sql_query(
            "SELECT p.employee_id, sum(p.taxable_pay) AS taxable, sum(p.common_base) AS common, \
                sum(p.professional_base) AS professional, sum(p.extra_pay_share) AS share \
             FROM people.payslip p JOIN people.payroll_run r \
                ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
             WHERE p.organisation_id = $1 AND (r.id = $2 OR r.corrects_id = $2) \
                AND r.status = 'POSTED' AND p.employee_id = ANY($3) GROUP BY p.employee_id",
        )
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Uuid, _>(corrects)
        .bind::<sql::Array<sql::Uuid>, _>(ids)
        .load(tx.conn())
        .await?;
        let sums = sums.into_iter().map(|it| {
            (
                it.employee_id,
                [it.taxable.0, it.common.0, it.professional.0, it.share.0],
            )
        });
        Ok(sums.collect())
    }

    async fn record_failures(
        &self,
        tx: &mut Tx,
        failed: &[(EmployeeId, Vec<Fault>)],
    ) -> Result<()> {
        if failed.is_empty() {
            return Ok(());
        }
        let now = tx.now();
        let rows: Vec<_> = failed
            .iter()
            .map(|(id, faults)| {
                (
                    payroll_failure::organisation_id.eq(self.run.organisation_id),
                    payroll_failure::run_id.eq(self.run.id),
                    payroll_failure::employee_id.eq(*id),
                    payroll_failure::faults.eq(super::review::kept(faults)),
                    payroll_failure::failed_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(payroll_failure::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// The end of the calculation: the run has its totals and waits for its review.
    async fn settle(&self, tx: &mut Tx) -> Result<Value> {
        let run: Option<PayrollRun> = payroll_run::table
            .find((tx.organisation(), self.run.id))
            .filter(payroll_run::status.eq(PayrollRunStatus::Draft))
            .filter(payroll_run::calculation.eq(self.run.calculation))
            .for_update()
            .select(PayrollRun::as_select())
            .first(tx.conn())
            .await
            .optional()?;
        let Some(mut run) = run else {
            return Ok(json!({ "superseded": true }));
        };
        let totals = totals(tx, run.id).await?;
        set_totals(&mut run, &totals);
        run.status = PayrollRunStatus::Calculated;
        run.calculated_at = Some(tx.now());
        let run = store(tx, run).await?;
        let failed = super::review::failure_count(tx, run.id).await?;
        let event = run
            .event("people.payroll_run.calculated")
            .set("payslips", run.payslips)
            .set("failed", failed)
            .set("net", run.net);
        tx.emit(event).await?;
        super::month::tell_preparer(tx, &run, failed).await?;
        Ok(totals.told(usize::try_from(failed).unwrap_or_default()))
    }
}

/// The sums of a run's payslips.
#[derive(Clone, Debug, Default, QueryableByName)]
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
    fn add(&mut self, drawn: &Drawn) {
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

    fn told(&self, failed: usize) -> Value {
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
