//! What a calculation does for some employees: draws their payslips, and keeps them with what they
//! were drawn from, or the faults of who has none.

use std::collections::{BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::id::TypedId;
use kernel::ids::{EmployeeId, PayrollRunId};
use kernel::{Date, Dec, Error, Fault, Result, Tx};
use rules::pack::RulePack;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::basis::Basis;
use super::facts::{self, Known};
use super::outcome::{self, Drawn};
use super::totals::{set_totals, totals};
use super::{PayrollRun, PayrollRunKind, PayrollRunStatus, delta, input, store};
use crate::contract::rules::Month;
use crate::payslip::Payslip;
use crate::schema::{payroll_basis, payroll_exclusion, payroll_failure, payroll_run, payslip};
use crate::{employee, fault, pack};

/// What every chunk of a calculation needs.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub run: PayrollRun,
    pub month: Month,
}

/// What a chunk gave.
pub(super) struct Chunk {
    pub payslips: Vec<Drawn>,
    pub failed: Vec<(EmployeeId, Vec<Fault>)>,
    bases: Vec<(EmployeeId, String)>,
}

/// What an employee gave: a payslip, unless a correction finds nothing to change, and the digest of
/// what it was drawn from.
type Outcome = Result<(Option<Drawn>, String), Vec<Fault>>;

impl Plan {
    pub fn of(run: &PayrollRun) -> Result<Self> {
        Ok(Self {
            run: run.clone(),
            month: run.days()?,
        })
    }

    /// Who is to be paid: whoever has a contract in the month, or was paid by what is corrected;
    /// less those who were excluded.
    pub async fn employees(&self, tx: &mut Tx) -> Result<Vec<EmployeeId>> {
        let (first, last) = (Date(self.month.first), Date(self.month.last));
        let employed = employee::employed(tx, self.run.company_id, first, last).await?;
        let mut all: BTreeSet<EmployeeId> = employed.into_iter().collect();
        all.extend(self.paid_before(tx).await?);
        let excluded: Vec<EmployeeId> = payroll_exclusion::table
            .filter(payroll_exclusion::organisation_id.eq(tx.organisation()))
            .filter(payroll_exclusion::run_id.eq(self.run.id))
            .select(payroll_exclusion::employee_id)
            .load(tx.conn())
            .await?;
        for gone in excluded {
            all.remove(&gone);
        }
        Ok(all.into_iter().collect())
    }

    /// Who was paid by the run that this one corrects, or by another correction of it.
    async fn paid_before(&self, tx: &mut Tx) -> Result<Vec<EmployeeId>> {
        let Some(corrects) = self.run.corrects_id else {
            return Ok(Vec::new());
        };
        let runs: Vec<PayrollRunId> = payroll_run::table
            .filter(payroll_run::organisation_id.eq(tx.organisation()))
            .filter(payroll_run::status.eq(PayrollRunStatus::Posted))
            .filter(
                payroll_run::id
                    .eq(corrects)
                    .or(payroll_run::corrects_id.eq(corrects)),
            )
            .select(payroll_run::id)
            .load(tx.conn())
            .await?;
        Ok(payslip::table
            .filter(payslip::organisation_id.eq(tx.organisation()))
            .filter(payslip::run_id.eq_any(runs))
            .select(payslip::employee_id)
            .distinct()
            .load(tx.conn())
            .await?)
    }

