//! Log-in through OpenID Connect providers: their settings, one set an organisation.
//!
//! The flow is authorization code with PKCE and a nonce; what must be remembered between leaving
//! and coming back is kept here, sealed, and good once. A provider says who somebody is; what they
//! may do stays ours. An owner is never let in by a provider: whoever sets one up could otherwise
//! become an owner.

mod exchange;
mod flow;
mod landing;
mod outbound;
mod recognise;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, TextFilter};
use kernel::ids::OrganisationId;
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Predicate, Result, Tx, listing};
use uuid::Uuid;

pub use flow::{Begun, Finish, IdentityStartInput, begin, finish, providers_of};
pub use landing::{CALLBACK, Landing};
pub use outbound::{Outbound, Reach, is_public, use_crypto};

use crate::auth::require_proof;
use crate::check::{self, Input, taken};
use crate::permission::IDENTITY_PROVIDER_MANAGE;
use crate::schema::identity_provider;
use crate::secret::{Keys, Sensitive};

kernel::typed_id! {
    /// An OpenID Connect provider of an organisation.
    IdentityProviderId = "idp";
}

/// A provider, without its secret.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = identity_provider, check_for_backend(diesel::pg::Pg))]
pub struct IdentityProvider {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The provider.
    pub id: IdentityProviderId,
    /// The name on the log-in page.
    pub name: String,
    /// Its issuer, an https address.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on providers.
    filter IdentityProviderFilter {
        /// By name.
        name: TextFilter => name,
        /// By whether it may be used.
        enabled: BooleanFilter => enabled,
    }
    /// An order of providers.
    sort IdentityProviderSort;
    /// What providers can be sorted by.
    by IdentityProviderSortField {
        /// By name.
        Name = "NAME" => name,
        /// By when it was made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Name Asc;
    search [name, issuer];
    from "directory" identity_provider as IdentityProvider;
}

/// Providers are of the whole organisation: whoever may manage them sees them all.
fn visible(tx: &Tx) -> Result<Predicate> {
    tx.actor().require_everywhere(IDENTITY_PROVIDER_MANAGE)?;
    let organisation = kernel::id::TypedId::uuid(tx.organisation());
    Ok(Predicate::equal(
        "\"directory\".\"identity_provider\".\"organisation_id\"",
        organisation,
    ))
}

/// A page of the providers.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<IdentityProviderFilter, IdentityProviderSortField>,
) -> Result<Page<IdentityProvider>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many providers there are.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<IdentityProviderFilter, IdentityProviderSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some providers.
pub async fn by_ids(tx: &mut Tx, ids: &[IdentityProviderId]) -> Result<Vec<IdentityProvider>> {
    let visible = visible(tx)?;
    Ok(identity_provider::table
        .filter(identity_provider::organisation_id.eq(tx.organisation()))
        .filter(identity_provider::id.eq_any(ids))
        .filter(visible)
        .select(IdentityProvider::as_select())
        .load(tx.conn())
        .await?)
}

/// Sets up a provider.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityProviderCreateInput {
    /// An id made by the client, `idp_…`.
    pub id: Option<IdentityProviderId>,
    /// The name on the log-in page, unique in the organisation.
    pub name: String,
    /// The issuer, an https address.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// The secret it gave us, when it did.
    pub client_secret: Option<Sensitive>,
}

/// Sets up a provider. Needs a fresh proof of identity: it decides who gets in.
pub async fn create(
    tx: &mut Tx,
    keys: &Keys,
    reach: Reach,
    command: IdentityProviderCreateInput,
) -> Result<IdentityProvider> {
    tx.actor().require_everywhere(IDENTITY_PROVIDER_MANAGE)?;
    require_proof(tx)?;
    let mut input = Input::new();
    let name = input.take("name", check::text(&command.name, 100));
    let issuer = input.take("issuer", issuer(&command.issuer, reach));
    let client_id = input.take("clientId", check::text(&command.client_id, 500));
    input.finish()?;
    let id = command.id.unwrap_or_else(IdentityProviderId::generate);
    let sealed = sealed(keys, id, command.client_secret.as_ref())?;
    let row: IdentityProvider = diesel::insert_into(identity_provider::table)
        .values((
            identity_provider::organisation_id.eq(tx.organisation()),
            identity_provider::id.eq(id),
            identity_provider::name.eq(name),
            identity_provider::issuer.eq(issuer),
            identity_provider::client_id.eq(client_id),
            identity_provider::client_secret_sealed.eq(sealed),
            identity_provider::created_at.eq(tx.now()),
        ))
        .returning(IdentityProvider::as_returning())
        .get_result(tx.conn())
        .await
        .map_err(|error| told(error.into(), "name"))?;
    let made = told_of("directory.identity_provider.created", &row)
        .set("name", &row.name)
        .set("issuer", &row.issuer);
    tx.emit(made).await?;
    Ok(row)
}

