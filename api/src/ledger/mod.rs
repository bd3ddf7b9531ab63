//! The ledger through the API: charts, years and periods, journals, entries, balances, reports.
//!
//! Permissions are enforced below. A link to what the viewer may not see is null, and the record
//! names it among its `redactedFields`.

mod bulk;
mod link;

pub mod account;
pub mod balance;
pub mod chart;
pub mod dimension;
pub mod entry;
pub mod fiscal_year;
pub mod general_ledger;
pub mod journal;
pub mod line;
pub mod money;
pub mod period;
pub mod trial_balance;

use async_graphql::MergedObject;

/// The queries of the ledger.
#[derive(MergedObject, Default)]
pub struct LedgerQuery(
    chart::ChartQuery,
    account::AccountQuery,
    fiscal_year::FiscalYearQuery,
    period::PeriodQuery,
    journal::JournalQuery,
    dimension::DimensionQuery,
    entry::EntryQuery,
    trial_balance::TrialBalanceQuery,
    general_ledger::GeneralLedgerQuery,
);

/// The mutations of the ledger.
#[derive(MergedObject, Default)]
pub struct LedgerMutation(
    chart::ChartMutation,
    account::AccountMutation,
    fiscal_year::FiscalYearMutation,
    period::PeriodMutation,
    journal::JournalMutation,
    dimension::DimensionMutation,
    entry::EntryMutation,
    bulk::EntryBulkMutation,
);
