//! Lines of movements as a list of their own: the stock card of an item or a place.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DecimalFilter, IdFilter};
use kernel::ids::{MovementId, MovementLineId};
use kernel::page::{Page, PageRequest};
use kernel::{Result, Tx, listing};

use super::MovementLine;
use crate::permission::{STOCK_READ, visible};
use crate::schema::movement_line;

listing! {
    /// Conditions on lines of movements.
    filter MovementLineFilter {
        /// By id.
        id: IdFilter => id,
        /// By movement.
        movement: IdFilter => movement_id,
        /// By company.
        company: IdFilter => company_id,
        /// By item.
        item: IdFilter => item_id,
        /// By the warehouse that they leave.
        from_warehouse: IdFilter => from_warehouse_id,
        /// By the location that they leave.
        from_location: IdFilter => from_location_id,
        /// By the warehouse that they enter.
        to_warehouse: IdFilter => to_warehouse_id,
        /// By the location that they enter.
        to_location: IdFilter => to_location_id,
        /// By day.
        moved_on: DateFilter => moved_on,
        /// By the quantity in the item's own unit.
        quantity: DecimalFilter => quantity,
    }
    /// An order of lines of movements.
    sort MovementLineSort;
    /// What lines of movements can be sorted by.
    by MovementLineSortField {
        /// By day.
        MovedOn = "MOVED_ON" => moved_on,
        /// By quantity.
        Quantity = "QUANTITY" => quantity,
    }
    default MovedOn Desc;
    search [];
    from "inventory" movement_line as MovementLine;
}

/// A page of the lines that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<MovementLineFilter, MovementLineSortField>,
) -> Result<Page<MovementLine>> {
    let visible = visible(tx, STOCK_READ, "movement_line")?;
    list(tx, request, visible).await
}

/// How many lines the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<MovementLineFilter, MovementLineSortField>,
) -> Result<i64> {
    let visible = visible(tx, STOCK_READ, "movement_line")?;
    tally(tx, request, visible).await
}

/// The visible ones among some lines.
pub async fn by_ids(tx: &mut Tx, ids: &[MovementLineId]) -> Result<Vec<MovementLine>> {
    let visible = visible(tx, STOCK_READ, "movement_line")?;
    Ok(movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::id.eq_any(ids))
        .filter(visible)
        .select(MovementLine::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible lines of some movements, in their order.
pub async fn of_movements(tx: &mut Tx, ids: &[MovementId]) -> Result<Vec<MovementLine>> {
    let visible = visible(tx, STOCK_READ, "movement_line")?;
    Ok(movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::movement_id.eq_any(ids))
        .filter(visible)
        .order((movement_line::movement_id, movement_line::position))
        .select(MovementLine::as_select())
        .load(tx.conn())
        .await?)
}
