//! Invoices in the database.

use diesel::prelude::*;
use diesel::sql_types::{Array, Date as SqlDate, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::ids::InvoiceId;
use kernel::{Fault, Result, Tx};
use std::collections::HashSet;

use super::rules::Drafted;
use super::{Invoice, InvoiceLine, InvoiceTax};
use crate::fault;
use crate::schema::{invoice, invoice_line, invoice_tax};

/// Rows of one insert at most: a row has some thirty values, a statement 65,535.
const CHUNK: usize = 1_000;

/// Records new drafts with their parts; tells which documents are there already.
pub(super) async fn insert(tx: &mut Tx, drafted: &[Drafted]) -> Result<(), InsertError> {
    let rows: Vec<&Invoice> = drafted.iter().map(|one| &one.invoice).collect();
    let mut inserted: HashSet<InvoiceId> = HashSet::new();
    for rows in rows.chunks(CHUNK) {
        let ids: Vec<InvoiceId> = diesel::insert_into(invoice::table)
            .values(rows.to_vec())
            .on_conflict_do_nothing()
            .returning(invoice::id)
            .load(tx.conn())
            .await
            .map_err(kernel::Error::from)?;
        inserted.extend(ids);
    }
    let refused: Vec<usize> = drafted
        .iter()
        .enumerate()
        .filter(|(_, one)| !inserted.contains(&one.invoice.id))
        .map(|(at, _)| at)
        .collect();
    if !refused.is_empty() {
        return Err(InsertError::Taken(refused));
    }
    insert_parts(tx, drafted).await?;
    Ok(())
}

/// Why drafts were not recorded.
pub(super) enum InsertError {
    /// These, by place in the batch, are there already.
    Taken(Vec<usize>),
    /// Something else.
    Other(kernel::Error),
}

impl From<kernel::Error> for InsertError {
    fn from(error: kernel::Error) -> Self {
        Self::Other(error)
    }
}

/// Records the lines and taxes of drafts.
pub(super) async fn insert_parts(tx: &mut Tx, drafted: &[Drafted]) -> Result<()> {
    let lines: Vec<&InvoiceLine> = drafted.iter().flat_map(|one| &one.lines).collect();
    for lines in lines.chunks(CHUNK) {
        diesel::insert_into(invoice_line::table)
            .values(lines.to_vec())
            .execute(tx.conn())
            .await
            .map_err(|error| {
                let key = "invoice_line_pkey";
                directory::check::taken(error.into(), key, "kernel.id_taken", "lines")
            })?;
    }
    let taxes: Vec<&InvoiceTax> = drafted.iter().flat_map(|one| &one.taxes).collect();
    for taxes in taxes.chunks(CHUNK) {
        diesel::insert_into(invoice_tax::table)
            .values(taxes.to_vec())
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Changes a draft and all its parts.
pub(super) async fn replace(tx: &mut Tx, drafted: &Drafted) -> Result<()> {
    let row = &drafted.invoice;
    diesel::update(invoice::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    diesel::delete(
        invoice_line::table
            .filter(invoice_line::organisation_id.eq(row.organisation_id))
            .filter(invoice_line::invoice_id.eq(row.id)),
    )
    .execute(tx.conn())
    .await?;
    diesel::delete(
        invoice_tax::table
            .filter(invoice_tax::organisation_id.eq(row.organisation_id))
            .filter(invoice_tax::invoice_id.eq(row.id)),
    )
    .execute(tx.conn())
    .await?;
    insert_parts(tx, std::slice::from_ref(drafted)).await
}

/// The parts of some invoices, whatever the actor may see.
pub(super) async fn with_parts(tx: &mut Tx, invoices: Vec<Invoice>) -> Result<Vec<Drafted>> {
    let ids: Vec<InvoiceId> = invoices.iter().map(|row| row.id).collect();
    let lines: Vec<InvoiceLine> = invoice_line::table
        .filter(invoice_line::organisation_id.eq(tx.organisation()))
        .filter(invoice_line::invoice_id.eq_any(&ids))
        .order((invoice_line::invoice_id, invoice_line::position))
        .select(InvoiceLine::as_select())
        .load(tx.conn())
        .await?;
    let taxes: Vec<InvoiceTax> = invoice_tax::table
        .filter(invoice_tax::organisation_id.eq(tx.organisation()))
        .filter(invoice_tax::invoice_id.eq_any(&ids))
        .select(InvoiceTax::as_select())
        .load(tx.conn())
        .await?;
    let mut by_line: std::collections::HashMap<InvoiceId, (Vec<InvoiceLine>, Vec<InvoiceTax>)> =
        std::collections::HashMap::new();
    for line in lines {
        by_line.entry(line.invoice_id).or_default().0.push(line);
    }
    for tax in taxes {
        by_line.entry(tax.invoice_id).or_default().1.push(tax);
    }
    Ok(invoices
        .into_iter()
        .map(|invoice| {
            let (lines, taxes) = by_line.remove(&invoice.id).unwrap_or_default();
            Drafted {
                invoice,
                lines,
                taxes,
            }
        })
        .collect())
}

/// Marks drafts as posted.
pub(super) async fn mark_posted(tx: &mut Tx, rows: &[Invoice]) -> Result<()> {
    let now = tx.now();
    let numbers: Vec<&str> = rows
        .iter()
        .map(|row| row.number.as_deref().unwrap_or(""))
        .collect();
    let entries: Vec<uuid::Uuid> = rows
        .iter()
        .map(|row| row.entry_id.map_or_else(uuid::Uuid::nil, |id| id.0))
        .collect();
    diesel::sql_query(
        "UPDATE finance.invoice i SET status = 'POSTED', number = t.number, \
             entry_id = t.entry_id, due_on = t.due_on, posted_at = $2, version = i.version + 1 \
         FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::date[]) \
             AS t (id, number, entry_id, due_on) \
         WHERE i.organisation_id = $1 AND i.id = t.id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Timestamptz, _>(now)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(numbers)
    .bind::<Array<SqlUuid>, _>(entries)
    .bind::<Array<SqlDate>, _>(rows.iter().map(|row| row.due_on.0).collect::<Vec<_>>())
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// What is in the way of a document, named: the same document of the supplier, or the same name of
/// an integrator, or the id.
pub(super) async fn clash(tx: &mut Tx, row: &Invoice) -> Result<Option<Fault>> {
    #[derive(QueryableByName)]
    struct Other {
        #[diesel(sql_type = SqlUuid)]
        id: InvoiceId,
        #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
        number: Option<String>,
        #[diesel(sql_type = diesel::sql_types::Nullable<Text>)]
        external_id: Option<String>,
    }
    let other: Option<Other> = diesel::sql_query(
        "SELECT id, coalesce(number, supplier_number) AS number, external_id FROM finance.invoice \
         WHERE organisation_id = $1 AND company_id = $2 AND id <> $3 AND ( \
             ($6 <> '' AND status <> 'VOID' AND party_id = $4 AND supplier_number IS NOT NULL \
              AND extract(year FROM issued_on) = extract(year FROM $5::date) \
              AND regexp_replace(upper(supplier_number), '[^A-Z0-9]', '', 'g') \
                  = regexp_replace(upper($6), '[^A-Z0-9]', '', 'g')) \
             OR external_id = $7) \
         LIMIT 1",
    )
    .bind::<SqlUuid, _>(row.organisation_id)
    .bind::<SqlUuid, _>(row.company_id)
    .bind::<SqlUuid, _>(row.id)
    .bind::<SqlUuid, _>(row.party_id)
    .bind::<SqlDate, _>(row.issued_on.0)
    .bind::<Text, _>(row.supplier_number.as_deref().unwrap_or(""))
    .bind::<diesel::sql_types::Nullable<Text>, _>(row.external_id.as_deref())
    .kept()
    .get_result(tx.conn())
    .await
    .optional()?;
    Ok(other.map(|other| {
        if other.external_id.is_some() && other.external_id == row.external_id {
            return Fault::conflict(fault::EXTERNAL_ID_TAKEN).at(["externalId"]);
        }
        Fault::conflict(fault::DUPLICATE_DOCUMENT)
            .with("other", other.id)
            .with("number", other.number.unwrap_or_default())
            .at(["supplierNumber"])
    }))
}
