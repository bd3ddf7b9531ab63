//! Deciding approvals through the API, and which kinds of record are decided elsewhere.
//!
//! A decision that completes an approval makes the record's domain act in the same transaction.
//! Kinds whose domain acts are decided by mutations of that domain alone; `approvalDecide` refuses
//! them and names the right mutation. A domain that acts on decisions adds its kind to
//! [`ELSEWHERE`].

use async_graphql::{Context, Object, Result, SimpleObject};
use kernel::{Fault, Tx};
use processes::approval::{self, ApprovalDecideInput, ApprovalVerdict};
use processes::fault::APPROVAL_DECIDE_ELSEWHERE;

use crate::act::act;
use crate::payload;
use crate::processes::approval::Approval;

/// The mutation that decides whatever no domain decides.
const HERE: &str = "approvalDecide";

/// A kind of record that its domain decides.
struct Elsewhere {
    /// The GraphQL type.
    kind: &'static str,
    /// The mutation that approves.
    approve: &'static str,
    /// The mutation that rejects.
    reject: &'static str,
}

/// Every kind of record that its domain decides.
const ELSEWHERE: &[Elsewhere] = &[
    Elsewhere {
        kind: "PayrollRun",
        approve: "payrollRunApprove",
        reject: "payrollRunReject",
    },
    Elsewhere {
        kind: "PaymentOrder",
        approve: "paymentOrderApprove",
        reject: "paymentOrderReject",
    },
    Elsewhere {
        kind: "PurchaseOrder",
        approve: "purchaseOrderApprove",
        reject: "purchaseOrderReject",
    },
    Elsewhere {
        kind: "Acceptance",
        approve: "findingAcceptanceDecide",
        reject: "findingAcceptanceDecide",
    },
];

/// The mutations that decide an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SimpleObject)]
pub struct ApprovalDecisionMutations {
    /// The one that approves.
    pub approve: &'static str,
    /// The one that rejects.
    pub reject: &'static str,
}

/// The mutations that decide approvals of a kind of record.
pub fn mutations_of(kind: &str) -> ApprovalDecisionMutations {
    let (approve, reject) = ELSEWHERE
        .iter()
        .find(|elsewhere| elsewhere.kind == kind)
        .map_or((HERE, HERE), |found| (found.approve, found.reject));
    ApprovalDecisionMutations { approve, reject }
}

/// That approvals of a kind of record are decided here.
fn check_here(kind: &str, verdict: ApprovalVerdict) -> std::result::Result<(), Fault> {
    let mutations = mutations_of(kind);
    let mutation = match verdict {
        ApprovalVerdict::Approve => mutations.approve,
        ApprovalVerdict::Reject => mutations.reject,
    };
    if mutation == HERE {
        return Ok(());
    }
    Err(Fault::not_allowed(APPROVAL_DECIDE_ELSEWHERE)
        .with("kind", kind)
        .with("mutation", mutation)
        .at(["id"]))
}

/// Decides an approval of a kind that is decided here. The kind is looked at before, so that
/// nobody is asked for more than they need to be told, and after: whatever was decided of a kind
/// that belongs elsewhere is undone.
async fn decide(tx: &mut Tx, input: ApprovalDecideInput) -> kernel::Result<Approval> {
    let (id, verdict) = (input.id, input.decision);
    if let Some(row) = approval::find(tx, id).await? {
        check_here(&row.subject_kind, verdict)?;
    }
    let decided = approval::decide(tx, input).await?.approval;
    check_here(&decided.subject_kind, verdict)?;
    Ok(Approval(decided))
}

payload! {
    /// What deciding an approval gives.
    ApprovalDecidePayload {
        /// The approval as it is now.
        approval: Approval
    }
}

/// Acts on approvals.
#[derive(Default)]
pub struct ApprovalMutation;

#[Object]
impl ApprovalMutation {
    /// Decides the open step of an approval, by one's own authority or by what was delegated to
    /// one. Records that are decided by mutations of their own are refused, see
    /// `Approval.decisionMutations`. Needs `processes.approval.decide` and what the step asks for,
    /// of one's own or of whom one stands in for.
    async fn approval_decide(
        &self,
        graph: &Context<'_>,
        input: ApprovalDecideInput,
    ) -> Result<ApprovalDecidePayload> {
        act(graph, false, |tx| Box::pin(decide(tx, input))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payroll_runs_are_decided_by_their_own_mutations() {
        for (verdict, mutation) in [
            (ApprovalVerdict::Approve, "payrollRunApprove"),
            (ApprovalVerdict::Reject, "payrollRunReject"),
        ] {
            let fault = check_here("PayrollRun", verdict).unwrap_err();
            assert_eq!(fault.reason, APPROVAL_DECIDE_ELSEWHERE);
            assert!(fault.args.contains(&("mutation", mutation.to_owned())));
        }
        assert_eq!(check_here("Advance", ApprovalVerdict::Approve), Ok(()));
    }

    /// A kind that the API knows is decided by mutations that it has.
    #[test]
    fn the_mutations_of_other_domains_exist() {
        let sdl = crate::schema::sdl();
        for found in ELSEWHERE {
            if crate::node::id_of(found.kind, uuid::Uuid::nil()).is_none() {
                continue;
            }
            for mutation in [found.approve, found.reject] {
                assert!(sdl.contains(&format!("\t{mutation}(input: ")), "{mutation}");
            }
        }
    }
}
