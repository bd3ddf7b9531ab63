//! How taxes are worked out, pure.
//!
//! The rule of rounding: the nets of the lines are settled so that they add up to the rounded net of
//! the document; the base of a tax is the sum of the nets that bear it; its amount is rounded once a
//! document, half away from zero, and what rounding added is stated (`rounding`).

use std::collections::HashSet;

use kernel::Fault;
use kernel::ids::TaxId;
use kernel::money::round;
use rust_decimal::{Decimal, dec};

use super::{Tax, TaxApplication, TaxKind, TaxTreatment};
use crate::fault;
use crate::open_item::OpenItemSide;

/// A tax of a document: what it is charged on, and how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The tax.
    pub tax: TaxId,
    /// Per cent.
    pub rate: Decimal,
    /// What it is charged on.
    pub base: Decimal,
    /// The tax itself; what the other side owes to the authorities is not in it.
    pub amount: Decimal,
    /// What rounding added to the exact amount.
    pub rounding: Decimal,
}

/// The sums of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The sum of the lines.
    pub net: Decimal,
    /// Taxes that are added: VAT and surcharges; not those of a reverse charge.
    pub tax: Decimal,
    /// What is withheld.
    pub withheld: Decimal,
}

impl Totals {
    /// What is to be paid.
    pub fn total(&self) -> Decimal {
        self.net + self.tax - self.withheld
    }
}

/// Rounds amounts so that their sum is the rounded sum of the exact ones: each is off by less than
/// one unit.
pub fn settle(exact: &[Decimal], places: u32) -> Vec<Decimal> {
    let target = round(exact.iter().sum(), places);
    settle_to(exact, target, places)
}

/// Rounds amounts so that they add up to a target. What rounding leaves over goes, one smallest unit
/// each, to those whose rounding went furthest the other way, the earlier first.
pub fn settle_to(exact: &[Decimal], target: Decimal, places: u32) -> Vec<Decimal> {
    let unit = Decimal::new(1, places);
    let mut parts: Vec<Decimal> = exact.iter().map(|one| round(*one, places)).collect();
    let mut rest = target - parts.iter().sum::<Decimal>();
    let up = !rest.is_sign_negative();
    let step = if up { unit } else { -unit };
    let mut order: Vec<(Decimal, usize)> = exact
        .iter()
        .zip(&parts)
        .enumerate()
        .map(|(at, (exact, part))| (if up { exact - part } else { part - exact }, at))
        .collect();
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    for (_, at) in order.iter().cycle().take(order.len().saturating_mul(100)) {
        if rest.abs() < unit {
            break;
        }
        if let Some(part) = parts.get_mut(*at) {
            *part += step;
            rest -= step;
        }
    }
    if let Some(part) = parts.first_mut() {
        *part += rest;
    }
    parts
}

/// The taxes of a document whose lines have these settled nets and bear these taxes, in the order in
/// which they first appear.
pub fn charge(
    side: OpenItemSide,
    taxes: &[Tax],
    lines: &[(Decimal, &[TaxId])],
    places: u32,
) -> Vec<Charged> {
    let mut order: Vec<TaxId> = Vec::new();
    for id in lines.iter().flat_map(|(_, taxes)| taxes.iter()) {
        if !order.contains(id) {
            order.push(*id);
        }
    }
    order
        .into_iter()
        .filter_map(|id| taxes.iter().find(|tax| tax.id == id))
        .map(|tax| {
            let bearing = lines.iter().filter(|(_, ids)| ids.contains(&tax.id));
            let base: Decimal = bearing.map(|(net, _)| *net).sum();
            charged(side, tax, base, places)
        })
        .collect()
}

fn charged(side: OpenItemSide, tax: &Tax, base: Decimal, places: u32) -> Charged {
    let passed_on =
        tax.treatment == TaxTreatment::ReverseCharge && side == OpenItemSide::Receivable;
    let exact = if passed_on {
        Decimal::ZERO
    } else {
        base * tax.rate.0 / dec!(100)
    };
    let amount = round(exact, places);
    Charged {
        tax: tax.id,
        rate: tax.rate.0,
        base,
        amount,
        rounding: (amount - exact).normalize(),
    }
}

/// The sums of a document.
pub fn totals(taxes: &[Tax], nets: &[Decimal], charged: &[Charged]) -> Totals {
    let mut totals = Totals {
        net: nets.iter().sum(),
        ..Totals::default()
    };
    for one in charged {
        let Some(tax) = taxes.iter().find(|tax| tax.id == one.tax) else {
            continue;
        };
        match (tax.kind, tax.treatment) {
            (TaxKind::Withholding, _) => totals.withheld += one.amount,
            (_, TaxTreatment::Taxed) => totals.tax += one.amount,
            (_, _) => {}
        }
    }
    totals
}

/// What is wrong with the taxes of a line: used on the wrong side, two of a kind, or a surcharge
/// without its VAT (Ley 37/1992, art. 161: the surcharge comes on top of the rate that it names).
pub fn line_faults(side: OpenItemSide, taxes: &[&Tax]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut kinds = HashSet::new();
    for tax in taxes {
        let fits = match tax.applies_to {
            TaxApplication::Both => true,
            TaxApplication::Sales => side == OpenItemSide::Receivable,
            TaxApplication::Purchases => side == OpenItemSide::Payable,
        };
        if !fits {
            faults.push(Fault::not_allowed(fault::TAX_SIDE).with("code", &tax.code));
        }
        if !kinds.insert(tax.kind) {
            faults.push(Fault::invalid(fault::TAX_TWICE).with("code", &tax.code));
        }
        let Some(needed) = &tax.goes_with else {
            continue;
        };
        if !taxes.iter().any(|other| other.code == *needed) {
            let fault = Fault::invalid(fault::SURCHARGE_ALONE).with("code", &tax.code);
            faults.push(fault.with("needed", needed));
        }
    }
    faults
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
