//! Warehouses through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::permission::ITEM_MANAGE;
use inventory::warehouse::{
    self, Warehouse as WarehouseRow, WarehouseCreateInput, WarehouseFilter, WarehouseSort,
    WarehouseSortField, WarehouseUpdateInput,
};
use kernel::ids::WarehouseId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::inventory::location::{Location, of_warehouse};
use crate::inventory::reach;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A building that holds stock.
    Warehouse of inventory::warehouse as WarehouseRow, WarehouseId;
    listed by WarehouseFilter, WarehouseSortField
}

/// What the viewer may do with a warehouse.
#[derive(SimpleObject)]
pub struct WarehouseViewerCan {
    /// Change it, and make locations in it.
    update: Permission,
}

/// A building that holds stock. An item is valued by the warehouse.
#[Object]
impl Warehouse {
    /// The warehouse.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        reach::company(graph, self.0.company_id).await
    }

    /// Its code, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Street and number.
    async fn street(&self) -> Option<&str> {
        self.0.street.as_deref()
    }

    /// The postal code.
    async fn postal_code(&self) -> Option<&str> {
        self.0.postal_code.as_deref()
    }

    /// The city.
    async fn city(&self) -> Option<&str> {
        self.0.city.as_deref()
    }

    /// Its locations, by code.
    async fn locations(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Location>> {
        let slice = Slice::new(first, after, last, before);
        of_warehouse(Call::of(graph)?, self.0.id, &slice).await
    }

    /// Since when it is not used any more.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<WarehouseViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, ITEM_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(WarehouseViewerCan { update })
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
    /// What making a warehouse gives.
    WarehouseCreatePayload {
        /// The warehouse.
        warehouse: Warehouse
    }
    /// What changing a warehouse gives.
    WarehouseUpdatePayload {
        /// The warehouse.
        warehouse: Warehouse
    }
}

/// Looks at warehouses.
#[derive(Default)]
pub struct WarehouseQuery;

#[Object]
impl WarehouseQuery {
    /// A warehouse. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>, id: WarehouseId) -> Result<Option<Warehouse>> {
        find(graph, id).await
    }

    /// Warehouses. Needs `inventory.item.read`.
    async fn warehouses(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<WarehouseFilter>,
        sort: Option<WarehouseSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Warehouse>> {
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

/// Acts on warehouses.
#[derive(Default)]
pub struct WarehouseMutation;

#[Object]
impl WarehouseMutation {
    /// Makes a warehouse with its first location, GENERAL. Needs `inventory.item.manage`.
    async fn warehouse_create(
        &self,
        graph: &Context<'_>,
        input: WarehouseCreateInput,
    ) -> Result<WarehouseCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Warehouse(warehouse::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a warehouse; only an empty one is archived. Needs `inventory.item.manage`.
    async fn warehouse_update(
        &self,
        graph: &Context<'_>,
        input: WarehouseUpdateInput,
    ) -> Result<WarehouseUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Warehouse(warehouse::update(tx, input).await?)) })
        })
        .await
    }
}
