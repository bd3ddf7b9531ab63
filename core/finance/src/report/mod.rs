//! The reports of finance: what is owed by age, the register of invoices, result and balance sheet.

mod aged;
mod statements;
mod vat_book;

pub use aged::{AgedPayables, AgedReceivables};
pub use statements::{BalanceSheet, IncomeStatement};
pub use vat_book::VatBook;

use chrono::NaiveDate;
use kernel::report::{ReportParameters, Reports};
use kernel::{Result, Tx};

/// Adds the reports of finance.
pub fn reports(reports: &mut Reports) {
    reports
        .register::<AgedPayables>()
        .register::<AgedReceivables>()
        .register::<VatBook>()
        .register::<IncomeStatement>()
        .register::<BalanceSheet>();
}

/// The day that a report is asked for; today in the company's zone when none is named.
async fn as_of(tx: &mut Tx, given: &ReportParameters) -> Result<NaiveDate> {
    if let Some(day) = given.as_of {
        return Ok(day.0);
    }
    let company = directory::company::load(tx, given.required_company()?).await?;
    Ok(tx.now().with_timezone(&company.tz()).date_naive())
}
