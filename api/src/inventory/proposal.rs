//! Proposals through the API: what to order, how much and why, and what people decide.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::{COMPANY_READ, PARTY_READ};
use inventory::fault::{PROPOSAL_DECIDED, PROPOSAL_WITHOUT_SUPPLIER};
use inventory::permission::{COST_READ, ITEM_READ, PURCHASE_MANAGE, PURCHASE_READ};
use inventory::permission::{REPLENISHMENT_MANAGE, REPLENISHMENT_READ};
use inventory::policy::StockPolicyMethod;
use inventory::proposal::{
    Proposal as ProposalRow, ProposalFilter, ProposalProblem, ProposalSort, ProposalSortField,
    ProposalStatus,
};
use inventory::replenish::{Explanation, SupplierChoice};
use kernel::ids::ProposalId;
use kernel::{Date, Dec, Fault, Money};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::party::Party;
use crate::failure;
use crate::inventory::item::Item;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::inventory::quantity::ItemQuantity;
use crate::inventory::replenishment::of_item;
use crate::inventory::supplier_term::SupplierTerm;
use crate::inventory::warehouse::Warehouse;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::NamedUser;

noun! {
    /// A proposal to order an item for a warehouse.
    Proposal of inventory::proposal as ProposalRow, ProposalId;
    listed by ProposalFilter, ProposalSortField
}

/// Why it is proposed to order so much. Quantities are in the item's unit where nothing else is
/// said.
#[derive(SimpleObject)]
pub struct ProposalExplanation {
    /// Where the reorder point comes from.
    method: StockPolicyMethod,
    /// What was there.
    on_hand_quantity: Dec,
    /// What was on its way: ordered, waiting for approval or drafted, and not received.
    on_order_quantity: Dec,
    /// At or below this it is ordered.
    reorder_point: Dec,
    /// Up to this it is ordered.
    target_quantity: Dec,
    /// What is missing up to the target.
    shortage_quantity: Dec,
    /// What is kept for surprises.
    safety_stock: Dec,
    /// How often out of a hundred nothing may be missing until an order comes in.
    service_level_percent: Option<Dec>,
    /// Days of past issues that were looked at.
    demand_days: i32,
    /// What was issued in them.
    issued_quantity: Dec,
    /// Demand of a day.
    demand_per_day: Dec,
    /// The deviation of daily demand.
    demand_deviation: Dec,
    /// Days that what was there lasts; null without demand.
    days_of_cover: Option<Dec>,
    /// Working days from order to arrival.
    lead_time_days: Option<i32>,
    /// The same in days of the week, by the company's calendar.
    lead_time_calendar_days: i32,
    /// The least that the supplier sells, in purchase units.
    minimum_order_quantity: Option<Dec>,
    /// What the supplier sells a multiple of, in purchase units.
    order_multiple: Option<Dec>,
    /// How many of the item's unit one purchase unit is.
    unit_factor: Dec,
    /// What minimum, multiple and whole units added to the shortage.
    rounded_up_quantity: Dec,
    /// Whether the order goes above the most that is wanted.
    is_above_maximum: bool,
    /// Why the supplier was chosen.
    supplier_choice: SupplierChoice,
    /// How many sets of terms were valid on that day.
    offer_count: i32,
    /// The version of the rules.
    rule_version: String,
}

impl ProposalExplanation {
    fn of(row: &ProposalRow, why: Explanation) -> Self {
        Self {
            method: why.method,
            on_hand_quantity: row.on_hand,
            on_order_quantity: row.on_order,
            reorder_point: row.reorder_point,
            target_quantity: why.target,
            shortage_quantity: why.shortage,
            safety_stock: why.safety_stock,
            service_level_percent: why.service_level,
            demand_days: why.demand_days,
            issued_quantity: why.issued,
            demand_per_day: row.demand_per_day,
            demand_deviation: why.deviation,
            days_of_cover: row.days_of_cover,
            lead_time_days: row.lead_time_days,
            lead_time_calendar_days: why.lead_calendar_days,
            minimum_order_quantity: why.minimum,
            order_multiple: why.multiple,
            unit_factor: why.factor,
            rounded_up_quantity: why.rounded_up,
            is_above_maximum: why.above_maximum,
            supplier_choice: why.choice,
            offer_count: why.offers,
            rule_version: row.rule_version.clone(),
        }
    }
}

/// What the viewer may do with a proposal.
#[derive(SimpleObject)]
pub struct ProposalViewerCan {
    /// Order it.
    accept: Permission,
    /// Dismiss it.
    dismiss: Permission,
}

/// A proposal to order an item for a warehouse, made by the nightly job.
#[Object]
impl Proposal {
    /// The proposal.
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

