//! Drafting invoices: new ones, copies, and away with them.
//!
//! A draft is a batch of one. Round trips of a batch: parties named otherwise than by id 1 each,
//! parties 1, settings 1, taxes 1, invoices 1, lines 1, taxes 1, events 2; then those of posting,
//! when it is wanted at once.

use std::collections::{BTreeSet, HashSet};

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::Input;
use directory::party::{self, PartyRef};
use directory::schema::party as party_table;
use kernel::ids::{CompanyId, InvoiceId, InvoiceLineId, PartyId, PaymentTermId};
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};

use super::content::{Content, Given, InvoiceLineInput};
use super::rules::{Drafted, Stamp, decide};
use super::shelf::Shelf;
use super::store::{self, InsertError};
use super::{Invoice, InvoiceKind, InvoiceStatus, lock, post};
use crate::fault;
use crate::permission::{INVOICE_MANAGE, INVOICE_POST};
use crate::reach::person_behind;
use crate::schema::invoice;

/// Drafts an invoice, and posts it if that is wanted.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceCreateInput {
    /// An id made by the client, `inv_…`.
    pub id: Option<InvoiceId>,
    /// The company.
    pub company: CompanyId,
    /// What it is.
    pub kind: InvoiceKind,
    /// The supplier or customer.
    pub party: PartyRef,
    /// The series of its number, up to 8 capitals and digits; that of its kind when absent.
    pub series: Option<String>,
    /// The supplier's number; suppliers' documents alone have one.
    pub supplier_number: Option<String>,
    /// The day on the document.
    pub issued_on: Date,
    /// The day of the operation; the day on the document when absent.
    pub operation_on: Option<Date>,
    /// The day it falls due, when it has no terms of payment; thirty days later when absent.
    pub due_on: Option<Date>,
    /// Its terms of payment.
    pub payment_term: Option<PaymentTermId>,
    /// The currency; that of the books when absent.
    pub currency_code: Option<CurrencyCode>,
    /// Units of the books' currency for one of the document's, when they differ.
    pub rate: Option<Dec>,
    /// The invoice that a credit note corrects.
    pub corrects: Option<InvoiceId>,
    /// A remark, in at most 500 characters.
    pub memo: Option<String>,
    /// What an integrator calls it, unique in the company.
    pub external_id: Option<String>,
    /// Its lines, 1 to 1,000.
    pub lines: Vec<InvoiceLineInput>,
    /// Whether to post it at once; needs the right to post.
    #[graphql(default)]
    pub post: bool,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

impl InvoiceCreateInput {
    fn content(&self) -> Given {
        Given {
            series: self.series.clone(),
            supplier_number: self.supplier_number.clone(),
            issued_on: self.issued_on,
            operation_on: self.operation_on,
            due_on: self.due_on,
            payment_term: self.payment_term,
            currency_code: self.currency_code,
            rate: self.rate,
            corrects: self.corrects,
            memo: self.memo.clone(),
            external_id: self.external_id.clone(),
            lines: self.lines.clone(),
        }
    }
}

/// Drafts an invoice, and posts it if that is wanted.
///
/// # Errors
/// Everything that is wrong with it at once; `finance.duplicate_document` names the invoice that has
/// the supplier's document already.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn create(tx: &mut Tx, command: InvoiceCreateInput) -> Result<Invoice> {
    let made = create_all(tx, vec![command]).await.map_err(without_index)?;
    made.into_iter()
        .next()
        .ok_or_else(|| Error::bug("a draft gave no invoice"))
}

/// Drafts invoices, all or none, and posts those that want it. Faults lie under `invoices`, the
/// index, the field. The answer has the order of the batch.
pub async fn create_all(tx: &mut Tx, commands: Vec<InvoiceCreateInput>) -> Result<Vec<Invoice>> {
    for command in &commands {
        tx.require_in(INVOICE_MANAGE, command.company, None)?;
        if command.post {
            tx.require_in(INVOICE_POST, command.company, None)?;
        }
    }
    let contents = contents(tx, &commands).await?;
    let drafted = decided(tx, &contents).await?;
    record(tx, &drafted).await?;
    let wanted: HashSet<InvoiceId> = contents
        .iter()
        .zip(&commands)
        .filter(|(_, command)| command.post)
        .map(|(content, _)| content.id)
        .collect();
    let (now, later): (Vec<Drafted>, Vec<Drafted>) = drafted
        .into_iter()
        .partition(|one| wanted.contains(&one.invoice.id));
    let mut rows: Vec<Invoice> = later.into_iter().map(|one| one.invoice).collect();
    rows.extend(post::record_fresh(tx, now).await?);
    let order = |row: &Invoice| contents.iter().position(|content| content.id == row.id);
    rows.sort_by_key(order);
    Ok(rows)
}

