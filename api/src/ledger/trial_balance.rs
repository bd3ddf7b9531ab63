//! The trial balance through the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Date, Money};
use ledger::balance::Turnover;
use ledger::report::{self, TrialBalanceRequest, TrialBalanceRow as RowOfReport};

use super::account::Account;
use super::balance::LedgerSlice;
use super::link;
use crate::call::Call;
use crate::directory::company::Company;

/// A trial balance: what every account had, took in and gave out, and has.
pub struct TrialBalance {
    company: CompanyId,
    from: Date,
    to: Date,
    report: report::TrialBalance,
}

/// An account's row of a trial balance, with all accounts below it.
pub struct TrialBalanceRow {
    row: RowOfReport,
    currency: CurrencyCode,
}

/// Figures of a range of days, in the currency of the books.
#[derive(SimpleObject)]
pub struct TrialBalanceFigures {
    /// The balance before the first day: debit above zero.
    opening: Money,
    /// The debits of the range.
    debit: Money,
    /// The credits of the range.
    credit: Money,
    /// The balance at the end of the last day: debit above zero.
    closing: Money,
}

impl TrialBalanceFigures {
    fn of(turnover: &Turnover, currency: CurrencyCode) -> Self {
        Self {
            opening: Money::new(turnover.opening, currency),
            debit: Money::new(turnover.debit, currency),
            credit: Money::new(turnover.credit, currency),
            closing: Money::new(turnover.closing(), currency),
        }
    }
}

/// An account's row of a trial balance, with all accounts below it.
#[Object]
impl TrialBalanceRow {
    /// The account; `generalLedger` of it shows the lines behind a detail account's figures.
    async fn account(&self) -> Account {
        Account(self.row.account.clone())
    }

    /// Its depth in the chart, from 0.
    async fn depth(&self) -> u32 {
        self.row.depth
    }

    /// Its figures.
    async fn figures(&self) -> TrialBalanceFigures {
        TrialBalanceFigures::of(&self.row.turnover, self.currency)
    }
}

/// A trial balance: what every account had, took in and gave out, and has.
#[Object]
impl TrialBalance {
    /// The company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.company).await
    }

    /// The currency of the books.
    async fn currency_code(&self) -> CurrencyCode {
        self.report.currency
    }

    /// The first day.
    async fn from_date(&self) -> Date {
        self.from
    }

    /// The last day.
    async fn to_date(&self) -> Date {
        self.to
    }

    /// When it was drawn up: what was posted before is in it.
    async fn as_of_at(&self, graph: &Context<'_>) -> Result<DateTime<Utc>> {
        Ok(Call::of(graph)?.context().now)
    }

    /// A row for each account that has moved or stands above one that has, in the order of the
    /// chart.
    async fn rows(&self) -> Vec<TrialBalanceRow> {
        let row = |row: &RowOfReport| TrialBalanceRow {
            row: row.clone(),
            currency: self.report.currency,
        };
        self.report.rows.iter().map(row).collect()
    }

    /// The sum of all accounts: opening and closing are zero for the whole books, debit equals
    /// credit.
    async fn totals(&self) -> TrialBalanceFigures {
        TrialBalanceFigures::of(&self.report.total, self.report.currency)
    }
}

/// Looks at trial balances.
#[derive(Default)]
pub struct TrialBalanceQuery;

#[Object]
impl TrialBalanceQuery {
    /// The trial balance of a company for a range of days. Needs `ledger.report.read`.
    async fn trial_balance(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The company.")] company_id: CompanyId,
        #[graphql(desc = "The first day.")] from_date: Date,
        #[graphql(desc = "The last day.")] to_date: Date,
        #[graphql(desc = "Only of these lines.")] slice: Option<LedgerSlice>,
        #[graphql(desc = "How many levels of the chart; all when absent.")] levels: Option<u32>,
    ) -> Result<TrialBalance> {
        let request = TrialBalanceRequest {
            company: company_id,
            from: from_date.0,
            to: to_date.0,
            slice: LedgerSlice::of(slice),
            levels,
        };
        let call = Call::of(graph)?;
        let report = call
            .read(move |tx| Box::pin(report::trial_balance(tx, request)))
            .await?;
        Ok(TrialBalance {
            company: company_id,
            from: from_date,
            to: to_date,
            report,
        })
    }
}
