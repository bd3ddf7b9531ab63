//! Drafting a payment order: what falls due by a day, or what was chosen.

use std::collections::{BTreeSet, HashMap};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use directory::company::Company;
use directory::party::BankAccount;
use directory::schema::{bank_account, party};
use kernel::id::TypedId;
use kernel::ids::{BankAccountId, CompanyId, OpenItemId, PartyId, PaymentId, PaymentOrderId};
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::rules::{Due, dues};
use super::{PaymentItem, PaymentOrder, PaymentOrderStatus, is_ordered, store};
use crate::fault;
use crate::open_item::{OpenItem, OpenItemSide};
use crate::payment::{Payment, PaymentDirection};
use crate::permission::PAYMENT_MANAGE;
use crate::reach::person_behind;
use crate::schema::{open_item, payment_item};
use crate::setting::{self, FinanceSetting};

/// Open items of an order at most.
const MOST: usize = 5_000;

/// Drafts a payment order.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentOrderDraftInput {
    /// An id made by the client, `pmo_…`.
    pub id: Option<PaymentOrderId>,
    /// The company.
    pub company: CompanyId,
    /// The day on which the bank shall pay; not in the past.
    pub execution_on: Date,
    /// Pays what falls due up to this day; or else `openItems`.
    pub due_until: Option<Date>,
    /// Pays these, and takes off these credit notes.
    pub open_items: Option<Vec<OpenItemId>>,
    /// Pays nothing to these.
    pub exclude_parties: Option<Vec<PartyId>>,
    /// The accounts to pay to, for parties that have several; else the one that was recorded first.
    pub bank_accounts: Option<Vec<BankAccountId>>,
    /// The code of the bank's account in the ledger; the company's when absent.
    pub account: Option<String>,
    /// A remark, in at most 300 characters.
    pub memo: Option<String>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Drafts a payment order: one payment a supplier in euros, credit notes taken off. What waits in
/// another order is left out.
///
/// # Errors
/// Nothing to pay; a supplier without a bank account, by name; a company without one.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn draft(tx: &mut Tx, command: PaymentOrderDraftInput) -> Result<PaymentOrder> {
    tx.require_in(PAYMENT_MANAGE, command.company, None)?;
    let setting = setting::load(tx, command.company).await?;
    let company = directory::company::load(tx, command.company).await?;
    let frame = frame(tx, &command, &setting, &company).await?;
    let items = chosen(tx, &command).await?;
    let dues = dues(&items);
    if dues.is_empty() {
        return Err(Fault::not_allowed(fault::NOTHING_TO_PAY).into());
    }
    let accounts = accounts(tx, &command, &dues).await?;
    let order = order(tx, frame, &dues).await?;
    let (payments, settles) = payments(&order, &dues, &accounts);
    store::insert(tx, &order, &payments, &settles).await?;
    tx.emit(
        order
            .event("finance.payment_order.drafted")
            .set("payments", order.payments),
    )
    .await?;
    Ok(order)
}

/// What of an order does not depend on what it pays.
struct Frame {
    id: PaymentOrderId,
    company: CompanyId,
    execution_on: Date,
    iban: String,
    bic: Option<String>,
    account_code: String,
    memo: Option<String>,
}

async fn frame(
    tx: &mut Tx,
    command: &PaymentOrderDraftInput,
    setting: &FinanceSetting,
    company: &Company,
) -> Result<Frame> {
    let code = command
        .account
        .clone()
        .unwrap_or_else(|| setting.bank_account.clone());
    let wanted = [code.clone()];
    let known = crate::account::postable(tx, &[command.company], &wanted).await?;
    let today = tx.now().with_timezone(&company.tz()).date_naive();
    let mut input = Input::new();
    input.check(
        command.due_until.is_some() != command.open_items.is_some(),
        || Fault::invalid(fault::CHOICE).at(["dueUntil"]),
    );
    input.check(command.execution_on.0 >= today, || {
        Fault::invalid(fault::EXECUTION_PAST).at(["executionOn"])
    });
    input.check(known.contains(&(command.company, code.clone())), || {
        Fault::invalid(fault::ACCOUNT_UNKNOWN)
            .with("code", &code)
            .at(["account"])
    });
    input.check(company.iban.is_some(), || {
        Fault::not_allowed(fault::COMPANY_ACCOUNT).at(["company"])
    });
    let memo = input.take("memo", check::optional(command.memo.as_deref(), 300));
    input.finish()?;
    Ok(Frame {
        id: command.id.unwrap_or_else(PaymentOrderId::generate),
        company: command.company,
        execution_on: command.execution_on,
        iban: company.iban.clone().unwrap_or_default(),
        bic: company.bic.clone(),
        account_code: code,
        memo,
    })
}

/// The items to pay, locked in order: those named, or what falls due with the credit notes of the
/// same suppliers.
async fn chosen(tx: &mut Tx, command: &PaymentOrderDraftInput) -> Result<Vec<OpenItem>> {
    let base = open_item::table
        .filter(open_item::organisation_id.eq(tx.organisation()))
        .filter(open_item::company_id.eq(command.company))
        .filter(open_item::side.eq(OpenItemSide::Payable))
        .filter(open_item::currency.eq(CurrencyCode::EUR))
        .filter(open_item::remaining.ne(Dec(Decimal::ZERO)))
        .order(open_item::id)
        .select(OpenItem::as_select());
    let waiting = payment_item::table
        .filter(payment_item::organisation_id.eq(tx.organisation()))
        .filter(payment_item::open_item_id.eq(open_item::id))
        .filter(payment_item::live);
    let most = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    let mut items: Vec<OpenItem> = match (&command.open_items, command.due_until) {
        (Some(ids), _) => {
            let found: Vec<OpenItem> = base
                .filter(open_item::id.eq_any(ids))
                .for_no_key_update()
                .load(tx.conn())
                .await?;
            check_named(tx, ids, &found).await?;
            found
        }
        (None, until) => {
            let until = until.unwrap_or(command.execution_on);
            let due = open_item::due_on.le(until);
            let note = open_item::amount.lt(Dec(Decimal::ZERO));
            base.filter(due.or(note))
                .filter(diesel::dsl::not(diesel::dsl::exists(waiting)))
                .limit(most)
                .for_no_key_update()
                .load(tx.conn())
                .await?
        }
    };
    if items.len() > MOST {
        return Err(Fault::invalid(fault::TOO_MANY)
            .with("most", MOST)
            .at(["dueUntil"])
            .into());
    }
    let excluded = command.exclude_parties.clone().unwrap_or_default();
    items.retain(|item| !excluded.contains(&item.party_id));
    Ok(items)
}

