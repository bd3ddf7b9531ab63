//! What becomes of a finding, in view of what stands; and how an item stands out. Pure.

use chrono::NaiveDate;
use kernel::ids::UnitId;
use rust_decimal::Decimal;

use super::rules::{Finding, Keeping, Order, Source};
use crate::alert::StockAlertKind;
use crate::unit;

/// A proposal that stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// How much it proposes, in the item's unit.
    pub quantity: Decimal,
    /// The purchase unit.
    pub unit: UnitId,
    /// How much it proposes, in the purchase unit.
    pub unit_quantity: Decimal,
    /// As of which day.
    pub as_of: NaiveDate,
    /// From whom, and on which terms.
    pub from: Option<Source>,
}

impl Standing {
    /// Whether it is enough, and could be ordered as it is: on the terms that would be chosen now.
    fn holds(&self, order: &Order) -> bool {
        let deal = |from: &Source| (from.term, from.price, from.currency, from.lead_time_days);
        let (minimum, multiple) = (order.explanation.minimum, order.explanation.multiple);
        self.quantity >= order.quantity
            && self.unit == order.unit
            && self.quantity == unit::nearly(self.unit_quantity, order.factor)
            && self.from.as_ref().map(deal) == order.from.as_ref().map(deal)
            && minimum.is_none_or(|minimum| self.unit_quantity >= minimum.0)
            && multiple.is_none_or(|multiple| (self.unit_quantity % multiple.0).is_zero())
    }
}

/// What becomes of a finding, in view of what stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What is needed can't be told; what stands is left alone.
    Unknown,
    /// Nothing is needed, and nothing stands.
    Nothing,
    /// It was dismissed until a later day.
    Dismissed,
    /// A proposal is made.
    Proposed,
    /// What stands is good enough.
    Stands,
    /// What stands is not enough any more, or on terms that are not those of now.
    Renewed,
    /// What stands is not needed any more.
    Withdrawn,
}

/// Compares what is needed with what stands. A look at an earlier day leaves what stands alone.
pub fn settle(
    order: Option<&Order>,
    standing: Option<&Standing>,
    dismissed_until: Option<NaiveDate>,
    day: NaiveDate,
) -> Outcome {
    match (order, standing) {
        (_, Some(standing)) if standing.as_of > day => Outcome::Stands,
        (None, Some(_)) => Outcome::Withdrawn,
        (None, None) => Outcome::Nothing,
        (Some(order), Some(standing)) => {
            if standing.holds(order) {
                Outcome::Stands
            } else {
                Outcome::Renewed
            }
        }
        (Some(_), None) if dismissed_until.is_some_and(|until| until > day) => Outcome::Dismissed,
        (Some(_), None) => Outcome::Proposed,
    }
}

/// How an item in a warehouse stands out, with the bound that it has passed.
pub fn alarm(
    keeping: &Keeping,
    finding: &Finding,
    on_hand: Decimal,
) -> Option<(StockAlertKind, Decimal)> {
    let wanted = finding.reorder_point > Decimal::ZERO || finding.demand_per_day > Decimal::ZERO;
    if on_hand <= Decimal::ZERO {
        return wanted.then_some((StockAlertKind::Out, finding.reorder_point));
    }
    if on_hand <= finding.reorder_point {
        return Some((StockAlertKind::Low, finding.reorder_point));
    }
    let most = keeping.maximum?;
    (on_hand > most).then_some((StockAlertKind::Overstock, most))
}
