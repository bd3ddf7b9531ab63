//! Purchase orders: what was asked of a supplier for a warehouse, from draft to receipt.
//!
//! Drafted by hand or from proposals; submitted, which orders it at once or asks for approval where
//! a policy of approval says so; received line by line with its movement of stock in the same
//! transaction, less by what goes back to the supplier; closed when the rest will not come,
//! cancelled before anything came. Who made an order never approves it. What was asked for does not
//! change after the draft, an order goes its way and no other, and what waits for approval is ordered
//! with one that was given: the database sees to all three as well.

mod aggregate;
mod approve;
mod draft;
mod edit;
mod end;
mod give_back;
mod receive;
pub(crate) mod rules;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{
    ApprovalId, CompanyId, ItemId, MovementId, OrganisationId, PartyId, ProposalId,
    PurchaseOrderId, PurchaseOrderLineId, SupplierTermId, UnitId, UserId, WarehouseId,
};
use kernel::page::{Page, PageRequest};
use kernel::{
    CurrencyCode, Date, Dec, Event, Fault, Money, Permission, Principal, Result, Tx, enum_filter,
    listing, text_enum,
};
use rust_decimal::Decimal;

use crate::fault;
use crate::permission::{self, COST_READ, PURCHASE_READ};
use crate::schema_replenishment::{purchase_order, purchase_order_line, purchase_receipt};

pub use aggregate::{PurchaseOrderGroupBy, aggregate};
pub use approve::{
    PurchaseOrderApproveInput, PurchaseOrderRejectInput, PurchaseOrderSubmitInput, approve,
    decide_approval, reject, submit,
};
pub(crate) use draft::{NewLine, NewOrder, draft_all};
pub use draft::{PurchaseOrderCreateInput, PurchaseOrderLineInput, create};
pub use edit::{
    PurchaseOrderLineChangeInput, PurchaseOrderPatch, PurchaseOrderUpdateInput, update,
};
pub use end::{PurchaseOrderCancelInput, PurchaseOrderCloseInput, cancel, close};
pub(crate) use give_back::{tie, went_back};
pub use receive::{PurchaseOrderReceiveInput, PurchaseOrderReceiveLineInput, Received, receive};
pub(crate) use receive::{lock_received, take_back};

/// The GraphQL type of what is approved.
pub const SUBJECT: &str = "PurchaseOrder";
/// The kind of source of the movements that orders make.
pub const SOURCE: &str = "inventory.purchase_order";
/// Lines of an order at most.
pub const MOST_LINES: usize = 500;

kernel::typed_id! {
    /// A receipt of goods for a line of an order.
    PurchaseReceiptId = "prc";
}

text_enum! {
    /// Where a purchase order stands.
    pub enum PurchaseOrderStatus {
        /// It is being written.
        Draft = "DRAFT",
        /// It waits for approval.
        InApproval = "IN_APPROVAL",
        /// It was ordered.
        Ordered = "ORDERED",
        /// Some of it came.
        PartiallyReceived = "PARTIALLY_RECEIVED",
        /// All of it came.
        Received = "RECEIVED",
        /// The rest is not waited for.
        Closed = "CLOSED",
        /// It was called off before anything came.
        Cancelled = "CANCELLED",
    }
}

enum_filter! {
    /// Conditions on where a purchase order stands.
    PurchaseOrderStatusFilter of PurchaseOrderStatus
}

