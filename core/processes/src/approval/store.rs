//! All SQL that changes approvals.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{ApprovalId, ApprovalStepId, UserId};
use kernel::{Error, Result, Tx};
use uuid::Uuid;

use super::{
    Approval, ApprovalDecision, ApprovalDecisionId, ApprovalStatus, ApprovalStep,
    ApprovalStepStatus, ApprovalVerdict, RequestApproval,
};
use crate::policy::{ApprovalPolicyStep, StepsFor};
use crate::rules::{self, Hand, Seen};
use crate::schema::{approval, approval_decision, approval_hand, approval_preparer, approval_step};

/// The approval that a request makes; nothing is written.
pub(super) fn draft(tx: &Tx, wanted: RequestApproval, steps: StepsFor) -> Seen {
    let id = ApprovalId::generate();
    let requested_by = tx.actor().principal.user();
    let mut preparers = wanted.prepared_by;
    preparers.extend(requested_by);
    preparers.sort_unstable();
    preparers.dedup();
    let policy_id = steps.policy;
    let rows = match steps.policy {
        Some(_) => steps.steps,
        None => vec![ApprovalPolicyStep::second_person(wanted.default_permission)],
    };
    let steps: Vec<ApprovalStep> = rows.into_iter().map(|row| step_of(tx, id, row)).collect();
    let approval = Approval {
        organisation_id: tx.organisation(),
        id,
        subject_kind: wanted.subject_kind.to_owned(),
        subject_id: wanted.subject_id,
        company_id: wanted.company,
        title_key: wanted.title.key,
        title_args: wanted.title.args,
        amount: wanted.amount.map(|money| money.amount),
        currency_code: wanted.amount.map(|money| money.currency_code),
        policy_id,
        status: ApprovalStatus::Open,
        current_step: 1,
        steps: i32::try_from(steps.len()).unwrap_or(i32::MAX),
        requested_by,
        requested_at: tx.now(),
        due_at: steps.iter().find_map(|step| step.due_at),
        closed_at: None,
        version: 1,
    };
    Seen {
        approval,
        steps,
        preparers,
        hands: Vec::new(),
    }
}

fn step_of(tx: &Tx, approval_id: ApprovalId, row: ApprovalPolicyStep) -> ApprovalStep {
    let first = row.position == 1;
    ApprovalStep {
        organisation_id: tx.organisation(),
        id: ApprovalStepId::generate(),
        approval_id,
        position: row.position,
        name: row.name,
        permission: row.permission,
        role_ids: row.role_ids,
        user_ids: row.user_ids,
        approvals_needed: row.approvals_needed,
        approvals: 0,
        due_hours: row.due_hours,
        escalation_role_ids: row.escalation_role_ids,
        escalation_user_ids: row.escalation_user_ids,
        step_up: row.step_up,
        status: if first {
            ApprovalStepStatus::Open
        } else {
            ApprovalStepStatus::Waiting
        },
        opened_at: first.then(|| tx.now()),
        due_at: if first {
            rules::due_at(row.due_hours, tx.now())
        } else {
            None
        },
        escalated_at: None,
        closed_at: None,
    }
}

/// Writes a new approval; `false` when its record has an open one already.
pub(super) async fn record_request(tx: &mut Tx, seen: &Seen) -> Result<bool> {
    let written = diesel::insert_into(approval::table)
        .values(&seen.approval)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    if written == 0 {
        return Ok(false);
    }
    diesel::insert_into(approval_step::table)
        .values(&seen.steps)
        .execute(tx.conn())
        .await?;
    let organisation = seen.approval.organisation_id;
    let preparers: Vec<_> = seen
        .preparers
        .iter()
        .map(|user| {
            (
                approval_preparer::organisation_id.eq(organisation),
                approval_preparer::approval_id.eq(seen.approval.id),
                approval_preparer::user_id.eq(*user),
            )
        })
        .collect();
    if !preparers.is_empty() {
        diesel::insert_into(approval_preparer::table)
            .values(preparers)
            .execute(tx.conn())
            .await?;
    }
    Ok(true)
}

