//! Log-in by address, password and perhaps a code; and the next tokens of an app.

use std::sync::Arc;

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::ids::{OrganisationId, SessionId, UserId};
use kernel::{Actor, Context, Db, Error, Event, Fault, Locale, Result, Tx};

use super::{Refusal, bare_actor};
use crate::permission::USER_READ;
use crate::schema::{credential, login, organisation, refresh_token, session, user};
use crate::secret::{Keys, Sensitive, Token, TokenKind};
use crate::session::{self as sessions, Session, SessionEnd, SessionKind, Start, Tokens, is_fresh};
use crate::{check, password, throttle, totp};

/// Organisations that one address is tried in at most.
const MOST_ORGANISATIONS: i64 = 8;

/// Logs in.
#[derive(Clone, Debug, InputObject)]
pub struct SessionStartInput {
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: Sensitive,
    /// The code of the authenticator app, or a recovery code; when there is a second factor.
    pub totp: Option<Sensitive>,
    /// The organisation's short name; needed only when the address is known in several.
    pub organisation: Option<String>,
    /// What kind of client it is.
    #[graphql(default_with = "SessionKind::Browser")]
    pub kind: SessionKind,
    /// What the client calls itself, for the list of sessions.
    pub device: Option<String>,
}

/// A session that has begun.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: Session,
    /// Its tokens, shown once.
    pub tokens: Tokens,
    /// Whose it is.
    pub user_id: UserId,
    /// The language of the user.
    pub locale: Locale,
    /// Whether a new password must be set before anything else.
    pub must_change_password: bool,
}

/// A user that an address may mean.
#[derive(Clone)]
struct Candidate {
    organisation: OrganisationId,
    user: UserId,
    name: String,
    locale: Locale,
    password_hash: Option<String>,
    must_change: bool,
}

/// Logs in from a source (the caller's network address). A wrong address, a wrong password and a
/// deactivated user look and last the same.
pub async fn login(
    db: &Db,
    keys: &Keys,
    source: &str,
    input: SessionStartInput,
) -> Result<LoggedIn> {
    let email = input.email.trim().to_lowercase();
    let key = keys.throttle_key("login", &email, source);
    throttle::charge(db, &key).await?;
    let candidates = candidates(db, keys, &email, input.organisation.as_deref()).await?;
    let matching = verified(&candidates, &input.password).await?;
    let found = match matching.as_slice() {
        [found] => found,
        [] => {
            tell_failures(db, &candidates).await?;
            return Err(Fault::invalid("directory.login_failed").into());
        }
        _ => {
            return Err(Fault::invalid("directory.organisation_needed")
                .at(["organisation"])
                .into());
        }
    };
    let context = context_of(db, found);
    let mut tx = db.begin(&context).await?;
    second_factor(&mut tx, keys, found.user, input.totp.as_ref()).await?;
    let start = Start {
        user: found.user,
        kind: input.kind,
        device: input.device,
        source: source.to_owned(),
    };
    let (session, tokens) = begin_session(&mut tx, start).await?;
    tx.commit().await?;
    throttle::clear(db, &key).await?;
    Ok(LoggedIn {
        session,
        tokens,
        user_id: found.user,
        locale: found.locale,
        must_change_password: found.must_change,
    })
}

/// Starts a session of a user who has proved who they are.
pub(crate) async fn begin_session(tx: &mut Tx, start: Start) -> Result<(Session, Tokens)> {
    diesel::update(user::table.find((tx.organisation(), start.user)))
        .set(user::last_login_at.eq(Some(tx.now())))
        .execute(tx.conn())
        .await?;
    sessions::start(tx, start).await
}

fn context_of(db: &Db, found: &Candidate) -> Arc<Context> {
    let actor = bare_actor(found.organisation, found.user, found.name.clone());
    Arc::new(Context::new(Arc::new(actor), db.clock().now()))
}

async fn second_factor(
    tx: &mut Tx,
    keys: &Keys,
    user: UserId,
    code: Option<&Sensitive>,
) -> Result<()> {
    let state = totp::load(tx, user).await?;
    if !state.is_on() {
        return Ok(());
    }
    let code = code.ok_or_else(|| Fault::invalid("directory.totp_required").at(["totp"]))?;
    if totp::spend(tx, keys, user, &state, code).await? {
        Ok(())
    } else {
        Err(Fault::invalid("directory.totp_wrong").at(["totp"]).into())
    }
}

/// The candidates whose password it is. One hash is computed even when there is nobody.
async fn verified(candidates: &[Candidate], password: &Sensitive) -> Result<Vec<Candidate>> {
    if candidates.is_empty() {
        password::verify(password, None).await?;
    }
    let mut matching = Vec::new();
    for candidate in candidates {
        if password::verify(password, candidate.password_hash.clone()).await? {
            matching.push(candidate.clone());
        }
    }
    Ok(matching)
}

/// The active users of an address, each loaded inside their own organisation.
async fn candidates(
    db: &Db,
    keys: &Keys,
    email: &str,
    slug: Option<&str>,
) -> Result<Vec<Candidate>> {
    if check::email(email).is_err() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (organisation, user) in organisations_of(db, &keys.email_hash(email)).await? {
        let actor = Actor::system(organisation);
        let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
        let mut tx = db.begin(&context).await?;
        found.extend(candidate(&mut tx, user, slug).await?);
        tx.commit().await?;
    }
    Ok(found)
}

