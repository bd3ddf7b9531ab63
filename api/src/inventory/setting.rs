//! What a company decides about its stock, through the API.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::FutureExt;
use futures::future::BoxFuture;
use inventory::account::{
    self, StockAccount as AccountRow, StockAccountPurpose, StockSetting as SettingRow,
    StockSettingsSetInput,
};
use kernel::Tx;
use kernel::id::TypedId;
use kernel::ids::CompanyId;
use uuid::Uuid;

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::directory::company::Company;
use crate::failure::UserError;
use crate::inventory::reach;

/// Where a company posts something of its stock.
#[derive(SimpleObject)]
pub struct StockAccount {
    /// What is posted.
    purpose: StockAccountPurpose,
    /// The code of the account in the company's chart.
    account: String,
}

/// What a company decides about its stock.
pub struct StockSettings {
    setting: SettingRow,
    accounts: Vec<AccountRow>,
}

/// What a company decides about its stock.
#[Object]
impl StockSettings {
    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        reach::company(graph, self.setting.company_id).await
    }

    /// Whether stock may go below zero, to be made good by what comes later.
    async fn allows_negative(&self) -> bool {
        self.setting.allows_negative
    }

    /// Where it is posted: every purpose, with the company's own account or the default.
    async fn accounts(&self) -> Vec<StockAccount> {
        let accounts = self.accounts.iter().map(|row| StockAccount {
            purpose: row.purpose,
            account: row.account_code.clone(),
        });
        accounts.collect()
    }
}

/// What deciding about stock gives.
#[derive(SimpleObject)]
pub struct StockSettingsSetPayload {
    /// What the company has decided.
    stock_settings: Option<StockSettings>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for StockSettingsSetPayload {
    type Record = StockSettings;

    fn done(settings: StockSettings) -> Self {
        Self {
            stock_settings: Some(settings),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            stock_settings: None,
            user_errors,
        }
    }
}

impl Kept for StockSettings {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.setting.company_id.uuid())
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let company: Uuid = serde_json::from_value(kept.clone())?;
            read(tx, CompanyId(company)).await
        }
        .boxed()
    }
}

async fn read(tx: &mut Tx, company: CompanyId) -> kernel::Result<StockSettings> {
    Ok(StockSettings {
        setting: account::setting(tx, company).await?,
        accounts: account::of_company(tx, company).await?,
    })
}

/// Looks at what companies decide about their stock.
#[derive(Default)]
pub struct StockSettingQuery;

#[Object]
impl StockSettingQuery {
    /// What a company decides about its stock. Needs `inventory.item.read`.
    async fn stock_settings(
        &self,
        graph: &Context<'_>,
        company: CompanyId,
    ) -> Result<StockSettings> {
        Call::of(graph)?
            .read(move |tx| read(tx, company).boxed())
            .await
    }
}

/// Acts on what companies decide about their stock.
#[derive(Default)]
pub struct StockSettingMutation;

#[Object]
impl StockSettingMutation {
    /// Names accounts of a company's stock, and says whether it may go below zero. Needs
    /// `inventory.item.manage`.
    async fn stock_settings_set(
        &self,
        graph: &Context<'_>,
        input: StockSettingsSetInput,
    ) -> Result<StockSettingsSetPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let company = input.company;
                account::set(tx, input).await?;
                read(tx, company).await
            })
        })
        .await
    }
}
