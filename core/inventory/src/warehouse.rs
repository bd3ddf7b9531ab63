//! Warehouses: buildings of a company that hold stock. An item's stock is valued by the warehouse.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, OrganisationId, WarehouseId};
use kernel::page::{Page, PageRequest};
use kernel::{Dec, Event, Fault, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::fault;
use crate::location;
use crate::permission::{ITEM_MANAGE, ITEM_READ, visible};
use crate::schema::{holding, warehouse};

/// A warehouse of a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = warehouse,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Warehouse {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The warehouse.
    pub id: WarehouseId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Street and number.
    pub street: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
    /// Since when it is not used any more.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts its changes.
    pub version: i32,
}

listing! {
    /// Conditions on warehouses.
    filter WarehouseFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By name.
        name: TextFilter => name,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of warehouses.
    sort WarehouseSort;
    /// What warehouses can be sorted by.
    by WarehouseSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name.
        Name = "NAME" => name,
    }
    default Code Asc;
    search [code, name, city];
    archived archived_at;
    from "inventory" warehouse as Warehouse;
}

/// A page of the warehouses that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<WarehouseFilter, WarehouseSortField>,
) -> Result<Page<Warehouse>> {
    let visible = visible(tx, ITEM_READ, "warehouse")?;
    list(tx, request, visible).await
}

/// How many warehouses the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<WarehouseFilter, WarehouseSortField>,
) -> Result<i64> {
    let visible = visible(tx, ITEM_READ, "warehouse")?;
    tally(tx, request, visible).await
}

/// The visible ones among some warehouses.
pub async fn by_ids(tx: &mut Tx, ids: &[WarehouseId]) -> Result<Vec<Warehouse>> {
    let visible = visible(tx, ITEM_READ, "warehouse")?;
    Ok(warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::id.eq_any(ids))
        .filter(visible)
        .select(Warehouse::as_select())
        .load(tx.conn())
        .await?)
}

/// A warehouse that the actor may see.
pub async fn find(tx: &mut Tx, id: WarehouseId) -> Result<Option<Warehouse>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// Makes a warehouse.
#[derive(Clone, Debug, InputObject)]
pub struct WarehouseCreateInput {
    /// An id made by the client, `whs_…`.
    pub id: Option<WarehouseId>,
    /// The company.
    pub company: CompanyId,
    /// A code, unique in the company: capitals, digits and hyphens.
    pub code: String,
    /// The name.
    pub name: String,
    /// Street and number.
    pub street: Option<String>,
    /// The postal code.
    pub postal_code: Option<String>,
    /// The city.
    pub city: Option<String>,
}

/// Makes a warehouse, with its first location, `GENERAL`.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn create(tx: &mut Tx, command: WarehouseCreateInput) -> Result<Warehouse> {
    tx.require_in(ITEM_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let row = Warehouse {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(WarehouseId::generate),
        company_id: command.company,
        code: input.take("code", check::code(&command.code)),
        name: input.take("name", check::text(&command.name, 100)),
        street: input.take("street", check::optional(command.street.as_deref(), 200)),
        postal_code: input.take(
            "postalCode",
            check::optional(command.postal_code.as_deref(), 20),
        ),
        city: input.take("city", check::optional(command.city.as_deref(), 100)),
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    diesel::insert_into(warehouse::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "code"))?;
    let made = event("inventory.warehouse.created", &row)
        .set("code", &row.code)
        .set("name", &row.name);
    tx.emit(made).await?;
    location::first_of(tx, &row).await?;
    Ok(row)
}

/// Changes a warehouse.
#[derive(Clone, Debug, InputObject)]
pub struct WarehouseUpdateInput {
    /// The warehouse.
    pub id: WarehouseId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: WarehousePatch,
}

/// What of a warehouse may change.
#[derive(Clone, Debug, Default, InputObject)]
pub struct WarehousePatch {
    /// The code.
    pub code: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// Street and number.
    pub street: MaybeUndefined<String>,
    /// The postal code.
    pub postal_code: MaybeUndefined<String>,
    /// The city.
    pub city: MaybeUndefined<String>,
    /// Whether it is used no more; only an empty one is archived.
    pub is_archived: Option<bool>,
}

/// Changes a warehouse; only an empty one is archived.
#[tracing::instrument(skip_all, fields(warehouse.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: WarehouseUpdateInput) -> Result<Warehouse> {
    let seen = lock(tx, command.id, "id").await?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, command.patch)?;
    if next.archived_at.is_some() && seen.archived_at.is_none() && has_stock(tx, seen.id).await? {
        let fault = Fault::not_allowed(fault::WAREHOUSE_HAS_STOCK);
        return Err(fault.at(["patch", "isArchived"]).into());
    }
    diesel::update(warehouse::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch.code"))?;
    let event = event("inventory.warehouse.updated", &next)
        .changed("code", &seen.code, &next.code)
        .changed("name", &seen.name, &next.name)
        .changed("street", &seen.street, &next.street)
        .changed("postalCode", &seen.postal_code, &next.postal_code)
        .changed("city", &seen.city, &next.city)
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(event).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Warehouse, patch: WarehousePatch) -> Result<Warehouse> {
    let mut input = Input::new();
    let mut next = seen.clone();
    if let Some(code) = &patch.code {
        next.code = input.take("patch.code", check::code(code));
    }
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 100));
    }
    let mut text = |field: &str, most, value: MaybeUndefined<String>, kept: &mut Option<String>| {
        if !value.is_undefined() {
            *kept = input.take(
                field,
                check::optional(value.value().map(String::as_str), most),
            );
        }
    };
    text("patch.street", 200, patch.street, &mut next.street);
    text(
        "patch.postalCode",
        20,
        patch.postal_code,
        &mut next.postal_code,
    );
    text("patch.city", 100, patch.city, &mut next.city);
    match patch.is_archived {
        Some(true) => next.archived_at = seen.archived_at.or(Some(tx.now())),
        Some(false) => next.archived_at = None,
        None => {}
    }
    next.version = seen.version + 1;
    input.finish()?;
    Ok(next)
}

/// A warehouse for a command that manages it, locked.
pub(crate) async fn lock(tx: &mut Tx, id: WarehouseId, field: &str) -> Result<Warehouse> {
    let visible = visible(tx, ITEM_MANAGE, "warehouse")?;
    warehouse::table
        .filter(warehouse::organisation_id.eq(tx.organisation()))
        .filter(warehouse::id.eq(id))
        .filter(visible)
        .select(Warehouse::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found(fault::WAREHOUSE_NOT_FOUND)
                .at([field])
                .into()
        })
}

async fn has_stock(tx: &mut Tx, id: WarehouseId) -> Result<bool> {
    let query = holding::table
        .filter(holding::organisation_id.eq(tx.organisation()))
        .filter(holding::warehouse_id.eq(id))
        .filter(holding::quantity.ne(Dec(Decimal::ZERO)));
    Ok(diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?)
}

fn event(action: &'static str, row: &Warehouse) -> Event {
    Event::new(action, "Warehouse", row.id, ITEM_READ).company(row.company_id)
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(error, "warehouse_code", fault::CODE_TAKEN, field);
    taken(error, "warehouse_pkey", "kernel.id_taken", "id")
}
