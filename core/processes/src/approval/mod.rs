//! Approvals: a record as somebody prepared it, waiting for others to say yes or no.
//!
//! Round trips of a decision: lock and load 4, mandate 2 or 3, record 4 to 6, outbox 2, tell 1.
//! The lock on the approval's row makes decisions on it one after another.

mod list;
mod record;
mod store;

use std::collections::BTreeMap;

use kernel::actor::EVERYTHING;
use kernel::id::TypedId;
use kernel::ids::{ApprovalId, CompanyId, RoleId, UserId};
use kernel::{Error, Fault, Money, Permission, Result, Scope, Tx};
use uuid::Uuid;

pub use list::{
    ApprovalFilter, ApprovalSort, ApprovalSortField, ApprovalStatusFilter, by_ids, count,
    decidable_among, decisions_of, find, of_subject, of_subjects, page, preparers_of, steps_of,
};
pub use record::{
    Approval, ApprovalDecision, ApprovalDecisionId, ApprovalStatus, ApprovalStep,
    ApprovalStepStatus, ApprovalVerdict,
};

use crate::authority::Mandate;
use crate::notification::{self, Notify};
use crate::permission::{APPROVAL_DECIDE, APPROVAL_READ};
use crate::rules::{self, Chosen, Seen, Turn};
use crate::sentence::Sentence;
use crate::{authority, event, fault, policy};

/// Steps escalated by one call at most.
const ESCALATION_BATCH: i64 = 500;

/// What a domain says when it wants one of its records approved.
#[derive(Clone, Debug)]
pub struct RequestApproval {
    /// The GraphQL type of the record, `PayrollRun`.
    pub subject_kind: &'static str,
    /// The record.
    pub subject_id: Uuid,
    /// Its company, if it is one company's.
    pub company: Option<CompanyId>,
    /// What it is about in money; policies may ask for more above some amount.
    pub amount: Option<Money>,
    /// Its title in people's languages.
    pub title: Sentence,
    /// Who prepared it and therefore never approves it; who asks is always among them.
    pub prepared_by: Vec<UserId>,
    /// What one must be allowed to do in order to decide, when no policy says who decides.
    pub default_permission: Permission,
}

impl RequestApproval {
    /// A request for a record that nobody prepared so far and that has no company or amount.
    pub fn new(
        subject_kind: &'static str,
        subject: impl TypedId,
        title: Sentence,
        default_permission: Permission,
    ) -> Self {
        Self {
            subject_kind,
            subject_id: subject.uuid(),
            company: None,
            amount: None,
            title,
            prepared_by: Vec::new(),
            default_permission,
        }
    }
}

/// Decides the open step of an approval.
#[derive(Clone, Debug, async_graphql::InputObject)]
pub struct ApprovalDecideInput {
    /// The approval.
    pub id: ApprovalId,
    /// Yes or no.
    pub decision: ApprovalVerdict,
    /// Why; needed for a no. At most 2,000 characters.
    pub comment: Option<String>,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// What a decision led to.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The approval as it is now.
    pub approval: Approval,
    /// Whether this very decision completed it: the record's domain acts now, once.
    pub completed: bool,
}

/// Asks for approval of a record. For the domain that owns it, in the transaction that makes it
/// ready; checks no permission of its own.
///
/// # Errors
/// `processes.approval_open_already` when the record waits for approval already.
pub async fn request(tx: &mut Tx, wanted: RequestApproval) -> Result<Approval> {
    wanted.title.check()?;
    let chosen = Chosen {
        company: wanted.company,
        amount: wanted.amount,
    };
    let steps = policy::steps_for(tx, wanted.subject_kind, chosen).await?;
    let seen = store::draft(tx, wanted, steps);
    if !store::record_request(tx, &seen).await? {
        return Err(Fault::conflict(fault::APPROVAL_OPEN_ALREADY).into());
    }
    tx.emit(event::approval(event::REQUESTED, &seen.approval))
        .await?;
    Ok(seen.approval)
}

