//! All SQL that changes policies.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::ApprovalPolicyId;
use kernel::{Result, Tx};

use super::{ApprovalPolicy, ApprovalPolicyStep, ApprovalPolicyStepInput};
use crate::schema::{approval_policy, approval_policy_step};

/// Writes a new policy; `false` when its id is taken.
pub(super) async fn insert(tx: &mut Tx, row: &ApprovalPolicy) -> Result<bool> {
    let written = diesel::insert_into(approval_policy::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(written == 1)
}

/// Locks a policy and loads it.
pub(super) async fn lock(tx: &mut Tx, id: ApprovalPolicyId) -> Result<Option<ApprovalPolicy>> {
    Ok(approval_policy::table
        .find((tx.organisation(), id))
        .select(ApprovalPolicy::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?)
}

/// Writes a policy as it is now.
pub(super) async fn update(tx: &mut Tx, row: &ApprovalPolicy) -> Result<()> {
    diesel::update(approval_policy::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The policies that count for a kind of record.
pub(super) async fn active(tx: &mut Tx, kind: &str) -> Result<Vec<ApprovalPolicy>> {
    Ok(approval_policy::table
        .filter(approval_policy::organisation_id.eq(tx.organisation()))
        .filter(approval_policy::subject_kind.eq(kind))
        .filter(approval_policy::active)
        .select(ApprovalPolicy::as_select())
        .load(tx.conn())
        .await?)
}

/// The steps of policies, in order.
pub(super) async fn steps(
    tx: &mut Tx,
    ids: &[ApprovalPolicyId],
) -> Result<Vec<ApprovalPolicyStep>> {
    Ok(approval_policy_step::table
        .filter(approval_policy_step::organisation_id.eq(tx.organisation()))
        .filter(approval_policy_step::policy_id.eq_any(ids))
        .order((
            approval_policy_step::policy_id,
            approval_policy_step::position,
        ))
        .select(ApprovalPolicyStep::as_select())
        .load(tx.conn())
        .await?)
}

/// Writes the steps of a policy that has none.
pub(super) async fn record_steps(
    tx: &mut Tx,
    policy_id: ApprovalPolicyId,
    steps: Vec<ApprovalPolicyStepInput>,
) -> Result<()> {
    let organisation_id = tx.organisation();
    let rows: Vec<ApprovalPolicyStep> = (1..)
        .zip(steps)
        .map(|(position, step)| ApprovalPolicyStep {
            organisation_id,
            policy_id,
            position,
            name: step
                .name
                .map(|name| name.trim().to_owned())
                .filter(|name| !name.is_empty()),
            permission: step.permission,
            role_ids: once_each(step.role_ids),
            user_ids: once_each(step.user_ids),
            approvals_needed: step.approvals_needed,
            due_hours: step.due_hours,
            escalation_role_ids: once_each(step.escalation_role_ids),
            escalation_user_ids: once_each(step.escalation_user_ids),
            step_up: step.step_up,
        })
        .collect();
    diesel::insert_into(approval_policy_step::table)
        .values(rows)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Puts other steps in place of those of a policy.
pub(super) async fn replace_steps(
    tx: &mut Tx,
    policy_id: ApprovalPolicyId,
    steps: Vec<ApprovalPolicyStepInput>,
) -> Result<()> {
    let old = approval_policy_step::table
        .filter(approval_policy_step::organisation_id.eq(tx.organisation()))
        .filter(approval_policy_step::policy_id.eq(policy_id));
    diesel::delete(old).execute(tx.conn()).await?;
    record_steps(tx, policy_id, steps).await
}

fn once_each<Id: Ord>(mut ids: Vec<Id>) -> Vec<Id> {
    ids.sort_unstable();
    ids.dedup();
    ids
}
