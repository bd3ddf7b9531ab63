//! Reversal: a movement that undoes another, once, at exactly its values. What left goes back to
//! the layers it was taken of; what came is taken away again, which needs that nothing of it was
//! used since.

use std::collections::{BTreeMap, HashMap};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::ids::{CompanyId, EntryId, LayerId, MovementId, MovementLineId};
use kernel::{Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::books::{self, HoldingKey, Named};
use super::decide::{Decided, Effects};
use super::post::{check_id, stamp, write};
use super::undo::undo;
use super::{Movement, MovementLine, PostMovement, PostMovementLine};
use crate::fault;
use crate::permission::{STOCK_ADJUST, visible};
use crate::schema::{layer_take, movement, movement_line};

/// Reverses a movement.
#[derive(Clone, Debug, InputObject)]
pub struct MovementReverseInput {
    /// The movement.
    pub id: MovementId,
    /// An id made by the client for the reversal, `mov_…`.
    pub reversal_id: Option<MovementId>,
    /// The day of the reversal: not before the movement's, and for what leaves again not before
    /// the item's last movement.
    pub date: Date,
    /// Why, in at most 300 characters.
    pub reason: String,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Reverses a movement: everything that it moved goes back at exactly the same values.
///
/// # Errors
/// A movement that is reversed or a reversal; something it brought that was used since; a day
/// before the movement's; what the ledger refuses.
#[tracing::instrument(skip_all, fields(movement.id = %command.id), err)]
pub async fn reverse(tx: &mut Tx, command: MovementReverseInput) -> Result<Movement> {
    let original = load(tx, command.id).await?;
    check_id(tx, command.reversal_id)
        .await
        .map_err(|error| at(error, "reversalId"))?;
    crate::purchase::lock_received(tx, original.id).await?;
    let lines = lines(tx, original.id).await?;
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 300));
    let named = books::named(tx, &[names(&original, &lines)]).await?;
    check_date(&mut input, &named, &original, command.date);
    input.finish()?;
    let mut books = books::lock(tx, &keys(&lines), &named).await?;
    refuse_twice(tx, &original).await?;
    let ids: Vec<MovementLineId> = lines.iter().map(|line| line.id).collect();
    books::touched_layers(tx, &mut books, &ids).await?;
    let seen = Seen {
        takes: takes(tx, &ids).await?,
        used: used_since(tx, &original, &lines).await?,
        costs: costs_without(tx, &original, &lines).await?,
    };
    let mut effects = Effects::default();
    let undone = undo(
        &named,
        &mut books,
        &mut effects,
        &seen,
        &lines,
        command.date,
    )?;
    let entry = reverse_entry(tx, &original, command.date, &reason).await?;
    let stamp = stamp(tx);
    let id = command.reversal_id.unwrap_or_else(MovementId::generate);
    let movement = Movement {
        id,
        number: String::new(),
        moved_on: command.date,
        reason: Some(reason),
        reverses_id: Some(original.id),
        entry_id: entry,
        value: Dec(-original.value.0),
        recorded_at: stamp.at,
        actor_kind: stamp.actor_kind.to_owned(),
        actor_id: stamp.actor_id,
        ..original
    };
    let lines = undone
        .into_iter()
        .map(|line| MovementLine {
            movement_id: id,
            moved_on: command.date,
            ..line
        })
        .collect();
    let decided = Decided {
        movement,
        lines,
        entry: None,
    };
    let written = write(tx, vec![decided], &books, &effects).await;
    let reason = fault::REVERSED_ALREADY;
    let written = written.map_err(|error| taken(error, "movement_reversed_once", reason, "id"))?;
    crate::purchase::take_back(tx, command.id, (id, command.date)).await?;
    written
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("a reversal gave no movement"))
}

async fn load(tx: &mut Tx, id: MovementId) -> Result<Movement> {
    let visible = visible(tx, STOCK_ADJUST, "movement")?;
    movement::table
        .filter(movement::organisation_id.eq(tx.organisation()))
        .filter(movement::id.eq(id))
        .filter(visible)
        .select(Movement::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found(fault::MOVEMENT_NOT_FOUND)
                .at(["id"])
                .into()
        })
}

async fn lines(tx: &mut Tx, id: MovementId) -> Result<Vec<MovementLine>> {
    Ok(movement_line::table
        .filter(movement_line::organisation_id.eq(tx.organisation()))
        .filter(movement_line::movement_id.eq(id))
        .order(movement_line::position)
        .select(MovementLine::as_select())
        .load(tx.conn())
        .await?)
}

