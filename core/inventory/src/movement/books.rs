//! What a batch of movements is decided over: items, units, places and settings, read in batches;
//! then the holdings, made where they are missing and locked in order, with layers and stock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::ids::{
    CompanyId, ItemCategoryId, ItemId, LayerId, LocationId, MovementLineId, StockId, UnitId,
    WarehouseId,
};
use kernel::{CurrencyCode, Date, Dec, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::PostMovement;
use super::pool::{Layer, Pool};
use crate::account::{self, Accounts};
use crate::category::{self, Category};
use crate::item::{self, Item, ItemUnit, Valuation};
use crate::location::{self, Location};
use crate::schema::stock;
use crate::unit::{self, Unit};

/// What counts in a company.
pub(super) struct House {
    pub currency: CurrencyCode,
    pub today: NaiveDate,
    pub allows_negative: bool,
    pub accounts: Accounts,
}

/// What a batch names.
#[derive(Default)]
pub(super) struct Named {
    pub houses: HashMap<CompanyId, House>,
    pub items: HashMap<ItemId, Item>,
    pub item_units: HashMap<(ItemId, UnitId), ItemUnit>,
    pub units: HashMap<UnitId, Unit>,
    pub locations: HashMap<LocationId, Location>,
    pub categories: HashMap<ItemCategoryId, Category>,
}

/// A holding's key, in the order of locking.
pub(super) type HoldingKey = (ItemId, WarehouseId);

/// What is at a location.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub id: StockId,
    pub warehouse: WarehouseId,
    pub quantity: Decimal,
    pub allows_negative: bool,
}

/// What a batch is decided over and changes.
#[derive(Clone, Default)]
pub(super) struct Books {
    pub pools: BTreeMap<HoldingKey, Pool>,
    pub negative: HashMap<HoldingKey, bool>,
    pub companies: HashMap<HoldingKey, CompanyId>,
    pub places: BTreeMap<(ItemId, LocationId), Place>,
}

/// Reads what a batch names; items are held against changes until the transaction ends.
pub(super) async fn named(tx: &mut Tx, posts: &[PostMovement]) -> Result<Named> {
    let lines = || posts.iter().flat_map(|post| &post.lines);
    let companies: BTreeSet<CompanyId> = posts.iter().map(|post| post.company).collect();
    let items: BTreeSet<ItemId> = lines().map(|line| line.item).collect();
    let places: BTreeSet<LocationId> = lines()
        .flat_map(|line| [line.from, line.to])
        .flatten()
        .collect();
    let mut houses = HashMap::new();
    for company in companies {
        houses.insert(company, house(tx, company).await?);
    }
    let items: Vec<ItemId> = items.into_iter().collect();
    let rows = item::hold(tx, &items).await?;
    let categories: BTreeSet<ItemCategoryId> =
        rows.iter().filter_map(|item| item.category_id).collect();
    let categories: Vec<ItemCategoryId> = categories.into_iter().collect();
    let own = item::load_units(tx, &items).await?;
    let places: Vec<LocationId> = places.into_iter().collect();
    Ok(Named {
        houses,
        items: rows.into_iter().map(|row| (row.id, row)).collect(),
        item_units: own
            .into_iter()
            .map(|row| ((row.item_id, row.unit_id), row))
            .collect(),
        units: keyed(unit::all(tx).await?, |row| row.id),
        locations: keyed(location::load(tx, &places).await?, |row| row.id),
        categories: keyed(category::load(tx, &categories).await?, |row| row.id),
    })
}

fn keyed<K: std::hash::Hash + Eq, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

/// What counts in a company.
pub(super) async fn house(tx: &mut Tx, company: CompanyId) -> Result<House> {
    let row = directory::company::load(tx, company).await?;
    Ok(House {
        currency: row.currency,
        today: tx.now().with_timezone(&row.tz()).date_naive(),
        allows_negative: account::load_setting(tx, company).await?.allows_negative,
        accounts: account::load(tx, company).await?,
    })
}

#[derive(QueryableByName)]
struct HoldingRow {
    #[diesel(sql_type = sql::Uuid)]
    item_id: ItemId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    value: Dec,
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    last_cost: Option<Dec>,
    #[diesel(sql_type = sql::Nullable<sql::Date>)]
    last_moved_on: Option<Date>,
    #[diesel(sql_type = sql::Bool)]
    allows_negative: bool,
}

