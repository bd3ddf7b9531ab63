//! Log-in and the next tokens of an app: the two mutations that nobody needs to be known for.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use axum::http::header::SET_COOKIE;
use chrono::{DateTime, Utc};
use directory::Keys;
use directory::auth::{self, LoggedIn, Refusal, SessionRefreshInput, SessionStartInput};
use directory::session::{ABSOLUTE_HOURS, SessionKind, Tokens};
use kernel::{Actor, Principal};

use crate::act::{Payload, settle};
use crate::credentials::CallBase;
use crate::directory::session::Session;
use crate::directory::user::User;
use crate::failure::{self, UserError};

/// What logging in gives. A browser gets its cookie by header and never sees it.
#[derive(Default, SimpleObject)]
pub struct SessionStartPayload {
    /// The session.
    pub(super) session: Option<Session>,
    /// Who logged in.
    pub(super) user: Option<User>,
    /// What a browser sends as `X-CSRF-Token` with everything but a GET; browsers alone.
    pub(super) csrf_token: Option<String>,
    /// What an app sends as `Authorization: Bearer …`; apps alone.
    pub(super) access_token: Option<String>,
    /// Until when the access token is good, or the cookie of a browser.
    pub(super) access_expires_at: Option<DateTime<Utc>>,
    /// What gets the next access token, once; apps alone.
    pub(super) refresh_token: Option<String>,
    /// Whether a new password must be set, by `userPasswordChange`, before anything else.
    must_change_password: Option<bool>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// Somebody who has just logged in.
pub struct Begun {
    pub(super) login: LoggedIn,
    pub(super) user: Option<User>,
}

impl Begun {
    /// The cookie's value, where it is a browser's session.
    pub(super) fn cookie(&self) -> Option<&str> {
        let browser = self.login.session.kind == SessionKind::Browser;
        browser.then_some(self.login.tokens.access.0.as_str())
    }
}

impl Payload for SessionStartPayload {
    type Record = Begun;

    fn done(begun: Begun) -> Self {
        let LoggedIn {
            session,
            tokens,
            must_change_password,
            ..
        } = begun.login;
        let app = session.kind == SessionKind::Mobile;
        Self {
            session: Some(Session(session)),
            user: begun.user,
            csrf_token: tokens.csrf.map(|token| token.0),
            access_token: app.then_some(tokens.access.0),
            access_expires_at: Some(tokens.access_expires_at),
            refresh_token: tokens.refresh.map(|token| token.0),
            must_change_password: Some(must_change_password),
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

/// What asking for the next tokens gives.
#[derive(Default, SimpleObject)]
pub struct SessionRefreshPayload {
    /// The session.
    session: Option<Session>,
    /// The next bearer token.
    access_token: Option<String>,
    /// Until when it is good.
    access_expires_at: Option<DateTime<Utc>>,
    /// What gets the one after it, once.
    refresh_token: Option<String>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for SessionRefreshPayload {
    type Record = (Session, Tokens);

    fn done((session, tokens): (Session, Tokens)) -> Self {
        Self {
            session: Some(session),
            access_token: Some(tokens.access.0),
            access_expires_at: Some(tokens.access_expires_at),
            refresh_token: tokens.refresh.map(|token| token.0),
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

/// Begins sessions.
#[derive(Default)]
pub struct SessionStartMutation;

#[Object]
impl SessionStartMutation {
    /// Logs in. Kind `BROWSER` sets an httpOnly cookie and gives its CSRF token; `MOBILE` gives a
    /// bearer token and a refresh token. Needs no credential.
    async fn session_start(
        &self,
        graph: &Context<'_>,
        input: SessionStartInput,
    ) -> Result<SessionStartPayload> {
        let base = CallBase::of(graph)?;
        let outcome = begin(base, input).await;
        if let Ok(begun) = &outcome
            && let Some(token) = begun.cookie()
        {
            let cookie = base.cookie(token, ABSOLUTE_HOURS * 3_600);
            graph.append_http_header(SET_COOKIE, cookie);
        }
        settle(&base.stranger(), outcome)
    }

    /// Gives an app its next tokens. A refresh token that was used before ends its session. Needs
    /// no other credential.
    async fn session_refresh(
        &self,
        graph: &Context<'_>,
        input: SessionRefreshInput,
    ) -> Result<SessionRefreshPayload> {
        let base = CallBase::of(graph)?;
        let outcome = match auth::refresh(&base.core.db, input).await {
            Ok((session, tokens)) => Ok((Session(session), tokens)),
            Err(Refusal::Failed(error)) => Err(error),
            Err(Refusal::Unauthenticated | Refusal::CsrfMissing) => {
                return Err(failure::unauthenticated());
            }
        };
        settle(&base.stranger(), outcome)
    }
}

async fn begin(base: &CallBase, input: SessionStartInput) -> kernel::Result<Begun> {
    let keys = base.core.services.get::<Keys>()?;
    let login = auth::login(&base.core.db, &keys, &base.source, input).await?;
    let user = own_record(base, &login).await?;
    Ok(Begun { login, user })
}

/// The record of the one who logged in, seen with their own eyes and no other rights.
pub(super) async fn own_record(base: &CallBase, login: &LoggedIn) -> kernel::Result<Option<User>> {
    let actor = Actor {
        principal: Principal::User(login.user_id),
        name: String::new(),
        grants: std::collections::BTreeMap::new(),
        ..Actor::system(login.session.organisation_id)
    };
    let context = kernel::Context::new(Arc::new(actor), base.core.clock().now());
    let mut tx = base.core.db.begin(&Arc::new(context)).await?;
    let user = directory::user::find(&mut tx, login.user_id).await?;
    tx.commit().await?;
    Ok(user.map(User))
}
