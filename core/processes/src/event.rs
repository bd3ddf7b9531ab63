//! What can have happened in processes.

use kernel::Event;

use crate::approval::{Approval, ApprovalVerdict};
use crate::delegation::Delegation;
use crate::permission::{APPROVAL_READ, DELEGATION_MANAGE};
use crate::policy::ApprovalPolicy;
use crate::rules::{Hand, Turn};

/// Approval was asked for.
pub const REQUESTED: &str = "processes.approval.requested";
/// Somebody decided.
pub const DECIDED: &str = "processes.approval.decided";
/// All steps are done.
pub const APPROVED: &str = "processes.approval.approved";
/// It was rejected.
pub const REJECTED: &str = "processes.approval.rejected";
/// It was taken back because its subject changed.
pub const WITHDRAWN: &str = "processes.approval.withdrawn";
/// A step has waited too long.
pub const ESCALATED: &str = "processes.approval.escalated";
/// A policy was made.
pub const POLICY_CREATED: &str = "processes.policy.created";
/// A policy was changed.
pub const POLICY_UPDATED: &str = "processes.policy.updated";
/// A delegation was made.
pub const DELEGATION_CREATED: &str = "processes.delegation.created";
/// A delegation was revoked.
pub const DELEGATION_REVOKED: &str = "processes.delegation.revoked";

/// An event of an approval, seen by those who may read it and by who asked for it.
pub(crate) fn approval(action: &'static str, approval: &Approval) -> Event {
    let event = Event::new(action, "Approval", approval.id, APPROVAL_READ)
        .owner(approval.requested_by)
        .set("status", approval.status)
        .set("step", approval.current_step);
    match approval.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// The events of a decision: that it was made, and what it led to.
pub(crate) fn decision(
    decided: &Approval,
    verdict: ApprovalVerdict,
    hand: &Hand,
    turn: Turn,
) -> Vec<Event> {
    let mut event = approval(DECIDED, decided).set("decision", verdict);
    if let Some((delegation, user)) = hand.on_behalf_of {
        event = event.set("onBehalfOf", user).set("delegation", delegation);
    }
    let outcome = match turn {
        Turn::Waits | Turn::Opens(_) => None,
        Turn::Approved => Some(approval(APPROVED, decided)),
        Turn::Rejected => Some(approval(REJECTED, decided)),
    };
    std::iter::once(event).chain(outcome).collect()
}

/// An event of a policy.
pub(crate) fn policy(action: &'static str, policy: &ApprovalPolicy) -> Event {
    let event = Event::new(action, "ApprovalPolicy", policy.id, APPROVAL_READ);
    match policy.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// An event of a delegation, seen by who delegates.
pub(crate) fn delegation(action: &'static str, delegation: &Delegation) -> Event {
    Event::new(action, "Delegation", delegation.id, DELEGATION_MANAGE)
        .owner(Some(delegation.delegator_id))
        .set("delegate", delegation.delegate_id)
}
