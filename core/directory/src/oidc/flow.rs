//! The way to a provider and back: authorization code with PKCE and a nonce.

use std::sync::Arc;

use async_graphql::InputObject;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::ids::{OrganisationId, UserId};
use kernel::{Actor, Context, Db, Error, Event, Fault, Locale, Result, Tx};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, Scope};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exchange::{Identity, Proof, Settings, client_of, discover, exchange, redirect};
use super::{AttemptRow, IdentityProviderId, Outbound};
use crate::auth::{LoggedIn, bare_actor, begin_session, grants_of};
use crate::permission::USER_READ;
use crate::schema::{identity_attempt, identity_link, identity_provider, user};
use crate::secret::{Keys, Token, TokenKind, random_text, same};
use crate::session::{SessionKind, Start};

/// Minutes that a user may take at the provider.
const ATTEMPT_MINUTES: i64 = 10;

/// The providers that a log-in page may offer: id and name, which are no secret.
pub async fn providers_of(
    db: &Db,
    organisation: OrganisationId,
) -> Result<Vec<(IdentityProviderId, String)>> {
    let mut tx = db.begin(&context(db, organisation)).await?;
    let found = identity_provider::table
        .filter(identity_provider::organisation_id.eq(organisation))
        .filter(identity_provider::enabled)
        .order(identity_provider::name)
        .select((identity_provider::id, identity_provider::name))
        .load(tx.conn())
        .await?;
    tx.commit().await?;
    Ok(found)
}

/// Starts a log-in through a provider.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityStartInput {
    /// The organisation, `org_…`.
    pub organisation: OrganisationId,
    /// The provider.
    pub provider: IdentityProviderId,
    /// What kind of client it is.
    #[graphql(default_with = "SessionKind::Browser")]
    pub kind: SessionKind,
    /// What the client calls itself.
    pub device: Option<String>,
}

/// A log-in on its way.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to send the user.
    pub url: String,
    /// What the client keeps (a browser in an httpOnly cookie) and shows when the user is back.
    pub state: String,
}

/// What must be remembered until the user is back.
#[derive(Serialize, Deserialize)]
struct Memory {
    nonce: String,
    verifier: String,
    kind: SessionKind,
    device: Option<String>,
}

/// Asks the provider for its addresses and sends the user there. `callback` is where it sends them
/// back: an address of this installation.
pub async fn begin(
    db: &Db,
    keys: &Keys,
    outbound: Outbound,
    callback: &str,
    input: IdentityStartInput,
) -> Result<Begun> {
    let context = context(db, input.organisation);
    let mut tx = db.begin(&context).await?;
    let settings = settings(&mut tx, keys, input.provider).await?;
    tx.commit().await?;
    let metadata = discover(outbound, &settings).await?;
    let id = Uuid::now_v7();
    let state = Token::new(
        TokenKind::Identity,
        input.organisation,
        IdentityProviderId(id),
    )?;
    let nonce = random_text()?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = client_of(metadata, &settings).set_redirect_uri(redirect(callback)?);
    let (shown_state, shown_nonce) = (state.text(), nonce.clone());
    let (url, _, _) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(shown_state),
            move || Nonce::new(shown_nonce),
        )
        .add_scope(Scope::new("email".to_owned()))
        .add_scope(Scope::new("profile".to_owned()))
        .set_pkce_challenge(challenge)
        .url();
    let memory = Memory {
        nonce,
        verifier: verifier.secret().clone(),
        kind: input.kind,
        device: input.device,
    };
    let mut tx = db.begin(&context).await?;
    remember(&mut tx, keys, id, input.provider, &state, &memory).await?;
    tx.commit().await?;
    Ok(Begun {
        url: url.to_string(),
        state: state.text(),
    })
}

/// What comes back from a provider.
#[derive(Clone, Debug)]
pub struct Finish {
    /// The code that the provider gave.
    pub code: String,
    /// The state that the provider gave back.
    pub state: String,
    /// The state that the client kept.
    pub kept_state: String,
}

/// Finishes a log-in: the code becomes an identity, the identity a user, the user gets a session.
/// A provider's user is first known by a verified address, from then on by the provider's own id.
pub async fn finish(
    db: &Db,
    keys: &Keys,
    outbound: Outbound,
    callback: &str,
    source: &str,
    back: Finish,
) -> Result<LoggedIn> {
    let failed = || Error::from(Fault::invalid("directory.identity_failed"));
    if !same(back.state.as_bytes(), back.kept_state.as_bytes()) {
        return Err(failed());
    }
    let token = Token::parse(TokenKind::Identity, &back.state).ok_or_else(failed)?;
    let mut tx = db.begin(&context(db, token.organisation)).await?;
    let (provider, memory) = recall(&mut tx, keys, &token).await?.ok_or_else(failed)?;
    let settings = settings(&mut tx, keys, provider).await?;
    tx.commit().await?;
    let proof = Proof {
        code: back.code,
        nonce: memory.nonce,
        verifier: memory.verifier,
    };
    let identity = exchange(outbound, &settings, callback, proof, db.clock().now()).await?;
    let mut tx = db.begin(&context(db, token.organisation)).await?;
    let found = user_of(&mut tx, provider, &identity).await?;
    tx.commit().await?;
    let actor = bare_actor(token.organisation, found.id, found.name);
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let start = Start {
        user: found.id,
        kind: memory.kind,
        device: memory.device,
        source: source.to_owned(),
    };
    let (session, tokens) = begin_session(&mut tx, start).await?;
    tx.commit().await?;
    Ok(LoggedIn {
        session,
        tokens,
        user_id: found.id,
        locale: found.locale,
        must_change_password: false,
    })
}

