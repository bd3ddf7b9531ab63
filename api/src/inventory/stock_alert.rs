//! Alerts about stock through the API.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use inventory::alert::{
    StockAlert as AlertRow, StockAlertFilter, StockAlertKind, StockAlertSort, StockAlertSortField,
};
use inventory::permission::{ITEM_READ, PURCHASE_READ};
use kernel::Date;
use kernel::ids::StockAlertId;

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::inventory::item::Item;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::replenishment::of_item;
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::noun;

noun! {
    /// Something about stock that people should know.
    StockAlert of inventory::alert as AlertRow, StockAlertId;
    listed by StockAlertFilter, StockAlertSortField
}

/// Something about stock that people should know: opened once by the nightly job, closed by it when
/// its cause is gone.
#[Object]
impl StockAlert {
    /// The alert.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The warehouse. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        link(graph, ITEM_READ, Some(self.0.warehouse_id)).await
    }

    /// What it is about.
    async fn kind(&self) -> StockAlertKind {
        self.0.kind
    }

    /// The item, if it is about one. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        link(graph, ITEM_READ, self.0.item_id).await
    }

    /// The order, if it is about one. Needs `inventory.purchase.read`.
    async fn purchase_order(&self, graph: &Context<'_>) -> Result<Option<PurchaseOrder>> {
        link(graph, PURCHASE_READ, self.0.purchase_order_id).await
    }

    /// What was there when it was opened.
    async fn on_hand_quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        match self.0.item_id {
            Some(item) => of_item(graph, item, self.0.on_hand).await,
            None => Ok(None),
        }
    }

    /// The bound that was passed.
    async fn threshold_quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        match self.0.item_id {
            Some(item) => of_item(graph, item, self.0.threshold).await,
            None => Ok(None),
        }
    }

    /// When a late order was expected.
    async fn due_date(&self) -> Option<Date> {
        self.0.due_on
    }

    /// Whether its cause is still there, as far as the job has seen.
    async fn is_open(&self) -> bool {
        self.0.closed_at.is_none()
    }

    /// The run that opened it. Needs `kernel.job.read`, or to have wanted it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.job_id).await
    }

    /// When it was opened.
    async fn opened_at(&self) -> DateTime<Utc> {
        self.0.opened_at
    }

    /// When its cause was found gone.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
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

/// Looks at alerts about stock.
#[derive(Default)]
pub struct StockAlertQuery;

#[Object]
impl StockAlertQuery {
    /// An alert about stock. Needs `inventory.replenishment.read`.
    async fn stock_alert(
        &self,
        graph: &Context<'_>,
        id: StockAlertId,
    ) -> Result<Option<StockAlert>> {
        find(graph, id).await
    }

    /// Alerts about stock. Needs `inventory.replenishment.read`.
    async fn stock_alerts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<StockAlertFilter>,
        sort: Option<StockAlertSort>,
        search: Option<String>,
    ) -> Result<Connection<StockAlert>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
