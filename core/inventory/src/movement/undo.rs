//! What a reversal does to the books, line by line: what left goes back into the very layers it was
//! taken of; what came is taken away again. Pure.

use chrono::NaiveDate;
use kernel::ids::{LayerId, LocationId, MovementLineId};
use kernel::{Date, Error, Fault, Result};
use rust_decimal::Decimal;

use super::MovementLine;
use super::books::{Books, HoldingKey, Named};
use super::decide::{Apply, Effects};
use super::pool::{Layer, Pool, Take};
use super::reverse::Seen;
use crate::fault;
use crate::item::Valuation;

/// Undoes every line; gives the lines of the reversal.
pub(super) fn undo(
    named: &Named,
    books: &mut Books,
    effects: &mut Effects,
    seen: &Seen,
    lines: &[MovementLine],
    date: Date,
) -> Result<Vec<MovementLine>> {
    let (mut undone, mut faults) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let Some(house) = named.houses.get(&line.company_id) else {
            return Err(Error::bug("a movement of an unknown company"));
        };
        let mut apply = Apply {
            named,
            house,
            books,
            effects,
            date: date.0,
        };
        let id = MovementLineId::generate();
        match apply.undo(seen, line, id) {
            Ok(()) => undone.push(MovementLine {
                id,
                from_warehouse_id: line.to_warehouse_id,
                from_location_id: line.to_location_id,
                to_warehouse_id: line.from_warehouse_id,
                to_location_id: line.from_location_id,
                value_out: line.value_in,
                value_in: line.value_out,
                ..line.clone()
            }),
            Err(fault) => faults.push(fault),
        }
    }
    let unsound = books.pools.iter().find(|(_, pool)| !pool.is_sound());
    if let (Some((key, _)), true) = (unsound, faults.is_empty()) {
        let fault = Fault::not_allowed(fault::REVERSAL_BELOW_ZERO).at(["id"]);
        faults.push(fault.with("item", code_of(named, *key)));
    }
    if faults.is_empty() {
        return Ok(undone);
    }
    faults.dedup();
    Err(Error::Refused(faults))
}

fn code_of(named: &Named, key: HoldingKey) -> &str {
    named
        .items
        .get(&key.0)
        .map_or("", |item| item.code.as_str())
}

