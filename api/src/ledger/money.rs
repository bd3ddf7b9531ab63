//! Amounts in two currencies, and the currency of a company's books.

use std::collections::BTreeSet;

use async_graphql::{Result, SimpleObject};
use futures::future::BoxFuture;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Dec, Error, Money, Tx};
use ledger::EntryLine as LineRow;

use crate::call::Call;
use crate::failure;
use crate::loader::Part;

/// An amount in the currency of its document and in that of the company's books.
#[derive(Clone, Debug, SimpleObject)]
pub struct MoneyPair {
    /// In the currency of the document.
    document: Money,
    /// In the currency of the books.
    company: Money,
    /// Units of the books' currency for one of the document's.
    rate: Dec,
}

impl MoneyPair {
    /// An amount in both currencies.
    pub fn new(document: Money, company: Money, rate: Dec) -> Self {
        Self {
            document,
            company,
            rate,
        }
    }

    /// The amount of a line: debit above zero, credit below.
    pub fn of(line: &LineRow, books: CurrencyCode) -> Self {
        Self {
            document: Money::new(line.amount.0, line.currency),
            company: Money::new(line.company_amount.0, books),
            rate: line.rate,
        }
    }

    /// The same amount of the other side.
    pub fn turned(self) -> Self {
        let turn = |money: Money| Money::new(-money.amount.0, money.currency_code);
        Self {
            document: turn(self.document),
            company: turn(self.company),
            rate: self.rate,
        }
    }

    /// Whether it is a debit.
    pub fn is_debit(&self) -> bool {
        self.company.amount.0.is_sign_positive()
    }
}

/// The currency of a company's books.
#[derive(Clone, Copy)]
struct Books(CurrencyCode);

impl Part for Books {
    type Of = CompanyId;

    /// A statement a company: the records of a page seldom belong to more than a few.
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [CompanyId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(CompanyId, Self)>>> {
        Box::pin(async move {
            let mut found = Vec::new();
            for id in ids.iter().copied().collect::<BTreeSet<_>>() {
                found.push((id, Self(ledger::chart::require_book(tx, id).await?)));
            }
            Ok(found)
        })
    }
}

/// The currency of the books of a record's company.
pub async fn books(call: &Call, company: CompanyId) -> Result<CurrencyCode> {
    let found = call.parts::<Books>(company).await?.into_iter().next();
    let missing = || failure::of(call, Error::bug("a record of the ledger has no books"));
    found.map(|Books(currency)| currency).ok_or_else(missing)
}
