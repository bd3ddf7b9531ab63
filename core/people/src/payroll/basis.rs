//! What a payslip is drawn from, and how one tells later that it would be drawn from something else
//! by now: the inputs of the rules as a digest, kept with the run.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::EmployeeId;
use kernel::{Fault, Result, Tx};
use rules::pack::RulePack;
use serde_json::json;

use super::facts::{self, Known};
use super::input::{self, Prepared};
use super::plan::Plan;
use super::{PayrollRun, PayrollRunKind};
use crate::contract::rules::Month;
use crate::pack;
use crate::schema::{payroll_basis, payroll_failure};

/// What a payslip is drawn from.
pub(super) enum Basis<'f> {
    /// The month of who has a contract in it.
    Month(Box<Prepared<'f>>),
    /// Nothing: what a correction finds of who has none in it and was paid all the same.
    Nothing,
}

impl<'f> Basis<'f> {
    /// What the payslip of a run is drawn from; every reason why it can't be, at once.
    pub fn of(run: &PayrollRun, known: Known<'f>, month: Month) -> Result<Self, Vec<Fault>> {
        let paid = run.kind == PayrollRunKind::Delta && !known.given.is_empty();
        if paid && !input::is_employed(known, month) {
            return Ok(Self::Nothing);
        }
        input::prepare(known, month).map(|it| Self::Month(Box::new(it)))
    }

    /// The digest of it: another one when anything is that the payslip depends on.
    pub fn digest(&self, known: Known<'_>, rules: &RulePack) -> String {
        let month = match self {
            Self::Month(it) => json!([it.contract.id, it.from, it.to, it.input]),
            Self::Nothing => json!(null),
        };
        let given = known.given.iter();
        let mut given: Vec<String> = given
            .map(|it| json!([it.kind, it.part, it.code, it.subject_id, it.amount]).to_string())
            .collect();
        given.sort_unstable();
        let department = known.employee.department_id;
        let all = json!([rules.id, rules.version, department, month, given]);
        let bytes = kernel::idempotency::body_hash(&all);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// How many employees a calculated run no longer fits: those who are due and were not calculated,
/// those whose inputs are others by now, and those who are no longer due. Who could not be
/// calculated is not among them: their failure says so already.
pub(super) async fn outdated(tx: &mut Tx, run: &PayrollRun) -> Result<usize> {
    let plan = Plan::of(run)?;
    let due = plan.employees(tx).await?;
    let failed: HashSet<EmployeeId> = failed(tx, run).await?.into_iter().collect();
    let mut kept = kept(tx, run).await?;
    let company = directory::company::load(tx, run.company_id).await?;
    let rules = pack::on(&company.country, plan.month.last)?;
    let facts = facts::load(tx, run, plan.month, &due).await?;
    let digest = |id: EmployeeId| {
        let known = facts.of(id)?;
        let basis = Basis::of(run, known, plan.month).ok()?;
        Some(basis.digest(known, &rules))
    };
    let changed = due.iter().filter(|id| !failed.contains(*id));
    let changed = changed.filter(|id| {
        let then = kept.remove(*id);
        then.is_none() || then != digest(**id)
    });
    Ok(changed.count() + kept.len())
}

async fn failed(tx: &mut Tx, run: &PayrollRun) -> Result<Vec<EmployeeId>> {
    Ok(payroll_failure::table
        .filter(payroll_failure::organisation_id.eq(tx.organisation()))
        .filter(payroll_failure::run_id.eq(run.id))
        .select(payroll_failure::employee_id)
        .load(tx.conn())
        .await?)
}

async fn kept(tx: &mut Tx, run: &PayrollRun) -> Result<HashMap<EmployeeId, String>> {
    let rows: Vec<(EmployeeId, String)> = payroll_basis::table
        .filter(payroll_basis::organisation_id.eq(tx.organisation()))
        .filter(payroll_basis::run_id.eq(run.id))
        .select((payroll_basis::employee_id, payroll_basis::digest))
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().collect())
}
