//! Items through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::item::{
    Item as ItemRow, ItemFilter, ItemSort, ItemSortField, ItemUnit as ItemUnitRow, Valuation,
};
use inventory::permission::ITEM_MANAGE;
use inventory::stock::Holding;
use kernel::ids::{CompanyId, ItemId, UnitId};
use kernel::{Date, Dec, Money, Tx};
use rust_decimal::Decimal;

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::inventory::category::ItemCategory;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::reach;
use crate::inventory::stock::{Stock, StockLevel, level_of_item, stock_of_item};
use crate::inventory::unit::Unit;
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::{Part, Parts};
use crate::noun;
use crate::permission::Permission;

noun! {
    /// Something that a company buys, stocks or sells.
    Item of inventory::item as ItemRow, ItemId;
    listed by ItemFilter, ItemSortField
}

/// What the viewer may do with an item.
#[derive(SimpleObject)]
pub struct ItemViewerCan {
    /// Change it.
    update: Permission,
    /// Archive it.
    archive: Permission,
}

/// What one of a unit is in an item's own unit.
#[derive(Clone)]
pub struct ItemUnit(ItemUnitRow);

/// What one of a unit is in an item's own unit.
#[Object]
impl ItemUnit {
    /// The unit.
    async fn unit(&self, graph: &Context<'_>) -> Result<Option<Unit>> {
        Call::of(graph)?.load(self.0.unit_id).await
    }

    /// How many of the item's own unit one of it is.
    async fn factor(&self) -> Dec {
        Dec(self.0.factor.0.normalize())
    }
}

impl Part for ItemUnit {
    type Of = ItemId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [ItemId]) -> Parts<'t, ItemId, Self> {
        Box::pin(async move {
            let rows = inventory::item::units_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.item_id, Self(row)))
                .collect())
        })
    }
}

/// What of an item is in a warehouse.
#[derive(Clone)]
pub struct ItemHolding {
    holding: Holding,
    unit: UnitId,
}

/// What of an item is in a warehouse, and what it is worth there.
#[Object]
impl ItemHolding {
    /// The warehouse. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        Call::of(graph)?.load(self.holding.warehouse_id).await
    }

    /// How much.
    async fn quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.holding.quantity.0, self.unit)
    }

    /// What it is worth. Needs `inventory.cost.read`.
    async fn value(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        reach::worth(graph, self.holding.company_id, self.holding.value.0).await
    }

    /// What one cost when something last came, with six decimals at most. Needs
    /// `inventory.cost.read`.
    async fn last_cost(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        match self.holding.last_cost {
            Some(cost) => {
                let company = self.holding.company_id;
                reach::worth(graph, company, cost.0.normalize()).await
            }
            None => Ok(None),
        }
    }

    /// The last day that it moved on.
    async fn last_moved_on(&self) -> Option<Date> {
        self.holding.last_moved_on
    }

    /// The fields that are closed to the viewer.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        reach::redacted(graph, self.holding.company_id, &["value", "lastCost"])
    }
}

#[derive(Clone)]
struct Held(Holding);

impl Part for Held {
    type Of = ItemId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [ItemId]) -> Parts<'t, ItemId, Self> {
        Box::pin(async move {
            let rows = inventory::stock::holdings_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.item_id, Self(row)))
                .collect())
        })
    }
}

/// Something that a company buys, stocks or sells.
#[Object]
impl Item {
    /// The item.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        reach::company(graph, self.0.company_id).await
    }

    /// Its code, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its id in another system.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it is.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Its category.
    async fn category(&self, graph: &Context<'_>) -> Result<Option<ItemCategory>> {
        Call::of(graph)?.load_some(self.0.category_id).await
    }

    /// The unit that its stock is kept in.
    async fn unit(&self, graph: &Context<'_>) -> Result<Option<Unit>> {
        Call::of(graph)?.load(self.0.unit_id).await
    }

    /// What other units are in its own: one box is twelve.
    async fn units(&self, graph: &Context<'_>) -> Result<Vec<ItemUnit>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// Its barcode (GTIN), 8, 12, 13 or 14 digits.
    async fn gtin(&self) -> Option<&str> {
        self.0.gtin.as_deref()
    }

    /// Whether stock is kept of it.
    async fn is_tracked(&self) -> bool {
        self.0.is_tracked
    }

    /// How its stock is valued.
    async fn valuation(&self) -> Valuation {
        self.0.valuation
    }

    /// What one sells for, before tax.
    async fn list_price(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        match self.0.list_price {
            Some(price) => {
                let company = self.0.company_id;
                let money = reach::money(graph, company, price.0.normalize()).await?;
                Ok(Some(money))
            }
            None => Ok(None),
        }
    }

    /// What there is of it in all warehouses, now or at the end of a day. Needs
    /// `inventory.stock.read`.
    async fn on_hand(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "At the end of this day; now when absent.")] as_of: Option<Date>,
    ) -> Result<Option<StockLevel>> {
        let call = Call::of(graph)?;
        if !reach::sees_stock(call, self.0.company_id) {
            return Ok(None);
        }
        if as_of.is_some() {
            return level_of_item(call, &self.0, as_of).await.map(Some);
        }
        let held: Vec<Held> = call.parts(self.0.id).await?;
        let quantity: Decimal = held.iter().map(|held| held.0.quantity.0).sum();
        let value: Decimal = held.iter().map(|held| held.0.value.0).sum();
        Ok(Some(StockLevel::new(self.place(), None, (quantity, value))))
    }

    /// What there is of it, by warehouse. Needs `inventory.stock.read`.
    async fn holdings(&self, graph: &Context<'_>) -> Result<Vec<ItemHolding>> {
        let call = Call::of(graph)?;
        if !reach::sees_stock(call, self.0.company_id) {
            return Ok(Vec::new());
        }
        let unit = self.0.unit_id;
        let held: Vec<Held> = call.parts(self.0.id).await?;
        let held = held
            .into_iter()
            .map(|Held(holding)| ItemHolding { holding, unit });
        Ok(held.collect())
    }

    /// What there is of it, by location. Needs `inventory.stock.read`.
    async fn stock(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Stock>> {
        let slice = Slice::new(first, after, last, before);
        stock_of_item(Call::of(graph)?, &self.0, &slice).await
    }

    /// Since when it takes no more part.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that are closed to the viewer.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        Ok(
            match reach::sees_stock(Call::of(graph)?, self.0.company_id) {
                true => Vec::new(),
                false => vec!["onHand", "holdings", "stock"],
            },
        )
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ItemViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, ITEM_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(ItemViewerCan {
            archive: update.clone(),
            update,
        })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

impl Item {
    /// What its quantities are said in and its values belong to.
    pub(crate) fn place(&self) -> (CompanyId, UnitId) {
        (self.0.company_id, self.0.unit_id)
    }
}

/// Looks at items.
#[derive(Default)]
pub struct ItemQuery;

#[Object]
impl ItemQuery {
    /// An item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>, id: ItemId) -> Result<Option<Item>> {
        find(graph, id).await
    }

    /// Items; archived ones only where `archivedAt` is asked for. Needs `inventory.item.read`.
    async fn items(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ItemFilter>,
        sort: Option<ItemSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Item>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}