    /// The item. Needs `inventory.item.read`.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        link(graph, ITEM_READ, Some(self.0.item_id)).await
    }

    /// Where it stands.
    async fn status(&self) -> ProposalStatus {
        self.0.status
    }

    /// How much, in the item's unit. Needs `inventory.item.read`.
    async fn quantity(&self, graph: &Context<'_>) -> Result<Option<ItemQuantity>> {
        of_item(graph, self.0.item_id, Some(self.0.quantity)).await
    }

    /// How much, in the purchase unit.
    async fn order_quantity(&self) -> ItemQuantity {
        ItemQuantity::new(self.0.unit_quantity.0, self.0.unit_id)
    }

    /// The supplier chosen; null when nobody sells the item. Needs `directory.party.read`.
    async fn supplier(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        link(graph, PARTY_READ, self.0.supplier_id).await
    }

    /// The terms that it would be ordered by.
    async fn supplier_term(&self, graph: &Context<'_>) -> Result<Option<SupplierTerm>> {
        link(graph, REPLENISHMENT_READ, self.0.supplier_term_id).await
    }

    /// What it would cost, without tax. Needs `inventory.cost.read`.
    async fn value(&self, graph: &Context<'_>) -> Result<Option<Money>> {
        let shown = self.shows_cost(Call::of(graph)?);
        Ok(self.0.value().filter(|_| shown))
    }

    /// When it comes if it is ordered on the day of the look.
    async fn expected_date(&self) -> Option<Date> {
        self.0.expected_on
    }

    /// The day as of whose end it was looked.
    async fn as_of_date(&self) -> Date {
        self.0.as_of
    }

    /// What keeps it from being ordered as it is.
    async fn problem(&self) -> Option<ProposalProblem> {
        self.0.problem
    }

    /// Why so much, and why this supplier.
    async fn explanation(&self, graph: &Context<'_>) -> Result<ProposalExplanation> {
        let call = Call::of(graph)?;
        let why = self.0.explanation();
        let why = why.map_err(|error| failure::of(call, error))?;
        Ok(ProposalExplanation::of(&self.0, why))
    }

    /// Why it was dismissed or withdrawn.
    async fn reason(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let call = Call::of(graph)?;
        Ok(self.0.reason.as_ref().map(|reason| match self.0.status {
            ProposalStatus::Withdrawn => {
                call.core().speaker.say(call.context().locale, reason, &[])
            }
            _ => reason.clone(),
        }))
    }

    /// Until when it is not proposed again.
    async fn dismissed_until_date(&self) -> Option<Date> {
        self.0.dismissed_until
    }

    /// The order that it became. Needs `inventory.purchase.read`.
    async fn purchase_order(&self, graph: &Context<'_>) -> Result<Option<PurchaseOrder>> {
        link(graph, PURCHASE_READ, self.0.purchase_order_id).await
    }

    /// The run that made it or renewed it last. Needs `kernel.job.read`, or to have wanted it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.job_id).await
    }

    /// Who decided it, if it was a person.
    async fn decided_by(&self) -> Option<NamedUser> {
        self.0.decided_by.map(NamedUser)
    }

    /// When it was decided or withdrawn.
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.decided_at
    }

    /// When it was made.
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
        Ok(if shown { Vec::new() } else { vec!["value"] })
    }

    /// What the viewer may do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ProposalViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let held = |permission| Permission::held(call, permission, |it| it.covers(company, None));
        let open = || match self.0.status {
            ProposalStatus::Open => Permission::allowed(),
            status => {
                let fault = Fault::not_allowed(PROPOSAL_DECIDED).with("status", status);
                Permission::refused(call, &fault)
            }
        };
        let sold = || match self.0.supplier_id {
            Some(_) => Permission::allowed(),
            None => Permission::refused(call, &Fault::not_allowed(PROPOSAL_WITHOUT_SUPPLIER)),
        };
        let dismiss = held(REPLENISHMENT_MANAGE).and(open);
        let accept = dismiss.clone().and(|| held(PURCHASE_MANAGE)).and(sold);
        Ok(ProposalViewerCan { accept, dismiss })
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

impl Proposal {
    fn shows_cost(&self, call: &Call) -> bool {
        let scope = call.actor().scope(COST_READ);
        scope.covers(Some(self.0.company_id), None)
    }
}

/// Looks at proposals.
#[derive(Default)]
pub struct ProposalQuery;

#[Object]
impl ProposalQuery {
    /// A proposal. Needs `inventory.replenishment.read`.
    async fn proposal(&self, graph: &Context<'_>, id: ProposalId) -> Result<Option<Proposal>> {
        find(graph, id).await
    }

    /// Proposals. Needs `inventory.replenishment.read`.
    async fn proposals(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ProposalFilter>,
        sort: Option<ProposalSort>,
        search: Option<String>,
    ) -> Result<Connection<Proposal>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
