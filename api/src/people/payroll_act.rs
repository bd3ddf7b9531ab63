//! Acts on payroll runs through the API, and which of them the viewer may do now.

use async_graphql::{Context, Object, Result, SimpleObject};
use kernel::{Fault, UserErrorCode};
use people::fault::RUN_STATE;
use people::payroll::{
    self, PayrollEmployeeExcludeInput, PayrollEmployeeIncludeInput, PayrollRun as RunRow,
    PayrollRunApproveInput, PayrollRunCalculateInput, PayrollRunCancelInput, PayrollRunDraftInput,
    PayrollRunPostInput, PayrollRunRejectInput, PayrollRunStatus as Status, PayrollRunSubmitInput,
};
use people::permission::{PAYROLL_APPROVE, PAYROLL_POST, PAYROLL_RUN};
use processes::fault::{NOT_DECIDER, PREPARED_BY_YOU};

use crate::act::{act, require_key, settle};
use crate::call::Call;
use crate::kernel::job::Job;
use crate::people::payroll::PayrollRun;
use crate::people::shown::{shown, shown_pair_payload, shown_payload};
use crate::permission::Permission;
use crate::processes::step::Decidable;

/// What the viewer may do with a payroll run now.
#[derive(SimpleObject)]
pub struct PayrollRunViewerCan {
    /// Have its payslips made, or made anew.
    calculate: Permission,
    /// Leave an employee out.
    exclude_employee: Permission,
    /// Take an employee back in.
    include_employee: Permission,
    /// Ask for its approval.
    submit: Permission,
    /// Approve it; takes a fresh proof of identity.
    approve: Permission,
    /// Reject it; takes a fresh proof of identity.
    reject: Permission,
    /// Post it to the books and have it paid.
    post: Permission,
    /// Call it off.
    cancel: Permission,
}

impl PayrollRunViewerCan {
    /// What the viewer may do with a run.
    pub(super) async fn of(graph: &Context<'_>, run: &RunRow) -> Result<Self> {
        use Status::{Approved, Calculated, Draft, InReview};
        let call = Call::of(graph)?;
        let at = |permission, allowed: &[Status]| standing(call, run, permission, allowed);
        let open = at(PAYROLL_RUN, &[Draft, Calculated]);
        let decide = match run.status {
            InReview => deciding(call, run).await?,
            _ => at(PAYROLL_APPROVE, &[InReview]),
        };
        Ok(Self {
            calculate: open.clone(),
            include_employee: open,
            exclude_employee: at(PAYROLL_RUN, &[Calculated]),
            submit: at(PAYROLL_RUN, &[Calculated]),
            approve: decide.clone(),
            reject: decide,
            post: at(PAYROLL_POST, &[Approved]),
            cancel: at(PAYROLL_RUN, &[Draft, Calculated, InReview]),
        })
    }
}

/// Whether a permission holds for a run and the run stands where the act begins.
fn standing(
    call: &Call,
    run: &RunRow,
    permission: kernel::Permission,
    allowed: &[Status],
) -> Permission {
    let company = Some(run.company_id);
    Permission::held(call, permission, |scope| scope.covers(company, None)).and(|| {
        if allowed.contains(&run.status) {
            return Permission::allowed();
        }
        Permission::refused(
            call,
            &Fault::not_allowed(RUN_STATE).with("status", run.status),
        )
    })
}

/// Whether the viewer's decision on the run's approval is wanted, by their own right or for one
/// they stand in for; who prepared it never decides.
async fn deciding(call: &Call, run: &RunRow) -> Result<Permission> {
    let me = call.actor().principal.user();
    let refused = |reason| Permission::refused(call, &Fault::new(UserErrorCode::Forbidden, reason));
    let prepared = |me| run.prepared_by.contains(&me) || run.submitted_by == Some(me);
    if me.is_some_and(prepared) {
        return Ok(refused(PREPARED_BY_YOU));
    }
    let wanted = match run.approval_id {
        Some(approval) => !call.parts::<Decidable>(approval).await?.is_empty(),
        None => false,
    };
    let company = Some(run.company_id);
    let held = || Permission::held(call, PAYROLL_APPROVE, |scope| scope.covers(company, None));
    Ok(if wanted {
        Permission::allowed()
    } else {
        held().and(|| refused(NOT_DECIDER))
    })
}