/// Decides the open step of an approval by the actor's own authority, or by what was delegated to
/// them. The domain that owns the record calls this from its own function, and acts in the same
/// transaction when the approval is `completed`. Any number of decisions at once complete an
/// approval once.
///
/// # Errors
/// Faults of REASONS about who decides and when; step-up where the step asks for it.
#[tracing::instrument(skip_all, fields(approval.id = %command.id), err)]
pub async fn decide(tx: &mut Tx, command: ApprovalDecideInput) -> Result<Decided> {
    let mandate = mandate(tx).await?;
    let seen = locked(tx, command.id).await?;
    decide_by(tx, seen, command, &mandate).await
}

/// Like [`decide`], for a record whose approval takes a permission whatever its policy says: only
/// the authority of who holds it counts, the actor's own or that of one they stand in for.
#[tracing::instrument(skip_all, fields(approval.id = %command.id), err)]
pub async fn decide_holding(
    tx: &mut Tx,
    command: ApprovalDecideInput,
    permission: Permission,
) -> Result<Decided> {
    let mandate = mandate(tx).await?;
    let seen = locked(tx, command.id).await?;
    let mandate = mandate.resting_on(permission, seen.approval.company_id);
    decide_by(tx, seen, command, &mandate).await
}

/// The mandate of the actor, who may decide somewhere: by their own right, or for another.
async fn mandate(tx: &mut Tx) -> Result<Mandate> {
    let Some(mandate) = authority::of_actor(tx).await? else {
        return Err(fault::forbidden(fault::ONLY_PEOPLE_DECIDE).into());
    };
    let decides = |grants: &BTreeMap<String, Scope>| {
        let ways = [APPROVAL_DECIDE, EVERYTHING];
        ways.iter().any(|name| grants.contains_key(*name))
    };
    let mut all = std::iter::once(&mandate.own).chain(
        mandate
            .delegated
            .iter()
            .map(|delegated| &delegated.authority),
    );
    if all.any(|authority| decides(&authority.grants)) {
        Ok(mandate)
    } else {
        Err(Error::Denied(APPROVAL_DECIDE))
    }
}

async fn locked(tx: &mut Tx, id: ApprovalId) -> Result<Seen> {
    let not_found = || Fault::not_found(fault::APPROVAL_NOT_FOUND).at(["id"]);
    Ok(store::lock(tx, id).await?.ok_or_else(not_found)?)
}

async fn decide_by(
    tx: &mut Tx,
    mut seen: Seen,
    command: ApprovalDecideInput,
    mandate: &Mandate,
) -> Result<Decided> {
    let hand = rules::hand(&seen, mandate);
    if matches!(&hand, Err(fault) if fault.reason == fault::NOT_DECIDER) && !reads(tx, &seen) {
        return Err(Fault::not_found(fault::APPROVAL_NOT_FOUND)
            .at(["id"])
            .into());
    }
    rules::check_open(&seen.approval)?;
    if command
        .expected_version
        .is_some_and(|version| version != seen.approval.version)
    {
        return Err(Fault::stale().into());
    }
    let hand = hand?;
    if seen.current().is_some_and(|step| step.step_up) {
        tx.require_step_up()?;
    }
    let comment = comment(&command)?;
    let before = seen.clone();
    let turn = rules::take(&mut seen, command.decision, &hand, tx.now());
    let told = comment.clone();
    store::record_decision(tx, &before, &mut seen, &hand, command.decision, comment).await?;
    tx.emit_all(event::decision(
        &seen.approval,
        command.decision,
        &hand,
        turn,
    ))
    .await?;
    tell_outcome(tx, &seen, turn, told).await?;
    Ok(Decided {
        completed: turn == Turn::Approved,
        approval: seen.approval,
    })
}

/// Takes back the open approval of a record whose content changes; `None` when there is none. For
/// the domain that owns the record; checks no permission of its own.
pub async fn withdraw(
    tx: &mut Tx,
    subject_kind: &'static str,
    subject: impl TypedId,
) -> Result<Option<Approval>> {
    let Some(mut seen) = store::lock_open(tx, subject_kind, subject.uuid()).await? else {
        return Ok(None);
    };
    let before = seen.clone();
    rules::withdraw(&mut seen, tx.now());
    store::record_steps(tx, &before, &seen).await?;
    store::record_approval(tx, &mut seen.approval).await?;
    tx.emit(event::approval(event::WITHDRAWN, &seen.approval))
        .await?;
    let hands = seen.hands.iter().map(|(_, user)| *user).collect();
    tell(
        tx,
        &seen.approval,
        notification::APPROVAL_WITHDRAWN,
        hands,
        None,
        false,
    )
    .await?;
    Ok(Some(seen.approval))
}

