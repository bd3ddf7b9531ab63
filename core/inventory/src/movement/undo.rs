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
        // What never really came does not say what the item costs.
        pool.last_cost = seen.costs.get(&key).copied();
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

#[cfg(test)]
mod tests {
    use kernel::ids::{CompanyId, ItemId, MovementId, OrganisationId, UnitId, WarehouseId};
    use kernel::{CurrencyCode, Dec};
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::super::books::{House, Place};
    use super::super::pool::{Gone, Part};
    use super::*;
    use crate::account::Accounts;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    /// What was recorded of an item at a place, and whether it was undone.
    struct Told {
        line: MovementLine,
        takes: Vec<Take>,
        undone: bool,
    }

    impl Told {
        fn comes(&self) -> bool {
            self.line.to_location_id.is_some()
        }
    }

    /// An item at one place of a warehouse.
    struct Shelf {
        named: Named,
        books: Books,
        key: HoldingKey,
        company: CompanyId,
        location: LocationId,
        told: Vec<Told>,
    }

    impl Shelf {
        fn new(valuation: Valuation) -> Self {
            let key = (ItemId::generate(), WarehouseId::generate());
            let (company, location) = (CompanyId::generate(), LocationId::generate());
            let house = House {
                currency: CurrencyCode::EUR,
                today: day(31),
                allows_negative: false,
                accounts: Accounts::default(),
            };
            let pool = Pool {
                valuation,
                places: 2,
                quantity: Decimal::ZERO,
                value: Decimal::ZERO,
                last_cost: None,
                last_moved_on: None,
                layers: Vec::new(),
            };
            let place = Place {
                id: kernel::ids::StockId::generate(),
                warehouse: key.1,
                quantity: Decimal::ZERO,
                allows_negative: false,
            };
            let named = Named {
                houses: [(company, house)].into(),
                ..Named::default()
            };
            let books = Books {
                pools: [(key, pool)].into(),
                places: [((key.0, location), place)].into(),
                ..Books::default()
            };
            Self {
                named,
                books,
                key,
                company,
                location,
                told: Vec::new(),
            }
        }

        fn pool(&self) -> &Pool {
            self.books.pools.get(&self.key).unwrap()
        }

        fn line(&self, comes: bool, quantity: Decimal, value: Decimal) -> MovementLine {
            let there = |is: bool| is.then_some(self.location);
            let (out, into) = if comes {
                (dec!(0), value)
            } else {
                (value, dec!(0))
            };
            MovementLine {
                organisation_id: OrganisationId::generate(),
                id: MovementLineId::generate(),
                movement_id: MovementId::generate(),
                position: 1,
                line_count: 1,
                company_id: self.company,
                moved_on: Date(day(1)),
                item_id: self.key.0,
                from_warehouse_id: (!comes).then_some(self.key.1),
                from_location_id: there(!comes),
                to_warehouse_id: comes.then_some(self.key.1),
                to_location_id: there(comes),
                unit_id: UnitId::generate(),
                unit_quantity: Dec(quantity),
                quantity: Dec(quantity),
                unit_cost: Dec(super::super::decide::unit_cost(value, quantity)),
                value_out: Dec(out),
                value_in: Dec(into),
                amount: Dec(value),
            }
        }

        fn come(&mut self, quantity: Decimal, value: Decimal) {
            let line = self.line(true, quantity, value);
            let part = Part {
                received_on: day(1),
                quantity,
                value,
            };
            let pool = self.books.pools.get_mut(&self.key).unwrap();
            pool.put(line.id, &[part]);
            self.place(quantity);
            self.told.push(Told {
                line,
                takes: Vec::new(),
                undone: false,
            });
        }

        fn go(&mut self, quantity: Decimal) {
            let pool = self.books.pools.get_mut(&self.key).unwrap();
            let Gone { value, takes, .. } = pool.take(quantity);
            self.place(-quantity);
            self.told.push(Told {
                line: self.line(false, quantity, value),
                takes,
                undone: false,
            });
        }

        fn place(&mut self, quantity: Decimal) {
            let place = self.books.places.get_mut(&(self.key.0, self.location));
            place.unwrap().quantity += quantity;
        }

