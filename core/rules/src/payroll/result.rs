//! What a payslip says.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::explained::{Explained, Line, Notice, Side};
use crate::garnishment::Garnishment;

/// The contribution bases of the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bases {
    /// Of common contingencies and the intergenerational mechanism.
    pub common: Explained,
    /// Of accidents, unemployment, wage guarantee and training: with overtime.
    pub professional: Explained,
    /// Pay above the ceiling, which pays the solidarity contribution.
    pub solidarity_excess: Explained,
}

/// The social security of one month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributions {
    /// The bases.
    pub bases: Bases,
    /// Earnings by rule, and the contributions of employee and employer.
    pub lines: Vec<Line>,
    /// Gross pay.
    pub gross: Decimal,
    /// Sum of the employee's lines.
    pub employee: Decimal,
    /// Sum of the employer's lines.
    pub employer: Decimal,
    /// Every value with its reason, in order of computation.
    pub trace: Vec<Explained>,
    /// What a person should look at.
    pub notices: Vec<Notice>,
}

/// The rate of withholding of a year and how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withholding {
    /// Base of the rate, in euros a year.
    pub base: Decimal,
    /// Personal and family minimum, in euros a year.
    pub minimum: Decimal,
    /// Quota before the 43 % limit, in euros a year.
    pub full_quota: Decimal,
    /// Quota after limits, territory and reliefs, in euros a year.
    pub quota: Decimal,
    /// Rate in per cent, two decimals.
    pub rate: Decimal,
    /// What the rate takes from the annual pay, in euros.
    pub annual_amount: Decimal,
    /// Every value with its reason, in order of computation.
    pub trace: Vec<Explained>,
}

/// A deduction that the net could not bear whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Code of the deduction or advance.
    pub code: String,
    /// Euros that were due and not taken.
    pub amount: Decimal,
}

/// A payslip.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PayslipResult {
    /// Id of the pack.
    pub pack: String,
    /// Version of the pack.
    pub version: String,
    /// The bases.
    pub bases: Bases,
    /// Every line: earnings, employee, tax, deductions, employer.
    pub lines: Vec<Line>,
    /// Sum of the earnings.
    pub gross: Decimal,
    /// Social security of the employee.
    pub employee_contributions: Decimal,
    /// What the tax is taken from this month.
    pub taxable_pay: Decimal,
    /// Tax withheld.
    pub tax: Decimal,
    /// Garnishments, advances and other deductions.
    pub deductions: Decimal,
    /// What is paid: gross less contributions, tax and deductions. Below zero only with a notice,
    /// when contributions exceed the pay.
    pub net: Decimal,
    /// Social security of the employer.
    pub employer_contributions: Decimal,
    /// Gross and social security of the employer.
    pub employer_cost: Decimal,
    /// How the rate came about.
    pub withholding: Withholding,
    /// The seizure of pay, when there are orders.
    pub garnishment: Option<Garnishment>,
    /// What the net could not bear.
    pub carried: Vec<Carried>,
    /// Taxable pay of the year, with this payslip.
    pub taxable_to_date: Decimal,
    /// Tax withheld in the year, with this payslip.
    pub withheld_to_date: Decimal,
    /// Every value with its reason, in order of computation.
    pub trace: Vec<Explained>,
    /// What a person should look at.
    pub notices: Vec<Notice>,
}

impl PayslipResult {
    /// The lines of a side.
    pub fn lines_of(&self, side: Side) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.side == side)
    }

    /// The sum of a side.
    pub fn total(&self, side: Side) -> Decimal {
        self.lines_of(side).map(Line::amount).sum()
    }

    /// The line with a code.
    pub fn line(&self, code: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.code() == code)
    }

    /// A value of the computation with its reason.
    pub fn explained(&self, code: &str) -> Option<&Explained> {
        self.trace.iter().find(|value| value.code == code)
    }
}