impl Apply<'_> {
    /// Takes away what the line brought, and puts back what it took.
    fn undo(&mut self, seen: &Seen, line: &MovementLine, id: MovementLineId) -> Result<(), Fault> {
        let stays = line.from_warehouse_id == line.to_warehouse_id;
        if let (Some(warehouse), Some(location)) = (line.to_warehouse_id, line.to_location_id) {
            let key = (line.item_id, warehouse);
            self.may_leave(key, line, location)?;
            if !stays {
                self.take_away(seen, key, line, id)?;
            }
            self.add_at(line.item_id, location, warehouse, -line.quantity.0);
        }
        if let (Some(warehouse), Some(location)) = (line.from_warehouse_id, line.from_location_id) {
            let key = (line.item_id, warehouse);
            if stays {
                self.moved(key, Decimal::ZERO, Decimal::ZERO);
            } else {
                self.put_back(seen, key, line, id)?;
            }
            self.add_at(line.item_id, location, warehouse, line.quantity.0);
        }
        Ok(())
    }

    /// What leaves again must be there, on a day that is not before the last movement.
    fn may_leave(
        &self,
        key: HoldingKey,
        line: &MovementLine,
        location: LocationId,
    ) -> Result<(), Fault> {
        let last = self
            .books
            .pools
            .get(&key)
            .and_then(|pool| pool.last_moved_on);
        if let Some(last) = last.filter(|last| self.date < *last) {
            return Err(Fault::not_allowed(fault::BACKDATED)
                .with("item", code_of(self.named, key))
                .with("last", last)
                .at(["date"]));
        }
        let place = self.books.places.get(&(line.item_id, location));
        let here = place.map_or(Decimal::ZERO, |place| place.quantity);
        if here < line.quantity.0 && !self.house.allows_negative {
            return Err(self.used(key));
        }
        Ok(())
    }

    fn used(&self, key: HoldingKey) -> Fault {
        Fault::not_allowed(fault::USED_SINCE)
            .with("item", code_of(self.named, key))
            .at(["id"])
    }

    fn take_away(
        &mut self,
        seen: &Seen,
        key: HoldingKey,
        line: &MovementLine,
        id: MovementLineId,
    ) -> Result<(), Fault> {
        let used = self.used(key);
        let Some(pool) = self.books.pools.get_mut(&key) else {
            return Err(used);
        };
        match pool.valuation {
            Valuation::MovingAverage if seen.used.contains(&key) => return Err(used),
            Valuation::MovingAverage => {}
            Valuation::Fifo => {
                let takes = empty_layers(pool, line).ok_or(used)?;
                self.effects
                    .takes
                    .extend(takes.into_iter().map(|take| (id, take)));
            }
        }
        pool.quantity -= line.quantity.0;
        pool.value -= line.value_in.0;
        self.moved(key, -line.quantity.0, -line.value_in.0);
        Ok(())
    }

    fn put_back(
        &mut self,
        seen: &Seen,
        key: HoldingKey,
        line: &MovementLine,
        id: MovementLineId,
    ) -> Result<(), Fault> {
        let (named, day) = (self.named, self.date);
        let below = || {
            Fault::not_allowed(fault::REVERSAL_BELOW_ZERO)
                .with("item", code_of(named, key))
                .at(["id"])
        };
        let Some(pool) = self.books.pools.get_mut(&key) else {
            return Err(below());
        };
        if pool.valuation == Valuation::Fifo {
            fill_layers(pool, seen, line, id, day).ok_or_else(below)?;
        }
        pool.quantity += line.quantity.0;
        pool.value += line.value_out.0;
        self.moved(key, line.quantity.0, line.value_out.0);
        Ok(())
    }
}

/// Empties the layers that a line brought; nothing when something of them was used.
fn empty_layers(pool: &mut Pool, line: &MovementLine) -> Option<Vec<Take>> {
    let mut takes = Vec::new();
    let mut quantity = Decimal::ZERO;
    for layer in pool.layers.iter_mut().filter(|layer| layer.line == line.id) {
        if layer.left != layer.quantity || layer.left_value != layer.value {
            return None;
        }
        quantity += layer.quantity;
        takes.push(Take {
            layer: layer.id,
            received_on: layer.received_on,
            quantity: layer.quantity,
            value: layer.value,
        });
        layer.touched = true;
        layer.left = Decimal::ZERO;
        layer.left_value = Decimal::ZERO;
    }
    (quantity == line.quantity.0).then_some(takes)
}

/// Puts back into its layers what a line took of them. What it took beyond them becomes a layer,
/// unless the stock stays below zero; nothing when it is below zero and layers would open.
fn fill_layers(
    pool: &mut Pool,
    seen: &Seen,
    line: &MovementLine,
    id: MovementLineId,
    day: NaiveDate,
) -> Option<()> {
    let (mut quantity, mut value) = (line.quantity.0, line.value_out.0);
    let after = pool.quantity + quantity;
    if pool.quantity < Decimal::ZERO {
        let took = seen.takes.iter().any(|take| take.0 == line.id);
        return (!took && after <= Decimal::ZERO).then_some(());
    }
    for (_, layer, taken, worth) in seen.takes.iter().filter(|take| take.0 == line.id) {
        let layer = pool.layers.iter_mut().find(|seen| seen.id == *layer)?;
        layer.touched = true;
        layer.left += *taken;
        layer.left_value += *worth;
        quantity -= *taken;
        value -= *worth;
    }
    if !quantity.is_zero() {
        pool.layers.push(Layer {
            id: LayerId::generate(),
            line: id,
            received_on: day,
            quantity,
            value,
            left: quantity,
            left_value: value,
            touched: true,
        });
    }
    Some(())
}
