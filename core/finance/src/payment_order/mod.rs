//! Payment orders: what is paid to suppliers by one bank file. Drafted from what is owed, approved by
//! a second person who proved their identity, then sent: file, posting and settlement at once.
//!
//! A payment keeps the account number that it was drafted with. When the supplier's account is
//! another by the time of submitting, approving or sending, the order is refused: whoever changes an
//! account between two signatures gets nothing.

mod decide;
mod deliver;
mod draft;
mod rules;
mod store;

pub use decide::{
    PaymentOrderApproveInput, PaymentOrderCancelInput, PaymentOrderRejectInput,
    PaymentOrderSubmitInput, approve, cancel, reject, submit,
};
pub use deliver::PaymentDeliver;
pub use draft::{PaymentOrderDraftInput, draft};
pub(crate) use store::is_ordered;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{
    ApprovalId, CompanyId, EntryId, FileId, OpenItemId, OrganisationId, PaymentId, PaymentOrderId,
    UserId,
};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Event, Fault, Money, Permission, Result, Tx, listing};

use crate::fault;
use crate::payment::Payment;
use crate::permission::{PAYMENT_READ, covers, visible};
use crate::schema::{payment, payment_item, payment_order};

kernel::text_enum! {
    /// Where a payment order stands.
    pub enum PaymentOrderStatus {
        /// Drafted.
        Draft = "DRAFT",
        /// Waiting for a second person.
        InReview = "IN_REVIEW",
        /// Approved; its file is being made.
        Approved = "APPROVED",
        /// Its file is made and its payments are in the books.
        Sent = "SENT",
        /// Called off.
        Cancelled = "CANCELLED",
    }
}

kernel::enum_filter! {
    /// Conditions on where a payment order stands.
    PaymentOrderStatusFilter of PaymentOrderStatus
}

/// A payment order.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = payment_order,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct PaymentOrder {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The order.
    pub id: PaymentOrderId,
    /// The company.
    pub company_id: CompanyId,
    /// Where it stands.
    pub status: PaymentOrderStatus,
    /// The day on which the bank shall pay.
    pub execution_on: Date,
    /// The account that is charged.
    pub iban: String,
    /// The BIC of its bank.
    pub bic: Option<String>,
    /// The account of that bank in the ledger.
    pub account_code: String,
    /// The currency: euros.
    pub currency: CurrencyCode,
    /// The sum of its payments.
    pub total: Dec,
    /// How many payments it has.
    pub payments: i32,
    /// What the bank knows its file by; the same however often it is made.
    pub message_id: String,
    /// A remark.
    pub memo: Option<String>,
    /// Its approval.
    pub approval_id: Option<ApprovalId>,
    /// Its entry in the journal.
    pub entry_id: Option<EntryId>,
    /// The bank file.
    pub file_id: Option<FileId>,
    /// Who drafted it.
    pub prepared_by: Option<UserId>,
    /// Who submitted it.
    pub submitted_by: Option<UserId>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// When its file was made and its payments were posted.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl PaymentOrder {
    /// The sum of its payments.
    pub fn money(&self) -> Money {
        Money::new(self.total.0, self.currency)
    }

    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, "PaymentOrder", self.id, PAYMENT_READ)
            .company(self.company_id)
            .set("total", self.total)
    }

    /// That it stands where an act begins.
    pub fn require_status(&self, allowed: &[PaymentOrderStatus]) -> Result<(), Fault> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        Err(Fault::not_allowed(fault::ORDER_STATE)
            .with("status", self.status)
            .at(["id"]))
    }
}

/// What a payment of an order is to settle.
#[derive(Clone, Copy, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment_item, check_for_backend(diesel::pg::Pg))]
pub struct PaymentItem {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The payment.
    pub payment_id: PaymentId,
    /// The open item.
    pub open_item_id: OpenItemId,
    /// How much of it; below zero for a credit note.
    pub amount: Dec,
    /// Whether the order still waits to be sent.
    pub live: bool,
}

