//! Reports over the books: trial balance and general ledger.

mod general_ledger;
mod trial_balance;

pub use general_ledger::{GeneralLedger, GeneralLedgerRequest, LedgerLine, general_ledger};
pub use trial_balance::{TrialBalance, TrialBalanceRequest, TrialBalanceRow, trial_balance};

use chrono::NaiveDate;
use kernel::{Fault, Result};

fn check_range(from: NaiveDate, to: NaiveDate) -> Result<()> {
    if from > to {
        return Err(Fault::invalid("kernel.dates_out_of_order")
            .at(["to"])
            .into());
    }
    Ok(())
}
