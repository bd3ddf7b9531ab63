//! Movements in the database: one statement a table, whatever the size of the batch.
//!
//! Statements that don't need each other's rows are sent in one flight: the connection is shared,
//! and Postgres does them one after another without a pause.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::try_join;
use kernel::Keep as _;
use kernel::ids::{
    ItemId, LayerId, LocationId, MovementLineId, OrganisationId, StockId, WarehouseId,
};
use kernel::{Date, Dec, Result, Tx};
use rust_decimal::Decimal;

use super::books::{Books, HoldingKey};
use super::decide::Effects;
use super::pool::Layer;
use super::{Movement, MovementLine};
use crate::schema::{layer_take, movement};

/// Rows of one insert at most: their values are bound one by one.
const CHUNK: usize = 2_000;

/// Inserts movements with their lines.
pub(super) async fn insert(
    tx: &mut Tx,
    movements: &[&Movement],
    lines: &[&MovementLine],
) -> Result<()> {
    for rows in movements.chunks(CHUNK) {
        diesel::insert_into(movement::table)
            .values(rows.to_vec())
            .execute(tx.conn())
            .await?;
    }
    insert_lines(tx, lines).await
}

async fn insert_lines(tx: &mut Tx, lines: &[&MovementLine]) -> Result<()> {
    fn column<T>(lines: &[&MovementLine], value: fn(&MovementLine) -> T) -> Vec<T> {
        lines.iter().map(|line| value(line)).collect()
    }
    diesel::sql_query(
        "INSERT INTO inventory.movement_line (organisation_id, id, movement_id, position, \
             line_count, company_id, moved_on, item_id, from_warehouse_id, from_location_id, \
             to_warehouse_id, to_location_id, unit_id, unit_quantity, quantity, unit_cost, \
             value_out, value_in, amount) \
         SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[], $6::uuid[], \
             $7::date[], $8::uuid[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], \
             $13::uuid[], $14::numeric[], $15::numeric[], $16::numeric[], $17::numeric[], \
             $18::numeric[], $19::numeric[]) t",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(column(lines, |line| line.id))
    .bind::<sql::Array<sql::Uuid>, _>(column(lines, |line| line.movement_id))
    .bind::<sql::Array<sql::Integer>, _>(column(lines, |line| line.position))
    .bind::<sql::Array<sql::Integer>, _>(column(lines, |line| line.line_count))
    .bind::<sql::Array<sql::Uuid>, _>(column(lines, |line| line.company_id))
    .bind::<sql::Array<sql::Date>, _>(column(lines, |line| line.moved_on))
    .bind::<sql::Array<sql::Uuid>, _>(column(lines, |line| line.item_id))
    .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(column(lines, |line| line.from_warehouse_id))
    .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(column(lines, |line| line.from_location_id))
    .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(column(lines, |line| line.to_warehouse_id))
    .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(column(lines, |line| line.to_location_id))
    .bind::<sql::Array<sql::Uuid>, _>(column(lines, |line| line.unit_id))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.unit_quantity))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.quantity))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.unit_cost))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.value_out))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.value_in))
    .bind::<sql::Array<sql::Numeric>, _>(column(lines, |line| line.amount))
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Records what is where now, and what was on each day. Nothing of it refers to the movements.
pub(super) async fn holds(tx: &mut Tx, books: &Books, effects: &Effects) -> Result<()> {
    let organisation = tx.organisation();
    let conn: &AsyncPgConnection = tx.conn();
    let at_places = async {
        places(conn, organisation, books, effects).await?;
        place_days(conn, organisation, effects).await
    };
    try_join!(
        holdings(conn, organisation, books, effects),
        days(conn, organisation, effects),
        at_places,
    )?;
    Ok(())
}

/// Records what the lines of movements brought to layers and took of them.
pub(super) async fn costs(tx: &mut Tx, books: &Books, effects: &Effects) -> Result<()> {
    layers(tx, books, effects).await?;
    takes(tx, effects).await
}

