//! Locations through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::location::{
    self, Location as LocationRow, LocationCreateInput, LocationFilter, LocationSort,
    LocationSortField, LocationUpdateInput,
};
use inventory::permission::ITEM_MANAGE;
use kernel::Tx;
use kernel::ids::{LocationId, WarehouseId};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::{Part, Parts};
use crate::permission::Permission;
use crate::{noun, payload, whole};

noun! {
    /// A place inside a warehouse.
    Location of inventory::location as LocationRow, LocationId;
    listed by LocationFilter, LocationSortField
}

/// What the viewer may do with a location.
#[derive(SimpleObject)]
pub struct LocationViewerCan {
    /// Change it.
    update: Permission,
}

/// A place inside a warehouse that stock lies in and is counted by.
#[Object]
impl Location {
    /// The location.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its warehouse.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        Call::of(graph)?.load(self.0.warehouse_id).await
    }

    /// Its code, unique in the warehouse.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Since when nothing goes in any more.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<LocationViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, ITEM_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(LocationViewerCan { update })
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

/// A location of a warehouse.
#[derive(Clone)]
struct Inside(Location);

impl Part for Inside {
    type Of = WarehouseId;

    fn of<'t>(tx: &'t mut Tx, ids: &'t [WarehouseId]) -> Parts<'t, WarehouseId, Self> {
        Box::pin(async move {
            let rows = location::of_warehouses(tx, ids).await?;
            let placed = |row: LocationRow| (row.warehouse_id, Self(Location(row)));
            Ok(rows.into_iter().map(placed).collect())
        })
    }
}

/// The locations of a warehouse, read in batches for all warehouses of a request.
pub async fn of_warehouse(
    call: &Call,
    warehouse: WarehouseId,
    slice: &Slice,
) -> Result<Connection<Location>> {
    let rows: Vec<Inside> = call.parts(warehouse).await?;
    let rows = rows
        .into_iter()
        .map(|Inside(row)| (row.0.id.to_string(), row));
    whole::connection(call, rows.collect(), slice)
}

payload! {
    /// What making a location gives.
    LocationCreatePayload {
        /// The location.
        location: Location
    }
    /// What changing a location gives.
    LocationUpdatePayload {
        /// The location.
        location: Location
    }
}

/// Looks at locations.
#[derive(Default)]
pub struct LocationQuery;

#[Object]
impl LocationQuery {
    /// A location. Needs `inventory.item.read`.
    async fn location(&self, graph: &Context<'_>, id: LocationId) -> Result<Option<Location>> {
        find(graph, id).await
    }

    /// Locations. Needs `inventory.item.read`.
    async fn locations(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<LocationFilter>,
        sort: Option<LocationSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Location>> {
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

/// Acts on locations.
#[derive(Default)]
pub struct LocationMutation;

#[Object]
impl LocationMutation {
    /// Makes a location in a warehouse. Needs `inventory.item.manage`.
    async fn location_create(
        &self,
        graph: &Context<'_>,
        input: LocationCreateInput,
    ) -> Result<LocationCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Location(location::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a location. Needs `inventory.item.manage`.
    async fn location_update(
        &self,
        graph: &Context<'_>,
        input: LocationUpdateInput,
    ) -> Result<LocationUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Location(location::update(tx, input).await?)) })
        })
        .await
    }
}
