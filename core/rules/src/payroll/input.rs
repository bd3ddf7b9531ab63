//! What a payslip is computed from.

use std::collections::BTreeMap;

use chrono::{Datelike, Months, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::situation::TaxSituation;
use crate::fault::{RuleError, Text};
use crate::formula::Formula;
use crate::garnishment::Order;

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Period {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
}

impl Period {
    /// A month of a year; checked when it is used.
    pub fn new(year: i32, month: u32) -> Self {
        Self { year, month }
    }

    /// The first day; `None` when there is no such month.
    pub fn first_day(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(self.year, self.month, 1)
    }

    /// The last day, which chooses the pack and the dated figures.
    pub fn last_day(self) -> Option<NaiveDate> {
        self.first_day()?
            .checked_add_months(Months::new(1))?
            .pred_opt()
    }

    /// Days of the month.
    pub fn days(self) -> Option<u32> {
        self.last_day().map(|day| day.day())
    }
}

/// Whether a contract has an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractKind {
    /// Without an end.
    Indefinite,
    /// With an end.
    Temporary,
}

/// The contract as far as a payslip needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Its kind, which chooses the unemployment rate.
    pub kind: ContractKind,
    /// First day.
    pub starts_on: NaiveDate,
    /// Last day, included.
    pub ends_on: Option<NaiveDate>,
}

/// Part-time work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartTime {
    /// The part of the full time, above 0 and up to 1.
    pub ratio: Decimal,
    /// Hours agreed for a whole month, of which the days with pay take their part; when absent they
    /// follow from the ratio.
    pub hours: Option<Decimal>,
}

/// Extra pays of a year. `count` 0 means that the salary already holds them (12 payments).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraPays {
    /// How many a year.
    pub count: u32,
    /// Gross of one of them, in euros.
    pub amount: Decimal,
    /// Whether a twelfth of their sum is paid every month.
    pub prorated: bool,
    /// Gross paid in this month, when not prorated.
    pub paid_now: Decimal,
}

/// Pay for overtime in the month, in euros.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overtime {
    /// By force majeure.
    pub force_majeure: Decimal,
    /// Any other.
    pub other: Decimal,
}

/// An earning that the company defines: a complement, a bonus, a one-off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earning {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: Text,
    /// Euros; rounded to cents on its line.
    pub amount: Decimal,
    /// Whether it counts for the social security base.
    pub in_ss_base: bool,
    /// Whether it is taxed.
    pub taxable: bool,
    /// The rule that gave the amount, such as the formula's text.
    pub rule: String,
    /// The values that entered the rule.
    pub inputs: Vec<(String, String)>,
}

impl Earning {
    /// A fixed amount, inside the base and taxed.
    pub fn fixed(code: &str, label: Text, amount: Decimal) -> Self {
        Self {
            code: code.to_owned(),
            label,
            amount,
            in_ss_base: true,
            taxable: true,
            rule: "fixed".to_owned(),
            inputs: Vec::new(),
        }
    }

    /// The result of a formula over the given values, inside the base and taxed.
    pub fn by_formula(
        code: &str,
        label: Text,
        formula: &Formula,
        values: &BTreeMap<String, Decimal>,
    ) -> Result<Self, RuleError> {
        let amount = formula
            .evaluate(values)
            .map_err(|problem| RuleError::Formula {
                place: code.to_owned(),
                problem,
            })?;
        let used = formula
            .variables()
            .filter_map(|name| Some((name.to_owned(), values.get(name)?.to_string())));
        let (rule, inputs) = (formula.text().to_owned(), used.collect());
        Ok(Self {
            rule,
            inputs,
            ..Self::fixed(code, label, amount)
        })
    }
}

/// An amount the company or a third party takes from the net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deduction {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: Text,
    /// Euros.
    pub amount: Decimal,
}

/// An advance on pay that is being given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advance {
    /// Stable code.
    pub code: String,
    /// What a person reads.
    pub label: Text,
    /// Euros still owed before this payslip.
    pub outstanding: Decimal,
    /// Euros to take each month, at most.
    pub instalment: Decimal,
}

/// What the year has seen before this payslip.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct YearToDate {
    /// Taxable pay.
    pub taxable_paid: Decimal,
    /// Tax withheld.
    pub tax_withheld: Decimal,
    /// Whether the rate is computed anew over what is left of the year.
    pub regularise: bool,
}

/// Everything a payslip needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayslipInput {
    /// The month.
    pub period: Period,
    /// The contract; its dates give the days of the month.
    pub contract: Contract,
    /// Contribution group, 1 to 11.
    pub contribution_group: u8,
    /// Part-time work, if any.
    pub part_time: Option<PartTime>,
    /// Days of the month without pay, inside the contract.
    pub unpaid_absence_days: u32,
    /// Gross agreed for a whole month, already for the part time, in euros.
    pub monthly_salary: Decimal,
    /// Extra pays.
    pub extra_pays: ExtraPays,
    /// Overtime pay.
    pub overtime: Overtime,
    /// Rate of accidents at work and occupational diseases of the employer, in per cent.
    pub accident_rate: Decimal,
    /// The company's own earnings.
    pub earnings: Vec<Earning>,
    /// What the rate of withholding depends on.
    pub tax: TaxSituation,
    /// What the year has seen.
    pub year_to_date: YearToDate,
    /// Seizures of the pay.
    pub garnishments: Vec<Order>,
    /// Advances.
    pub advances: Vec<Advance>,
    /// Other deductions.
    pub deductions: Vec<Deduction>,
}

impl PayslipInput {
    /// A whole month of full-time work for a salary in 12 payments; the rest is set on the fields.
    pub fn new(
        period: Period,
        contract: Contract,
        contribution_group: u8,
        monthly_salary: Decimal,
        tax: TaxSituation,
    ) -> Self {
        Self {
            period,
            contract,
            contribution_group,
            part_time: None,
            unpaid_absence_days: 0,
            monthly_salary,
            extra_pays: ExtraPays::default(),
            overtime: Overtime::default(),
            accident_rate: Decimal::ZERO,
            earnings: Vec::new(),
            tax,
            year_to_date: YearToDate::default(),
            garnishments: Vec::new(),
            advances: Vec::new(),
            deductions: Vec::new(),
        }
    }
}
