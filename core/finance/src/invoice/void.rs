//! Voiding: a credit note over all of an invoice, settled with it at once. The invoice stays in the
//! books, as void.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::Input;
use kernel::ids::{InvoiceId, InvoiceLineId};
use kernel::{Date, Error, Fault, Result, Tx};

use super::rules::Drafted;
use super::{Invoice, InvoiceStatus, draft, lock, post, store};
use crate::fault;
use crate::open_item::{self, OpenItem, Pair};
use crate::permission::INVOICE_POST;
use crate::schema::{invoice, open_item as item_table};

/// Voids an invoice by a credit note.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceVoidInput {
    /// The invoice.
    pub id: InvoiceId,
    /// The day of the credit note; not before the invoice.
    pub issued_on: Date,
    /// The supplier's number of their credit note; suppliers' documents alone have one.
    pub supplier_number: Option<String>,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Voids a posted invoice: posts a credit note over all of it and settles the two.
///
/// # Errors
/// An invoice that is no posted one, or is a credit note itself; one that was paid in part; what the
/// ledger refuses.
#[tracing::instrument(skip_all, fields(invoice.id = %command.id), err)]
pub async fn void(tx: &mut Tx, command: InvoiceVoidInput) -> Result<Invoice> {
    let row = lock(tx, command.id, INVOICE_POST, command.expected_version).await?;
    row.require_status(&[InvoiceStatus::Posted])?;
    if row.kind.is_credit() {
        return Err(Fault::not_allowed(fault::CREDIT_STAYS).at(["id"]).into());
    }
    let owed = untouched(tx, &row).await?;
    let credit = credit(tx, &row, &command).await?;
    draft::record(tx, std::slice::from_ref(&credit))
        .await
        .map_err(draft::without_index)?;
    let posted = post::record_fresh(tx, vec![credit])
        .await
        .map_err(draft::without_index)?;
    let credit = posted.into_iter().next();
    let credit = credit.ok_or_else(|| Error::bug("a credit note was not posted"))?;
    let after = mark(tx, row).await?;
    let against = items(tx, credit.id).await?;
    let against = against.into_iter().next();
    let against = against.ok_or_else(|| Error::bug("a credit note left nothing open"))?;
    let pairs: Vec<Pair> = owed
        .iter()
        .map(|item| Pair {
            charge: item.id,
            credit: against.id,
            amount: None,
        })
        .collect();
    let on = command.issued_on.0.max(latest(&owed, &against));
    open_item::settle(tx, &pairs, on, None).await?;
    let event = after.event("finance.invoice.voided");
    tx.emit(
        event
            .set("creditNote", credit.id)
            .set("reason", command.reason.trim()),
    )
    .await?;
    Ok(after)
}

fn latest(owed: &[OpenItem], against: &OpenItem) -> chrono::NaiveDate {
    owed.iter()
        .map(|item| item.posted_on.0)
        .fold(against.posted_on.0, chrono::NaiveDate::max)
}

/// The open items of an invoice of which nothing was settled yet and nothing is to be paid.
async fn untouched(tx: &mut Tx, row: &Invoice) -> Result<Vec<OpenItem>> {
    let owed = items(tx, row.id).await?;
    if owed.iter().any(|item| item.remaining != item.amount) {
        return Err(Fault::not_allowed(fault::PARTLY_PAID).at(["id"]).into());
    }
    let ids: Vec<_> = owed.iter().map(|item| item.id).collect();
    if crate::payment_order::is_ordered(tx, &ids).await? {
        return Err(Fault::not_allowed(fault::BEING_PAID).at(["id"]).into());
    }
    Ok(owed)
}

async fn items(tx: &mut Tx, of: InvoiceId) -> Result<Vec<OpenItem>> {
    Ok(item_table::table
        .filter(item_table::organisation_id.eq(tx.organisation()))
        .filter(item_table::invoice_id.eq(of))
        .order(item_table::id)
        .for_no_key_update()
        .select(OpenItem::as_select())
        .load(tx.conn())
        .await?)
}

/// The credit note over all of an invoice: the same lines and taxes, to the cent.
async fn credit(tx: &mut Tx, row: &Invoice, command: &InvoiceVoidInput) -> Result<Drafted> {
    let mut input = Input::new();
    let reason = input.take("reason", directory::check::text(&command.reason, 500));
    let number = input.take(
        "supplierNumber",
        directory::check::optional(command.supplier_number.as_deref(), 60),
    );
    let of_supplier = row.supplier_number.is_some();
    input.check(!of_supplier || number.is_some(), || {
        Fault::invalid(fault::SUPPLIER_NUMBER_NEEDED).at(["supplierNumber"])
    });
    input.check(of_supplier || number.is_none(), || {
        Fault::invalid(fault::SUPPLIER_NUMBER_UNWANTED).at(["supplierNumber"])
    });
    input.check(command.issued_on >= row.issued_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["issuedOn"])
    });
    input.finish()?;
    let stamp = draft::stamp(tx).await?;
    let mut found = store::with_parts(tx, vec![row.clone()]).await?;
    let mut one = found
        .pop()
        .ok_or_else(|| Error::bug("an invoice lost its parts"))?;
    one.invoice = Invoice {
        id: InvoiceId::generate(),
        kind: row.kind.credit(),
        status: InvoiceStatus::Draft,
        series: row.kind.credit().series().to_owned(),
        number: None,
        supplier_number: number,
        issued_on: command.issued_on,
        due_on: command.issued_on,
        payment_term_id: None,
        corrects_id: Some(row.id),
        entry_id: None,
        memo: Some(reason),
        external_id: None,
        prepared_by: stamp.prepared_by,
        posted_at: None,
        created_at: stamp.at,
        version: 1,
        ..row.clone()
    };
    for line in &mut one.lines {
        line.id = InvoiceLineId::generate();
        line.invoice_id = one.invoice.id;
    }
    for tax in &mut one.taxes {
        tax.invoice_id = one.invoice.id;
    }
    Ok(one)
}

async fn mark(tx: &mut Tx, row: Invoice) -> Result<Invoice> {
    let after = Invoice {
        status: InvoiceStatus::Void,
        version: row.version + 1,
        ..row
    };
    diesel::update(invoice::table.find((after.organisation_id, after.id)))
        .set((
            invoice::status.eq(after.status),
            invoice::version.eq(after.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(after)
}
