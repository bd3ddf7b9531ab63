//! Approval policies through the API: who has to approve what, as data.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt};
use kernel::ids::ApprovalPolicyId;
use kernel::{CurrencyCode, Dec, Tx};
use processes::permission::POLICY_MANAGE;
use processes::policy::{
    self, ApprovalPolicy as PolicyRow, ApprovalPolicyCreateInput, ApprovalPolicyFilter,
    ApprovalPolicySort, ApprovalPolicySortField, ApprovalPolicyStep as StepRow,
    ApprovalPolicyUpdateInput,
};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Part;
use crate::permission::Permission;
use crate::processes::named::{self, NamedRole, NamedUser};
use crate::{noun, payload};

noun! {
    /// Who has to approve records of a kind.
    ApprovalPolicy of crate::processes::reach::policies as PolicyRow, ApprovalPolicyId;
    listed by ApprovalPolicyFilter, ApprovalPolicySortField
}

/// A step of a policy.
#[derive(Clone, Debug)]
pub struct ApprovalPolicyStep(pub StepRow);

/// A step of an approval policy. Who decides holds the permission, if one is named, and has one of
/// the roles or is one of the users, if any are named.
#[Object]
impl ApprovalPolicyStep {
    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// What it is called.
    async fn name(&self) -> Option<&str> {
        self.0.name.as_deref()
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

    /// Hours to decide, from when it opens.
    async fn due_hours(&self) -> Option<i32> {
        self.0.due_hours
    }

    /// The roles whose holders may decide, too, once the hours are over.
    async fn escalation_roles(&self) -> Vec<NamedRole> {
        named::roles(&self.0.escalation_role_ids)
    }

    /// The users who may decide, too, once the hours are over.
    async fn escalation_users(&self) -> Vec<NamedUser> {
        named::users(&self.0.escalation_user_ids)
    }

    /// Whether deciding takes a fresh proof of identity.
    async fn step_up(&self) -> bool {
        self.0.step_up
    }
}

impl Part for ApprovalPolicyStep {
    type Of = ApprovalPolicyId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ApprovalPolicyId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ApprovalPolicyId, Self)>>> {
        async move {
            let rows = policy::steps_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.policy_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// What the viewer can do with an approval policy.
#[derive(SimpleObject)]
pub struct ApprovalPolicyViewerCan {
    /// Change it.
    update: Permission,
}

/// Who has to approve records of a kind. Its steps are copied into each approval, so that a change
/// never changes an approval that is under way.
#[Object]
impl ApprovalPolicy {
    /// The policy.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The GraphQL type of the records.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The company whose records it is for; null for all companies', and for those who may not see
    /// it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// The currency of the amounts.
    async fn currency_code(&self) -> Option<CurrencyCode> {
        self.0.currency_code
    }

    /// From this amount, inclusive.
    async fn amount_from(&self) -> Option<Dec> {
        self.0.amount_from
    }

    /// Up to this amount, exclusive.
    async fn amount_to(&self) -> Option<Dec> {
        self.0.amount_to
    }

    /// Whether it counts.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// Its steps in order, 20 at most.
    async fn steps(&self, graph: &Context<'_>) -> Result<Vec<ApprovalPolicyStep>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was changed last.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ApprovalPolicyViewerCan> {
        let call = Call::of(graph)?;
        let company = self.0.company_id;
        let update = Permission::held(call, POLICY_MANAGE, |scope| scope.covers(company, None));
        Ok(ApprovalPolicyViewerCan { update })
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

payload! {
    /// What making an approval policy gives.
    ApprovalPolicyCreatePayload {
        /// The policy.
        approval_policy: ApprovalPolicy
    }
    /// What changing an approval policy gives.
    ApprovalPolicyUpdatePayload {
        /// The policy.
        approval_policy: ApprovalPolicy
    }
}

/// Looks at approval policies.
#[derive(Default)]
pub struct ApprovalPolicyQuery;

#[Object]
impl ApprovalPolicyQuery {
    /// An approval policy. Needs `processes.approval.read` or `processes.policy.manage`.
    async fn approval_policy(
        &self,
        graph: &Context<'_>,
        id: ApprovalPolicyId,
    ) -> Result<Option<ApprovalPolicy>> {
        find(graph, id).await
    }

    /// Approval policies. Needs `processes.approval.read` or `processes.policy.manage`.
    async fn approval_policies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ApprovalPolicyFilter>,
        sort: Option<ApprovalPolicySort>,
        search: Option<String>,
    ) -> Result<Connection<ApprovalPolicy>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }
}

/// Acts on approval policies.
#[derive(Default)]
pub struct ApprovalPolicyMutation;

#[Object]
impl ApprovalPolicyMutation {
    /// Makes an approval policy. Needs `processes.policy.manage`; for one of all companies in the
    /// whole organisation.
    async fn approval_policy_create(
        &self,
        graph: &Context<'_>,
        input: ApprovalPolicyCreateInput,
    ) -> Result<ApprovalPolicyCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ApprovalPolicy(policy::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes an approval policy; approvals under way keep their steps. Needs
    /// `processes.policy.manage`.
    async fn approval_policy_update(
        &self,
        graph: &Context<'_>,
        input: ApprovalPolicyUpdateInput,
    ) -> Result<ApprovalPolicyUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ApprovalPolicy(policy::update(tx, input).await?)) })
        })
        .await
    }
}
