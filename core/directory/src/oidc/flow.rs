//! The way to a provider and back: authorization code with PKCE and a nonce.

use std::sync::Arc;

use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{OrganisationId, UserId};
use kernel::{Actor, Context, Db, Error, Fault, Result, Tx};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, Scope};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::exchange::{Proof, Settings, client_of, discover, exchange, redirect};
use super::recognise::{Recognised, again, user_of};
use super::{AttemptRow, IdentityProviderId, Landing};
use crate::auth::{LoggedIn, bare_actor, begin_session};
use crate::schema::{identity_attempt, identity_provider};
use crate::secret::{Keys, Sensitive, Token, TokenKind, random_text, same};
use crate::session::{SessionKind, Start};
use crate::{throttle, totp};

/// Minutes that a user may take at the provider, and with the second factor.
const ATTEMPT_MINUTES: i64 = 10;
/// Codes of a second factor that one log-in may try.
const MOST_TRIES: u8 = 5;

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
    callback: String,
    kind: SessionKind,
    device: Option<String>,
    /// Whom the provider has recognised: the second factor alone is missing.
    recognised: Option<UserId>,
    tries: u8,
}

/// A log-in on its way, as it is kept.
struct Attempt {
    provider: IdentityProviderId,
    memory: Memory,
    expires_at: DateTime<Utc>,
}

/// Asks the provider for its addresses and sends the user there.
pub async fn begin(
    db: &Db,
    keys: &Keys,
    landing: &Landing,
    input: IdentityStartInput,
) -> Result<Begun> {
    let callback = landing.callback(input.kind)?;
    let context = context(db, input.organisation);
    let mut tx = db.begin(&context).await?;
    let settings = settings(&mut tx, keys, input.provider).await?;
    tx.commit().await?;
    let metadata = discover(landing.outbound(), &settings).await?;
    let id = Uuid::now_v7();
    let state = Token::new(
        TokenKind::Identity,
        input.organisation,
        IdentityProviderId(id),
    )?;
    let nonce = random_text()?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = client_of(metadata, &settings).set_redirect_uri(redirect(&callback)?);
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
    let attempt = Attempt {
        provider: input.provider,
        memory: Memory {
            nonce,
            verifier: verifier.secret().clone(),
            callback,
            kind: input.kind,
            device: input.device,
            recognised: None,
            tries: 0,
        },
        expires_at: context.now + TimeDelta::minutes(ATTEMPT_MINUTES),
    };
    let mut tx = db.begin(&context).await?;
    remember(&mut tx, keys, &state, &attempt).await?;
    tx.commit().await?;
    Ok(Begun {
        url: url.to_string(),
        state: state.text(),
    })
}

/// What comes back from a provider.
#[derive(Clone, Debug, Default)]
pub struct Finish {
    /// The code that the provider gave; absent when the second factor alone was missing.
    pub code: Option<String>,
    /// The state that the provider gave back.
    pub state: String,
    /// The state that the client kept.
    pub kept_state: String,
    /// The issuer that the provider calls itself by, where it does (RFC 9207).
    pub issuer: Option<String>,
    /// The code of the authenticator app, or a recovery code; when there is a second factor.
    pub totp: Option<Sensitive>,
}

