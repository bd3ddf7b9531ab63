//! Changing an order while it is a draft.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{PurchaseOrderId, PurchaseOrderLineId};
use kernel::{Date, Dec, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::draft::{Buying, PurchaseOrderLineInput, insert_lines, lines_of};
use super::{
    MOST_LINES, PurchaseOrder, PurchaseOrderLine, PurchaseOrderStatus, load_lines, lock,
    require_status, rules, store,
};
use crate::permission::{COST_READ, PURCHASE_MANAGE};
use crate::schema_replenishment::purchase_order_line;
use crate::{fault, known};

/// Changes an order while it is a draft.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderUpdateInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: PurchaseOrderPatch,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What of a drafted order may change; absent fields stay.
#[derive(Clone, Debug, Default, InputObject)]
pub struct PurchaseOrderPatch {
    /// What the supplier calls it.
    pub supplier_reference: MaybeUndefined<String>,
    /// A remark.
    pub memo: MaybeUndefined<String>,
    /// When it is expected.
    pub expected_on: MaybeUndefined<Date>,
    /// Lines that it gets.
    #[graphql(default)]
    pub add_lines: Vec<PurchaseOrderLineInput>,
    /// Lines that change.
    #[graphql(default)]
    pub update_lines: Vec<PurchaseOrderLineChangeInput>,
    /// Lines that go.
    #[graphql(default)]
    pub remove_lines: Vec<PurchaseOrderLineId>,
}

/// How a line of a drafted order changes; absent fields stay.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderLineChangeInput {
    /// The line.
    pub line: PurchaseOrderLineId,
    /// How much, in the purchase unit.
    pub quantity: Option<Dec>,
    /// The price of one purchase unit, without tax.
    pub price: Option<Dec>,
    /// When it is expected.
    pub expected_on: MaybeUndefined<Date>,
}

/// Changes an order while it is a draft.
///
/// # Errors
/// Every fault of the input at once; an order that is no draft.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: PurchaseOrderUpdateInput) -> Result<PurchaseOrder> {
    let seen = lock(tx, command.id, PURCHASE_MANAGE, command.expected_version).await?;
    require_status(&seen, &[PurchaseOrderStatus::Draft])?;
    let patch = command.patch;
    let mut input = Input::new();
    let mut next = headed(&mut input, &seen, &patch);
    let mut kept = load_lines(tx, &[seen.id]).await?;
    let gone = removed(&mut input, &mut kept, &patch.remove_lines);
    let changed = change(&mut input, &mut kept, &patch.update_lines);
    let buying = Buying {
        company: seen.company_id,
        supplier: seen.supplier_id,
        currency: seen.currency,
    };
    let added = buying
        .lines(tx, &mut input, &patch.add_lines, "patch.addLines")
        .await?;
    input.check(kept.len() + patch.add_lines.len() <= MOST_LINES, || {
        Fault::invalid(fault::ORDER_LINES)
            .with("most", MOST_LINES)
            .at(["patch", "addLines"])
    });
    input.finish()?;
    let last = kept
        .iter()
        .map(|line| line.position)
        .max()
        .unwrap_or_default();
    let added = lines_of(tx, seen.id, last, added);
    record(tx, &gone, &changed, &added).await?;
    next.total = Dec(rules::total(kept.iter().chain(&added), seen.currency));
    let next = store(tx, next).await?;
    let event = next
        .event("inventory.purchase_order.updated")
        .changed("expectedOn", &seen.expected_on, &next.expected_on)
        .set("linesAdded", added.len())
        .set("linesChanged", changed.len())
        .set("linesRemoved", gone.len());
    let event = if seen.total == next.total {
        event
    } else {
        event.set_guarded("total", next.total, COST_READ)
    };
    tx.emit(event).await?;
    Ok(next)
}

fn headed(input: &mut Input, seen: &PurchaseOrder, patch: &PurchaseOrderPatch) -> PurchaseOrder {
    let mut next = seen.clone();
    match &patch.supplier_reference {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => next.supplier_reference = None,
        MaybeUndefined::Value(text) => {
            let checked = check::optional(Some(text), 80);
            next.supplier_reference = input.take("patch.supplierReference", checked);
        }
    }
    match &patch.memo {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => next.memo = None,
        MaybeUndefined::Value(text) => {
            next.memo = input.take("patch.memo", check::optional(Some(text), 500));
        }
    }
    if !patch.expected_on.is_undefined() {
        next.expected_on = patch.expected_on.take();
    }
    next
}

