//! Payments through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::check::masked_iban;
use directory::permission::{BANK_ACCOUNT_READ, COMPANY_READ, PARTY_READ};
use finance::payment::{
    self, Payment as PaymentRow, PaymentDirection, PaymentFilter, PaymentRegisterInput,
    PaymentSort, PaymentSortField,
};
use finance::payment_order::{self, PaymentItem};
use finance::permission::{INVOICE_READ, PAYMENT_READ};
use futures::future::BoxFuture;
use kernel::ids::PaymentId;
use kernel::{CurrencyCode, Date, Dec, Money, Tx};
use ledger::permission::ENTRY_READ;

use super::open_item::OpenItem;
use super::payment_order::PaymentOrder;
use crate::act::{act, require_key, settle};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::loader::Part;
use crate::{noun, payload};

noun! {
    /// A payment.
    Payment of finance::payment as PaymentRow, PaymentId;
    listed by PaymentFilter, PaymentSortField
}

/// What a payment of an order is to settle.
#[derive(Clone)]
struct Planned(PaymentItem);

impl Part for Planned {
    type Of = PaymentId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [PaymentId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(PaymentId, Self)>>> {
        Box::pin(async move {
            let rows = payment_order::items_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.payment_id, Self(row)))
                .collect())
        })
    }
}

/// What a payment of an order settles.
pub struct PaymentSettlement {
    item: PaymentItem,
    currency: CurrencyCode,
}

/// What a payment of an order settles, or is to settle.
#[Object]
impl PaymentSettlement {
    /// How much of it; below zero for a credit note that is taken off.
    async fn amount(&self) -> Money {
        Money::new(self.item.amount.0, self.currency).rounded()
    }

    /// What is owed; null without `finance.invoice.read`.
    async fn open_item(&self, graph: &Context<'_>) -> Result<Option<OpenItem>> {
        link(graph, INVOICE_READ, Some(self.item.open_item_id)).await
    }
}

/// A payment: registered after it happened, or part of a payment order.
#[Object]
impl Payment {
    /// The payment.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// Which way the money went.
    async fn direction(&self) -> PaymentDirection {
        self.0.direction
    }

    /// From or to whom; null without `directory.party.read`.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.party_id)).await
    }

    /// The payment order that it is part of.
    async fn order(&self, graph: &Context<'_>) -> Result<Option<PaymentOrder>> {
        link(graph, PAYMENT_READ, self.0.order_id).await
    }

    /// Its place in the order, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The day.
    async fn paid_on(&self) -> Date {
        self.0.paid_on
    }

    /// How much.
    async fn amount(&self) -> Money {
        Money::new(self.0.amount.0, self.0.currency).rounded()
    }

    /// Units of the books' currency for one of the payment's.
    async fn rate(&self) -> Dec {
        self.0.rate
    }

    /// The code of the account of the bank or till.
    async fn account_code(&self) -> &str {
        &self.0.account_code
    }

    /// The account paid to, as it was when the order was drafted; masked without
    /// `directory.bank_account.read`.
    async fn iban(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let whole = Call::of(graph)?.actor().may(BANK_ACCOUNT_READ);
        let shown = |iban: &String| {
            if whole {
                iban.clone()
            } else {
                masked_iban(iban)
            }
        };
        Ok(self.0.iban.as_ref().map(shown))
    }

    /// The holder of that account.
    async fn holder(&self) -> Option<&str> {
        self.0.holder.as_deref()
    }

    /// What the other side reads.
    async fn reference(&self) -> &str {
        &self.0.reference
    }

    /// What a payment of an order settles, or is to settle.
    async fn settles(&self, graph: &Context<'_>) -> Result<Vec<PaymentSettlement>> {
        let parts = Call::of(graph)?.parts::<Planned>(self.0.id).await?;
        let currency = self.0.currency;
        let settled = |Planned(item)| PaymentSettlement { item, currency };
        Ok(parts.into_iter().map(settled).collect())
    }

    /// Its entry; null while its order is not sent, and without `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ENTRY_READ, self.0.entry_id).await
    }

    /// What is left of it, and what it settled; null while its order is not sent.
    async fn open_item(&self, graph: &Context<'_>) -> Result<Option<OpenItem>> {
        link(graph, INVOICE_READ, self.0.open_item_id).await
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
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
    /// What registering a payment gives.
    PaymentRegisterPayload {
        /// The payment.
        payment: Payment
    }
}

/// Looks at payments.
#[derive(Default)]
pub struct PaymentQuery;

#[Object]
impl PaymentQuery {
    /// A payment. Needs `finance.payment.read`.
    async fn payment(&self, graph: &Context<'_>, id: PaymentId) -> Result<Option<Payment>> {
        find(graph, id).await
    }

    /// Payments. Needs `finance.payment.read`.
    async fn payments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PaymentFilter>,
        sort: Option<PaymentSort>,
        search: Option<String>,
    ) -> Result<Connection<Payment>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on payments.
#[derive(Default)]
pub struct PaymentMutation;

#[Object]
impl PaymentMutation {
    /// Registers a payment that has happened, posts it and settles what is owed. Needs
    /// `finance.payment.manage` and, unless it is a dry run, an idempotency key.
    async fn payment_register(
        &self,
        graph: &Context<'_>,
        input: PaymentRegisterInput,
    ) -> Result<PaymentRegisterPayload> {
        if let Err(lacking) = require_key(graph, input.dry_run)? {
            return settle(Call::of(graph)?, Err(lacking));
        }
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Payment(payment::register(tx, input).await?)) })
        })
        .await
    }
}
