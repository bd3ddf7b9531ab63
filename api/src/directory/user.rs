//! Users through the API: the people who can log in.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::USER_MANAGE;
use directory::user::{
    self, User as UserRow, UserCreateInput, UserDeactivateInput, UserFilter,
    UserPasswordChangeInput, UserPasswordResetInput, UserReactivateInput, UserSort, UserSortField,
    UserTotpRemoveInput, UserUpdateInput,
};
use kernel::ids::{EmployeeId, UserId};
use kernel::{Fault, Locale};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::credentials::CallBase;
use crate::directory::assignment::{AssignmentsOfUser, RoleAssignment};
use crate::directory::children::connected;
use crate::directory::sealed::sealed_act;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A person who can log in.
    User of directory::user as UserRow, UserId; listed by UserFilter, UserSortField
}

/// What the viewer may do with a user.
#[derive(SimpleObject)]
pub struct UserViewerCan {
    /// Change name and language.
    update: Permission,
    /// Change the address and the employee they are; needs a fresh proof of identity too.
    update_identity: Permission,
    /// Stop them from logging in.
    deactivate: Permission,
    /// Let them log in again.
    reactivate: Permission,
    /// Give them a new password; needs a fresh proof of identity too.
    reset_password: Permission,
}

/// A person who can log in.
#[Object]
impl User {
    /// The user.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The e-mail address.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The name to show.
    async fn display_name(&self) -> &str {
        &self.0.display_name
    }

    /// The language of messages to them.
    async fn locale(&self) -> Locale {
        self.0.locale
    }

    /// Whether they can log in.
    async fn active(&self) -> bool {
        self.0.active
    }

    /// The id of the employee they are.
    async fn employee_id(&self) -> Option<EmployeeId> {
        self.0.employee_id
    }

    /// Whether a second factor is asked for.
    async fn totp_enabled(&self) -> bool {
        self.0.totp_enabled
    }

    /// When they last logged in.
    async fn last_login_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_login_at
    }

    /// The roles they have; of others only with `directory.role.read`.
    async fn role_assignments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<RoleAssignment>> {
        let slice = Slice::new(first, after, last, before);
        connected::<AssignmentsOfUser>(graph, self.0.id, slice).await
    }

    /// When they were made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with them.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<UserViewerCan> {
        let call = Call::of(graph)?;
        let own = call.actor().principal.user() == Some(self.0.id);
        let manage = Permission::held(call, USER_MANAGE, |scope| scope.everywhere);
        let not_own = || match own {
            true => Permission::refused(call, &Fault::not_allowed("directory.user_self")),
            false => Permission::allowed(),
        };
        Ok(UserViewerCan {
            update: if own {
                Permission::allowed()
            } else {
                manage.clone()
            },
            update_identity: manage.clone(),
            deactivate: manage.clone().and(not_own),
            reactivate: manage.clone(),
            reset_password: manage,
        })
    }

    /// What happened to them.
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
    /// What making a user gives.
    UserCreatePayload {
        /// The user.
        user: User
    }
    /// What changing a user gives.
    UserUpdatePayload {
        /// The user.
        user: User
    }
    /// What deactivating a user gives.
    UserDeactivatePayload {
        /// The user.
        user: User
    }
    /// What letting a user in again gives.
    UserReactivatePayload {
        /// The user.
        user: User
    }
    /// What changing one's password gives.
    UserPasswordChangePayload {
        /// The user.
        user: User
    }
    /// What giving a user a new password gives.
    UserPasswordResetPayload {
        /// The user.
        user: User
    }
    /// What taking away a user's second factor gives.
    UserTotpRemovePayload {
        /// The user.
        user: User
    }
}

/// Looks at users.
#[derive(Default)]
pub struct UserQuery;

#[Object]
impl UserQuery {
    /// A user. Oneself always; others with `directory.user.read`.
    async fn user(&self, graph: &Context<'_>, id: UserId) -> Result<Option<User>> {
        find(graph, id).await
    }

    /// Users. Oneself always; others with `directory.user.read`.
    async fn users(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<UserFilter>,
        sort: Option<UserSort>,
        search: Option<String>,
    ) -> Result<Connection<User>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on users.
#[derive(Default)]
pub struct UserMutation;

#[Object]
impl UserMutation {
    /// Makes a user. Needs `directory.user.manage` everywhere.
    async fn user_create(
        &self,
        graph: &Context<'_>,
        input: UserCreateInput,
    ) -> Result<UserCreatePayload> {
        sealed_act(graph, |tx, keys| {
            Box::pin(async move { Ok(User(user::create(tx, keys, input).await?)) })
        })
        .await
    }

    /// Changes a user. Of oneself name and language; the rest needs `directory.user.manage`, and
    /// address and employee a fresh proof of identity.
    async fn user_update(
        &self,
        graph: &Context<'_>,
        input: UserUpdateInput,
    ) -> Result<UserUpdatePayload> {
        sealed_act(graph, |tx, keys| {
            Box::pin(async move { Ok(User(user::update(tx, keys, input).await?)) })
        })
        .await
    }

    /// Stops a user from logging in and ends their sessions. Needs `directory.user.manage`.
    async fn user_deactivate(
        &self,
        graph: &Context<'_>,
        input: UserDeactivateInput,
    ) -> Result<UserDeactivatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(User(user::deactivate(tx, input).await?)) })
        })
        .await
    }

    /// Lets a user log in again. Needs `directory.user.manage`.
    async fn user_reactivate(
        &self,
        graph: &Context<'_>,
        input: UserReactivateInput,
    ) -> Result<UserReactivatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(User(user::reactivate(tx, input).await?)) })
        })
        .await
    }

    /// Changes one's own password and ends one's other sessions. Needs a fresh proof of identity.
    async fn user_password_change(
        &self,
        graph: &Context<'_>,
        input: UserPasswordChangeInput,
    ) -> Result<UserPasswordChangePayload> {
        let session = CallBase::of(graph)?
            .login
            .as_ref()
            .and_then(|login| login.session);
        sealed_act(graph, move |tx, _| {
            Box::pin(async move { Ok(User(user::change_password(tx, session, input).await?)) })
        })
        .await
    }

    /// Gives a user a password that they must change at once. Needs `directory.user.manage` and a
    /// fresh proof of identity.
    async fn user_password_reset(
        &self,
        graph: &Context<'_>,
        input: UserPasswordResetInput,
    ) -> Result<UserPasswordResetPayload> {
        sealed_act(graph, |tx, _| {
            Box::pin(async move { Ok(User(user::reset_password(tx, input).await?)) })
        })
        .await
    }

    /// Takes away the second factor of a user who lost it. Needs `directory.user.manage` and a
    /// fresh proof of identity.
    async fn user_totp_remove(
        &self,
        graph: &Context<'_>,
        input: UserTotpRemoveInput,
    ) -> Result<UserTotpRemovePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(User(user::remove_totp(tx, input).await?)) })
        })
        .await
    }
}
