//! Postal addresses of parties.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{AddressId, OrganisationId, PartyId};
use kernel::{Event, Fault, Result, Tx};

use super::{Party, lock, save};
use crate::check::{self, Input, taken};
use crate::permission::PARTY_READ;
use crate::schema::address;

kernel::text_enum! {
    /// What an address is for.
    pub enum AddressPurpose {
        /// The registered office or home.
        Main = "MAIN",
        /// Where invoices go.
        Billing = "BILLING",
        /// Where goods go.
        Shipping = "SHIPPING",
        /// Anything else.
        Other = "OTHER",
    }
}

/// A postal address of a party.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = address,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Address {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The address.
    pub id: AddressId,
    /// Whose it is.
    pub party_id: PartyId,
    /// What it is for.
    pub purpose: AddressPurpose,
    /// Street and number.
    pub street: String,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: String,
    /// The region or province.
    pub region: Option<String>,
    /// The country, ISO 3166-1.
    pub country: String,
}

/// The addresses of some parties.
pub async fn addresses_of(tx: &mut Tx, parties: &[PartyId]) -> Result<Vec<Address>> {
    tx.require(PARTY_READ)?;
    Ok(address::table
        .filter(address::organisation_id.eq(tx.organisation()))
        .filter(address::party_id.eq_any(parties))
        .order((address::party_id, address::id))
        .select(Address::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some addresses.
pub async fn addresses_by_ids(tx: &mut Tx, ids: &[AddressId]) -> Result<Vec<Address>> {
    tx.require(PARTY_READ)?;
    Ok(address::table
        .filter(address::organisation_id.eq(tx.organisation()))
        .filter(address::id.eq_any(ids))
        .select(Address::as_select())
        .load(tx.conn())
        .await?)
}

/// Adds an address to a party.
#[derive(Clone, Debug, InputObject)]
pub struct AddressAddInput {
    /// An id made by the client, `adr_…`.
    pub id: Option<AddressId>,
    /// The party.
    pub party: PartyId,
    /// What it is for.
    #[graphql(default_with = "AddressPurpose::Main")]
    pub purpose: AddressPurpose,
    /// Street and number.
    pub street: String,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: String,
    /// The region or province.
    pub region: Option<String>,
    /// The country, ISO 3166-1.
    pub country: String,
}

/// Adds an address to a party.
pub async fn add_address(tx: &mut Tx, command: AddressAddInput) -> Result<(Party, Address)> {
    let party = lock(tx, command.party, "party").await?;
    let c = &command;
    let mut input = Input::new();
    let row = Address {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(AddressId::generate),
        party_id: party.id,
        purpose: c.purpose,
        street: input.take("street", check::text(&c.street, 200)),
        postal_code: input.take("postalCode", check::optional(c.postal_code.as_deref(), 20)),
        city: input.take("city", check::text(&c.city, 100)),
        region: input.take("region", check::optional(c.region.as_deref(), 100)),
        country: input.take("country", check::country(&c.country)),
    };
    input.finish()?;
    diesel::insert_into(address::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "address_pkey", "kernel.id_taken", "id"))?;
    let party = touched(tx, party, "directory.address.added", &row).await?;
    Ok((party, row))
}

/// Changes an address.
#[derive(Clone, Debug, InputObject)]
pub struct AddressUpdateInput {
    /// The address.
    pub id: AddressId,
    /// The version of the party that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: AddressPatch,
}

/// What of an address may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AddressPatch {
    /// What it is for.
    pub purpose: Option<AddressPurpose>,
    /// Street and number.
    pub street: Option<String>,
    /// The postal code.
    pub postal_code: MaybeUndefined<String>,
    /// The city.
    pub city: Option<String>,
    /// The region or province.
    pub region: MaybeUndefined<String>,
    /// The country, ISO 3166-1.
    pub country: Option<String>,
}

/// Changes an address.
pub async fn update_address(tx: &mut Tx, command: AddressUpdateInput) -> Result<(Party, Address)> {
    let seen = load(tx, command.id).await?;
    let party = lock(tx, seen.party_id, "id").await?;
    check::version(party.version, command.expected_version)?;
    let next = patched(&seen, &command.patch)?;
    diesel::update(address::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    let party = touched(tx, party, "directory.address.updated", &next).await?;
    Ok((party, next))
}

fn patched(seen: &Address, patch: &AddressPatch) -> Result<Address> {
    let mut next = seen.clone();
    let mut input = Input::new();
    next.purpose = patch.purpose.unwrap_or(seen.purpose);
    if let Some(street) = &patch.street {
        next.street = input.take("patch.street", check::text(street, 200));
    }
    if let Some(city) = &patch.city {
        next.city = input.take("patch.city", check::text(city, 100));
    }
    if let Some(country) = &patch.country {
        next.country = input.take("patch.country", check::country(country));
    }
    if !patch.postal_code.is_undefined() {
        let text = patch.postal_code.as_opt_ref().flatten().map(String::as_str);
        next.postal_code = input.take("patch.postalCode", check::optional(text, 20));
    }
    if !patch.region.is_undefined() {
        let text = patch.region.as_opt_ref().flatten().map(String::as_str);
        next.region = input.take("patch.region", check::optional(text, 100));
    }
    input.finish()?;
    Ok(next)
}

/// Removes an address.
#[derive(Clone, Debug, InputObject)]
pub struct AddressRemoveInput {
    /// The address.
    pub id: AddressId,
}

/// Removes an address.
pub async fn remove_address(
    tx: &mut Tx,
    command: AddressRemoveInput,
) -> Result<(Party, AddressId)> {
    let seen = load(tx, command.id).await?;
    let party = lock(tx, seen.party_id, "id").await?;
    diesel::delete(address::table.find((seen.organisation_id, seen.id)))
        .execute(tx.conn())
        .await?;
    let party = touched(tx, party, "directory.address.removed", &seen).await?;
    Ok((party, seen.id))
}

async fn load(tx: &mut Tx, id: AddressId) -> Result<Address> {
    tx.require(PARTY_READ)?;
    address::table
        .find((tx.organisation(), id))
        .select(Address::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]).into())
}

/// The party's version moves with its addresses.
async fn touched(
    tx: &mut Tx,
    mut party: Party,
    action: &'static str,
    row: &Address,
) -> Result<Party> {
    party.version += 1;
    save(tx, &party).await?;
    let event = Event::new(action, "Party", party.id, PARTY_READ)
        .set("street", &row.street)
        .set("city", &row.city)
        .set("country", &row.country);
    tx.emit(event).await?;
    Ok(party)
}
