//! Payments: what customers paid, what was paid to suppliers otherwise than by a payment order, and
//! the payments of payment orders. A payment settles what is owed; what it has more stays open as a
//! payment on account.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use directory::party::{self, PartyRef};
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{
    BankAccountId, CompanyId, EntryId, OpenItemId, OrganisationId, PartyId, PaymentId,
    PaymentOrderId,
};
use kernel::money::round;
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Error, Event, Fault, Result, Tx, listing};
use ledger::entry::{PostEntry, PostLine, SourceKey};
use rust_decimal::Decimal;

use crate::fault;
use crate::open_item::{self, OpenItem, OpenItemSide, Pair};
use crate::permission::{PAYMENT_MANAGE, PAYMENT_READ, visible};
use crate::schema::payment;
use crate::setting::{self, FinanceSetting};

/// Open items of one payment at most.
const MOST: usize = 250;

kernel::text_enum! {
    /// Which way money went.
    pub enum PaymentDirection {
        /// To the company.
        Received = "RECEIVED",
        /// From the company.
        Sent = "SENT",
    }
}

kernel::enum_filter! {
    /// Conditions on which way money went.
    PaymentDirectionFilter of PaymentDirection
}

impl PaymentDirection {
    /// The side that it settles.
    pub const fn side(self) -> OpenItemSide {
        match self {
            Self::Received => OpenItemSide::Receivable,
            Self::Sent => OpenItemSide::Payable,
        }
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payment, check_for_backend(diesel::pg::Pg))]
pub struct Payment {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The payment.
    pub id: PaymentId,
    /// The company.
    pub company_id: CompanyId,
    /// Which way the money went.
    pub direction: PaymentDirection,
    /// From or to whom.
    pub party_id: PartyId,
    /// The payment order that it is part of.
    pub order_id: Option<PaymentOrderId>,
    /// Its place in the order, from 1.
    pub position: i32,
    /// The day.
    pub paid_on: Date,
    /// The currency.
    pub currency: CurrencyCode,
    /// Units of the books' currency for one of the payment's.
    pub rate: Dec,
    /// How much, above zero.
    pub amount: Dec,
    /// The account of the bank or till in the ledger.
    pub account_code: String,
    /// The party's bank account.
    pub bank_account_id: Option<BankAccountId>,
    /// Its number as it was when the order was drafted.
    pub iban: Option<String>,
    /// Its holder as it was then.
    pub holder: Option<String>,
    /// What the other side reads.
    pub reference: String,
    /// Its entry in the journal; none while its order is not sent.
    pub entry_id: Option<EntryId>,
    /// What it left open or settled with.
    pub open_item_id: Option<OpenItemId>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on payments.
    filter PaymentFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By which way the money went.
        direction: PaymentDirectionFilter => direction,
        /// By party.
        party: IdFilter => party_id,
        /// By payment order.
        order: IdFilter => order_id,
        /// By day.
        paid_on: DateFilter => paid_on,
        /// By amount.
        amount: DecimalFilter => amount,
        /// By what the other side reads.
        reference: TextFilter => reference,
        /// By entry; `isNull: true` for those not sent yet.
        entry: IdFilter => entry_id,
        /// By when they were recorded.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of payments.
    sort PaymentSort;
    /// What payments can be sorted by.
    by PaymentSortField {
        /// By day.
        PaidOn = "PAID_ON" => paid_on,
        /// By amount.
        Amount = "AMOUNT" => amount,
    }
    default PaidOn Desc;
    search [reference];
    from "finance" payment as Payment;
}

/// A page of the payments that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PaymentFilter, PaymentSortField>,
) -> Result<Page<Payment>> {
    let visible = visible(tx, PAYMENT_READ, "payment")?;
    list(tx, request, visible).await
}

/// How many payments the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PaymentFilter, PaymentSortField>,
) -> Result<i64> {
    let visible = visible(tx, PAYMENT_READ, "payment")?;
    tally(tx, request, visible).await
}

/// The visible ones among some payments.
pub async fn by_ids(tx: &mut Tx, ids: &[PaymentId]) -> Result<Vec<Payment>> {
    let visible = visible(tx, PAYMENT_READ, "payment")?;
    Ok(payment::table
        .filter(payment::organisation_id.eq(tx.organisation()))
        .filter(payment::id.eq_any(ids))
        .filter(visible)
        .select(Payment::as_select())
        .load(tx.conn())
        .await?)
}

