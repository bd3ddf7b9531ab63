//! What a batch of movements does, decided in memory over what was locked. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use kernel::ids::{
    ItemId, LocationId, MovementId, MovementLineId, OrganisationId, StockId, WarehouseId,
};
use kernel::{Date, Dec, Fault};
use ledger::entry::PostEntry;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::{Books, HoldingKey, House, Named, Place};
use super::entry;
use super::plan::Planned;
use super::pool::{Part, Take};
use super::{Movement, MovementKind, MovementLine, PostMovement};
use crate::fault;
use crate::location::Location;
use crate::unit;

/// When and by whom.
pub(super) struct Stamp {
    pub organisation: OrganisationId,
    pub at: DateTime<Utc>,
    pub actor_kind: &'static str,
    pub actor_id: Uuid,
}

/// A movement as decided, still without its number.
pub(super) struct Decided {
    pub movement: Movement,
    pub lines: Vec<MovementLine>,
    pub entry: Option<PostEntry>,
}

/// What a batch changes beside the movements themselves.
#[derive(Default)]
pub(super) struct Effects {
    pub takes: Vec<(MovementLineId, Take)>,
    /// By holding and day: quantity and value that were added.
    pub days: BTreeMap<(HoldingKey, NaiveDate), (Decimal, Decimal)>,
    /// By stock and day: the quantity that was added.
    pub place_days: BTreeMap<(StockId, NaiveDate), Decimal>,
    pub changed: BTreeSet<HoldingKey>,
    pub changed_places: BTreeSet<(ItemId, LocationId)>,
}

