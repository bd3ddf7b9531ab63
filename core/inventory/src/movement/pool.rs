//! Pools: what of an item a warehouse holds at which value, and what that becomes when something
//! comes or goes. Pure; every amount is exact, and a line is rounded once.
//!
//! FIFO keeps layers: what goes takes them from the oldest, whole ones at their exact value and at
//! most one in part, rounded. The moving average takes its share of the whole, rounded; the last
//! piece takes what is left. So the value of the pool is the sum of what came less the sum of what
//! went, to the cent, always.
//!
//! Below zero, where a company allows it, what goes costs what the item cost last; what comes then
//! first makes good what is missing, at the cost that was booked for it, and the difference to its
//! real price is left to be posted as variation.

use chrono::NaiveDate;
use kernel::ids::{LayerId, MovementLineId};
use rust_decimal::Decimal;

use crate::item::Valuation;

/// A layer: stock at its cost.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layer {
    pub id: LayerId,
    /// The line that brought it.
    pub line: MovementLineId,
    pub received_on: NaiveDate,
    pub quantity: Decimal,
    pub value: Decimal,
    pub left: Decimal,
    pub left_value: Decimal,
    /// Whether it is new, or something was taken of it or put back.
    pub touched: bool,
}

/// What is taken of a layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Take {
    pub layer: LayerId,
    pub received_on: NaiveDate,
    pub quantity: Decimal,
    pub value: Decimal,
}

/// A quantity at a value, of the day it first came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub received_on: NaiveDate,
    pub quantity: Decimal,
    pub value: Decimal,
}

/// What went.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Gone {
    pub value: Decimal,
    pub takes: Vec<Take>,
    /// What went beyond what was there, and what it was booked at.
    pub beyond: (Decimal, Decimal),
}

impl Gone {
    /// What went, by the age and cost that it takes along.
    pub fn parts(&self, valuation: Valuation, quantity: Decimal, day: NaiveDate) -> Vec<Part> {
        let whole = |quantity, value| Part {
            received_on: day,
            quantity,
            value,
        };
        if valuation == Valuation::MovingAverage {
            return vec![whole(quantity, self.value)];
        }
        let taken = self.takes.iter().map(|take| Part {
            received_on: take.received_on,
            quantity: take.quantity,
            value: take.value,
        });
        let (quantity, value) = self.beyond;
        let beyond = (!quantity.is_zero()).then(|| whole(quantity, value));
        taken.chain(beyond).collect()
    }
}

/// A pool.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    pub valuation: Valuation,
    /// Decimal places of the currency.
    pub places: u32,
    pub quantity: Decimal,
    pub value: Decimal,
    /// What one cost when something last came.
    pub last_cost: Option<Decimal>,
    pub last_moved_on: Option<NaiveDate>,
    /// Those with something left, the oldest first, and those that something was taken of.
    pub layers: Vec<Layer>,
}

impl Pool {
    /// What a quantity would cost if it came at the pool's present cost.
    pub fn cost_of(&self, quantity: Decimal) -> Option<Decimal> {
        if self.quantity > Decimal::ZERO {
            return Some(self.share(self.value, quantity, self.quantity));
        }
        let cost = self.last_cost?;
        Some(self.rounded(cost.checked_mul(quantity)?))
    }

    /// Takes a quantity out. What goes beyond what is there costs what the item cost last; whether
    /// it may is decided before.
    pub fn take(&mut self, quantity: Decimal) -> Gone {
        let there = self.quantity.max(Decimal::ZERO).min(quantity);
        let mut gone = match self.valuation {
            Valuation::Fifo => self.take_layers(there),
            Valuation::MovingAverage => Gone {
                value: match there.is_zero() {
                    true => Decimal::ZERO,
                    false => self.share(self.value, there, self.quantity),
                },
                ..Gone::default()
            },
        };
        let beyond = quantity - there;
        if !beyond.is_zero() {
            let cost = self.last_cost.unwrap_or_default();
            let value = self.rounded(cost.saturating_mul(beyond));
            gone.beyond = (beyond, value);
            gone.value += value;
        }
        self.quantity -= quantity;
        self.value -= gone.value;
        gone
    }

    fn take_layers(&mut self, quantity: Decimal) -> Gone {
        let places = self.places;
        let mut gone = Gone::default();
        let mut wanted = quantity;
        for layer in &mut self.layers {
            if wanted.is_zero() {
                break;
            }
            let taken = layer.left.min(wanted);
            if taken.is_zero() {
                continue;
            }
            let value = share(layer.left_value, taken, layer.left, places);
            layer.touched = true;
            layer.left -= taken;
            layer.left_value -= value;
            wanted -= taken;
            gone.value += value;
            gone.takes.push(Take {
                layer: layer.id,
                received_on: layer.received_on,
                quantity: taken,
                value,
            });
        }
        gone
    }

