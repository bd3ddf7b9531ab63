//! The general ledger of an account through the API: its lines with the running balance.

use std::collections::VecDeque;
use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::future::BoxFuture;
use kernel::ids::AccountId;
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};
use kernel::{CurrencyCode, Date, Fault, Money, Tx};
use ledger::report::{self, GeneralLedgerRequest};

use super::account::Account;
use super::line::EntryLine;
use crate::call::Call;
use crate::connection::{Listing, Rows, Slice};

/// A line of an account with the balance after it.
#[derive(Clone, SimpleObject)]
pub struct LedgerLine {
    /// The line.
    line: EntryLine,
    /// The account's balance after it, in the currency of the books: debit above zero.
    balance: Money,
}

impl LedgerLine {
    fn of(line: report::LedgerLine, currency: CurrencyCode) -> (String, Self) {
        let balance = Money::new(line.balance, currency);
        (
            line.cursor,
            Self {
                line: EntryLine::new(line.line),
                balance,
            },
        )
    }
}

/// An account's lines in a range of days.
pub struct GeneralLedger {
    request: GeneralLedgerRequest,
    report: report::GeneralLedger,
}

/// An account's lines in a range of days, in order, with the running balance.
#[Object]
impl GeneralLedger {
    /// The account.
    async fn account(&self) -> Account {
        Account(self.report.account.clone())
    }

    /// The first day.
    async fn from_date(&self) -> Date {
        Date(self.request.from)
    }

    /// The last day.
    async fn to_date(&self) -> Date {
        Date(self.request.to)
    }

    /// The balance before the first day: debit above zero.
    async fn opening(&self) -> Money {
        Money::new(self.report.opening, self.report.currency)
    }

    /// The balance at the end of the last day: debit above zero.
    async fn closing(&self) -> Money {
        Money::new(self.report.closing, self.report.currency)
    }

    /// The lines, each with the balance after it. `first` with `after` costs the same at any
    /// depth; `last`, `before` and `totalCount` read the range from its beginning.
    async fn lines(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<LedgerLine>> {
        let call = Call::of(graph)?;
        let slice = Slice::new(first, after, last, before);
        let request = self.request.clone();
        let page = call
            .read(move |tx| Box::pin(page(tx, request, slice)))
            .await?;
        let request = self.request.clone();
        let count = move |call: Call| -> BoxFuture<'static, Result<i64>> {
            let request = request.clone();
            Box::pin(async move { call.read(move |tx| Box::pin(count(tx, request))).await })
        };
        Ok(Listing::new(page, Arc::new(count)).into())
    }
}

async fn page(
    tx: &mut Tx,
    request: GeneralLedgerRequest,
    slice: Slice,
) -> kernel::Result<Page<LedgerLine>> {
    let forward = slice.first.is_some() || slice.after.is_some();
    if slice.last.is_some() || slice.before.is_some() {
        if forward {
            return Err(Fault::invalid("kernel.page_both_ends").into());
        }
        return backward(tx, request, slice).await;
    }
    let has_previous = slice.after.is_some();
    let request = GeneralLedgerRequest {
        first: slice.first,
        after: slice.after,
        ..request
    };
    let found = report::general_ledger(tx, request).await?;
    let rows = found
        .lines
        .into_iter()
        .map(|line| LedgerLine::of(line, found.currency))
        .collect();
    Ok(Page {
        rows,
        has_next: found.has_next,
        has_previous,
    })
}

/// The last lines of the range, or the last ones before a cursor.
async fn backward(
    tx: &mut Tx,
    request: GeneralLedgerRequest,
    slice: Slice,
) -> kernel::Result<Page<LedgerLine>> {
    let size = slice.last.unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        return Err(Fault::invalid("kernel.page_too_large")
            .with("most", MAX_SIZE)
            .into());
    }
    let size = usize::try_from(size).unwrap_or_default();
    let mut rows = VecDeque::new();
    let (mut has_next, mut has_previous) = (false, false);
    let mut walk = Walk::new(request);
    'walk: while let Some(found) = walk.next(tx).await? {
        for line in found.lines {
            if slice.before.as_ref() == Some(&line.cursor) {
                has_next = true;
                break 'walk;
            }
            rows.push_back(LedgerLine::of(line, found.currency));
            if rows.len() > size {
                rows.pop_front();
                has_previous = true;
            }
        }
    }
    if slice.before.is_some() && !has_next {
        return Err(Fault::invalid("kernel.bad_cursor").into());
    }
    Ok(Page {
        rows: rows.into(),
        has_next,
        has_previous,
    })
}

async fn count(tx: &mut Tx, request: GeneralLedgerRequest) -> kernel::Result<i64> {
    let mut walk = Walk::new(request);
    let mut lines = 0;
    while let Some(found) = walk.next(tx).await? {
        lines += found.lines.len();
    }
    Ok(i64::try_from(lines).unwrap_or(i64::MAX))
}

/// Goes through a whole range, page by page.
struct Walk(Option<GeneralLedgerRequest>);

impl Walk {
    fn new(request: GeneralLedgerRequest) -> Self {
        Self(Some(GeneralLedgerRequest {
            first: Some(MAX_SIZE),
            after: None,
            ..request
        }))
    }

    async fn next(&mut self, tx: &mut Tx) -> kernel::Result<Option<report::GeneralLedger>> {
        let Some(request) = self.0.take() else {
            return Ok(None);
        };
        let found = report::general_ledger(tx, request.clone()).await?;
        if let (true, Some(last)) = (found.has_next, found.lines.last()) {
            self.0 = Some(GeneralLedgerRequest {
                after: Some(last.cursor.clone()),
                ..request
            });
        }
        Ok(Some(found))
    }
}

/// Looks at general ledgers.
#[derive(Default)]
pub struct GeneralLedgerQuery;

#[Object]
impl GeneralLedgerQuery {
    /// The general ledger of an account for a range of days. Needs `ledger.report.read`.
    async fn general_ledger(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The account.")] account_id: AccountId,
        #[graphql(desc = "The first day.")] from_date: Date,
        #[graphql(desc = "The last day.")] to_date: Date,
    ) -> Result<GeneralLedger> {
        let request = GeneralLedgerRequest {
            account: account_id,
            from: from_date.0,
            to: to_date.0,
            first: None,
            after: None,
        };
        let summary = GeneralLedgerRequest {
            first: Some(1),
            ..request.clone()
        };
        let call = Call::of(graph)?;
        let report = call
            .read(move |tx| Box::pin(report::general_ledger(tx, summary)))
            .await?;
        Ok(GeneralLedger { request, report })
    }
}
