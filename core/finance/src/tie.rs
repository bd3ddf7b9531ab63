//! Whether the sub-ledger of open items agrees with the ledger, account by account, on any day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId};
use kernel::{Dec, Result, Tx};
use ledger::balance::Slice;
use ledger::schema::account;
use rust_decimal::Decimal;

use crate::open_item::OpenItemSide;
use crate::setting;

/// An account of what is owed: what the ledger says, and what the open items say.
#[derive(Clone, Debug, PartialEq)]
pub struct SubLedger {
    /// The account.
    pub account: AccountId,
    /// Its code.
    pub code: String,
    /// The balance in the ledger, debit above zero, in the currency of the books.
    pub ledger: Decimal,
    /// What the open items come to, in the same sense.
    pub items: Decimal,
}

impl SubLedger {
    /// What the ledger has more than the items; zero when they agree.
    pub fn difference(&self) -> Decimal {
        self.ledger - self.items
    }
}

#[derive(QueryableByName)]
struct Sum {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    side: OpenItemSide,
    #[diesel(sql_type = Numeric)]
    amount: Dec,
}

/// Every account of what is owed of a company at the end of a day, in the order of codes. An entry
/// posted by hand to one of them shows as a difference. Needs `ledger.report.read`.
pub async fn ties_out(tx: &mut Tx, company: CompanyId, as_of: NaiveDate) -> Result<Vec<SubLedger>> {
    let setting = setting::load(tx, company).await?;
    let mut items: BTreeMap<String, Decimal> = BTreeMap::from([
        (setting.payable_account.clone(), Decimal::ZERO),
        (setting.receivable_account.clone(), Decimal::ZERO),
    ]);
    for sum in sums(tx, company, as_of).await? {
        *items.entry(sum.code).or_default() += sum.amount.0 * Decimal::from(sum.side.sign());
    }
    let codes: Vec<&str> = items.keys().map(String::as_str).collect();
    let accounts: Vec<(AccountId, String)> = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq(company))
        .filter(account::code.eq_any(codes))
        .order(account::code)
        .select((account::id, account::code))
        .load(tx.conn())
        .await?;
    let ids: Vec<AccountId> = accounts.iter().map(|(id, _)| *id).collect();
    let balances = ledger::balance::as_of(tx, company, &ids, as_of, Slice::Whole).await?;
    let of = |(id, code): (AccountId, String)| SubLedger {
        account: id,
        ledger: balances.get(&id).map(|one| one.net()).unwrap_or_default(),
        items: items.get(&code).copied().unwrap_or_default(),
        code,
    };
    Ok(accounts.into_iter().map(of).collect())
}

/// What the items of an account come to on a day: their amounts, less the exchange differences that
/// settlements took away.
async fn sums(tx: &mut Tx, company: CompanyId, as_of: NaiveDate) -> Result<Vec<Sum>> {
    Ok(diesel::sql_query(
        "SELECT code, side, sum(amount) AS amount FROM ( \
             SELECT account_code AS code, side, company_amount AS amount FROM finance.open_item \
             WHERE organisation_id = $1 AND company_id = $2 AND posted_on <= $3 \
             UNION ALL \
             SELECT o.account_code, o.side, a.credit_company - a.charge_company \
             FROM finance.allocation a JOIN finance.open_item o \
                 ON o.organisation_id = a.organisation_id AND o.id = a.charge_id \
             WHERE a.organisation_id = $1 AND a.company_id = $2 AND a.allocated_on <= $3 \
                 AND a.entry_id IS NOT NULL) parts \
         GROUP BY code, side",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .bind::<SqlDate, _>(as_of)
    .load(tx.conn())
    .await?)
}