        /// What the database would tell of a movement: what it took, whether something left since,
        /// and what the last cost is without it.
        fn seen(&self, at: usize) -> Seen {
            let told = &self.told[at];
            let takes = told.takes.iter();
            let takes = takes.map(|it| (told.line.id, it.layer, it.quantity, it.value));
            let since = self.told.iter().skip(at + 1);
            let used = since.into_iter().any(|it| !it.comes() && !it.undone);
            let others = self.told.iter().enumerate().rev();
            let mut others = others.filter(|(other, it)| *other != at && it.comes() && !it.undone);
            let cost = others.next().map(|(_, it)| (self.key, it.line.unit_cost.0));
            Seen {
                takes: takes.collect(),
                used: if used { vec![self.key] } else { Vec::new() },
                costs: cost.into_iter().collect(),
            }
        }

        /// Undoes what was recorded; what is refused changes nothing.
        fn undo(&mut self, at: usize) -> bool {
            let (seen, line) = (self.seen(at), self.told[at].line.clone());
            let before = self.books.clone();
            let mut effects = Effects::default();
            let day = Date(day(2));
            let done = undo(
                &self.named,
                &mut self.books,
                &mut effects,
                &seen,
                &[line],
                day,
            );
            if done.is_err() {
                self.books = before;
                return false;
            }
            self.told[at].undone = true;
            true
        }

        /// Quantity and value of what was recorded and not undone.
        fn recorded(&self) -> (Decimal, Decimal) {
            let standing = self.told.iter().filter(|it| !it.undone);
            standing.fold((dec!(0), dec!(0)), |(quantity, value), it| {
                let (line, sign) = (&it.line, if it.comes() { dec!(1) } else { dec!(-1) });
                let worth = line.value_in.0 - line.value_out.0;
                (quantity + sign * line.quantity.0, value + worth)
            })
        }
    }

    #[test]
    fn a_typo_that_is_undone_prices_nothing() {
        for valuation in [Valuation::Fifo, Valuation::MovingAverage] {
            let mut shelf = Shelf::new(valuation);
            shelf.come(dec!(1), dec!(1000));
            assert!(shelf.undo(0));
            assert_eq!(shelf.pool().cost_of(dec!(1)), None, "nothing ever came");
            shelf.come(dec!(2), dec!(20));
            shelf.go(dec!(2));
            shelf.come(dec!(1), dec!(1000));
            assert!(shelf.undo(3));
            assert_eq!(shelf.pool().cost_of(dec!(1)), Some(dec!(10)));
        }
    }

    proptest! {
        /// Whatever is undone in whatever order, what is left is what stands, to the cent; and all
        /// of it can be undone from the end.
        #[test]
        fn what_is_undone_never_was(
            fifo in any::<bool>(),
            steps in prop::collection::vec((0u8..3, 1i64..90_000, 0i64..900_000), 1..40),
        ) {
            let valuation = if fifo { Valuation::Fifo } else { Valuation::MovingAverage };
            let mut shelf = Shelf::new(valuation);
            for (what, thousandths, cents) in steps {
                let quantity = Decimal::new(thousandths, 3);
                match what {
                    0 => shelf.come(quantity, Decimal::new(cents, 2)),
                    1 if quantity <= shelf.pool().quantity => shelf.go(quantity),
                    _ => {
                        let many = i64::try_from(shelf.told.len()).unwrap().max(1);
                        let at = usize::try_from(cents % many).unwrap();
                        if shelf.told.get(at).is_some_and(|it| !it.undone) {
                            shelf.undo(at);
                        }
                    }
                }
                let pool = shelf.pool();
                prop_assert!(pool.is_sound(), "{:?}", pool);
                prop_assert_eq!((pool.quantity, pool.value), shelf.recorded());
            }
            for at in (0..shelf.told.len()).rev() {
                if !shelf.told[at].undone {
                    prop_assert!(shelf.undo(at), "{:?}", shelf.pool());
                }
            }
            let pool = shelf.pool();
            prop_assert!(pool.is_sound() && pool.quantity.is_zero() && pool.last_cost.is_none());
        }
    }
}
