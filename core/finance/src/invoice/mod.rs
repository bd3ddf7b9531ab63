//! Invoices and credit notes, from suppliers and to customers.
//!
//! A draft can be anything; posting makes the entry, the open items and the number in one
//! transaction, and from then on nothing changes: a correction is a credit note. Amounts of credit
//! notes are above zero too; their kind turns them.

mod aggregate;
mod bulk;
mod content;
mod draft;
pub mod entry;
mod kind;
mod line;
mod matching;
mod patch;
mod post;
pub mod rules;
mod shelf;
mod store;
mod void;
mod warning;

pub use aggregate::{InvoiceGroupBy, aggregate};
pub use bulk::{BulkOutcome, InvoiceBulkPostInput, post_bulk};
pub use content::InvoiceLineInput;
pub use draft::{
    InvoiceCreateInput, InvoiceDeleteInput, InvoiceDuplicateInput, create, create_all, delete,
    duplicate,
};
pub use kind::{InvoiceKind, InvoiceKindFilter, InvoiceStatus, InvoiceStatusFilter};
pub use line::{InvoiceLine, InvoiceTax, lines_by_ids, lines_of, taxes_of};
pub use patch::{
    InvoiceLineUpdateInput, InvoiceLinesPatch, InvoicePatch, InvoiceUpdateInput, update,
};
pub use post::{InvoicePostInput, post, post_all};
pub use void::{InvoiceVoidInput, void};
pub use warning::{order_warnings, warnings};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::party::PartyFilter;
use directory::permission::PARTY_READ;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, EntryId, InvoiceId, OrganisationId, PartyId, PaymentTermId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Event, Fault, Result, Tx, listing};

use crate::fault;
use crate::permission::{INVOICE_READ, covers, visible};
use crate::schema::invoice;

/// An invoice or credit note.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = invoice,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Invoice {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The invoice.
    pub id: InvoiceId,
    /// The company.
    pub company_id: CompanyId,
    /// What it is.
    pub kind: InvoiceKind,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The supplier or customer.
    pub party_id: PartyId,
    /// The series that its number belongs to.
    pub series: String,
    /// The company's own number, gap-free in its series and year; given when it is posted.
    pub number: Option<String>,
    /// The supplier's number.
    pub supplier_number: Option<String>,
    /// The day on the document.
    pub issued_on: Date,
    /// The day of the operation, on which its taxes hang.
    pub operation_on: Date,
    /// The day on which the last of it falls due.
    pub due_on: Date,
    /// The currency of the document.
    pub currency: CurrencyCode,
    /// Units of the books' currency for one of the document's.
    pub rate: Dec,
    /// The sum of the lines.
    pub net: Dec,
    /// Taxes that are added.
    pub tax: Dec,
    /// What is withheld.
    pub withheld: Dec,
    /// What is to be paid.
    pub total: Dec,
    /// The same in the currency of the books.
    pub company_total: Dec,
    /// Its terms of payment; without them all of it falls due on one day.
    pub payment_term_id: Option<PaymentTermId>,
    /// The invoice that a credit note corrects.
    pub corrects_id: Option<InvoiceId>,
    /// Its entry in the journal.
    pub entry_id: Option<EntryId>,
    /// A remark.
    pub memo: Option<String>,
    /// What an integrator calls it.
    pub external_id: Option<String>,
    /// Who drafted it.
    pub prepared_by: Option<UserId>,
    /// When it was posted.
    pub posted_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Invoice {
    /// An event about it.
    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, "Invoice", self.id, INVOICE_READ).company(self.company_id)
    }

    /// That it stands where an act begins.
    pub fn require_status(&self, allowed: &[InvoiceStatus]) -> Result<(), Fault> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        Err(Fault::not_allowed(fault::INVOICE_STATE)
            .with("status", self.status)
            .at(["id"]))
    }
}

