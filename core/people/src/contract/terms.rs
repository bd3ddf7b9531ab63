//! The terms of a contract as they come in, and what is wrong with them.

use async_graphql::{InputObject, MaybeUndefined};
use directory::check::{self, Input};
use kernel::ids::ContractId;
use kernel::{Date, Dec, Fault, Tx};
use rust_decimal::Decimal;

use super::{Contract, ContractKind, SalaryPeriod};
use crate::employee::Employee;
use crate::fault;

/// The highest salary of a period that is no slip of the pen.
const MOST_SALARY: i64 = 100_000_000;

/// The terms of work and pay.
#[derive(Clone, Debug, InputObject)]
pub struct ContractTermsInput {
    /// Whether it has an end.
    #[graphql(default_with = "ContractKind::Indefinite")]
    pub kind: ContractKind,
    /// First day.
    pub starts_on: Date,
    /// Last day, included; a temporary contract needs it.
    pub ends_on: Option<Date>,
    /// The day from which seniority counts; the first day when absent.
    pub seniority_from: Option<Date>,
    /// The part of the full time, above 0 and up to 1; full time when absent.
    pub working_time: Option<Dec>,
    /// Hours of a whole month, for part-time work.
    pub monthly_hours: Option<Dec>,
    /// Gross pay for its period and working time.
    pub salary: Dec,
    /// What the salary is agreed for.
    #[graphql(default_with = "SalaryPeriod::Year")]
    pub salary_period: SalaryPeriod,
    /// The months in which an extra pay is due; June and December when absent, none when empty.
    pub extra_pay_months: Option<Vec<i32>>,
    /// Whether a twelfth of the extra pays is paid every month instead.
    #[graphql(default)]
    pub extra_pays_prorated: bool,
    /// Contribution group, 1 to 11.
    pub contribution_group: i32,
    /// What they do.
    pub occupation: String,
    /// Its code in the national classification (CNO), up to four digits.
    pub occupation_code: Option<String>,
    /// Professional group of the agreement.
    pub professional_group: Option<String>,
    /// The collective agreement.
    pub agreement: Option<String>,
    /// Rate of accidents at work and occupational diseases, in per cent.
    #[graphql(default_with = "Dec(Decimal::ZERO)")]
    pub accident_rate: Dec,
}

/// What of the terms may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ContractTermsPatch {
    /// Whether it has an end.
    pub kind: Option<ContractKind>,
    /// Last day, included.
    pub ends_on: MaybeUndefined<Date>,
    /// The part of the full time.
    pub working_time: Option<Dec>,
    /// Hours of a whole month, for part-time work.
    pub monthly_hours: MaybeUndefined<Dec>,
    /// Gross pay for its period and working time.
    pub salary: Option<Dec>,
    /// What the salary is agreed for.
    pub salary_period: Option<SalaryPeriod>,
    /// The months in which an extra pay is due.
    pub extra_pay_months: Option<Vec<i32>>,
    /// Whether a twelfth of the extra pays is paid every month instead.
    pub extra_pays_prorated: Option<bool>,
    /// Contribution group, 1 to 11.
    pub contribution_group: Option<i32>,
    /// What they do.
    pub occupation: Option<String>,
    /// Its code in the national classification (CNO).
    pub occupation_code: MaybeUndefined<String>,
    /// Professional group of the agreement.
    pub professional_group: MaybeUndefined<String>,
    /// The collective agreement.
    pub agreement: MaybeUndefined<String>,
    /// Rate of accidents at work and occupational diseases, in per cent.
    pub accident_rate: Option<Dec>,
}

fn patched<T: Clone>(patch: &MaybeUndefined<T>, seen: &Option<T>) -> Option<T> {
    match patch {
        MaybeUndefined::Undefined => seen.clone(),
        MaybeUndefined::Null => None,
        MaybeUndefined::Value(value) => Some(value.clone()),
    }
}

impl ContractTermsPatch {
    /// The terms of a contract with these changes, from a day on.
    pub(super) fn applied_to(&self, seen: &Contract, from: Date) -> ContractTermsInput {
        ContractTermsInput {
            kind: self.kind.unwrap_or(seen.kind),
            starts_on: from,
            ends_on: patched(&self.ends_on, &seen.ends_on),
            seniority_from: Some(seen.seniority_from),
            working_time: Some(self.working_time.unwrap_or(seen.working_time)),
            monthly_hours: patched(&self.monthly_hours, &seen.monthly_hours),
            salary: self.salary.unwrap_or(seen.salary),
            salary_period: self.salary_period.unwrap_or(seen.salary_period),
            extra_pay_months: Some(
                self.extra_pay_months
                    .clone()
                    .unwrap_or_else(|| seen.extra_pay_months.clone()),
            ),
            extra_pays_prorated: self.extra_pays_prorated.unwrap_or(seen.extra_pays_prorated),
            contribution_group: self
                .contribution_group
                .unwrap_or_else(|| i32::from(seen.contribution_group)),
            occupation: self
                .occupation
                .clone()
                .unwrap_or_else(|| seen.occupation.clone()),
            occupation_code: patched(&self.occupation_code, &seen.occupation_code),
            professional_group: patched(&self.professional_group, &seen.professional_group),
            agreement: patched(&self.agreement, &seen.agreement),
            accident_rate: self.accident_rate.unwrap_or(seen.accident_rate),
        }
    }
}

