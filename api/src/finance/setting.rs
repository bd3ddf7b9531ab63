//! Where finance posts for a company, through the API.

use async_graphql::{Context, ID, Object, Result};
use directory::permission::COMPANY_READ;
use finance::setting::{
    self, FinanceSetUpInput, FinanceSetting as SettingRow, FinanceSettingFilter,
    FinanceSettingSort, FinanceSettingSortField, FinanceSettingUpdateInput,
};
use kernel::CurrencyCode;
use kernel::ids::FinanceSettingId;

use crate::act::act;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::kernel::audit::{AuditEntry, history};
use crate::{noun, payload};

noun! {
    /// Where finance posts for a company.
    FinanceSetting of finance::setting as SettingRow, FinanceSettingId;
    listed by FinanceSettingFilter, FinanceSettingSortField
}

/// Where finance posts for a company: accounts of its chart, by their codes.
#[Object]
impl FinanceSetting {
    /// The setting.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The currency of its books.
    async fn currency_code(&self) -> CurrencyCode {
        self.0.currency
    }

    /// What is owed to suppliers.
    async fn payable_account(&self) -> &str {
        &self.0.payable_account
    }

    /// What customers owe.
    async fn receivable_account(&self) -> &str {
        &self.0.receivable_account
    }

    /// Purchases whose line names no account.
    async fn purchase_account(&self) -> &str {
        &self.0.purchase_account
    }

    /// Sales whose line names no account.
    async fn sales_account(&self) -> &str {
        &self.0.sales_account
    }

    /// The bank.
    async fn bank_account(&self) -> &str {
        &self.0.bank_account
    }

    /// Exchange losses.
    async fn exchange_loss_account(&self) -> &str {
        &self.0.exchange_loss_account
    }

    /// Exchange gains.
    async fn exchange_gain_account(&self) -> &str {
        &self.0.exchange_gain_account
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

payload! {
    /// What setting finance up gives.
    FinanceSetUpPayload {
        /// Where finance posts for the company.
        setting: FinanceSetting
    }
    /// What changing the accounts of finance gives.
    FinanceSettingUpdatePayload {
        /// Where finance posts for the company.
        setting: FinanceSetting
    }
}

/// Looks at where finance posts for companies.
#[derive(Default)]
pub struct FinanceSettingQuery;

#[Object]
impl FinanceSettingQuery {
    /// Where finance posts for a company. Needs `finance.invoice.read`.
    async fn finance_setting(
        &self,
        graph: &Context<'_>,
        id: FinanceSettingId,
    ) -> Result<Option<FinanceSetting>> {
        find(graph, id).await
    }

    /// Where finance posts for companies. Needs `finance.invoice.read`.
    async fn finance_settings(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<FinanceSettingFilter>,
        sort: Option<FinanceSettingSort>,
        search: Option<String>,
    ) -> Result<Connection<FinanceSetting>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on where finance posts.
#[derive(Default)]
pub struct FinanceSettingMutation;

#[Object]
impl FinanceSettingMutation {
    /// Sets finance up for a company whose chart is installed: the accounts that it posts to and,
    /// for a company in Spain, the taxes of its invoices. Needs `finance.tax.manage`.
    async fn finance_set_up(
        &self,
        graph: &Context<'_>,
        input: FinanceSetUpInput,
    ) -> Result<FinanceSetUpPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(FinanceSetting(setting::set_up(tx, input).await?)) })
        })
        .await
    }

    /// Changes where finance posts for a company from now on. Needs `finance.tax.manage`.
    async fn finance_setting_update(
        &self,
        graph: &Context<'_>,
        input: FinanceSettingUpdateInput,
    ) -> Result<FinanceSettingUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(FinanceSetting(setting::update(tx, input).await?)) })
        })
        .await
    }
}
