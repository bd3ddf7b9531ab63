//! What one may be allowed to do with the books; every permission can be limited to companies.

use kernel::{Predicate, Result, Tx};

kernel::permissions! {
    /// See charts of accounts, journals, fiscal years, periods and dimensions.
    ACCOUNT_READ = "ledger.account.read";
    /// Install and change charts of accounts, journals and dimensions.
    ACCOUNT_MANAGE = "ledger.account.manage";
    /// See journal entries and their lines.
    ENTRY_READ = "ledger.entry.read";
    /// Post journal entries by hand.
    ENTRY_POST = "ledger.entry.post";
    /// Reverse journal entries.
    ENTRY_REVERSE = "ledger.entry.reverse";
    /// Open fiscal years, close and reopen periods, post into soft-closed ones.
    PERIOD_MANAGE = "ledger.period.manage";
    /// See balances, trial balances and general ledgers.
    REPORT_READ = "ledger.report.read";
}

/// The rows of a table of this schema that the actor may see by a permission.
pub(crate) fn visible(tx: &Tx, permission: kernel::Permission, table: &str) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let column = |name| kernel::page::quoted("ledger", table, name);
    let own = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(own.and(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        None,
    )))
}
