//! Stock policies through the API: how much of an item a warehouse keeps.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ};
use inventory::permission::{ITEM_READ, REPLENISHMENT_MANAGE};
use inventory::policy::{
    self, StockPolicy as PolicyRow, StockPolicyCreateInput, StockPolicyFilter, StockPolicyMethod,
    StockPolicySort, StockPolicySortField, StockPolicyUpdateInput,
};
use kernel::Dec;
use kernel::ids::StockPolicyId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::inventory::item::Item;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::replenishment::of_item;
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// How much of an item a warehouse keeps.
    StockPolicy of inventory::policy as PolicyRow, StockPolicyId;
    listed by StockPolicyFilter, StockPolicySortField
}

/// What the viewer may do with a stock policy.
#[derive(SimpleObject)]
pub struct StockPolicyViewerCan {
    /// Change it.
    update: Permission,
}

/// How much of an item a warehouse keeps, and when it is ordered. Quantities are in the item's
/// unit.
#[Object]
impl StockPolicy {
    /// The policy.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, Some(self.0.company_id)).await
    }

    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        link(graph, ITEM_READ, Some(self.0.item_id)).await
    }

    /// The warehouse. Needs `inventory.item.read`.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        link(graph, ITEM_READ, Some(self.0.warehouse_id)).await
    }

    /// Where the reorder point comes from.
    async fn method(&self) -> StockPolicyMethod {
        self.0.method
    }

    /// At or below this it is ordered; null when it comes from demand.
    async fn reorder_point(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        of_item(graph, self.0.item_id, self.0.reorder_point).await
    }

    /// Up to this it is ordered; the reorder point plus the demand between two looks when null.
    async fn target_quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        of_item(graph, self.0.item_id, self.0.target_quantity).await
    }

    /// Above this there is too much.
    async fn maximum_quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        of_item(graph, self.0.item_id, self.0.maximum_quantity).await
    }

    /// What is kept for surprises; of the service level when null.
    async fn safety_stock(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        of_item(graph, self.0.item_id, self.0.safety_stock).await
    }

    /// How often out of a hundred nothing may be missing until an order comes in.
    async fn service_level_percent(&self) -> Option<Dec> {
        self.0.service_level
    }

    /// Days of past issues that the demand is taken from.
    async fn demand_days(&self) -> i32 {
        self.0.demand_days
    }

    /// Days between two looks.
    async fn review_days(&self) -> i32 {
        self.0.review_days
    }

    /// The supplier to order from as long as they have terms. Needs `directory.party.read`.
    async fn preferred_supplier(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, self.0.preferred_supplier_id).await
    }

    /// Whether the nightly job looks at it.
    async fn is_active(&self) -> bool {
        self.0.active
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
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<StockPolicyViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, REPLENISHMENT_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(StockPolicyViewerCan { update })
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
    /// What making a stock policy gives.
    StockPolicyCreatePayload {
        /// The policy.
        stock_policy: StockPolicy
    }
    /// What changing a stock policy gives.
    StockPolicyUpdatePayload {
        /// The policy.
        stock_policy: StockPolicy
    }
}

/// Looks at stock policies.
#[derive(Default)]
pub struct StockPolicyQuery;

#[Object]
impl StockPolicyQuery {
    /// A stock policy. Needs `inventory.replenishment.read`.
    async fn stock_policy(
        &self,
        graph: &Context<'_>,
        id: StockPolicyId,
    ) -> Result<Option<StockPolicy>> {
        find(graph, id).await
    }

    /// Stock policies. Needs `inventory.replenishment.read`.
    async fn stock_policies(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<StockPolicyFilter>,
        sort: Option<StockPolicySort>,
        search: Option<String>,
    ) -> Result<Connection<StockPolicy>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on stock policies.
#[derive(Default)]
pub struct StockPolicyMutation;

#[Object]
impl StockPolicyMutation {
    /// Says how much of an item a warehouse keeps. Needs `inventory.replenishment.manage`.
    async fn stock_policy_create(
        &self,
        graph: &Context<'_>,
        input: StockPolicyCreateInput,
    ) -> Result<StockPolicyCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(StockPolicy(policy::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a stock policy. Needs `inventory.replenishment.manage`.
    async fn stock_policy_update(
        &self,
        graph: &Context<'_>,
        input: StockPolicyUpdateInput,
    ) -> Result<StockPolicyUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(StockPolicy(policy::update(tx, input).await?)) })
        })
        .await
    }
}
