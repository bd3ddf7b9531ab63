//! What stock is worth beside the books, through the API.

use async_graphql::{Context, Object, Result};
use futures::FutureExt;
use inventory::valuation::{self, Reconciliation};
use kernel::ids::CompanyId;
use kernel::{Date, Money};
use rust_decimal::Decimal;

use crate::call::Call;

/// The value of a company's stock beside the balance of its accounts.
pub struct StockReconciliation(Reconciliation);

/// The value of a company's stock at the end of a day, beside the balance of its accounts in the
/// books.
#[Object]
impl StockReconciliation {
    /// The day at whose end both stand.
    async fn as_of_date(&self) -> Date {
        Date(self.0.as_of)
    }

    /// What the stock is worth.
    async fn stock_value(&self) -> Money {
        self.money(self.0.stock)
    }

    /// The balance of the accounts of stock.
    async fn ledger_balance(&self) -> Money {
        self.money(self.0.ledger)
    }

    /// What they differ by: zero, unless somebody posted to those accounts by hand.
    async fn difference(&self) -> Money {
        self.money(self.0.difference())
    }
}

impl StockReconciliation {
    fn money(&self, amount: Decimal) -> Money {
        Money::new(amount, self.0.currency).rounded()
    }
}

/// Looks at what stock is worth.
#[derive(Default)]
pub struct StockValuationQuery;

#[Object]
impl StockValuationQuery {
    /// The value of a company's stock beside the balance of its accounts in the books. Needs
    /// `inventory.cost.read` and `ledger.report.read`.
    async fn stock_reconciliation(
        &self,
        graph: &Context<'_>,
        company: CompanyId,
        #[graphql(desc = "At the end of this day.")] as_of: Date,
    ) -> Result<StockReconciliation> {
        let call = Call::of(graph)?;
        let day = as_of.0;
        let found = call.read(move |tx| valuation::reconcile(tx, company, day).boxed());
        Ok(StockReconciliation(found.await?))
    }
}
