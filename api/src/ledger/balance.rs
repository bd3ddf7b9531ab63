//! The balance of an account at the end of a day, loaded for all accounts of a request at once.

use std::collections::BTreeMap;

use async_graphql::{Context, OneofObject, Result, SimpleObject};
use chrono::NaiveDate;
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::ids::{AccountId, CompanyId, DepartmentId};
use kernel::{CurrencyCode, Date, Money, Tx};
use ledger::account::Account as AccountRow;
use ledger::balance::{self, Balance, Slice};
use ledger::dimension::DimensionValueId;
use ledger::permission::REPORT_READ;
use uuid::Uuid;

use crate::call::Call;
use crate::loader::Part;

/// The balance of an account at the end of a day, of its own lines alone.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccountBalance {
    /// The day.
    as_of_date: Date,
    /// All debits so far, in the currency of the books.
    debit: Money,
    /// All credits so far, in the currency of the books.
    credit: Money,
    /// Debits less credits, in the currency of the books.
    net: Money,
    /// Debits less credits in each currency posted.
    by_currency: Vec<Money>,
}

impl AccountBalance {
    fn of(date: NaiveDate, books: CurrencyCode, balance: &Balance) -> Self {
        let own = |(currency, amount): &(CurrencyCode, _)| Money::new(*amount, *currency);
        Self {
            as_of_date: Date(date),
            debit: Money::new(balance.debit, books),
            credit: Money::new(balance.credit, books),
            net: Money::new(balance.net(), books),
            by_currency: balance.by_currency.iter().map(own).collect(),
        }
    }
}

/// A part of the lines of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, OneofObject)]
pub enum LedgerSlice {
    /// Those of a department.
    DepartmentId(DepartmentId),
    /// Those with a value of a dimension.
    DimensionValueId(DimensionValueId),
}

impl LedgerSlice {
    /// The slice as the ledger knows it; all lines when there is none.
    pub fn of(slice: Option<Self>) -> Slice {
        match slice {
            Some(Self::DepartmentId(id)) => Slice::Department(id),
            Some(Self::DimensionValueId(id)) => Slice::Value(id),
            None => Slice::Whole,
        }
    }
}

/// What balances are asked for together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    company: CompanyId,
    date: NaiveDate,
    slice: Option<LedgerSlice>,
}

/// An account's balance by all that it depends on: the key of its loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BalanceKey {
    account: AccountId,
    question: Option<Question>,
}

impl TypedId for BalanceKey {
    const PREFIX: &'static str = AccountId::PREFIX;

    fn from_uuid(uuid: Uuid) -> Self {
        Self {
            account: AccountId(uuid),
            question: None,
        }
    }

    fn uuid(self) -> Uuid {
        self.account.0
    }
}

impl Part for AccountBalance {
    type Of = BalanceKey;

    /// One statement for each day and slice that a request asks for.
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [BalanceKey],
    ) -> BoxFuture<'t, kernel::Result<Vec<(BalanceKey, Self)>>> {
        Box::pin(async move {
            let mut asked: BTreeMap<Question, Vec<AccountId>> = BTreeMap::new();
            for key in ids {
                if let Some(question) = key.question {
                    asked.entry(question).or_default().push(key.account);
                }
            }
            let mut answers = Vec::with_capacity(ids.len());
            for (question, accounts) in asked {
                let Question {
                    company,
                    date,
                    slice,
                } = question;
                let slice = LedgerSlice::of(slice);
                let books = ledger::chart::require_book(tx, company).await?;
                let found = balance::as_of(tx, company, &accounts, date, slice).await?;
                for account in accounts {
                    let balance = found.get(&account).cloned().unwrap_or_default();
                    let key = BalanceKey {
                        account,
                        question: Some(question),
                    };
                    answers.push((key, Self::of(date, books, &balance)));
                }
            }
            Ok(answers)
        })
    }
}

/// The balance of an account at the end of a day; null when the viewer may not see it.
pub async fn as_of(
    graph: &Context<'_>,
    account: &AccountRow,
    date: Date,
    slice: Option<LedgerSlice>,
) -> Result<Option<AccountBalance>> {
    let call = Call::of(graph)?;
    let company = account.company_id;
    if !call.actor().scope(REPORT_READ).covers(Some(company), None) {
        return Ok(None);
    }
    let question = Question {
        company,
        date: date.0,
        slice,
    };
    let key = BalanceKey {
        account: account.id,
        question: Some(question),
    };
    Ok(call.parts::<AccountBalance>(key).await?.into_iter().next())
}
