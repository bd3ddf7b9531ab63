//! What is owed, through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ};
use finance::open_item::{
    self, OpenItem as ItemRow, OpenItemAllocateInput, OpenItemFilter, OpenItemSide, OpenItemSort,
    OpenItemSortField,
};
use finance::permission::INVOICE_READ;
use futures::future::BoxFuture;
use kernel::ids::{InvoiceId, OpenItemId};
use kernel::{Date, Money, Tx};
use ledger::permission::ENTRY_READ;

use super::allocation::{OpenItemAllocation, SettledItem};
use super::invoice::Invoice;
use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::ledger::money::{MoneyPair, books};
use crate::loader::{Noun, Part};
use crate::noun;

noun! {
    /// Something that is owed, or to be set against what is owed.
    OpenItem of finance::open_item as ItemRow, OpenItemId;
    listed by OpenItemFilter, OpenItemSortField
}

impl Part for OpenItem {
    type Of = InvoiceId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [InvoiceId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(InvoiceId, Self)>>> {
        Box::pin(async move {
            let rows = open_item::of_invoices(tx, ids).await?;
            let of = |row: ItemRow| Some((row.invoice_id?, Self(row)));
            Ok(rows.into_iter().filter_map(of).collect())
        })
    }
}

/// Something that is owed, one for each instalment; below zero what is to be set against it: credit
/// notes and payments.
#[Object]
impl OpenItem {
    /// The item.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// Whether the company owes or is owed.
    async fn side(&self) -> OpenItemSide {
        self.0.side
    }

    /// To or by whom; null without `directory.party.read`.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.party_id)).await
    }

    /// The invoice or credit note; null for a payment.
    async fn invoice(&self, graph: &Context<'_>) -> Result<Option<Invoice>> {
        link(graph, INVOICE_READ, self.0.invoice_id).await
    }

    /// The entry that made it; null without `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ENTRY_READ, Some(self.0.entry_id)).await
    }

    /// The code of the account that it is part of.
    async fn account_code(&self) -> &str {
        &self.0.account_code
    }

    /// Its place among the instalments, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The day of the entry.
    async fn posted_on(&self) -> Date {
        self.0.posted_on
    }

    /// The day it falls due.
    async fn due_on(&self) -> Date {
        self.0.due_on
    }

    /// How much; below zero for credit notes and payments.
    async fn amount(&self, graph: &Context<'_>) -> Result<MoneyPair> {
        self.pair(graph, self.0.amount.0, self.0.company_amount.0)
            .await
    }

    /// How much of it is open.
    async fn remaining(&self, graph: &Context<'_>) -> Result<MoneyPair> {
        self.pair(graph, self.0.remaining.0, self.0.company_remaining.0)
            .await
    }

    /// How it was settled, in the order of the settlements.
    async fn allocations(&self, graph: &Context<'_>) -> Result<Vec<SettledItem>> {
        let parts = Call::of(graph)?
            .parts::<OpenItemAllocation>(self.0.id)
            .await?;
        Ok(parts
            .iter()
            .map(|part| part.money(self.0.currency))
            .collect())
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version.
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

impl OpenItem {
    async fn pair(
        &self,
        graph: &Context<'_>,
        document: rust_decimal::Decimal,
        company: rust_decimal::Decimal,
    ) -> Result<MoneyPair> {
        let own = books(Call::of(graph)?, self.0.company_id).await?;
        Ok(MoneyPair::new(
            Money::new(document, self.0.currency).rounded(),
            Money::new(company, own).rounded(),
            self.0.rate,
        ))
    }
}

/// Several open items of one act.
pub struct Items(Vec<OpenItem>);

impl Kept for Items {
    fn kept(&self) -> serde_json::Value {
        let ids: Vec<_> = self.0.iter().map(|item| item.0.id.0).collect();
        serde_json::json!(ids)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let ids: Vec<uuid::Uuid> = serde_json::from_value(kept.clone())?;
            let ids: Vec<OpenItemId> = ids.into_iter().map(OpenItemId).collect();
            Ok(Self(OpenItem::by_ids(tx, &ids).await?))
        })
    }
}

/// What settling open items gives.
#[derive(SimpleObject)]
pub struct OpenItemAllocatePayload {
    /// The items as they are now.
    open_items: Vec<OpenItem>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for OpenItemAllocatePayload {
    type Record = Items;

    fn done(items: Items) -> Self {
        Self {
            open_items: items.0,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            open_items: Vec::new(),
            user_errors,
        }
    }
}

/// Looks at what is owed.
#[derive(Default)]
pub struct OpenItemQuery;

#[Object]
impl OpenItemQuery {
    /// Something that is owed. Needs `finance.invoice.read`.
    async fn open_item(&self, graph: &Context<'_>, id: OpenItemId) -> Result<Option<OpenItem>> {
        find(graph, id).await
    }

    /// What is owed. Needs `finance.invoice.read`.
    async fn open_items(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<OpenItemFilter>,
        sort: Option<OpenItemSort>,
        search: Option<String>,
    ) -> Result<Connection<OpenItem>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on open items.
#[derive(Default)]
pub struct OpenItemMutation;

#[Object]
impl OpenItemMutation {
    /// Settles what is owed by credit notes and payments. Needs `finance.invoice.post`.
    async fn open_item_allocate(
        &self,
        graph: &Context<'_>,
        input: OpenItemAllocateInput,
    ) -> Result<OpenItemAllocatePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let rows = open_item::allocate(tx, input).await?;
                Ok(Items(rows.into_iter().map(OpenItem).collect()))
            })
        })
        .await
    }
}