/// Applies a movement to the books: every line in turn, each over what the one before left.
pub(super) fn decide(
    named: &Named,
    books: &mut Books,
    effects: &mut Effects,
    post: &PostMovement,
    planned: &[Planned<'_>],
    stamp: &Stamp,
) -> Result<Decided, Vec<Fault>> {
    let id = post.id.unwrap_or_else(MovementId::generate);
    let Some(house) = named.houses.get(&post.company) else {
        return Err(vec![Fault::not_found("directory.company_unknown")]);
    };
    let line_count = i32::try_from(planned.len()).unwrap_or(i32::MAX);
    let (mut lines, mut faults) = (Vec::with_capacity(planned.len()), Vec::new());
    for (at, line) in planned.iter().enumerate() {
        let mut apply = Apply {
            named,
            house,
            books,
            effects,
            date: post.date,
        };
        match apply.line(line) {
            Ok(moved) => lines.push(MovementLine {
                organisation_id: stamp.organisation,
                id: moved.id,
                movement_id: id,
                position: i32::try_from(at + 1).unwrap_or(i32::MAX),
                line_count,
                company_id: post.company,
                moved_on: Date(post.date),
                item_id: line.item.id,
                from_warehouse_id: line.from.map(|place| place.warehouse_id),
                from_location_id: line.from.map(|place| place.id),
                to_warehouse_id: line.to.map(|place| place.warehouse_id),
                to_location_id: line.to.map(|place| place.id),
                unit_id: line.unit,
                unit_quantity: Dec(line.unit_quantity),
                quantity: Dec(line.quantity),
                unit_cost: Dec(unit_cost(moved.worth, line.quantity)),
                value_out: Dec(moved.out),
                value_in: Dec(moved.into),
                amount: Dec(moved.amount),
            }),
            Err(fault) => faults.push(fault.under(["lines".to_owned(), at.to_string()])),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let entry = entry::of(named, house, post, id, &lines);
    let value: Decimal = lines
        .iter()
        .map(|line| line.value_in.0 - line.value_out.0)
        .sum();
    let movement = Movement {
        organisation_id: stamp.organisation,
        id,
        company_id: post.company,
        number: String::new(),
        kind: post.kind,
        moved_on: Date(post.date),
        reference: post.reference.clone(),
        reason: post.reason.clone(),
        party_id: post.party,
        source_kind: post.source.as_ref().map(|source| source.0.clone()),
        source_id: post.source.as_ref().map(|source| source.1),
        reverses_id: None,
        entry_id: entry.as_ref().and_then(|entry| entry.id),
        line_count,
        value: Dec(value),
        recorded_at: stamp.at,
        actor_kind: stamp.actor_kind.to_owned(),
        actor_id: stamp.actor_id,
    };
    Ok(Decided {
        movement,
        lines,
        entry,
    })
}

/// What one unit cost, to six decimals.
pub(super) fn unit_cost(worth: Decimal, quantity: Decimal) -> Decimal {
    let cost = worth.checked_div(quantity).unwrap_or_default();
    kernel::money::round(cost, unit::PLACES)
}

/// What a line moved.
struct Moved {
    id: MovementLineId,
    out: Decimal,
    into: Decimal,
    amount: Decimal,
    /// What the quantity is worth, whichever way it went.
    worth: Decimal,
}

/// A movement on its way into the books.
pub(super) struct Apply<'a> {
    pub named: &'a Named,
    pub house: &'a House,
    pub books: &'a mut Books,
    pub effects: &'a mut Effects,
    pub date: NaiveDate,
}

impl Apply<'_> {
    fn line(&mut self, line: &Planned<'_>) -> Result<Moved, Fault> {
        let id = MovementLineId::generate();
        match (line.from, line.to) {
            (Some(from), Some(to)) if from.warehouse_id == to.warehouse_id => {
                self.shift(line, from, to)?;
                let pool = self.books.pools.get(&(line.item.id, from.warehouse_id));
                let worth = pool.and_then(|pool| pool.cost_of(line.quantity));
                Ok(Moved {
                    id,
                    out: Decimal::ZERO,
                    into: Decimal::ZERO,
                    amount: Decimal::ZERO,
                    worth: worth.unwrap_or_default(),
                })
            }
            (Some(from), Some(to)) => {
                let (out, parts) = self.leave(id, line, from)?;
                let into = self.enter(id, line, to, &parts);
                Ok(Moved {
                    id,
                    out,
                    into,
                    amount: Decimal::ZERO,
                    worth: out,
                })
            }
            (Some(from), None) => {
                let (out, _) = self.leave(id, line, from)?;
                Ok(Moved {
                    id,
                    out,
                    into: Decimal::ZERO,
                    amount: line.price.unwrap_or(out),
                    worth: out,
                })
            }
            (None, Some(to)) => {
                let amount = self.price(line, to)?;
                let part = Part {
                    received_on: self.date,
                    quantity: line.quantity,
                    value: amount,
                };
                let into = self.enter(id, line, to, &[part]);
                Ok(Moved {
                    id,
                    out: Decimal::ZERO,
                    into,
                    amount,
                    worth: amount,
                })
            }
            (None, None) => Err(Fault::not_found(fault::LOCATION_NOT_FOUND).at(["to"])),
        }
    }

    /// What something that enters is worth: what was said, or what the item costs there now.
    fn price(&self, line: &Planned<'_>, to: &Location) -> Result<Decimal, Fault> {
        let pool = self.books.pools.get(&(line.item.id, to.warehouse_id));
        let now = || pool.and_then(|pool| pool.cost_of(line.quantity));
        line.price.or_else(now).ok_or_else(|| {
            Fault::invalid(fault::COST_UNKNOWN)
                .with("item", &line.item.code)
                .at(["unitCost"])
        })
    }

    /// Takes from a place, of a pool.
    fn leave(
        &mut self,
        id: MovementLineId,
        line: &Planned<'_>,
        from: &Location,
    ) -> Result<(Decimal, Vec<Part>), Fault> {
        self.check_day(line, from)?;
        self.check_enough(line, from)?;
        let key = (line.item.id, from.warehouse_id);
        let Some(pool) = self.books.pools.get_mut(&key) else {
            return Err(self.short(line, from, Decimal::ZERO));
        };
        let gone = pool.take(line.quantity);
        let parts = gone.parts(pool.valuation, line.quantity, self.date);
        for take in gone.takes {
            self.effects.takes.push((id, take));
        }
        self.moved(key, -line.quantity, -gone.value);
        self.add(line.item.id, from, -line.quantity);
        Ok((gone.value, parts))
    }

    /// Puts into a place, in a pool.
    fn enter(
        &mut self,
        id: MovementLineId,
        line: &Planned<'_>,
        to: &Location,
        parts: &[Part],
    ) -> Decimal {
        let key = (line.item.id, to.warehouse_id);
        let Some(pool) = self.books.pools.get_mut(&key) else {
            return Decimal::ZERO;
        };
        let value = pool.put(id, parts);
        self.moved(key, line.quantity, value);
        self.add(line.item.id, to, line.quantity);
        value
    }

    /// Moves from one place of a warehouse to another: the pool stays as it is.
    fn shift(&mut self, line: &Planned<'_>, from: &Location, to: &Location) -> Result<(), Fault> {
        self.check_day(line, from)?;
        self.check_enough(line, from)?;
        self.moved(
            (line.item.id, from.warehouse_id),
            Decimal::ZERO,
            Decimal::ZERO,
        );
        self.add(line.item.id, from, -line.quantity);
        self.add(line.item.id, to, line.quantity);
        Ok(())
    }

    /// What leaves is not dated before the last movement: what was valued stays as it was.
    fn check_day(&self, line: &Planned<'_>, from: &Location) -> Result<(), Fault> {
        let pool = self.books.pools.get(&(line.item.id, from.warehouse_id));
        match pool.and_then(|pool| pool.last_moved_on) {
            Some(last) if self.date < last => Err(Fault::not_allowed(fault::BACKDATED)
                .with("item", &line.item.code)
                .with("last", last)
                .at(["item"])),
            _ => Ok(()),
        }
    }

    fn check_enough(&self, line: &Planned<'_>, from: &Location) -> Result<(), Fault> {
        if self.house.allows_negative {
            return Ok(());
        }
        let place = self.books.places.get(&(line.item.id, from.id));
        let pool = self.books.pools.get(&(line.item.id, from.warehouse_id));
        let here = place.map_or(Decimal::ZERO, |place| place.quantity);
        let all = pool.map_or(Decimal::ZERO, |pool| pool.quantity);
        let available = here.min(all).max(Decimal::ZERO);
        if available < line.quantity {
            return Err(self.short(line, from, available));
        }
        Ok(())
    }

    fn short(&self, line: &Planned<'_>, from: &Location, available: Decimal) -> Fault {
        Fault::not_allowed(fault::NOT_ENOUGH)
            .with("item", &line.item.code)
            .with("location", &from.code)
            .with("unit", self.named.unit_code(line.item))
            .with("available", available.normalize())
            .with("wanted", line.quantity.normalize())
            .at(["quantity"])
    }

    /// Notes that a holding moved on the day.
    pub fn moved(&mut self, key: HoldingKey, quantity: Decimal, value: Decimal) {
        let day = self.effects.days.entry((key, self.date)).or_default();
        day.0 += quantity;
        day.1 += value;
        self.effects.changed.insert(key);
        let allows = self.house.allows_negative;
        if let Some(pool) = self.books.pools.get_mut(&key) {
            pool.last_moved_on = pool.last_moved_on.max(Some(self.date));
            let seen = self.books.negative.entry(key).or_default();
            *seen = allows || (*seen && pool.quantity < Decimal::ZERO);
        }
    }

    /// Adds to what is at a place.
    pub fn add(&mut self, item: ItemId, at: &Location, quantity: Decimal) {
        self.add_at(item, at.id, at.warehouse_id, quantity);
    }

    /// Adds to what is at a place of a warehouse.
    pub fn add_at(
        &mut self,
        item: ItemId,
        location: LocationId,
        warehouse: WarehouseId,
        quantity: Decimal,
    ) {
        let place = self
            .books
            .places
            .entry((item, location))
            .or_insert_with(|| Place {
                id: StockId::generate(),
                warehouse,
                quantity: Decimal::ZERO,
                allows_negative: false,
            });
        place.quantity += quantity;
        let below = place.quantity < Decimal::ZERO;
        place.allows_negative = self.house.allows_negative || (place.allows_negative && below);
        let day = self
            .effects
            .place_days
            .entry((place.id, self.date))
            .or_default();
        *day += quantity;
        self.effects.changed_places.insert((item, location));
    }
}

impl MovementKind {
    /// What the movement is called in the books.
    pub(super) const fn memo(self) -> &'static str {
        match self {
            Self::Receive => "Entrada de existencias",
            Self::Issue => "Salida de existencias",
            Self::Transfer => "Traspaso de existencias",
            Self::Adjust => "Regularización de existencias",
            Self::Return => "Devolución de existencias",
        }
    }
}
