//! Delegations through the API: one decides for another within bounds of time.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::Fault;
use kernel::ids::DelegationId;
use processes::delegation::{
    self, Delegation as DelegationRow, DelegationCreateInput, DelegationFilter,
    DelegationRevokeInput, DelegationSort, DelegationSortField,
};
use processes::fault;
use processes::permission::DELEGATION_MANAGE;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::processes::named::NamedUser;
use crate::{noun, payload};

noun! {
    /// One decides for another within bounds of time.
    Delegation of crate::processes::reach::delegations as DelegationRow, DelegationId;
    listed by DelegationFilter, DelegationSortField
}

/// What the viewer can do with a delegation.
#[derive(SimpleObject)]
pub struct DelegationViewerCan {
    /// Revoke it.
    revoke: Permission,
}

/// One decides for another within bounds of time.
#[Object]
impl Delegation {
    /// The delegation.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Whose part it is.
    async fn delegator(&self) -> NamedUser {
        NamedUser(self.0.delegator_id)
    }

    /// Who takes it.
    async fn delegate(&self) -> NamedUser {
        NamedUser(self.0.delegate_id)
    }

    /// For which kind of record only; null for every kind.
    async fn subject_kind(&self) -> Option<&str> {
        self.0.subject_kind.as_deref()
    }

    /// From when, inclusive.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.starts_at
    }

    /// Until when, exclusive.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.0.ends_at
    }

    /// Whether it counts now.
    async fn is_in_force(&self, graph: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_in_force(Call::of(graph)?.context().now))
    }

    /// Why.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// Who made it.
    async fn created_by(&self) -> NamedUser {
        NamedUser(self.0.created_by)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was revoked.
    async fn revoked_at(&self) -> Option<DateTime<Utc>> {
        self.0.revoked_at
    }

    /// What the viewer can do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<DelegationViewerCan> {
        let call = Call::of(graph)?;
        let own = call.actor().principal.user() == Some(self.0.delegator_id);
        let revoke = match self.0.revoked_at {
            Some(_) => Permission::refused(call, &Fault::not_allowed(fault::DELEGATION_REVOKED)),
            None => Permission::held(call, DELEGATION_MANAGE, |scope| scope.everywhere || own),
        };
        Ok(DelegationViewerCan { revoke })
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
    /// What delegating gives.
    DelegationCreatePayload {
        /// The delegation.
        delegation: Delegation
    }
    /// What revoking a delegation gives.
    DelegationRevokePayload {
        /// The delegation.
        delegation: Delegation
    }
}

/// Looks at delegations.
#[derive(Default)]
pub struct DelegationQuery;

#[Object]
impl DelegationQuery {
    /// A delegation.
    async fn delegation(
        &self,
        graph: &Context<'_>,
        id: DelegationId,
    ) -> Result<Option<Delegation>> {
        find(graph, id).await
    }

    /// Delegations by oneself or to oneself; all with `processes.delegation.manage`.
    async fn delegations(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<DelegationFilter>,
        sort: Option<DelegationSort>,
        search: Option<String>,
    ) -> Result<Connection<Delegation>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }
}

/// Acts on delegations.
#[derive(Default)]
pub struct DelegationMutation;

#[Object]
impl DelegationMutation {
    /// Delegates one's own part in approvals, which needs `processes.approval.decide`, or somebody
    /// else's, which needs `processes.delegation.manage`. The delegate is told.
    async fn delegation_create(
        &self,
        graph: &Context<'_>,
        input: DelegationCreateInput,
    ) -> Result<DelegationCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Delegation(delegation::create(tx, input).await?)) })
        })
        .await
    }

    /// Revokes a delegation of one's own, or with `processes.delegation.manage` any; decisions made
    /// by it stand.
    async fn delegation_revoke(
        &self,
        graph: &Context<'_>,
        input: DelegationRevokeInput,
    ) -> Result<DelegationRevokePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Delegation(delegation::revoke(tx, input).await?)) })
        })
        .await
    }
}
