//! Runs of reordering through the API.

use async_graphql::{Context, Object, Result};
use inventory::replenish::{self, ReplenishmentRunInput};

use kernel::Dec;
use kernel::ids::ItemId;

use crate::act::act;
use crate::call::Call;
use crate::inventory::item::Item;
use crate::inventory::quantity::ItemQuantity;
use crate::kernel::job::Job;
use crate::payload;

/// A value in an item's own unit; null when the viewer may not see the item.
pub(super) async fn of_item(
    graph: &Context<'_>,
    item: ItemId,
    value: Option<Dec>,
) -> Result<Option<ItemQuantity>> {
    let Some(value) = value else { return Ok(None) };
    let item = Call::of(graph)?.load::<Item>(item).await?;
    Ok(item.map(|item| ItemQuantity::new(value.0, item.0.unit_id)))
}

payload! {
    /// What wanting a run of reordering gives.
    ReplenishmentRunPayload {
        /// The job; follow it by `jobProgressed`. Its figures say what it did, or would do.
        job: Job
    }
}

/// Acts on replenishment.
#[derive(Default)]
pub struct ReplenishmentMutation;

#[Object]
impl ReplenishmentMutation {
    /// Looks now at what warehouses keep and proposes what to order, as the nightly job does. A
    /// rehearsal gives what it would do as figures of its job. Needs
    /// `inventory.replenishment.manage`.
    async fn replenishment_run(
        &self,
        graph: &Context<'_>,
        input: ReplenishmentRunInput,
    ) -> Result<ReplenishmentRunPayload> {
        // A rehearsal is a job as well, so its wish is committed like any other.
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Job(replenish::enqueue_run(tx, input).await?)) })
        })
        .await
    }
}
