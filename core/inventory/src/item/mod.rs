//! Items: what a company buys, stocks and sells, in which unit, valued how.

mod conversion;
mod gtin;
mod write;

pub use conversion::{ItemUnit, ItemUnitInput, units_of};
pub use write::{
    ItemArchiveInput, ItemCreateInput, ItemPatch, ItemRestoreInput, ItemUpdateInput, archive,
    create, restore, update,
};

pub(crate) use conversion::{load as load_units, named as unit_named};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, ItemCategoryId, ItemId, OrganisationId, UnitId};
use kernel::page::{Page, PageRequest};
use kernel::{Dec, Result, Tx, listing};

use crate::category::ItemCategoryFilter;
use crate::permission::{ITEM_READ, visible};
use crate::schema::item;

kernel::text_enum! {
    /// How the stock of an item is valued (PGC de PYMES, norma de registro y valoración 12.ª 1.3:
    /// average price in general, FIFO where it suits better).
    pub enum Valuation {
        /// First in, first out: what goes costs what the oldest of it cost.
        Fifo = "FIFO",
        /// Moving average: what goes costs what all of it cost on average when it went.
        MovingAverage = "MOVING_AVERAGE",
    }
}

kernel::enum_filter! {
    /// Conditions on how stock is valued.
    ValuationFilter of Valuation
}

/// An item of a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = item,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Item {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The item.
    pub id: ItemId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its code, unique in the company.
    pub code: String,
    /// Its id in another system, unique in the company.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its category.
    pub category_id: Option<ItemCategoryId>,
    /// The unit that its stock is kept in.
    pub unit_id: UnitId,
    /// Its barcode: 8, 12, 13 or 14 digits.
    pub gtin: Option<String>,
    /// Whether stock is kept of it; no for services.
    pub is_tracked: bool,
    /// How its stock is valued.
    pub valuation: Valuation,
    /// What one unit sells for, before tax, in the currency of the books.
    pub list_price: Option<Dec>,
    /// Since when it takes no more part.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts its changes.
    pub version: i32,
}

listing! {
    /// Conditions on items.
    filter ItemFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By code.
        code: TextFilter => code,
        /// By the id in another system.
        external_id: TextFilter => external_id,
        /// By name.
        name: TextFilter => name,
        /// By barcode.
        gtin: TextFilter => gtin,
        /// By unit.
        unit: IdFilter => unit_id,
        /// By whether stock is kept.
        is_tracked: BooleanFilter => is_tracked,
        /// By how its stock is valued.
        valuation: ValuationFilter => valuation,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    related {
        /// By category.
        category: ItemCategoryFilter => category_id in ("inventory", "item_category", "id"),
    }
    /// An order of items.
    sort ItemSort;
    /// What items can be sorted by.
    by ItemSortField {
        /// By code.
        Code = "CODE" => code,
        /// By name.
        Name = "NAME" => name,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Code Asc;
    search [code, name, gtin, external_id];
    archived archived_at;
    from "inventory" item as Item;
}

/// A page of the items that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ItemFilter, ItemSortField>,
) -> Result<Page<Item>> {
    let visible = visible(tx, ITEM_READ, "item")?;
    list(tx, request, visible).await
}

/// How many items the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<ItemFilter, ItemSortField>) -> Result<i64> {
    let visible = visible(tx, ITEM_READ, "item")?;
    tally(tx, request, visible).await
}

/// The visible ones among some items.
pub async fn by_ids(tx: &mut Tx, ids: &[ItemId]) -> Result<Vec<Item>> {
    let visible = visible(tx, ITEM_READ, "item")?;
    Ok(item::table
        .filter(item::organisation_id.eq(tx.organisation()))
        .filter(item::id.eq_any(ids))
        .filter(visible)
        .select(Item::as_select())
        .load(tx.conn())
        .await?)
}

/// An item that the actor may see.
pub async fn find(tx: &mut Tx, id: ItemId) -> Result<Option<Item>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// Some items for a command, held against changes until the transaction ends.
pub(crate) async fn hold(tx: &mut Tx, ids: &[ItemId]) -> Result<Vec<Item>> {
    Ok(item::table
        .filter(item::organisation_id.eq(tx.organisation()))
        .filter(item::id.eq_any(ids))
        .order(item::id)
        .for_share()
        .select(Item::as_select())
        .load(tx.conn())
        .await?)
}