async fn holdings(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    books: &Books,
    effects: &Effects,
) -> Result<()> {
    let changed = || {
        effects
            .changed
            .iter()
            .filter_map(|key| Some((*key, books.pools.get(key)?)))
    };
    let negative = |key: HoldingKey| books.negative.get(&key).copied().unwrap_or(false);
    diesel::sql_query(
        "UPDATE inventory.holding h SET quantity = t.quantity, value = t.value, \
             last_cost = t.last_cost, last_moved_on = t.moved_on, allows_negative = t.negative \
         FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::numeric[], $6::numeric[], \
             $7::date[], $8::bool[]) \
             AS t (item, warehouse, quantity, value, last_cost, moved_on, negative) \
         WHERE h.organisation_id = $1 AND h.item_id = t.item AND h.warehouse_id = t.warehouse",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(changed().map(|(key, _)| key.0).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Uuid>, _>(changed().map(|(key, _)| key.1).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Numeric>, _>(
        changed().map(|(_, pool)| pool.quantity).collect::<Vec<_>>(),
    )
    .bind::<sql::Array<sql::Numeric>, _>(changed().map(|(_, pool)| pool.value).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Nullable<sql::Numeric>>, _>(
        changed()
            .map(|(_, pool)| pool.last_cost)
            .collect::<Vec<_>>(),
    )
    .bind::<sql::Array<sql::Nullable<sql::Date>>, _>(
        changed()
            .map(|(_, pool)| pool.last_moved_on)
            .collect::<Vec<_>>(),
    )
    .bind::<sql::Array<sql::Bool>, _>(changed().map(|(key, _)| negative(key)).collect::<Vec<_>>())
    .kept()
    .execute(&mut conn)
    .await?;
    Ok(())
}

async fn places(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    books: &Books,
    effects: &Effects,
) -> Result<()> {
    let changed = || {
        let places = effects.changed_places.iter();
        places.filter_map(|key| Some((*key, books.places.get(key)?)))
    };
    let company = |item, warehouse| {
        let company = books.companies.get(&(item, warehouse));
        company.map(|company| company.0).unwrap_or_default()
    };
    let items: Vec<ItemId> = changed().map(|(key, _)| key.0).collect();
    let locations: Vec<LocationId> = changed().map(|(key, _)| key.1).collect();
    let warehouses: Vec<WarehouseId> = changed().map(|(_, place)| place.warehouse).collect();
    let companies: Vec<_> = items
        .iter()
        .zip(&warehouses)
        .map(|(i, w)| company(*i, *w))
        .collect();
    diesel::sql_query(
        "INSERT INTO inventory.stock (organisation_id, id, company_id, item_id, warehouse_id, \
             location_id, quantity, allows_negative) \
         SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], \
             $7::numeric[], $8::bool[]) t \
         ON CONFLICT (organisation_id, id) DO UPDATE SET quantity = EXCLUDED.quantity, \
             allows_negative = EXCLUDED.allows_negative",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(
        changed()
            .map(|(_, place)| place.id)
            .collect::<Vec<StockId>>(),
    )
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .bind::<sql::Array<sql::Uuid>, _>(locations)
    .bind::<sql::Array<sql::Numeric>, _>(
        changed()
            .map(|(_, place)| place.quantity)
            .collect::<Vec<_>>(),
    )
    .bind::<sql::Array<sql::Bool>, _>(
        changed()
            .map(|(_, place)| place.allows_negative)
            .collect::<Vec<_>>(),
    )
    .kept()
    .execute(&mut conn)
    .await?;
    Ok(())
}

/// Inserts new layers and records what is left of the others.
async fn layers(tx: &mut Tx, books: &Books, effects: &Effects) -> Result<()> {
    let rows: Vec<(ItemId, WarehouseId, &Layer)> = effects
        .changed
        .iter()
        .filter_map(|key| Some((key, books.pools.get(key)?)))
        .flat_map(|(key, pool)| {
            let touched = pool.layers.iter().filter(|layer| layer.touched);
            touched.map(|layer| (key.0, key.1, layer))
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let numbers = |value: fn(&Layer) -> Decimal| -> Vec<Decimal> {
        rows.iter().map(|(_, _, layer)| value(layer)).collect()
    };
    let ids: Vec<LayerId> = rows.iter().map(|(_, _, layer)| layer.id).collect();
    let lines: Vec<MovementLineId> = rows.iter().map(|(_, _, layer)| layer.line).collect();
    let days: Vec<_> = rows.iter().map(|(_, _, layer)| layer.received_on).collect();
    diesel::sql_query(
        "INSERT INTO inventory.layer (organisation_id, id, item_id, warehouse_id, line_id, \
             received_on, quantity, value, remaining_quantity, remaining_value) \
         SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::date[], \
             $7::numeric[], $8::numeric[], $9::numeric[], $10::numeric[]) t \
         ON CONFLICT (organisation_id, id) DO UPDATE SET \
             remaining_quantity = EXCLUDED.remaining_quantity, \
             remaining_value = EXCLUDED.remaining_value",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Uuid>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Uuid>, _>(rows.iter().map(|row| row.1).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Uuid>, _>(lines)
    .bind::<sql::Array<sql::Date>, _>(days)
    .bind::<sql::Array<sql::Numeric>, _>(numbers(|layer| layer.quantity))
    .bind::<sql::Array<sql::Numeric>, _>(numbers(|layer| layer.value))
    .bind::<sql::Array<sql::Numeric>, _>(numbers(|layer| layer.left))
    .bind::<sql::Array<sql::Numeric>, _>(numbers(|layer| layer.left_value))
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn takes(tx: &mut Tx, effects: &Effects) -> Result<()> {
    let organisation = tx.organisation();
    for takes in effects.takes.chunks(CHUNK) {
        let rows: Vec<_> = takes
            .iter()
            .map(|(line, take)| {
                (
                    layer_take::organisation_id.eq(organisation),
                    layer_take::line_id.eq(*line),
                    layer_take::layer_id.eq(take.layer),
                    layer_take::quantity.eq(Dec(take.quantity)),
                    layer_take::value.eq(Dec(take.value)),
                )
            })
            .collect();
        diesel::insert_into(layer_take::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Adds to what holdings were at the end of their days: a day that is new begins as the one before
/// it ended, and every day from the movement's on gets its share.
async fn days(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    effects: &Effects,
) -> Result<()> {
    let rows = &effects.days;
    let items: Vec<ItemId> = rows.keys().map(|key| key.0.0).collect();
    let warehouses: Vec<WarehouseId> = rows.keys().map(|key| key.0.1).collect();
    let days: Vec<Date> = rows.keys().map(|key| Date(key.1)).collect();
    diesel::sql_query(
        "INSERT INTO inventory.holding_day \
             (organisation_id, item_id, warehouse_id, day, quantity, value) \
         SELECT $1, t.item, t.warehouse, t.day, coalesce(p.quantity, 0), coalesce(p.value, 0) \
         FROM unnest($2::uuid[], $3::uuid[], $4::date[]) AS t (item, warehouse, day) \
         LEFT JOIN LATERAL (SELECT d.quantity, d.value FROM inventory.holding_day d \
             WHERE d.organisation_id = $1 AND d.item_id = t.item \
                 AND d.warehouse_id = t.warehouse AND d.day <= t.day \
             ORDER BY d.day DESC LIMIT 1) p ON true ON CONFLICT DO NOTHING",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(&items)
    .bind::<sql::Array<sql::Uuid>, _>(&warehouses)
    .bind::<sql::Array<sql::Date>, _>(&days)
    .kept()
    .execute(&mut conn)
    .await?;
    diesel::sql_query(
        "UPDATE inventory.holding_day h \
         SET quantity = h.quantity + s.quantity, value = h.value + s.value \
         FROM (SELECT d.item_id, d.warehouse_id, d.day, sum(t.quantity) AS quantity, \
                 sum(t.value) AS value \
             FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::numeric[], $6::numeric[]) \
                 AS t (item, warehouse, day, quantity, value) \
             JOIN inventory.holding_day d ON d.organisation_id = $1 AND d.item_id = t.item \
                 AND d.warehouse_id = t.warehouse AND d.day >= t.day \
             GROUP BY d.item_id, d.warehouse_id, d.day) s \
         WHERE h.organisation_id = $1 AND h.item_id = s.item_id \
             AND h.warehouse_id = s.warehouse_id AND h.day = s.day",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(&items)
    .bind::<sql::Array<sql::Uuid>, _>(&warehouses)
    .bind::<sql::Array<sql::Date>, _>(&days)
    .bind::<sql::Array<sql::Numeric>, _>(rows.values().map(|sums| sums.0).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Numeric>, _>(rows.values().map(|sums| sums.1).collect::<Vec<_>>())
    .kept()
    .execute(&mut conn)
    .await?;
    Ok(())
}

/// The same of what is at locations.
async fn place_days(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    effects: &Effects,
) -> Result<()> {
    let rows = &effects.place_days;
    let stocks: Vec<StockId> = rows.keys().map(|key| key.0).collect();
    let days: Vec<Date> = rows.keys().map(|key| Date(key.1)).collect();
    diesel::sql_query(
        "INSERT INTO inventory.stock_day (organisation_id, stock_id, day, quantity) \
         SELECT $1, t.stock, t.day, coalesce(p.quantity, 0) \
         FROM unnest($2::uuid[], $3::date[]) AS t (stock, day) \
         LEFT JOIN LATERAL (SELECT d.quantity FROM inventory.stock_day d \
             WHERE d.organisation_id = $1 AND d.stock_id = t.stock AND d.day <= t.day \
             ORDER BY d.day DESC LIMIT 1) p ON true ON CONFLICT DO NOTHING",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(&stocks)
    .bind::<sql::Array<sql::Date>, _>(&days)
    .kept()
    .execute(&mut conn)
    .await?;
    diesel::sql_query(
        "UPDATE inventory.stock_day h SET quantity = h.quantity + s.quantity \
         FROM (SELECT d.stock_id, d.day, sum(t.quantity) AS quantity \
             FROM unnest($2::uuid[], $3::date[], $4::numeric[]) AS t (stock, day, quantity) \
             JOIN inventory.stock_day d ON d.organisation_id = $1 AND d.stock_id = t.stock \
                 AND d.day >= t.day \
             GROUP BY d.stock_id, d.day) s \
         WHERE h.organisation_id = $1 AND h.stock_id = s.stock_id AND h.day = s.day",
    )
    .bind::<sql::Uuid, _>(organisation)
    .bind::<sql::Array<sql::Uuid>, _>(&stocks)
    .bind::<sql::Array<sql::Date>, _>(&days)
    .bind::<sql::Array<sql::Numeric>, _>(rows.values().copied().collect::<Vec<_>>())
    .kept()
    .execute(&mut conn)
    .await?;
    Ok(())
}