/// Finishes a log-in: the code becomes an identity, the identity a user, the user gets a session.
/// A provider's user is first known by a verified address, from then on by the provider's own id.
/// Where the user has a second factor, its code is wanted too: without one the fault is
/// `directory.totp_required`, and the same state may be shown again with it.
pub async fn finish(
    db: &Db,
    keys: &Keys,
    landing: &Landing,
    source: &str,
    back: Finish,
) -> Result<LoggedIn> {
    if !same(back.state.as_bytes(), back.kept_state.as_bytes()) {
        return Err(failed());
    }
    let token = Token::parse(TokenKind::Identity, &back.state).ok_or_else(failed)?;
    let mut tx = db.begin(&context(db, token.organisation)).await?;
    let recalled = recall(&mut tx, keys, &token).await?;
    // Forgotten in any case, so that no state is good twice, not even a wrong one.
    tx.commit().await?;
    let mut attempt = recalled.ok_or_else(failed)?;
    let found = recognised(db, keys, landing, &token, &attempt, &back).await?;
    attempt.memory.recognised = Some(found.id);
    second_factor(db, keys, &token, &mut attempt, &found, source, back.totp).await?;
    let actor = bare_actor(token.organisation, found.id, found.name);
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let start = Start {
        user: found.id,
        kind: attempt.memory.kind,
        device: attempt.memory.device,
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

/// Says little to whoever tries; the log has the reason.
fn failed() -> Error {
    Fault::invalid("directory.identity_failed").into()
}

/// The user of a log-in: the one that the provider recognised before, or the one of its code.
async fn recognised(
    db: &Db,
    keys: &Keys,
    landing: &Landing,
    token: &Token,
    attempt: &Attempt,
    back: &Finish,
) -> Result<Recognised> {
    let context = context(db, token.organisation);
    let mut tx = db.begin(&context).await?;
    if let Some(id) = attempt.memory.recognised {
        let found = again(&mut tx, id).await?;
        tx.commit().await?;
        return Ok(found);
    }
    let settings = settings(&mut tx, keys, attempt.provider).await?;
    tx.commit().await?;
    let mixed_up = |issuer: &String| *issuer != settings.issuer;
    if back.issuer.as_ref().is_some_and(mixed_up) {
        return Err(failed());
    }
    let proof = Proof {
        code: back.code.clone().ok_or_else(failed)?,
        nonce: attempt.memory.nonce.clone(),
        verifier: attempt.memory.verifier.clone(),
    };
    let callback = &attempt.memory.callback;
    let identity = exchange(landing.outbound(), &settings, callback, proof, context.now).await?;
    let mut tx = db.begin(&context).await?;
    let found = user_of(&mut tx, attempt.provider, &identity).await?;
    tx.commit().await?;
    Ok(found)
}

/// Takes the code of a user who has a second factor. Where it is missing or wrong the attempt is
/// remembered again, a few times: the provider's code is spent, and must not be needed twice.
async fn second_factor(
    db: &Db,
    keys: &Keys,
    token: &Token,
    attempt: &mut Attempt,
    found: &Recognised,
    source: &str,
    code: Option<Sensitive>,
) -> Result<()> {
    let actor = bare_actor(token.organisation, found.id, found.name.clone());
    let context = Arc::new(Context::new(Arc::new(actor), db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let state = totp::load(&mut tx, found.id).await?;
    if !state.is_on() {
        return tx.commit().await;
    }
    let Some(code) = code else {
        remember(&mut tx, keys, token, attempt).await?;
        tx.commit().await?;
        return Err(Fault::invalid("directory.totp_required")
            .at(["totp"])
            .into());
    };
    let key = keys.throttle_key("identity", &found.id.0.to_string(), source);
    throttle::charge(db, &key).await?;
    if totp::spend(&mut tx, keys, found.id, &state, &code).await? {
        tx.commit().await?;
        return throttle::clear(db, &key).await;
    }
    attempt.memory.tries = attempt.memory.tries.saturating_add(1);
    if attempt.memory.tries >= MOST_TRIES {
        tx.rollback().await?;
        return Err(failed());
    }
    remember(&mut tx, keys, token, attempt).await?;
    tx.commit().await?;
    Err(Fault::invalid("directory.totp_wrong").at(["totp"]).into())
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

async fn remember(tx: &mut Tx, keys: &Keys, state: &Token, attempt: &Attempt) -> Result<()> {
    let id = state.record;
    let sealed = keys.seal(&serde_json::to_vec(&attempt.memory)?, id)?;
    diesel::insert_into(identity_attempt::table)
        .values((
            identity_attempt::organisation_id.eq(tx.organisation()),
            identity_attempt::id.eq(id),
            identity_attempt::provider_id.eq(attempt.provider),
            identity_attempt::state_hash.eq(state.hash()),
            identity_attempt::sealed.eq(sealed),
            identity_attempt::expires_at.eq(attempt.expires_at),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What was remembered of an attempt; it is forgotten by this, so that a state is good once.
async fn recall(tx: &mut Tx, keys: &Keys, state: &Token) -> Result<Option<Attempt>> {
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
    Ok(Some(Attempt {
        provider: IdentityProviderId(provider),
        memory,
        expires_at,
    }))
}
