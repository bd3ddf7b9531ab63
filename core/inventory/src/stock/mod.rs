//! What is where: quantities by item and location, values by item and warehouse, now and at the
//! end of any day. A warehouse values an item as one pool; of that a location has its share.

mod level;
mod verify;

pub use level::{Level, Worth, holdings_at, levels_of_items, levels_of_stocks};
pub use verify::{Drift, verify};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DecimalFilter, IdFilter};
use kernel::ids::{CompanyId, ItemId, LocationId, OrganisationId, StockId, WarehouseId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Dec, Result, Tx, listing};

use crate::item::ItemFilter;
use crate::location::LocationFilter;
use crate::permission::{STOCK_READ, visible};
use crate::schema::{holding, stock};
use crate::warehouse::WarehouseFilter;

/// What of an item is at a location.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = stock, check_for_backend(diesel::pg::Pg))]
pub struct Stock {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The stock.
    pub id: StockId,
    /// Its company.
    pub company_id: CompanyId,
    /// The item.
    pub item_id: ItemId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location.
    pub location_id: LocationId,
    /// How much, in the item's own unit.
    pub quantity: Dec,
    /// Whether it may be below zero.
    pub allows_negative: bool,
}

/// What of an item is in a warehouse, and its value.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = holding, check_for_backend(diesel::pg::Pg))]
pub struct Holding {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The item.
    pub item_id: ItemId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Its company.
    pub company_id: CompanyId,
    /// How much, in the item's own unit.
    pub quantity: Dec,
    /// What it is worth, in the currency of the books.
    pub value: Dec,
    /// What one cost when something last came.
    pub last_cost: Option<Dec>,
    /// The last day that it moved on.
    pub last_moved_on: Option<Date>,
    /// Whether it may be below zero.
    pub allows_negative: bool,
}

listing! {
    /// Conditions on what is where.
    filter StockFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By quantity, in the item's own unit.
        quantity: DecimalFilter => quantity,
    }
    related {
        /// By item.
        item: ItemFilter => item_id in ("inventory", "item", "id"),
        /// By warehouse.
        warehouse: WarehouseFilter => warehouse_id in ("inventory", "warehouse", "id"),
        /// By location.
        location: LocationFilter => location_id in ("inventory", "location", "id"),
    }
    /// An order of what is where.
    sort StockSort;
    /// What stock can be sorted by.
    by StockSortField {
        /// By quantity.
        Quantity = "QUANTITY" => quantity,
    }
    default Quantity Desc;
    search [];
    from "inventory" stock as Stock;
}

/// A page of the stock that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<StockFilter, StockSortField>,
) -> Result<Page<Stock>> {
    let visible = visible(tx, STOCK_READ, "stock")?;
    list(tx, request, visible).await
}

/// How much of it there is, in rows.
pub async fn count(tx: &mut Tx, request: PageRequest<StockFilter, StockSortField>) -> Result<i64> {
    let visible = visible(tx, STOCK_READ, "stock")?;
    tally(tx, request, visible).await
}

/// The visible ones among some stock.
pub async fn by_ids(tx: &mut Tx, ids: &[StockId]) -> Result<Vec<Stock>> {
    let visible = visible(tx, STOCK_READ, "stock")?;
    Ok(stock::table
        .filter(stock::organisation_id.eq(tx.organisation()))
        .filter(stock::id.eq_any(ids))
        .filter(visible)
        .select(Stock::as_select())
        .load(tx.conn())
        .await?)
}

/// What is of some items, by location, as far as the actor may see; what is used up is left out.
pub async fn of_items(tx: &mut Tx, items: &[ItemId]) -> Result<Vec<Stock>> {
    let visible = visible(tx, STOCK_READ, "stock")?;
    Ok(stock::table
        .filter(stock::organisation_id.eq(tx.organisation()))
        .filter(stock::item_id.eq_any(items))
        .filter(stock::quantity.ne(Dec(rust_decimal::Decimal::ZERO)))
        .filter(visible)
        .order((stock::item_id, stock::warehouse_id, stock::location_id))
        .select(Stock::as_select())
        .load(tx.conn())
        .await?)
}

/// What of some items is in warehouses, as far as the actor may see.
pub async fn holdings_of(tx: &mut Tx, items: &[ItemId]) -> Result<Vec<Holding>> {
    let visible = visible(tx, STOCK_READ, "holding")?;
    Ok(holding::table
        .filter(holding::organisation_id.eq(tx.organisation()))
        .filter(holding::item_id.eq_any(items))
        .filter(visible)
        .order((holding::item_id, holding::warehouse_id))
        .select(Holding::as_select())
        .load(tx.conn())
        .await?)
}
