//! Open items in the database.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Numeric, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::ids::{InvoiceId, OpenItemId};
use kernel::{Event, Result, Tx};
use uuid::Uuid;

use super::{Allocation, OpenItem};
use crate::permission::INVOICE_READ;
use crate::schema::{allocation, open_item};

/// Rows of one insert at most.
const CHUNK: usize = 2_000;

/// Records new items.
pub(crate) async fn insert(tx: &mut Tx, rows: &[OpenItem]) -> Result<()> {
    for rows in rows.chunks(CHUNK) {
        diesel::insert_into(open_item::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Some items, locked in order.
pub(crate) async fn locked(
    tx: &mut Tx,
    ids: &[OpenItemId],
) -> Result<HashMap<OpenItemId, OpenItem>> {
    let rows: Vec<OpenItem> = open_item::table
        .filter(open_item::organisation_id.eq(tx.organisation()))
        .filter(open_item::id.eq_any(ids))
        .order(open_item::id)
        .for_no_key_update()
        .select(OpenItem::as_select())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// Records allocations and what they leave of their items.
pub(super) async fn record(
    tx: &mut Tx,
    items: &[&OpenItem],
    allocations: &[Allocation],
) -> Result<()> {
    for rows in allocations.chunks(CHUNK) {
        diesel::insert_into(allocation::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    diesel::sql_query(
        "UPDATE finance.open_item o SET remaining = t.remaining, \
             company_remaining = t.company_remaining, version = t.version \
         FROM unnest($2::uuid[], $3::numeric[], $4::numeric[], $5::int[]) \
             AS t (id, remaining, company_remaining, version) \
         WHERE o.organisation_id = $1 AND o.id = t.id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(items.iter().map(|one| one.id).collect::<Vec<_>>())
    .bind::<Array<Numeric>, _>(items.iter().map(|one| one.remaining).collect::<Vec<_>>())
    .bind::<Array<Numeric>, _>(
        items
            .iter()
            .map(|one| one.company_remaining)
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Integer>, _>(items.iter().map(|one| one.version).collect::<Vec<_>>())
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Paid {
    #[diesel(sql_type = SqlUuid)]
    id: InvoiceId,
    #[diesel(sql_type = SqlUuid)]
    company_id: kernel::ids::CompanyId,
}

/// Marks the invoices of some items as paid of which nothing is open any more.
pub(super) async fn mark_paid(tx: &mut Tx, items: &[&OpenItem]) -> Result<()> {
    let invoices: Vec<Uuid> = items
        .iter()
        .filter(|item| item.remaining.0.is_zero())
        .filter_map(|item| item.invoice_id)
        .map(|id| id.0)
        .collect();
    if invoices.is_empty() {
        return Ok(());
    }
    let paid: Vec<Paid> = diesel::sql_query(
        "UPDATE finance.invoice i SET status = 'PAID', version = i.version + 1 \
         WHERE i.organisation_id = $1 AND i.id = ANY($2) AND i.status = 'POSTED' \
             AND NOT EXISTS (SELECT FROM finance.open_item o \
                 WHERE o.organisation_id = $1 AND o.invoice_id = i.id AND o.remaining <> 0) \
         RETURNING i.id, i.company_id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(invoices)
    .kept()
    .load(tx.conn())
    .await?;
    let events = paid.into_iter().map(|row| {
        Event::new("finance.invoice.paid", "Invoice", row.id, INVOICE_READ).company(row.company_id)
    });
    tx.emit_all(events.collect()).await?;
    Ok(())
}
