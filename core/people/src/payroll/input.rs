//! From what is known of an employee to what the rules ask for. Pure.

use chrono::{Datelike, NaiveDate};
use kernel::Fault;
use kernel::id::TypedId;
use rules::fault::{RuleError, Text};
use rules::garnishment::{Basis, Order};
use rules::payroll::{
    self as engine, Ascendant, Descendant, Earning, ExtraPays, PartTime, PayslipInput, Period,
    Region, TaxSituation, YearToDate,
};
use rust_decimal::{Decimal, RoundingStrategy};

use super::facts::Known;
use super::items;
use crate::contract::rules::{
    Month, annual_salary, days_within, extra_pay_due, monthly_salary, part_of_year,
};
use crate::contract::{Contract, ContractKind};
use crate::family::{FamilySituation, TaxRegion};
use crate::fault;
use crate::garnishment::GarnishmentBasis;

/// What starts the code of a line that comes from a record of ours.
pub(super) const ITEM: &str = "item:";
/// As [`ITEM`], for advances.
pub(super) const ADVANCE: &str = "advance:";
/// As [`ITEM`], for garnishments.
pub(super) const GARNISHMENT: &str = "garnishment:";

/// The input of an employee's payslip and the contract that it is for.
pub(super) struct Prepared<'f> {
    pub contract: &'f Contract,
    pub from: NaiveDate,
    pub to: NaiveDate,
    pub input: PayslipInput,
    /// The items of overtime, which the rules know by their sums alone.
    pub overtime: Vec<Earning>,
}

/// Prepares the payslip of a month; every reason why that can't be, at once.
pub(super) fn prepare<'f>(known: Known<'f>, month: Month) -> Result<Prepared<'f>, Vec<Fault>> {
    let mut faults = Vec::new();
    let contract = contract_of(known, month)
        .map_err(|fault| faults.push(fault))
        .ok();
    let family = known
        .families
        .iter()
        .find(|row| row.valid_from.0 <= month.last);
    if family.is_none() {
        faults.push(Fault::invalid(fault::NO_FAMILY).at(["family"]));
    }
    let (Some(contract), Some(family)) = (contract, family) else {
        return Err(faults);
    };
    let Some((from, to)) = days_within(contract, month.first, month.last) else {
        return Err(vec![Fault::invalid(fault::NO_CONTRACT).at(["contract"])]);
    };
    let mut input = PayslipInput::new(
        Period::new(month.first.year(), month.first.month()),
        terms(contract),
        u8::try_from(contract.contribution_group).unwrap_or_default(),
        monthly_salary(contract),
        situation(known, contract, family, month.first.year()),
    );
    input.accident_rate = contract.accident_rate.0;
    input.part_time = part_time(contract);
    input.extra_pays = extra_pays(known, contract, month);
    input.unpaid_absence_days = absence_days(known, from, to);
    let worked = days(from, to) - i64::from(input.unpaid_absence_days);
    let values = items::values(contract, month, worked);
    let overtime = items::add(known, month, &values, &mut input, &mut faults);
    input.tax.annual_pay += items::yearly(known, month, &values);
    input.tax.annual_pay = cents(input.tax.annual_pay);
    input.advances = advances(known);
    input.garnishments = orders(known);
    input.year_to_date = year_to_date(known, contract, month, input.tax.annual_pay);
    if faults.is_empty() {
        Ok(Prepared {
            contract,
            from,
            to,
            input,
            overtime,
        })
    } else {
        Err(faults)
    }
}

/// The rules' own refusals as faults of ours, sentences included.
pub(super) fn refused(errors: Vec<RuleError>) -> Vec<Fault> {
    let faults = errors.into_iter().map(|error| {
        let text = error.text();
        let path: Vec<String> = error
            .field()
            .unwrap_or_default()
            .split(['.', '[', ']'])
            .map(str::to_owned)
            .collect();
        let path = path.into_iter().filter(|step| !step.is_empty());
        Fault::invalid(fault::RULE)
            .with("detail_es", text.es)
            .with("detail_en", text.en)
            .at(path)
    });
    faults.collect()
}

