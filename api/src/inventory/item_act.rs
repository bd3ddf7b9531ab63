//! What is done with items through the API.

use async_graphql::{Context, Object, Result};
use inventory::item::{self, ItemArchiveInput, ItemCreateInput, ItemRestoreInput, ItemUpdateInput};

use crate::act::act;
use crate::inventory::item::Item;
use crate::payload;

payload! {
    /// What making an item gives.
    ItemCreatePayload {
        /// The item.
        item: Item
    }
    /// What changing an item gives.
    ItemUpdatePayload {
        /// The item.
        item: Item
    }
    /// What archiving an item gives.
    ItemArchivePayload {
        /// The item.
        item: Item
    }
    /// What bringing an item back gives.
    ItemRestorePayload {
        /// The item.
        item: Item
    }
}

/// Acts on items.
#[derive(Default)]
pub struct ItemMutation;

#[Object]
impl ItemMutation {
    /// Makes an item. Needs `inventory.item.manage`.
    async fn item_create(
        &self,
        graph: &Context<'_>,
        input: ItemCreateInput,
    ) -> Result<ItemCreatePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Item(item::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes an item; its unit stays once it has moved, its valuation while it has stock. Needs
    /// `inventory.item.manage`.
    async fn item_update(
        &self,
        graph: &Context<'_>,
        input: ItemUpdateInput,
    ) -> Result<ItemUpdatePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Item(item::update(tx, input).await?)) })
        })
        .await
    }

    /// Archives an item that has no stock. Needs `inventory.item.manage`.
    async fn item_archive(
        &self,
        graph: &Context<'_>,
        input: ItemArchiveInput,
    ) -> Result<ItemArchivePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(Item(item::archive(tx, input).await?)) })
        })
        .await
    }

    /// Brings an archived item back. Needs `inventory.item.manage`.
    async fn item_restore(
        &self,
        graph: &Context<'_>,
        input: ItemRestoreInput,
    ) -> Result<ItemRestorePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Item(item::restore(tx, input).await?)) })
        })
        .await
    }
}
