//! Roles given to users, through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, DEPARTMENT_READ, ROLE_READ};
use directory::role::{
    self, RoleAssignInput, RoleAssignment as RoleAssignmentRow, RoleAssignmentFilter,
    RoleAssignmentSort, RoleAssignmentSortField, RoleUnassignInput, assignments_of_roles,
    assignments_of_users,
};
use kernel::ids::{RoleAssignmentId, RoleId, UserId};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::children::children;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::link::link;
use crate::directory::role::Role;
use crate::directory::sealed::Removed;
use crate::directory::user::User;
use crate::failure::UserError;
use crate::{noun, payload};

/// What the noun is loaded by.
mod store {
    pub use directory::role::{
        assignments_by_ids as by_ids, assignments_count as count, assignments_page as page,
    };
}

noun! {
    /// A role given to a user, everywhere or in one company or department.
    RoleAssignment of self::store as RoleAssignmentRow, RoleAssignmentId;
    listed by RoleAssignmentFilter, RoleAssignmentSortField
}

children! {
    AssignmentsOfUser: RoleAssignment of UserId; by assignments_of_users, |row| Some(row.user_id)
}

children! {
    AssignmentsOfRole: RoleAssignment of RoleId; by assignments_of_roles, |row| Some(row.role_id)
}

/// A role given to a user, everywhere or in one company or department.
#[Object]
impl RoleAssignment {
    /// The assignment.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The role; null without `directory.role.read`.
    async fn role(&self, graph: &Context<'_>) -> Result<Option<Role>> {
        link(graph, ROLE_READ, Some(self.0.role_id)).await
    }

    /// Who has it; null when the viewer may not see them.
    async fn user(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load(self.0.user_id).await
    }

    /// In this company alone; null when it holds everywhere.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, self.0.company_id).await
    }

    /// In this department and those below it alone.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        link(graph, DEPARTMENT_READ, self.0.department_id).await
    }

    /// Whether it holds in the whole organisation.
    async fn everywhere(&self) -> bool {
        self.0.company_id.is_none()
    }

    /// When it was given.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

payload! {
    /// What giving a role gives.
    RoleAssignPayload {
        /// The role given.
        role_assignment: RoleAssignment
    }
}

/// What taking a role away gives.
#[derive(SimpleObject)]
pub struct RoleUnassignPayload {
    /// The user, when the viewer may see them.
    user: Option<User>,
    /// The assignment that is gone.
    deleted_id: Option<ID>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for RoleUnassignPayload {
    type Record = Removed<User, RoleAssignmentId>;

    fn done(record: Self::Record) -> Self {
        let deleted_id = Some(record.gone.into());
        Self {
            user: record.owner,
            deleted_id,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            user: None,
            deleted_id: None,
            user_errors,
        }
    }
}

/// Looks at roles given.
#[derive(Default)]
pub struct RoleAssignmentQuery;

#[Object]
impl RoleAssignmentQuery {
    /// A role given to a user. Needs `directory.role.read`, or to be the user.
    async fn role_assignment(
        &self,
        graph: &Context<'_>,
        id: RoleAssignmentId,
    ) -> Result<Option<RoleAssignment>> {
        find(graph, id).await
    }

    /// Roles given to users. Needs `directory.role.read`; without it one sees one's own alone.
    async fn role_assignments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<RoleAssignmentFilter>,
        sort: Option<RoleAssignmentSort>,
    ) -> Result<Connection<RoleAssignment>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, None)).await
    }
}

/// Gives roles and takes them away.
#[derive(Default)]
pub struct RoleAssignmentMutation;

#[Object]
impl RoleAssignmentMutation {
    /// Gives a role to another user. Needs `directory.role.manage` there and a fresh proof of
    /// identity.
    async fn role_assign(
        &self,
        graph: &Context<'_>,
        input: RoleAssignInput,
    ) -> Result<RoleAssignPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(RoleAssignment(role::assign(tx, input).await?)) })
        })
        .await
    }

    /// Takes a role from another user. Needs `directory.role.manage` there and a fresh proof of
    /// identity.
    async fn role_unassign(
        &self,
        graph: &Context<'_>,
        input: RoleUnassignInput,
    ) -> Result<RoleUnassignPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = role::unassign(tx, input).await?;
                let owner = directory::user::find(tx, row.user_id).await?.map(User);
                Ok(Removed {
                    owner,
                    gone: row.id,
                })
            })
        })
        .await
    }
}