/// Changes a provider.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityProviderUpdateInput {
    /// The provider.
    pub id: IdentityProviderId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: IdentityProviderPatch,
}

/// What of a provider may change; its issuer stays, for users are linked to it.
#[derive(Clone, Debug, Default, InputObject)]
pub struct IdentityProviderPatch {
    /// The name on the log-in page.
    pub name: Option<String>,
    /// What it knows us by.
    pub client_id: Option<String>,
    /// The secret it gave us.
    pub client_secret: MaybeUndefined<Sensitive>,
    /// Whether it may be used.
    pub enabled: Option<bool>,
}

/// Changes a provider. Needs a fresh proof of identity.
pub async fn update(
    tx: &mut Tx,
    keys: &Keys,
    command: IdentityProviderUpdateInput,
) -> Result<IdentityProvider> {
    tx.actor().require_everywhere(IDENTITY_PROVIDER_MANAGE)?;
    require_proof(tx)?;
    let key = (tx.organisation(), command.id);
    let seen: IdentityProvider = identity_provider::table
        .find(key)
        .select(IdentityProvider::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.identity_provider_unknown").at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let patch = command.patch;
    let mut input = Input::new();
    let name = patch.name.as_deref().unwrap_or(&seen.name);
    let name = input.take("patch.name", check::text(name, 100));
    let client_id = patch.client_id.as_deref().unwrap_or(&seen.client_id);
    let client_id = input.take("patch.clientId", check::text(client_id, 500));
    input.finish()?;
    if !patch.client_secret.is_undefined() {
        let secret = sealed(keys, seen.id, patch.client_secret.value())?;
        diesel::update(identity_provider::table.find(key))
            .set(identity_provider::client_secret_sealed.eq(secret))
            .execute(tx.conn())
            .await?;
    }
    let row: IdentityProvider = diesel::update(identity_provider::table.find(key))
        .set((
            identity_provider::name.eq(name),
            identity_provider::client_id.eq(client_id),
            identity_provider::enabled.eq(patch.enabled.unwrap_or(seen.enabled)),
            identity_provider::version.eq(identity_provider::version + 1),
        ))
        .returning(IdentityProvider::as_returning())
        .get_result(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch.name"))?;
    let changed = told_of("directory.identity_provider.updated", &row)
        .changed("name", &seen.name, &row.name)
        .changed("clientId", &seen.client_id, &row.client_id)
        .changed("enabled", &seen.enabled, &row.enabled);
    tx.emit(changed).await?;
    Ok(row)
}

fn told_of(action: &'static str, row: &IdentityProvider) -> Event {
    Event::new(action, "IdentityProvider", row.id, IDENTITY_PROVIDER_MANAGE)
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(
        error,
        "identity_provider_name",
        "directory.name_taken",
        field,
    );
    taken(error, "identity_provider_pkey", "kernel.id_taken", "id")
}

fn sealed(
    keys: &Keys,
    id: IdentityProviderId,
    secret: Option<&Sensitive>,
) -> Result<Option<Vec<u8>>> {
    let secret = secret.filter(|secret| !secret.0.is_empty());
    secret
        .map(|secret| keys.seal(secret.0.as_bytes(), id.0))
        .transpose()
}

/// An issuer's address: https, without user, query or fragment.
fn issuer(value: &str, reach: Reach) -> Result<String, Fault> {
    let bad = || Fault::invalid("directory.issuer_invalid");
    let url = url::Url::parse(value.trim()).map_err(|_| bad())?;
    let scheme = url.scheme() == "https" || (reach == Reach::Anywhere && url.scheme() == "http");
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.has_host();
    if scheme && plain && value.len() <= 500 {
        Ok(value.trim().to_owned())
    } else {
        Err(bad())
    }
}

/// What a log-in through a provider remembers until the user is back.
type AttemptRow = (Uuid, Vec<u8>, Vec<u8>, DateTime<Utc>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_plain_https_address() {
        assert!(issuer("https://id.ejemplo.es/realms/luna", Reach::Public).is_ok());
        for bad in [
            "",
            "id.ejemplo.es",
            "http://id.ejemplo.es",
            "https://u:p@id.es",
            "https://i.es?x",
        ] {
            assert!(issuer(bad, Reach::Public).is_err(), "{bad}");
        }
        assert!(issuer("http://127.0.0.1:9", Reach::Anywhere).is_ok());
    }
}