/// What the commands say, with their parties known.
async fn contents(tx: &mut Tx, commands: &[InvoiceCreateInput]) -> Result<Vec<Content>> {
    let parties = parties(tx, commands).await?;
    let mut faults = Vec::new();
    let mut contents = Vec::with_capacity(commands.len());
    for (at, (command, party)) in commands.iter().zip(parties).enumerate() {
        let mut input = Input::new();
        let missing = Fault::not_found("directory.party_unknown");
        let party: Option<PartyId> = input.try_take("party", party.ok_or(missing));
        let id = command.id.unwrap_or_else(InvoiceId::generate);
        let who = party.unwrap_or_else(PartyId::generate);
        let about = (id, command.company, command.kind);
        contents.push(Content::of(&mut input, about, who, &command.content()));
        if let Err(Error::Refused(wrong)) = input.finish() {
            faults.extend(wrong.into_iter().map(|fault| under(at, fault)));
        }
    }
    if faults.is_empty() {
        Ok(contents)
    } else {
        Err(Error::Refused(faults))
    }
}

/// The parties of some commands; `None` for one that is not there.
async fn parties(tx: &mut Tx, commands: &[InvoiceCreateInput]) -> Result<Vec<Option<PartyId>>> {
    let by_id: BTreeSet<PartyId> = commands
        .iter()
        .filter_map(|command| match &command.party {
            PartyRef::Id(id) => Some(*id),
            _ => None,
        })
        .collect();
    let known: Vec<PartyId> = if by_id.is_empty() {
        Vec::new()
    } else {
        party_table::table
            .filter(party_table::organisation_id.eq(tx.organisation()))
            .filter(party_table::id.eq_any(by_id.into_iter().collect::<Vec<_>>()))
            .filter(party_table::archived_at.is_null())
            .select(party_table::id)
            .load(tx.conn())
            .await?
    };
    let known: HashSet<PartyId> = known.into_iter().collect();
    let mut found = Vec::with_capacity(commands.len());
    for command in commands {
        found.push(match &command.party {
            PartyRef::Id(id) => known.contains(id).then_some(*id),
            other => match party::resolve(tx, other).await {
                Ok(party) => Some(party.id),
                Err(Error::Refused(_)) => None,
                Err(other) => return Err(other),
            },
        });
    }
    Ok(found)
}

/// Works the contents out.
async fn decided(tx: &mut Tx, contents: &[Content]) -> Result<Vec<Drafted>> {
    let refs: Vec<&Content> = contents.iter().collect();
    let shelf = Shelf::for_drafts(tx, &refs).await?;
    let stamp = stamp(tx).await?;
    let mut drafted = Vec::with_capacity(contents.len());
    let mut faults = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        match decide(content, &shelf, &stamp) {
            Ok(one) => drafted.push(one),
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| under(at, fault))),
        }
    }
    if faults.is_empty() {
        Ok(drafted)
    } else {
        Err(Error::Refused(faults))
    }
}

pub(super) async fn stamp(tx: &mut Tx) -> Result<Stamp> {
    Ok(Stamp {
        organisation: tx.organisation(),
        at: tx.now(),
        prepared_by: person_behind(tx).await?,
    })
}

/// Records drafts and tells of them; whatever is there already is named.
pub(super) async fn record(tx: &mut Tx, drafted: &[Drafted]) -> Result<()> {
    if drafted.is_empty() {
        return Ok(());
    }
    match store::insert(tx, drafted).await {
        Ok(()) => {}
        Err(InsertError::Other(error)) => return Err(error),
        Err(InsertError::Taken(places)) => return Err(taken(tx, drafted, &places).await?),
    }
    let events = drafted.iter().map(|one| {
        let row = &one.invoice;
        row.event("finance.invoice.created")
            .set("kind", row.kind)
            .set("party", row.party_id)
            .set("supplierNumber", &row.supplier_number)
            .set("total", row.total)
    });
    tx.emit_all(events.collect()).await?;
    Ok(())
}