shown_payload! {
    /// What drafting a run gives.
    PayrollRunDraftPayload {
        /// The run.
        payroll_run: PayrollRun
    }
    /// What asking for approval gives.
    PayrollRunSubmitPayload {
        /// The run, in review.
        payroll_run: PayrollRun
    }
    /// What approving gives.
    PayrollRunApprovePayload {
        /// The run; approved once everybody has who must.
        payroll_run: PayrollRun
    }
    /// What rejecting gives.
    PayrollRunRejectPayload {
        /// The run, to be mended and calculated anew.
        payroll_run: PayrollRun
    }
    /// What posting gives.
    PayrollRunPostPayload {
        /// The run with its journal entry; its bank file and PDFs follow.
        payroll_run: PayrollRun
    }
    /// What calling a run off gives.
    PayrollRunCancelPayload {
        /// The run.
        payroll_run: PayrollRun
    }
    /// What leaving an employee out gives.
    PayrollEmployeeExcludePayload {
        /// The run with its new totals.
        payroll_run: PayrollRun
    }
    /// What taking an employee back in gives.
    PayrollEmployeeIncludePayload {
        /// The run, to be calculated anew.
        payroll_run: PayrollRun
    }
}

shown_pair_payload! {
    /// What wanting a calculation gives.
    PayrollRunCalculatePayload {
        /// The run.
        payroll_run: PayrollRun,
        /// The job that makes the payslips; follow it by `jobProgressed`.
        job: Job,
    }
}

/// Acts on payroll runs.
#[derive(Default)]
pub struct PayrollRunMutation;

#[Object]
impl PayrollRunMutation {
    /// Drafts the payroll of a month, or a correction of a posted one. Needs
    /// `people.payroll.run`.
    async fn payroll_run_draft(
        &self,
        graph: &Context<'_>,
        input: PayrollRunDraftInput,
    ) -> Result<PayrollRunDraftPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let run = payroll::draft(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Has the payslips of a run made in the background, or made anew; a rehearsal gives the totals
    /// as figures of its job. Needs `people.payroll.run`.
    async fn payroll_run_calculate(
        &self,
        graph: &Context<'_>,
        input: PayrollRunCalculateInput,
    ) -> Result<PayrollRunCalculatePayload> {
        // A rehearsal is a job as well, so its wish is committed like any other.
        act(graph, false, |tx| {
            Box::pin(async move {
                let run = input.id;
                let job = payroll::enqueue_calculation(tx, input).await?;
                Ok((shown(tx, run).await?, shown(tx, job.id).await?))
            })
        })
        .await
    }

    /// Leaves an employee out of a calculated run. Needs `people.payroll.run`.
    async fn payroll_employee_exclude(
        &self,
        graph: &Context<'_>,
        input: PayrollEmployeeExcludeInput,
    ) -> Result<PayrollEmployeeExcludePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let run = payroll::exclude(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Takes an employee back into a run; it has to be calculated anew. Needs
    /// `people.payroll.run`.
    async fn payroll_employee_include(
        &self,
        graph: &Context<'_>,
        input: PayrollEmployeeIncludeInput,
    ) -> Result<PayrollEmployeeIncludePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let run = payroll::include(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Asks for approval of a calculated run by a second person. Needs `people.payroll.run`.
    async fn payroll_run_submit(
        &self,
        graph: &Context<'_>,
        input: PayrollRunSubmitInput,
    ) -> Result<PayrollRunSubmitPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let run = payroll::submit(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Approves a run that others prepared. Needs `people.payroll.approve`, of one's own or of
    /// somebody who delegated theirs; the authority that its approval asks for; and a fresh proof
    /// of identity.
    async fn payroll_run_approve(
        &self,
        graph: &Context<'_>,
        input: PayrollRunApproveInput,
    ) -> Result<PayrollRunApprovePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let run = payroll::approve(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Rejects a run with a reason. Needs what approving it needs.
    async fn payroll_run_reject(
        &self,
        graph: &Context<'_>,
        input: PayrollRunRejectInput,
    ) -> Result<PayrollRunRejectPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let run = payroll::reject(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Posts an approved run as one journal entry, and has its bank file and PDFs made. Needs
    /// `people.payroll.post` and, because it pays, an idempotency key unless it is a dry run: who
    /// asks again with the same key gets the same run, and who asks with another is told that it
    /// is posted.
    async fn payroll_run_post(
        &self,
        graph: &Context<'_>,
        input: PayrollRunPostInput,
    ) -> Result<PayrollRunPostPayload> {
        if let Err(lacking) = require_key(graph, input.dry_run)? {
            return settle(Call::of(graph)?, Err(lacking));
        }
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let run = payroll::post(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }

    /// Calls a run off before it is approved. Needs `people.payroll.run`.
    async fn payroll_run_cancel(
        &self,
        graph: &Context<'_>,
        input: PayrollRunCancelInput,
    ) -> Result<PayrollRunCancelPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let run = payroll::cancel(tx, input).await?;
                shown(tx, run.id).await
            })
        })
        .await
    }
}