/// Locks an approval and loads everything about it.
pub(super) async fn lock(tx: &mut Tx, id: ApprovalId) -> Result<Option<Seen>> {
    let found: Option<Approval> = approval::table
        .find((tx.organisation(), id))
        .select(Approval::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    load(tx, found).await
}

/// Locks the open approval of a record and loads everything about it.
pub(super) async fn lock_open(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<Option<Seen>> {
    let found: Option<Approval> = approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::subject_kind.eq(kind))
        .filter(approval::subject_id.eq(subject))
        .filter(approval::status.eq(ApprovalStatus::Open))
        .select(Approval::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    load(tx, found).await
}

async fn load(tx: &mut Tx, found: Option<Approval>) -> Result<Option<Seen>> {
    let Some(approval) = found else {
        return Ok(None);
    };
    let (organisation, id) = (approval.organisation_id, approval.id);
    let steps = approval_step::table
        .filter(approval_step::organisation_id.eq(organisation))
        .filter(approval_step::approval_id.eq(id))
        .order(approval_step::position)
        .select(ApprovalStep::as_select())
        .load(tx.conn())
        .await?;
    let preparers = approval_preparer::table
        .filter(approval_preparer::organisation_id.eq(organisation))
        .filter(approval_preparer::approval_id.eq(id))
        .select(approval_preparer::user_id)
        .load(tx.conn())
        .await?;
    let hands = approval_hand::table
        .filter(approval_hand::organisation_id.eq(organisation))
        .filter(approval_hand::approval_id.eq(id))
        .select((approval_hand::step_id, approval_hand::user_id))
        .load(tx.conn())
        .await?;
    Ok(Some(Seen {
        approval,
        steps,
        preparers,
        hands,
    }))
}

/// Writes a decision and all that it changed.
pub(super) async fn record_decision(
    tx: &mut Tx,
    before: &Seen,
    after: &mut Seen,
    hand: &Hand,
    decision: ApprovalVerdict,
    comment: Option<String>,
) -> Result<()> {
    let step = before
        .current()
        .ok_or_else(|| Error::bug("an open approval has no open step"))?;
    let (organisation_id, approval_id, step_id) = (tx.organisation(), step.approval_id, step.id);
    let row = ApprovalDecision {
        organisation_id,
        id: ApprovalDecisionId::generate(),
        approval_id,
        step_id,
        decided_by: hand.user,
        on_behalf_of: hand.on_behalf_of.map(|(_, user)| user),
        delegation_id: hand.on_behalf_of.map(|(delegation, _)| delegation),
        decision,
        comment,
        decided_at: tx.now(),
    };
    diesel::insert_into(approval_decision::table)
        .values(row)
        .execute(tx.conn())
        .await?;
    let hands: Vec<_> = hand
        .people()
        .into_iter()
        .map(|user| {
            (
                approval_hand::organisation_id.eq(organisation_id),
                approval_hand::approval_id.eq(approval_id),
                approval_hand::step_id.eq(step_id),
                approval_hand::user_id.eq(user),
            )
        })
        .collect();
    diesel::insert_into(approval_hand::table)
        .values(hands)
        .execute(tx.conn())
        .await?;
    record_steps(tx, before, after).await?;
    record_approval(tx, &mut after.approval).await
}

/// Writes the steps that changed. At most the open one and those after it.
pub(super) async fn record_steps(tx: &mut Tx, before: &Seen, after: &Seen) -> Result<()> {
    for step in after
        .steps
        .iter()
        .filter(|step| !before.steps.contains(step))
    {
        diesel::update(approval_step::table.find((step.organisation_id, step.id)))
            .set((
                approval_step::approvals.eq(step.approvals),
                approval_step::status.eq(step.status),
                approval_step::opened_at.eq(step.opened_at),
                approval_step::due_at.eq(step.due_at),
                approval_step::closed_at.eq(step.closed_at),
            ))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Writes where the approval stands, as its next version.
pub(super) async fn record_approval(tx: &mut Tx, row: &mut Approval) -> Result<()> {
    row.version += 1;
    diesel::update(approval::table.find((row.organisation_id, row.id)))
        .set((
            approval::status.eq(row.status),
            approval::current_step.eq(row.current_step),
            approval::due_at.eq(row.due_at),
            approval::closed_at.eq(row.closed_at),
            approval::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Marks the overdue steps as escalated and gives them with their approvals and preparers.
/// Approvals that others hold at the moment are left for the next time.
pub(super) async fn take_overdue(
    tx: &mut Tx,
    most: i64,
) -> Result<Vec<(Approval, ApprovalStep, Vec<UserId>)>> {
    let (organisation, now) = (tx.organisation(), tx.now());
    let overdue = approval_step::table
        .filter(approval_step::organisation_id.eq(organisation))
        .filter(approval_step::status.eq(ApprovalStepStatus::Open))
        .filter(approval_step::escalated_at.is_null())
        .filter(approval_step::due_at.le(now))
        .select(approval_step::approval_id);
    let approvals: Vec<Approval> = approval::table
        .filter(approval::organisation_id.eq(organisation))
        .filter(approval::id.eq_any(overdue))
        .order(approval::id)
        .limit(most)
        .select(Approval::as_select())
        .for_update()
        .skip_locked()
        .load(tx.conn())
        .await?;
    let ids: Vec<ApprovalId> = approvals.iter().map(|row| row.id).collect();
    let steps: Vec<ApprovalStep> = diesel::update(
        approval_step::table
            .filter(approval_step::organisation_id.eq(organisation))
            .filter(approval_step::approval_id.eq_any(&ids))
            .filter(approval_step::status.eq(ApprovalStepStatus::Open))
            .filter(approval_step::escalated_at.is_null())
            .filter(approval_step::due_at.le(now)),
    )
    .set(approval_step::escalated_at.eq(now))
    .returning(ApprovalStep::as_returning())
    .get_results(tx.conn())
    .await?;
    let preparers: Vec<(ApprovalId, UserId)> = approval_preparer::table
        .filter(approval_preparer::organisation_id.eq(organisation))
        .filter(approval_preparer::approval_id.eq_any(&ids))
        .select((approval_preparer::approval_id, approval_preparer::user_id))
        .load(tx.conn())
        .await?;
    let of = |id: ApprovalId| {
        preparers
            .iter()
            .filter(|(approval, _)| *approval == id)
            .map(|(_, user)| *user)
            .collect()
    };
    let found = approvals.into_iter().filter_map(|approval| {
        let step = steps
            .iter()
            .find(|step| step.approval_id == approval.id)?
            .clone();
        let preparers = of(approval.id);
        Some((approval, step, preparers))
    });
    Ok(found.collect())
}
