//! The steps of approvals, the decisions on them and who prepared their subjects: parts of an
//! approval, loaded in batches.

use async_graphql::{Context, Object, Result};
use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt};
use kernel::Tx;
use kernel::ids::{ApprovalId, UserId};
use processes::approval::{
    self, ApprovalDecision as DecisionRow, ApprovalStep as StepRow, ApprovalStepStatus,
    ApprovalVerdict,
};

use crate::call::Call;
use crate::loader::Part;
use crate::processes::delegation::Delegation;
use crate::processes::named::{self, NamedRole, NamedUser};

/// A step of an approval.
#[derive(Clone, Debug)]
pub struct ApprovalStep(pub StepRow);

/// A step of an approval, as the policy had it when approval was asked for. Who decides holds the
/// permission, if one is named, and has one of the roles or is one of the users, if any are named.
#[Object]
impl ApprovalStep {
    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// What the policy calls it.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
    }

    /// Where it stands.
    async fn status(&self) -> ApprovalStepStatus {
        self.0.status
    }

    /// What one must be allowed to do in order to decide.
    async fn permission(&self) -> Option<&str> {
        self.0.permission.as_deref()
    }

    /// The roles whose holders decide.
    async fn roles(&self) -> Vec<NamedRole> {
        named::roles(&self.0.role_ids)
    }

    /// The users who decide, beside the roles' holders.
    async fn users(&self) -> Vec<NamedUser> {
        named::users(&self.0.user_ids)
    }

    /// Approvals by different people that it takes.
    async fn approvals_needed(&self) -> i32 {
        self.0.approvals_needed
    }

    /// Approvals that it has.
    async fn approvals_given(&self) -> i32 {
        self.0.approvals
    }

    /// Hours to decide, from when it opens.
    async fn due_hours(&self) -> Option<i32> {
        self.0.due_hours
    }

    /// The roles whose holders may decide, too, once it is escalated.
    async fn escalation_roles(&self) -> Vec<NamedRole> {
        named::roles(&self.0.escalation_role_ids)
    }

    /// The users who may decide, too, once it is escalated.
    async fn escalation_users(&self) -> Vec<NamedUser> {
        named::users(&self.0.escalation_user_ids)
    }

    /// Whether deciding takes a fresh proof of identity.
    async fn step_up(&self) -> bool {
        self.0.step_up
    }

    /// When it opened.
    async fn opened_at(&self) -> Option<DateTime<Utc>> {
        self.0.opened_at
    }

    /// When it has to be decided.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// When it was escalated.
    async fn escalated_at(&self) -> Option<DateTime<Utc>> {
        self.0.escalated_at
    }

    /// When it was closed.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }
}

/// What somebody decided in a step.
#[derive(Clone, Debug)]
pub struct ApprovalDecision(pub DecisionRow);

/// What somebody decided in a step of an approval. It never changes.
#[Object]
impl ApprovalDecision {
    /// The place of the step, from 1.
    async fn step_position(&self, graph: &Context<'_>) -> Result<Option<i32>> {
        let steps = Call::of(graph)?
            .parts::<ApprovalStep>(self.0.approval_id)
            .await?;
        let step = steps.iter().find(|step| step.0.id == self.0.step_id);
        Ok(step.map(|step| step.0.position))
    }

    /// Yes or no.
    async fn decision(&self) -> ApprovalVerdict {
        self.0.decision
    }

    /// Who decided.
    async fn decided_by(&self) -> NamedUser {
        NamedUser(self.0.decided_by)
    }

    /// For whom, when they stood in for somebody.
    async fn on_behalf_of(&self) -> Option<NamedUser> {
        self.0.on_behalf_of.map(NamedUser)
    }

    /// The delegation by which they stood in; null for those who may not see it.
    async fn delegation(&self, graph: &Context<'_>) -> Result<Option<Delegation>> {
        Call::of(graph)?.load_some(self.0.delegation_id).await
    }

    /// Why.
    async fn comment(&self) -> Option<&str> {
        self.0.comment.as_deref()
    }

    /// When.
    async fn decided_at(&self) -> DateTime<Utc> {
        self.0.decided_at
    }
}

/// Somebody who prepared the subject of an approval.
#[derive(Clone, Copy, Debug)]
pub struct Preparer(pub UserId);

/// That the viewer could decide an approval now.
#[derive(Clone, Copy, Debug)]
pub struct Decidable;

impl Part for ApprovalStep {
    type Of = ApprovalId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ApprovalId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ApprovalId, Self)>>> {
        async move {
            let rows = approval::steps_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.approval_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

impl Part for ApprovalDecision {
    type Of = ApprovalId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ApprovalId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ApprovalId, Self)>>> {
        async move {
            let rows = approval::decisions_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.approval_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

impl Part for Preparer {
    type Of = ApprovalId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ApprovalId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ApprovalId, Self)>>> {
        async move {
            let found = approval::preparers_of(tx, ids).await?;
            Ok(found
                .into_iter()
                .map(|(id, user)| (id, Self(user)))
                .collect())
        }
        .boxed()
    }
}

impl Part for Decidable {
    type Of = ApprovalId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ApprovalId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ApprovalId, Self)>>> {
        async move {
            let found = approval::decidable_among(tx, ids).await?;
            Ok(found.into_iter().map(|id| (id, Self)).collect())
        }
        .boxed()
    }
}
