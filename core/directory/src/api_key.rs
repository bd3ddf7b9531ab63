//! API keys: credentials of automations. A key may do what its maker may do now, within its scopes.

use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{ApiKeyId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Predicate, Principal, Result, Tx, listing};

use crate::auth::{own_user, require_proof};
use crate::check::{self, Input, taken};
use crate::permission::{API_KEY_MANAGE, API_KEY_READ, is_known};
use crate::schema::api_key;
use crate::secret::{Sensitive, Token, TokenKind};

/// Days that a key is good for at most.
pub const LONGEST_DAYS: i64 = 366;

/// A key, without its secret.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = api_key, check_for_backend(diesel::pg::Pg))]
pub struct ApiKey {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The key.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Who made it.
    pub user_id: UserId,
    /// The permissions that it may use.
    pub scopes: Vec<String>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on API keys.
    filter ApiKeyFilter {
        /// By name.
        name: TextFilter => name,
        /// By who made it.
        user: IdFilter => user_id,
        /// By expiry.
        expires_at: DateTimeFilter => expires_at,
        /// By last use.
        last_used_at: DateTimeFilter => last_used_at,
        /// By revocation.
        revoked_at: DateTimeFilter => revoked_at,
    }
    /// An order of API keys.
    sort ApiKeySort;
    /// What API keys can be sorted by.
    by ApiKeySortField {
        /// By name.
        Name = "NAME" => name,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
        /// By expiry.
        ExpiresAt = "EXPIRES_AT" => expires_at,
    }
    default CreatedAt Desc;
    search [name];
    from "directory" api_key as ApiKey;
}

/// One's own keys, and with the right to see them everybody's. A key sees itself.
fn visible(tx: &Tx) -> Predicate {
    let organisation = tx.organisation().uuid();
    let of_tenant = Predicate::equal(
        "\"directory\".\"api_key\".\"organisation_id\"",
        organisation,
    );
    if tx.actor().scope(API_KEY_READ).everywhere {
        return of_tenant;
    }
    let own = match tx.actor().principal {
        Principal::User(user) => ("\"directory\".\"api_key\".\"user_id\"", user.uuid()),
        Principal::ApiKey(key) => ("\"directory\".\"api_key\".\"id\"", key.uuid()),
        Principal::System => return Predicate::none(),
    };
    of_tenant.and(Predicate::equal(own.0, own.1))
}

/// A page of the keys that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ApiKeyFilter, ApiKeySortField>,
) -> Result<Page<ApiKey>> {
    let visible = visible(tx);
    list(tx, request, visible).await
}

/// How many keys the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ApiKeyFilter, ApiKeySortField>,
) -> Result<i64> {
    let visible = visible(tx);
    tally(tx, request, visible).await
}

/// The visible ones among some keys.
pub async fn by_ids(tx: &mut Tx, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>> {
    let visible = visible(tx);
    Ok(api_key::table
        .filter(api_key::organisation_id.eq(tx.organisation()))
        .filter(api_key::id.eq_any(ids))
        .filter(visible)
        .select(ApiKey::as_select())
        .load(tx.conn())
        .await?)
}

/// Makes an API key of one's own.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyCreateInput {
    /// An id made by the client, `key_…`.
    pub id: Option<ApiKeyId>,
    /// What it is for.
    pub name: String,
    /// The permissions that it may use, all of them one's own.
    pub scopes: Vec<String>,
    /// Until when it is good; a year at most.
    pub expires_at: DateTime<Utc>,
}

/// Makes a key and gives its text, this once. Needs a fresh proof of identity.
pub async fn create(tx: &mut Tx, command: ApiKeyCreateInput) -> Result<(ApiKey, Sensitive)> {
    tx.require(API_KEY_MANAGE)?;
    let user = own_user(tx)?;
    require_proof(tx)?;
    let mut input = Input::new();
    let name = input.take("name", check::text(&command.name, 100));
    let scopes = input.take("scopes", scopes(tx, &command.scopes));
    let latest = tx.now() + TimeDelta::days(LONGEST_DAYS);
    let in_time = command.expires_at > tx.now() && command.expires_at <= latest;
    let wrong = || Fault::invalid("directory.expiry_invalid").with("days", LONGEST_DAYS);
    input.check(in_time, || wrong().at(["expiresAt"]));
    input.finish()?;
    let id = command.id.unwrap_or_else(ApiKeyId::generate);
    let token = Token::new(TokenKind::ApiKey, tx.organisation(), id)?;
    let row = diesel::insert_into(api_key::table)
        .values((
            api_key::organisation_id.eq(tx.organisation()),
            api_key::id.eq(id),
            api_key::name.eq(&name),
            api_key::user_id.eq(user),
            api_key::secret_hash.eq(token.hash()),
            api_key::scopes.eq(&scopes),
            api_key::expires_at.eq(command.expires_at),
            api_key::created_at.eq(tx.now()),
        ))
        .returning(ApiKey::as_returning())
        .get_result(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "api_key_pkey", "kernel.id_taken", "id"))?;
    let made = Event::new("directory.api_key.created", "ApiKey", id, API_KEY_READ)
        .owner(Some(user))
        .set("name", &name)
        .set("scopes", &scopes)
        .set("expiresAt", command.expires_at);
    tx.emit(made).await?;
    Ok((row, Sensitive(token.text())))
}

/// Permissions that exist and that the actor has somewhere.
fn scopes(tx: &Tx, names: &[String]) -> Result<Vec<String>, Fault> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(Fault::invalid("kernel.required"));
    }
    for name in &names {
        let held = tx.actor().grants.contains_key(name) || tx.actor().grants.contains_key("*");
        if !is_known(name) || !held {
            let name = name.chars().take(100).collect::<String>();
            return Err(Fault::invalid("directory.scope_not_held").with("permission", name));
        }
    }
    Ok(names)
}

/// Revokes an API key.
#[derive(Clone, Debug, InputObject)]
pub struct ApiKeyRevokeInput {
    /// The key.
    pub id: ApiKeyId,
}

/// Revokes a key of one's own, or with the right to manage keys anybody's. Revoking again changes
/// nothing.
pub async fn revoke(tx: &mut Tx, command: ApiKeyRevokeInput) -> Result<ApiKey> {
    let unknown = || Fault::not_found("kernel.not_found").at(["id"]);
    let seen = by_ids(tx, &[command.id])
        .await?
        .into_iter()
        .next()
        .ok_or_else(unknown)?;
    if tx.actor().principal.user() != Some(seen.user_id) {
        tx.actor().require_everywhere(API_KEY_MANAGE)?;
    }
    let now = tx.now();
    let revoked: Option<ApiKey> = diesel::update(api_key::table.find((tx.organisation(), seen.id)))
        .filter(api_key::revoked_at.is_null())
        .set((
            api_key::revoked_at.eq(Some(now)),
            api_key::version.eq(api_key::version + 1),
        ))
        .returning(ApiKey::as_returning())
        .get_result(tx.conn())
        .await
        .optional()?;
    let Some(row) = revoked else { return Ok(seen) };
    let event = Event::new("directory.api_key.revoked", "ApiKey", row.id, API_KEY_READ);
    tx.emit(event.owner(Some(row.user_id)).set("name", &row.name))
        .await?;
    Ok(row)
}