/// Takes the lines that go out of those that are kept.
fn removed(
    input: &mut Input,
    kept: &mut Vec<PurchaseOrderLine>,
    wanted: &[PurchaseOrderLineId],
) -> Vec<PurchaseOrderLineId> {
    let mut gone = Vec::new();
    for (index, id) in wanted.iter().enumerate() {
        let before = kept.len();
        kept.retain(|line| line.id != *id);
        input.check(kept.len() < before, || {
            let at = [
                "patch".to_owned(),
                "removeLines".to_owned(),
                index.to_string(),
            ];
            Fault::not_found(fault::ORDER_LINE_NOT_FOUND).at(at)
        });
        gone.push(*id);
    }
    gone
}

/// Changes lines among those that are kept, and gives them as they are now.
fn change(
    input: &mut Input,
    kept: &mut [PurchaseOrderLine],
    wanted: &[PurchaseOrderLineChangeInput],
) -> Vec<PurchaseOrderLine> {
    let mut changed = Vec::new();
    for (index, change) in wanted.iter().enumerate() {
        let at = |field: &str| {
            let index = index.to_string();
            ["patch", "updateLines", index.as_str(), field].map(str::to_owned)
        };
        let Some(line) = kept.iter_mut().find(|line| line.id == change.line) else {
            input.check(false, || {
                Fault::not_found(fault::ORDER_LINE_NOT_FOUND).at(at("line"))
            });
            continue;
        };
        if let Some(quantity) = change.quantity {
            let fits = quantity.0 > Decimal::ZERO && known::is_quantity(quantity.0);
            input.check(fits, || {
                Fault::invalid(fault::QUANTITY_NOT_POSITIVE).at(at("quantity"))
            });
            line.quantity = quantity;
        }
        if let Some(price) = change.price {
            let fits = price.0 >= Decimal::ZERO && known::is_quantity(price.0);
            input.check(fits, || {
                Fault::invalid(fault::PRICE_OUT_OF_RANGE).at(at("price"))
            });
            line.price = price;
        }
        if !change.expected_on.is_undefined() {
            line.expected_on = change.expected_on.take();
        }
        changed.push(line.clone());
    }
    changed
}

async fn record(
    tx: &mut Tx,
    gone: &[PurchaseOrderLineId],
    changed: &[PurchaseOrderLine],
    added: &[PurchaseOrderLine],
) -> Result<()> {
    if !gone.is_empty() {
        diesel::delete(
            purchase_order_line::table
                .filter(purchase_order_line::organisation_id.eq(tx.organisation()))
                .filter(purchase_order_line::id.eq_any(gone)),
        )
        .execute(tx.conn())
        .await?;
    }
    write_lines(tx, changed).await?;
    insert_lines(tx, added).await
}

/// Writes quantity, price and date of lines, in one statement.
async fn write_lines(tx: &mut Tx, lines: &[PurchaseOrderLine]) -> Result<()> {
    use diesel::sql_types as sql;
    if lines.is_empty() {
        return Ok(());
    }
    let ids: Vec<PurchaseOrderLineId> = lines.iter().map(|line| line.id).collect();
    let quantities: Vec<Dec> = lines.iter().map(|line| line.quantity).collect();
    let prices: Vec<Dec> = lines.iter().map(|line| line.price).collect();
    let days: Vec<Option<Date>> = lines.iter().map(|line| line.expected_on).collect();
    diesel::sql_query(
        "UPDATE inventory.purchase_order_line l \
         SET quantity = c.quantity, price = c.price, expected_on = c.expected_on \
         FROM unnest($2, $3, $4, $5) AS c (id, quantity, price, expected_on) \
         WHERE l.organisation_id = $1 AND l.id = c.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Numeric>, _>(quantities)
    .bind::<sql::Array<sql::Numeric>, _>(prices)
    .bind::<sql::Array<sql::Nullable<sql::Date>>, _>(days)
    .execute(tx.conn())
    .await?;
    Ok(())
}