listing! {
    /// Conditions on invoices.
    filter InvoiceFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By what they are.
        kind: InvoiceKindFilter => kind,
        /// By where they stand.
        status: InvoiceStatusFilter => status,
        /// By the company's own number.
        number: TextFilter => number,
        /// By the supplier's number.
        supplier_number: TextFilter => supplier_number,
        /// By what an integrator calls them.
        external_id: TextFilter => external_id,
        /// By the day on the document.
        issued_on: DateFilter => issued_on,
        /// By the day of the operation.
        operation_on: DateFilter => operation_on,
        /// By the day on which the last of it falls due.
        due_on: DateFilter => due_on,
        /// By what is to be paid, in the currency of the document.
        total: DecimalFilter => total,
        /// By the invoice that a credit note corrects.
        corrects: IdFilter => corrects_id,
        /// By entry.
        entry: IdFilter => entry_id,
        /// By when they were posted.
        posted_at: DateTimeFilter => posted_at,
        /// By when they were made.
        created_at: DateTimeFilter => created_at,
    }
    related {
        /// By supplier or customer.
        party: PartyFilter => party_id in ("directory", "party", "id") [requires PARTY_READ],
    }
    /// An order of invoices.
    sort InvoiceSort;
    /// What invoices can be sorted by.
    by InvoiceSortField {
        /// By the day on the document.
        IssuedOn = "ISSUED_ON" => issued_on,
        /// By the day on which the last of it falls due.
        DueOn = "DUE_ON" => due_on,
        /// By what is to be paid.
        Total = "TOTAL" => total,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default IssuedOn Desc;
    search [number, supplier_number, memo, external_id];
    from "finance" invoice as Invoice;
}

/// A page of the invoices that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<InvoiceFilter, InvoiceSortField>,
) -> Result<Page<Invoice>> {
    let visible = visible(tx, INVOICE_READ, "invoice")?;
    list(tx, request, visible).await
}

/// How many invoices the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<InvoiceFilter, InvoiceSortField>,
) -> Result<i64> {
    let visible = visible(tx, INVOICE_READ, "invoice")?;
    tally(tx, request, visible).await
}

/// The visible ones among some invoices.
pub async fn by_ids(tx: &mut Tx, ids: &[InvoiceId]) -> Result<Vec<Invoice>> {
    let visible = visible(tx, INVOICE_READ, "invoice")?;
    Ok(invoice::table
        .filter(invoice::organisation_id.eq(tx.organisation()))
        .filter(invoice::id.eq_any(ids))
        .filter(visible)
        .select(Invoice::as_select())
        .load(tx.conn())
        .await?)
}

/// An invoice that the actor may see.
pub async fn find(tx: &mut Tx, id: InvoiceId) -> Result<Option<Invoice>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The visible credit notes of some invoices; `corrects_id` says whose each is.
pub async fn credits_of(tx: &mut Tx, ids: &[InvoiceId]) -> Result<Vec<Invoice>> {
    let visible = visible(tx, INVOICE_READ, "invoice")?;
    Ok(invoice::table
        .filter(invoice::organisation_id.eq(tx.organisation()))
        .filter(invoice::corrects_id.eq_any(ids))
        .filter(visible)
        .order(invoice::id)
        .select(Invoice::as_select())
        .load(tx.conn())
        .await?)
}

/// Some invoices that a permission covers, locked in order; a fault for each that is missing, at
/// its place.
pub(crate) async fn lock_all(
    tx: &mut Tx,
    ids: &[InvoiceId],
    permission: kernel::Permission,
) -> Result<Vec<Result<Invoice, Fault>>> {
    tx.require(permission)?;
    let rows: Vec<Invoice> = invoice::table
        .filter(invoice::organisation_id.eq(tx.organisation()))
        .filter(invoice::id.eq_any(ids))
        .order(invoice::id)
        .for_no_key_update()
        .select(Invoice::as_select())
        .load(tx.conn())
        .await?;
    let actor = tx.actor();
    let found = |id: &InvoiceId| {
        let row = rows.iter().find(|row| row.id == *id);
        let row = row.filter(|row| covers(actor, permission, row.company_id));
        row.cloned()
            .ok_or_else(|| Fault::not_found(fault::INVOICE_NOT_FOUND).at(["id"]))
    };
    Ok(ids.iter().map(found).collect())
}

/// An invoice that a permission covers, locked.
pub(crate) async fn lock(
    tx: &mut Tx,
    id: InvoiceId,
    permission: kernel::Permission,
    expected: Option<i32>,
) -> Result<Invoice> {
    let mut found = lock_all(tx, &[id], permission).await?;
    let row = found
        .pop()
        .ok_or_else(|| kernel::Error::bug("a lock gave nothing"))??;
    directory::check::version(row.version, expected)?;
    Ok(row)
}
