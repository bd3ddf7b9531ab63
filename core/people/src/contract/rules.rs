//! What follows from the terms of contracts: monthly and yearly pay, extra pays, overlaps. Pure.

use chrono::{Datelike, Months, NaiveDate};
use directory::check::Input;
use kernel::{Date, Fault};
use rust_decimal::{Decimal, RoundingStrategy};

use super::{Contract, SalaryPeriod};
use crate::fault;

/// A month as its first and last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl Month {
    /// A month of a year; `None` when there is no such month.
    pub fn of(year: i32, month: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
        Some(Self { first, last })
    }

    /// How many days it has.
    pub fn days(self) -> u32 {
        self.last.day()
    }

    /// Its number, 1 to 12.
    pub fn number(self) -> u32 {
        self.first.month()
    }

    /// Its year.
    pub fn year(self) -> i32 {
        self.first.year()
    }
}

fn cents(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn count(value: usize) -> Decimal {
    Decimal::from(value)
}

/// Gross of a whole month. A yearly salary is divided by twelve and the extra pays, to the cent.
pub fn monthly_salary(contract: &Contract) -> Decimal {
    match contract.salary_period {
        SalaryPeriod::Month => contract.salary.0,
        SalaryPeriod::Year => {
            cents(contract.salary.0 / (Decimal::from(12) + count(contract.extra_pay_months.len())))
        }
    }
}

/// Gross of a whole year, extra pays included.
pub fn annual_salary(contract: &Contract) -> Decimal {
    match contract.salary_period {
        SalaryPeriod::Year => contract.salary.0,
        SalaryPeriod::Month => {
            contract.salary.0 * (Decimal::from(12) + count(contract.extra_pay_months.len()))
        }
    }
}

/// The days of a contract within some days; `None` when there are none.
pub fn days_within(
    contract: &Contract,
    from: NaiveDate,
    to: NaiveDate,
) -> Option<(NaiveDate, NaiveDate)> {
    let start = contract.starts_on.0.max(from);
    let end = contract.ends_on.map_or(to, |end| end.0.min(to));
    (start <= end).then_some((start, end))
}

/// The part of a year that a contract covers: whole months are twelfths, others count by
/// thirtieths.
pub fn part_of_year(contract: &Contract, year: i32) -> Decimal {
    let months = (1..=12).filter_map(|month| Month::of(year, month));
    let thirtieths: i64 = months
        .filter_map(|month| {
            let (from, to) = days_within(contract, month.first, month.last)?;
            let whole = (from, to) == (month.first, month.last);
            Some(if whole {
                30
            } else {
                ((to - from).num_days() + 1).min(30)
            })
        })
        .sum();
    Decimal::from(thirtieths) / Decimal::from(360)
}

/// The extra pay due in a month: earned from the month after the last one was paid to the end of
/// this one, or to the last day of who leaves. `chain` are the contracts that this one continues
/// and itself, the earliest first; each earns at its own salary. Half away from zero, to the cent.
///
/// Extra pays (Estatuto de los Trabajadores, art. 31) are earned as the work is done. So where
/// `next`, the contract that continues this one, prorates them or has none, what is open is paid
/// off in this contract's last month, as it is to who leaves. An amendment made after that month
/// was posted leaves it to a correction of the month.
pub fn extra_pay_due(chain: &[&Contract], next: Option<&Contract>, month: Month) -> Decimal {
    let Some(current) = chain.last().filter(|it| !it.extra_pays_prorated) else {
        return Decimal::ZERO;
    };
    let months = &current.extra_pay_months;
    let now = i32::try_from(month.first.month()).unwrap_or_default();
    if months.is_empty() || !(months.contains(&now) || is_paid_off(current, next, month)) {
        return Decimal::ZERO;
    }
    let window = window(months, now);
    let next = if months.contains(&now) {
        0
    } else {
        until_next(months, now)
    };
    let length = Decimal::from((window + next) * 30);
    let Some(from) = month.first.checked_sub_months(Months::new(window - 1)) else {
        return Decimal::ZERO;
    };
    let earned = chain
        .iter()
        .filter(|it| !it.extra_pays_prorated)
        .map(|contract| monthly_salary(contract) * thirtieths(contract, from, month.last) / length);
    cents(earned.sum())
}

/// Whether what is open of the extra pays is paid in this month because none will be due later.
fn is_paid_off(current: &Contract, next: Option<&Contract>, month: Month) -> bool {
    let ends = current
        .ends_on
        .is_some_and(|end| end.0 >= month.first && end.0 <= month.last);
    let goes_on = |next: &Contract| !next.extra_pays_prorated && !next.extra_pay_months.is_empty();
    ends && (!current.is_amended() || next.is_some_and(|next| !goes_on(next)))
}

/// Months since the last extra pay, this one included.
fn window(months: &[i32], now: i32) -> u32 {
    let back = (1..=12).find(|back| months.contains(&((now - back - 1).rem_euclid(12) + 1)));
    u32::try_from(back.unwrap_or(12)).unwrap_or(12)
}

/// Months until the next extra pay.
fn until_next(months: &[i32], now: i32) -> u32 {
    let ahead = (1..=12).find(|ahead| months.contains(&((now + ahead - 1).rem_euclid(12) + 1)));
    u32::try_from(ahead.unwrap_or(12)).unwrap_or(12)
}

fn thirtieths(contract: &Contract, from: NaiveDate, to: NaiveDate) -> Decimal {
    let mut first = from;
    let mut days = 0;
    while let Some(month) = Month::of(first.year(), first.month()).filter(|it| it.first <= to) {
        if let Some((start, end)) = days_within(contract, month.first, month.last) {
            let whole = (start, end) == (month.first, month.last);
            days += if whole {
                30
            } else {
                ((end - start).num_days() + 1).min(30)
            };
        }
        match first.checked_add_months(Months::new(1)) {
            Some(next) => first = next,
            None => break,
        }
    }
    Decimal::from(days)
}

/// Notes an overlap with other contracts of the employee.
pub(super) fn check_overlap(row: &Contract, others: &[Contract], under: &str, input: &mut Input) {
    let clash = others.iter().find(|other| {
        let (start, end) = (other.starts_on, other.ends_on);
        other.id != row.id
            && row.ends_on.is_none_or(|mine| mine >= start)
            && end.is_none_or(|theirs| theirs >= row.starts_on)
    });
    input.check(clash.is_none(), || {
        let start = clash.map(|it| it.starts_on.to_string()).unwrap_or_default();
        Fault::conflict(fault::CONTRACTS_OVERLAP)
            .with("start", start)
            .at(format!("{under}startsOn").split('.'))
    });
}

/// Terms change from the first day of a month, within the contract; from its very first day they
/// may always be put right.
pub(super) fn check_amendment(seen: &Contract, from: Date, input: &mut Input) {
    let within = from >= seen.starts_on && seen.ends_on.is_none_or(|end| from <= end);
    input.check(within, || {
        Fault::invalid(fault::OUTSIDE_CONTRACT).at(["effectiveOn"])
    });
    input.check(from.0.day() == 1 || from == seen.starts_on, || {
        Fault::invalid(fault::NOT_FIRST_OF_MONTH).at(["effectiveOn"])
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::contract::ContractKind;
    use kernel::Dec;
    use kernel::ids::{CompanyId, ContractId, EmployeeId, OrganisationId};
    use rust_decimal::dec;

    pub(crate) fn day(year: i32, month: u32, day: u32) -> Date {
        Date(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    pub(crate) fn contract(starts_on: Date, ends_on: Option<Date>) -> Contract {
        Contract {
            organisation_id: OrganisationId::generate(),
            id: ContractId::generate(),
            company_id: CompanyId::generate(),
            employee_id: EmployeeId::generate(),
            kind: ContractKind::Indefinite,
            starts_on,
            ends_on,
            seniority_from: starts_on,
            continues_id: None,
            end_reason: None,
            working_time: Dec(Decimal::ONE),
            monthly_hours: None,
            salary: Dec(dec!(28000)),
            salary_period: SalaryPeriod::Year,
            extra_pay_months: vec![6, 12],
            extra_pays_prorated: false,
            contribution_group: 5,
            occupation: "Oficial".into(),
            occupation_code: None,
            professional_group: None,
            agreement: None,
            accident_rate: Dec(Decimal::ONE),
            created_at: Default::default(),
            version: 1,
        }
    }

    fn due(contract: &Contract, year: i32, month: u32) -> Decimal {
        extra_pay_due(&[contract], None, Month::of(year, month).unwrap())
    }

    #[test]
    fn a_yearly_salary_is_fourteen_payments() {
        let contract = contract(day(2020, 1, 1), None);
        assert_eq!(monthly_salary(&contract), dec!(2000));
        assert_eq!(annual_salary(&contract), dec!(28000));
        assert_eq!(part_of_year(&contract, 2026), Decimal::ONE);
        let monthly = Contract {
            salary_period: SalaryPeriod::Month,
            salary: Dec(dec!(2000)),
            ..contract
        };
        assert_eq!(annual_salary(&monthly), dec!(28000));
    }

    #[test]
    fn extra_pays_fall_in_their_months_alone() {
        let contract = contract(day(2020, 1, 1), None);
        assert_eq!(due(&contract, 2026, 6), dec!(2000));
        assert_eq!(due(&contract, 2026, 12), dec!(2000));
        assert_eq!(due(&contract, 2026, 7), Decimal::ZERO);
        let prorated = Contract {
            extra_pays_prorated: true,
            ..contract
        };
        assert_eq!(due(&prorated, 2026, 6), Decimal::ZERO);
    }

    #[test]
    fn who_joins_in_mid_term_gets_the_earned_part() {
        assert_eq!(due(&contract(day(2026, 4, 1), None), 2026, 6), dec!(1000));
        assert_eq!(
            due(&contract(day(2026, 4, 16), None), 2026, 6),
            dec!(833.33)
        );
    }

    #[test]
    fn who_leaves_gets_what_was_earned_since_the_last() {
        let leaver = contract(day(2020, 1, 1), Some(day(2026, 9, 30)));
        assert_eq!(due(&leaver, 2026, 9), dec!(1000));
        let amended = Contract {
            end_reason: Some("AMENDED".into()),
            ..leaver
        };
        assert_eq!(due(&amended, 2026, 9), Decimal::ZERO);
    }

    #[test]
    fn what_is_earned_is_paid_off_when_extra_pays_are_prorated_or_given_up() {
        let before = Contract {
            end_reason: Some("AMENDED".into()),
            ..contract(day(2020, 1, 1), Some(day(2026, 9, 30)))
        };
        let after = contract(day(2026, 10, 1), None);
        let prorated = Contract {
            extra_pays_prorated: true,
            ..after.clone()
        };
        let without = Contract {
            extra_pay_months: Vec::new(),
            ..after.clone()
        };
        let due =
            |next, month| extra_pay_due(&[&before], Some(next), Month::of(2026, month).unwrap());
        for next in [&prorated, &without] {
            assert_eq!(due(next, 9), dec!(1000), "July to September of six months");
            assert_eq!(due(next, 8), Decimal::ZERO);
        }
        assert_eq!(due(&after, 9), Decimal::ZERO, "it goes on to be earned");
        let december = Month::of(2026, 12).unwrap();
        let later = extra_pay_due(&[&before, &prorated], None, december);
        assert_eq!(later, Decimal::ZERO, "and is not paid twice");
    }

    #[test]
    fn a_rise_in_mid_term_is_earned_from_its_day() {
        let before = contract(day(2020, 1, 1), Some(day(2026, 3, 31)));
        let after = Contract {
            salary: Dec(dec!(42000)),
            ..contract(day(2026, 4, 1), None)
        };
        let due = extra_pay_due(&[&before, &after], None, Month::of(2026, 6).unwrap());
        assert_eq!(due, dec!(2500));
    }

    #[test]
    fn overlaps_are_found_and_touching_is_none() {
        let row = contract(day(2026, 1, 1), Some(day(2026, 6, 30)));
        for (start, end, clashes) in [
            (day(2026, 6, 30), None, true),
            (day(2026, 7, 1), None, false),
            (day(2025, 1, 1), Some(day(2025, 12, 31)), false),
            (day(2025, 1, 1), Some(day(2026, 1, 1)), true),
        ] {
            let mut input = Input::new();
            check_overlap(&row, &[contract(start, end)], "", &mut input);
            assert_eq!(input.finish().is_err(), clashes, "{start}");
        }
    }
}
