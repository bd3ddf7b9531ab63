//! Submitting, approving, rejecting and calling off a run.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{ApprovalId, PayrollRunId, UserId};
use kernel::{Dec, Fault, Result, Scope, Tx};
use processes::approval::{
    self, Approval, ApprovalDecideInput, ApprovalVerdict, Decided, RequestApproval,
};
use processes::{Sentence, authority};
use rust_decimal::Decimal;

use super::basis::outdated;
use super::calculate::clear;
use super::review::failure_count;
use super::{
    PayrollRun, PayrollRunKind, PayrollRunStatus, lock, lock_within, require_status, store,
};
use crate::permission::{PAYROLL_APPROVE, PAYROLL_RUN};
use crate::schema::{employee, payroll_run, payslip};
use crate::{fault, reach};

/// The GraphQL type of what is approved.
const SUBJECT: &str = "PayrollRun";

/// Asks for approval of a calculated run.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunSubmitInput {
    /// The run.
    pub id: PayrollRunId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Approves a run that others prepared.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunApproveInput {
    /// The run.
    pub id: PayrollRunId,
    /// A remark, in at most 2,000 characters.
    pub comment: Option<String>,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Rejects a run: it goes back to be mended and calculated anew.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunRejectInput {
    /// The run.
    pub id: PayrollRunId,
    /// Why, in at most 2,000 characters.
    pub comment: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Calls a run off.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunCancelInput {
    /// The run.
    pub id: PayrollRunId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Asks for approval of a run by a second person: nobody who drafted it, had it calculated, left
/// employees out, took them back in or submits it can give it.
///
/// # Errors
/// `people.unsettled` while an employee could not be calculated and was not excluded;
/// `people.outdated` when somebody's pay would come out otherwise by now; a run without payslips;
/// an account to pay from that is missing.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn submit(tx: &mut Tx, command: PayrollRunSubmitInput) -> Result<PayrollRun> {
    let mut run = lock(tx, command.id, PAYROLL_RUN, command.expected_version).await?;
    require_status(&run, &[PayrollRunStatus::Calculated])?;
    let company = directory::company::load(tx, run.company_id).await?;
    check_ready(tx, &run, company.iban.is_some()).await?;
    let me = reach::person_behind(tx).await?;
    let key = match run.kind {
        PayrollRunKind::Regular => "people.payroll_run_title",
        PayrollRunKind::Delta => "people.payroll_delta_title",
    };
    let title = Sentence::new(key)
        .with("month", format!("{:02}", run.month))
        .with("year", run.year.to_string())
        .with("company", &company.legal_name);
    let cost = run.cost();
    let preparers: Vec<UserId> = run.prepared_by.iter().copied().chain(me).collect();
    let wanted = RequestApproval {
        company: Some(run.company_id),
        amount: (cost.amount.0 >= Decimal::ZERO).then_some(cost),
        prepared_by: preparers,
        ..RequestApproval::new(SUBJECT, run.id, title, PAYROLL_APPROVE)
    };
    let approval = approval::request(tx, wanted).await?;
    run.status = PayrollRunStatus::InReview;
    run.submitted_by = me;
    run.approval_id = Some(approval.id);
    let run = store(tx, run).await?;
    tx.emit(
        run.event("people.payroll_run.submitted")
            .set("approval", approval.id),
    )
    .await?;
    Ok(run)
}

async fn check_ready(tx: &mut Tx, run: &PayrollRun, can_pay: bool) -> Result<()> {
    let mut faults = kernel::Faults::new();
    let failed = failure_count(tx, run.id).await?;
    faults.check(failed == 0, || {
        Fault::not_allowed(fault::UNSETTLED)
            .with("count", failed)
            .at(["id"])
    });
    let outdated = Box::pin(outdated(tx, run)).await?;
    faults.check(outdated == 0, || out_of_date(outdated));
    faults.check(run.payslips > 0, || {
        Fault::not_allowed(fault::NOTHING_CALCULATED).at(["id"])
    });
    let by_bank: i64 = payslip::table
        .inner_join(
            employee::table.on(employee::organisation_id
                .eq(payslip::organisation_id)
                .and(employee::id.eq(payslip::employee_id))),
        )
        .filter(payslip::organisation_id.eq(run.organisation_id))
        .filter(payslip::run_id.eq(run.id))
        .filter(payslip::net.gt(Dec(Decimal::ZERO)))
        .filter(employee::iban.is_not_null())
        .count()
        .get_result(tx.conn())
        .await?;
    faults.check(by_bank == 0 || can_pay, || {
        Fault::not_allowed(fault::COMPANY_ACCOUNT).at(["id"])
    });
    faults.finish()
}

fn out_of_date(count: usize) -> Fault {
    Fault::not_allowed(fault::OUTDATED)
        .with("count", count)
        .at(["id"])
}

/// Approves a run, by one's own right or on behalf of somebody who delegated theirs. When the
/// approval has all it needs, the run is approved; any number of approvals at once approve it
/// once. Takes a fresh proof of identity.
///
/// # Errors
/// Who prepared it can't; a run that is not in review; `people.outdated` when somebody's pay would
/// come out otherwise by now, so that it is to be rejected and calculated anew.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn approve(tx: &mut Tx, command: PayrollRunApproveInput) -> Result<PayrollRun> {
    let run = lock_to_decide(tx, command.id, command.expected_version).await?;
    let (run, _) = decide(tx, run, ApprovalVerdict::Approve, command.comment).await?;
    Ok(run)
}

/// Rejects a run. Takes a fresh proof of identity and a reason.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn reject(tx: &mut Tx, command: PayrollRunRejectInput) -> Result<PayrollRun> {
    let run = lock_to_decide(tx, command.id, command.expected_version).await?;
    let (run, _) = decide(tx, run, ApprovalVerdict::Reject, Some(command.comment)).await?;
    Ok(run)
}

