//! Posting: the number, the entry and the open items of an invoice in one transaction.
//!
//! The row is locked first, so that any number of postings at once post it once. Round trips of a
//! batch: lock 1, lines 1, taxes 1, settings 1, tax versions 1, numbers 1 a series and year, the
//! ledger's, open items 1, invoices 1, events 2; where orders are billed, 3 more.

use std::collections::BTreeMap;

use async_graphql::InputObject;
use chrono::{Datelike, NaiveDate};
use kernel::ids::{CompanyId, EntryId, InvoiceId, OpenItemId};
use kernel::{Date, Dec, Error, Fault, Result, Tx};
use ledger::entry::{Entry, PostEntry, SourceKey};
use rust_decimal::Decimal;

use super::draft::without_index;
use super::matching::Clearings;
use super::rules::{Drafted, instalments};
use super::shelf::Shelf;
use super::{Invoice, InvoiceStatus, entry, lock_all, store};
use crate::fault;
use crate::open_item::{self, OpenItem};
use crate::permission::INVOICE_POST;

/// Posts an invoice.
#[derive(Clone, Debug, InputObject)]
pub struct InvoicePostInput {
    /// The invoice.
    pub id: InvoiceId,
    /// The day of the entry; the day on the document when absent. A supplier's invoice may come in
    /// after its month was closed.
    pub posted_on: Option<Date>,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Posts an invoice: once, however often and by however many it is asked for at once.
///
/// # Errors
/// An invoice that is no draft; one that comes to nothing; what the ledger refuses, such as a closed
/// period.
#[tracing::instrument(skip_all, fields(invoice.id = %command.id), err)]
pub async fn post(tx: &mut Tx, command: InvoicePostInput) -> Result<Invoice> {
    let row = super::lock(tx, command.id, INVOICE_POST, command.expected_version).await?;
    row.require_status(&[InvoiceStatus::Draft])?;
    let on = command.posted_on.unwrap_or(row.issued_on);
    let drafted = store::with_parts(tx, vec![row]).await?;
    let wanted = drafted.into_iter().map(|one| (one, on.0)).collect();
    let posted = record(tx, wanted).await.map_err(without_index)?;
    posted
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("a posting gave no invoice"))
}

