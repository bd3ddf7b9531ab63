//! From the typed input to the names that a pack knows, with the checks of shape.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::input::{ContractKind, PayslipInput, Period, YearToDate};
use super::situation::{Region, TaxSituation};
use crate::engine::{Inputs, Item};
use crate::fault::{RuleError, below_zero};

/// The month as days.
pub(super) struct Span {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

/// The days of the period.
pub(super) fn span(period: Period) -> Result<Span, RuleError> {
    match (period.first_day(), period.last_day()) {
        (Some(first), Some(last)) => Ok(Span { first, last }),
        _ => Err(RuleError::input(
            "payroll.unknown_period",
            "period",
            format!("No existe el mes {} del año {}.", period.month, period.year),
            format!(
                "There is no month {} of the year {}.",
                period.month, period.year
            ),
        )),
    }
}

/// Whatever is wrong with the shape of the input; the pack checks the values.
pub(super) fn check(input: &PayslipInput, span: &Span) -> Vec<RuleError> {
    let mut errors = check_contract(input, span);
    let amounts = input
        .earnings
        .iter()
        .enumerate()
        .map(|(at, earning)| (format!("earnings[{at}].amount"), earning.amount));
    let deductions = input
        .deductions
        .iter()
        .enumerate()
        .map(|(at, deduction)| (format!("deductions[{at}].amount"), deduction.amount));
    let advances = input.advances.iter().enumerate().flat_map(|(at, advance)| {
        [
            (format!("advances[{at}].outstanding"), advance.outstanding),
            (format!("advances[{at}].instalment"), advance.instalment),
        ]
    });
    let negative = amounts
        .chain(deductions)
        .chain(advances)
        .filter(|(_, v)| *v < Decimal::ZERO);
    errors.extend(negative.map(|(field, value)| below_zero(field, value)));
    errors.extend(check_family(&input.tax, input.period.year));
    errors
}

fn check_contract(input: &PayslipInput, span: &Span) -> Vec<RuleError> {
    let contract = &input.contract;
    let (start, end) = (contract.starts_on, contract.ends_on);
    if let Some(end) = end.filter(|end| *end < start) {
        return vec![RuleError::input(
            "payroll.dates_out_of_order",
            "contract.endsOn",
            format!("El contrato termina el {end}, antes de empezar el {start}."),
            format!("The contract ends on {end}, before it starts on {start}."),
        )];
    }
    if start > span.last || end.is_some_and(|end| end < span.first) {
        return vec![RuleError::input(
            "payroll.outside_contract",
            "period",
            format!(
                "El contrato no tiene ningún día entre el {} y el {}.",
                span.first, span.last
            ),
            format!(
                "The contract has no day between {} and {}.",
                span.first, span.last
            ),
        )];
    }
    Vec::new()
}

fn check_family(tax: &TaxSituation, year: i32) -> Vec<RuleError> {
    let mut errors = Vec::new();
    let years = tax.descendants.iter().enumerate().map(|(at, one)| {
        (
            format!("withholding.descendants[{at}]"),
            one.birth_year,
            one.disability,
        )
    });
    let older = tax.ascendants.iter().enumerate().map(|(at, one)| {
        (
            format!("withholding.ascendants[{at}]"),
            one.birth_year,
            one.disability,
        )
    });
    for (field, born, disability) in years.chain(older) {
        if born > year || year.saturating_sub(born) > 130 {
            errors.push(RuleError::input(
                "payroll.birth_year",
                format!("{field}.birthYear"),
                format!("El año de nacimiento {born} no es posible en {year}."),
                format!("The year of birth {born} is not possible in {year}."),
            ));
        }
        if disability > 100 {
            errors.push(RuleError::input(
                "payroll.disability",
                format!("{field}.disability"),
                format!("El grado de discapacidad {disability} no está entre 0 y 100."),
                format!("The degree of disability {disability} is not between 0 and 100."),
            ));
        }
    }
    let alone = tax
        .ascendants
        .iter()
        .enumerate()
        .filter(|(_, one)| one.shared_by == 0);
    errors.extend(alone.map(|(at, _)| {
        RuleError::input(
            "payroll.shared_by",
            format!("withholding.ascendants[{at}].sharedBy"),
            "El ascendiente convive al menos con una persona.".to_owned(),
            "The ascendant lives with at least one person.".to_owned(),
        )
    }));
    errors
}

/// The inputs of the contributions.
pub(super) fn name_contributions(input: &PayslipInput, span: &Span, inputs: &mut Inputs) {
    let contract = &input.contract;
    let from = contract.starts_on.max(span.first);
    let to = contract.ends_on.map_or(span.last, |end| end.min(span.last));
    let full_month = from == span.first && to == span.last;
    inputs.set("days_in_month", input.period.days().unwrap_or_default());
    inputs.set("contract_days", days(from, to));
    inputs.set_flag("full_month", full_month);
    inputs.set("absence_days", input.unpaid_absence_days);
    inputs.set("contribution_group", input.contribution_group);
    name_kind(contract.kind, inputs);
    let short = contract.kind == ContractKind::Temporary
        && contract.ends_on.is_some_and(|end| {
            end >= span.first && end <= span.last && days(contract.starts_on, end) < 30
        });
    inputs.set_flag("short_contract_ended", short);
    name_pay(input, inputs);
}

fn name_pay(input: &PayslipInput, inputs: &mut Inputs) {
    let part_time = input.part_time.as_ref();
    let hours = part_time.and_then(|part| part.hours);
    inputs.set_flag("part_time", part_time.is_some());
    inputs.set(
        "part_time_ratio",
        part_time.map_or(Decimal::ONE, |part| part.ratio),
    );
    inputs.set_flag("hours_given", hours.is_some());
    inputs.set("part_time_hours", hours.unwrap_or_default());
    inputs.set("monthly_salary", input.monthly_salary);
    inputs.set("extra_count", input.extra_pays.count);
    inputs.set("extra_amount", input.extra_pays.amount);
    inputs.set_flag("extra_prorated", input.extra_pays.prorated);
    inputs.set("extra_paid_now", input.extra_pays.paid_now);
    inputs.set("overtime_force_majeure", input.overtime.force_majeure);
    inputs.set("overtime_other", input.overtime.other);
    inputs.set("accident_rate", input.accident_rate);
    let earnings = input.earnings.iter().map(|earning| {
        item([
            ("amount", earning.amount),
            ("in_base", flag(earning.in_ss_base)),
            ("taxable", flag(earning.taxable)),
        ])
    });
    inputs
        .lists
        .insert("earnings".to_owned(), earnings.collect());
}

fn name_kind(kind: ContractKind, inputs: &mut Inputs) {
    inputs.set_flag("temporary", kind == ContractKind::Temporary);
}

/// The inputs of the rate of withholding.
pub(super) fn name_withholding(
    tax: &TaxSituation,
    kind: ContractKind,
    year: i32,
    so_far: &YearToDate,
    inputs: &mut Inputs,
) {
    name_kind(kind, inputs);
    inputs.set("annual_pay", tax.annual_pay);
    inputs.set_flag("security_given", tax.annual_social_security.is_some());
    inputs.set(
        "given_security",
        tax.annual_social_security.unwrap_or_default(),
    );
    inputs.set("family_situation", tax.situation);
    inputs.set("age", year.saturating_sub(tax.birth_year));
    inputs.set("descendants_listed", tax.descendants.len());
    inputs.set("disability", tax.disability);
    inputs.set_flag("assistance", tax.needs_assistance);
    inputs.set_flag("mobility", tax.mobility);
    inputs.set_flag("pensioner", tax.pensioner);
    inputs.set_flag("unemployed", tax.unemployed);
    inputs.set_flag("home_loan", tax.home_loan);
    inputs.set_flag("ceuta_melilla", tax.region == Region::CeutaMelilla);
    inputs.set_flag("la_palma", tax.region == Region::LaPalma);
    inputs.set_flag("contract_under_a_year", tax.contract_under_a_year);
    inputs.set_flag("special_employment", tax.special_employment);
    inputs.set("voluntary_rate", tax.voluntary_rate.unwrap_or_default());
    inputs.set_flag("regularise", so_far.regularise);
    inputs.set("paid_to_date", so_far.taxable_paid);
    inputs.set("withheld_to_date", so_far.tax_withheld);
    inputs
        .lists
        .insert("descendants".to_owned(), descendants(tax, year));
    inputs
        .lists
        .insert("ascendants".to_owned(), ascendants(tax, year));
}

/// The eldest first, because the minimum grows with each.
fn descendants(tax: &TaxSituation, year: i32) -> Vec<Item> {
    let mut sorted: Vec<_> = tax.descendants.iter().collect();
    sorted.sort_by_key(|one| one.birth_year);
    let items = sorted.into_iter().map(|one| {
        let joined = one.adopted_in.unwrap_or(one.birth_year);
        item([
            ("age", year.saturating_sub(one.birth_year).into()),
            ("joined_years", year.saturating_sub(joined).into()),
            (
                "shared_by",
                if one.shared {
                    Decimal::TWO
                } else {
                    Decimal::ONE
                },
            ),
            ("disability_degree", one.disability.into()),
            ("needs_assistance", flag(one.needs_assistance)),
        ])
    });
    items.collect()
}

fn ascendants(tax: &TaxSituation, year: i32) -> Vec<Item> {
    let items = tax.ascendants.iter().map(|one| {
        item([
            ("age", year.saturating_sub(one.birth_year).into()),
            ("shared_by", one.shared_by.into()),
            ("disability_degree", one.disability.into()),
            ("needs_assistance", flag(one.needs_assistance)),
        ])
    });
    items.collect()
}

fn item<const N: usize>(fields: [(&str, Decimal); N]) -> Item {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn flag(value: bool) -> Decimal {
    if value { Decimal::ONE } else { Decimal::ZERO }
}

fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days().saturating_add(1)
}
