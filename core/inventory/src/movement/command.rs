//! What people do: receive, issue, transfer, adjust, return.

use async_graphql::InputObject;
use directory::check::{self, Input};
use kernel::ids::{
    CompanyId, ItemId, LocationId, MovementId, PartyId, PurchaseOrderLineId, UnitId,
};
use kernel::{Date, Dec, Error, Fault, Permission, Result, Tx};
use rust_decimal::Decimal;

use super::post::{check_id, post};
use super::{MOST_LINES, Movement, MovementKind, PostMovement, PostMovementLine};
use crate::permission::{STOCK_ADJUST, STOCK_MOVE};
use crate::unit::{self, Unit};
use crate::{fault, purchase};

/// Receives goods.
#[derive(Clone, Debug, InputObject)]
pub struct StockReceiveInput {
    /// An id made by the client, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// The day it came; today or before.
    pub date: Date,
    /// What it is called elsewhere, for example the delivery note, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// The supplier.
    pub party: Option<PartyId>,
    /// What came.
    pub lines: Vec<ReceiveLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that came.
#[derive(Clone, Debug, InputObject)]
pub struct ReceiveLineInput {
    /// The item.
    pub item: ItemId,
    /// The location that it goes to.
    pub location: LocationId,
    /// How much.
    pub quantity: Dec,
    /// The code of the quantity's unit; the item's own when absent.
    pub unit: Option<String>,
    /// What one of that unit cost, in the currency of the books, with six decimals at most. When
    /// absent, what the item costs in the warehouse now.
    pub unit_cost: Option<Dec>,
}

/// Issues goods.
#[derive(Clone, Debug, InputObject)]
pub struct StockIssueInput {
    /// An id made by the client, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// The day it went: today or before, not before the item's last movement in the warehouse.
    pub date: Date,
    /// What it is called elsewhere, for example the delivery note, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// The customer.
    pub party: Option<PartyId>,
    /// What went.
    pub lines: Vec<IssueLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that went.
#[derive(Clone, Debug, InputObject)]
pub struct IssueLineInput {
    /// The item.
    pub item: ItemId,
    /// The location that it leaves.
    pub location: LocationId,
    /// How much.
    pub quantity: Dec,
    /// The code of the quantity's unit; the item's own when absent.
    pub unit: Option<String>,
}

/// Moves goods from place to place.
#[derive(Clone, Debug, InputObject)]
pub struct StockTransferInput {
    /// An id made by the client, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// The day it moved: today or before, not before the item's last movement in the warehouse.
    pub date: Date,
    /// What it is called elsewhere, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// What moved.
    pub lines: Vec<TransferLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that moved.
#[derive(Clone, Debug, InputObject)]
pub struct TransferLineInput {
    /// The item.
    pub item: ItemId,
    /// The location that it leaves.
    pub from_location: LocationId,
    /// The location that it enters.
    pub to_location: LocationId,
    /// How much.
    pub quantity: Dec,
    /// The code of the quantity's unit; the item's own when absent.
    pub unit: Option<String>,
}

/// Puts stock right by differences; to put it right by what was counted, count it.
#[derive(Clone, Debug, InputObject)]
pub struct StockAdjustInput {
    /// An id made by the client, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// The day: today or before; for what is taken off not before the item's last movement.
    pub date: Date,
    /// What it is called elsewhere, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: String,
    /// What is put right.
    pub lines: Vec<AdjustLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that is put right.
#[derive(Clone, Debug, InputObject)]
pub struct AdjustLineInput {
    /// The item.
    pub item: ItemId,
    /// The location.
    pub location: LocationId,
    /// How much more there is; below zero for how much less.
    pub difference: Dec,
    /// The code of the quantity's unit; the item's own when absent.
    pub unit: Option<String>,
    /// What one of that unit costs, for what there is more of; what the item costs in the warehouse
    /// now when absent.
    pub unit_cost: Option<Dec>,
}

kernel::text_enum! {
    /// Who gets goods back.
    pub enum ReturnDirection {
        /// The supplier, from us.
        ToSupplier = "TO_SUPPLIER",
        /// We, from the customer.
        FromCustomer = "FROM_CUSTOMER",
    }
}

/// Returns goods to a supplier, or takes them back from a customer.
#[derive(Clone, Debug, InputObject)]
pub struct StockReturnInput {
    /// An id made by the client, `mov_…`.
    pub id: Option<MovementId>,
    /// The company.
    pub company: CompanyId,
    /// Who gets them back.
    pub direction: ReturnDirection,
    /// The day: today or before; for what leaves not before the item's last movement.
    pub date: Date,
    /// What it is called elsewhere, in at most 100 characters.
    pub reference: Option<String>,
    /// Why, in at most 300 characters.
    pub reason: Option<String>,
    /// The supplier or customer.
    pub party: Option<PartyId>,
    /// What is returned.
    pub lines: Vec<ReturnLineInput>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Something that is returned.
#[derive(Clone, Debug, InputObject)]
pub struct ReturnLineInput {
    /// The item.
    pub item: ItemId,
    /// The location that it leaves or enters.
    pub location: LocationId,
    /// How much.
    pub quantity: Dec,
    /// The code of the quantity's unit; that of the order's line, or else the item's own, when
    /// absent.
    pub unit: Option<String>,
    /// What the supplier gives back for one of that unit, or what one that a customer brings back
    /// is worth. When absent: the price of the order's line, in its unit and the currency of the
    /// books; or else what it is valued at.
    pub unit_cost: Option<Dec>,
    /// The line of the purchase order that it came by, for what goes back to the supplier: the order
    /// counts it as not received.
    pub purchase_order_line: Option<PurchaseOrderLineId>,
}

/// Receives goods into locations, valued at their cost.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn receive(tx: &mut Tx, command: StockReceiveInput) -> Result<Movement> {
    let head = Head {
        permission: STOCK_MOVE,
        kind: MovementKind::Receive,
        id: command.id,
        company: command.company,
        date: command.date,
        reference: command.reference,
        reason: command.reason,
        party: command.party,
    };
    let lines = command.lines.into_iter().map(|line| Line {
        item: line.item,
        from: None,
        to: Some(line.location),
        quantity: line.quantity.0,
        unit: line.unit,
        unit_cost: line.unit_cost,
    });
    perform(tx, head, lines.collect()).await
}

/// Issues goods from locations that have them, at the cost that the item's method gives.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn issue(tx: &mut Tx, command: StockIssueInput) -> Result<Movement> {
    let head = Head {
        permission: STOCK_MOVE,
        kind: MovementKind::Issue,
        id: command.id,
        company: command.company,
        date: command.date,
        reference: command.reference,
        reason: command.reason,
        party: command.party,
    };
    let lines = command.lines.into_iter().map(|line| Line {
        item: line.item,
        from: Some(line.location),
        to: None,
        quantity: line.quantity.0,
        unit: line.unit,
        unit_cost: None,
    });
    perform(tx, head, lines.collect()).await
}

/// Moves goods between locations; between warehouses they take their cost and age along.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn transfer(tx: &mut Tx, command: StockTransferInput) -> Result<Movement> {
    let head = Head {
        permission: STOCK_MOVE,
        kind: MovementKind::Transfer,
        id: command.id,
        company: command.company,
        date: command.date,
        reference: command.reference,
        reason: command.reason,
        party: None,
    };
    let lines = command.lines.into_iter().map(|line| Line {
        item: line.item,
        from: Some(line.from_location),
        to: Some(line.to_location),
        quantity: line.quantity.0,
        unit: line.unit,
        unit_cost: None,
    });
    perform(tx, head, lines.collect()).await
}

/// Puts stock right by differences.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn adjust(tx: &mut Tx, command: StockAdjustInput) -> Result<Movement> {
    let head = Head {
        permission: STOCK_ADJUST,
        kind: MovementKind::Adjust,
        id: command.id,
        company: command.company,
        date: command.date,
        reference: command.reference,
        reason: Some(command.reason),
        party: None,
    };
    let lines = command.lines.into_iter().map(|line| {
        let less = line.difference.0 < Decimal::ZERO;
        Line {
            item: line.item,
            from: less.then_some(line.location),
            to: (!less).then_some(line.location),
            quantity: line.difference.0.abs(),
            unit: line.unit,
            unit_cost: line.unit_cost.filter(|_| !less),
        }
    });
    perform(tx, head, lines.collect())
        .await
        .map_err(|error| renamed(error, "quantity", "difference"))
}

/// Returns goods to a supplier, or takes them back from a customer. What goes back for a line of an
/// order is taken off what came of it.
///
/// # Errors
/// Every fault of the input at once; `inventory.over_return` beyond what came of the line.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn give_back(tx: &mut Tx, mut command: StockReturnInput) -> Result<Movement> {
    let tied = purchase::tie(tx, &mut command).await?;
    let head = Head {
        permission: STOCK_MOVE,
        kind: MovementKind::Return,
        id: command.id,
        company: command.company,
        date: command.date,
        reference: command.reference,
        reason: command.reason,
        party: command.party,
    };
    let leaves = command.direction == ReturnDirection::ToSupplier;
    let lines = command.lines.into_iter().map(|line| Line {
        item: line.item,
        from: leaves.then_some(line.location),
        to: (!leaves).then_some(line.location),
        quantity: line.quantity.0,
        unit: line.unit,
        unit_cost: line.unit_cost,
    });
    let movement = perform(tx, head, lines.collect()).await?;
    purchase::went_back(tx, tied, &movement).await?;
    Ok(movement)
}