/// The users of an address in every organisation that knows it, for the operator.
pub async fn users_of_email(
    db: &Db,
    keys: &Keys,
    email: &str,
) -> Result<Vec<(OrganisationId, UserId)>> {
    organisations_of(db, &keys.email_hash(&email.trim().to_lowercase())).await
}

/// Who knows an address, asked with no tenant bound: the policy shows rows of this hash alone.
pub(super) async fn organisations_of(
    db: &Db,
    hash: &[u8; 32],
) -> Result<Vec<(OrganisationId, UserId)>> {
    let mut connection = db.connection().await?;
    let named = throttle::hex(hash);
    let hash = hash.to_vec();
    connection
        .transaction::<_, Error, _>(async move |connection| {
            connection
                .batch_execute(&format!("SELECT set_config('app.login', '{named}', true)"))
                .await?;
            Ok(login::table
                .filter(login::email_hash.eq(hash))
                .order(login::organisation_id)
                .limit(MOST_ORGANISATIONS)
                .select((login::organisation_id, login::user_id))
                .load(connection)
                .await?)
        })
        .await
}

type CandidateRow = (String, Locale, Option<String>, bool);

async fn candidate(tx: &mut Tx, user: UserId, slug: Option<&str>) -> Result<Option<Candidate>> {
    let organisation = tx.organisation();
    if let Some(slug) = slug {
        let known: String = organisation::table
            .find(organisation)
            .select(organisation::slug)
            .first(tx.conn())
            .await?;
        if known != slug.trim().to_lowercase() {
            return Ok(None);
        }
    }
    let same = credential::organisation_id
        .eq(user::organisation_id)
        .and(credential::user_id.eq(user::id));
    let row: Option<CandidateRow> = user::table
        .inner_join(credential::table.on(same))
        .filter(user::organisation_id.eq(organisation))
        .filter(user::id.eq(user))
        .filter(user::active)
        .select((
            user::display_name,
            user::locale,
            credential::password_hash,
            credential::must_change,
        ))
        .first(tx.conn())
        .await
        .optional()?;
    Ok(
        row.map(|(name, locale, password_hash, must_change)| Candidate {
            organisation,
            user,
            name,
            locale,
            password_hash,
            must_change,
        }),
    )
}

/// Tells each organisation that somebody tried to be one of its users.
async fn tell_failures(db: &Db, candidates: &[Candidate]) -> Result<()> {
    for candidate in candidates {
        let context = context_of(db, candidate);
        let mut tx = db.begin(&context).await?;
        let failed = Event::new("directory.login.failed", "User", candidate.user, USER_READ);
        tx.emit(failed.owner(Some(candidate.user))).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Asks for the next tokens of an app.
#[derive(Clone, Debug, InputObject)]
pub struct SessionRefreshInput {
    /// The refresh token, which this uses up.
    pub refresh_token: Sensitive,
}

/// Gives the next tokens for a refresh token. One that was used before ends its session: somebody
/// holds a stolen copy.
pub async fn refresh(db: &Db, input: SessionRefreshInput) -> Result<(Session, Tokens), Refusal> {
    let token =
        Token::parse(TokenKind::Refresh, &input.refresh_token.0).ok_or(Refusal::Unauthenticated)?;
    let actor = Actor::system(token.organisation);
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let id = SessionId(token.record);
    let Some(seen) = locked(&mut tx, id).await? else {
        return Err(Refusal::Unauthenticated);
    };
    let now = tx.now();
    let key = (tx.organisation(), id, token.hash());
    let used = diesel::update(refresh_token::table.find(key.clone()))
        .filter(refresh_token::used_at.is_null())
        .set(refresh_token::used_at.eq(Some(now)))
        .execute(tx.conn())
        .await
        .map_err(Error::from)?;
    if used == 0 {
        if is_known(&mut tx, key).await? {
            sessions::end(&mut tx, id, SessionEnd::Reuse).await?;
            tx.commit().await?;
        }
        return Err(Refusal::Unauthenticated);
    }
    if seen.ended_at.is_some() || !is_fresh(now, seen.last_seen_at, seen.expires_at) {
        return Err(Refusal::Unauthenticated);
    }
    let tokens = sessions::renew(&mut tx, &seen).await?;
    tx.commit().await?;
    Ok((seen, tokens))
}

async fn locked(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    let active = user::table
        .filter(user::organisation_id.eq(session::organisation_id))
        .filter(user::id.eq(session::user_id))
        .filter(user::active);
    Ok(session::table
        .find((tx.organisation(), id))
        .filter(diesel::dsl::exists(active))
        .select(Session::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?)
}

async fn is_known(tx: &mut Tx, key: (OrganisationId, SessionId, Vec<u8>)) -> Result<bool> {
    let found = refresh_token::table
        .find(key)
        .select(diesel::dsl::sql::<sql_types::Integer>("1"));
    Ok(found.first::<i32>(tx.conn()).await.optional()?.is_some())
}