async fn taken(tx: &mut Tx, drafted: &[Drafted], places: &[usize]) -> Result<Error> {
    let mut faults = Vec::new();
    for at in places {
        let Some(one) = drafted.get(*at) else {
            continue;
        };
        let clash = store::clash(tx, &one.invoice).await?;
        let fault = clash.unwrap_or_else(|| Fault::conflict("kernel.id_taken").at(["id"]));
        faults.push(under(*at, fault));
    }
    Ok(Error::Refused(faults))
}

fn under(at: usize, fault: Fault) -> Fault {
    fault.under(["invoices".to_owned(), at.to_string()])
}

/// Takes `invoices.0` off the paths of a batch of one.
pub(super) fn without_index(error: Error) -> Error {
    let Error::Refused(faults) = error else {
        return error;
    };
    let bare = |mut fault: Fault| {
        if matches!(fault.field.as_slice(), [first, ..] if first == "invoices") {
            fault.field.drain(..fault.field.len().min(2));
        }
        fault
    };
    Error::Refused(faults.into_iter().map(bare).collect())
}

/// Deletes a draft.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceDeleteInput {
    /// The draft.
    pub id: InvoiceId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Deletes a draft. What was posted stays.
#[tracing::instrument(skip_all, fields(invoice.id = %command.id), err)]
pub async fn delete(tx: &mut Tx, command: InvoiceDeleteInput) -> Result<InvoiceId> {
    let row = lock(tx, command.id, INVOICE_MANAGE, command.expected_version).await?;
    row.require_status(&[InvoiceStatus::Draft])?;
    diesel::delete(invoice::table.find((row.organisation_id, row.id)))
        .execute(tx.conn())
        .await?;
    tx.emit(row.event("finance.invoice.deleted").set("total", row.total))
        .await?;
    Ok(row.id)
}

/// Copies an invoice into a new draft.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceDuplicateInput {
    /// The invoice.
    pub id: InvoiceId,
    /// What the copy is: the same when absent, or the credit note of its side, which then corrects
    /// the invoice.
    pub kind: Option<InvoiceKind>,
    /// The supplier's number of the copy; suppliers' documents alone have one.
    pub supplier_number: Option<String>,
    /// The day on the copy.
    pub issued_on: Date,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Copies an invoice into a new draft, with the taxes in force on its new day.
#[tracing::instrument(skip_all, fields(invoice.id = %command.id), err)]
pub async fn duplicate(tx: &mut Tx, command: InvoiceDuplicateInput) -> Result<Invoice> {
    let original = lock(tx, command.id, INVOICE_MANAGE, None).await?;
    let kind = command.kind.unwrap_or(original.kind);
    if kind.side() != original.kind.side() {
        return Err(Fault::invalid(fault::KIND_SIDE).at(["kind"]).into());
    }
    let mut content = content_of(tx, original.clone()).await?;
    let mut input = Input::new();
    content.id = InvoiceId::generate();
    content.kind = kind;
    content.series = kind.series().to_owned();
    content.supplier_number = input.take(
        "supplierNumber",
        directory::check::optional(command.supplier_number.as_deref(), 60),
    );
    content.issued_on = command.issued_on;
    content.operation_on = command.issued_on;
    content.due_on = None;
    content.external_id = None;
    let corrects = kind.is_credit() && !original.kind.is_credit();
    content.corrects = corrects.then_some(original.id);
    for line in &mut content.lines {
        line.id = InvoiceLineId::generate();
    }
    content.check(&mut input);
    input.finish()?;
    let drafted = decided(tx, std::slice::from_ref(&content))
        .await
        .map_err(without_index)?;
    record(tx, &drafted).await.map_err(without_index)?;
    let made = drafted.into_iter().next().map(|one| one.invoice);
    made.ok_or_else(|| Error::bug("a copy gave no invoice"))
}

/// What a recorded invoice says.
pub(super) async fn content_of(tx: &mut Tx, row: Invoice) -> Result<Content> {
    let mut found = store::with_parts(tx, vec![row]).await?;
    let one = found
        .pop()
        .ok_or_else(|| Error::bug("an invoice lost its parts"))?;
    let taxes = crate::tax::load_all(tx, &[one.invoice.company_id]).await?;
    Ok(super::patch::content(&one, &taxes))
}

/// Works one content out.
pub(super) async fn decided_one(tx: &mut Tx, content: &Content) -> Result<Drafted> {
    let drafted = decided(tx, std::slice::from_ref(content))
        .await
        .map_err(without_index)?;
    drafted
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("a content gave no invoice"))
}
