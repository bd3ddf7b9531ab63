//! What is where through the API, now and at the end of any day.

use std::collections::BTreeMap;

use async_graphql::{Context, ID, Object, Result};
use chrono::NaiveDate;
use inventory::stock::{
    Stock as StockRow, StockFilter, StockSort, StockSortField, Worth, levels_of_items,
    levels_of_stocks,
};
use kernel::id::TypedId;
use kernel::ids::{CompanyId, ItemId, StockId, UnitId};
use kernel::{Date, Money, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::inventory::item::Item;
use crate::inventory::location::Location;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::reach;
use crate::inventory::warehouse::Warehouse;
use crate::loader::{Part, Parts};
use crate::{noun, whole};

noun! {
    /// What of an item is at a location.
    Stock of inventory::stock as StockRow, StockId;
    listed by StockFilter, StockSortField
}

/// A quantity and what it is worth.
#[derive(Clone, Debug)]
pub struct StockLevel {
    company: CompanyId,
    unit: UnitId,
    as_of: Option<Date>,
    quantity: Decimal,
    value: Decimal,
}

impl StockLevel {
    /// The level of a company's item of a unit, now or at the end of a day.
    pub fn new(
        (company, unit): (CompanyId, UnitId),
        as_of: Option<Date>,
        (quantity, value): (Decimal, Decimal),
    ) -> Self {
        Self {
            company,
            unit,
            as_of,
            quantity,
            value,
        }
    }
}

/// How much there is, and what it is worth.
#[Object]
impl StockLevel {
    /// The day at whose end it stands; null for now.
    async fn as_of_date(&self) -> Option<Date> {
        self.as_of
    }

    /// How much.
    async fn quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.quantity, self.unit)
    }

    /// What it is worth. Of what lies in one location this is its share of the warehouse's. Needs
    /// `inventory.cost.read`.
    async fn value(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let value = kernel::money::round(self.value, 4).normalize();
        reach::worth(graph, self.company, value).await
    }

    /// What one of it is worth on average, rounded to six decimals; null when there is none. Needs
    /// `inventory.cost.read`.
    async fn unit_value(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        match self.value.checked_div(self.quantity) {
            Some(each) => {
                let each = kernel::money::round(each, 6).normalize();
                reach::worth(graph, self.company, each).await
            }
            None => Ok(None),
        }
    }

    /// The fields that are closed to the viewer.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        reach::redacted(graph, self.company, &["value", "unitValue"])
    }
}

/// What of an item is at a location.
#[Object]
impl Stock {
    /// The stock.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        Call::of(graph)?.load(self.0.item_id).await
    }

    /// The warehouse. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        Call::of(graph)?.load(self.0.warehouse_id).await
    }

    /// The location. Needs `inventory.item.read`.
    async fn location(&self, graph: &Context<'_>) -> Result<Option<Location>> {
        Call::of(graph)?.load(self.0.location_id).await
    }

    /// What there is, now or at the end of a day, and what it is worth. Needs
    /// `inventory.item.read`.
    async fn on_hand(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "At the end of this day; now when absent.")] as_of: Option<Date>,
    ) -> Result<Option<StockLevel>> {
        let call = Call::of(graph)?;
        let Some(item) = call.load::<Item>(self.0.item_id).await? else {
            return Ok(None);
        };
        let day = as_of.map_or_else(last_day, |day| day.0);
        let key = Asked::<StockId>::new(self.0.id, day);
        let worth: Vec<AtLocation> = call.parts(key).await?;
        let worth = worth.into_iter().next().map(|at| at.0).unwrap_or_default();
        let worth = (worth.quantity, worth.value);
        Ok(Some(StockLevel::new(item.place(), as_of, worth)))
    }
}

/// A day after all movements: what is then is what is now.
fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// A record at the end of a day: the key of a loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Asked<I> {
    id: I,
    day: Option<NaiveDate>,
}

impl<I> Asked<I> {
    fn new(id: I, day: NaiveDate) -> Self {
        Self { id, day: Some(day) }
    }
}

