//! Quantities and values at the end of a day: the last day that something moved on, up to it. No
//! movement is read, however many there are.

use chrono::NaiveDate;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ItemId, StockId, WarehouseId};
use kernel::{Dec, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::permission::STOCK_READ;

/// A quantity and its value.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Worth {
    /// How much, in the item's own unit.
    pub quantity: Decimal,
    /// What it is worth, in the currency of the books.
    pub value: Decimal,
}

/// What of an item is in a warehouse at the end of a day.
#[derive(Clone, Debug, PartialEq, diesel::QueryableByName)]
pub struct Level {
    /// The item.
    #[diesel(sql_type = sql::Uuid)]
    pub item_id: ItemId,
    /// The warehouse.
    #[diesel(sql_type = sql::Uuid)]
    pub warehouse_id: WarehouseId,
    /// How much, in the item's own unit.
    #[diesel(sql_type = sql::Numeric)]
    pub quantity: Dec,
    /// What it is worth, in the currency of the books.
    #[diesel(sql_type = sql::Numeric)]
    pub value: Dec,
}

/// What a company holds at the end of a day, perhaps of one warehouse or item; what there is
/// nothing of is left out. For who may see it: nothing is checked here but the tenant.
pub async fn holdings_at(
    tx: &mut Tx,
    company: CompanyId,
    day: NaiveDate,
    warehouse: Option<WarehouseId>,
    item: Option<ItemId>,
) -> Result<Vec<Level>> {
    Ok(diesel::sql_query(
        "SELECT h.item_id, h.warehouse_id, d.quantity, d.value FROM inventory.holding h \
         JOIN LATERAL (SELECT x.quantity, x.value FROM inventory.holding_day x \
             WHERE x.organisation_id = $1 AND x.item_id = h.item_id \
                 AND x.warehouse_id = h.warehouse_id AND x.day <= $3 \
             ORDER BY x.day DESC LIMIT 1) d ON true \
         WHERE h.organisation_id = $1 AND h.company_id = $2 \
             AND ($4::uuid IS NULL OR h.warehouse_id = $4) \
             AND ($5::uuid IS NULL OR h.item_id = $5) \
             AND (d.quantity <> 0 OR d.value <> 0)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Date, _>(day)
    .bind::<sql::Nullable<sql::Uuid>, _>(warehouse)
    .bind::<sql::Nullable<sql::Uuid>, _>(item)
    .load(tx.conn())
    .await?)
}

#[derive(diesel::QueryableByName)]
struct Found {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    value: Dec,
}

/// What there is of some items in all warehouses at the end of a day, as far as the actor may see.
pub async fn levels_of_items(
    tx: &mut Tx,
    items: &[ItemId],
    day: NaiveDate,
) -> Result<Vec<(ItemId, Worth)>> {
    let scope = tx.require(STOCK_READ)?;
    let companies: Vec<CompanyId> = scope.companies.clone();
    let rows: Vec<Found> = diesel::sql_query(
        "SELECT h.item_id AS id, sum(d.quantity) AS quantity, sum(d.value) AS value \
         FROM inventory.holding h \
         JOIN LATERAL (SELECT x.quantity, x.value FROM inventory.holding_day x \
             WHERE x.organisation_id = $1 AND x.item_id = h.item_id \
                 AND x.warehouse_id = h.warehouse_id AND x.day <= $3 \
             ORDER BY x.day DESC LIMIT 1) d ON true \
         WHERE h.organisation_id = $1 AND h.item_id = ANY($2) \
             AND ($4 OR h.company_id = ANY($5)) \
         GROUP BY h.item_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Date, _>(day)
    .bind::<sql::Bool, _>(scope.everywhere)
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .load(tx.conn())
    .await?;
    let worth = |row: Found| (ItemId(row.id), worth(&row));
    Ok(rows.into_iter().map(worth).collect())
}

/// What there is at some locations at the end of a day, with its share of what the warehouse's is
/// worth, rounded to four decimals.
pub async fn levels_of_stocks(
    tx: &mut Tx,
    stocks: &[StockId],
    day: NaiveDate,
) -> Result<Vec<(StockId, Worth)>> {
    let scope = tx.require(STOCK_READ)?;
    let companies: Vec<CompanyId> = scope.companies.clone();
    let rows: Vec<Found> = diesel::sql_query(
        "SELECT s.id, p.quantity, CASE WHEN d.quantity = 0 THEN 0 \
             ELSE round(d.value * p.quantity / d.quantity, 4) END AS value \
         FROM inventory.stock s \
         JOIN LATERAL (SELECT x.quantity FROM inventory.stock_day x \
             WHERE x.organisation_id = $1 AND x.stock_id = s.id AND x.day <= $3 \
             ORDER BY x.day DESC LIMIT 1) p ON true \
         JOIN LATERAL (SELECT x.quantity, x.value FROM inventory.holding_day x \
             WHERE x.organisation_id = $1 AND x.item_id = s.item_id \
                 AND x.warehouse_id = s.warehouse_id AND x.day <= $3 \
             ORDER BY x.day DESC LIMIT 1) d ON true \
         WHERE s.organisation_id = $1 AND s.id = ANY($2) AND ($4 OR s.company_id = ANY($5))",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(stocks)
    .bind::<sql::Date, _>(day)
    .bind::<sql::Bool, _>(scope.everywhere)
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .load(tx.conn())
    .await?;
    let worth = |row: Found| (StockId(row.id), worth(&row));
    Ok(rows.into_iter().map(worth).collect())
}

fn worth(row: &Found) -> Worth {
    Worth {
        quantity: row.quantity.0.normalize(),
        value: row.value.0,
    }
}
