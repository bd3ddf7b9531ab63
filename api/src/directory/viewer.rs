//! The viewer: who asks, as whom, and what they may do.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::actor::EVERYTHING;
use kernel::ids::ApiKeyId;
use kernel::{Locale, Principal, Scope};

use crate::call::Call;
use crate::credentials::CallBase;
use crate::directory::api_key::ApiKey;
use crate::directory::organisation::Organisation;
use crate::directory::role;
use crate::directory::session::{Session, own_session};
use crate::directory::user::User;
use crate::people::employee::Employee;

/// What kind of caller asks.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum ViewerKind {
    /// A person.
    User,
    /// An automation.
    ApiKey,
    /// Trastienda itself.
    System,
}

/// A permission of the viewer and where it holds.
#[derive(SimpleObject)]
pub struct ViewerPermission {
    /// The permission.
    name: String,
    /// Whether it holds in the whole organisation.
    everywhere: bool,
    /// The companies in which it holds, all departments.
    company_ids: Vec<ID>,
    /// The departments in which it holds.
    department_ids: Vec<ID>,
}

/// Who asks.
pub struct Viewer;

/// Who asks, as whom, and what they may do.
#[Object]
impl Viewer {
    /// What kind of caller.
    async fn kind(&self, graph: &Context<'_>) -> Result<ViewerKind> {
        Ok(match Call::of(graph)?.actor().principal {
            Principal::User(_) => ViewerKind::User,
            Principal::ApiKey(_) => ViewerKind::ApiKey,
            Principal::System => ViewerKind::System,
        })
    }

    /// The name to show.
    async fn name(&self, graph: &Context<'_>) -> Result<String> {
        Ok(Call::of(graph)?.actor().name.clone())
    }

    /// The user; null for an automation.
    async fn user(&self, graph: &Context<'_>) -> Result<Option<User>> {
        let call = Call::of(graph)?;
        call.load_some(call.actor().principal.user()).await
    }

    /// The API key; null for a person.
    async fn api_key(&self, graph: &Context<'_>) -> Result<Option<ApiKey>> {
        let call = Call::of(graph)?;
        let key: Option<ApiKeyId> = match call.actor().principal {
            Principal::ApiKey(key) => Some(key),
            _ => None,
        };
        call.load_some(key).await
    }

    /// The employee that the viewer is; null when they are none, or may not see themselves.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        let call = Call::of(graph)?;
        call.load_some(call.actor().employee).await
    }

    /// The organisation.
    async fn organisation(&self, graph: &Context<'_>) -> Result<Option<Organisation>> {
        let call = Call::of(graph)?;
        call.load(call.actor().organisation).await
    }

    /// Everything that the viewer may do, and where.
    async fn permissions(&self, graph: &Context<'_>) -> Result<Vec<ViewerPermission>> {
        let actor = Call::of(graph)?.actor();
        if actor.may(EVERYTHING) {
            let all = role::names()
                .into_iter()
                .map(|name| (name, actor.scope(name)));
            return Ok(all.map(|(name, scope)| held(name, &scope)).collect());
        }
        Ok(actor
            .grants
            .iter()
            .map(|(name, scope)| held(name, scope))
            .collect())
    }

    /// The language in which the viewer is answered.
    async fn locale(&self, graph: &Context<'_>) -> Result<Locale> {
        Ok(Call::of(graph)?.context().locale)
    }

    /// The session of this request; null for an automation.
    async fn session(&self, graph: &Context<'_>) -> Result<Option<Session>> {
        let id = own_session(CallBase::of(graph)?);
        Call::of(graph)?.load_some(id).await
    }

    /// What a browser sends as `X-CSRF-Token`; null for other clients.
    async fn csrf_token(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let login = CallBase::of(graph)?.login.as_ref();
        Ok(login.and_then(|login| login.csrf.clone()))
    }

    /// Whether a new password must be set before anything else; until then nothing is permitted.
    async fn must_change_password(&self, graph: &Context<'_>) -> Result<bool> {
        let login = CallBase::of(graph)?.login.as_ref();
        Ok(login.is_some_and(|login| login.must_change_password))
    }

    /// When the viewer last proved their identity; sensitive acts are open for five minutes.
    async fn proved_at(&self, graph: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(Call::of(graph)?.actor().proved_at)
    }

    /// When the credential is over in any case.
    async fn expires_at(&self, graph: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        Ok(CallBase::of(graph)?
            .login
            .as_ref()
            .map(|login| login.expires_at))
    }
}

fn held(name: &str, scope: &Scope) -> ViewerPermission {
    ViewerPermission {
        name: name.to_owned(),
        everywhere: scope.everywhere,
        company_ids: scope.companies.iter().map(|id| ID::from(*id)).collect(),
        department_ids: scope.departments.iter().map(|id| ID::from(*id)).collect(),
    }
}

/// Asks who asks.
#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who asks, as whom, and what they may do.
    async fn viewer(&self, graph: &Context<'_>) -> Result<Viewer> {
        Call::of(graph)?;
        Ok(Viewer)
    }
}
