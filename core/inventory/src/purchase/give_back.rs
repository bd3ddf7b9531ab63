//! Goods that go back to their supplier for a line of an order: what came of the line is less by
//! them, so that no more is paid than stayed. The order waits for them again, as when a receipt is
//! reversed; whoever wants credit in their place closes it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{PurchaseOrderId, PurchaseOrderLineId, UnitId};
use kernel::{Dec, Fault, Faults, Result, Tx};
use rust_decimal::Decimal;

use super::receive::{Came, record};
use super::{PurchaseOrder, PurchaseOrderLine, load_lines};
use crate::movement::{Movement, ReturnDirection, ReturnLineInput, StockReturnInput};
use crate::permission::STOCK_MOVE;
use crate::schema_replenishment::{purchase_order, purchase_order_line};
use crate::unit::{self, Factor, Unit};
use crate::{fault, known};

/// The orders that a return takes from, locked, and how much of each line, in the purchase unit.
#[derive(Debug, Default)]
pub(crate) struct Tied {
    orders: Vec<PurchaseOrder>,
    lines: Vec<PurchaseOrderLine>,
    back: Vec<(PurchaseOrderLineId, Decimal)>,
}

/// Ties the lines of a return to the lines of orders that they name, and fills in what these say of
/// supplier, unit and price. Orders are locked before stock is, as by whoever receives.
///
/// # Errors
/// Lines of other items, suppliers or companies; more than came; every fault at once.
pub(crate) async fn tie(tx: &mut Tx, command: &mut StockReturnInput) -> Result<Tied> {
    let named = command.lines.iter().filter_map(|it| it.purchase_order_line);
    let named: Vec<PurchaseOrderLineId> = named.collect();
    if named.is_empty() {
        return Ok(Tied::default());
    }
    tx.require_in(STOCK_MOVE, command.company, None)?;
    let mut tied = lock(tx, &named).await?;
    tied.orders
        .retain(|order| order.company_id == command.company);
    let desk = Desk::of(tx, command, &tied).await?;
    let mut faults = Faults::new();
    for (index, line) in command.lines.iter_mut().enumerate() {
        let Some(id) = line.purchase_order_line else {
            continue;
        };
        match desk.take(&mut tied, id, line) {
            Ok(many) => tied.back.push((id, many)),
            Err(fault) => {
                let leaf = fault.field.last().cloned();
                let leaf = leaf.unwrap_or_else(|| "purchaseOrderLine".to_owned());
                faults.push(fault.at(["lines".to_owned(), index.to_string(), leaf]));
            }
        }
    }
    faults.finish()?;
    command.party = command.party.or(desk.supplier);
    Ok(tied)
}

/// The orders of some lines, locked in order of their ids.
async fn lock(tx: &mut Tx, lines: &[PurchaseOrderLineId]) -> Result<Tied> {
    let ids: Vec<PurchaseOrderId> = purchase_order_line::table
        .filter(purchase_order_line::organisation_id.eq(tx.organisation()))
        .filter(purchase_order_line::id.eq_any(lines))
        .select(purchase_order_line::purchase_order_id)
        .distinct()
        .load(tx.conn())
        .await?;
    let orders: Vec<PurchaseOrder> = purchase_order::table
        .filter(purchase_order::organisation_id.eq(tx.organisation()))
        .filter(purchase_order::id.eq_any(&ids))
        .order(purchase_order::id)
        .for_update()
        .select(PurchaseOrder::as_select())
        .load(tx.conn())
        .await?;
    Ok(Tied {
        orders,
        lines: load_lines(tx, &ids).await?,
        back: Vec::new(),
    })
}

/// What lines of a return are compared with.
struct Desk {
    books: kernel::CurrencyCode,
    leaves: bool,
    supplier: Option<kernel::ids::PartyId>,
    units: Vec<Unit>,
    factors: HashMap<(kernel::ids::ItemId, UnitId), Factor>,
}

