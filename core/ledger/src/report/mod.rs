//! Reports over the books: trial balance and general ledger.

mod general_ledger;
mod general_ledger_report;
mod trial_balance;
mod trial_balance_report;

pub use general_ledger::{GeneralLedger, GeneralLedgerRequest, LedgerLine, general_ledger};
pub use general_ledger_report::GeneralLedgerReport;
pub use trial_balance::{TrialBalance, TrialBalanceRequest, TrialBalanceRow, trial_balance};
pub use trial_balance_report::TrialBalanceReport;

use chrono::NaiveDate;
use kernel::report::Reports;
use kernel::{Fault, Result};

/// Adds the reports of the ledger.
pub fn reports(reports: &mut Reports) {
    reports
        .register::<TrialBalanceReport>()
        .register::<GeneralLedgerReport>();
}

fn check_range(from: NaiveDate, to: NaiveDate) -> Result<()> {
    if from > to {
        return Err(Fault::invalid("kernel.dates_out_of_order")
            .at(["to"])
            .into());
    }
    Ok(())
}