/// Decides the approval of a run by the approval's id, as from somebody's inbox; `None` when the
/// approval is not a run's, so that it is for others to decide.
pub async fn decide_approval(
    tx: &mut Tx,
    command: &ApprovalDecideInput,
) -> Result<Option<(PayrollRun, Approval)>> {
    let run: Option<PayrollRunId> = payroll_run::table
        .filter(payroll_run::organisation_id.eq(tx.organisation()))
        .filter(payroll_run::approval_id.eq(command.id))
        .select(payroll_run::id)
        .first(tx.conn())
        .await
        .optional()?;
    let Some(run) = run else { return Ok(None) };
    let run = lock_to_decide(tx, run, None).await?;
    decide(tx, run, command.decision, command.comment.clone())
        .await
        .map(Some)
}

/// Where those for whom the actor stands in may approve payroll.
pub(super) async fn lent_scope(tx: &mut Tx) -> Result<Scope> {
    authority::lent_scope(tx, SUBJECT, PAYROLL_APPROVE).await
}

/// Locks a run for a decision: by the actor's own right to approve, or by that of somebody for
/// whom they stand in. Whose decision it is in the end, the approval says.
async fn lock_to_decide(
    tx: &mut Tx,
    id: PayrollRunId,
    expected_version: Option<i32>,
) -> Result<PayrollRun> {
    let mut scope = tx.actor().scope(PAYROLL_APPROVE);
    scope.widen(&lent_scope(tx).await?);
    lock_within(tx, id, (PAYROLL_APPROVE, scope), expected_version).await
}

async fn decide(
    tx: &mut Tx,
    mut run: PayrollRun,
    decision: ApprovalVerdict,
    comment: Option<String>,
) -> Result<(PayrollRun, Approval)> {
    require_status(&run, &[PayrollRunStatus::InReview])?;
    tx.require_step_up()?;
    if decision == ApprovalVerdict::Approve {
        let outdated = Box::pin(outdated(tx, &run)).await?;
        if outdated > 0 {
            return Err(out_of_date(outdated).into());
        }
    }
    let id: ApprovalId = run
        .approval_id
        .ok_or_else(|| kernel::Error::bug("a run in review has no approval"))?;
    let command = ApprovalDecideInput {
        id,
        decision,
        comment,
        expected_version: None,
    };
    let Decided {
        approval,
        completed,
    } = approval::decide_holding(tx, command, PAYROLL_APPROVE).await?;
    let action = match decision {
        ApprovalVerdict::Reject => {
            run.status = PayrollRunStatus::Calculated;
            "people.payroll_run.rejected"
        }
        ApprovalVerdict::Approve if completed => {
            run.status = PayrollRunStatus::Approved;
            run.approved_at = Some(tx.now());
            "people.payroll_run.approved"
        }
        ApprovalVerdict::Approve => return Ok((run, approval)),
    };
    let run = store(tx, run).await?;
    tx.emit(run.event(action)).await?;
    Ok((run, approval))
}

/// Calls a run off before it is approved; its payslips go, its approval is withdrawn.
#[tracing::instrument(skip_all, fields(run.id = %command.id), err)]
pub async fn cancel(tx: &mut Tx, command: PayrollRunCancelInput) -> Result<PayrollRun> {
    let mut run = lock(tx, command.id, PAYROLL_RUN, command.expected_version).await?;
    let open = [
        PayrollRunStatus::Draft,
        PayrollRunStatus::Calculated,
        PayrollRunStatus::InReview,
    ];
    require_status(&run, &open)?;
    if run.status == PayrollRunStatus::InReview {
        approval::withdraw(tx, SUBJECT, run.id).await?;
        run.status = PayrollRunStatus::Calculated;
        run = store(tx, run).await?;
    }
    clear(tx, run.id).await?;
    run.status = PayrollRunStatus::Cancelled;
    let run = store(tx, run).await?;
    tx.emit(run.event("people.payroll_run.cancelled")).await?;
    Ok(run)
}
