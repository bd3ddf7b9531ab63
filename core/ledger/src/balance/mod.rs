//! Balances: turnover by account, day and month, kept as entries are posted.
//!
//! A posting adds to rows of a shard that it has for itself until it ends (an advisory lock that is
//! only ever tried, never waited for, unless sixty-four postings of a company run at once), so that
//! hot accounts make nobody wait. Because the rows change in the posting's own transaction, every
//! snapshot adds up to zero. A balance as of a day reads the months before and the days of the last
//! month: some hundred rows, however many lines there are.

mod store;

pub(crate) use store::add;
pub use store::{Drift, verify};

use std::collections::HashMap;

use chrono::{Datelike, NaiveDate};
use kernel::ids::{AccountId, CompanyId, DepartmentId};
use kernel::{CurrencyCode, Fault, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::dimension::DimensionValueId;
use crate::permission::REPORT_READ;

/// Accounts of one question at most.
const ACCOUNT_LIMIT: usize = 1_000;

/// Which part of an account's lines a balance is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slice {
    /// All of them.
    #[default]
    Whole,
    /// Those of a department.
    Department(DepartmentId),
    /// Those with a value of a dimension.
    Value(DimensionValueId),
}

impl Slice {
    pub(crate) fn key(self) -> Uuid {
        match self {
            Self::Whole => Uuid::nil(),
            Self::Department(id) => id.0,
            Self::Value(id) => id.0,
        }
    }
}

/// The balance of an account on a day, at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Balance {
    /// All debits so far, in the currency of the books.
    pub debit: Decimal,
    /// All credits so far, in the currency of the books.
    pub credit: Decimal,
    /// The balance in each currency posted: debit above zero.
    pub by_currency: Vec<(CurrencyCode, Decimal)>,
}

impl Balance {
    /// Debits less credits, in the currency of the books.
    pub fn net(&self) -> Decimal {
        self.debit - self.credit
    }
}

/// An account's turnover in a range of days, in the currency of the books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turnover {
    /// The balance before the first day: debit above zero.
    pub opening: Decimal,
    /// The debits of the range.
    pub debit: Decimal,
    /// The credits of the range.
    pub credit: Decimal,
}

impl Turnover {
    /// The balance at the end of the last day.
    pub fn closing(&self) -> Decimal {
        self.opening + self.debit - self.credit
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            opening: self.opening + other.opening,
            debit: self.debit + other.debit,
            credit: self.credit + other.credit,
        }
    }

    /// Whether nothing has ever moved.
    pub fn is_empty(&self) -> bool {
        self.opening.is_zero() && self.debit.is_zero() && self.credit.is_zero()
    }
}

/// The balances of accounts of a company at the end of a day; accounts without lines are absent.
/// At most a thousand accounts at once.
pub async fn as_of(
    tx: &mut Tx,
    company: CompanyId,
    accounts: &[AccountId],
    date: NaiveDate,
    slice: Slice,
) -> Result<HashMap<AccountId, Balance>> {
    tx.require_in(REPORT_READ, company, None)?;
    if accounts.len() > ACCOUNT_LIMIT {
        return Err(Fault::invalid("ledger.slice_too_long")
            .with("most", ACCOUNT_LIMIT)
            .into());
    }
    store::as_of(tx, company, accounts, date, slice).await
}

/// The turnover of every account of a company in a range of days.
pub(crate) async fn turnover(
    tx: &mut Tx,
    company: CompanyId,
    from: NaiveDate,
    to: NaiveDate,
    slice: Slice,
) -> Result<HashMap<AccountId, Turnover>> {
    store::turnover(tx, company, from, to, slice).await
}

/// Whether an account's balance is zero over all time.
pub(crate) async fn is_zero(tx: &mut Tx, company: CompanyId, account: AccountId) -> Result<bool> {
    let all = store::as_of(tx, company, &[account], NaiveDate::MAX, Slice::Whole).await?;
    Ok(all
        .get(&account)
        .is_none_or(|balance| balance.net().is_zero()))
}

/// The first day of a day's month.
pub(crate) fn month_of(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}