impl<I: TypedId> TypedId for Asked<I> {
    const PREFIX: &'static str = I::PREFIX;

    fn from_uuid(uuid: Uuid) -> Self {
        Self {
            id: I::from_uuid(uuid),
            day: None,
        }
    }

    fn uuid(self) -> Uuid {
        self.id.uuid()
    }
}

/// The ids of a batch by the day that they are asked for.
fn by_day<I: TypedId>(keys: &[Asked<I>]) -> BTreeMap<NaiveDate, Vec<I>> {
    let mut days: BTreeMap<NaiveDate, Vec<I>> = BTreeMap::new();
    for key in keys {
        if let Some(day) = key.day {
            days.entry(day).or_default().push(key.id);
        }
    }
    days
}

#[derive(Clone, Copy)]
struct AtLocation(Worth);

impl Part for AtLocation {
    type Of = Asked<StockId>;

    /// One statement a day.
    fn of<'t>(tx: &'t mut Tx, ids: &'t [Self::Of]) -> Parts<'t, Self::Of, Self> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(ids.len());
            for (day, ids) in by_day(ids) {
                let levels = levels_of_stocks(tx, &ids, day).await?;
                let keyed = |(id, worth)| (Asked::new(id, day), Self(worth));
                found.extend(levels.into_iter().map(keyed));
            }
            Ok(found)
        })
    }
}

#[derive(Clone, Copy)]
struct OfItem(Worth);

impl Part for OfItem {
    type Of = Asked<ItemId>;

    /// One statement a day.
    fn of<'t>(tx: &'t mut Tx, ids: &'t [Self::Of]) -> Parts<'t, Self::Of, Self> {
        Box::pin(async move {
            let mut found = Vec::with_capacity(ids.len());
            for (day, ids) in by_day(ids) {
                let levels = levels_of_items(tx, &ids, day).await?;
                let keyed = |(id, worth)| (Asked::new(id, day), Self(worth));
                found.extend(levels.into_iter().map(keyed));
            }
            Ok(found)
        })
    }
}

/// What there is of an item at the end of a day.
pub async fn level_of_item(
    call: &Call,
    item: &inventory::item::Item,
    as_of: Option<Date>,
) -> Result<StockLevel> {
    let day = as_of.map_or_else(last_day, |day| day.0);
    let worth: Vec<OfItem> = call.parts(Asked::new(item.id, day)).await?;
    let worth = worth.into_iter().next().map(|of| of.0).unwrap_or_default();
    let place = (item.company_id, item.unit_id);
    Ok(StockLevel::new(place, as_of, (worth.quantity, worth.value)))
}

#[derive(Clone)]
struct Lying(Stock);

impl Part for Lying {
    type Of = ItemId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [ItemId]) -> Parts<'t, ItemId, Self> {
        Box::pin(async move {
            let rows = inventory::stock::of_items(tx, ids).await?;
            let placed = |row: StockRow| (row.item_id, Self(Stock(row)));
            Ok(rows.into_iter().map(placed).collect())
        })
    }
}

/// Where an item lies, read in batches for all items of a request; nothing for who may not see it.
pub async fn stock_of_item(
    call: &Call,
    item: &inventory::item::Item,
    slice: &Slice,
) -> Result<Connection<Stock>> {
    let rows: Vec<Lying> = match reach::sees_stock(call, item.company_id) {
        true => call.parts(item.id).await?,
        false => Vec::new(),
    };
    let rows = rows
        .into_iter()
        .map(|Lying(row)| (row.0.id.to_string(), row));
    whole::connection(call, rows.collect(), slice)
}

/// Looks at what is where.
#[derive(Default)]
pub struct StockQuery;

#[Object]
impl StockQuery {
    /// What of an item is at a location. Needs `inventory.stock.read`.
    async fn stock(&self, graph: &Context<'_>, id: StockId) -> Result<Option<Stock>> {
        find(graph, id).await
    }

    /// What is where. Needs `inventory.stock.read`.
    async fn stocks(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<StockFilter>,
        sort: Option<StockSort>,
    ) -> Result<Connection<Stock>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, None)).await
    }
}