/// What a payment settles.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct PaymentAllocationInput {
    /// What is owed.
    pub open_item: OpenItemId,
    /// How much of it; as much as possible when absent.
    pub amount: Option<Dec>,
}

/// Registers a payment that has happened.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentRegisterInput {
    /// An id made by the client, `pay_…`.
    pub id: Option<PaymentId>,
    /// The company.
    pub company: CompanyId,
    /// Which way the money went.
    #[graphql(default_with = "PaymentDirection::Received")]
    pub direction: PaymentDirection,
    /// From or to whom.
    pub party: PartyRef,
    /// The day.
    pub paid_on: Date,
    /// How much, above zero.
    pub amount: Dec,
    /// The currency; that of the books when absent.
    pub currency_code: Option<CurrencyCode>,
    /// Units of the books' currency for one of the payment's, when they differ.
    pub rate: Option<Dec>,
    /// The code of the account of the bank or till; the company's bank when absent.
    pub account: Option<String>,
    /// What it says, in at most 140 characters.
    pub reference: String,
    /// What it settles, at most 250; what falls due first when absent, nothing when empty.
    pub allocations: Option<Vec<PaymentAllocationInput>>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Registers a payment: posts it and settles what is owed with it, in one transaction.
///
/// # Errors
/// Everything that is wrong with it at once; an item of somebody else; what the ledger refuses.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn register(tx: &mut Tx, command: PaymentRegisterInput) -> Result<Payment> {
    tx.require_in(PAYMENT_MANAGE, command.company, None)?;
    let setting = setting::load(tx, command.company).await?;
    let party = party::resolve(tx, &command.party).await.map_err(at_party)?;
    let row = decide(tx, &command, &setting, party.id).await?;
    let (row, item) = record(tx, row, &setting).await?;
    let pairs = pairs(tx, &command, &row, item.id).await?;
    if !pairs.is_empty() {
        let on = row.paid_on.0;
        open_item::settle(tx, &pairs, on, Some(PAYMENT_MANAGE)).await?;
    }
    Ok(row)
}

fn at_party(error: Error) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.at(["party"]))
                .collect(),
        ),
        other => other,
    }
}

async fn decide(
    tx: &mut Tx,
    c: &PaymentRegisterInput,
    setting: &FinanceSetting,
    party: PartyId,
) -> Result<Payment> {
    let code = c
        .account
        .clone()
        .unwrap_or_else(|| setting.bank_account.clone());
    let wanted = [code.clone()];
    let known = crate::account::postable(tx, &[c.company], &wanted).await?;
    let currency = c.currency_code.unwrap_or(setting.currency);
    let same = currency == setting.currency;
    let mut input = Input::new();
    let amount = c.amount.0;
    let whole = round(amount, currency.places()) == amount;
    let fits = whole && amount > Decimal::ZERO && amount < Decimal::from(1_000_000_000_000_i64);
    input.check(fits, || Fault::invalid(fault::AMOUNT).at(["amount"]));
    input.check(known.contains(&(c.company, code.clone())), || {
        Fault::invalid(fault::ACCOUNT_UNKNOWN)
            .with("code", &code)
            .at(["account"])
    });
    let rate = c.rate.map(|rate| rate.0);
    let rated = match rate {
        None => same,
        Some(rate) if same => rate == Decimal::ONE,
        Some(rate) => rate > Decimal::ZERO && rate.scale() <= 10,
    };
    let reason = if rate.is_none() {
        fault::RATE_NEEDED
    } else {
        fault::RATE
    };
    input.check(rated, || Fault::invalid(reason).at(["rate"]));
    let many = c.allocations.as_ref().map_or(0, Vec::len);
    input.check(many <= MOST, || {
        Fault::invalid(fault::TOO_MANY)
            .with("most", MOST)
            .at(["allocations"])
    });
    let row = Payment {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(PaymentId::generate),
        company_id: c.company,
        direction: c.direction,
        party_id: party,
        order_id: None,
        position: 1,
        paid_on: c.paid_on,
        currency,
        rate: Dec(rate.unwrap_or(Decimal::ONE)),
        amount: c.amount,
        account_code: code,
        bank_account_id: None,
        iban: None,
        holder: None,
        reference: input.take("reference", check::text(&c.reference, 140)),
        entry_id: None,
        open_item_id: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    Ok(row)
}

/// Posts a payment and records it with its open item.
async fn record(
    tx: &mut Tx,
    row: Payment,
    setting: &FinanceSetting,
) -> Result<(Payment, OpenItem)> {
    let entry = PostEntry {
        id: None,
        company: row.company_id,
        journal: ledger::journal::BANK.into(),
        date: row.paid_on.0,
        memo: memo(&row),
        source: SourceKey::new("finance.payment", row.id, "post"),
        reverses: None,
        lines: lines(&row, setting),
    };
    let made = ledger::entry::post(tx, entry).await.map_err(of_ledger)?;
    let item = open_item(&row, setting, made.id);
    open_item::insert(tx, std::slice::from_ref(&item)).await?;
    let row = Payment {
        entry_id: Some(made.id),
        open_item_id: Some(item.id),
        ..row
    };
    diesel::insert_into(payment::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| check::taken(error.into(), "payment_pkey", "kernel.id_taken", "id"))?;
    tx.emit(row.event("finance.payment.registered")).await?;
    Ok((row, item))
}

impl Payment {
    /// An event about it.
    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, "Payment", self.id, PAYMENT_READ)
            .company(self.company_id)
            .set("direction", self.direction)
            .set("party", self.party_id)
            .set("amount", self.amount)
    }
}

