//! What the pay items of an employee come to, in the month and in the year. Pure.

use std::collections::BTreeMap;

use kernel::Fault;
use kernel::id::TypedId;
use rules::fault::Text;
use rules::formula::Formula;
use rules::payroll::{Deduction, Earning, PayslipInput};
use rust_decimal::Decimal;

use super::facts::Known;
use super::input::{ITEM, cents};
use crate::concept::{PayConcept, PayConceptKind};
use crate::contract::Contract;
use crate::contract::rules::{Month, annual_salary, days_within, monthly_salary};
use crate::fault;
use crate::item::{MOST, PayItem};

/// What formulas may speak of; see [`crate::concept::VARIABLES`].
pub(super) fn values(contract: &Contract, month: Month, worked: i64) -> BTreeMap<String, Decimal> {
    let seniority = month
        .last
        .years_since(contract.seniority_from.0)
        .unwrap_or_default();
    let values = [
        ("amount", Decimal::ZERO),
        ("quantity", Decimal::ZERO),
        ("base_salary", monthly_salary(contract)),
        ("annual_salary", annual_salary(contract)),
        ("working_time", contract.working_time.0),
        ("seniority_years", Decimal::from(seniority)),
        ("worked_days", Decimal::from(worked.max(0))),
        ("month_days", Decimal::from(month.days())),
        ("month", Decimal::from(month.number())),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Adds the items of the month to the input, in the order of their making; gives those of overtime,
/// which the rules take as sums.
pub(super) fn add(
    known: Known<'_>,
    month: Month,
    values: &BTreeMap<String, Decimal>,
    input: &mut PayslipInput,
    faults: &mut Vec<Fault>,
) -> Vec<Earning> {
    let mut overtime = Vec::new();
    for item in known.items.iter().filter(|item| counts_in(item, month)) {
        let Some(concept) = known.concepts.get(&item.concept_id) else {
            continue;
        };
        let one = match earning(concept, item, values) {
            Ok(one) => one,
            Err(fault) => {
                faults.push(fault);
                continue;
            }
        };
        match concept.kind {
            PayConceptKind::Earning => input.earnings.push(one),
            PayConceptKind::Overtime => {
                input.overtime.other += cents(one.amount);
                overtime.push(one);
            }
            PayConceptKind::OvertimeForceMajeure => {
                input.overtime.force_majeure += cents(one.amount);
                overtime.push(one);
            }
            PayConceptKind::Deduction => input.deductions.push(Deduction {
                code: one.code,
                label: one.label,
                amount: cents(one.amount),
            }),
        }
    }
    overtime
}

/// What an item comes to by the formula of its concept: from zero to what an amount may be, so that
/// no sum of items can outgrow a payslip.
fn earning(
    concept: &PayConcept,
    item: &PayItem,
    values: &BTreeMap<String, Decimal>,
) -> Result<Earning, Fault> {
    let at = ["items", concept.code.as_str()];
    let wrong = |text: Text| {
        Fault::invalid(fault::ITEM_FORMULA)
            .with("name", &concept.code)
            .with("detail_es", text.es)
            .with("detail_en", text.en)
            .at(at)
    };
    let code = format!("{ITEM}{}", item.id.uuid());
    let label = Text::new(&concept.name_es, &concept.name_en);
    let formula = Formula::parse(&concept.formula).map_err(|problem| wrong(problem.text()))?;
    let earning = Earning::by_formula(&code, label, &formula, &with_item(values, item))
        .map_err(|error| wrong(error.text()))?;
    let refused = |reason| {
        Fault::invalid(reason)
            .with("name", &concept.code)
            .with("amount", earning.amount)
            .at(at)
    };
    if earning.amount < Decimal::ZERO {
        return Err(refused(fault::ITEM_NEGATIVE));
    }
    if earning.amount >= Decimal::from(MOST) {
        return Err(refused(fault::ITEM_TOO_LARGE));
    }
    Ok(Earning {
        in_ss_base: concept.in_contribution_base,
        taxable: concept.taxable,
        ..earning
    })
}

fn with_item(values: &BTreeMap<String, Decimal>, item: &PayItem) -> BTreeMap<String, Decimal> {
    let mut values = values.clone();
    values.insert("amount".to_owned(), item.amount.unwrap_or_default().0);
    values.insert("quantity".to_owned(), item.quantity.unwrap_or_default().0);
    values
}

fn counts_in(item: &PayItem, month: Month) -> bool {
    item.starts_on.0 <= month.last && item.ends_on.is_none_or(|end| end.0 >= month.first)
}

/// What taxable items give in the year: recurring ones as foreseen, one-offs up to the month.
pub(super) fn yearly(
    known: Known<'_>,
    month: Month,
    values: &BTreeMap<String, Decimal>,
) -> Decimal {
    let amounts = known.items.iter().filter_map(|item| {
        let concept = known.concepts.get(&item.concept_id)?;
        if concept.kind == PayConceptKind::Deduction || !concept.taxable {
            return None;
        }
        let amount = earning(concept, item, values).ok()?.amount;
        amount.checked_mul(Decimal::from(months_of(known, item, month)))
    });
    amounts.sum()
}

fn months_of(known: Known<'_>, item: &PayItem, now: Month) -> usize {
    let months = (1..=12).filter_map(|month| Month::of(now.year(), month));
    let counted = months.filter(|month| {
        let employed = known
            .contracts
            .iter()
            .any(|contract| days_within(contract, month.first, month.last).is_some());
        employed && counts_in(item, *month) && (item.recurring || month.first <= now.first)
    });
    counted.count()
}
