//! Payment orders in the database.

use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use directory::schema::bank_account;
use kernel::ids::{BankAccountId, EntryId, OpenItemId, PaymentOrderId};
use kernel::{Fault, Faults, Result, Tx};

use super::{PaymentItem, PaymentOrder};
use crate::fault;
use crate::payment::Payment;
use crate::schema::{payment, payment_item, payment_order};

/// Rows of one insert at most.
const CHUNK: usize = 1_000;

/// Records a draft with its payments.
pub(super) async fn insert(
    tx: &mut Tx,
    order: &PaymentOrder,
    payments: &[Payment],
    items: &[PaymentItem],
) -> Result<()> {
    diesel::insert_into(payment_order::table)
        .values(order)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let key = "payment_order_pkey";
            directory::check::taken(error.into(), key, "kernel.id_taken", "id")
        })?;
    for rows in payments.chunks(CHUNK) {
        diesel::insert_into(payment::table)
            .values(rows)
            .execute(tx.conn())
            .await?;
    }
    for rows in items.chunks(CHUNK) {
        diesel::insert_into(payment_item::table)
            .values(rows)
            .execute(tx.conn())
            .await
            .map_err(|error| {
                let key = "payment_item_once";
                directory::check::taken(error.into(), key, fault::BEING_PAID, "openItems")
            })?;
    }
    Ok(())
}

/// Changes an order; its version moves on.
pub(super) async fn store(tx: &mut Tx, mut order: PaymentOrder) -> Result<PaymentOrder> {
    order.version += 1;
    diesel::update(payment_order::table.find((order.organisation_id, order.id)))
        .set(&order)
        .execute(tx.conn())
        .await?;
    Ok(order)
}

/// Lets the items of an order go: it was sent or called off.
pub(super) async fn release(tx: &mut Tx, order: PaymentOrderId) -> Result<()> {
    diesel::sql_query(
        "UPDATE finance.payment_item i SET live = false FROM finance.payment p \
         WHERE i.organisation_id = $1 AND p.organisation_id = $1 AND p.id = i.payment_id \
             AND p.order_id = $2 AND i.live",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(order)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Marks the payments of an order as posted.
pub(super) async fn mark_posted(
    tx: &mut Tx,
    entry: EntryId,
    posted: &[(&Payment, OpenItemId)],
) -> Result<()> {
    diesel::sql_query(
        "UPDATE finance.payment p SET entry_id = $2, open_item_id = t.item, \
             version = p.version + 1 \
         FROM unnest($3::uuid[], $4::uuid[]) AS t (id, item) \
         WHERE p.organisation_id = $1 AND p.id = t.id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(entry)
    .bind::<Array<SqlUuid>, _>(posted.iter().map(|(row, _)| row.id).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(posted.iter().map(|(_, item)| *item).collect::<Vec<_>>())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whether any of some items waits in a payment order.
pub(crate) async fn is_ordered(tx: &mut Tx, items: &[OpenItemId]) -> Result<bool> {
    let live: i64 = payment_item::table
        .filter(payment_item::organisation_id.eq(tx.organisation()))
        .filter(payment_item::open_item_id.eq_any(items))
        .filter(payment_item::live)
        .count()
        .get_result(tx.conn())
        .await?;
    Ok(live > 0)
}

/// That every account of an order is still as it was drafted: the company's and the suppliers'.
pub(super) async fn check_accounts(
    tx: &mut Tx,
    order: &PaymentOrder,
    payments: &[(Payment, Vec<PaymentItem>)],
) -> Result<()> {
    let company = directory::company::load(tx, order.company_id).await?;
    let ids: Vec<BankAccountId> = payments
        .iter()
        .filter_map(|(row, _)| row.bank_account_id)
        .collect();
    let now: Vec<(BankAccountId, String)> = bank_account::table
        .filter(bank_account::organisation_id.eq(order.organisation_id))
        .filter(bank_account::id.eq_any(ids))
        .select((bank_account::id, bank_account::iban))
        .load(tx.conn())
        .await?;
    let mut faults = Faults::new();
    faults.check(company.iban.as_deref() == Some(order.iban.as_str()), || {
        Fault::conflict(fault::COMPANY_ACCOUNT_CHANGED).at(["id"])
    });
    for (row, _) in payments {
        let same = now
            .iter()
            .any(|(id, iban)| Some(*id) == row.bank_account_id && Some(iban) == row.iban.as_ref());
        faults.check(same, || {
            Fault::conflict(fault::PARTY_ACCOUNT_CHANGED)
                .with("holder", row.holder.as_deref().unwrap_or_default())
                .at(["id"])
        });
    }
    faults.finish()
}
