//! Log-in through a provider: where it can be had, the way there, and the way back for apps.
//!
//! A browser keeps the state in an httpOnly cookie and comes back to
//! [`super::identity_callback`]; an app keeps it itself and ends by `identityFinish`.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use axum::http::header::SET_COOKIE;
use directory::Keys;
use directory::auth::LoggedIn;
use directory::oidc::{self, Finish, IdentityStartInput, Landing};
use directory::secret::Sensitive;
use directory::session::{ABSOLUTE_HOURS, SessionKind};
use kernel::ids::OrganisationId;

use crate::act::{Payload, settle};
use crate::credentials::CallBase;
use crate::directory::session::Session;
use crate::directory::session_start::{Begun, SessionStartPayload, own_record};
use crate::directory::user::User;
use crate::failure::{self, UserError};

/// A provider that a log-in page may offer.
#[derive(SimpleObject)]
pub struct IdentityOption {
    /// The provider, as `identityStart` wants it.
    provider_id: ID,
    /// Its name.
    name: String,
}

/// What setting out for a provider gives.
#[derive(Default, SimpleObject)]
pub struct IdentityStartPayload {
    /// Where to send the user.
    url: Option<String>,
    /// What an app keeps and shows when the user is back; a browser has it in a cookie.
    state: Option<String>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for IdentityStartPayload {
    type Record = (String, Option<String>);

    fn done((url, state): (String, Option<String>)) -> Self {
        Self {
            url: Some(url),
            state,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            user_errors,
            ..Self::default()
        }
    }
}

/// What a provider sent back.
#[derive(InputObject)]
pub struct IdentityFinishInput {
    /// `code` of the address that the provider sent the user back to; not needed again when the
    /// second factor alone was missing.
    code: Option<Sensitive>,
    /// `state` of that address.
    state: Sensitive,
    /// The state that `identityStart` gave; a browser has it in its cookie.
    kept_state: Option<Sensitive>,
    /// `iss` of that address, where there is one.
    issuer: Option<String>,
    /// The code of the authenticator app, or a recovery code; when there is a second factor.
    totp: Option<Sensitive>,
}

/// What logging in through a provider gives. A browser gets its cookie by header and never sees it.
#[derive(Default, SimpleObject)]
pub struct IdentityFinishPayload {
    /// The session.
    session: Option<Session>,
    /// Who logged in.
    user: Option<User>,
    /// What a browser sends as `X-CSRF-Token` with everything but a GET; browsers alone.
    csrf_token: Option<String>,
    /// What an app sends as `Authorization: Bearer …`; apps alone.
    access_token: Option<String>,
    /// Until when the access token is good, or the cookie of a browser.
    access_expires_at: Option<chrono::DateTime<chrono::Utc>>,
    /// What gets the next access token, once; apps alone.
    refresh_token: Option<String>,
    /// What a person can mend; empty when it was done. `directory.totp_required` wants the same
    /// state again with the code of the second factor.
    user_errors: Vec<UserError>,
}

impl Payload for IdentityFinishPayload {
    type Record = Begun;

    fn done(begun: Begun) -> Self {
        let SessionStartPayload {
            session,
            user,
            csrf_token,
            access_token,
            access_expires_at,
            refresh_token,
            ..
        } = SessionStartPayload::done(begun);
        Self {
            session,
            user,
            csrf_token,
            access_token,
            access_expires_at,
            refresh_token,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            user_errors,
            ..Self::default()
        }
    }
}

/// What a log-in page asks before anybody is known.
#[derive(Default)]
pub struct IdentityLoginQuery;

#[Object]
impl IdentityLoginQuery {
    /// The providers that a log-in page of an organisation may offer. Needs no credential: their
    /// names are no secret.
    async fn identity_options(
        &self,
        graph: &Context<'_>,
        organisation: OrganisationId,
    ) -> Result<Vec<IdentityOption>> {
        let base = CallBase::of(graph)?;
        let found = oidc::providers_of(&base.core.db, organisation).await;
        let found = found.map_err(|error| failure::of(&base.stranger(), error))?;
        let option = |(id, name): (oidc::IdentityProviderId, String)| IdentityOption {
            provider_id: id.into(),
            name,
        };
        Ok(found.into_iter().map(option).collect())
    }
}

/// Logs in through a provider.
#[derive(Default)]
pub struct IdentityLoginMutation;

#[Object]
impl IdentityLoginMutation {
    /// Sets out for a provider: gives the address to send the user to. A browser gets a cookie for
    /// its way back, an app the state to keep. Needs no credential.
    async fn identity_start(
        &self,
        graph: &Context<'_>,
        input: IdentityStartInput,
    ) -> Result<IdentityStartPayload> {
        let base = CallBase::of(graph)?;
        let kind = input.kind;
        let outcome = set_out(base, input).await.map(|(begun, secure)| {
            if kind == SessionKind::Mobile {
                return (begun.url, Some(begun.state));
            }
            let cookie = base.clone().secured(secure).state_cookie(&begun.state);
            graph.append_http_header(SET_COOKIE, cookie);
            (begun.url, None)
        });
        settle(&base.stranger(), outcome)
    }

    /// Logs in by what a provider sent back. Needs no other credential. Browsers come back to
    /// `/auth/oidc/callback`, which does the same.
    async fn identity_finish(
        &self,
        graph: &Context<'_>,
        input: IdentityFinishInput,
    ) -> Result<IdentityFinishPayload> {
        let base = CallBase::of(graph)?;
        let kept = input.kept_state.map(|state| state.0);
        let back = Finish {
            code: input.code.map(|code| code.0),
            state: input.state.0,
            kept_state: kept
                .or_else(|| base.state.as_deref().map(str::to_owned))
                .unwrap_or_default(),
            issuer: input.issuer,
            totp: input.totp,
        };
        let outcome = come_back(base, back).await;
        if let Ok(begun) = &outcome
            && let Some(token) = begun.cookie()
        {
            let cookie = base.cookie(token, ABSOLUTE_HOURS * 3_600);
            graph.append_http_header(SET_COOKIE, cookie);
            graph.append_http_header(SET_COOKIE, base.state_cookie(""));
        }
        settle(&base.stranger(), outcome)
    }
}

async fn set_out(
    base: &CallBase,
    input: IdentityStartInput,
) -> kernel::Result<(oidc::Begun, bool)> {
    let keys = base.core.services.get::<Keys>()?;
    let landing = base.core.services.get::<Landing>()?;
    let secure = landing.is_secure();
    let begun = oidc::begin(&base.core.db, &keys, &landing, input).await?;
    Ok((begun, secure))
}

async fn come_back(base: &CallBase, back: Finish) -> kernel::Result<Begun> {
    let login = finish(base, back).await?;
    let user = own_record(base, &login).await?;
    Ok(Begun { login, user })
}

/// Finishes a log-in for whoever came back, by GraphQL or by the callback.
pub(super) async fn finish(base: &CallBase, back: Finish) -> kernel::Result<LoggedIn> {
    let keys = base.core.services.get::<Keys>()?;
    let landing = base.core.services.get::<Landing>()?;
    oidc::finish(&base.core.db, &keys, &landing, &base.source, back).await
}
