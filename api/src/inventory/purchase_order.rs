//! Purchase orders through the API: what was asked of a supplier, its lines and what came.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ};
use inventory::permission::{COST_READ, ITEM_READ};
use inventory::purchase::{
    PurchaseOrder as OrderRow, PurchaseOrderFilter, PurchaseOrderSort, PurchaseOrderSortField,
    PurchaseOrderStatus,
};
use kernel::ids::PurchaseOrderId;
use kernel::{CurrencyCode, Date, Money};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::inventory::purchase_order_act::PurchaseOrderViewerCan;
use crate::inventory::purchase_order_line::{PurchaseOrderLine, lines_of};
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::processes::approval::Approval;
use crate::processes::named::NamedUser;

noun! {
    /// An order to a supplier.
    PurchaseOrder of inventory::purchase as OrderRow, PurchaseOrderId;
    listed by PurchaseOrderFilter, PurchaseOrderSortField
}

/// An order to a supplier, from draft to receipt.
#[Object]
impl PurchaseOrder {
    /// The order.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its number, gap-free in the company's year.
    async fn number(&self) -> &str {
        &self.0.number
    }

    /// Where it stands.
    async fn status(&self) -> PurchaseOrderStatus {
        self.0.status
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// Where it is delivered. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        link(graph, ITEM_READ, Some(self.0.warehouse_id)).await
    }

    /// The supplier. Needs `directory.party.read`.
    async fn supplier(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.supplier_id)).await
    }

    /// What the supplier calls it.
    async fn supplier_reference(&self) -> Option<&str> {
        self.0.supplier_reference.as_deref()
    }

    /// A remark.
    async fn memo(&self) -> Option<&str> {
        self.0.memo.as_deref()
    }

    /// The currency of its prices.
    async fn currency_code(&self) -> CurrencyCode {
        self.0.currency
    }

    /// The sum of its lines, without tax. Needs `inventory.cost.read`.
    async fn total(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let shown = self.shows_cost(Call::of(graph)?);
        Ok(shown.then(|| self.0.money().rounded()))
    }

    /// Its lines, in their order; 500 at most.
    async fn lines(&self, graph: &Context<'_>) -> Result<Vec<PurchaseOrderLine>> {
        lines_of(graph, self.0.id).await
    }

    /// When it is expected, for lines that say nothing else.
    async fn expected_date(&self) -> Option<Date> {
        self.0.expected_on
    }

    /// The day on which it was ordered.
    async fn ordered_date(&self) -> Option<Date> {
        self.0.ordered_on
    }

    /// The day on which it was received, closed or cancelled.
    async fn ended_date(&self) -> Option<Date> {
        self.0.ended_on
    }

    /// Why it was closed or cancelled.
    async fn end_reason(&self) -> Option<&str> {
        self.0.end_reason.as_deref()
    }

    /// Its last approval; null for those who may not see it.
    async fn approval(&self, graph: &Context<'_>) -> Result<Option<Approval>> {
        Call::of(graph)?.load_some(self.0.approval_id).await
    }

    /// Who drafted it; null when the system did.
    async fn prepared_by(&self) -> Option<NamedUser> {
        self.0.prepared_by.map(NamedUser)
    }

    /// Who submitted it last.
    async fn submitted_by(&self) -> Option<NamedUser> {
        self.0.submitted_by.map(NamedUser)
    }

    /// When it was drafted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let shown = self.shows_cost(Call::of(graph)?);
        Ok(if shown { Vec::new() } else { vec!["total"] })
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PurchaseOrderViewerCan> {
        PurchaseOrderViewerCan::of(graph, &self.0).await
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

impl PurchaseOrder {
    pub(super) fn shows_cost(&self, call: &Call) -> bool {
        let scope = call.actor().scope(COST_READ);
        scope.covers(Some(self.0.company_id), None)
    }
}

/// Looks at purchase orders.
#[derive(Default)]
pub struct PurchaseOrderQuery;

#[Object]
impl PurchaseOrderQuery {
    /// A purchase order. Needs `inventory.purchase.read`.
    async fn purchase_order(
        &self,
        graph: &Context<'_>,
        id: PurchaseOrderId,
    ) -> Result<Option<PurchaseOrder>> {
        find(graph, id).await
    }

    /// Purchase orders. Needs `inventory.purchase.read`.
    async fn purchase_orders(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PurchaseOrderFilter>,
        sort: Option<PurchaseOrderSort>,
        search: Option<String>,
    ) -> Result<Connection<PurchaseOrder>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
