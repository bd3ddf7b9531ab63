//! Payment orders through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::check::masked_iban;
use directory::permission::{BANK_ACCOUNT_READ, COMPANY_READ, USER_READ};
use finance::payment::PaymentFilter;
use finance::payment_order::{
    PaymentOrder as OrderRow, PaymentOrderFilter, PaymentOrderSort, PaymentOrderSortField,
    PaymentOrderStatus,
};
use kernel::filter::IdFilter;
use kernel::ids::PaymentOrderId;
use kernel::page::PageRequest;
use kernel::{Date, Money};
use ledger::permission::ENTRY_READ;
use processes::permission::APPROVAL_READ;

use super::payment::Payment;
use super::payment_order_act::PaymentOrderViewerCan;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::link::link;
use crate::directory::user::User;
use crate::kernel::audit::{AuditEntry, history};
use crate::ledger::entry::Entry;
use crate::noun;
use crate::processes::approval::Approval;

noun! {
    /// A payment order.
    PaymentOrder of finance::payment_order as OrderRow, PaymentOrderId;
    listed by PaymentOrderFilter, PaymentOrderSortField
}

/// A payment order: what is paid to suppliers by one bank file, approved by a second person.
#[Object]
impl PaymentOrder {
    /// The order.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company; null without `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// Where it stands.
    async fn status(&self) -> PaymentOrderStatus {
        self.0.status
    }

    /// The day on which the bank shall pay.
    async fn execution_on(&self) -> Date {
        self.0.execution_on
    }

    /// The account that is charged; masked without `directory.bank_account.read`.
    async fn iban(&self, graph: &Context<'_>) -> Result<String> {
        let scope = Call::of(graph)?.actor().scope(BANK_ACCOUNT_READ);
        if scope.covers(Some(self.0.company_id), None) {
            return Ok(self.0.iban.clone());
        }
        Ok(masked_iban(&self.0.iban))
    }

    /// The code of that account in the ledger.
    async fn account_code(&self) -> &str {
        &self.0.account_code
    }

    /// The sum of its payments.
    async fn total(&self) -> Money {
        self.0.money().rounded()
    }

    /// How many payments it has.
    async fn payment_count(&self) -> i32 {
        self.0.payments
    }

    /// Its payments.
    async fn payments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Payment>> {
        let filter = PaymentFilter {
            order: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            ..PaymentFilter::default()
        };
        let request = PageRequest {
            first,
            after,
            last,
            before,
            filter: Some(filter),
            ..PageRequest::default()
        };
        connect(graph, request).await
    }

    /// What the bank knows its file by.
    async fn message_id(&self) -> &str {
        &self.0.message_id
    }

    /// A remark.
    async fn memo(&self) -> Option<&str> {
        self.0.memo.as_deref()
    }

    /// Its approval; null before it was submitted, and without `processes.approval.read`.
    async fn approval(&self, graph: &Context<'_>) -> Result<Option<Approval>> {
        link(graph, APPROVAL_READ, self.0.approval_id).await
    }

    /// The bank file, whose `download` link expires; null before the order is sent, and without
    /// `finance.payment.approve`.
    async fn file(&self, graph: &Context<'_>) -> Result<Option<File>> {
        Call::of(graph)?.load_some(self.0.file_id).await
    }

    /// Its entry; null before it is sent, and without `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link(graph, ENTRY_READ, self.0.entry_id).await
    }

    /// Who drafted it; null without `directory.user.read`.
    async fn prepared_by(&self, graph: &Context<'_>) -> Result<Option<User>> {
        link(graph, USER_READ, self.0.prepared_by).await
    }

    /// Who submitted it; null without `directory.user.read`.
    async fn submitted_by(&self, graph: &Context<'_>) -> Result<Option<User>> {
        link(graph, USER_READ, self.0.submitted_by).await
    }

    /// When it was approved.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        self.0.approved_at
    }

    /// When its file was made and its payments were posted.
    async fn sent_at(&self) -> Option<DateTime<Utc>> {
        self.0.sent_at
    }

    /// When it was drafted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PaymentOrderViewerCan> {
        PaymentOrderViewerCan::of(graph, &self.0).await
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

/// Looks at payment orders.
#[derive(Default)]
pub struct PaymentOrderQuery;

#[Object]
impl PaymentOrderQuery {
    /// A payment order. Needs `finance.payment.read`.
    async fn payment_order(
        &self,
        graph: &Context<'_>,
        id: PaymentOrderId,
    ) -> Result<Option<PaymentOrder>> {
        find(graph, id).await
    }

    /// Payment orders. Needs `finance.payment.read`.
    async fn payment_orders(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PaymentOrderFilter>,
        sort: Option<PaymentOrderSort>,
        search: Option<String>,
    ) -> Result<Connection<PaymentOrder>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