/// That every item that was named can be paid.
async fn check_named(tx: &mut Tx, ids: &[OpenItemId], found: &[OpenItem]) -> Result<()> {
    let mut faults = Vec::new();
    for (at, id) in ids.iter().enumerate() {
        if !found.iter().any(|item| item.id == *id) {
            let path = ["openItems".to_owned(), at.to_string()];
            faults.push(Fault::not_found(fault::ITEM_NOT_FOUND).at(path));
        }
    }
    if faults.is_empty() && is_ordered(tx, ids).await? {
        faults.push(Fault::not_allowed(fault::BEING_PAID).at(["openItems"]));
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Refused(faults))
    }
}

/// The account to pay each supplier to.
async fn accounts(
    tx: &mut Tx,
    command: &PaymentOrderDraftInput,
    dues: &[Due],
) -> Result<HashMap<PartyId, BankAccount>> {
    let parties: Vec<PartyId> = dues.iter().map(|due| due.party).collect();
    let preferred: BTreeSet<BankAccountId> =
        command.bank_accounts.iter().flatten().copied().collect();
    let rows: Vec<BankAccount> = bank_account::table
        .filter(bank_account::organisation_id.eq(tx.organisation()))
        .filter(bank_account::party_id.eq_any(&parties))
        .order(bank_account::id)
        .select(BankAccount::as_select())
        .load(tx.conn())
        .await?;
    let mut found: HashMap<PartyId, BankAccount> = HashMap::new();
    for row in rows {
        if preferred.contains(&row.id) || !found.contains_key(&row.party_id) {
            found.insert(row.party_id, row);
        }
    }
    let lacking: Vec<PartyId> = parties
        .into_iter()
        .filter(|party| !found.contains_key(party))
        .collect();
    if lacking.is_empty() {
        return Ok(found);
    }
    let names: Vec<(PartyId, String)> = party::table
        .filter(party::organisation_id.eq(tx.organisation()))
        .filter(party::id.eq_any(&lacking))
        .select((party::id, party::name))
        .load(tx.conn())
        .await?;
    let faults = names.into_iter().map(|(id, name)| {
        Fault::not_allowed(fault::PARTY_ACCOUNT)
            .with("party", name)
            .with("id", id)
            .at(["excludeParties"])
    });
    Err(Error::Refused(faults.collect()))
}

async fn order(tx: &mut Tx, frame: Frame, dues: &[Due]) -> Result<PaymentOrder> {
    let id = frame.id.uuid().simple().to_string();
    let tail = id.get(14..).unwrap_or_default();
    Ok(PaymentOrder {
        organisation_id: tx.organisation(),
        id: frame.id,
        company_id: frame.company,
        status: PaymentOrderStatus::Draft,
        execution_on: frame.execution_on,
        iban: frame.iban,
        bic: frame.bic,
        account_code: frame.account_code,
        currency: CurrencyCode::EUR,
        total: Dec(dues.iter().map(Due::amount).sum()),
        payments: i32::try_from(dues.len()).unwrap_or(i32::MAX),
        message_id: format!("PAG{}-{tail}", frame.execution_on.0.format("%Y%m%d")),
        memo: frame.memo,
        approval_id: None,
        entry_id: None,
        file_id: None,
        prepared_by: person_behind(tx).await?,
        submitted_by: None,
        approved_at: None,
        sent_at: None,
        created_at: tx.now(),
        version: 1,
    })
}

fn payments(
    order: &PaymentOrder,
    dues: &[Due],
    accounts: &HashMap<PartyId, BankAccount>,
) -> (Vec<Payment>, Vec<PaymentItem>) {
    let mut rows = Vec::with_capacity(dues.len());
    let mut items = Vec::new();
    for (due, position) in dues.iter().zip(1..) {
        let account = accounts.get(&due.party);
        let row = Payment {
            organisation_id: order.organisation_id,
            id: PaymentId::generate(),
            company_id: order.company_id,
            direction: PaymentDirection::Sent,
            party_id: due.party,
            order_id: Some(order.id),
            position,
            paid_on: order.execution_on,
            currency: order.currency,
            rate: Dec(Decimal::ONE),
            amount: Dec(due.amount()),
            account_code: order.account_code.clone(),
            bank_account_id: account.map(|account| account.id),
            iban: account.map(|account| account.iban.clone()),
            holder: account.map(|account| account.holder.clone()),
            reference: format!("{} {position}", order.message_id),
            entry_id: None,
            open_item_id: None,
            created_at: order.created_at,
            version: 1,
        };
        items.extend(due.items.iter().map(|(open_item_id, amount)| PaymentItem {
            organisation_id: order.organisation_id,
            payment_id: row.id,
            open_item_id: *open_item_id,
            amount: Dec(*amount),
            live: true,
        }));
        rows.push(row);
    }
    (rows, items)
}
