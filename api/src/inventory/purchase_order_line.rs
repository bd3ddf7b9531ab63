//! Lines of purchase orders through the API, and what came in for them.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use inventory::permission::{ITEM_READ, STOCK_READ};
use inventory::purchase::{self, PurchaseOrderLine as LineRow, PurchaseReceipt as ReceiptRow};
use kernel::ids::{PurchaseOrderId, PurchaseOrderLineId};
use kernel::{CurrencyCode, Date, Dec, Money, Tx};

use crate::call::Call;
use crate::directory::link::link;
use crate::inventory::item::Item;
use crate::inventory::movement::Movement;
use crate::inventory::proposal::Proposal;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::inventory::quantity::ItemQuantity;
use crate::loader::{Part, Parts};
use crate::noun;

noun! {
    /// A line of a purchase order.
    PurchaseOrderLine of inventory::purchase::line as LineRow, PurchaseOrderLineId
}

/// The rows of lines, batched by order.
#[derive(Clone)]
struct OrderLine(LineRow);

impl Part for OrderLine {
    type Of = PurchaseOrderId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [PurchaseOrderId]) -> Parts<'t, PurchaseOrderId, Self> {
        async move {
            let rows = purchase::lines_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.purchase_order_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// The rows of receipts, batched by order.
#[derive(Clone)]
struct OrderReceipt(ReceiptRow);

impl Part for OrderReceipt {
    type Of = PurchaseOrderId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [PurchaseOrderId]) -> Parts<'t, PurchaseOrderId, Self> {
        async move {
            let rows = purchase::receipts_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.purchase_order_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// Goods that came in for a line of an order.
#[derive(Clone, Debug)]
pub struct PurchaseReceipt(ReceiptRow);

/// Goods that came in for a line of an order, or went back when that was reversed.
#[Object]
impl PurchaseReceipt {
    /// The day.
    async fn received_date(&self) -> Date {
        self.0.received_on
    }

    /// How much, in the purchase unit; below zero when the movement was reversed.
    async fn quantity(&self) -> Dec {
        self.0.quantity
    }

    /// The movement of stock. Needs `inventory.stock.read`.
    async fn movement(&self, graph: &Context<'_>) -> Result<Option<Movement>> {
        link(graph, STOCK_READ, self.0.movement_id).await
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// A line of a purchase order. Quantities are in the purchase unit.
#[Object]
impl PurchaseOrderLine {
    /// The line.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its order.
    async fn purchase_order(&self, graph: &Context<'_>) -> Result<Option<PurchaseOrder>> {
        Call::of(graph)?.load(self.0.purchase_order_id).await
    }

    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        link(graph, ITEM_READ, Some(self.0.item_id)).await
    }

    /// How many of the item's unit one purchase unit is, rounded to twelve decimals.
    async fn unit_factor(&self) -> Dec {
        self.0.unit_factor()
    }

    /// How much is ordered.
    async fn quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.quantity.0, self.0.unit_id)
    }

    /// How much came.
    async fn received_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.received_quantity.0, self.0.unit_id)
    }

    /// What has not come yet.
    async fn outstanding_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.outstanding(), self.0.unit_id)
    }

    /// The price of one purchase unit, without tax. Needs `inventory.cost.read`.
    async fn price(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let currency = self.open_currency(graph).await?;
        Ok(currency.map(|currency| Money::new(self.0.price.0, currency)))
    }

    /// What it costs, without tax. Needs `inventory.cost.read`.
    async fn amount(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let currency = self.open_currency(graph).await?;
        Ok(currency.map(|currency| self.0.amount(currency)))
    }

    /// When it is expected; when the order is, where it says nothing.
    async fn expected_date(&self) -> Option<Date> {
        self.0.expected_on
    }

    /// How much more than ordered is taken in, in per cent.
    async fn over_receipt_percent(&self) -> Dec {
        self.0.over_receipt_percent
    }

    /// What the supplier calls the item.
    async fn supplier_code(&self) -> Option<&str> {
        self.0.supplier_code.as_deref()
    }

    /// The proposal that it came from.
    async fn proposal(&self, graph: &Context<'_>) -> Result<Option<Proposal>> {
        Call::of(graph)?.load_some(self.0.proposal_id).await
    }

    /// What came in for it, oldest first.
    async fn receipts(&self, graph: &Context<'_>) -> Result<Vec<PurchaseReceipt>> {
        let call = Call::of(graph)?;
        let parts = call.parts::<OrderReceipt>(self.0.purchase_order_id).await?;
        let own = parts.into_iter().filter(|it| it.0.line_id == self.0.id);
        Ok(own.map(|it| PurchaseReceipt(it.0)).collect())
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let shown = self.open_currency(graph).await?.is_some();
        Ok(if shown {
            Vec::new()
        } else {
            vec!["price", "amount"]
        })
    }
}

impl PurchaseOrderLine {
    /// The currency of its order; null when costs are closed to the viewer.
    async fn open_currency(&self, graph: &Context<'_>) -> Result<Option<CurrencyCode>> {
        let call = Call::of(graph)?;
        let order = call.load::<PurchaseOrder>(self.0.purchase_order_id).await?;
        let order = order.filter(|order| order.shows_cost(call));
        Ok(order.map(|order| order.0.currency))
    }
}

/// The lines of an order, in their order.
pub(super) async fn lines_of(
    graph: &Context<'_>,
    order: PurchaseOrderId,
) -> Result<Vec<PurchaseOrderLine>> {
    let rows = Call::of(graph)?.parts::<OrderLine>(order).await?;
    Ok(rows
        .into_iter()
        .map(|row| PurchaseOrderLine(row.0))
        .collect())
}