    /// Puts parts in, brought by a line; gives what that adds to the value of the pool. It is less
    /// or more than the parts are worth when they make good what was missing.
    pub fn put(&mut self, line: MovementLineId, parts: &[Part]) -> Decimal {
        let coming: Decimal = parts.iter().map(|part| part.quantity).sum();
        let worth: Decimal = parts.iter().map(|part| part.value).sum();
        let missing = (-self.quantity).max(Decimal::ZERO);
        let filled = missing.min(coming);
        let mut added = Decimal::ZERO;
        if !filled.is_zero() {
            added += self.share(-self.value, filled, missing);
        }
        let rest = self.beyond(parts, filled);
        added += rest.iter().map(|part| part.value).sum::<Decimal>();
        if self.valuation == Valuation::Fifo {
            self.layers.extend(rest.into_iter().map(|part| Layer {
                id: LayerId::generate(),
                line,
                received_on: part.received_on,
                quantity: part.quantity,
                value: part.value,
                left: part.quantity,
                left_value: part.value,
                touched: true,
            }));
            // Stable: of one day, what was recorded first goes first.
            self.layers.sort_by_key(|layer| layer.received_on);
        }
        self.quantity += coming;
        self.value += added;
        if let Some(cost) = worth.checked_div(coming) {
            self.last_cost = Some(kernel::money::round(cost, crate::unit::PLACES));
        }
        added
    }

    /// What is left of parts when the first of them make good what was missing.
    fn beyond(&self, parts: &[Part], mut filled: Decimal) -> Vec<Part> {
        let mut rest = Vec::new();
        for part in parts {
            let used = part.quantity.min(filled);
            filled -= used;
            if used < part.quantity {
                rest.push(Part {
                    received_on: part.received_on,
                    quantity: part.quantity - used,
                    value: part.value - self.share(part.value, used, part.quantity),
                });
            }
        }
        rest
    }

    fn share(&self, value: Decimal, part: Decimal, whole: Decimal) -> Decimal {
        share(value, part, whole, self.places)
    }

    /// Rounded to the currency.
    pub fn rounded(&self, amount: Decimal) -> Decimal {
        kernel::money::round(amount, self.places)
    }

    /// Whether the pool is in order: the sign of its value, and its layers.
    pub fn is_sound(&self) -> bool {
        let signs = match self.quantity.cmp(&Decimal::ZERO) {
            std::cmp::Ordering::Greater => self.value >= Decimal::ZERO,
            std::cmp::Ordering::Equal => self.value.is_zero(),
            std::cmp::Ordering::Less => self.value <= Decimal::ZERO,
        };
        let left: Decimal = self.layers.iter().map(|layer| layer.left).sum();
        let worth: Decimal = self.layers.iter().map(|layer| layer.left_value).sum();
        let layered = match self.valuation {
            Valuation::MovingAverage => true,
            Valuation::Fifo if self.quantity > Decimal::ZERO => {
                left == self.quantity && worth == self.value
            }
            Valuation::Fifo => left.is_zero() && worth.is_zero(),
        };
        signs && layered
    }
}

