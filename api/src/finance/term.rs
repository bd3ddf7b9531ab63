//! Terms of payment through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use finance::term::{
    self, PaymentTerm as TermRow, PaymentTermAnchor, PaymentTermArchiveInput,
    PaymentTermCreateInput, PaymentTermFilter, PaymentTermSort, PaymentTermSortField,
};
use kernel::Dec;
use kernel::ids::PaymentTermId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::kernel::audit::{AuditEntry, history};
use crate::{noun, payload};

noun! {
    /// Terms of payment.
    PaymentTerm of finance::term as TermRow, PaymentTermId;
    listed by PaymentTermFilter, PaymentTermSortField
}

/// An instalment of terms of payment.
#[derive(SimpleObject)]
pub struct PaymentInstalment {
    /// Days from the day of the invoice.
    days: i32,
    /// Its share of the whole.
    share: Dec,
}

/// Terms of payment: when an invoice falls due, at once or in instalments.
#[Object]
impl PaymentTerm {
    /// The terms.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Their code.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Their name, in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(self.0.name(Call::of(graph)?.context().locale))
    }

    /// What the days are counted to.
    async fn anchor(&self) -> PaymentTermAnchor {
        self.0.anchor
    }

    /// The instalments, in their order.
    async fn instalments(&self) -> Vec<PaymentInstalment> {
        let parts = self.0.days.iter().zip(&self.0.shares);
        parts
            .map(|(days, share)| PaymentInstalment {
                days: *days,
                share: *share,
            })
            .collect()
    }

    /// The days of a month on which the company pays; none for any day.
    async fn pay_days(&self) -> Vec<i32> {
        self.0.pay_days.clone()
    }

    /// When they were put out of use.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When they were made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Their version, for `expectedVersion`.
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
    /// What making terms of payment gives.
    PaymentTermCreatePayload {
        /// The terms.
        payment_term: PaymentTerm
    }
    /// What putting terms of payment out of use gives.
    PaymentTermArchivePayload {
        /// The terms.
        payment_term: PaymentTerm
    }
}

/// Looks at terms of payment.
#[derive(Default)]
pub struct PaymentTermQuery;

#[Object]
impl PaymentTermQuery {
    /// Terms of payment. Needs `finance.invoice.read`.
    async fn payment_term(
        &self,
        graph: &Context<'_>,
        id: PaymentTermId,
    ) -> Result<Option<PaymentTerm>> {
        find(graph, id).await
    }

    /// Terms of payment. Needs `finance.invoice.read`.
    async fn payment_terms(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PaymentTermFilter>,
        sort: Option<PaymentTermSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<PaymentTerm>> {
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

/// Acts on terms of payment.
#[derive(Default)]
pub struct PaymentTermMutation;

#[Object]
impl PaymentTermMutation {
    /// Makes terms of payment. Needs `finance.tax.manage`.
    async fn payment_term_create(
        &self,
        graph: &Context<'_>,
        input: PaymentTermCreateInput,
    ) -> Result<PaymentTermCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(PaymentTerm(term::create(tx, input).await?)) })
        })
        .await
    }

    /// Puts terms of payment out of use. Needs `finance.tax.manage`.
    async fn payment_term_archive(
        &self,
        graph: &Context<'_>,
        input: PaymentTermArchiveInput,
    ) -> Result<PaymentTermArchivePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(PaymentTerm(term::archive(tx, input).await?)) })
        })
        .await
    }
}
