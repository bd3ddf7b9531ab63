//! The figures of the Spanish packs to the cent, and what must hold for any payslip.

mod contributed;
mod month;
mod properties;
mod refusals;
mod withheld;

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::*;
use crate::fault::RuleError;
use crate::library;
use crate::pack::RulePack;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn pack(date: &str) -> Arc<RulePack> {
    library::pack_for("ES", day(date)).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// An indefinite contract since 2020, group 4, single without children.
fn payslip(year: i32, month: u32, salary: &str) -> PayslipInput {
    let contract = Contract {
        kind: ContractKind::Indefinite,
        starts_on: day("2020-01-01"),
        ends_on: None,
    };
    let tax = TaxSituation::single(dec(salary) * Decimal::from(12), 1985);
    PayslipInput::new(Period::new(year, month), contract, 4, dec(salary), tax)
}

fn two_extras(input: &mut PayslipInput, prorated: bool) {
    let amount = input.monthly_salary;
    input.extra_pays = ExtraPays {
        count: 2,
        amount,
        prorated,
        paid_now: Decimal::ZERO,
    };
    input.tax.annual_pay = amount * Decimal::from(14);
}

fn run(input: &PayslipInput) -> PayslipResult {
    let last = input.period.last_day().unwrap();
    calculate(&pack(&last.to_string()), input).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn bases(input: &PayslipInput) -> (Decimal, Decimal) {
    let result = run(input);
    (result.bases.common.amount, result.bases.professional.amount)
}

fn codes(errors: &[RuleError]) -> Vec<&str> {
    errors.iter().map(RuleError::code).collect()
}

fn line(result: &PayslipResult, code: &str) -> Decimal {
    result
        .line(code)
        .unwrap_or_else(|| panic!("no line {code}"))
        .amount()
}
