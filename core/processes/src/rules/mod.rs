//! The rules of approval, pure: who may decide, whose hand counts, what a decision leads to, and
//! when a step is escalated.

mod choice;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Fault;
use kernel::ids::{ApprovalStepId, CompanyId, DelegationId, UserId};

pub use choice::{Chosen, Draft, check_policy, choose, is_kind, subject_kind_fault};

use crate::approval::{
    Approval, ApprovalStatus, ApprovalStep, ApprovalStepStatus, ApprovalVerdict,
};
use crate::authority::{Authority, Mandate};
use crate::fault;
use crate::permission::APPROVAL_DECIDE;

/// All that is known of an approval when it is decided.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The approval.
    pub approval: Approval,
    /// Its steps in order.
    pub steps: Vec<ApprovalStep>,
    /// Who prepared its subject.
    pub preparers: Vec<UserId>,
    /// Who has had a hand in which step.
    pub hands: Vec<(ApprovalStepId, UserId)>,
}

impl Seen {
    /// The step that is open, or was when the approval closed.
    pub fn current(&self) -> Option<&ApprovalStep> {
        self.steps
            .iter()
            .find(|step| step.position == self.approval.current_step)
    }

    fn has_hand(&self, step: &ApprovalStep, user: UserId) -> bool {
        self.hands.contains(&(step.id, user))
    }
}

/// By whose authority a person decides: their own or that of one they stand in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Who decides.
    pub user: UserId,
    /// By which delegation, for whom.
    pub on_behalf_of: Option<(DelegationId, UserId)>,
}

impl Hand {
    /// Everybody whose hand this is: they all count as having decided.
    pub fn people(&self) -> Vec<UserId> {
        std::iter::once(self.user)
            .chain(self.on_behalf_of.map(|(_, user)| user))
            .collect()
    }
}

/// Whether a step asks for somebody of this authority. They must hold the right to decide and the
/// step's permission in the company; and be in its circle, where it names roles or people.
pub fn may_decide(step: &ApprovalStep, company: Option<CompanyId>, who: &Authority) -> bool {
    let permitted = step
        .permission
        .as_deref()
        .is_none_or(|name| who.holds(name, company));
    who.holds(APPROVAL_DECIDE, company) && permitted && in_circle(step, who)
}

/// Escalation widens the circle and never narrows it.
fn in_circle(step: &ApprovalStep, who: &Authority) -> bool {
    let open_to_all = step.role_ids.is_empty() && step.user_ids.is_empty();
    let named = step.user_ids.contains(&who.user)
        || step.role_ids.iter().any(|role| who.roles.contains(role));
    let escalated = step.escalated_at.is_some()
        && (step.escalation_user_ids.contains(&who.user)
            || step
                .escalation_role_ids
                .iter()
                .any(|role| who.roles.contains(role)));
    open_to_all || named || escalated
}

/// Finds by whose authority somebody may decide the current step: their own before any that was
/// delegated to them. Who prepared, or had a hand in the step, has none; nor does their delegate
/// by their authority.
pub fn hand(seen: &Seen, mandate: &Mandate) -> Result<Hand, Fault> {
    let refused = || Err(fault::forbidden(fault::NOT_DECIDER));
    let Some(step) = seen.current() else {
        return refused();
    };
    let user = mandate.own.user;
    let approval = &seen.approval;
    let own = may_decide(step, approval.company_id, &mandate.own);
    let mut delegated = mandate.delegated.iter().filter(|delegated| {
        let kind = delegated.subject_kind.as_deref();
        kind.is_none_or(|kind| kind == approval.subject_kind)
            && may_decide(step, approval.company_id, &delegated.authority)
    });
    if !own && delegated.clone().next().is_none() {
        return refused();
    }
    if seen.preparers.contains(&user) {
        return Err(fault::forbidden(fault::PREPARED_BY_YOU));
    }
    if seen.has_hand(step, user) {
        return Err(Fault::conflict(fault::ALREADY_DECIDED));
    }
    if own {
        return Ok(Hand {
            user,
            on_behalf_of: None,
        });
    }
    let mut why = fault::forbidden(fault::PREPARED_BY_DELEGATOR);
    let free = delegated.find(|delegated| {
        let delegator = delegated.authority.user;
        if seen.preparers.contains(&delegator) {
            return false;
        }
        if seen.has_hand(step, delegator) {
            why = Fault::conflict(fault::DELEGATOR_ALREADY_DECIDED);
            return false;
        }
        true
    });
    match free {
        Some(by) => Ok(Hand {
            user,
            on_behalf_of: Some((by.delegation, by.authority.user)),
        }),
        None => Err(why),
    }
}