/// Locks holdings in order, made empty where they are missing, and reads what they hold.
/// `companies` says whose each is; `valuations` how each item is valued.
pub(super) async fn lock(
    tx: &mut Tx,
    wanted: &BTreeMap<HoldingKey, CompanyId>,
    named: &Named,
) -> Result<Books> {
    make(tx, wanted).await?;
    let (items, warehouses) = columns(wanted);
    let rows: Vec<HoldingRow> = diesel::sql_query(
        "SELECT h.item_id, h.warehouse_id, h.quantity, h.value, h.last_cost, h.last_moved_on, \
             h.allows_negative \
         FROM unnest($2::uuid[], $3::uuid[]) AS t (item, warehouse) \
         JOIN inventory.holding h ON h.organisation_id = $1 AND h.item_id = t.item \
             AND h.warehouse_id = t.warehouse \
         ORDER BY h.item_id, h.warehouse_id FOR UPDATE OF h",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .kept()
    .load(tx.conn())
    .await?;
    let mut books = Books::default();
    for row in rows {
        let key = (row.item_id, row.warehouse_id);
        let Some(company) = wanted.get(&key) else {
            continue;
        };
        let house = named.houses.get(company);
        let valuation = named.items.get(&row.item_id).map(|item| item.valuation);
        books.negative.insert(key, row.allows_negative);
        books.companies.insert(key, *company);
        books.pools.insert(
            key,
            Pool {
                valuation: valuation.unwrap_or(Valuation::MovingAverage),
                places: house.map_or(2, |house| house.currency.places()),
                quantity: row.quantity.0,
                value: row.value.0,
                last_cost: row.last_cost.map(|cost| cost.0),
                last_moved_on: row.last_moved_on.map(|day| day.0),
                layers: Vec::new(),
            },
        );
    }
    layers(tx, &mut books).await?;
    places(tx, &mut books).await?;
    Ok(books)
}

fn columns(wanted: &BTreeMap<HoldingKey, CompanyId>) -> (Vec<ItemId>, Vec<WarehouseId>) {
    wanted.keys().copied().unzip()
}

/// Makes the holdings that are missing, in order: two who make the same take turns.
async fn make(tx: &mut Tx, wanted: &BTreeMap<HoldingKey, CompanyId>) -> Result<()> {
    let (items, warehouses) = columns(wanted);
    diesel::sql_query(
        "INSERT INTO inventory.holding (organisation_id, item_id, warehouse_id, company_id, \
             quantity, value, allows_negative) \
         SELECT $1, t.item, t.warehouse, t.company, 0, 0, false \
         FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS t (item, warehouse, company) \
         WHERE NOT EXISTS (SELECT FROM inventory.holding h WHERE h.organisation_id = $1 \
             AND h.item_id = t.item AND h.warehouse_id = t.warehouse) \
         ORDER BY t.item, t.warehouse ON CONFLICT DO NOTHING",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .bind::<sql::Array<sql::Uuid>, _>(wanted.values().copied().collect::<Vec<_>>())
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct LayerRow {
    #[diesel(sql_type = sql::Uuid)]
    id: LayerId,
    #[diesel(sql_type = sql::Uuid)]
    item_id: ItemId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: WarehouseId,
    #[diesel(sql_type = sql::Uuid)]
    line_id: MovementLineId,
    #[diesel(sql_type = sql::Date)]
    received_on: Date,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    value: Dec,
    #[diesel(sql_type = sql::Numeric)]
    remaining_quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    remaining_value: Dec,
}

/// The layers with something left, the oldest first.
async fn layers(tx: &mut Tx, books: &mut Books) -> Result<()> {
    let fifo = books
        .pools
        .iter()
        .filter(|(_, pool)| pool.valuation == Valuation::Fifo);
    let (items, warehouses): (Vec<ItemId>, Vec<WarehouseId>) = fifo.map(|(key, _)| *key).unzip();
    if items.is_empty() {
        return Ok(());
    }
    let rows: Vec<LayerRow> = diesel::sql_query(
        "SELECT l.id, l.item_id, l.warehouse_id, l.line_id, l.received_on, l.quantity, l.value, \
             l.remaining_quantity, l.remaining_value \
         FROM unnest($2::uuid[], $3::uuid[]) AS t (item, warehouse) \
         JOIN inventory.layer l ON l.organisation_id = $1 AND l.item_id = t.item \
             AND l.warehouse_id = t.warehouse AND l.remaining_quantity > 0 \
         ORDER BY l.received_on, l.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .kept()
    .load(tx.conn())
    .await?;
    for row in rows {
        if let Some(pool) = books.pools.get_mut(&(row.item_id, row.warehouse_id)) {
            pool.layers.push(layer(row));
        }
    }
    Ok(())
}

fn layer(row: LayerRow) -> Layer {
    Layer {
        id: row.id,
        line: row.line_id,
        received_on: row.received_on.0,
        quantity: row.quantity.0,
        value: row.value.0,
        left: row.remaining_quantity.0,
        left_value: row.remaining_value.0,
        touched: false,
    }
}

/// Brings layers that nothing may be left of into a pool, for a reversal: those that some lines
/// brought, and those that they took of.
pub(super) async fn touched_layers(
    tx: &mut Tx,
    books: &mut Books,
    lines: &[MovementLineId],
) -> Result<()> {
    let rows: Vec<LayerRow> = diesel::sql_query(
        "SELECT l.id, l.item_id, l.warehouse_id, l.line_id, l.received_on, l.quantity, l.value, \
             l.remaining_quantity, l.remaining_value \
         FROM inventory.layer l WHERE l.organisation_id = $1 AND (l.line_id = ANY($2) \
             OR l.id IN (SELECT t.layer_id FROM inventory.layer_take t \
                 WHERE t.organisation_id = $1 AND t.line_id = ANY($2))) \
         ORDER BY l.received_on, l.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(lines)
    .kept()
    .load(tx.conn())
    .await?;
    for row in rows {
        let Some(pool) = books.pools.get_mut(&(row.item_id, row.warehouse_id)) else {
            continue;
        };
        if pool.valuation == Valuation::Fifo && pool.layers.iter().all(|seen| seen.id != row.id) {
            pool.layers.push(layer(row));
        }
    }
    Ok(())
}

type PlaceRow = (StockId, ItemId, LocationId, WarehouseId, Dec, bool);

/// What is at the locations of the holdings.
async fn places(tx: &mut Tx, books: &mut Books) -> Result<()> {
    let (items, warehouses): (Vec<ItemId>, Vec<WarehouseId>) = books.pools.keys().copied().unzip();
    let rows: Vec<PlaceRow> = stock::table
        .filter(stock::organisation_id.eq(tx.organisation()))
        .filter(stock::item_id.eq_any(&items))
        .filter(stock::warehouse_id.eq_any(&warehouses))
        .select((
            stock::id,
            stock::item_id,
            stock::location_id,
            stock::warehouse_id,
            stock::quantity,
            stock::allows_negative,
        ))
        .load(tx.conn())
        .await?;
    for (id, item, location, warehouse, quantity, allows_negative) in rows {
        if books.pools.contains_key(&(item, warehouse)) {
            let place = Place {
                id,
                warehouse,
                quantity: quantity.0,
                allows_negative,
            };
            books.places.insert((item, location), place);
        }
    }
    Ok(())
}

impl Named {
    /// The item of a line, which must be the company's, tracked, and in use when something enters.
    pub fn item(&self, company: CompanyId, id: ItemId, enters: bool) -> Result<&Item, Fault> {
        let found = self
            .items
            .get(&id)
            .filter(|item| item.company_id == company);
        let item = found.ok_or_else(|| Fault::not_found(crate::fault::ITEM_NOT_FOUND))?;
        if !item.is_tracked {
            let fault = Fault::not_allowed(crate::fault::ITEM_UNTRACKED);
            return Err(fault.with("item", &item.code));
        }
        if enters && item.archived_at.is_some() {
            let fault = Fault::not_allowed(crate::fault::ITEM_ARCHIVED);
            return Err(fault.with("item", &item.code));
        }
        Ok(item)
    }

    /// A location of a line, which must be the company's.
    pub fn location(
        &self,
        company: CompanyId,
        id: LocationId,
        enters: bool,
    ) -> Result<&Location, Fault> {
        let found = self
            .locations
            .get(&id)
            .filter(|row| row.company_id == company);
        let row = found.ok_or_else(|| Fault::not_found(crate::fault::LOCATION_NOT_FOUND))?;
        if enters && row.archived_at.is_some() {
            let fault = Fault::not_allowed(crate::fault::LOCATION_ARCHIVED);
            return Err(fault.with("location", &row.code));
        }
        Ok(row)
    }

    /// A quantity in an item's own unit, exactly.
    pub fn quantity(&self, item: &Item, quantity: Decimal, unit: UnitId) -> Result<Decimal, Fault> {
        let unknown = || Fault::not_found(crate::fault::UNIT_NOT_FOUND).with("unit", unit);
        let from = self.units.get(&unit).ok_or_else(unknown)?;
        let into = self.units.get(&item.unit_id).ok_or_else(unknown)?;
        let own = self
            .item_units
            .get(&(item.id, unit))
            .map(|row| row.factor.0);
        let factor = unit::factor(from, into, own).ok_or_else(|| {
            Fault::invalid(crate::fault::UNIT_NOT_CONVERTIBLE)
                .with("unit", &from.code)
                .with("into", &into.code)
                .with("item", &item.code)
        })?;
        unit::convert(quantity, factor, into).ok_or_else(|| {
            Fault::invalid(crate::fault::QUANTITY_INEXACT)
                .with("unit", &into.code)
                .with("places", into.places)
        })
    }

    /// The code of an item's own unit.
    pub fn unit_code(&self, item: &Item) -> &str {
        self.units
            .get(&item.unit_id)
            .map_or("", |unit| unit.code.as_str())
    }

    /// The category of an item.
    pub fn category(&self, item: &Item) -> Option<&Category> {
        self.categories.get(&item.category_id?)
    }
}