/// An order to a supplier.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = purchase_order,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct PurchaseOrder {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The order.
    pub id: PurchaseOrderId,
    /// The company that orders.
    pub company_id: CompanyId,
    /// Where it is delivered.
    pub warehouse_id: WarehouseId,
    /// The supplier.
    pub supplier_id: PartyId,
    /// Its number, gap-free in the company's year.
    pub number: String,
    /// Where it stands.
    pub status: PurchaseOrderStatus,
    /// The currency of its prices.
    pub currency: CurrencyCode,
    /// What the supplier calls it.
    pub supplier_reference: Option<String>,
    /// A remark.
    pub memo: Option<String>,
    /// When it is expected, for lines that say nothing else.
    pub expected_on: Option<Date>,
    /// The sum of its lines, without tax.
    pub total: Dec,
    /// Its last approval.
    pub approval_id: Option<ApprovalId>,
    /// Who drafted it; nobody when the system did.
    pub prepared_by: Option<UserId>,
    /// Who submitted it last.
    pub submitted_by: Option<UserId>,
    /// The day on which it was ordered.
    pub ordered_on: Option<Date>,
    /// The day on which it was received, closed or cancelled.
    pub ended_on: Option<Date>,
    /// Why it was closed or cancelled.
    pub end_reason: Option<String>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl PurchaseOrder {
    /// The sum of its lines, without tax.
    pub fn money(&self) -> Money {
        Money::new(self.total.0, self.currency)
    }

    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, SUBJECT, self.id, PURCHASE_READ)
            .company(self.company_id)
            .set("number", &self.number)
            .set("status", self.status)
    }
}

/// A line of an order. Quantities are in the purchase unit.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = purchase_order_line,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct PurchaseOrderLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The line.
    pub id: PurchaseOrderLineId,
    /// Its order.
    pub purchase_order_id: PurchaseOrderId,
    /// Its place, from 1.
    pub position: i32,
    /// The item.
    pub item_id: ItemId,
    /// The purchase unit.
    pub unit_id: UnitId,
    /// How the purchase unit becomes the item's: times this, divided by the next.
    pub factor: Dec,
    /// The number that is divided by.
    pub divisor: Dec,
    /// How much is ordered.
    pub quantity: Dec,
    /// The price of one purchase unit, without tax.
    pub price: Dec,
    /// When it is expected.
    pub expected_on: Option<Date>,
    /// How much more than ordered is taken in, in per cent.
    pub over_receipt_percent: Dec,
    /// How much came.
    pub received_quantity: Dec,
    /// What the supplier calls the item.
    pub supplier_code: Option<String>,
    /// The supplier's terms that it was ordered by.
    pub supplier_term_id: Option<SupplierTermId>,
    /// The proposal that it came from.
    pub proposal_id: Option<ProposalId>,
}

impl PurchaseOrderLine {
    /// How many of the item's unit one purchase unit is, rounded to twelve decimals.
    pub fn unit_factor(&self) -> Dec {
        let factor = self.factor.0.checked_div(self.divisor.0);
        Dec(factor.unwrap_or_default().round_dp(12).normalize())
    }

    /// What it costs, without tax, rounded to the currency.
    pub fn amount(&self, currency: CurrencyCode) -> Money {
        Money::new(self.quantity.0 * self.price.0, currency).rounded()
    }

    /// What has not come yet; nothing when more came.
    pub fn outstanding(&self) -> Decimal {
        (self.quantity.0 - self.received_quantity.0).max(Decimal::ZERO)
    }
}

