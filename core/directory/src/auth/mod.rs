//! Log-in, and how a credential becomes an actor.
//!
//! Round trips of [`authenticate`]: begin, bind the tenant that the token names and ask for the
//! credential, its user and every grant; commit; and at most once a minute a sign of life.

mod actor;
mod login;
mod query;

use std::sync::Arc;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{SessionId, UserId};
use kernel::{Actor, Context, Db, Error, Event, Fault, Principal, Result, Tx};

pub(crate) use actor::key_actor;
pub use actor::{
    Authenticated, Credential, Life, Refusal, authenticate, grants_of, organisation_of,
};
pub(crate) use login::begin_session;
pub use login::{LoggedIn, SessionRefreshInput, SessionStartInput, login, refresh, users_of_email};

use crate::permission::SESSION_READ;
use crate::schema::{credential, session};
use crate::secret::{Keys, Sensitive};
use crate::session::{Session, SessionEnd};
use crate::{password, throttle, totp};

/// The user that acts; an automation has none.
pub(crate) fn own_user(tx: &Tx) -> Result<UserId> {
    tx.actor()
        .principal
        .user()
        .ok_or(Error::Denied("directory.user"))
}

/// That a person proved their identity just now. Trastienda itself has nothing to prove it by; an
/// API key can't prove it at all.
pub(crate) fn require_proof(tx: &Tx) -> Result<()> {
    match tx.actor().principal {
        Principal::System => Ok(()),
        _ => tx.require_step_up(),
    }
}

/// Ends one's own session.
pub async fn logout(tx: &mut Tx, id: SessionId) -> Result<Option<Session>> {
    let user = own_user(tx)?;
    let own = session::table
        .find((tx.organisation(), id))
        .filter(session::user_id.eq(user))
        .select(session::id)
        .first::<SessionId>(tx.conn())
        .await
        .optional()?;
    match own {
        Some(id) => crate::session::end(tx, id, SessionEnd::Logout).await,
        None => Ok(None),
    }
}

/// A fresh proof of identity, for sensitive acts: the code when there is a second factor, the
/// password otherwise.
#[derive(Clone, Debug, InputObject)]
pub struct SessionStepUpInput {
    /// The password; needed when there is no second factor.
    pub password: Option<Sensitive>,
    /// The code of the authenticator app; needed when there is one.
    pub totp: Option<Sensitive>,
}

/// Takes a fresh proof of identity for a session of the actor. Five minutes of sensitive acts
/// follow. Counted like log-ins, so that a stolen session can't try passwords for ever.
pub async fn step_up(
    db: &Db,
    keys: &Keys,
    context: &Arc<Context>,
    id: SessionId,
    input: SessionStepUpInput,
) -> Result<DateTime<Utc>> {
    let user = context
        .actor
        .principal
        .user()
        .ok_or(Error::Denied("directory.user"))?;
    let key = keys.throttle_key("step_up", &user.0.to_string(), &id.0.to_string());
    throttle::charge(db, &key).await?;
    let mut tx = db.begin(context).await?;
    let state = totp::load(&mut tx, user).await?;
    if state.is_on() {
        let code = input
            .totp
            .ok_or_else(|| Fault::invalid("directory.totp_required").at(["totp"]));
        if !totp::spend(&mut tx, keys, user, &state, &code?).await? {
            tx.rollback().await?;
            return Err(Fault::invalid("directory.totp_wrong").at(["totp"]).into());
        }
        let at = mark_proved(&mut tx, user, id).await?;
        tx.commit().await?;
        throttle::clear(db, &key).await?;
        return Ok(at);
    }
    let kept = kept_password(&mut tx, user).await?;
    tx.commit().await?;
    let password = input
        .password
        .ok_or_else(|| Fault::invalid("kernel.required").at(["password"]));
    if !password::verify(&password?, kept).await? {
        return Err(Fault::invalid("directory.password_wrong")
            .at(["password"])
            .into());
    }
    let mut tx = db.begin(context).await?;
    let at = mark_proved(&mut tx, user, id).await?;
    tx.commit().await?;
    throttle::clear(db, &key).await?;
    Ok(at)
}

async fn kept_password(tx: &mut Tx, user: UserId) -> Result<Option<String>> {
    Ok(credential::table
        .find((tx.organisation(), user))
        .select(credential::password_hash)
        .first::<Option<String>>(tx.conn())
        .await
        .optional()?
        .flatten())
}

async fn mark_proved(tx: &mut Tx, user: UserId, id: SessionId) -> Result<DateTime<Utc>> {
    let now = tx.now();
    let marked = diesel::update(session::table.find((tx.organisation(), id)))
        .filter(session::user_id.eq(user))
        .filter(session::ended_at.is_null())
        .set(session::proved_at.eq(Some(now)))
        .execute(tx.conn())
        .await?;
    if marked != 1 {
        return Err(Fault::not_found("kernel.not_found").into());
    }
    let proved = Event::new("directory.session.stepped_up", "Session", id, SESSION_READ);
    tx.emit(proved.owner(Some(user))).await?;
    Ok(now)
}

/// A user who has proved who they are but whose grants nobody has asked for yet.
pub(crate) fn bare_actor(
    organisation: kernel::ids::OrganisationId,
    user: UserId,
    name: String,
) -> Actor {
    Actor {
        principal: Principal::User(user),
        name,
        grants: std::collections::BTreeMap::new(),
        ..Actor::system(organisation)
    }
}
