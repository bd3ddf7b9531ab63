//! Sending an approved order: the bank file, the entry, and what it settles, in the transaction that
//! ends the job. The file has the same name and message id however often it is made, so that the
//! bank takes it once.

use chrono::{DateTime, NaiveDate, Utc};
use directory::company::Company;
use directory::file::{FileStore, NewFile};
use documents::transfer::{Debtor, InitiatingParty, Purpose, Transfer};
use documents::{CreditTransferFile, DocumentError};
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{EntryId, OpenItemId, PaymentOrderId};
use kernel::job::{Job, JobRun};
use kernel::{Date, Error, Fault, Permission, Result, Tx};
use ledger::entry::{PostEntry, PostLine, SourceKey};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PaymentItem, PaymentOrder, PaymentOrderStatus, lock, payments, rules, store};
use crate::fault;
use crate::open_item::{self, OpenItem, Pair};
use crate::payment::{self, Payment};
use crate::permission::{PAYMENT_APPROVE, PAYMENT_READ};
use crate::setting;

/// Sends an approved payment order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PaymentDeliver {
    /// The order.
    pub order: PaymentOrderId,
}

impl Job for PaymentDeliver {
    const KIND: &'static str = "finance.payment_deliver";
    const QUEUE: &'static str = "finance";
    const PERMISSION: Permission = PAYMENT_APPROVE;
    const PRIORITY: i16 = 10;

    async fn run(self, job: JobRun) -> Result<Value> {
        let store = job.service::<FileStore>()?;
        let order = self.order;
        if job.is_dry_run() {
            return job
                .read(move |tx| async move { rehearse(tx, order).await }.boxed())
                .await;
        }
        job.finish(move |tx| async move { send(tx, &store, order).await }.boxed())
            .await
    }
}

/// What sending would do; what the bank would refuse is refused.
async fn rehearse(tx: &mut Tx, id: PaymentOrderId) -> Result<Value> {
    let order = lock(tx, id, PAYMENT_READ, None).await?;
    let company = directory::company::load(tx, order.company_id).await?;
    let payments = payments(tx, &order).await?;
    store::check_accounts(tx, &order, &payments).await?;
    file(&order, &company, &payments, tx.now())?;
    Ok(told(&order))
}

fn told(order: &PaymentOrder) -> Value {
    json!({
        "order": order.id,
        "status": order.status,
        "payments": order.payments,
        "total": order.total,
        "messageId": order.message_id,
        "file": order.file_id,
        "entry": order.entry_id,
    })
}

async fn send(tx: &mut Tx, files: &FileStore, id: PaymentOrderId) -> Result<Value> {
    let mut order = lock(tx, id, PAYMENT_READ, None).await?;
    if matches!(
        order.status,
        PaymentOrderStatus::Sent | PaymentOrderStatus::Cancelled
    ) {
        return Ok(told(&order));
    }
    order.require_status(&[PaymentOrderStatus::Approved])?;
    let company = directory::company::load(tx, order.company_id).await?;
    let payments = payments(tx, &order).await?;
    store::check_accounts(tx, &order, &payments).await?;
    let xml = file(&order, &company, &payments, tx.now())?;
    let kept = directory::file::store(
        tx,
        files,
        NewFile {
            name: format!("{}.xml", order.message_id),
            bytes: xml.into(),
            permission: PAYMENT_APPROVE,
            owner_user: None,
            company: Some(order.company_id),
            subject: Some(("PaymentOrder", order.id.uuid())),
        },
    )
    .await?;
    let on = paid_on(&order, &company, tx.now());
    let entry = post(tx, &order, &payments, on).await?;
    settle(tx, &order, &payments, entry, on).await?;
    order.status = PaymentOrderStatus::Sent;
    order.sent_at = Some(tx.now());
    order.file_id = Some(kept.id);
    order.entry_id = Some(entry);
    let order = store::store(tx, order).await?;
    let event = order.event("finance.payment_order.sent");
    tx.emit(event.set("entry", entry).set("payments", order.payments))
        .await?;
    Ok(told(&order))
}

/// The day on which the bank pays: that of the order, or today when it has passed.
fn paid_on(order: &PaymentOrder, company: &Company, now: DateTime<Utc>) -> NaiveDate {
    let today = now.with_timezone(&company.tz()).date_naive();
    order.execution_on.0.max(today)
}

