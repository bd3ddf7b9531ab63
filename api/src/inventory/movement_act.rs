//! What is done with stock through the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use inventory::movement::{
    self, CountedLine, MovementReverseInput, StockAdjustInput, StockCountInput, StockIssueInput,
    StockReceiveInput, StockReturnInput, StockTransferInput,
};
use kernel::Tx;
use kernel::id::TypedId;
use kernel::ids::{ItemId, LocationId, MovementId};
use uuid::Uuid;

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::inventory::item::Item;
use crate::inventory::location::Location;
use crate::inventory::movement::Movement;
use crate::inventory::quantity::ItemQuantity;
use crate::payload;

payload! {
    /// What receiving goods gives.
    StockReceivePayload {
        /// The movement.
        movement: Movement
    }
    /// What issuing goods gives.
    StockIssuePayload {
        /// The movement.
        movement: Movement
    }
    /// What moving goods gives.
    StockTransferPayload {
        /// The movement.
        movement: Movement
    }
    /// What putting stock right gives.
    StockAdjustPayload {
        /// The movement.
        movement: Movement
    }
    /// What returning goods gives.
    StockReturnPayload {
        /// The movement.
        movement: Movement
    }
    /// What reversing a movement gives.
    MovementReversePayload {
        /// The movement that reverses it.
        movement: Movement
    }
}

/// What a count found of an item at a location.
pub struct CountLine(CountedLine);

/// What a count found of an item at a location.
#[Object]
impl CountLine {
    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        let id: ItemId = self.0.item;
        Call::of(graph)?.load(id).await
    }

    /// The location. Needs `inventory.item.read`.
    async fn location(&self, graph: &Context<'_>) -> Result<Option<Location>> {
        let id: LocationId = self.0.location;
        Call::of(graph)?.load(id).await
    }

    /// What the stock said. Needs `inventory.item.read`.
    async fn expected(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        self.quantity(graph, self.0.expected).await
    }

    /// What was counted, in the item's own unit. Needs `inventory.item.read`.
    async fn counted(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        self.quantity(graph, self.0.counted).await
    }

    /// How much more there is; below zero for how much less. Needs `inventory.item.read`.
    async fn difference(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        self.quantity(graph, self.0.counted - self.0.expected).await
    }
}

impl CountLine {
    async fn quantity(
        &self,
        graph: &Context<'_>,
        value: rust_decimal::Decimal,
    ) -> Result<Option<ItemQuantity>> {
        let item = Call::of(graph)?.load::<Item>(self.0.item).await?;
        Ok(item.map(|item| ItemQuantity::new(value, item.0.unit_id)))
    }
}

/// What counting stock gives.
#[derive(SimpleObject)]
pub struct StockCountPayload {
    /// The adjustment; null when everything agrees.
    movement: Option<Movement>,
    /// What was found, line by line; empty when the answer is repeated for an idempotency key.
    lines: Vec<CountLine>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// A count as it was recorded.
pub struct Counted {
    movement: Option<Movement>,
    lines: Vec<CountedLine>,
}

impl Payload for StockCountPayload {
    type Record = Counted;

    fn done(counted: Counted) -> Self {
        Self {
            movement: counted.movement,
            lines: counted.lines.into_iter().map(CountLine).collect(),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            movement: None,
            lines: Vec::new(),
            user_errors,
        }
    }
}

impl Kept for Counted {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.movement.as_ref().map(|movement| movement.0.id.uuid()))
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let id: Option<Uuid> = serde_json::from_value(kept.clone())?;
            let movement = match id {
                Some(id) => movement::find(tx, MovementId(id)).await?.map(Movement),
                None => None,
            };
            Ok(Self {
                movement,
                lines: Vec::new(),
            })
        }
        .boxed()
    }
}

/// Acts on stock.
#[derive(Default)]
pub struct MovementMutation;

#[Object]
impl MovementMutation {
    /// Receives goods into locations at their cost, and posts them against goods received and not
    /// invoiced. Needs `inventory.stock.move`.
    async fn stock_receive(
        &self,
        graph: &Context<'_>,
        input: StockReceiveInput,
    ) -> Result<StockReceivePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::receive(tx, input).await?)) })
        })
        .await
    }

    /// Issues goods from locations that have them, at the cost that the item's method gives. Needs
    /// `inventory.stock.move`.
    async fn stock_issue(
        &self,
        graph: &Context<'_>,
        input: StockIssueInput,
    ) -> Result<StockIssuePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::issue(tx, input).await?)) })
        })
        .await
    }

    /// Moves goods from location to location; between warehouses they take their cost along. Needs
    /// `inventory.stock.move`.
    async fn stock_transfer(
        &self,
        graph: &Context<'_>,
        input: StockTransferInput,
    ) -> Result<StockTransferPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::transfer(tx, input).await?)) })
        })
        .await
    }

    /// Puts stock right by differences. Needs `inventory.stock.adjust`.
    async fn stock_adjust(
        &self,
        graph: &Context<'_>,
        input: StockAdjustInput,
    ) -> Result<StockAdjustPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::adjust(tx, input).await?)) })
        })
        .await
    }

    /// Returns goods to a supplier, or takes them back from a customer; what goes back for a line of
    /// a purchase order counts as not received. Needs `inventory.stock.move`.
    async fn stock_return(
        &self,
        graph: &Context<'_>,
        input: StockReturnInput,
    ) -> Result<StockReturnPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::give_back(tx, input).await?)) })
        })
        .await
    }

    /// Records what was counted: the differences become an adjustment. Needs
    /// `inventory.stock.adjust`.
    async fn stock_count(
        &self,
        graph: &Context<'_>,
        input: StockCountInput,
    ) -> Result<StockCountPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let counted = movement::count_stock(tx, input).await?;
                Ok(Counted {
                    movement: counted.movement.map(Movement),
                    lines: counted.lines,
                })
            })
        })
        .await
    }

    /// Reverses a movement, once, at exactly its values. Needs `inventory.stock.adjust`.
    async fn movement_reverse(
        &self,
        graph: &Context<'_>,
        input: MovementReverseInput,
    ) -> Result<MovementReversePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Movement(movement::reverse(tx, input).await?)) })
        })
        .await
    }
}
