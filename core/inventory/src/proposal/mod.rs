//! Proposals: what to order, how much and why, made by the nightly job and decided by people.
//!
//! At most one stands for an item in a warehouse. It says what was there, what was on its way and
//! what the policy asks for; accepting turns it into a line of a purchase order, dismissing keeps
//! it from coming back until a day, and the job withdraws it when nothing is needed any more. Those
//! that wait in a warehouse are a task of those who buy.

mod accept;
mod current;
mod dismiss;
pub mod report;
pub(crate) mod task;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, IntFilter};
use kernel::ids::{
    CompanyId, ItemId, JobId, OrganisationId, PartyId, ProposalId, PurchaseOrderId, SupplierTermId,
    UnitId, UserId, WarehouseId,
};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Event, Money, Result, Tx, enum_filter, listing, text_enum};

use crate::permission::{self, COST_READ, REPLENISHMENT_READ};
use crate::replenish::Explanation;
use crate::schema_replenishment::proposal;

pub use accept::{Accepted, AcceptedOne, ProposalAcceptInput, accept};
pub use dismiss::{ProposalDismissInput, dismiss};

text_enum! {
    /// Where a proposal stands.
    pub enum ProposalStatus {
        /// It waits for a decision.
        Open = "OPEN",
        /// It was ordered.
        Accepted = "ACCEPTED",
        /// A person did not want it.
        Dismissed = "DISMISSED",
        /// The job found that nothing is needed any more.
        Withdrawn = "WITHDRAWN",
    }
}

enum_filter! {
    /// Conditions on where a proposal stands.
    ProposalStatusFilter of ProposalStatus
}

text_enum! {
    /// What keeps a proposal from being ordered as it is.
    pub enum ProposalProblem {
        /// Nobody sells the item.
        NoSupplier = "NO_SUPPLIER",
    }
}

/// A proposal to order an item for a warehouse. Quantities are in the item's unit, but for
/// `unit_quantity`, which is in the purchase unit.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = proposal, check_for_backend(diesel::pg::Pg))]
pub struct Proposal {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The proposal.
    pub id: ProposalId,
    /// The company.
    pub company_id: CompanyId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The item.
    pub item_id: ItemId,
    /// Where it stands.
    pub status: ProposalStatus,
    /// The supplier chosen; none when nobody sells the item.
    pub supplier_id: Option<PartyId>,
    /// The supplier's terms.
    pub supplier_term_id: Option<SupplierTermId>,
    /// How much.
    pub quantity: Dec,
    /// The purchase unit.
    pub unit_id: UnitId,
    /// How much, in the purchase unit.
    pub unit_quantity: Dec,
    /// The price of one purchase unit.
    pub price: Option<Dec>,
    /// The currency of the price.
    pub currency: Option<CurrencyCode>,
    /// When it comes if it is ordered on the day of the look.
    pub expected_on: Option<Date>,
    /// The day as of whose end it was looked.
    pub as_of: Date,
    /// What keeps it from being ordered as it is.
    pub problem: Option<ProposalProblem>,
    /// What was there.
    pub on_hand: Dec,
    /// What was on its way.
    pub on_order: Dec,
    /// At or below this it is ordered.
    pub reorder_point: Dec,
    /// Demand of a day.
    pub demand_per_day: Dec,
    /// Working days from order to arrival.
    pub lead_time_days: Option<i32>,
    /// Days that what was there lasts.
    pub days_of_cover: Option<Dec>,
    /// The rest of why, see [`Explanation`].
    pub explanation: serde_json::Value,
    /// The version of the rules that made it.
    pub rule_version: String,
    /// The run that made it, or renewed it last.
    pub job_id: Option<JobId>,
    /// Who decided, if it was a person.
    pub decided_by: Option<UserId>,
    /// When it was decided or withdrawn.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was dismissed or withdrawn.
    pub reason: Option<String>,
    /// Until when it is not proposed again.
    pub dismissed_until: Option<Date>,
    /// The order that it became.
    pub purchase_order_id: Option<PurchaseOrderId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Proposal {
    /// How it came about, beside what its fields say.
    pub fn explanation(&self) -> Result<Explanation> {
        Ok(serde_json::from_value(self.explanation.clone())?)
    }

    /// What it would cost.
    pub fn value(&self) -> Option<Money> {
        let amount = self.price?.0 * self.unit_quantity.0;
        Some(Money::new(amount, self.currency?).rounded())
    }

    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, "Proposal", self.id, REPLENISHMENT_READ)
            .company(self.company_id)
            .set("item", self.item_id)
            .set("warehouse", self.warehouse_id)
    }
}

listing! {
    /// Conditions on proposals.
    filter ProposalFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By warehouse.
        warehouse: IdFilter => warehouse_id,
        /// By item.
        item: IdFilter => item_id,
        /// By where they stand.
        status: ProposalStatusFilter => status,
        /// By supplier; `isNull` finds those that nobody sells.
        supplier: IdFilter => supplier_id,
        /// By how much, in the item's unit.
        quantity: DecimalFilter => quantity,
        /// By days that what was there lasts.
        days_of_cover: DecimalFilter => days_of_cover,
        /// By working days from order to arrival.
        lead_time_days: IntFilter => lead_time_days,
        /// By the day as of which they were made.
        as_of: DateFilter => as_of,
        /// By when they would come.
        expected_on: DateFilter => expected_on,
        /// By the run that made them.
        job: IdFilter => job_id,
        /// By the order that they became.
        purchase_order: IdFilter => purchase_order_id,
        /// By price of a purchase unit; needs the right to see costs.
        price: DecimalFilter => price [requires COST_READ],
        /// By when they were made.
        created_at: DateTimeFilter => created_at,
    }
    related {
        /// By the item's own conditions.
        item_where: crate::item::ItemFilter => item_id in ("inventory", "item", "id"),
    }
    /// An order of proposals.
    sort ProposalSort;
    /// What proposals can be sorted by.
    by ProposalSortField {
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
        /// By how much, in the item's unit.
        Quantity = "QUANTITY" => quantity,
        /// By what was there.
        OnHand = "ON_HAND" => on_hand,
    }
    default CreatedAt Desc;
    search [reason, status];
    from "inventory" proposal as Proposal;
}

fn visible(tx: &Tx) -> Result<kernel::Predicate> {
    permission::visible(tx, REPLENISHMENT_READ, "proposal")
}

/// A page of the proposals that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ProposalFilter, ProposalSortField>,
) -> Result<Page<Proposal>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many proposals the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ProposalFilter, ProposalSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some proposals.
pub async fn by_ids(tx: &mut Tx, ids: &[ProposalId]) -> Result<Vec<Proposal>> {
    let visible = visible(tx)?;
    Ok(proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::id.eq_any(ids))
        .filter(visible)
        .select(Proposal::as_select())
        .load(tx.conn())
        .await?)
}

/// Locks some proposals in order of their ids; those that are not there are left out.
async fn lock(tx: &mut Tx, ids: &[ProposalId]) -> Result<Vec<Proposal>> {
    Ok(proposal::table
        .filter(proposal::organisation_id.eq(tx.organisation()))
        .filter(proposal::id.eq_any(ids))
        .order(proposal::id)
        .for_update()
        .select(Proposal::as_select())
        .load(tx.conn())
        .await?)
}