impl ContractTermsInput {
    /// The contract of it, with every fault noted under a path.
    pub(crate) fn row(
        &self,
        tx: &Tx,
        employee: &Employee,
        id: ContractId,
        input: &mut Input,
        under: &str,
    ) -> Contract {
        let at = |field: &str| format!("{under}{field}");
        let mut months = self.extra_pay_months.clone().unwrap_or_else(|| vec![6, 12]);
        months.sort_unstable();
        self.check_dates(input, under);
        self.check_figures(&months, input, under);
        let optional = |value: &Option<String>| check::optional(value.as_deref(), 200);
        Contract {
            organisation_id: tx.organisation(),
            id,
            company_id: employee.company_id,
            employee_id: employee.id,
            kind: self.kind,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            seniority_from: self.seniority_from.unwrap_or(self.starts_on),
            continues_id: None,
            end_reason: None,
            working_time: self.working_time.unwrap_or(Dec(Decimal::ONE)),
            monthly_hours: self.monthly_hours,
            salary: self.salary,
            salary_period: self.salary_period,
            extra_pay_months: months,
            extra_pays_prorated: self.extra_pays_prorated,
            contribution_group: i16::try_from(self.contribution_group).unwrap_or_default(),
            occupation: input.take(&at("occupation"), check::text(&self.occupation, 200)),
            occupation_code: input.take(&at("occupationCode"), self.occupation_code()),
            professional_group: input
                .take(&at("professionalGroup"), optional(&self.professional_group)),
            agreement: input.take(&at("agreement"), optional(&self.agreement)),
            accident_rate: self.accident_rate,
            created_at: tx.now(),
            version: 1,
        }
    }

    fn occupation_code(&self) -> Result<Option<String>, Fault> {
        let code = check::optional(self.occupation_code.as_deref(), 4)?;
        match code {
            Some(code) if !code.chars().all(|c| c.is_ascii_digit()) => {
                Err(Fault::invalid(fault::OCCUPATION_CODE))
            }
            other => Ok(other),
        }
    }

    fn check_dates(&self, input: &mut Input, under: &str) {
        let fault =
            |reason, field: &str| Fault::invalid(reason).at(format!("{under}{field}").split('.'));
        input.check(self.ends_on.is_none_or(|end| end >= self.starts_on), || {
            fault(fault::DATES_OUT_OF_ORDER, "endsOn")
        });
        input.check(
            self.kind == ContractKind::Indefinite || self.ends_on.is_some(),
            || fault(fault::TEMPORARY_WITHOUT_END, "endsOn"),
        );
        input.check(
            self.seniority_from.is_none_or(|day| day <= self.starts_on),
            || fault(fault::DATES_OUT_OF_ORDER, "seniorityFrom"),
        );
    }

    fn check_figures(&self, months: &[i32], input: &mut Input, under: &str) {
        let fault =
            |reason, field: &str| Fault::invalid(reason).at(format!("{under}{field}").split('.'));
        input.check(
            !self.salary.is_sign_negative() || self.salary.is_zero(),
            || fault(fault::PAY_BELOW_ZERO, "salary"),
        );
        input.check(
            self.salary.0 <= Decimal::from(MOST_SALARY) && self.salary.scale() <= 2,
            || fault(fault::AMOUNT_OUT_OF_RANGE, "salary"),
        );
        input.check((1..=11).contains(&self.contribution_group), || {
            fault(fault::UNKNOWN_GROUP, "contributionGroup").with("group", self.contribution_group)
        });
        let time = self.working_time.unwrap_or(Dec(Decimal::ONE)).0;
        let fits = time > Decimal::ZERO && time <= Decimal::ONE && time.scale() <= 4;
        input.check(fits, || fault(fault::WORKING_TIME, "workingTime"));
        let hours = self.monthly_hours.map(|hours| hours.0);
        let fits = |hours: Decimal| hours > Decimal::ZERO && hours <= Decimal::from(744);
        input.check(hours.is_none_or(fits), || {
            fault(fault::MONTHLY_HOURS, "monthlyHours")
        });
        let rate = self.accident_rate.0;
        let fits = rate >= Decimal::ZERO && rate <= Decimal::from(20) && rate.scale() <= 2;
        input.check(fits, || fault(fault::ACCIDENT_RATE, "accidentRate"));
        let once = months
            .windows(2)
            .all(|two| matches!(two, [one, other] if one < other));
        let known = months.iter().all(|month| (1..=12).contains(month));
        input.check(once && known && months.len() <= 4, || {
            fault(fault::EXTRA_PAY_MONTHS, "extraPayMonths")
        });
    }
}