fn memo(row: &Payment) -> String {
    let what = match row.direction {
        PaymentDirection::Received => "Cobro",
        PaymentDirection::Sent => "Pago",
    };
    format!("{what} del {}", row.paid_on.0.format("%d/%m/%Y"))
}

/// What was received is a debit of the bank; what was sent a credit.
fn lines(row: &Payment, setting: &FinanceSetting) -> Vec<PostLine> {
    let side = row.direction.side();
    let amount = row.amount.0 * Decimal::from(side.sign());
    let own = round(amount * row.rate.0, setting.currency.places());
    let line = |account: &str, sign: Decimal| PostLine {
        company_amount: Some(sign * own),
        rate: Some(row.rate.0),
        ..PostLine::signed(account.to_owned(), sign * amount, row.currency)
    };
    vec![
        line(&row.account_code, Decimal::ONE),
        line(setting.control(side), Decimal::NEGATIVE_ONE),
    ]
}

/// What a payment is to be set against what is owed with.
pub(crate) fn open_item(row: &Payment, setting: &FinanceSetting, entry: EntryId) -> OpenItem {
    let own = round(row.amount.0 * row.rate.0, setting.currency.places());
    let side = row.direction.side();
    OpenItem {
        organisation_id: row.organisation_id,
        id: OpenItemId::generate(),
        company_id: row.company_id,
        side,
        party_id: row.party_id,
        invoice_id: None,
        entry_id: entry,
        account_code: setting.control(side).to_owned(),
        position: row.position,
        posted_on: row.paid_on,
        due_on: row.paid_on,
        currency: row.currency,
        rate: row.rate,
        amount: Dec(-row.amount.0),
        remaining: Dec(-row.amount.0),
        company_amount: Dec(-own),
        company_remaining: Dec(-own),
        created_at: row.created_at,
        version: 1,
    }
}

/// What a payment settles: what was named, or what falls due first.
async fn pairs(
    tx: &mut Tx,
    command: &PaymentRegisterInput,
    row: &Payment,
    credit: OpenItemId,
) -> Result<Vec<Pair>> {
    if let Some(named) = &command.allocations {
        return Ok(named
            .iter()
            .map(|one| Pair {
                charge: one.open_item,
                credit,
                amount: one.amount.map(|amount| amount.0),
            })
            .collect());
    }
    let (side, on) = (row.direction.side(), row.paid_on.0);
    let oldest =
        open_item::oldest(tx, row.company_id, side, row.party_id, row.currency, on).await?;
    let open = open_item::locked(tx, &oldest).await?;
    let mut left = row.amount.0;
    let mut pairs = Vec::new();
    for charge in oldest {
        let Some(item) = open.get(&charge) else {
            continue;
        };
        let amount = left.min(item.remaining.0);
        if amount <= Decimal::ZERO {
            continue;
        }
        left -= amount;
        let amount = Some(amount);
        pairs.push(Pair {
            charge,
            credit,
            amount,
        });
    }
    Ok(pairs)
}

/// What the ledger says of its entry is said of the payment.
pub(crate) fn of_ledger(error: Error) -> Error {
    let Error::Refused(faults) = error else {
        return error;
    };
    let of_payment = |fault: Fault| {
        let field = match fault.field.as_slice() {
            [first, ..] if first == "date" => "paidOn",
            _ => "id",
        };
        fault.at([field])
    };
    Error::Refused(faults.into_iter().map(of_payment).collect())
}
