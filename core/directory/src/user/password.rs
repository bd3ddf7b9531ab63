//! Passwords of users: changed by themselves, reset by an administrator; and the second factor of a
//! user who lost it.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{SessionId, UserId};
use kernel::{Event, Fault, Result, Tx};

use super::{User, store};
use crate::auth::{own_user, require_proof};
use crate::permission::{USER_MANAGE, USER_READ};
use crate::schema::credential;
use crate::secret::Sensitive;
use crate::session::{self, SessionEnd};

/// Changes one's own password. Needs a fresh proof of identity, which the old password gives.
#[derive(Clone, Debug, InputObject)]
pub struct UserPasswordChangeInput {
    /// The new password, of 12 to 1,024 characters.
    pub new_password: Sensitive,
}

/// Changes one's own password and ends one's other sessions.
pub async fn change_password(
    tx: &mut Tx,
    current: Option<SessionId>,
    command: UserPasswordChangeInput,
) -> Result<User> {
    let id = own_user(tx)?;
    require_proof(tx)?;
    let user = store::lock(tx, id).await?;
    set(tx, &user, &command.new_password, "newPassword", false).await?;
    session::end_all(tx, id, current, SessionEnd::PasswordChanged).await?;
    let changed = Event::new("directory.user.password_changed", "User", id, USER_READ);
    tx.emit(changed.owner(Some(id))).await?;
    Ok(user)
}

/// Gives a user a password that they must change at once.
#[derive(Clone, Debug, InputObject)]
pub struct UserPasswordResetInput {
    /// The user.
    pub id: UserId,
    /// The password until they set their own.
    pub password: Sensitive,
}

/// Gives a user a new password, which they must change, and ends their sessions. Only an owner
/// resets an owner's: whoever could would be one.
pub async fn reset_password(tx: &mut Tx, command: UserPasswordResetInput) -> Result<User> {
    let user = managed(tx, command.id).await?;
    set(tx, &user, &command.password, "password", true).await?;
    session::end_all(tx, user.id, None, SessionEnd::PasswordChanged).await?;
    let reset = Event::new("directory.user.password_reset", "User", user.id, USER_READ);
    tx.emit(reset.owner(Some(user.id))).await?;
    Ok(user)
}

/// Takes the second factor of a user away who lost it.
#[derive(Clone, Debug, InputObject)]
pub struct UserTotpRemoveInput {
    /// The user.
    pub id: UserId,
}

/// Takes the second factor of a user away who lost it and every recovery code.
pub async fn remove_totp(tx: &mut Tx, command: UserTotpRemoveInput) -> Result<User> {
    let user = managed(tx, command.id).await?;
    crate::totp::remove(tx, user.id).await?;
    store::lock(tx, user.id).await
}

/// A user whose credentials the actor may change now: freshly proved, and no stronger than they.
async fn managed(tx: &mut Tx, id: UserId) -> Result<User> {
    tx.actor().require_everywhere(USER_MANAGE)?;
    require_proof(tx)?;
    let user = store::lock(tx, id).await?;
    if own_user(tx).ok() != Some(id) && !crate::role::may_act_for(tx, id).await? {
        return Err(Fault::not_allowed("directory.user_stronger")
            .at(["id"])
            .into());
    }
    Ok(user)
}

async fn set(
    tx: &mut Tx,
    user: &User,
    password: &Sensitive,
    field: &str,
    must_change: bool,
) -> Result<()> {
    crate::password::check(password, &[&user.email, &user.display_name])
        .map_err(|fault| fault.at([field]))?;
    let hash = crate::password::hash(password).await?;
    diesel::update(credential::table.find((user.organisation_id, user.id)))
        .set((
            credential::password_hash.eq(Some(hash)),
            credential::password_set_at.eq(Some(tx.now())),
            credential::must_change.eq(must_change),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
