//! Roles through the API: named sets of permissions.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{OTHERS, PERMISSIONS, ROLE_MANAGE};
use directory::role::{
    self, Role as RoleRow, RoleCreateInput, RoleFilter, RoleSort, RoleSortField, RoleUpdateInput,
};
use kernel::Fault;
use kernel::ids::RoleId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::assignment::{AssignmentsOfRole, RoleAssignment};
use crate::directory::children::connected;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A named set of permissions.
    Role of directory::role as RoleRow, RoleId; listed by RoleFilter, RoleSortField
}

/// What the viewer may do with a role.
#[derive(SimpleObject)]
pub struct RoleViewerCan {
    /// Change it; needs a fresh proof of identity too.
    update: Permission,
    /// Give it to somebody; needs a fresh proof of identity too.
    assign: Permission,
}

/// A named set of permissions.
#[Object]
impl Role {
    /// The role.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its unchanging key.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is for.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What it allows; `*` stands for everything.
    async fn permissions(&self) -> &[String] {
        &self.0.permissions
    }

    /// Whether it came with the organisation.
    async fn built_in(&self) -> bool {
        self.0.built_in
    }

    /// Who has it.
    async fn assignments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<RoleAssignment>> {
        let slice = Slice::new(first, after, last, before);
        connected::<AssignmentsOfRole>(graph, self.0.id, slice).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<RoleViewerCan> {
        let call = Call::of(graph)?;
        let everywhere = Permission::held(call, ROLE_MANAGE, |scope| scope.everywhere);
        let own_making = || match self.0.built_in {
            true => Permission::refused(call, &Fault::not_allowed("directory.role_built_in")),
            false => Permission::allowed(),
        };
        let assign = Permission::held(call, ROLE_MANAGE, |scope| !scope.is_nowhere());
        Ok(RoleViewerCan {
            update: everywhere.and(own_making),
            assign,
        })
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
}

payload! {
    /// What making a role gives.
    RoleCreatePayload {
        /// The role.
        role: Role
    }
    /// What changing a role gives.
    RoleUpdatePayload {
        /// The role.
        role: Role
    }
}

/// Looks at roles.
#[derive(Default)]
pub struct RoleQuery;

#[Object]
impl RoleQuery {
    /// A role. Needs `directory.role.read`.
    async fn role(&self, graph: &Context<'_>, id: RoleId) -> Result<Option<Role>> {
        find(graph, id).await
    }

    /// Roles. Needs `directory.role.read`.
    async fn roles(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<RoleFilter>,
        sort: Option<RoleSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Role>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }

    /// Every permission that a role can be made of.
    async fn permission_names(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        Call::of(graph)?;
        Ok(names())
    }
}

/// Every permission that a role can be made of, sorted.
pub(super) fn names() -> Vec<&'static str> {
    let own = PERMISSIONS.iter().map(|(name, _)| *name);
    let mut names: Vec<&'static str> = own.chain(OTHERS.iter().copied()).collect();
    names.sort_unstable();
    names
}

/// Acts on roles.
#[derive(Default)]
pub struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Makes a role. Needs `directory.role.manage` and a fresh proof of identity.
    async fn role_create(
        &self,
        graph: &Context<'_>,
        input: RoleCreateInput,
    ) -> Result<RoleCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Role(role::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a role for everybody who has it; not one that came with the organisation, nor one of
    /// one's own. Needs `directory.role.manage` and a fresh proof of identity.
    async fn role_update(
        &self,
        graph: &Context<'_>,
        input: RoleUpdateInput,
    ) -> Result<RoleUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Role(role::update(tx, input).await?)) })
        })
        .await
    }
}
