//! Sessions through the API: looked at, proved again, ended.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use axum::http::header::SET_COOKIE;
use chrono::{DateTime, Utc};
use directory::Keys;
use directory::auth::{self, SessionStepUpInput};
use directory::permission::SESSION_MANAGE;
use directory::session::{
    self, Session as SessionRow, SessionEnd, SessionFilter, SessionKind, SessionRevokeInput,
    SessionSort, SessionSortField,
};
use kernel::Fault;
use kernel::ids::SessionId;

use crate::act::{Payload, act, settle};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::credentials::CallBase;
use crate::directory::user::User;
use crate::failure::UserError;
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A log-in of a user.
    Session of directory::session as SessionRow, SessionId;
    listed by SessionFilter, SessionSortField
}

/// What the viewer may do with a session.
#[derive(SimpleObject)]
pub struct SessionViewerCan {
    /// End it.
    revoke: Permission,
}

/// A log-in of a user.
#[Object]
impl Session {
    /// The session.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Whose it is.
    async fn user(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load(self.0.user_id).await
    }

    /// The kind of client.
    async fn kind(&self) -> SessionKind {
        self.0.kind
    }

    /// What the client calls itself.
    async fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// The network address that it was started from.
    async fn source(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// Whether it is the session of this very request.
    async fn current(&self, graph: &Context<'_>) -> Result<bool> {
        Ok(own_session(CallBase::of(graph)?) == Some(self.0.id))
    }

    /// Whether it can still be used.
    async fn live(&self, graph: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_live(CallBase::of(graph)?.core.clock().now()))
    }

    /// When the user last proved their identity in it.
    async fn proved_at(&self) -> Option<DateTime<Utc>> {
        self.0.proved_at
    }

    /// When it began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last used.
    async fn last_seen_at(&self) -> DateTime<Utc> {
        self.0.last_seen_at
    }

    /// When it is over in any case.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.0.expires_at
    }

    /// When it ended before its time.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at
    }

    /// Why it ended.
    async fn end_reason(&self) -> Option<SessionEnd> {
        self.0.end_reason
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<SessionViewerCan> {
        let call = Call::of(graph)?;
        let own = call.actor().principal.user() == Some(self.0.user_id);
        let revoke = match own {
            true => Permission::allowed(),
            false => Permission::held(call, SESSION_MANAGE, |scope| scope.everywhere),
        };
        Ok(SessionViewerCan { revoke })
    }
}

/// The session of a request.
pub(super) fn own_session(base: &CallBase) -> Option<SessionId> {
    base.login.as_ref().and_then(|login| login.session)
}

payload! {
    /// What ending somebody's session gives.
    SessionRevokePayload {
        /// The session, ended.
        session: Session
    }
    /// What proving one's identity again gives.
    SessionStepUpPayload {
        /// The session; sensitive acts are open for five minutes.
        session: Session
    }
}

/// Logs out.
#[derive(InputObject)]
pub struct SessionEndInput {
    /// The session, one of one's own; the one of this request when absent.
    id: Option<SessionId>,
}

/// What logging out gives.
#[derive(SimpleObject)]
pub struct SessionEndPayload {
    /// The session, ended; null when it was over already.
    session: Option<Session>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for SessionEndPayload {
    type Record = Option<Session>;

    fn done(session: Option<Session>) -> Self {
        Self {
            session,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            session: None,
            user_errors,
        }
    }
}

/// Looks at sessions.
#[derive(Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// A session. One's own always; others with `directory.session.read`.
    async fn session(&self, graph: &Context<'_>, id: SessionId) -> Result<Option<Session>> {
        find(graph, id).await
    }

    /// Sessions. One's own always; others with `directory.session.read`.
    async fn sessions(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SessionFilter>,
        sort: Option<SessionSort>,
        search: Option<String>,
    ) -> Result<Connection<Session>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on sessions that have begun.
#[derive(Default)]
pub struct SessionMutation;

#[Object]
impl SessionMutation {
    /// Proves one's identity again, by the code when there is a second factor and by the password
    /// otherwise. Sensitive acts are open for five minutes from then on.
    async fn session_step_up(
        &self,
        graph: &Context<'_>,
        input: SessionStepUpInput,
    ) -> Result<SessionStepUpPayload> {
        let call = Call::of(graph)?;
        let outcome = prove(call, own_session(CallBase::of(graph)?), input).await;
        settle(call, outcome)
    }

    /// Logs out: ends one's own session, and takes the cookie back when it is this request's.
    async fn session_end(
        &self,
        graph: &Context<'_>,
        input: SessionEndInput,
    ) -> Result<SessionEndPayload> {
        let base = CallBase::of(graph)?;
        let own = own_session(base);
        if input.id.is_none() || input.id == own {
            graph.append_http_header(SET_COOKIE, base.cookie("", 0));
        }
        let (Ok(call), Some(id)) = (Call::of(graph), input.id.or(own)) else {
            return Ok(SessionEndPayload::done(None));
        };
        settle(call, end(call, id).await)
    }

    /// Ends a session of one's own, or with `directory.session.manage` anybody's.
    async fn session_revoke(
        &self,
        graph: &Context<'_>,
        input: SessionRevokeInput,
    ) -> Result<SessionRevokePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Session(session::revoke(tx, input).await?)) })
        })
        .await
    }
}

async fn prove(
    call: &Call,
    own: Option<SessionId>,
    input: SessionStepUpInput,
) -> kernel::Result<Session> {
    let id = own.ok_or(kernel::Error::Denied("directory.user"))?;
    let keys = call.core().services.get::<Keys>()?;
    auth::step_up(&call.core().db, &keys, call.context(), id, input).await?;
    let mut tx = call.core().db.begin(call.context()).await?;
    let found = session::by_ids(&mut tx, &[id]).await?;
    tx.commit().await?;
    let gone = || Fault::not_found("kernel.not_found").into();
    found.into_iter().next().map(Session).ok_or_else(gone)
}

async fn end(call: &Call, id: SessionId) -> kernel::Result<Option<Session>> {
    let mut tx = call.core().db.begin(call.context()).await?;
    match auth::logout(&mut tx, id).await {
        Ok(ended) => tx.commit().await.map(|()| ended.map(Session)),
        Err(error) => {
            tx.rollback().await?;
            Err(error)
        }
    }
}
