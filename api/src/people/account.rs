//! Where a company posts its payroll, through the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::CompanyId;
use people::account::{
    self, PayrollAccount as AccountRow, PayrollAccountPurpose, PayrollAccountsSetInput,
};

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::people::reach::none_if_denied;

/// The account that a part of a company's payroll is posted to.
#[derive(SimpleObject)]
pub struct PayrollAccount {
    /// What is posted.
    purpose: PayrollAccountPurpose,
    /// The code of the account in the company's chart.
    account_code: String,
}

impl From<AccountRow> for PayrollAccount {
    fn from(row: AccountRow) -> Self {
        Self {
            purpose: row.purpose,
            account_code: row.account_code,
        }
    }
}

/// The accounts of a company.
pub struct Accounts {
    company: CompanyId,
    rows: Vec<AccountRow>,
}

impl Kept for Accounts {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.company)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move { accounts(tx, serde_json::from_value(kept.clone())?).await }.boxed()
    }
}

async fn accounts(tx: &mut Tx, company: CompanyId) -> kernel::Result<Accounts> {
    let rows = none_if_denied(account::of_company(tx, company).await)?;
    Ok(Accounts { company, rows })
}

/// What naming accounts gives.
#[derive(SimpleObject)]
pub struct PayrollAccountsSetPayload {
    /// All accounts of the company's payroll.
    payroll_accounts: Vec<PayrollAccount>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for PayrollAccountsSetPayload {
    type Record = Accounts;

    fn done(accounts: Accounts) -> Self {
        let payroll_accounts = accounts.rows.into_iter().map(Into::into).collect();
        Self {
            payroll_accounts,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            payroll_accounts: Vec::new(),
            user_errors,
        }
    }
}

/// Looks at the accounts of payroll.
#[derive(Default)]
pub struct PayrollAccountQuery;

#[Object]
impl PayrollAccountQuery {
    /// Where a company's payroll is posted: its own accounts, else those of the plan. Needs
    /// `people.payroll.read`.
    async fn payroll_accounts(
        &self,
        graph: &Context<'_>,
        company: CompanyId,
    ) -> Result<Vec<PayrollAccount>> {
        let read = Call::of(graph)?
            .read(move |tx| Box::pin(account::of_company(tx, company)))
            .await?;
        Ok(read.into_iter().map(Into::into).collect())
    }
}

/// Acts on the accounts of payroll.
#[derive(Default)]
pub struct PayrollAccountMutation;

#[Object]
impl PayrollAccountMutation {
    /// Names accounts that a company's payroll is posted to. Needs `people.payroll.post`.
    async fn payroll_accounts_set(
        &self,
        graph: &Context<'_>,
        input: PayrollAccountsSetInput,
    ) -> Result<PayrollAccountsSetPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let company = input.company;
                account::set(tx, input).await?;
                accounts(tx, company).await
            })
        })
        .await
    }
}