/// What all movements of people have.
pub(super) struct Head {
    pub permission: Permission,
    pub kind: MovementKind,
    pub id: Option<MovementId>,
    pub company: CompanyId,
    pub date: Date,
    pub reference: Option<String>,
    pub reason: Option<String>,
    pub party: Option<PartyId>,
}

/// A line as a person says it.
pub(super) struct Line {
    pub item: ItemId,
    pub from: Option<LocationId>,
    pub to: Option<LocationId>,
    pub quantity: Decimal,
    pub unit: Option<String>,
    pub unit_cost: Option<Dec>,
}

/// Checks what a person said and posts it; every fault of the texts and units is told at once.
pub(super) async fn perform(tx: &mut Tx, head: Head, lines: Vec<Line>) -> Result<Movement> {
    tx.require_in(head.permission, head.company, None)?;
    check_id(tx, head.id).await?;
    let units = unit::all(tx).await?;
    let mut input = Input::new();
    input.check((1..=MOST_LINES).contains(&lines.len()), || {
        Fault::invalid(fault::LINES_COUNT)
            .with("most", MOST_LINES)
            .at(["lines"])
    });
    let reference = check::optional(head.reference.as_deref(), 100);
    let reference = input.take("reference", reference);
    let reason = match (head.kind, &head.reason) {
        (MovementKind::Adjust, Some(reason)) => check::text(reason, 300).map(Some),
        (_, reason) => check::optional(reason.as_deref(), 300),
    };
    let reason = input.take("reason", reason);
    let mut said = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let unit = unit_of(&units, line.unit.as_deref());
        said.push(PostMovementLine {
            item: line.item,
            from: line.from,
            to: line.to,
            quantity: line.quantity,
            unit: input.take(&format!("lines.{at}.unit"), unit),
            unit_cost: line.unit_cost.map(|cost| cost.0),
        });
    }
    input.finish()?;
    let movement = PostMovement {
        id: head.id,
        company: head.company,
        kind: head.kind,
        date: head.date.0,
        reference,
        reason,
        party: head.party,
        source: None,
        lines: said,
    };
    let posted = post(tx, movement).await;
    let (from, to) = match head.kind {
        MovementKind::Transfer => ("fromLocation", "toLocation"),
        _ => ("location", "location"),
    };
    posted
        .map_err(|error| renamed(error, "from", from))
        .map_err(|error| renamed(error, "to", to))
}

fn unit_of(units: &[Unit], code: Option<&str>) -> Result<Option<UnitId>, Fault> {
    let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    crate::item::unit_named(units, code).map(|unit| Some(unit.id))
}

/// Calls the last part of the faults' paths as the input calls it.
fn renamed(error: Error, from: &str, to: &str) -> Error {
    match error {
        Error::Refused(mut faults) => {
            for fault in &mut faults {
                if let Some(leaf) = fault.field.last_mut()
                    && leaf == from
                {
                    to.clone_into(leaf);
                }
            }
            Error::Refused(faults)
        }
        other => other,
    }
}
