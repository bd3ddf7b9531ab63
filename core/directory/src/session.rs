//! Sessions: the log-ins of users. Idle for 30 minutes or 12 hours old, they are over.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter};
use kernel::id::TypedId;
use kernel::ids::{OrganisationId, SessionId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Predicate, Result, Tx, listing};

use crate::permission::{SESSION_MANAGE, SESSION_READ};
use crate::schema::{refresh_token, session};
use crate::secret::{Sensitive, Token, TokenKind};

/// Minutes without a request after which a session is over.
pub const IDLE_MINUTES: i64 = 30;
/// Hours after which a session is over in any case.
pub const ABSOLUTE_HOURS: i64 = 12;
/// Minutes that the access token of a mobile session is good for.
pub const ACCESS_MINUTES: i64 = 15;

kernel::text_enum! {
    /// What kind of client a session is of.
    pub enum SessionKind {
        /// A browser, with an httpOnly cookie and a CSRF token.
        Browser = "BROWSER",
        /// An app, with a short access token and a refresh token that changes at each use.
        Mobile = "MOBILE",
    }
}

kernel::text_enum! {
    /// Why a session ended.
    pub enum SessionEnd {
        /// The user logged out.
        Logout = "LOGOUT",
        /// Somebody with the right to do so ended it.
        Revoked = "REVOKED",
        /// A refresh token was shown twice: one of the two was stolen.
        Reuse = "REUSE",
        /// The password changed.
        PasswordChanged = "PASSWORD_CHANGED",
        /// The user was deactivated.
        Deactivated = "DEACTIVATED",
    }
}

/// A session, without its secrets.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = session, check_for_backend(diesel::pg::Pg))]
pub struct Session {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The session.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The kind of client.
    pub kind: SessionKind,
    /// What the client calls itself.
    pub device: Option<String>,
    /// The address that it was started from.
    pub source: Option<String>,
    /// When the user last proved their identity in it.
    pub proved_at: Option<DateTime<Utc>>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used.
    pub last_seen_at: DateTime<Utc>,
    /// When it is over in any case.
    pub expires_at: DateTime<Utc>,
    /// When it ended before its time.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    pub end_reason: Option<SessionEnd>,
    /// Its version.
    pub version: i32,
}

impl Session {
    /// Whether it can still be used at an instant.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.ended_at.is_none() && is_fresh(now, self.last_seen_at, self.expires_at)
    }
}

/// Whether a session seen then is neither idle for too long nor too old.
pub(crate) fn is_fresh(now: DateTime<Utc>, seen: DateTime<Utc>, expires: DateTime<Utc>) -> bool {
    now < expires && now - seen < TimeDelta::minutes(IDLE_MINUTES)
}

listing! {
    /// Conditions on sessions.
    filter SessionFilter {
        /// By user.
        user: IdFilter => user_id,
        /// By start.
        created_at: DateTimeFilter => created_at,
        /// By last use.
        last_seen_at: DateTimeFilter => last_seen_at,
        /// By end.
        ended_at: DateTimeFilter => ended_at,
    }
    /// An order of sessions.
    sort SessionSort;
    /// What sessions can be sorted by.
    by SessionSortField {
        /// By start.
        CreatedAt = "CREATED_AT" => created_at,
        /// By last use.
        LastSeenAt = "LAST_SEEN_AT" => last_seen_at,
    }
    default CreatedAt Desc;
    search [device, source];
    from "directory" session as Session;
}

/// One's own sessions, and with the right to see them everybody's.
fn visible(tx: &Tx) -> Predicate {
    let all = tx.actor().scope(SESSION_READ).everywhere;
    if all {
        return Predicate::all();
    }
    match tx.actor().principal.user() {
        Some(user) => Predicate::equal("\"directory\".\"session\".\"user_id\"", user.uuid()),
        None => Predicate::none(),
    }
}

/// A page of the sessions that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<SessionFilter, SessionSortField>,
) -> Result<Page<Session>> {
    let visible = visible(tx).and(of_tenant(tx));
    list(tx, request, visible).await
}