/// Whether an employee has a contract in the month.
pub(super) fn is_employed(known: Known<'_>, month: Month) -> bool {
    let mut contracts = known.contracts.iter();
    contracts.any(|it| days_within(it, month.first, month.last).is_some())
}

/// The one contract of the month.
fn contract_of<'f>(known: Known<'f>, month: Month) -> Result<&'f Contract, Fault> {
    let mut within = known
        .contracts
        .iter()
        .filter(|it| days_within(it, month.first, month.last).is_some());
    match (within.next(), within.next()) {
        (Some(contract), None) => Ok(contract),
        (Some(_), Some(_)) => Err(Fault::invalid(fault::TWO_CONTRACTS).at(["contract"])),
        _ => Err(Fault::invalid(fault::NO_CONTRACT).at(["contract"])),
    }
}

fn terms(contract: &Contract) -> engine::Contract {
    engine::Contract {
        kind: match contract.kind {
            ContractKind::Indefinite => engine::ContractKind::Indefinite,
            ContractKind::Temporary => engine::ContractKind::Temporary,
        },
        starts_on: contract.starts_on.0,
        ends_on: contract.ends_on.map(|end| end.0),
    }
}

fn part_time(contract: &Contract) -> Option<PartTime> {
    let ratio = contract.working_time.0;
    let hours = contract.monthly_hours.map(|hours| hours.0);
    (ratio < Decimal::ONE).then_some(PartTime { ratio, hours })
}

/// The extra pays; those due now are earned over the contracts that this one continues.
fn extra_pays(known: Known<'_>, contract: &Contract, month: Month) -> ExtraPays {
    ExtraPays {
        count: u32::try_from(contract.extra_pay_months.len()).unwrap_or_default(),
        amount: monthly_salary(contract),
        prorated: contract.extra_pays_prorated,
        paid_now: extra_pay_due(
            &chain(known.contracts, contract),
            successor(known.contracts, contract),
            month,
        ),
    }
}

/// The contract that continues another with other terms.
fn successor<'c>(all: &'c [Contract], contract: &Contract) -> Option<&'c Contract> {
    all.iter().find(|it| it.continues_id == Some(contract.id))
}

/// A contract after those that it continues, the earliest first.
fn chain<'c>(all: &'c [Contract], last: &'c Contract) -> Vec<&'c Contract> {
    let mut chain = vec![last];
    let mut before = last.continues_id;
    while let Some(found) = before.and_then(|id| all.iter().find(|it| it.id == id)) {
        if chain.iter().any(|it| it.id == found.id) {
            break;
        }
        chain.push(found);
        before = found.continues_id;
    }
    chain.reverse();
    chain
}

fn absence_days(known: Known<'_>, from: NaiveDate, to: NaiveDate) -> u32 {
    let counted = known.absences.iter().map(|absence| {
        let (start, end) = (absence.starts_on.0.max(from), absence.ends_on.0.min(to));
        days(start, end).max(0)
    });
    u32::try_from(counted.sum::<i64>()).unwrap_or_default()
}

fn situation(
    known: Known<'_>,
    contract: &Contract,
    family: &FamilySituation,
    year: i32,
) -> TaxSituation {
    let annual = known
        .contracts
        .iter()
        .map(|it| annual_salary(it) * part_of_year(it, year))
        .sum();
    let short = contract.kind == ContractKind::Temporary
        && contract.ends_on.is_some_and(|end| {
            end.0
                .succ_opt()
                .and_then(|after| after.years_since(contract.seniority_from.0))
                == Some(0)
        });
    TaxSituation {
        situation: u8::try_from(family.situation).unwrap_or_default(),
        descendants: family.descendants().iter().map(descendant).collect(),
        ascendants: family.ascendants().iter().map(ascendant).collect(),
        disability: u8::try_from(family.disability).unwrap_or(u8::MAX),
        needs_assistance: family.needs_assistance,
        mobility: family.mobility,
        home_loan: family.home_loan,
        region: match family.region {
            TaxRegion::Common => Region::Common,
            TaxRegion::CeutaMelilla => Region::CeutaMelilla,
            TaxRegion::LaPalma => Region::LaPalma,
        },
        contract_under_a_year: short,
        special_employment: family.special_employment,
        voluntary_rate: family.voluntary_rate.map(|rate| rate.0),
        ..TaxSituation::single(annual, known.employee.birth_date.0.year())
    }
}