/// The reversal as something whose names can be looked up.
fn names(original: &Movement, lines: &[MovementLine]) -> PostMovement {
    PostMovement {
        id: None,
        company: original.company_id,
        kind: original.kind,
        date: original.moved_on.0,
        reference: None,
        reason: None,
        party: None,
        source: None,
        lines: lines
            .iter()
            .map(|line| PostMovementLine {
                item: line.item_id,
                from: line.to_location_id,
                to: line.from_location_id,
                quantity: line.quantity.0,
                unit: None,
                unit_cost: None,
            })
            .collect(),
    }
}

fn check_date(input: &mut Input, named: &Named, original: &Movement, date: Date) {
    input.check(date >= original.moved_on, || {
        Fault::invalid(fault::REVERSAL_TOO_EARLY)
            .with("date", original.moved_on)
            .at(["date"])
    });
    let house = named.houses.get(&original.company_id);
    input.check(house.is_none_or(|house| date.0 <= house.today), || {
        Fault::invalid(fault::IN_FUTURE).at(["date"])
    });
}

fn keys(lines: &[MovementLine]) -> BTreeMap<HoldingKey, CompanyId> {
    let keys = lines.iter().flat_map(|line| {
        let sides = [line.from_warehouse_id, line.to_warehouse_id];
        let sides = sides.into_iter().flatten();
        sides.map(|warehouse| ((line.item_id, warehouse), line.company_id))
    });
    keys.collect()
}

/// Asked once the holdings are locked: two who reverse at once take turns there.
async fn refuse_twice(tx: &mut Tx, original: &Movement) -> Result<()> {
    let query = movement::table
        .filter(movement::organisation_id.eq(tx.organisation()))
        .filter(movement::reverses_id.eq(original.id));
    let reversed: bool = diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?;
    if reversed || original.reverses_id.is_some() {
        return Err(Fault::conflict(fault::REVERSED_ALREADY).at(["id"]).into());
    }
    Ok(())
}

/// What a reversal must know beside the books.
pub(super) struct Seen {
    /// What lines took of layers: line, layer, quantity, value.
    pub takes: Vec<(MovementLineId, LayerId, Decimal, Decimal)>,
    /// Holdings of which something left after the movement, and was not put back.
    pub used: Vec<HoldingKey>,
    /// What one cost when something last came to the holdings, were it not for the movement.
    pub costs: HashMap<HoldingKey, Decimal>,
}

async fn takes(
    tx: &mut Tx,
    lines: &[MovementLineId],
) -> Result<Vec<(MovementLineId, LayerId, Decimal, Decimal)>> {
    let rows: Vec<(MovementLineId, LayerId, Dec, Dec)> = layer_take::table
        .filter(layer_take::organisation_id.eq(tx.organisation()))
        .filter(layer_take::line_id.eq_any(lines))
        .select((
            layer_take::line_id,
            layer_take::layer_id,
            layer_take::quantity,
            layer_take::value,
        ))
        .load(tx.conn())
        .await?;
    let plain =
        |(line, layer, quantity, value): (_, _, Dec, Dec)| (line, layer, quantity.0, value.0);
    Ok(rows.into_iter().map(plain).collect())
}

#[derive(QueryableByName)]
struct Used {
    #[diesel(sql_type = sql::Uuid)]
    item_id: kernel::ids::ItemId,
    #[diesel(sql_type = sql::Uuid)]
    warehouse_id: kernel::ids::WarehouseId,
}

/// The holdings of which something left since, by movements that were not reversed.
async fn used_since(
    tx: &mut Tx,
    original: &Movement,
    lines: &[MovementLine],
) -> Result<Vec<HoldingKey>> {
    let (items, warehouses): (Vec<_>, Vec<_>) = entered(lines).unzip();
    let rows: Vec<Used> = diesel::sql_query(
        "SELECT DISTINCT t.item AS item_id, t.warehouse AS warehouse_id \
         FROM unnest($3::uuid[], $4::uuid[]) AS t (item, warehouse) \
         JOIN inventory.movement_line l ON l.organisation_id = $1 AND l.item_id = t.item \
             AND l.from_warehouse_id = t.warehouse \
             AND l.to_warehouse_id IS DISTINCT FROM t.warehouse \
         JOIN inventory.movement m ON m.organisation_id = $1 AND m.id = l.movement_id \
         WHERE m.id <> $2 AND m.recorded_at >= $5 AND m.reverses_id IS NULL \
             AND NOT EXISTS (SELECT FROM inventory.movement r \
                 WHERE r.organisation_id = $1 AND r.reverses_id = m.id)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(original.id)
    .bind::<sql::Array<sql::Uuid>, _>(items)
    .bind::<sql::Array<sql::Uuid>, _>(warehouses)
    .bind::<sql::Timestamptz, _>(original.recorded_at)
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.item_id, row.warehouse_id))
        .collect())
}