/// What came in for a line.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = purchase_receipt, check_for_backend(diesel::pg::Pg))]
pub struct PurchaseReceipt {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The receipt.
    pub id: PurchaseReceiptId,
    /// The order.
    pub purchase_order_id: PurchaseOrderId,
    /// The line.
    pub line_id: PurchaseOrderLineId,
    /// The movement of stock that it was.
    pub movement_id: Option<MovementId>,
    /// The day.
    pub received_on: Date,
    /// How much, in the purchase unit; below zero for what went back to the supplier, and when the
    /// movement was reversed.
    pub quantity: Dec,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

listing! {
    /// Conditions on purchase orders.
    filter PurchaseOrderFilter {
        /// By id.
        id: IdFilter => id,
        /// By number.
        number: TextFilter => number,
        /// By company.
        company: IdFilter => company_id,
        /// By warehouse.
        warehouse: IdFilter => warehouse_id,
        /// By supplier.
        supplier: IdFilter => supplier_id,
        /// By where they stand.
        status: PurchaseOrderStatusFilter => status,
        /// By what the supplier calls them.
        supplier_reference: TextFilter => supplier_reference,
        /// By the sum of their lines; needs the right to see costs.
        total: DecimalFilter => total [requires COST_READ],
        /// By when they are expected.
        expected_on: DateFilter => expected_on,
        /// By the day on which they were ordered.
        ordered_on: DateFilter => ordered_on,
        /// By the day on which they were received, closed or cancelled.
        ended_on: DateFilter => ended_on,
        /// By when they were drafted.
        created_at: DateTimeFilter => created_at,
    }
    related {
        /// By lines: any of them fits.
        lines: PurchaseOrderLineFilter =>
            id in ("inventory", "purchase_order_line", "purchase_order_id"),
    }
    /// An order of purchase orders.
    sort PurchaseOrderSort;
    /// What purchase orders can be sorted by.
    by PurchaseOrderSortField {
        /// By when they were drafted.
        CreatedAt = "CREATED_AT" => created_at,
        /// By number.
        Number = "NUMBER" => number,
        /// By the sum of their lines; needs the right to see costs.
        Total = "TOTAL" => total [requires COST_READ],
    }
    default CreatedAt Desc;
    search [number, supplier_reference, memo];
    from "inventory" purchase_order as PurchaseOrder;
}

pub mod line {
    //! Lines of orders by their own ids, and as the filter of orders asks for them.

    use super::*;

    listing! {
        /// Conditions on lines of purchase orders.
        filter PurchaseOrderLineFilter {
            /// By item.
            item: IdFilter => item_id,
            /// By proposal.
            proposal: IdFilter => proposal_id,
            /// By when they are expected.
            expected_on: DateFilter => expected_on,
            /// By how much came.
            received_quantity: DecimalFilter => received_quantity,
        }
        /// An order of lines of purchase orders.
        sort PurchaseOrderLineSort;
        /// What lines of purchase orders can be sorted by.
        by PurchaseOrderLineSortField {
            /// By their place.
            Position = "POSITION" => position,
        }
        default Position Asc;
        search [];
        from "inventory" purchase_order_line as PurchaseOrderLine;
    }