    /// Draws and keeps the payslips of some employees in place of what was kept of them before;
    /// gives the faults of those who have none.
    pub async fn write(&self, tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<(Uuid, Vec<Fault>)>> {
        self.hold(tx).await?;
        let drawn = Box::pin(self.draw_all(tx, ids)).await?;
        self.forget(tx, ids).await?;
        let now = tx.now();
        let (payslips, lines): (Vec<_>, Vec<_>) = drawn
            .payslips
            .into_iter()
            .map(|it| {
                let payslip = Payslip {
                    created_at: now,
                    ..it.payslip
                };
                (payslip, it.lines)
            })
            .unzip();
        diesel::insert_into(payslip::table)
            .values(&payslips)
            .execute(tx.conn())
            .await?;
        crate::payslip::insert_lines(tx, &lines).await?;
        self.record_bases(tx, &drawn.bases).await?;
        self.record_failures(tx, drawn.failed).await
    }

    /// Keeps the faults of an employee for whom nothing else could be kept.
    pub async fn give_up(
        &self,
        tx: &mut Tx,
        id: EmployeeId,
        faults: Vec<Fault>,
    ) -> Result<Vec<(Uuid, Vec<Fault>)>> {
        self.hold(tx).await?;
        self.forget(tx, &[id]).await?;
        self.record_failures(tx, vec![(id, faults)]).await
    }

    /// Removes what an earlier attempt at some employees left: its failure may have passed.
    async fn forget(&self, tx: &mut Tx, ids: &[EmployeeId]) -> Result<()> {
        diesel::delete(
            payroll_failure::table
                .filter(payroll_failure::organisation_id.eq(self.run.organisation_id))
                .filter(payroll_failure::run_id.eq(self.run.id))
                .filter(payroll_failure::employee_id.eq_any(ids)),
        )
        .execute(tx.conn())
        .await?;
        diesel::delete(
            payroll_basis::table
                .filter(payroll_basis::organisation_id.eq(self.run.organisation_id))
                .filter(payroll_basis::run_id.eq(self.run.id))
                .filter(payroll_basis::employee_id.eq_any(ids)),
        )
        .execute(tx.conn())
        .await?;
        Ok(())
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
    pub async fn draw_all(&self, tx: &mut Tx, ids: &[EmployeeId]) -> Result<Chunk> {
        let company = directory::company::load(tx, self.run.company_id).await?;
        let rules = pack::on(&company.country, self.month.last)?;
        let facts = facts::load(tx, &self.run, self.month, ids).await?;
        let before = self.before(tx, ids).await?;
        let mut chunk = Chunk {
            payslips: Vec::with_capacity(ids.len()),
            failed: Vec::new(),
            bases: Vec::with_capacity(ids.len()),
        };
        for id in ids {
            let earlier = before.get(id).copied().unwrap_or_default();
            let outcome = match facts.of(*id) {
                Some(known) => self.safely(known, &rules, &earlier)?,
                None => Err(vec![Fault::not_found(fault::EMPLOYEE_NOT_FOUND)]),
            };
            match outcome {
                Ok((drawn, digest)) => {
                    chunk.payslips.extend(drawn);
                    chunk.bases.push((*id, digest));
                }
                Err(faults) => chunk.failed.push((*id, faults)),
            }
        }
        Ok(chunk)
    }

    /// Draws one payslip; arithmetic that goes beyond every bound is a defect of this one, not the
    /// end of the worker.
    fn safely(&self, known: Known<'_>, rules: &RulePack, before: &[Decimal; 4]) -> Result<Outcome> {
        let draw = AssertUnwindSafe(|| self.draw(known, rules, before));
        std::panic::catch_unwind(draw).map_err(|_| Error::bug("drawing a payslip panicked"))
    }

    /// Draws one payslip: pure.
    fn draw(&self, known: Known<'_>, rules: &RulePack, before: &[Decimal; 4]) -> Outcome {
        let basis = Basis::of(&self.run, known, self.month)?;
        let digest = basis.digest(known, rules);
        let drawn = match &basis {
            Basis::Nothing => outcome::nothing(&self.run, known, self.month, rules)?,
            Basis::Month(prepared) => {
                let result = rules::payroll::calculate(rules, &prepared.input);
                outcome::draw(&self.run, known, prepared, &result.map_err(input::refused)?)?
            }
        };
        let drawn = match self.run.kind {
            PayrollRunKind::Regular => Some(drawn),
            PayrollRunKind::Delta => delta::difference(drawn, known.given, before),
        };
        Ok((drawn, digest))
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

    async fn record_bases(&self, tx: &mut Tx, bases: &[(EmployeeId, String)]) -> Result<()> {
        let rows: Vec<_> = bases
            .iter()
            .map(|(id, digest)| {
                (
                    payroll_basis::organisation_id.eq(self.run.organisation_id),
                    payroll_basis::run_id.eq(self.run.id),
                    payroll_basis::employee_id.eq(*id),
                    payroll_basis::digest.eq(digest),
                )
            })
            .collect();
        diesel::insert_into(payroll_basis::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    async fn record_failures(
        &self,
        tx: &mut Tx,
        failed: Vec<(EmployeeId, Vec<Fault>)>,
    ) -> Result<Vec<(Uuid, Vec<Fault>)>> {
        let now = tx.now();
        let rows: Vec<_> = failed
            .iter()
            .map(|(id, faults)| {
                (
                    payroll_failure::organisation_id.eq(self.run.organisation_id),
                    payroll_failure::run_id.eq(self.run.id),
                    payroll_failure::employee_id.eq(*id),
                    payroll_failure::faults.eq(super::failure::kept(faults)),
                    payroll_failure::failed_at.eq(now),
                )
            })
            .collect();
        diesel::insert_into(payroll_failure::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
        let told = failed.into_iter().map(|(id, faults)| (id.uuid(), faults));
        Ok(told.collect())
    }

    /// The end of the calculation: the run has its totals and waits for its review.
    pub async fn settle(&self, tx: &mut Tx) -> Result<Value> {
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