fn descendant(one: &crate::family::DescendantInput) -> Descendant {
    Descendant {
        birth_year: one.birth_year,
        adopted_in: one.adopted_in,
        shared: one.shared,
        disability: u8::try_from(one.disability).unwrap_or(u8::MAX),
        needs_assistance: one.needs_assistance,
    }
}

fn ascendant(one: &crate::family::AscendantInput) -> Ascendant {
    Ascendant {
        birth_year: one.birth_year,
        shared_by: u32::try_from(one.shared_by).unwrap_or_default(),
        disability: u8::try_from(one.disability).unwrap_or(u8::MAX),
        needs_assistance: one.needs_assistance,
    }
}

fn advances(known: Known<'_>) -> Vec<engine::Advance> {
    let due = known.advances.iter().filter_map(|advance| {
        let outstanding = advance.outstanding() + known.taken(advance.id.uuid());
        (outstanding > Decimal::ZERO).then(|| engine::Advance {
            code: format!("{ADVANCE}{}", advance.id.uuid()),
            label: Text::new("Anticipo a cuenta", "Advance on pay"),
            outstanding,
            instalment: advance.instalment.0,
        })
    });
    due.collect()
}

fn orders(known: Known<'_>) -> Vec<Order> {
    let due = known.garnishments.iter().filter_map(|row| {
        let outstanding = row.outstanding() + known.taken(row.id.uuid());
        let monthly = row.monthly_amount.unwrap_or_default().0;
        (outstanding > Decimal::ZERO).then(|| Order {
            code: format!("{GARNISHMENT}{}", row.id.uuid()),
            label: Text::new(
                format!("Embargo {}", row.reference),
                format!("Garnishment {}", row.reference),
            ),
            priority: u32::try_from(row.priority).unwrap_or_default(),
            outstanding,
            basis: match row.basis {
                GarnishmentBasis::Scale => Basis::Scale,
                GarnishmentBasis::Fixed => Basis::Fixed(monthly),
            },
        })
    });
    due.collect()
}

/// The year so far. The rate is regularised when the pay foreseen for the year, the terms or the
/// family changed within it (RIRPF, art. 87.2). Who leaves before their time is none of its cases:
/// what was withheld stays, and the last month is not lowered to make up for it.
fn year_to_date(
    known: Known<'_>,
    contract: &Contract,
    month: Month,
    foreseen: Decimal,
) -> YearToDate {
    let begun = known.so_far.taxable.0 > Decimal::ZERO;
    let new_year = NaiveDate::from_ymd_opt(month.first.year(), 1, 1).unwrap_or(month.first);
    let hired = known.employee.hired_on.0;
    let after_start = |day: NaiveDate| day > new_year.max(hired) && day <= month.last;
    let stays = contract.ends_on.is_none_or(|end| end.0 > month.last);
    let changed = known
        .families
        .iter()
        .any(|row| after_start(row.valid_from.0))
        || (contract.continues_id.is_some() && after_start(contract.starts_on.0))
        || (stays && !known.so_far.foresaw(foreseen));
    YearToDate {
        taxable_paid: known.so_far.taxable.0,
        tax_withheld: known.so_far.tax.0,
        regularise: begun && changed,
    }
}

fn days(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days() + 1
}

/// Half away from zero, to the cent.
pub(super) fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