/// The bank file of an order; everything that a bank would refuse at once.
pub(super) fn file(
    order: &PaymentOrder,
    company: &Company,
    payments: &[(Payment, Vec<PaymentItem>)],
    now: DateTime<Utc>,
) -> Result<Vec<u8>> {
    let transfers = payments.iter().map(|(row, _)| Transfer {
        end_to_end_id: row.id.uuid().simple().to_string(),
        amount: row.amount.0,
        creditor_name: row.holder.clone().unwrap_or_default(),
        creditor_iban: row.iban.clone().unwrap_or_default(),
        remittance: row.reference.clone(),
    });
    let order = CreditTransferFile {
        message_id: order.message_id.clone(),
        created_at: now,
        initiating_party: InitiatingParty {
            name: company.legal_name.clone(),
            tax_id: company.tax_id.clone(),
        },
        debtor: Debtor {
            name: company.legal_name.clone(),
            iban: order.iban.clone(),
            bic: order.bic.clone(),
        },
        execution_date: paid_on(order, company, now),
        purpose: Purpose::Supplier,
        transfers: transfers.collect(),
    };
    order.xml().map_err(refused)
}

/// What a file lacks, as faults of ours.
fn refused(error: DocumentError) -> Error {
    if error.problems().is_empty() {
        return Error::bug(error.to_string());
    }
    let faults = error.problems().iter().map(|problem| {
        Fault::invalid(fault::DOCUMENT)
            .with("field", &problem.field)
            .with("detail_es", &problem.es)
            .with("detail_en", &problem.en)
    });
    Error::Refused(faults.collect())
}

/// The entry of an order: what was owed to each in debit, the bank in credit.
async fn post(
    tx: &mut Tx,
    order: &PaymentOrder,
    payments: &[(Payment, Vec<PaymentItem>)],
    on: NaiveDate,
) -> Result<EntryId> {
    let setting = setting::load(tx, order.company_id).await?;
    let mut lines: Vec<PostLine> = payments
        .iter()
        .map(|(row, _)| {
            PostLine::debit(
                setting.payable_account.clone(),
                row.amount.0,
                order.currency,
            )
        })
        .collect();
    lines.push(PostLine::credit(
        order.account_code.clone(),
        order.total.0,
        order.currency,
    ));
    // Books in another currency than euros have no rate for a bank file.
    if setting.currency != order.currency {
        return Err(Fault::not_allowed(fault::BOOKS_NOT_EURO).at(["id"]).into());
    }
    let entry = PostEntry {
        id: None,
        company: order.company_id,
        journal: ledger::journal::BANK.into(),
        date: on,
        memo: format!("Orden de pago {}", order.message_id),
        source: SourceKey::new("finance.payment_order", order.id, "post"),
        reverses: None,
        lines,
    };
    let made = ledger::entry::post(tx, entry)
        .await
        .map_err(payment::of_ledger)?;
    Ok(made.id)
}

/// What the payments settle; each leaves an open item that nothing remains of.
async fn settle(
    tx: &mut Tx,
    order: &PaymentOrder,
    payments: &[(Payment, Vec<PaymentItem>)],
    entry: EntryId,
    on: NaiveDate,
) -> Result<()> {
    let setting = setting::load(tx, order.company_id).await?;
    let items: Vec<OpenItem> = payments
        .iter()
        .map(|(row, _)| OpenItem {
            posted_on: Date(on),
            due_on: Date(on),
            created_at: tx.now(),
            ..payment::open_item(row, &setting, entry)
        })
        .collect();
    open_item::insert(tx, &items).await?;
    let pairs: Vec<Pair> = payments
        .iter()
        .zip(&items)
        .flat_map(|((_, owed), credit)| {
            let owed: Vec<(OpenItemId, Decimal)> = owed
                .iter()
                .map(|one| (one.open_item_id, one.amount.0))
                .collect();
            rules::pairs(credit.id, &owed)
        })
        .collect();
    open_item::settle(tx, &pairs, on, None).await?;
    let posted: Vec<(&Payment, OpenItemId)> = payments
        .iter()
        .zip(&items)
        .map(|((row, _), item)| (row, item.id))
        .collect();
    store::mark_posted(tx, entry, &posted).await?;
    store::release(tx, order.id).await
}