/// The share of a value that a part of a whole has, rounded; the whole has all of it.
fn share(value: Decimal, part: Decimal, whole: Decimal, places: u32) -> Decimal {
    if part == whole {
        return value;
    }
    let exact = value
        .checked_mul(part)
        .and_then(|many| many.checked_div(whole));
    let exact = exact.or_else(|| value.checked_div(whole)?.checked_mul(part));
    kernel::money::round(exact.unwrap_or_default(), places)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::dec;

    use super::*;

    fn pool(valuation: Valuation) -> Pool {
        Pool {
            valuation,
            places: 2,
            quantity: Decimal::ZERO,
            value: Decimal::ZERO,
            last_cost: None,
            last_moved_on: None,
            layers: Vec::new(),
        }
    }

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
    }

    fn bring(pool: &mut Pool, on: u32, quantity: Decimal, value: Decimal) -> Decimal {
        let part = Part {
            received_on: day(on),
            quantity,
            value,
        };
        pool.put(MovementLineId::generate(), &[part])
    }

    #[test]
    fn first_in_goes_first_and_the_average_moves() {
        for (valuation, first, second) in [
            (Valuation::Fifo, dec!(10), dec!(45)),
            (Valuation::MovingAverage, dec!(25), dec!(25)),
        ] {
            let mut pool = pool(valuation);
            bring(&mut pool, 1, dec!(10), dec!(10));
            bring(&mut pool, 2, dec!(10), dec!(90));
            let gone = match valuation {
                Valuation::Fifo => pool.take(dec!(10)),
                Valuation::MovingAverage => pool.take(dec!(5)),
            };
            assert_eq!(gone.value, first, "{valuation}");
            assert_eq!(pool.take(dec!(5)).value, second, "{valuation}");
            assert!(pool.is_sound());
        }
    }

    #[test]
    fn an_older_day_goes_first_though_it_was_recorded_later() {
        let mut pool = pool(Valuation::Fifo);
        bring(&mut pool, 5, dec!(1), dec!(5));
        bring(&mut pool, 2, dec!(1), dec!(2));
        assert_eq!(pool.take(dec!(1)).value, dec!(2));
    }

    #[test]
    fn thirds_of_a_cent_are_not_lost() {
        for valuation in [Valuation::Fifo, Valuation::MovingAverage] {
            let mut pool = pool(valuation);
            bring(&mut pool, 1, dec!(3), dec!(10));
            let values: Vec<Decimal> = (0..3).map(|_| pool.take(dec!(1)).value).collect();
            assert_eq!(values.iter().sum::<Decimal>(), dec!(10));
            assert!(pool.value.is_zero() && pool.quantity.is_zero());
        }
    }

    #[test]
    fn what_comes_late_makes_good_what_went_at_the_cost_that_was_booked() {
        for valuation in [Valuation::Fifo, Valuation::MovingAverage] {
            let mut pool = pool(valuation);
            bring(&mut pool, 1, dec!(2), dec!(10));
            let gone = pool.take(dec!(5));
            assert_eq!(gone.value, dec!(25));
            assert_eq!((pool.quantity, pool.value), (dec!(-3), dec!(-15)));
            let added = bring(&mut pool, 2, dec!(4), dec!(24));
            assert_eq!(added, dec!(21), "15 made good, one at 6 stays");
            assert_eq!((pool.quantity, pool.value), (dec!(1), dec!(6)));
            assert!(pool.is_sound());
        }
    }

    #[test]
    fn a_transfer_keeps_ages_and_costs() {
        let mut from = pool(Valuation::Fifo);
        bring(&mut from, 1, dec!(2), dec!(2));
        bring(&mut from, 3, dec!(2), dec!(8));
        let gone = from.take(dec!(3));
        let mut to = pool(Valuation::Fifo);
        bring(&mut to, 2, dec!(1), dec!(9));
        let parts = gone.parts(Valuation::Fifo, dec!(3), day(9));
        assert_eq!(to.put(MovementLineId::generate(), &parts), dec!(6));
        assert_eq!(to.take(dec!(2)).value, dec!(2), "those of day 1");
        assert_eq!(to.take(dec!(1)).value, dec!(9), "that of day 2");
        assert!(to.is_sound() && from.is_sound());
    }

    proptest! {
        /// Whatever happens, what is left is what came less what went, to the cent.
        #[test]
        fn value_is_what_came_less_what_went(
            fifo in any::<bool>(),
            negative in any::<bool>(),
            steps in prop::collection::vec((any::<bool>(), 1u32..28, 1i64..9_000_000, 0i64..9_000_000), 1..60),
        ) {
            let mut pool = pool(if fifo { Valuation::Fifo } else { Valuation::MovingAverage });
            let (mut posted, mut counted) = (Decimal::ZERO, Decimal::ZERO);
            for (comes, on, thousandths, cents) in steps {
                let quantity = Decimal::new(thousandths, 3);
                if comes {
                    posted += bring(&mut pool, on, quantity, Decimal::new(cents, 2));
                    counted += quantity;
                } else if negative || quantity <= pool.quantity {
                    let gone = pool.take(quantity);
                    let takes: Decimal = gone.takes.iter().map(|take| take.value).sum();
                    prop_assert!(!fifo || takes + gone.beyond.1 == gone.value);
                    prop_assert!(gone.value >= Decimal::ZERO && gone.value.scale() <= 2);
                    posted -= gone.value;
                    counted -= quantity;
                }
                prop_assert_eq!(pool.value, posted);
                prop_assert_eq!(pool.quantity, counted);
                prop_assert!(pool.is_sound(), "{:?}", pool);
            }
        }

        /// What goes never costs more than the dearest that came, or less than the cheapest.
        #[test]
        fn costs_stay_between_what_was_paid(
            fifo in any::<bool>(),
            costs in prop::collection::vec(1i64..10_000, 1..10),
        ) {
            let mut pool = pool(if fifo { Valuation::Fifo } else { Valuation::MovingAverage });
            for cost in &costs {
                bring(&mut pool, 1, dec!(7), Decimal::new(cost * 7, 2));
            }
            let (low, high) = (costs.iter().min().unwrap(), costs.iter().max().unwrap());
            for _ in 0..costs.len() * 7 {
                let value = pool.take(Decimal::ONE).value;
                prop_assert!(value >= Decimal::new(low - 1, 2) && value <= Decimal::new(high + 1, 2));
            }
            prop_assert!(pool.value.is_zero());
        }
    }
}