/// Posts invoices on the days of their documents, all or none; faults lie under `invoices`, the
/// index, the field.
pub async fn post_all(tx: &mut Tx, ids: &[InvoiceId]) -> Result<Vec<Invoice>> {
    let mut rows = Vec::with_capacity(ids.len());
    let mut faults = Vec::new();
    for (at, found) in lock_all(tx, ids, INVOICE_POST)
        .await?
        .into_iter()
        .enumerate()
    {
        let draft = found.and_then(|row| {
            row.require_status(&[InvoiceStatus::Draft])?;
            Ok(row)
        });
        match draft {
            Ok(row) => rows.push(row),
            Err(fault) => faults.push(fault.under(["invoices".to_owned(), at.to_string()])),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let drafted = store::with_parts(tx, rows).await?;
    record_fresh(tx, drafted).await
}

/// Posts drafts on the days of their documents.
pub(super) async fn record_fresh(tx: &mut Tx, drafted: Vec<Drafted>) -> Result<Vec<Invoice>> {
    if drafted.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = drafted
        .into_iter()
        .map(|one| {
            let on = one.invoice.issued_on.0;
            (one, on)
        })
        .collect();
    record(tx, wanted).await
}

/// Posts locked drafts, each on a day; faults lie under `invoices` and the index.
pub(super) async fn record(tx: &mut Tx, wanted: Vec<(Drafted, NaiveDate)>) -> Result<Vec<Invoice>> {
    let refs: Vec<&Invoice> = wanted.iter().map(|(one, _)| &one.invoice).collect();
    let shelf = Shelf::for_postings(tx, &refs).await?;
    let mut wanted = wanted;
    give_numbers(tx, &mut wanted).await?;
    let clearings = clearings(tx, &wanted, &shelf).await?;
    let posts = posts(&wanted, &shelf, &clearings)?;
    let entries = ledger::entry::post_all(tx, &posts)
        .await
        .map_err(of_ledger)?;
    let mut rows = Vec::with_capacity(wanted.len());
    let mut items = Vec::new();
    for ((one, on), made) in wanted.into_iter().zip(&entries) {
        let (row, owed) = settled(tx, one.invoice, on, made, &shelf)?;
        rows.push(row);
        items.extend(owed);
    }
    clearings.record(tx).await?;
    open_item::insert(tx, &items).await?;
    store::mark_posted(tx, &rows).await?;
    let events = rows.iter().map(|row| {
        row.event("finance.invoice.posted")
            .set("number", &row.number)
            .set("total", row.total)
            .set("entry", row.entry_id)
    });
    tx.emit_all(events.collect()).await?;
    Ok(rows)
}

/// Gives each its number: gap-free in its series and year (Real Decreto 1619/2012, art. 6.1.a), and
/// for suppliers' documents that of the register (Real Decreto 1624/1992, art. 64).
async fn give_numbers(tx: &mut Tx, wanted: &mut [(Drafted, NaiveDate)]) -> Result<()> {
    let mut groups: BTreeMap<(CompanyId, String, i32), Vec<usize>> = BTreeMap::new();
    for (at, (one, on)) in wanted.iter().enumerate() {
        let row = &one.invoice;
        let key = (row.company_id, row.series.clone(), on.year());
        groups.entry(key).or_default().push(at);
    }
    for ((company, series, year), places) in groups {
        let key = format!("finance.invoice.{}", series.to_lowercase());
        let many = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let numbers = directory::numbering::next_many(tx, &key, Some(company), year, many).await?;
        for (at, number) in places.into_iter().zip(numbers) {
            if let Some((one, _)) = wanted.get_mut(at) {
                one.invoice.number = Some(format!("{series}-{number}"));
            }
        }
    }
    Ok(())
}

/// What the drafts clear of goods that came before their invoice.
async fn clearings(
    tx: &mut Tx,
    wanted: &[(Drafted, NaiveDate)],
    shelf: &Shelf,
) -> Result<Clearings> {
    let bills: Vec<&Drafted> = wanted.iter().map(|(one, _)| one).collect();
    let books = |company| shelf.settings.get(&company).map(|setting| setting.currency);
    Clearings::match_all(tx, &bills, books).await
}

fn posts(
    wanted: &[(Drafted, NaiveDate)],
    shelf: &Shelf,
    clearings: &Clearings,
) -> Result<Vec<PostEntry>> {
    let mut posts = Vec::with_capacity(wanted.len());
    let mut faults = Vec::new();
    for (at, (one, on)) in wanted.iter().enumerate() {
        match posting(one, *on, shelf, clearings) {
            Ok(post) => posts.push(post),
            Err(fault) => faults.push(fault.under(["invoices".to_owned(), at.to_string()])),
        }
    }
    if faults.is_empty() {
        Ok(posts)
    } else {
        Err(Error::Refused(faults))
    }
}

fn posting(
    one: &Drafted,
    on: NaiveDate,
    shelf: &Shelf,
    clearings: &Clearings,
) -> Result<PostEntry, Fault> {
    let row = &one.invoice;
    let setting = shelf
        .settings
        .get(&row.company_id)
        .ok_or_else(crate::setting::missing)?;
    let lines = entry::lines(one, &shelf.taxes, setting, clearings);
    if lines.len() < 2 || row.total.0.is_zero() {
        return Err(Fault::not_allowed(fault::NOTHING_TO_POST).at(["lines"]));
    }
    if on < row.issued_on.0 {
        return Err(Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["postedOn"]));
    }
    Ok(PostEntry {
        id: None,
        company: row.company_id,
        journal: row.kind.journal().into(),
        date: on,
        memo: memo(row),
        source: SourceKey::new("finance.invoice", row.id, "post"),
        reverses: None,
        lines,
    })
}

fn memo(row: &Invoice) -> String {
    let own = row.number.as_deref().unwrap_or_default();
    match &row.supplier_number {
        Some(theirs) => format!("{} {theirs} ({own})", row.kind.memo()),
        None => format!("{} {own}", row.kind.memo()),
    }
}

/// The invoice as posted, and what it leaves open.
fn settled(
    tx: &Tx,
    mut row: Invoice,
    on: NaiveDate,
    made: &Entry,
    shelf: &Shelf,
) -> Result<(Invoice, Vec<OpenItem>)> {
    let setting = shelf
        .settings
        .get(&row.company_id)
        .ok_or_else(crate::setting::missing)?;
    let term = row.payment_term_id.and_then(|id| shelf.terms.get(&id));
    let dues = instalments(&row, term, setting.currency)?;
    row.status = InvoiceStatus::Posted;
    row.entry_id = Some(made.id);
    row.posted_at = Some(tx.now());
    row.due_on = Date(
        dues.iter()
            .map(|(day, _, _)| *day)
            .max()
            .unwrap_or(row.due_on.0),
    );
    row.version += 1;
    let account = setting.control(row.kind.side());
    let sign = row.kind.sign();
    let owed = dues
        .into_iter()
        .zip(1..)
        .map(|((due, amount, own), position)| {
            let place = Place {
                position,
                due,
                on,
                entry: made.id,
            };
            item(&row, account, place, (sign * amount, sign * own))
        })
        .collect();
    Ok((row, owed))
}

/// Where an open item stands.
struct Place {
    position: i32,
    due: NaiveDate,
    on: NaiveDate,
    entry: EntryId,
}

fn item(row: &Invoice, account: &str, place: Place, (amount, own): (Decimal, Decimal)) -> OpenItem {
    OpenItem {
        organisation_id: row.organisation_id,
        id: OpenItemId::generate(),
        company_id: row.company_id,
        side: row.kind.side(),
        party_id: row.party_id,
        invoice_id: Some(row.id),
        entry_id: place.entry,
        account_code: account.to_owned(),
        position: place.position,
        posted_on: Date(place.on),
        due_on: Date(place.due),
        currency: row.currency,
        rate: row.rate,
        amount: Dec(amount),
        remaining: Dec(amount),
        company_amount: Dec(own),
        company_remaining: Dec(own),
        created_at: row.posted_at.unwrap_or(row.created_at),
        version: 1,
    }
}

/// What the ledger says of its entries is said of their invoices.
fn of_ledger(error: Error) -> Error {
    let Error::Refused(faults) = error else {
        return error;
    };
    let of_invoice = |mut fault: Fault| {
        if let Some(first) = fault.field.first_mut()
            && first == "entries"
        {
            "invoices".clone_into(first);
            fault.field.truncate(2);
            fault.field.push("id".to_owned());
        }
        fault
    };
    Error::Refused(faults.into_iter().map(of_invoice).collect())
}