impl Desk {
    async fn of(tx: &mut Tx, command: &StockReturnInput, tied: &Tied) -> Result<Self> {
        let units = unit::all(tx).await?;
        let pairs: Vec<_> = (command.lines.iter())
            .flat_map(|line| units.iter().map(|unit| (line.item, unit.id)))
            .collect();
        let first = match tied.orders.as_slice() {
            [order, ..] => Some(order.supplier_id),
            [] => None,
        };
        Ok(Self {
            books: directory::company::load(tx, command.company)
                .await?
                .currency,
            leaves: command.direction == ReturnDirection::ToSupplier,
            supplier: command.party.or(first),
            factors: known::factors(tx, &pairs).await?,
            units,
        })
    }

    /// Takes a line of a return from the line of an order; gives how much, in the purchase unit.
    fn take(
        &self,
        tied: &mut Tied,
        id: PurchaseOrderLineId,
        line: &mut ReturnLineInput,
    ) -> Result<Decimal, Fault> {
        let unknown = || Fault::not_found(fault::ORDER_LINE_NOT_FOUND);
        let other = || Fault::invalid(fault::RETURN_OF_LINE);
        let ordered = tied.lines.iter_mut().find(|it| it.id == id);
        let ordered = ordered.ok_or_else(unknown)?;
        let order = tied.orders.iter();
        let mut order = order.filter(|it| it.id == ordered.purchase_order_id);
        let order = order.next().ok_or_else(unknown)?;
        let fits = ordered.item_id == line.item && Some(order.supplier_id) == self.supplier;
        if !self.leaves || !fits {
            return Err(other());
        }
        let unit = self.unit(line, ordered)?;
        let factor = self.factors.get(&(line.item, unit)).ok_or_else(other)?;
        let (many, few) = (factor.0 * ordered.divisor.0, factor.1 * ordered.factor.0);
        let back = if unit == ordered.unit_id {
            Some(line.quantity.0)
        } else {
            unit::exactly(line.quantity.0, (many, few), unit::PLACES)
        };
        let back = back.ok_or_else(other)?;
        if back > ordered.received_quantity.0 {
            let fault = Fault::not_allowed(fault::OVER_RETURN).at(["quantity"]);
            return Err(fault.with("received", ordered.received_quantity.0.normalize()));
        }
        if unit == ordered.unit_id && order.currency == self.books {
            line.unit_cost = line.unit_cost.or(Some(ordered.price));
        }
        ordered.received_quantity = Dec(ordered.received_quantity.0 - back);
        Ok(back)
    }

    /// The unit of a line: as it says, or that of the order, which is then what it says.
    fn unit(
        &self,
        line: &mut ReturnLineInput,
        ordered: &PurchaseOrderLine,
    ) -> Result<UnitId, Fault> {
        if let Some(code) = &line.unit {
            let unit = crate::item::unit_named(&self.units, code);
            return unit.map(|unit| unit.id).map_err(|fault| fault.at(["unit"]));
        }
        let unit = self.units.iter().find(|unit| unit.id == ordered.unit_id);
        line.unit = unit.map(|unit| unit.code.clone());
        Ok(ordered.unit_id)
    }
}

/// Records that what was tied went back by a movement.
pub(crate) async fn went_back(tx: &mut Tx, tied: Tied, movement: &Movement) -> Result<()> {
    for order in tied.orders {
        let own = tied.lines.iter();
        let own = own.filter(|line| line.purchase_order_id == order.id);
        let lines: Vec<PurchaseOrderLine> = own.cloned().collect();
        let back = tied.back.iter();
        let back = back.filter(|(id, many)| !many.is_zero() && lines.iter().any(|it| it.id == *id));
        let came = Came {
            movement: movement.id,
            day: movement.moved_on,
            lines: back.map(|(id, many)| (*id, Dec(-*many))).collect(),
        };
        let order = record(tx, order, &lines, came).await?;
        let event = order.event("inventory.purchase_order.returned");
        tx.emit(event.set("movement", movement.id)).await?;
    }
    Ok(())
}
