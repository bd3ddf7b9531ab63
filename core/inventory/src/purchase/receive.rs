//! Receiving what was ordered: the movement of stock, its entry in the books and what the order
//! says of it, in one transaction.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{LocationId, MovementId, PurchaseOrderId, PurchaseOrderLineId};
use kernel::{Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::{
    PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, PurchaseReceipt, PurchaseReceiptId,
    SOURCE, load_lines, lock, require_status, rules, store, today,
};
use crate::movement::{self, Movement, MovementKind, PostMovement, PostMovementLine};
use crate::permission::STOCK_MOVE;
use crate::schema_replenishment::{purchase_order, purchase_receipt};
use crate::{fault, location};

/// Receives what was ordered.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderReceiveInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// An id for the movement made by the client, `mov_…`.
    pub movement: Option<MovementId>,
    /// What came; all that is missing when absent.
    pub lines: Option<Vec<PurchaseOrderReceiveLineInput>>,
    /// The day; today when absent.
    pub received_on: Option<Date>,
    /// Where it goes, for lines that say nothing else; the warehouse's own place when absent.
    pub location: Option<LocationId>,
    /// The number of the delivery note, in at most 100 characters.
    pub delivery_note: Option<String>,
    /// What one unit of the order's currency is in that of the books; needed when they differ.
    pub exchange_rate: Option<Dec>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What came of a line.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderReceiveLineInput {
    /// The line of the order.
    pub line: PurchaseOrderLineId,
    /// How much, in the purchase unit.
    pub quantity: Dec,
    /// Where it goes.
    pub location: Option<LocationId>,
}

/// What receiving gave.
#[derive(Clone, Debug)]
pub struct Received {
    /// The order as it is now.
    pub order: PurchaseOrder,
    /// The movement of stock.
    pub movement: Movement,
}

/// Receives what was ordered: posts the movement at the prices of the order, and counts it.
///
/// # Errors
/// `inventory.over_receipt` beyond what a line tolerates; a place that is not in the order's
/// warehouse; `inventory.rate_needed` for another currency; what the stock side refuses.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn receive(tx: &mut Tx, command: PurchaseOrderReceiveInput) -> Result<Received> {
    let order = lock(tx, command.id, STOCK_MOVE, command.expected_version).await?;
    let open = [
        PurchaseOrderStatus::Ordered,
        PurchaseOrderStatus::PartiallyReceived,
    ];
    require_status(&order, &open)?;
    let mut lines = load_lines(tx, &[order.id]).await?;
    let wanted = wanted(&command, &lines);
    let mut input = Input::new();
    let note = check::optional(command.delivery_note.as_deref(), 100);
    let note = input.take("deliveryNote", note);
    input.check(!wanted.is_empty(), || {
        Fault::not_allowed(fault::NOTHING_TO_RECEIVE).at(["lines"])
    });
    input.finish()?;
    let counted: Vec<_> = wanted
        .iter()
        .enumerate()
        .map(|(index, line)| (index, line.line, line.quantity.0))
        .collect();
    rules::take_in(&mut lines, &counted).finish()?;
    let books = directory::company::load(tx, order.company_id)
        .await?
        .currency;
    let day = match command.received_on {
        Some(day) => day,
        None => today(tx, order.company_id).await?,
    };
    let posted = PostMovement {
        id: command.movement,
        company: order.company_id,
        kind: MovementKind::Receive,
        date: day.0,
        reference: note.or_else(|| Some(order.number.clone())),
        reason: None,
        party: Some(order.supplier_id),
        source: Some((SOURCE.to_owned(), order.id.0)),
        lines: stocked(tx, &command, (&order, &lines), &wanted, books).await?,
    };
    let movement = movement::post(tx, posted).await?;
    let came = Came {
        movement: movement.id,
        day,
        lines: wanted.iter().map(|it| (it.line, it.quantity)).collect(),
    };
    let order = record(tx, order, &lines, came).await?;
    let event = order
        .event("inventory.purchase_order.received")
        .set("movement", movement.id)
        .set("lines", wanted.len());
    tx.emit(event).await?;
    Ok(Received { order, movement })
}

/// The lines as given, or all that is missing.
fn wanted(
    command: &PurchaseOrderReceiveInput,
    lines: &[PurchaseOrderLine],
) -> Vec<PurchaseOrderReceiveLineInput> {
    if let Some(lines) = &command.lines {
        return lines.clone();
    }
    lines
        .iter()
        .filter(|line| line.outstanding() > Decimal::ZERO)
        .map(|line| PurchaseOrderReceiveLineInput {
            line: line.id,
            quantity: Dec(line.outstanding()),
            location: None,
        })
        .collect()
}

/// What is posted to stock: each line at its price, in a place of the order's warehouse.
async fn stocked(
    tx: &mut Tx,
    command: &PurchaseOrderReceiveInput,
    (order, lines): (&PurchaseOrder, &[PurchaseOrderLine]),
    wanted: &[PurchaseOrderReceiveLineInput],
    books: kernel::CurrencyCode,
) -> Result<Vec<PostMovementLine>> {
    let own = location::default_of(tx, order.warehouse_id)
        .await?
        .map(|it| it.id);
    let named: Vec<LocationId> = wanted
        .iter()
        .filter_map(|line| line.location)
        .chain(command.location)
        .collect();
    let places = location::load(tx, &named).await?;
    let mut input = Input::new();
    let mut posted = Vec::with_capacity(wanted.len());
    for (index, line) in wanted.iter().enumerate() {
        let given = line.location.or(command.location);
        let place = given.or(own).filter(|id| {
            let fits = |it: &location::Location| it.warehouse_id == order.warehouse_id;
            given.is_none() || places.iter().any(|it| it.id == *id && fits(it))
        });
        input.check(place.is_some(), || {
            let at = ["lines".to_owned(), index.to_string(), "location".to_owned()];
            Fault::not_found(fault::LOCATION_NOT_FOUND).at(at)
        });
        let Some(ordered) = lines.iter().find(|it| it.id == line.line) else {
            return Err(Error::bug("a line was taken in and is not there"));
        };
        let rate = command.exchange_rate.map(|rate| rate.0);
        let cost = rules::unit_cost(ordered.price.0, (order.currency, books), rate)?;
        posted.push(PostMovementLine {
            item: ordered.item_id,
            from: None,
            to: place,
            quantity: line.quantity.0,
            unit: Some(ordered.unit_id),
            unit_cost: Some(cost),
        });
    }
    input.finish()?;
    Ok(posted)
}

