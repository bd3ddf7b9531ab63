//! What stock is worth at the end of a day, reconciled with the books; as a report, and the stock
//! card of an item that it leads to.

mod card;
mod report;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId};
use kernel::report::Reports;
use kernel::{CurrencyCode, Result, Tx};
use ledger::balance::Slice;
use rust_decimal::Decimal;

pub use card::StockCard;
pub use report::StockValuation;

use crate::account;
use crate::permission::COST_READ;
use crate::stock::holdings_at;

/// Adds the reports of stock.
pub fn reports(reports: &mut Reports) {
    reports.register::<StockValuation>().register::<StockCard>();
}

/// The value of stock beside the balance of its accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconciliation {
    /// The day as of whose end both stand.
    pub as_of: NaiveDate,
    /// The currency of the books.
    pub currency: CurrencyCode,
    /// What the stock is worth.
    pub stock: Decimal,
    /// The balance of its accounts in the books.
    pub ledger: Decimal,
}

impl Reconciliation {
    /// What they differ by: nothing, unless somebody posted to the accounts by hand.
    pub fn difference(&self) -> Decimal {
        self.stock - self.ledger
    }
}

/// Compares the value of a company's stock at the end of a day with the balance of its accounts.
/// Needs the right to see costs, and balances of the books.
pub async fn reconcile(tx: &mut Tx, company: CompanyId, day: NaiveDate) -> Result<Reconciliation> {
    tx.require_in(COST_READ, company, None)?;
    let row = directory::company::load(tx, company).await?;
    let levels = holdings_at(tx, company, day, None, None).await?;
    Ok(Reconciliation {
        as_of: day,
        currency: row.currency,
        stock: levels.iter().map(|level| level.value.0).sum(),
        ledger: booked(tx, company, day).await?,
    })
}

/// The balance of all accounts of stock at the end of a day.
pub(crate) async fn booked(tx: &mut Tx, company: CompanyId, day: NaiveDate) -> Result<Decimal> {
    use ledger::schema::account as t;
    let codes = account::stock_codes(tx, company).await?;
    let ids: Vec<AccountId> = t::table
        .filter(t::organisation_id.eq(tx.organisation()))
        .filter(t::company_id.eq(company))
        .filter(t::code.eq_any(codes))
        .select(t::id)
        .load(tx.conn())
        .await?;
    let balances = ledger::balance::as_of(tx, company, &ids, day, Slice::Whole).await?;
    Ok(balances.values().map(ledger::balance::Balance::net).sum())
}

/// A day in the company's zone: the one asked for, or today.
pub(crate) async fn day_of(
    tx: &mut Tx,
    company: CompanyId,
    asked: Option<kernel::Date>,
) -> Result<(NaiveDate, CurrencyCode)> {
    let row = directory::company::load(tx, company).await?;
    let today = tx.now().with_timezone(&row.tz()).date_naive();
    Ok((asked.map_or(today, |day| day.0), row.currency))
}
