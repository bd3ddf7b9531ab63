//! Open items: what is owed to suppliers and by customers, one for each instalment of an invoice,
//! and below zero what is to be set against it: credit notes and payments. An item is never edited;
//! allocations take from what remains of it.

mod rules;
mod settle;
mod store;

pub use settle::{OpenItemAllocateInput, OpenItemPairInput, allocate};
pub(crate) use settle::{Pair, settle};
pub(crate) use store::{insert, locked};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter};
use kernel::ids::{
    AllocationId, CompanyId, EntryId, InvoiceId, OpenItemId, OrganisationId, PartyId,
};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Result, Tx, listing};

use crate::permission::{INVOICE_READ, visible};
use crate::schema::{allocation, open_item, payment_item};

kernel::text_enum! {
    /// On which side something is owed.
    pub enum OpenItemSide {
        /// The company owes.
        Payable = "PAYABLE",
        /// The company is owed.
        Receivable = "RECEIVABLE",
    }
}

kernel::enum_filter! {
    /// Conditions on the side of an open item.
    OpenItemSideFilter of OpenItemSide
}

impl OpenItemSide {
    /// How what is owed stands in the ledger: receivables are debits, payables credits.
    pub const fn sign(self) -> i64 {
        match self {
            Self::Payable => -1,
            Self::Receivable => 1,
        }
    }
}

/// Something that is owed, or to be set against what is owed.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = open_item, check_for_backend(diesel::pg::Pg))]
pub struct OpenItem {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The item.
    pub id: OpenItemId,
    /// The company.
    pub company_id: CompanyId,
    /// On which side it is owed.
    pub side: OpenItemSide,
    /// To or by whom.
    pub party_id: PartyId,
    /// The invoice or credit note; none for a payment.
    pub invoice_id: Option<InvoiceId>,
    /// The entry that made it.
    pub entry_id: EntryId,
    /// The account of the ledger that it is part of.
    pub account_code: String,
    /// Its place among the instalments, from 1.
    pub position: i32,
    /// The day of the entry.
    pub posted_on: Date,
    /// The day it falls due.
    pub due_on: Date,
    /// The currency of the document.
    pub currency: CurrencyCode,
    /// Units of the books' currency for one of the document's.
    pub rate: Dec,
    /// How much, in the currency of the document; below zero for credit notes and payments.
    pub amount: Dec,
    /// How much of it is open.
    pub remaining: Dec,
    /// How much, in the currency of the books.
    pub company_amount: Dec,
    /// How much of that is open.
    pub company_remaining: Dec,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

/// A part of what is owed, settled by a credit note or a payment.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = allocation, check_for_backend(diesel::pg::Pg))]
pub struct Allocation {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The allocation.
    pub id: AllocationId,
    /// The company.
    pub company_id: CompanyId,
    /// What was owed.
    pub charge_id: OpenItemId,
    /// What settled it.
    pub credit_id: OpenItemId,
    /// The day.
    pub allocated_on: Date,
    /// How much, in the currency of the documents.
    pub amount: Dec,
    /// The same as the charge was posted, in the currency of the books.
    pub charge_company: Dec,
    /// The same as the credit was posted.
    pub credit_company: Dec,
    /// The entry of the exchange difference.
    pub entry_id: Option<EntryId>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
}

listing! {
    /// Conditions on open items.
    filter OpenItemFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By side.
        side: OpenItemSideFilter => side,
        /// By party.
        party: IdFilter => party_id,
        /// By invoice.
        invoice: IdFilter => invoice_id,
        /// By the day of the entry.
        posted_on: DateFilter => posted_on,
        /// By the day it falls due.
        due_on: DateFilter => due_on,
        /// By amount, in the currency of the document.
        amount: DecimalFilter => amount,
        /// By what is open; `ne: 0` for what is not settled yet.
        remaining: DecimalFilter => remaining,
        /// By when it was recorded.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of open items.
    sort OpenItemSort;
    /// What open items can be sorted by.
    by OpenItemSortField {
        /// By the day they fall due.
        DueOn = "DUE_ON" => due_on,
        /// By the day of the entry.
        PostedOn = "POSTED_ON" => posted_on,
        /// By what is open.
        Remaining = "REMAINING" => remaining,
    }
    default DueOn Asc;
    search [account_code];
    from "finance" open_item as OpenItem;
}

/// A page of the open items that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<OpenItemFilter, OpenItemSortField>,
) -> Result<Page<OpenItem>> {
    let visible = visible(tx, INVOICE_READ, "open_item")?;
    list(tx, request, visible).await
}

/// How many open items the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<OpenItemFilter, OpenItemSortField>,
) -> Result<i64> {
    let visible = visible(tx, INVOICE_READ, "open_item")?;
    tally(tx, request, visible).await
}

/// The visible ones among some open items.
pub async fn by_ids(tx: &mut Tx, ids: &[OpenItemId]) -> Result<Vec<OpenItem>> {
    let visible = visible(tx, INVOICE_READ, "open_item")?;
    Ok(open_item::table
        .filter(open_item::organisation_id.eq(tx.organisation()))
        .filter(open_item::id.eq_any(ids))
        .filter(visible)
        .select(OpenItem::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible open items of some invoices, by instalment.
pub async fn of_invoices(tx: &mut Tx, invoices: &[InvoiceId]) -> Result<Vec<OpenItem>> {
    let visible = visible(tx, INVOICE_READ, "open_item")?;
    Ok(open_item::table
        .filter(open_item::organisation_id.eq(tx.organisation()))
        .filter(open_item::invoice_id.eq_any(invoices))
        .filter(visible)
        .order((open_item::invoice_id, open_item::position))
        .select(OpenItem::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible allocations of some open items, as charge or credit, in the order of their making.
pub async fn allocations_of(tx: &mut Tx, items: &[OpenItemId]) -> Result<Vec<Allocation>> {
    let visible = visible(tx, INVOICE_READ, "allocation")?;
    Ok(allocation::table
        .filter(allocation::organisation_id.eq(tx.organisation()))
        .filter(
            allocation::charge_id
                .eq_any(items)
                .or(allocation::credit_id.eq_any(items)),
        )
        .filter(visible)
        .order(allocation::id)
        .select(Allocation::as_select())
        .load(tx.conn())
        .await?)
}

/// The open charges of a party on a side that fall due first, for a payment; none that waits in a
/// payment order.
pub(crate) async fn oldest(
    tx: &mut Tx,
    company: CompanyId,
    side: OpenItemSide,
    party: PartyId,
    currency: CurrencyCode,
    until: NaiveDate,
) -> Result<Vec<OpenItemId>> {
    let waiting = payment_item::table
        .filter(payment_item::organisation_id.eq(tx.organisation()))
        .filter(payment_item::open_item_id.eq(open_item::id))
        .filter(payment_item::live);
    Ok(open_item::table
        .filter(open_item::organisation_id.eq(tx.organisation()))
        .filter(open_item::company_id.eq(company))
        .filter(open_item::side.eq(side))
        .filter(open_item::party_id.eq(party))
        .filter(open_item::currency.eq(currency))
        .filter(open_item::remaining.gt(Dec(rust_decimal::Decimal::ZERO)))
        .filter(open_item::posted_on.le(Date(until)))
        .filter(diesel::dsl::not(diesel::dsl::exists(waiting)))
        .order((open_item::due_on, open_item::id))
        .limit(1_000)
        .select(open_item::id)
        .load(tx.conn())
        .await?)
}
