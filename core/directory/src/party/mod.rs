//! Parties: the persons and organisations that business is done with, with their addresses and
//! bank accounts. They belong to the organisation; every company may use them.

mod address;
mod bank_account;
mod patch;

use async_graphql::{InputObject, OneofObject};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{OrganisationId, PartyId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Locale, Predicate, Result, Tx, enum_filter, listing};

pub use address::{
    Address, AddressAddInput, AddressPatch, AddressPurpose, AddressRemoveInput, AddressUpdateInput,
    add_address, addresses_by_ids, addresses_of, remove_address, update_address,
};
pub use bank_account::{
    BankAccount, BankAccountAddInput, BankAccountRemoveInput, add_bank_account,
    bank_accounts_by_ids, bank_accounts_of, remove_bank_account,
};

pub use patch::{PartyPatch, PartyUpdateInput, update};
use patch::{lock, save};

pub use crate::tax_id::PartyKind;

use crate::check::{self, Input, taken};
use crate::permission::{PARTY_MANAGE, PARTY_READ};
use crate::schema::party;
use crate::tax_id;

/// A person or organisation.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = party,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Party {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The party.
    pub id: PartyId,
    /// Person or organisation.
    pub kind: PartyKind,
    /// The full or registered name.
    pub name: String,
    /// The name on the door.
    pub trade_name: Option<String>,
    /// The country of the tax id, ISO 3166-1.
    pub tax_country: Option<String>,
    /// The tax id in its compact form.
    pub tax_id: Option<String>,
    /// What an integrator calls it.
    pub external_id: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The language of documents to it.
    pub locale: Locale,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

enum_filter! {
    /// Conditions on the kind of a party.
    PartyKindFilter of PartyKind
}

listing! {
    /// Conditions on parties.
    filter PartyFilter {
        /// By id.
        id: IdFilter => id,
        /// By kind.
        kind: PartyKindFilter => kind,
        /// By name.
        name: TextFilter => name,
        /// By tax id.
        tax_id: TextFilter => tax_id,
        /// By the country of the tax id.
        tax_country: TextFilter => tax_country,
        /// By what an integrator calls it.
        external_id: TextFilter => external_id,
        /// By e-mail address.
        email: TextFilter => email,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of parties.
    sort PartySort;
    /// What parties can be sorted by.
    by PartySortField {
        /// By name.
        Name = "NAME" => name,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Name Asc;
    search [name, trade_name, tax_id, external_id, email];
    archived archived_at;
    from "directory" party as Party;
}

pub(crate) fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(PARTY_READ)?;
    let organisation = tx.organisation().uuid();
    Ok(Predicate::equal(
        "\"directory\".\"party\".\"organisation_id\"",
        organisation,
    ))
}

/// A page of the parties.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PartyFilter, PartySortField>,
) -> Result<Page<Party>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many parties there are.
pub async fn count(tx: &mut Tx, request: PageRequest<PartyFilter, PartySortField>) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some parties.
pub async fn by_ids(tx: &mut Tx, ids: &[PartyId]) -> Result<Vec<Party>> {
    let visible = visible(tx)?;
    Ok(party::table
        .filter(party::organisation_id.eq(tx.organisation()))
        .filter(party::id.eq_any(ids))
        .filter(visible)
        .select(Party::as_select())
        .load(tx.conn())
        .await?)
}

/// A party that the actor may see.
pub async fn find(tx: &mut Tx, id: PartyId) -> Result<Option<Party>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// Names a party in one of several ways.
#[derive(Clone, Debug, OneofObject)]
pub enum PartyRef {
    /// By id.
    Id(PartyId),
    /// By what an integrator calls it.
    ExternalId(String),
    /// By tax id, in the compact form or as it is written.
    TaxId(String),
}

/// The visible party that a reference names.
pub async fn resolve(tx: &mut Tx, named: &PartyRef) -> Result<Party> {
    let visible = visible(tx)?;
    let mut query = party::table
        .filter(visible)
        .select(Party::as_select())
        .into_boxed();
    query = match named {
        PartyRef::Id(id) => query.filter(party::id.eq(*id)),
        PartyRef::ExternalId(external) => query.filter(party::external_id.eq(external.clone())),
        PartyRef::TaxId(text) => {
            let plain: String = text.chars().filter(|c| !" -./".contains(*c)).collect();
            query.filter(party::tax_id.eq(plain.to_uppercase()))
        }
    };
    query
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.party_unknown").into())
}

/// Makes a party.
#[derive(Clone, Debug, InputObject)]
pub struct PartyCreateInput {
    /// An id made by the client, `pty_…`.
    pub id: Option<PartyId>,
    /// Person or organisation.
    pub kind: PartyKind,
    /// The full or registered name.
    pub name: String,
    /// The name on the door.
    pub trade_name: Option<String>,
    /// The country of the tax id; Spain when absent.
    pub tax_country: Option<String>,
    /// The tax id.
    pub tax_id: Option<String>,
    /// What an integrator calls it, unique in the organisation.
    pub external_id: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The telephone number.
    pub phone: Option<String>,
    /// The language of documents to it; Spanish when absent.
    pub locale: Option<Locale>,
}

/// Makes a party.
pub async fn create(tx: &mut Tx, command: PartyCreateInput) -> Result<Party> {
    tx.require(PARTY_MANAGE)?;
    let row = decide(tx, &command)?;
    diesel::insert_into(party::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    let made = Event::new("directory.party.created", "Party", row.id, PARTY_READ)
        .set("name", &row.name)
        .set("kind", row.kind);
    tx.emit(made).await?;
    Ok(row)
}

fn decide(tx: &Tx, c: &PartyCreateInput) -> Result<Party> {
    let mut input = Input::new();
    let id = tax(
        &mut input,
        "",
        c.tax_country.as_deref(),
        c.tax_id.as_deref(),
    );
    let row = Party {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(PartyId::generate),
        kind: c.kind,
        name: input.take("name", check::text(&c.name, 200)),
        trade_name: input.take("tradeName", check::optional(c.trade_name.as_deref(), 200)),
        tax_country: id.as_ref().map(|(country, _)| country.clone()),
        tax_id: id.map(|(_, text)| text),
        external_id: input.take("externalId", check::optional(c.external_id.as_deref(), 100)),
        email: input.take("email", check::each(c.email.as_deref(), check::email)),
        phone: input.take("phone", check::optional(c.phone.as_deref(), 40)),
        locale: c.locale.unwrap_or(Locale::Es),
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    Ok(row)
}

/// A country and a tax id by its rules; Spain's when no country is named.
fn tax(
    input: &mut Input,
    under: &str,
    country: Option<&str>,
    id: Option<&str>,
) -> Option<(String, String)> {
    let id = id.map(str::trim).filter(|id| !id.is_empty())?;
    let country = input.try_take(
        &format!("{under}taxCountry"),
        check::country(country.unwrap_or("ES")),
    )?;
    let id = input.try_take(&format!("{under}taxId"), tax_id::check(&country, id))?;
    Some((country, id))
}

fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let at = |field: &str| format!("{under}{field}");
    let error = taken(
        error,
        "party_tax_id",
        "directory.tax_id_taken",
        &at("taxId"),
    );
    let error = taken(
        error,
        "party_external_id",
        "directory.external_id_taken",
        &at("externalId"),
    );
    taken(error, "party_pkey", "kernel.id_taken", "id")
}
