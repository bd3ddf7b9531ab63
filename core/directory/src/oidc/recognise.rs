//! Who a provider's identity is among our users.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::ids::UserId;
use kernel::{Error, Event, Fault, Locale, Result, Tx};

use super::IdentityProviderId;
use super::exchange::Identity;
use crate::auth::grants_of;
use crate::permission::USER_READ;
use crate::schema::{identity_link, user};

/// A user who was recognised.
pub(super) struct Recognised {
    pub(super) id: UserId,
    pub(super) name: String,
    pub(super) locale: Locale,
}

/// The active user that a provider's identity is, by the provider's own id, at first by a verified
/// address. An owner is nobody here.
pub(super) async fn user_of(
    tx: &mut Tx,
    provider: IdentityProviderId,
    identity: &Identity,
) -> Result<Recognised> {
    let organisation = tx.organisation();
    let linked: Option<UserId> = identity_link::table
        .find((organisation, provider.0, &identity.subject))
        .select(identity_link::user_id)
        .first(tx.conn())
        .await
        .optional()?;
    let found = active(tx, linked, identity.email.as_deref()).await?;
    if linked.is_none() {
        link(tx, provider, found.id, &identity.subject).await?;
    }
    Ok(found)
}

/// A user who was recognised a moment ago, if they still are.
pub(super) async fn again(tx: &mut Tx, id: UserId) -> Result<Recognised> {
    active(tx, Some(id), None).await
}

async fn active(tx: &mut Tx, id: Option<UserId>, email: Option<&str>) -> Result<Recognised> {
    let unknown = || Error::from(Fault::invalid("directory.identity_unknown_user"));
    let mut query = user::table
        .filter(user::organisation_id.eq(tx.organisation()))
        .filter(user::active)
        .select((user::id, user::display_name, user::locale))
        .into_boxed();
    query = match (id, email) {
        (Some(id), _) => query.filter(user::id.eq(id)),
        (None, Some(email)) => query.filter(user::email.eq(email)),
        (None, None) => return Err(unknown()),
    };
    let found: Option<(UserId, String, Locale)> = query.first(tx.conn()).await.optional()?;
    let (id, name, locale) = found.ok_or_else(unknown)?;
    if grants_of(tx, id).await?.contains_key(EVERYTHING) {
        return Err(unknown());
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
