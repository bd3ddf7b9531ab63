//! Accounts through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use kernel::ids::AccountId;
use kernel::{CurrencyCode, Date, Fault};
use ledger::account::{
    self, Account as AccountRow, AccountArchiveInput, AccountCreateInput, AccountFilter,
    AccountKind, AccountSort, AccountSortField, AccountUpdateInput, NormalSide,
};
use ledger::permission::{ACCOUNT_MANAGE, ENTRY_POST, REPORT_READ};

use super::balance::{self, AccountBalance, LedgerSlice};
use super::link;
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// An account of a company's chart.
    Account of ledger::account as AccountRow, AccountId; listed by AccountFilter, AccountSortField
}

/// What the viewer may do with an account.
#[derive(SimpleObject)]
pub struct AccountViewerCan {
    /// Change it.
    update: Permission,
    /// Put it out of use; its balance must be zero then.
    archive: Permission,
    /// Post to it by hand.
    post: Permission,
}

/// An account of a company's chart. Detail accounts take postings, the others add up.
#[Object]
impl Account {
    /// The account.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its code, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.name(Call::of(graph)?.context().locale))
    }

    /// Its name in Spanish.
    async fn name_es(&self) -> &str {
        &self.0.name_es
    }

    /// Its name in English, if it has one.
    async fn name_en(&self) -> Option<&str> {
        self.0.name_en.as_deref()
    }

    /// What it measures.
    async fn kind(&self) -> AccountKind {
        self.0.kind
    }

    /// The side on which its balance normally lies.
    async fn normal_side(&self) -> NormalSide {
        self.0.normal_side
    }

    /// The account that it adds up into.
    async fn parent(&self, graph: &Context<'_>) -> Result<Option<Account>> {
        link::set_up(graph, self.0.parent_id).await
    }

    /// Whether lines may be posted to it.
    async fn is_postable(&self) -> bool {
        self.0.postable
    }

    /// The only currency that it takes, if it takes but one.
    async fn currency_code(&self) -> Option<CurrencyCode> {
        self.0.currency
    }

    /// Its balance at the end of a day, of its own lines alone; null without
    /// `ledger.report.read`.
    async fn balance(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "At the end of this day.")] as_of_date: Date,
        #[graphql(desc = "Only of these lines.")] slice: Option<LedgerSlice>,
    ) -> Result<Option<AccountBalance>> {
        balance::as_of(graph, &self.0, as_of_date, slice).await
    }

    /// Since when it takes no more postings.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let guarded = [(COMPANY_READ, "company"), (REPORT_READ, "balance")];
        link::redacted(graph, self.0.company_id, &guarded)
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AccountViewerCan> {
        let call = Call::of(graph)?;
        let row = &self.0;
        let may = |permission| {
            Permission::held(call, permission, |scope| {
                scope.covers(Some(row.company_id), None)
            })
        };
        let unless = |holds: bool, reason| match holds {
            true => Permission::refused(call, &Fault::not_allowed(reason).with("code", &row.code)),
            false => Permission::allowed(),
        };
        let is_archived = row.archived_at.is_some();
        let archive = may(ACCOUNT_MANAGE);
        let post = may(ENTRY_POST)
            .and(|| unless(!row.postable, "ledger.account_not_postable"))
            .and(|| unless(is_archived, "ledger.account_archived"));
        Ok(AccountViewerCan {
            update: may(ACCOUNT_MANAGE),
            archive: archive.and(|| unless(is_archived, "ledger.account_archived")),
            post,
        })
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
    /// What making an account gives.
    AccountCreatePayload {
        /// The account.
        account: Account
    }
    /// What changing an account gives.
    AccountUpdatePayload {
        /// The account.
        account: Account
    }
    /// What putting an account out of use gives.
    AccountArchivePayload {
        /// The account.
        account: Account
    }
}

/// Looks at accounts.
#[derive(Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// An account. Needs `ledger.account.read`.
    async fn account(&self, graph: &Context<'_>, id: AccountId) -> Result<Option<Account>> {
        find(graph, id).await
    }

    /// Accounts. Needs `ledger.account.read`.
    async fn accounts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AccountFilter>,
        sort: Option<AccountSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Account>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on accounts.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes an account. Needs `ledger.account.manage`.
    async fn account_create(
        &self,
        graph: &Context<'_>,
        input: AccountCreateInput,
    ) -> Result<AccountCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Account(account::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes an account's names, place or use. Needs `ledger.account.manage`.
    async fn account_update(
        &self,
        graph: &Context<'_>,
        input: AccountUpdateInput,
    ) -> Result<AccountUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Account(account::update(tx, input).await?)) })
        })
        .await
    }

    /// Puts an account out of use: one with no balance and no accounts in use below it. Needs
    /// `ledger.account.manage`.
    async fn account_archive(
        &self,
        graph: &Context<'_>,
        input: AccountArchiveInput,
    ) -> Result<AccountArchivePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Account(account::archive(tx, input).await?)) })
        })
        .await
    }
}