listing! {
    /// Conditions on payment orders.
    filter PaymentOrderFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By where they stand.
        status: PaymentOrderStatusFilter => status,
        /// By the day on which the bank shall pay.
        execution_on: DateFilter => execution_on,
        /// By sum.
        total: DecimalFilter => total,
        /// By what the bank knows the file by.
        message: TextFilter => message_id,
        /// By when they were made.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of payment orders.
    sort PaymentOrderSort;
    /// What payment orders can be sorted by.
    by PaymentOrderSortField {
        /// By the day on which the bank shall pay.
        ExecutionOn = "EXECUTION_ON" => execution_on,
        /// By sum.
        Total = "TOTAL" => total,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default CreatedAt Desc;
    search [message_id, memo];
    from "finance" payment_order as PaymentOrder;
}

/// A page of the payment orders that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PaymentOrderFilter, PaymentOrderSortField>,
) -> Result<Page<PaymentOrder>> {
    let visible = visible(tx, PAYMENT_READ, "payment_order")?;
    list(tx, request, visible).await
}

/// How many payment orders the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PaymentOrderFilter, PaymentOrderSortField>,
) -> Result<i64> {
    let visible = visible(tx, PAYMENT_READ, "payment_order")?;
    tally(tx, request, visible).await
}

/// The visible ones among some payment orders.
pub async fn by_ids(tx: &mut Tx, ids: &[PaymentOrderId]) -> Result<Vec<PaymentOrder>> {
    let visible = visible(tx, PAYMENT_READ, "payment_order")?;
    Ok(payment_order::table
        .filter(payment_order::organisation_id.eq(tx.organisation()))
        .filter(payment_order::id.eq_any(ids))
        .filter(visible)
        .select(PaymentOrder::as_select())
        .load(tx.conn())
        .await?)
}

/// A payment order that the actor may see.
pub async fn find(tx: &mut Tx, id: PaymentOrderId) -> Result<Option<PaymentOrder>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// What some visible payments of orders are to settle.
pub async fn items_of(tx: &mut Tx, payments: &[PaymentId]) -> Result<Vec<PaymentItem>> {
    let visible = visible(tx, PAYMENT_READ, "payment")?;
    Ok(payment_item::table
        .inner_join(
            payment::table.on(payment::organisation_id
                .eq(payment_item::organisation_id)
                .and(payment::id.eq(payment_item::payment_id))),
        )
        .filter(payment_item::organisation_id.eq(tx.organisation()))
        .filter(payment_item::payment_id.eq_any(payments))
        .filter(visible)
        .order((payment_item::payment_id, payment_item::open_item_id))
        .select(PaymentItem::as_select())
        .load(tx.conn())
        .await?)
}

/// An order that a permission covers, locked.
async fn lock(
    tx: &mut Tx,
    id: PaymentOrderId,
    permission: Permission,
    expected: Option<i32>,
) -> Result<PaymentOrder> {
    tx.require(permission)?;
    let found: Option<PaymentOrder> = payment_order::table
        .find((tx.organisation(), id))
        .for_no_key_update()
        .select(PaymentOrder::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let found = found.filter(|row| covers(tx.actor(), permission, row.company_id));
    let row = found.ok_or_else(|| Fault::not_found(fault::ORDER_NOT_FOUND).at(["id"]))?;
    directory::check::version(row.version, expected)?;
    Ok(row)
}

/// The payments of an order with what each is to settle, by place.
async fn payments(tx: &mut Tx, order: &PaymentOrder) -> Result<Vec<(Payment, Vec<PaymentItem>)>> {
    let rows: Vec<Payment> = payment::table
        .filter(payment::organisation_id.eq(order.organisation_id))
        .filter(payment::order_id.eq(order.id))
        .order(payment::position)
        .select(Payment::as_select())
        .load(tx.conn())
        .await?;
    let ids: Vec<PaymentId> = rows.iter().map(|row| row.id).collect();
    let items: Vec<PaymentItem> = payment_item::table
        .filter(payment_item::organisation_id.eq(order.organisation_id))
        .filter(payment_item::payment_id.eq_any(ids))
        .order((payment_item::payment_id, payment_item::open_item_id))
        .select(PaymentItem::as_select())
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = items.iter().filter(|item| item.payment_id == row.id);
            let own = own.copied().collect();
            (row, own)
        })
        .collect())
}
