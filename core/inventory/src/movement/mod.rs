//! Movements: what came, went, moved, was counted or returned; never edited, reversed by another
//! movement.
//!
//! [`post`] joins its caller's transaction and trusts it; [`receive`], [`issue`], [`transfer`],
//! [`adjust`], [`give_back`], [`count_stock`] and [`reverse`] are the commands of people. A posting
//! is a batch of one, and [`post_all`] takes many. Round trips of a batch: companies' settings,
//! items (held), units, places, holdings (made, then locked in order), layers, stock; entries in
//! the ledger; numbers; movements, lines, holdings, stock, layers, takes, days; events.

mod books;
mod command;
mod count;
mod decide;
mod entry;
pub mod line;
mod plan;
mod pool;
mod post;
mod reverse;
mod store;
mod undo;

pub use command::{
    AdjustLineInput, IssueLineInput, ReceiveLineInput, ReturnDirection, ReturnLineInput,
    StockAdjustInput, StockIssueInput, StockReceiveInput, StockReturnInput, StockTransferInput,
    TransferLineInput, adjust, give_back, issue, receive, transfer,
};
pub use count::{CountLineInput, Counted, CountedLine, StockCountInput, count_stock};
pub use line::MovementLineFilter;
pub use post::{post, post_all};
pub use reverse::{MovementReverseInput, reverse};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{
    CompanyId, EntryId, ItemId, LocationId, MovementId, MovementLineId, OrganisationId, PartyId,
    UnitId, WarehouseId,
};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Dec, Result, Tx, listing};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::permission::{COST_READ, STOCK_READ, visible};
use crate::schema::{movement, movement_line};

/// Lines of a movement that a person records at most.
pub const MOST_LINES: usize = 1_000;

kernel::text_enum! {
    /// What a movement does.
    pub enum MovementKind {
        /// Goods come from a supplier, or from production.
        Receive = "RECEIVE",
        /// Goods go: sold, or used up.
        Issue = "ISSUE",
        /// Goods go from one place to another.
        Transfer = "TRANSFER",
        /// A count or a loss: what is there is put right.
        Adjust = "ADJUST",
        /// Goods go back to a supplier, or come back from a customer.
        Return = "RETURN",
    }
}

kernel::enum_filter! {
    /// Conditions on what a movement does.
    MovementKindFilter of MovementKind
}

/// A movement as recorded.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = movement, check_for_backend(diesel::pg::Pg))]
pub struct Movement {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The movement.
    pub id: MovementId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its number, gap-free in the company's year.
    pub number: String,
    /// What it does.
    pub kind: MovementKind,
    /// The day it belongs to.
    pub moved_on: Date,
    /// What it is called elsewhere: a delivery note, an order.
    pub reference: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The supplier or customer.
    pub party_id: Option<PartyId>,
    /// The kind of record that it comes from, as in `inventory.purchase_order`.
    pub source_kind: Option<String>,
    /// The record that it comes from.
    pub source_id: Option<Uuid>,
    /// The movement that it reverses.
    pub reverses_id: Option<MovementId>,
    /// Its entry in the books; none when it changes no value.
    pub entry_id: Option<EntryId>,
    /// How many lines it has.
    pub line_count: i32,
    /// What it adds to the value of stock, in the currency of the books; below zero when it takes.
    pub value: Dec,
    /// When it was recorded.
    pub recorded_at: DateTime<Utc>,
    /// The kind of actor that recorded it.
    pub actor_kind: String,
    /// Who recorded it.
    pub actor_id: Uuid,
}

/// A line of a movement: a quantity of an item from a place, to a place, or between two.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = movement_line, check_for_backend(diesel::pg::Pg))]
pub struct MovementLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The line.
    pub id: MovementLineId,
    /// Its movement.
    pub movement_id: MovementId,
    /// Its place in the movement, from 1.
    pub position: i32,
    /// How many lines the movement has.
    pub line_count: i32,
    /// Its company.
    pub company_id: CompanyId,
    /// The day it belongs to.
    pub moved_on: Date,
    /// The item.
    pub item_id: ItemId,
    /// The warehouse that it leaves.
    pub from_warehouse_id: Option<WarehouseId>,
    /// The location that it leaves.
    pub from_location_id: Option<LocationId>,
    /// The warehouse that it enters.
    pub to_warehouse_id: Option<WarehouseId>,
    /// The location that it enters.
    pub to_location_id: Option<LocationId>,
    /// The unit that the quantity was said in.
    pub unit_id: UnitId,
    /// The quantity as it was said.
    pub unit_quantity: Dec,
    /// The quantity in the item's own unit.
    pub quantity: Dec,
    /// What one of the item's own unit cost, rounded to six decimals.
    pub unit_cost: Dec,
    /// What it takes from the value of stock.
    pub value_out: Dec,
    /// What it adds to the value of stock.
    pub value_in: Dec,
    /// What stands against it: the price of what came or was returned, the cost of what went.
    pub amount: Dec,
}

