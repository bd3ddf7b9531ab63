//! The general ledger of an account: its lines in order of day, with the running balance.
//!
//! The balance before a page is the balance of the day before its first line, from the balance
//! rows, and that day's earlier lines: a page costs the same at any depth.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId, EntryLineId};
use kernel::page::{DEFAULT_SIZE, MAX_SIZE};
use kernel::{CurrencyCode, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::check_range;
use crate::account::Account;
use crate::balance::{self, Slice};
use crate::entry::EntryLine;
use crate::permission::REPORT_READ;
use crate::schema::{account, entry_line};

/// What a general ledger is asked for.
#[derive(Clone, Debug)]
pub struct GeneralLedgerRequest {
    /// The account.
    pub account: AccountId,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// How many lines; 50 when absent, 250 at most.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
}

/// A page of an account's general ledger.
#[derive(Clone, Debug)]
pub struct GeneralLedger {
    /// The account.
    pub account: Account,
    /// The currency of the books.
    pub currency: CurrencyCode,
    /// The balance before the first day: debit above zero.
    pub opening: Decimal,
    /// The balance at the end of the last day.
    pub closing: Decimal,
    /// The lines, each with its cursor.
    pub lines: Vec<LedgerLine>,
    /// Whether more follow.
    pub has_next: bool,
}

/// A line of an account with the balance after it.
#[derive(Clone, Debug)]
pub struct LedgerLine {
    /// Its cursor.
    pub cursor: String,
    /// The line.
    pub line: EntryLine,
    /// The account's balance after it, in the currency of the books.
    pub balance: Decimal,
}

/// A page of an account's general ledger.
pub async fn general_ledger(tx: &mut Tx, request: GeneralLedgerRequest) -> Result<GeneralLedger> {
    tx.require(REPORT_READ)?;
    check_range(request.from, request.to)?;
    let size = request.first.unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Fault::invalid("kernel.page_too_large")
            .with("most", MAX_SIZE)
            .into());
    }
    let after = request.after.as_deref().map(open).transpose()?;
    let account = visible_account(tx, request.account).await?;
    let company = account.company_id;
    let currency = crate::chart::require_book(tx, company).await?;
    let opening = before(tx, company, account.id, request.from).await?;
    let closing = match request.to.succ_opt() {
        Some(next) => before(tx, company, account.id, next).await?,
        None => opening,
    };
    let start = match after {
        Some((day, id)) if day >= request.from => {
            before(tx, company, account.id, day).await? + until(tx, account.id, day, id).await?
        }
        _ => opening,
    };
    let mut lines = read(tx, &request, after, i64::from(size) + 1).await?;
    let size = usize::try_from(size).unwrap_or_default();
    let has_next = lines.len() > size;
    lines.truncate(size);
    Ok(GeneralLedger {
        account,
        currency,
        opening,
        closing,
        lines: running(start, lines),
        has_next,
    })
}

fn running(start: Decimal, lines: Vec<EntryLine>) -> Vec<LedgerLine> {
    let mut balance = start;
    lines
        .into_iter()
        .map(|line| {
            balance += line.company_amount.0;
            LedgerLine {
                cursor: seal(line.posted_on.0, line.id),
                line,
                balance,
            }
        })
        .collect()
}

async fn visible_account(tx: &mut Tx, id: AccountId) -> Result<Account> {
    let found: Option<Account> = account::table
        .find((tx.organisation(), id))
        .select(Account::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let scope = tx.actor().scope(REPORT_READ);
    let visible = found.filter(|account| scope.covers(Some(account.company_id), None));
    let missing = || {
        Fault::not_found("ledger.account_unknown")
            .at(["accountId"])
            .with("code", id)
    };
    Ok(visible.ok_or_else(missing)?)
}

/// The balance at the beginning of a day.
async fn before(
    tx: &mut Tx,
    company: CompanyId,
    account: AccountId,
    day: NaiveDate,
) -> Result<Decimal> {
    let Some(eve) = day.pred_opt() else {
        return Ok(Decimal::ZERO);
    };
    let all = balance::as_of(tx, company, &[account], eve, Slice::Whole).await?;
    Ok(all
        .get(&account)
        .map(balance::Balance::net)
        .unwrap_or_default())
}

/// What an account's lines of a day add up to, as far as one of them.
async fn until(
    tx: &mut Tx,
    account: AccountId,
    day: NaiveDate,
    id: EntryLineId,
) -> Result<Decimal> {
    let sum: Option<Decimal> = entry_line::table
        .filter(entry_line::organisation_id.eq(tx.organisation()))
        .filter(entry_line::account_id.eq(account))
        .filter(entry_line::posted_on.eq(day))
        .filter(entry_line::id.le(id))
        .select(diesel::dsl::sum(entry_line::company_amount))
        .get_result(tx.conn())
        .await?;
    Ok(sum.unwrap_or_default())
}

async fn read(
    tx: &mut Tx,
    request: &GeneralLedgerRequest,
    after: Option<(NaiveDate, EntryLineId)>,
    limit: i64,
) -> Result<Vec<EntryLine>> {
    let mut query = entry_line::table
        .filter(entry_line::organisation_id.eq(tx.organisation()))
        .filter(entry_line::account_id.eq(request.account))
        .filter(entry_line::posted_on.between(request.from, request.to))
        .order((entry_line::posted_on, entry_line::id))
        .limit(limit)
        .select(EntryLine::as_select())
        .into_boxed();
    if let Some((day, id)) = after {
        let later = entry_line::posted_on.gt(day);
        let same_day = entry_line::posted_on.eq(day).and(entry_line::id.gt(id));
        query = query
            .filter(entry_line::posted_on.ge(day))
            .filter(later.or(same_day));
    }
    Ok(query.load(tx.conn()).await?)
}

fn seal(day: NaiveDate, id: EntryLineId) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::json!([day, id]).to_string())
}

fn open(cursor: &str) -> Result<(NaiveDate, EntryLineId)> {
    let bad = || Fault::invalid("kernel.bad_cursor").at(["after"]);
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    Ok(serde_json::from_slice(&bytes).map_err(|_| bad())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_a_forged_one_is_refused() {
        let day = NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let id = EntryLineId::generate();
        assert_eq!(open(&seal(day, id)).unwrap(), (day, id));
        assert!(open("bm9wZQ").is_err());
    }
}