/// What a movement brought for lines of an order on a day, in the purchase unit; below zero for what
/// it took back.
pub(super) struct Came {
    pub movement: MovementId,
    pub day: Date,
    pub lines: Vec<(PurchaseOrderLineId, Dec)>,
}

impl Came {
    fn receipts(&self, tx: &Tx, order: &PurchaseOrder) -> Vec<PurchaseReceipt> {
        let lines = self.lines.iter();
        lines
            .map(|(line, quantity)| PurchaseReceipt {
                organisation_id: order.organisation_id,
                id: PurchaseReceiptId::generate(),
                purchase_order_id: order.id,
                line_id: *line,
                movement_id: Some(self.movement),
                received_on: self.day,
                quantity: *quantity,
                created_at: tx.now(),
            })
            .collect()
    }
}

/// Writes what came, and where the order stands by it; its lines count it already.
pub(super) async fn record(
    tx: &mut Tx,
    mut order: PurchaseOrder,
    lines: &[PurchaseOrderLine],
    came: Came,
) -> Result<PurchaseOrder> {
    let receipts = came.receipts(tx, &order);
    diesel::insert_into(purchase_receipt::table)
        .values(&receipts)
        .execute(tx.conn())
        .await?;
    let ids: Vec<PurchaseOrderLineId> = lines.iter().map(|line| line.id).collect();
    let received: Vec<Dec> = lines.iter().map(|line| line.received_quantity).collect();
    diesel::sql_query(
        "UPDATE inventory.purchase_order_line l SET received_quantity = r.quantity \
         FROM unnest($2, $3) AS r (id, quantity) \
         WHERE l.organisation_id = $1 AND l.id = r.id \
            AND l.received_quantity IS DISTINCT FROM r.quantity",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Numeric>, _>(received)
    .execute(tx.conn())
    .await?;
    if order.status != PurchaseOrderStatus::Closed {
        order.status = rules::standing(lines);
        order.ended_on = (order.status == PurchaseOrderStatus::Received).then_some(came.day);
    }
    store(tx, order).await
}

/// Locks the orders that a movement brought something for, in order of their ids: whoever reverses
/// it takes their locks before those of stock, as whoever receives does.
pub(crate) async fn lock_received(tx: &mut Tx, movement: MovementId) -> Result<Vec<PurchaseOrder>> {
    let ids: Vec<PurchaseOrderId> = purchase_receipt::table
        .filter(purchase_receipt::organisation_id.eq(tx.organisation()))
        .filter(purchase_receipt::movement_id.eq(movement))
        .select(purchase_receipt::purchase_order_id)
        .distinct()
        .load(tx.conn())
        .await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(purchase_order::table
        .filter(purchase_order::organisation_id.eq(tx.organisation()))
        .filter(purchase_order::id.eq_any(ids))
        .order(purchase_order::id)
        .for_update()
        .select(PurchaseOrder::as_select())
        .load(tx.conn())
        .await?)
}

/// Takes back what a movement brought for orders, because the movement was reversed by another on a
/// day: the orders wait for it again, unless they were closed; and what went back to the supplier
/// counts as received again. For whoever reverses movements, in the same transaction; a movement that
/// brought nothing for an order changes nothing.
///
/// # Errors
/// `inventory.over_return` when of what came more went back to the supplier since than is left;
/// `inventory.over_receipt` when what went back was made good since.
pub(crate) async fn take_back(
    tx: &mut Tx,
    reversed: MovementId,
    (by, day): (MovementId, Date),
) -> Result<()> {
    let orders = lock_received(tx, reversed).await?;
    if orders.is_empty() {
        return Ok(());
    }
    let came: Vec<PurchaseReceipt> = purchase_receipt::table
        .filter(purchase_receipt::organisation_id.eq(tx.organisation()))
        .filter(purchase_receipt::movement_id.eq(reversed))
        .select(PurchaseReceipt::as_select())
        .load(tx.conn())
        .await?;
    for order in orders {
        let mut lines = load_lines(tx, &[order.id]).await?;
        let own = came.iter().filter(|it| it.purchase_order_id == order.id);
        let back: Vec<(PurchaseOrderLineId, Dec)> =
            own.map(|it| (it.line_id, Dec(-it.quantity.0))).collect();
        for (id, quantity) in &back {
            for line in lines.iter_mut().filter(|line| line.id == *id) {
                rules::change(line, quantity.0)?;
            }
        }
        let came = Came {
            movement: by,
            day,
            lines: back,
        };
        let order = record(tx, order, &lines, came).await?;
        let event = order.event("inventory.purchase_order.receipt_reversed");
        tx.emit(event.set("movement", by)).await?;
    }
    Ok(())
}