/// How many sessions the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<SessionFilter, SessionSortField>,
) -> Result<i64> {
    let visible = visible(tx).and(of_tenant(tx));
    tally(tx, request, visible).await
}

fn of_tenant(tx: &Tx) -> Predicate {
    let organisation = tx.organisation().uuid();
    Predicate::equal(
        "\"directory\".\"session\".\"organisation_id\"",
        organisation,
    )
}

/// The visible ones among some sessions.
pub async fn by_ids(tx: &mut Tx, ids: &[SessionId]) -> Result<Vec<Session>> {
    let visible = visible(tx);
    Ok(session::table
        .filter(session::organisation_id.eq(tx.organisation()))
        .filter(session::id.eq_any(ids))
        .filter(visible)
        .select(Session::as_select())
        .load(tx.conn())
        .await?)
}

/// Ends a session of one's own, or with the right to do so anybody's.
#[derive(Clone, Debug, async_graphql::InputObject)]
pub struct SessionRevokeInput {
    /// The session.
    pub id: SessionId,
}

/// Ends a session before its time.
pub async fn revoke(tx: &mut Tx, command: SessionRevokeInput) -> Result<Session> {
    let unknown = || Fault::not_found("kernel.not_found").at(["id"]);
    let found = by_ids(tx, &[command.id])
        .await?
        .into_iter()
        .next()
        .ok_or_else(unknown)?;
    if tx.actor().principal.user() != Some(found.user_id) {
        tx.actor().require_everywhere(SESSION_MANAGE)?;
    }
    end(tx, found.id, SessionEnd::Revoked)
        .await?
        .ok_or_else(|| unknown().into())
}

/// Ends a session; `None` when it had already ended.
pub(crate) async fn end(tx: &mut Tx, id: SessionId, why: SessionEnd) -> Result<Option<Session>> {
    let now = tx.now();
    let ended: Option<Session> = diesel::update(session::table.find((tx.organisation(), id)))
        .filter(session::ended_at.is_null())
        .set((
            session::ended_at.eq(Some(now)),
            session::end_reason.eq(Some(why)),
            session::version.eq(session::version + 1),
        ))
        .returning(Session::as_returning())
        .get_result(tx.conn())
        .await
        .optional()?;
    if let Some(session) = &ended {
        tx.emit(ended_event(session, why)).await?;
    }
    Ok(ended)
}

/// Ends every session of a user but perhaps one.
pub(crate) async fn end_all(
    tx: &mut Tx,
    user: UserId,
    but: Option<SessionId>,
    why: SessionEnd,
) -> Result<()> {
    let now = tx.now();
    let kept = but.unwrap_or(SessionId(uuid::Uuid::nil()));
    let ended: Vec<Session> = diesel::update(session::table)
        .filter(session::organisation_id.eq(tx.organisation()))
        .filter(session::user_id.eq(user))
        .filter(session::id.ne(kept))
        .filter(session::ended_at.is_null())
        .set((
            session::ended_at.eq(Some(now)),
            session::end_reason.eq(Some(why)),
            session::version.eq(session::version + 1),
        ))
        .returning(Session::as_returning())
        .get_results(tx.conn())
        .await?;
    tx.emit_all(
        ended
            .iter()
            .map(|session| ended_event(session, why))
            .collect(),
    )
    .await?;
    Ok(())
}

fn ended_event(session: &Session, why: SessionEnd) -> Event {
    Event::new(
        "directory.session.ended",
        "Session",
        session.id,
        SESSION_READ,
    )
    .owner(Some(session.user_id))
    .set("endReason", why)
}

/// The tokens of a session; each is shown once.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The cookie's value for a browser, the bearer token for an app.
    pub access: Sensitive,
    /// Until when the access token is good.
    pub access_expires_at: DateTime<Utc>,
    /// What gets the next access token; apps alone.
    pub refresh: Option<Sensitive>,
    /// What a browser sends in its CSRF header; browsers alone.
    pub csrf: Option<Sensitive>,
}