/// What one cost when something last came to the holdings that a movement brought something to,
/// leaving it out, and whatever was reversed.
async fn costs_without(
    tx: &mut Tx,
    original: &Movement,
    lines: &[MovementLine],
) -> Result<HashMap<HoldingKey, Decimal>> {
    #[derive(QueryableByName)]
    struct Cost {
        #[diesel(sql_type = sql::Uuid)]
        item_id: kernel::ids::ItemId,
        #[diesel(sql_type = sql::Uuid)]
        warehouse_id: kernel::ids::WarehouseId,
        #[diesel(sql_type = sql::Numeric)]
        unit_cost: Dec,
    }
    let rows: Vec<Cost> = diesel::sql_query(
        "SELECT t.item AS item_id, t.warehouse AS warehouse_id, c.unit_cost \
         FROM (SELECT DISTINCT * FROM unnest($3::uuid[], $4::uuid[])) AS t (item, warehouse) \
         CROSS JOIN LATERAL (SELECT l.unit_cost FROM inventory.movement_line l \
             JOIN inventory.movement m ON m.organisation_id = $1 AND m.id = l.movement_id \
             WHERE l.organisation_id = $1 AND l.item_id = t.item \
                 AND l.to_warehouse_id = t.warehouse \
                 AND l.from_warehouse_id IS DISTINCT FROM t.warehouse \
                 AND m.id <> $2 AND m.reverses_id IS NULL \
                 AND NOT EXISTS (SELECT FROM inventory.movement r \
                     WHERE r.organisation_id = $1 AND r.reverses_id = m.id) \
             ORDER BY m.recorded_at DESC, l.id DESC LIMIT 1) AS c",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(original.id)
    .bind::<sql::Array<sql::Uuid>, _>(entered(lines).map(|key| key.0).collect::<Vec<_>>())
    .bind::<sql::Array<sql::Uuid>, _>(entered(lines).map(|key| key.1).collect::<Vec<_>>())
    .load(tx.conn())
    .await?;
    let costs = rows.into_iter();
    Ok(costs
        .map(|row| ((row.item_id, row.warehouse_id), row.unit_cost.0))
        .collect())
}

/// The holdings that lines brought something to.
fn entered(lines: &[MovementLine]) -> impl Iterator<Item = HoldingKey> {
    lines
        .iter()
        .filter_map(|line| Some((line.item_id, line.to_warehouse_id?)))
}

async fn reverse_entry(
    tx: &mut Tx,
    original: &Movement,
    date: Date,
    reason: &str,
) -> Result<Option<EntryId>> {
    let Some(entry) = original.entry_id else {
        let held = ledger::period::hold(tx, &[(original.company_id, date.0)]).await;
        return held.map(|()| None).map_err(of_ledger);
    };
    let memo = format!(
        "Anulación de {} {}: {reason}",
        original.kind.memo(),
        original.number
    );
    let reversal = ledger::entry::Reversal {
        entry,
        date: date.0,
        memo: memo.chars().take(300).collect(),
    };
    let made = ledger::entry::reverse_for(tx, reversal).await;
    Ok(Some(made.map_err(of_ledger)?.id))
}

/// What the ledger refuses is about the day of the reversal, or about what is reversed.
fn of_ledger(error: Error) -> Error {
    let Error::Refused(faults) = error else {
        return error;
    };
    let told = faults.into_iter().map(|fault| {
        let is_date = fault.field.last().is_some_and(|leaf| leaf == "date");
        fault.at([if is_date { "date" } else { "id" }])
    });
    Error::Refused(told.collect())
}

fn at(error: Error, field: &str) -> Error {
    match error {
        Error::Refused(faults) => {
            Error::Refused(faults.into_iter().map(|fault| fault.at([field])).collect())
        }
        other => other,
    }
}
