//! Users and roles as records name them: the name for everybody who sees the record, the user or
//! role itself for those who may see it.

use async_graphql::{Context, Object, Result};
use directory::permission::{COMPANY_READ, ROLE_READ};
use futures::future::{BoxFuture, FutureExt};
use kernel::Tx;
use kernel::ids::{CompanyId, RoleId, UserId};
use processes::authority;
use uuid::Uuid;

use crate::call::Call;
use crate::directory::company::Company;
use crate::directory::role::Role;
use crate::directory::user::User;
use crate::loader::Part;
use crate::node::{self, Node};

/// A user whom a record names.
#[derive(Clone, Copy, Debug)]
pub struct NamedUser(pub UserId);

/// A user whom a record names.
#[Object]
impl NamedUser {
    /// Their name.
    async fn name(&self, graph: &Context<'_>) -> Result<String> {
        let names = Call::of(graph)?.parts::<UserName>(self.0).await?;
        Ok(names
            .into_iter()
            .next()
            .map(|name| name.0)
            .unwrap_or_default())
    }

    /// The user; null for those who may not see them.
    async fn user(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load(self.0).await
    }
}

/// A role that a record names.
#[derive(Clone, Copy, Debug)]
pub struct NamedRole(pub RoleId);

/// A role that a record names.
#[Object]
impl NamedRole {
    /// Its name.
    async fn name(&self, graph: &Context<'_>) -> Result<String> {
        let names = Call::of(graph)?.parts::<RoleName>(self.0).await?;
        Ok(names
            .into_iter()
            .next()
            .map(|name| name.0)
            .unwrap_or_default())
    }

    /// The role; null for those who may not see roles.
    async fn role(&self, graph: &Context<'_>) -> Result<Option<Role>> {
        let call = Call::of(graph)?;
        if !call.actor().may(ROLE_READ) {
            return Ok(None);
        }
        call.load(self.0).await
    }
}

/// Users by their ids.
pub fn users(ids: &[UserId]) -> Vec<NamedUser> {
    ids.iter().copied().map(NamedUser).collect()
}

/// Roles by their ids.
pub fn roles(ids: &[RoleId]) -> Vec<NamedRole> {
    ids.iter().copied().map(NamedRole).collect()
}

/// The record that something is about, by its GraphQL type; `None` when it may not be seen.
pub async fn subject(graph: &Context<'_>, kind: &str, uuid: Uuid) -> Result<Option<Node>> {
    match node::id_of(kind, uuid) {
        Some(id) => node::find(Call::of(graph)?, &id).await,
        None => Ok(None),
    }
}

/// The company of a record; `None` when it has none or it may not be seen.
pub async fn company(graph: &Context<'_>, id: Option<CompanyId>) -> Result<Option<Company>> {
    let call = Call::of(graph)?;
    if !call.actor().may(COMPANY_READ) {
        return Ok(None);
    }
    call.load_some(id).await
}

/// The name of a user.
#[derive(Clone, Debug)]
struct UserName(String);

impl Part for UserName {
    type Of = UserId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [UserId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(UserId, Self)>>> {
        async move {
            let names = authority::user_names(tx, ids).await?;
            Ok(names
                .into_iter()
                .map(|(id, name)| (id, Self(name)))
                .collect())
        }
        .boxed()
    }
}

/// The name of a role.
#[derive(Clone, Debug)]
struct RoleName(String);

impl Part for RoleName {
    type Of = RoleId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [RoleId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(RoleId, Self)>>> {
        async move {
            let names = authority::role_names(tx, ids).await?;
            Ok(names
                .into_iter()
                .map(|(id, name)| (id, Self(name)))
                .collect())
        }
        .boxed()
    }
}