/// Escalates the steps that have waited too long, at most 500, and gives their number: their
/// escalation targets may decide from now on and are told; without targets, who prepared is told.
/// Harmless to repeat, and at once.
pub async fn escalate_due(tx: &mut Tx) -> Result<usize> {
    let due = store::take_overdue(tx, ESCALATION_BATCH).await?;
    let roles: Vec<RoleId> = due
        .iter()
        .flat_map(|(_, step, _)| step.escalation_role_ids.clone())
        .collect();
    let holders = authority::holders(tx, &roles).await?;
    let mut notices = Vec::new();
    let mut events = Vec::new();
    for (approval, step, preparers) in &due {
        let of_roles = holders
            .iter()
            .filter(|(role, _)| step.escalation_role_ids.contains(role))
            .map(|(_, user)| *user);
        let mut users: Vec<UserId> = step
            .escalation_user_ids
            .iter()
            .copied()
            .chain(of_roles)
            .collect();
        if users.is_empty() {
            users.clone_from(preparers);
        }
        notices.push(notice(
            approval,
            notification::APPROVAL_ESCALATED,
            users,
            true,
        ));
        events.push(event::approval(event::ESCALATED, approval));
    }
    tx.emit_all(events).await?;
    notification::notify_all(tx, notices).await?;
    Ok(due.len())
}

/// Whether the actor may see an approval without being asked to decide it.
fn reads(tx: &Tx, seen: &Seen) -> bool {
    let actor = tx.actor();
    let user = actor.principal.user();
    authority::covers(actor, APPROVAL_READ, seen.approval.company_id)
        || user.is_some_and(|user| {
            seen.preparers.contains(&user) || seen.hands.iter().any(|(_, hand)| *hand == user)
        })
}

fn comment(command: &ApprovalDecideInput) -> Result<Option<String>> {
    let text = command
        .comment
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > 2_000) {
        return Err(Fault::invalid("kernel.too_long")
            .with("most", 2_000)
            .at(["comment"])
            .into());
    }
    if text.is_none() && command.decision == ApprovalVerdict::Reject {
        return Err(Fault::invalid(fault::COMMENT_REQUIRED)
            .at(["comment"])
            .into());
    }
    Ok(text.map(str::to_owned))
}

/// Tells who prepared the record what became of it.
async fn tell_outcome(tx: &mut Tx, seen: &Seen, turn: Turn, comment: Option<String>) -> Result<()> {
    let kind = match turn {
        Turn::Waits | Turn::Opens(_) => return Ok(()),
        Turn::Approved => notification::APPROVAL_APPROVED,
        Turn::Rejected => notification::APPROVAL_REJECTED,
    };
    let urgent = turn == Turn::Rejected;
    tell(
        tx,
        &seen.approval,
        kind,
        seen.preparers.clone(),
        comment,
        urgent,
    )
    .await
}

async fn tell(
    tx: &mut Tx,
    approval: &Approval,
    kind: &'static str,
    users: Vec<UserId>,
    comment: Option<String>,
    urgent: bool,
) -> Result<()> {
    let by = tx.actor().name.clone();
    let notify = notice(approval, kind, users, urgent);
    let args = Sentence {
        key: String::new(),
        args: notify.args,
    };
    let args = args
        .with("by", by)
        .with("comment", comment.unwrap_or_default())
        .args;
    notification::notify(tx, Notify { args, ..notify }).await
}

fn notice(approval: &Approval, kind: &'static str, users: Vec<UserId>, urgent: bool) -> Notify {
    let notify = Notify::new(kind, "Approval", approval.id, users);
    let args = Sentence::new(kind).with("title", approval.title()).args;
    Notify {
        args,
        urgent,
        ..notify
    }
}