/// A movement to record.
#[derive(Clone, Debug)]
pub struct PostMovement {
    /// Its id, when the caller makes it.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// What it does.
    pub kind: MovementKind,
    /// The day it belongs to.
    pub date: NaiveDate,
    /// What it is called elsewhere, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// The supplier or customer.
    pub party: Option<PartyId>,
    /// The record that it comes from, as in `inventory.purchase_order`.
    pub source: Option<(String, Uuid)>,
    /// Its lines, one at least.
    pub lines: Vec<PostMovementLine>,
}

/// A line to record. `RECEIVE` has a place it goes to, `ISSUE` one it leaves, `TRANSFER` both,
/// `ADJUST` and `RETURN` one of the two.
#[derive(Clone, Debug)]
pub struct PostMovementLine {
    /// The item.
    pub item: ItemId,
    /// The location that it leaves.
    pub from: Option<LocationId>,
    /// The location that it enters.
    pub to: Option<LocationId>,
    /// How much, above zero.
    pub quantity: Decimal,
    /// The unit of the quantity; the item's own when absent.
    pub unit: Option<UnitId>,
    /// What one unit costs (of the unit named, in the currency of the books). What enters and says
    /// none costs what the item costs in the warehouse now; what leaves is valued by the item's
    /// method, and a return to the supplier posts the difference to this price as variation.
    pub unit_cost: Option<Decimal>,
}

listing! {
    /// Conditions on movements.
    filter MovementFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By number.
        number: TextFilter => number,
        /// By what they do.
        kind: MovementKindFilter => kind,
        /// By day.
        moved_on: DateFilter => moved_on,
        /// By what they are called elsewhere.
        reference: TextFilter => reference,
        /// By supplier or customer.
        party: IdFilter => party_id,
        /// By the kind of record that they come from.
        source_kind: TextFilter => source_kind,
        /// By the record that they come from.
        source: IdFilter => source_id,
        /// By the movement that they reverse.
        reverses: IdFilter => reverses_id,
        /// By what they add to the value of stock; needs the right to see costs.
        value: DecimalFilter => value [requires COST_READ],
        /// By when they were recorded.
        recorded_at: DateTimeFilter => recorded_at,
    }
    related {
        /// By lines: any of them fits.
        lines: MovementLineFilter => id in ("inventory", "movement_line", "movement_id"),
    }
    /// An order of movements.
    sort MovementSort;
    /// What movements can be sorted by.
    by MovementSortField {
        /// By day.
        MovedOn = "MOVED_ON" => moved_on,
        /// By when they were recorded.
        RecordedAt = "RECORDED_AT" => recorded_at,
        /// By number.
        Number = "NUMBER" => number,
    }
    default RecordedAt Desc;
    search [number, reference, reason];
    from "inventory" movement as Movement;
}

/// A page of the movements that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<MovementFilter, MovementSortField>,
) -> Result<Page<Movement>> {
    let visible = visible(tx, STOCK_READ, "movement")?;
    list(tx, request, visible).await
}

/// How many movements the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<MovementFilter, MovementSortField>,
) -> Result<i64> {
    let visible = visible(tx, STOCK_READ, "movement")?;
    tally(tx, request, visible).await
}

/// The visible ones among some movements.
pub async fn by_ids(tx: &mut Tx, ids: &[MovementId]) -> Result<Vec<Movement>> {
    let visible = visible(tx, STOCK_READ, "movement")?;
    Ok(movement::table
        .filter(movement::organisation_id.eq(tx.organisation()))
        .filter(movement::id.eq_any(ids))
        .filter(visible)
        .select(Movement::as_select())
        .load(tx.conn())
        .await?)
}

/// A movement that the actor may see.
pub async fn find(tx: &mut Tx, id: MovementId) -> Result<Option<Movement>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The reversals of some movements that the actor may see; `reverses_id` says whose each is.
pub async fn reversals_of(tx: &mut Tx, ids: &[MovementId]) -> Result<Vec<Movement>> {
    let visible = visible(tx, STOCK_READ, "movement")?;
    Ok(movement::table
        .filter(movement::organisation_id.eq(tx.organisation()))
        .filter(movement::reverses_id.eq_any(ids))
        .filter(visible)
        .select(Movement::as_select())
        .load(tx.conn())
        .await?)
}
