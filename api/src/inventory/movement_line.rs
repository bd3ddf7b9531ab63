//! Lines of movements through the API.

use async_graphql::{Context, ID, Object, Result};
use inventory::movement::line::{MovementLineFilter, MovementLineSort, MovementLineSortField};
use inventory::movement::{Movement as MovementRow, MovementLine as LineRow};
use kernel::ids::{ItemId, LocationId, MovementId, MovementLineId};
use kernel::{Date, Money, Tx};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::inventory::item::Item;
use crate::inventory::location::Location;
use crate::inventory::movement::Movement;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::reach;
use crate::loader::{Part, Parts};
use crate::noun;

noun! {
    /// A line of a movement.
    MovementLine of inventory::movement::line as LineRow, MovementLineId;
    listed by MovementLineFilter, MovementLineSortField
}

/// A line of a movement: a quantity of an item from a place, to a place, or between two.
#[Object]
impl MovementLine {
    /// The line.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its movement.
    async fn movement(&self, graph: &Context<'_>) -> Result<Option<Movement>> {
        Call::of(graph)?.load::<Movement>(self.movement_id()).await
    }

    /// Its place in the movement, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The day it belongs to.
    async fn moved_on(&self) -> Date {
        self.0.moved_on
    }

    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        Call::of(graph)?.load::<Item>(self.item_id()).await
    }

    /// The location that it leaves. Needs `inventory.item.read`.
    #[graphql(name = "fromLocation")]
    async fn left_location(&self, graph: &Context<'_>) -> Result<Option<Location>> {
        let id: Option<LocationId> = self.0.from_location_id;
        Call::of(graph)?.load_some(id).await
    }

    /// The location that it enters. Needs `inventory.item.read`.
    #[graphql(name = "toLocation")]
    async fn entered_location(&self, graph: &Context<'_>) -> Result<Option<Location>> {
        let id: Option<LocationId> = self.0.to_location_id;
        Call::of(graph)?.load_some(id).await
    }

    /// The quantity as it was said.
    async fn said_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.unit_quantity.0, self.0.unit_id)
    }

    /// The quantity in the item's own unit. Needs `inventory.item.read`.
    async fn quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        let item = Call::of(graph)?.load::<Item>(self.item_id()).await?;
        let quantity = self.0.quantity.0;
        Ok(item.map(|item| ItemQuantity::new(quantity, item.0.unit_id)))
    }

    /// What one of the item's own unit cost, rounded to six decimals. Needs `inventory.cost.read`.
    async fn unit_cost(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let cost = self.0.unit_cost.0.normalize();
        reach::worth(graph, self.0.company_id, cost).await
    }

    /// What it takes from the value of stock. Needs `inventory.cost.read`.
    async fn value_out(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        reach::worth(graph, self.0.company_id, self.0.value_out.0.normalize()).await
    }

    /// What it adds to the value of stock. Needs `inventory.cost.read`.
    async fn value_in(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        reach::worth(graph, self.0.company_id, self.0.value_in.0.normalize()).await
    }

    /// What stands against it: the price of what came or was returned, the cost of what went.
    /// Needs `inventory.cost.read`.
    async fn amount(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        reach::worth(graph, self.0.company_id, self.0.amount.0.normalize()).await
    }

    /// The fields that are closed to the viewer.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let closed = ["unitCost", "valueOut", "valueIn", "amount"];
        reach::redacted(graph, self.0.company_id, &closed)
    }
}

impl MovementLine {
    fn movement_id(&self) -> MovementId {
        self.0.movement_id
    }

    fn item_id(&self) -> ItemId {
        self.0.item_id
    }
}

impl Part for MovementLine {
    type Of = MovementId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [MovementId]) -> Parts<'t, MovementId, Self> {
        Box::pin(async move {
            let rows = inventory::movement::line::of_movements(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.movement_id, Self(row)))
                .collect())
        })
    }
}

/// The lines of a movement, in their order.
pub async fn lines_of(call: &Call, movement: &MovementRow) -> Result<Vec<MovementLine>> {
    call.parts(movement.id).await
}

/// Looks at lines of movements.
#[derive(Default)]
pub struct MovementLineQuery;

#[Object]
impl MovementLineQuery {
    /// A line of a movement. Needs `inventory.stock.read`.
    async fn movement_line(
        &self,
        graph: &Context<'_>,
        id: MovementLineId,
    ) -> Result<Option<MovementLine>> {
        find(graph, id).await
    }

    /// Lines of movements: the stock card of an item or a place. Needs `inventory.stock.read`.
    async fn movement_lines(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<MovementLineFilter>,
        sort: Option<MovementLineSort>,
    ) -> Result<Connection<MovementLine>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, None)).await
    }
}
