//! Terms of suppliers through the API: who sells an item, at which price, how fast.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ};
use inventory::permission::{COST_READ, ITEM_READ, REPLENISHMENT_MANAGE};
use inventory::supplier_term::{
    self, SupplierTerm as TermRow, SupplierTermCreateInput, SupplierTermFilter, SupplierTermSort,
    SupplierTermSortField, SupplierTermUpdateInput,
};
use kernel::ids::SupplierTermId;
use kernel::{Date, Dec, Money};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::inventory::item::Item;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::unit::Unit;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// The terms on which a supplier sells an item.
    SupplierTerm of inventory::supplier_term as TermRow, SupplierTermId;
    listed by SupplierTermFilter, SupplierTermSortField
}

/// What the viewer may do with the terms of a supplier.
#[derive(SimpleObject)]
pub struct SupplierTermViewerCan {
    /// Change them.
    update: Permission,
}

/// The terms on which a supplier sells an item from a day on. Quantities are in the purchase unit.
#[Object]
impl SupplierTerm {
    /// The terms.
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

    /// The supplier. Needs `directory.party.read`.
    async fn supplier(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, Some(self.0.supplier_id)).await
    }

    /// What the supplier calls the item.
    async fn supplier_code(&self) -> Option<&str> {
        self.0.supplier_code.as_deref()
    }

    /// The purchase unit. Needs `inventory.item.read`.
    async fn unit(&self, graph: &Context<'_>) -> Result<Option<Unit>> {
        link(graph, ITEM_READ, Some(self.0.unit_id)).await
    }

    /// The price of one purchase unit, without tax. Needs `inventory.cost.read`.
    async fn price(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let shown = self.shows_price(Call::of(graph)?);
        Ok(shown.then(|| Money::new(self.0.price.0, self.0.currency)))
    }

    /// The least that can be ordered at once.
    async fn minimum_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.minimum_quantity.0, self.0.unit_id)
    }

    /// What is ordered is a multiple of this.
    async fn multiple_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.multiple.0, self.0.unit_id)
    }

    /// Working days from order to arrival; null when it is not known.
    async fn lead_time_days(&self) -> Option<i32> {
        self.0.lead_time_days
    }

    /// How much more than ordered is taken in, in per cent.
    async fn over_receipt_percent(&self) -> Dec {
        self.0.over_receipt_percent
    }

    /// Whether it is preferred to cheaper ones.
    async fn is_preferred(&self) -> bool {
        self.0.preferred
    }

    /// The first day on which it holds.
    async fn valid_from_date(&self) -> Date {
        self.0.valid_from
    }

    /// The last day on which it holds.
    async fn valid_to_date(&self) -> Option<Date> {
        self.0.valid_to
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let shown = self.shows_price(Call::of(graph)?);
        Ok(if shown { Vec::new() } else { vec!["price"] })
    }

    /// What the viewer may do with them.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<SupplierTermViewerCan> {
        let company = Some(self.0.company_id);
        let update = Permission::held(Call::of(graph)?, REPLENISHMENT_MANAGE, |scope| {
            scope.covers(company, None)
        });
        Ok(SupplierTermViewerCan { update })
    }

    /// What happened to them.
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

impl SupplierTerm {
    fn shows_price(&self, call: &Call) -> bool {
        let scope = call.actor().scope(COST_READ);
        scope.covers(Some(self.0.company_id), None)
    }
}

payload! {
    /// What recording the terms of a supplier gives.
    SupplierTermCreatePayload {
        /// The terms.
        supplier_term: SupplierTerm
    }
    /// What changing the terms of a supplier gives.
    SupplierTermUpdatePayload {
        /// The terms.
        supplier_term: SupplierTerm
    }
}

/// Looks at terms of suppliers.
#[derive(Default)]
pub struct SupplierTermQuery;

#[Object]
impl SupplierTermQuery {
    /// The terms of a supplier. Needs `inventory.replenishment.read`.
    async fn supplier_term(
        &self,
        graph: &Context<'_>,
        id: SupplierTermId,
    ) -> Result<Option<SupplierTerm>> {
        find(graph, id).await
    }

    /// Terms of suppliers. Needs `inventory.replenishment.read`.
    async fn supplier_terms(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SupplierTermFilter>,
        sort: Option<SupplierTermSort>,
        search: Option<String>,
    ) -> Result<Connection<SupplierTerm>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on terms of suppliers.
#[derive(Default)]
pub struct SupplierTermMutation;

#[Object]
impl SupplierTermMutation {
    /// Records the terms on which a supplier sells an item. Needs
    /// `inventory.replenishment.manage`.
    async fn supplier_term_create(
        &self,
        graph: &Context<'_>,
        input: SupplierTermCreateInput,
    ) -> Result<SupplierTermCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(SupplierTerm(supplier_term::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes the terms of a supplier. Needs `inventory.replenishment.manage`.
    async fn supplier_term_update(
        &self,
        graph: &Context<'_>,
        input: SupplierTermUpdateInput,
    ) -> Result<SupplierTermUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(SupplierTerm(supplier_term::update(tx, input).await?)) })
        })
        .await
    }
}
