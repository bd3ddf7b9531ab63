//! Categories of items through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use inventory::category::{
    self, Category, ItemCategoryCreateInput, ItemCategoryFilter, ItemCategorySort,
    ItemCategorySortField, ItemCategoryUpdateInput,
};
use inventory::permission::ITEM_MANAGE;
use kernel::ids::ItemCategoryId;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::inventory::reach;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A category of items.
    ItemCategory of inventory::category as Category, ItemCategoryId;
    listed by ItemCategoryFilter, ItemCategorySortField
}

/// What the viewer may do with a category of items.
#[derive(SimpleObject)]
pub struct ItemCategoryViewerCan {
    /// Change it.
    update: Permission,
}

/// A category of items: what they have in common, above all the accounts they are posted to.
#[Object]
impl ItemCategory {
    /// The category.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        reach::company(graph, self.0.company_id).await
    }

    /// Its code.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The code of the account of its stock; the company's when null.
    async fn stock_account(&self) -> Option<&str> {
        self.0.stock_account.as_deref()
    }

    /// The code of the account of what goes; the company's when null.
    async fn cost_account(&self) -> Option<&str> {
        self.0.cost_account.as_deref()
    }

    /// The code of the account of what counts find; the company's when null.
    async fn adjustment_account(&self) -> Option<&str> {
        self.0.adjustment_account.as_deref()
    }

    /// Since when it is not offered any more.
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
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ItemCategoryViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, ITEM_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(ItemCategoryViewerCan { update })
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
    /// What making a category of items gives.
    ItemCategoryCreatePayload {
        /// The category.
        item_category: ItemCategory
    }
    /// What changing a category of items gives.
    ItemCategoryUpdatePayload {
        /// The category.
        item_category: ItemCategory
    }
}

/// Looks at categories of items.
#[derive(Default)]
pub struct ItemCategoryQuery;

#[Object]
impl ItemCategoryQuery {
    /// A category of items. Needs `inventory.item.read`.
    async fn item_category(
        &self,
        graph: &Context<'_>,
        id: ItemCategoryId,
    ) -> Result<Option<ItemCategory>> {
        find(graph, id).await
    }

    /// Categories of items. Needs `inventory.item.read`.
    async fn item_categories(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ItemCategoryFilter>,
        sort: Option<ItemCategorySort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<ItemCategory>> {
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

/// Acts on categories of items.
#[derive(Default)]
pub struct ItemCategoryMutation;

#[Object]
impl ItemCategoryMutation {
    /// Makes a category of items. Needs `inventory.item.manage`.
    async fn item_category_create(
        &self,
        graph: &Context<'_>,
        input: ItemCategoryCreateInput,
    ) -> Result<ItemCategoryCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ItemCategory(category::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a category of items. Needs `inventory.item.manage`.
    async fn item_category_update(
        &self,
        graph: &Context<'_>,
        input: ItemCategoryUpdateInput,
    ) -> Result<ItemCategoryUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(ItemCategory(category::update(tx, input).await?)) })
        })
        .await
    }
}