fn context(db: &Db, organisation: OrganisationId) -> Arc<Context> {
    Arc::new(Context::new(
        Arc::new(Actor::system(organisation)),
        db.clock().now(),
    ))
}

async fn settings(tx: &mut Tx, keys: &Keys, id: IdentityProviderId) -> Result<Settings> {
    let found: Option<(String, String, Option<Vec<u8>>)> = identity_provider::table
        .find((tx.organisation(), id))
        .filter(identity_provider::enabled)
        .select((
            identity_provider::issuer,
            identity_provider::client_id,
            identity_provider::client_secret_sealed,
        ))
        .first(tx.conn())
        .await
        .optional()?;
    let unknown = || Fault::not_found("directory.identity_provider_unknown").at(["provider"]);
    let (issuer, client_id, sealed) = found.ok_or_else(unknown)?;
    let secret = sealed.map(|sealed| keys.open(&sealed, id.0)).transpose()?;
    let secret = secret.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Ok(Settings {
        issuer,
        client_id,
        secret,
    })
}

async fn remember(
    tx: &mut Tx,
    keys: &Keys,
    id: Uuid,
    provider: IdentityProviderId,
    state: &Token,
    memory: &Memory,
) -> Result<()> {
    let sealed = keys.seal(&serde_json::to_vec(memory)?, id)?;
    let now = tx.now();
    diesel::delete(
        identity_attempt::table
            .filter(identity_attempt::organisation_id.eq(tx.organisation()))
            .filter(identity_attempt::expires_at.lt(now)),
    )
    .execute(tx.conn())
    .await?;
    diesel::insert_into(identity_attempt::table)
        .values((
            identity_attempt::organisation_id.eq(tx.organisation()),
            identity_attempt::id.eq(id),
            identity_attempt::provider_id.eq(provider),
            identity_attempt::state_hash.eq(state.hash()),
            identity_attempt::sealed.eq(sealed),
            identity_attempt::expires_at.eq(now + TimeDelta::minutes(ATTEMPT_MINUTES)),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What was remembered of an attempt; it is forgotten by this, so that a state is good once.
async fn recall(
    tx: &mut Tx,
    keys: &Keys,
    state: &Token,
) -> Result<Option<(IdentityProviderId, Memory)>> {
    let key = (tx.organisation(), state.record);
    let found: Option<AttemptRow> = diesel::delete(identity_attempt::table.find(key))
        .returning((
            identity_attempt::provider_id,
            identity_attempt::state_hash,
            identity_attempt::sealed,
            identity_attempt::expires_at,
        ))
        .get_result(tx.conn())
        .await
        .optional()?;
    let Some((provider, hash, sealed, expires_at)) = found else {
        return Ok(None);
    };
    if !state.fits(&hash) || expires_at <= tx.now() {
        return Ok(None);
    }
    let memory = serde_json::from_slice(&keys.open(&sealed, state.record)?)?;
    Ok(Some((IdentityProviderId(provider), memory)))
}

/// A user who was recognised.
struct Recognised {
    id: UserId,
    name: String,
    locale: Locale,
}

async fn user_of(
    tx: &mut Tx,
    provider: IdentityProviderId,
    identity: &Identity,
) -> Result<Recognised> {
    let unknown = || Error::from(Fault::invalid("directory.identity_unknown_user"));
    let organisation = tx.organisation();
    let linked: Option<UserId> = identity_link::table
        .find((organisation, provider.0, &identity.subject))
        .select(identity_link::user_id)
        .first(tx.conn())
        .await
        .optional()?;
    let mut query = user::table
        .filter(user::organisation_id.eq(organisation))
        .filter(user::active)
        .select((user::id, user::display_name, user::locale))
        .into_boxed();
    query = match (linked, &identity.email) {
        (Some(id), _) => query.filter(user::id.eq(id)),
        (None, Some(email)) => query.filter(user::email.eq(email)),
        (None, None) => return Err(unknown()),
    };
    let found: Option<(UserId, String, Locale)> = query.first(tx.conn()).await.optional()?;
    let (id, name, locale) = found.ok_or_else(unknown)?;
    if grants_of(tx, id).await?.contains_key(EVERYTHING) {
        return Err(unknown());
    }
    if linked.is_none() {
        link(tx, provider, id, &identity.subject).await?;
    }
    Ok(Recognised { id, name, locale })
}

async fn link(tx: &mut Tx, provider: IdentityProviderId, id: UserId, subject: &str) -> Result<()> {
    diesel::insert_into(identity_link::table)
        .values((
            identity_link::organisation_id.eq(tx.organisation()),
            identity_link::provider_id.eq(provider.0),
            identity_link::subject.eq(subject),
            identity_link::user_id.eq(id),
            identity_link::linked_at.eq(tx.now()),
        ))
        .execute(tx.conn())
        .await?;
    let linked = Event::new("directory.user.identity_linked", "User", id, USER_READ);
    tx.emit(linked.owner(Some(id)).set("provider", provider))
        .await?;
    Ok(())
}