/// That the approval still waits for decisions.
pub fn check_open(approval: &Approval) -> Result<(), Fault> {
    match approval.status {
        ApprovalStatus::Open => Ok(()),
        closed => Err(Fault::not_allowed(fault::APPROVAL_CLOSED)
            .with("status", closed)
            .at(["id"])),
    }
}

/// What a decision leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The step needs more approvals.
    Waits,
    /// The step is done and the next one opens.
    Opens(i32),
    /// All steps are done.
    Approved,
    /// One rejection is enough.
    Rejected,
}

/// Takes a decision on the open step: changes the approval and its steps as seen, and says what
/// it led to.
pub fn take(seen: &mut Seen, verdict: ApprovalVerdict, hand: &Hand, now: DateTime<Utc>) -> Turn {
    let position = seen.approval.current_step;
    let last = position == seen.approval.steps;
    let Some(step) = seen.steps.iter_mut().find(|step| step.position == position) else {
        return Turn::Waits;
    };
    seen.hands
        .extend(hand.people().into_iter().map(|user| (step.id, user)));
    let turn = match verdict {
        ApprovalVerdict::Reject => {
            step.close(ApprovalStepStatus::Rejected, now);
            Turn::Rejected
        }
        ApprovalVerdict::Approve => {
            step.approvals += 1;
            if step.approvals < step.approvals_needed {
                Turn::Waits
            } else {
                step.close(ApprovalStepStatus::Approved, now);
                if last {
                    Turn::Approved
                } else {
                    Turn::Opens(position + 1)
                }
            }
        }
    };
    match turn {
        Turn::Waits => {}
        Turn::Opens(next) => open(seen, next, now),
        Turn::Approved => close(seen, ApprovalStatus::Approved, now),
        Turn::Rejected => close(seen, ApprovalStatus::Rejected, now),
    }
    turn
}

/// Takes the approval back: what was to be approved has changed.
pub fn withdraw(seen: &mut Seen, now: DateTime<Utc>) {
    close(seen, ApprovalStatus::Withdrawn, now);
}

fn open(seen: &mut Seen, position: i32, now: DateTime<Utc>) {
    seen.approval.current_step = position;
    seen.approval.due_at = None;
    if let Some(step) = seen.steps.iter_mut().find(|step| step.position == position) {
        step.status = ApprovalStepStatus::Open;
        step.opened_at = Some(now);
        step.due_at = due_at(step.due_hours, now);
        seen.approval.due_at = step.due_at;
    }
}

/// Closes the approval; steps that were never decided are cancelled.
fn close(seen: &mut Seen, status: ApprovalStatus, now: DateTime<Utc>) {
    seen.approval.status = status;
    seen.approval.closed_at = Some(now);
    for step in seen
        .steps
        .iter_mut()
        .filter(|step| step.closed_at.is_none())
    {
        step.close(ApprovalStepStatus::Cancelled, now);
    }
}

/// When a step that opens now has to be decided.
pub fn due_at(due_hours: Option<i32>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    due_hours.map(|hours| now + TimeDelta::hours(i64::from(hours)))
}

/// Whether an open step has waited too long and nobody was told yet.
pub fn is_to_escalate(step: &ApprovalStep, now: DateTime<Utc>) -> bool {
    step.status == ApprovalStepStatus::Open
        && step.escalated_at.is_none()
        && step.due_at.is_some_and(|due| due <= now)
}