    /// Those among some lines whose orders the actor may see.
    pub async fn by_ids(
        tx: &mut Tx,
        ids: &[PurchaseOrderLineId],
    ) -> Result<Vec<PurchaseOrderLine>> {
        let rows: Vec<PurchaseOrderLine> = purchase_order_line::table
            .filter(purchase_order_line::organisation_id.eq(tx.organisation()))
            .filter(purchase_order_line::id.eq_any(ids))
            .select(PurchaseOrderLine::as_select())
            .load(tx.conn())
            .await?;
        let orders: Vec<PurchaseOrderId> = rows.iter().map(|row| row.purchase_order_id).collect();
        let orders = super::by_ids(tx, &orders).await?;
        let seen =
            |row: &PurchaseOrderLine| orders.iter().any(|order| order.id == row.purchase_order_id);
        Ok(rows.into_iter().filter(seen).collect())
    }
}

pub use line::PurchaseOrderLineFilter;

fn visible(tx: &Tx) -> Result<kernel::Predicate> {
    permission::visible(tx, PURCHASE_READ, "purchase_order")
}

/// A page of the orders that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PurchaseOrderFilter, PurchaseOrderSortField>,
) -> Result<Page<PurchaseOrder>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many orders the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PurchaseOrderFilter, PurchaseOrderSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some orders.
pub async fn by_ids(tx: &mut Tx, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrder>> {
    let visible = visible(tx)?;
    Ok(purchase_order::table
        .filter(purchase_order::organisation_id.eq(tx.organisation()))
        .filter(purchase_order::id.eq_any(ids))
        .filter(visible)
        .select(PurchaseOrder::as_select())
        .load(tx.conn())
        .await?)
}

/// The lines of some orders that the actor may see, in their order.
pub async fn lines_of(tx: &mut Tx, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrderLine>> {
    let seen: Vec<PurchaseOrderId> = by_ids(tx, ids).await?.iter().map(|row| row.id).collect();
    load_lines(tx, &seen).await
}

/// What came in for some orders that the actor may see, oldest first.
pub async fn receipts_of(tx: &mut Tx, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseReceipt>> {
    let seen: Vec<PurchaseOrderId> = by_ids(tx, ids).await?.iter().map(|row| row.id).collect();
    Ok(purchase_receipt::table
        .filter(purchase_receipt::organisation_id.eq(tx.organisation()))
        .filter(purchase_receipt::purchase_order_id.eq_any(seen))
        .order((purchase_receipt::received_on, purchase_receipt::id))
        .select(PurchaseReceipt::as_select())
        .load(tx.conn())
        .await?)
}

/// The lines of some orders, in their order.
async fn load_lines(tx: &mut Tx, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrderLine>> {
    Ok(purchase_order_line::table
        .filter(purchase_order_line::organisation_id.eq(tx.organisation()))
        .filter(purchase_order_line::purchase_order_id.eq_any(ids))
        .order((
            purchase_order_line::purchase_order_id,
            purchase_order_line::position,
        ))
        .select(PurchaseOrderLine::as_select())
        .load(tx.conn())
        .await?)
}

/// Locks an order for an act that a permission is needed for. Whoever may see it hears that they
/// may not; everybody else that there is none.
async fn lock(
    tx: &mut Tx,
    id: PurchaseOrderId,
    needed: Permission,
    expected_version: Option<i32>,
) -> Result<PurchaseOrder> {
    let row: Option<PurchaseOrder> = purchase_order::table
        .find((tx.organisation(), id))
        .for_update()
        .select(PurchaseOrder::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let covers = |permission, row: &PurchaseOrder| {
        tx.actor()
            .scope(permission)
            .covers(Some(row.company_id), None)
    };
    let row = row
        .filter(|row| covers(needed, row) || covers(PURCHASE_READ, row))
        .ok_or_else(|| Fault::not_found(fault::ORDER_NOT_FOUND).at(["id"]))?;
    tx.require_in(needed, row.company_id, None)?;
    directory::check::version(row.version, expected_version)?;
    Ok(row)
}

/// That an order stands at one of some states.
pub fn require_status(row: &PurchaseOrder, allowed: &[PurchaseOrderStatus]) -> Result<(), Fault> {
    if allowed.contains(&row.status) {
        return Ok(());
    }
    Err(Fault::not_allowed(fault::ORDER_STATE)
        .with("status", row.status)
        .at(["id"]))
}

/// Writes an order with its version moved on.
async fn store(tx: &mut Tx, mut row: PurchaseOrder) -> Result<PurchaseOrder> {
    row.version += 1;
    diesel::update(purchase_order::table.find((row.organisation_id, row.id)))
        .set(&row)
        .execute(tx.conn())
        .await?;
    Ok(row)
}

/// The day of a company.
async fn today(tx: &mut Tx, company: CompanyId) -> Result<Date> {
    let company = directory::company::load(tx, company).await?;
    Ok(Date(tx.now().with_timezone(&company.tz()).date_naive()))
}

/// The person behind an act: the user, or who made the API key. Nobody for the system.
pub(crate) async fn person_behind(tx: &mut Tx) -> Result<Option<UserId>> {
    use directory::schema::api_key;
    match tx.actor().principal {
        Principal::User(user) => Ok(Some(user)),
        Principal::System => Ok(None),
        Principal::ApiKey(key) => Ok(api_key::table
            .find((tx.organisation(), key))
            .select(api_key::user_id)
            .first(tx.conn())
            .await
            .optional()?),
    }
}
