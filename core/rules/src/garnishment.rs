//! The seizure of pay by court or agency: the legal scale, and several orders in their priority.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::engine::{self, Inputs};
use crate::explained::{Explained, Line, Side};
use crate::fault::below_zero;
use crate::fault::{RuleError, Text};
use crate::pack::RulePack;

/// How extra pays bear on what cannot be seized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraPayBasis {
    /// Extra pays are paid apart, in another month: one minimum wage of 14 is protected.
    Separate,
    /// Extra pays are inside the month's pay: a twelfth of the annual minimum wage is protected.
    Prorated,
    /// An extra pay is paid in this month: twice the minimum wage is protected.
    PaidNow,
}

/// How much an order takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// By the legal scale (art. 607 LEC).
    Scale,
    /// A fixed monthly amount set by the court, such as maintenance (art. 608 LEC), outside the
    /// scale; in euros.
    Fixed(Decimal),
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: Text,
    /// The lower goes first; equal ones in the given order.
    pub priority: u32,
    /// Euros still owed before this payslip.
    pub outstanding: Decimal,
    /// How much it takes.
    pub basis: Basis,
}

/// What one order takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seized {
    /// The amount and its reason; the code is the order's.
    pub explained: Explained,
    /// Euros owed after this payslip.
    pub outstanding_after: Decimal,
}

/// The seizure of one month's pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garnishment {
    /// What cannot be seized by the scale.
    pub protected: Explained,
    /// What the scale lets be seized in all.
    pub seizable: Explained,
    /// Each order's part, in order of priority.
    pub seized: Vec<Seized>,
}

impl Garnishment {
    /// The sum of what is taken.
    pub fn total(&self) -> Decimal {
        self.seized.iter().map(|one| one.explained.amount).sum()
    }

    /// The lines for the payslip.
    pub fn lines(&self) -> impl Iterator<Item = Line> {
        self.seized.iter().map(|one| Line {
            side: Side::Deduction,
            base: None,
            rate: None,
            explained: one.explained.clone(),
        })
    }
}

/// Seizes from a month's net pay (after contributions and tax, in euros) what the orders may take.
pub fn calculate(
    pack: &RulePack,
    date: NaiveDate,
    net: Decimal,
    extra_pays: ExtraPayBasis,
    orders: &[Order],
) -> Result<Garnishment, Vec<RuleError>> {
    let errors = check(orders);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut inputs = Inputs::default();
    inputs.set("net_pay", net);
    inputs.set_flag("extras_prorated", extra_pays == ExtraPayBasis::Prorated);
    inputs.set_flag("extra_pay_month", extra_pays == ExtraPayBasis::PaidNow);
    let outcome = engine::run(pack, date, &["garnishment"], &inputs)?;
    let find = |code: &str| {
        outcome.explained(code).cloned().ok_or_else(|| {
            vec![RuleError::NoProcedure {
                pack: pack.id.clone(),
                procedure: code.to_owned(),
            }]
        })
    };
    let (protected, seizable) = (find("protected_pay")?, find("seizable")?);
    let seized = share(net.max(Decimal::ZERO), &seizable, orders);
    Ok(Garnishment {
        protected,
        seizable,
        seized,
    })
}

/// What is wrong with the orders themselves.
pub(crate) fn check(orders: &[Order]) -> Vec<RuleError> {
    let amounts = orders.iter().enumerate().flat_map(|(at, order)| {
        let fixed = match order.basis {
            Basis::Fixed(amount) => amount,
            Basis::Scale => Decimal::ZERO,
        };
        [
            (format!("garnishments[{at}].outstanding"), order.outstanding),
            (format!("garnishments[{at}].amount"), fixed),
        ]
    });
    amounts
        .filter(|(_, value)| *value < Decimal::ZERO)
        .map(|(field, value)| below_zero(field, value))
        .collect()
}

fn share(net: Decimal, seizable: &Explained, orders: &[Order]) -> Vec<Seized> {
    let mut sorted: Vec<&Order> = orders.iter().collect();
    sorted.sort_by_key(|order| order.priority);
    let mut net_left = net;
    let mut scale_left = seizable.amount;
    let mut seized = Vec::new();
    for order in sorted {
        let (room, wanted) = match order.basis {
            Basis::Scale => (scale_left.min(net_left), order.outstanding),
            Basis::Fixed(amount) => (net_left, amount.min(order.outstanding)),
        };
        let taken = wanted
            .min(room)
            .round_dp_with_strategy(2, rust_decimal::RoundingStrategy::ToZero);
        seized.push(explain(order, taken, room, seizable));
        net_left = net_left.saturating_sub(taken);
        scale_left = scale_left.saturating_sub(taken).max(Decimal::ZERO);
    }
    seized
}

fn explain(order: &Order, taken: Decimal, room: Decimal, seizable: &Explained) -> Seized {
    let expression = match order.basis {
        Basis::Scale => "min([outstanding, seizable_left])",
        Basis::Fixed(_) => "min([amount, outstanding, net_left])",
    };
    let mut inputs = vec![
        ("outstanding".to_owned(), order.outstanding.to_string()),
        ("seizable".to_owned(), seizable.amount.to_string()),
        ("left".to_owned(), room.to_string()),
    ];
    if let Basis::Fixed(amount) = order.basis {
        inputs.push(("amount".to_owned(), amount.to_string()));
    }
    let explained = Explained {
        code: order.code.clone(),
        label: order.label.clone(),
        amount: taken,
        expression: expression.to_owned(),
        inputs,
        ..seizable.clone()
    };
    Seized {
        explained,
        outstanding_after: order.outstanding.saturating_sub(taken),
    }
}

#[cfg(test)]
mod tests;
