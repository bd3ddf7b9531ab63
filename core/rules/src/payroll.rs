//! One payslip: from what a company knows of an employee and a month to explained lines.
//!
//! The rates, tables, limits and steps stand in the pack. Here stand the typed input, the checks of
//! its shape, and what is not law but arithmetic of the payslip: the company's own earnings, the
//! order of deductions, and the totals.

mod calculate;
mod input;
mod named;
mod result;
mod situation;

pub use calculate::{calculate, contributions, withholding};
pub use input::{
    Advance, Contract, ContractKind, Deduction, Earning, ExtraPays, Overtime, PartTime,
    PayslipInput, Period, YearToDate,
};
pub use result::{Bases, Carried, Contributions, PayslipResult, Withholding};
pub use situation::{Ascendant, Descendant, Region, TaxSituation};

#[cfg(test)]
mod tests;