/// What a session is started with.
pub(crate) struct Start {
    pub user: UserId,
    pub kind: SessionKind,
    pub device: Option<String>,
    pub source: String,
}

/// Starts a session; the log-in that precedes it is the proof of identity.
pub(crate) async fn start(tx: &mut Tx, start: Start) -> Result<(Session, Tokens)> {
    let (id, now) = (SessionId::generate(), tx.now());
    let expires_at = now + TimeDelta::hours(ABSOLUTE_HOURS);
    let (tokens, kept) = issue(tx, id, start.kind, expires_at)?;
    let row = diesel::insert_into(session::table)
        .values((
            session::organisation_id.eq(tx.organisation()),
            session::id.eq(id),
            session::user_id.eq(start.user),
            session::kind.eq(start.kind),
            session::access_hash.eq(&kept.access),
            session::access_expires_at.eq(tokens.access_expires_at),
            session::device.eq(start
                .device
                .map(|text| text.chars().take(200).collect::<String>())),
            session::source.eq(start.source.chars().take(64).collect::<String>()),
            session::proved_at.eq(Some(now)),
            session::created_at.eq(now),
            session::last_seen_at.eq(now),
            session::expires_at.eq(expires_at),
        ))
        .returning(Session::as_returning())
        .get_result(tx.conn())
        .await?;
    keep_refresh(tx, id, kept.refresh).await?;
    let begun = Event::new("directory.session.started", "Session", id, SESSION_READ)
        .owner(Some(start.user))
        .set("kind", start.kind);
    tx.emit(begun).await?;
    Ok((row, tokens))
}

/// Gives an app its next tokens.
pub(crate) async fn renew(tx: &mut Tx, seen: &Session) -> Result<Tokens> {
    let (tokens, kept) = issue(tx, seen.id, seen.kind, seen.expires_at)?;
    diesel::update(session::table.find((tx.organisation(), seen.id)))
        .set((
            session::access_hash.eq(&kept.access),
            session::access_expires_at.eq(tokens.access_expires_at),
            session::last_seen_at.eq(tx.now()),
        ))
        .execute(tx.conn())
        .await?;
    keep_refresh(tx, seen.id, kept.refresh).await?;
    Ok(tokens)
}

/// What the database keeps of the tokens.
struct Kept {
    access: Vec<u8>,
    refresh: Option<Vec<u8>>,
}

fn issue(
    tx: &Tx,
    id: SessionId,
    kind: SessionKind,
    expires_at: DateTime<Utc>,
) -> Result<(Tokens, Kept)> {
    let organisation = tx.organisation();
    match kind {
        SessionKind::Browser => {
            let cookie = Token::new(TokenKind::Cookie, organisation, id)?;
            let tokens = Tokens {
                access: Sensitive(cookie.text()),
                access_expires_at: expires_at,
                refresh: None,
                csrf: Some(Sensitive(cookie.csrf())),
            };
            Ok((
                tokens,
                Kept {
                    access: cookie.hash(),
                    refresh: None,
                },
            ))
        }
        SessionKind::Mobile => {
            let access = Token::new(TokenKind::Access, organisation, id)?;
            let refresh = Token::new(TokenKind::Refresh, organisation, id)?;
            let soon = tx.now() + TimeDelta::minutes(ACCESS_MINUTES);
            let tokens = Tokens {
                access: Sensitive(access.text()),
                access_expires_at: soon.min(expires_at),
                refresh: Some(Sensitive(refresh.text())),
                csrf: None,
            };
            Ok((
                tokens,
                Kept {
                    access: access.hash(),
                    refresh: Some(refresh.hash()),
                },
            ))
        }
    }
}

async fn keep_refresh(tx: &mut Tx, id: SessionId, hash: Option<Vec<u8>>) -> Result<()> {
    let Some(hash) = hash else { return Ok(()) };
    diesel::insert_into(refresh_token::table)
        .values((
            refresh_token::organisation_id.eq(tx.organisation()),
            refresh_token::session_id.eq(id),
            refresh_token::hash.eq(hash),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
