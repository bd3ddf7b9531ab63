//! Locations: the places inside a warehouse that stock lies in and is counted by.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, LocationId, OrganisationId, WarehouseId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Result, Tx, listing};

use crate::fault;
use crate::permission::{ITEM_MANAGE, ITEM_READ, visible};
use crate::schema::location;
use crate::warehouse::{self, Warehouse};

/// The code of the location that every warehouse begins with.
pub const FIRST: &str = "GENERAL";

/// A place inside a warehouse.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = location,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Location {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The location.
    pub id: LocationId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its warehouse.
    pub warehouse_id: WarehouseId,
    /// Its code, unique in the warehouse.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Since when nothing goes in any more.
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i32,
}

listing! {
    /// Conditions on locations.
    filter LocationFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By warehouse.
        warehouse: IdFilter => warehouse_id,
        /// By code.
        code: TextFilter => code,
        /// By name.
        name: TextFilter => name,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of locations.
    sort LocationSort;
    /// What locations can be sorted by.
    by LocationSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name.
        Name = "NAME" => name,
    }
    default Code Asc;
    search [code, name];
    archived archived_at;
    from "inventory" location as Location;
}

/// A page of the locations that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<LocationFilter, LocationSortField>,
) -> Result<Page<Location>> {
    let visible = visible(tx, ITEM_READ, "location")?;
    list(tx, request, visible).await
}

/// How many locations the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<LocationFilter, LocationSortField>,
) -> Result<i64> {
    let visible = visible(tx, ITEM_READ, "location")?;
    tally(tx, request, visible).await
}

/// The visible ones among some locations.
pub async fn by_ids(tx: &mut Tx, ids: &[LocationId]) -> Result<Vec<Location>> {
    let visible = visible(tx, ITEM_READ, "location")?;
    Ok(location::table
        .filter(location::organisation_id.eq(tx.organisation()))
        .filter(location::id.eq_any(ids))
        .filter(visible)
        .select(Location::as_select())
        .load(tx.conn())
        .await?)
}

/// The locations of some warehouses that the actor may see, by code.
pub async fn of_warehouses(tx: &mut Tx, ids: &[WarehouseId]) -> Result<Vec<Location>> {
    let visible = visible(tx, ITEM_READ, "location")?;
    Ok(location::table
        .filter(location::organisation_id.eq(tx.organisation()))
        .filter(location::warehouse_id.eq_any(ids))
        .filter(visible)
        .order((location::warehouse_id, location::code))
        .select(Location::as_select())
        .load(tx.conn())
        .await?)
}

/// Some locations for a command, whatever the actor may see.
pub(crate) async fn load(tx: &mut Tx, ids: &[LocationId]) -> Result<Vec<Location>> {
    Ok(location::table
        .filter(location::organisation_id.eq(tx.organisation()))
        .filter(location::id.eq_any(ids))
        .select(Location::as_select())
        .load(tx.conn())
        .await?)
}

/// The first location of a new warehouse.
pub(crate) async fn first_of(tx: &mut Tx, warehouse: &Warehouse) -> Result<Location> {
    let row = Location {
        organisation_id: warehouse.organisation_id,
        id: LocationId::generate(),
        company_id: warehouse.company_id,
        warehouse_id: warehouse.id,
        code: FIRST.to_owned(),
        name: "General".to_owned(),
        archived_at: None,
        version: 1,
    };
    insert(tx, &row).await?;
    Ok(row)
}

/// The location that goods go to when a warehouse alone is named: `GENERAL`, or else its first by
/// code.
pub async fn default_of(tx: &mut Tx, warehouse: WarehouseId) -> Result<Option<Location>> {
    let rows: Vec<Location> = location::table
        .filter(location::organisation_id.eq(tx.organisation()))
        .filter(location::warehouse_id.eq(warehouse))
        .filter(location::archived_at.is_null())
        .order(location::code)
        .select(Location::as_select())
        .load(tx.conn())
        .await?;
    let general = rows.iter().find(|row| row.code == FIRST).cloned();
    Ok(general.or_else(|| rows.into_iter().next()))
}

/// Makes a location.
#[derive(Clone, Debug, InputObject)]
pub struct LocationCreateInput {
    /// An id made by the client, `loc_…`.
    pub id: Option<LocationId>,
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// A code, unique in the warehouse: capitals, digits and hyphens.
    pub code: String,
    /// The name; the code when absent.
    pub name: Option<String>,
}

/// Makes a location.
#[tracing::instrument(skip_all, fields(warehouse.id = %command.warehouse), err)]
pub async fn create(tx: &mut Tx, command: LocationCreateInput) -> Result<Location> {
    let warehouse = warehouse::lock(tx, command.warehouse, "warehouse").await?;
    let mut input = Input::new();
    let code = input.take("code", check::code(&command.code));
    let name = input.take("name", check::optional(command.name.as_deref(), 100));
    input.finish()?;
    let row = Location {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(LocationId::generate),
        company_id: warehouse.company_id,
        warehouse_id: warehouse.id,
        name: name.unwrap_or_else(|| code.clone()),
        code,
        archived_at: None,
        version: 1,
    };
    insert(tx, &row).await?;
    Ok(row)
}

/// Changes a location.
#[derive(Clone, Debug, InputObject)]
pub struct LocationUpdateInput {
    /// The location.
    pub id: LocationId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: LocationPatch,
}

/// What of a location may change.
#[derive(Clone, Debug, Default, InputObject)]
pub struct LocationPatch {
    /// The code.
    pub code: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Whether nothing goes in any more; what is there can still leave.
    pub is_archived: Option<bool>,
}

/// Changes a location.
#[tracing::instrument(skip_all, fields(location.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: LocationUpdateInput) -> Result<Location> {
    let visible = visible(tx, ITEM_MANAGE, "location")?;
    let seen: Option<Location> = location::table
        .filter(location::organisation_id.eq(tx.organisation()))
        .filter(location::id.eq(command.id))
        .filter(visible)
        .select(Location::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let seen = seen.ok_or_else(|| Fault::not_found(fault::LOCATION_NOT_FOUND).at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    let mut input = Input::new();
    let mut next = seen.clone();
    if let Some(code) = &command.patch.code {
        next.code = input.take("patch.code", check::code(code));
    }
    if let Some(name) = &command.patch.name {
        next.name = input.take("patch.name", check::text(name, 100));
    }
    input.finish()?;
    match command.patch.is_archived {
        Some(true) => next.archived_at = seen.archived_at.or(Some(tx.now())),
        Some(false) => next.archived_at = None,
        None => {}
    }
    next.version = seen.version + 1;
    diesel::update(location::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch.code"))?;
    let event = event("inventory.location.updated", &next)
        .changed("code", &seen.code, &next.code)
        .changed("name", &seen.name, &next.name)
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(event).await?;
    Ok(next)
}

async fn insert(tx: &mut Tx, row: &Location) -> Result<()> {
    diesel::insert_into(location::table)
        .values(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "code"))?;
    let made = event("inventory.location.created", row).set("code", &row.code);
    tx.emit(made).await?;
    Ok(())
}

fn event(action: &'static str, row: &Location) -> Event {
    Event::new(action, "Location", row.id, ITEM_READ)
        .company(row.company_id)
        .set("warehouse", row.warehouse_id)
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(error, "location_code", fault::CODE_TAKEN, field);
    taken(error, "location_pkey", "kernel.id_taken", "id")
}
