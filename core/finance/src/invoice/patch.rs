//! Changing a draft: its own fields, and its lines by adding, changing and removing.

use async_graphql::{InputObject, MaybeUndefined};
use directory::check::{self, Input};
use directory::party::{self, PartyRef};
use kernel::ids::{DepartmentId, InvoiceId, InvoiceLineId, PaymentTermId};
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};
use ledger::dimension::DimensionValueId;

use super::content::{Content, InvoiceLineInput, Line, check_series};
use super::rules::Drafted;
use super::{Invoice, InvoiceLine, InvoiceStatus, draft, lock, store};
use crate::fault;
use crate::permission::INVOICE_MANAGE;
use crate::tax::Tax;

/// Changes a draft.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceUpdateInput {
    /// The draft.
    pub id: InvoiceId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: InvoicePatch,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What of a draft changes; its company and kind never do.
#[derive(Clone, Debug, Default, InputObject)]
pub struct InvoicePatch {
    /// The supplier or customer.
    pub party: Option<PartyRef>,
    /// The series of its number.
    pub series: Option<String>,
    /// The supplier's number.
    pub supplier_number: Option<String>,
    /// The day on the document.
    pub issued_on: Option<Date>,
    /// The day of the operation.
    pub operation_on: Option<Date>,
    /// The day it falls due; null for thirty days after the document.
    pub due_on: MaybeUndefined<Date>,
    /// Its terms of payment; null for none.
    pub payment_term: MaybeUndefined<PaymentTermId>,
    /// The currency.
    pub currency_code: Option<CurrencyCode>,
    /// Units of the books' currency for one of the document's; null when they are the same.
    pub rate: MaybeUndefined<Dec>,
    /// The invoice that a credit note corrects; null for none.
    pub corrects: MaybeUndefined<InvoiceId>,
    /// A remark; null removes it.
    pub memo: MaybeUndefined<String>,
    /// What an integrator calls it; null removes it.
    pub external_id: MaybeUndefined<String>,
    /// Its lines.
    pub lines: Option<InvoiceLinesPatch>,
}

/// What happens to the lines of a draft.
#[derive(Clone, Debug, Default, InputObject)]
pub struct InvoiceLinesPatch {
    /// Lines to add at the end.
    pub add: Option<Vec<InvoiceLineInput>>,
    /// Lines to change.
    pub update: Option<Vec<InvoiceLineUpdateInput>>,
    /// Lines to remove.
    pub remove: Option<Vec<InvoiceLineId>>,
}

/// Changes a line of a draft.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceLineUpdateInput {
    /// The line.
    pub id: InvoiceLineId,
    /// What it is.
    pub description: Option<String>,
    /// How many.
    pub quantity: Option<Dec>,
    /// Of what unit; null for none.
    pub unit: MaybeUndefined<String>,
    /// The price of one, before taxes.
    pub unit_price: Option<Dec>,
    /// Per cent off.
    pub discount_percent: Option<Dec>,
    /// The codes of its taxes.
    pub taxes: Option<Vec<String>>,
    /// The code of its account.
    pub account: Option<String>,
    /// The department; null for none.
    pub department: MaybeUndefined<DepartmentId>,
    /// Values of dimensions, one a dimension.
    pub dimension_values: Option<Vec<DimensionValueId>>,
}

/// Changes a draft; its totals are worked out anew.
///
/// # Errors
/// An invoice that was posted; everything that is wrong with what it says now.
#[tracing::instrument(skip_all, fields(invoice.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: InvoiceUpdateInput) -> Result<Invoice> {
    let before = lock(tx, command.id, INVOICE_MANAGE, command.expected_version).await?;
    before.require_status(&[InvoiceStatus::Draft])?;
    let mut content = draft::content_of(tx, before.clone()).await?;
    if let Some(named) = &command.patch.party {
        let found = party::resolve(tx, named)
            .await
            .map_err(|error| at(error, "party"))?;
        content.party = found.id;
    }
    let mut input = Input::new();
    apply(&mut content, &command.patch, &mut input);
    content.check(&mut input);
    input.finish().map_err(under_patch)?;
    let mut drafted = draft::decided_one(tx, &content)
        .await
        .map_err(under_patch)?;
    drafted.invoice.prepared_by = before.prepared_by;
    drafted.invoice.created_at = before.created_at;
    drafted.invoice.version = before.version + 1;
    if let Some(clash) = store::clash(tx, &drafted.invoice).await? {
        return Err(clash.under(["patch"]).into());
    }
    store::replace(tx, &drafted).await?;
    let after = drafted.invoice;
    let event = after
        .event("finance.invoice.updated")
        .changed("party", &before.party_id, &after.party_id)
        .changed(
            "supplierNumber",
            &before.supplier_number,
            &after.supplier_number,
        )
        .changed("issuedOn", &before.issued_on, &after.issued_on)
        .changed("dueOn", &before.due_on, &after.due_on)
        .changed("total", &before.total, &after.total);
    tx.emit(event).await?;
    Ok(after)
}

fn at(error: Error, field: &str) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.at(["patch", field]))
                .collect(),
        ),
        other => other,
    }
}

fn under_patch(error: Error) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.under(["patch"]))
                .collect(),
        ),
        other => other,
    }
}

fn apply(content: &mut Content, patch: &InvoicePatch, input: &mut Input) {
    if let Some(series) = &patch.series {
        content.series = input.take("series", check_series(series));
    }
    if let Some(number) = &patch.supplier_number {
        content.supplier_number =
            input.take("supplierNumber", check::optional(Some(number.as_str()), 60));
    }
    content.issued_on = patch.issued_on.unwrap_or(content.issued_on);
    content.operation_on = patch.operation_on.unwrap_or(content.operation_on);
    content.currency = patch.currency_code.or(content.currency);
    patched(&mut content.payment_term, &patch.payment_term);
    if patch.payment_term.is_value() {
        content.due_on = None;
    }
    patched(&mut content.due_on, &patch.due_on);
    patched(&mut content.rate, &patch.rate);
    patched(&mut content.corrects, &patch.corrects);
    content.memo = texted(input, "memo", content.memo.take(), &patch.memo, 500);
    let external = content.external_id.take();
    content.external_id = texted(input, "externalId", external, &patch.external_id, 100);
    if let Some(lines) = &patch.lines {
        apply_lines(content, lines, input);
    }
}

fn patched<T: Clone>(place: &mut Option<T>, given: &MaybeUndefined<T>) {
    match given {
        MaybeUndefined::Value(value) => *place = Some(value.clone()),
        MaybeUndefined::Null => *place = None,
        MaybeUndefined::Undefined => {}
    }
}

fn texted(
    input: &mut Input,
    field: &str,
    before: Option<String>,
    given: &MaybeUndefined<String>,
    most: usize,
) -> Option<String> {
    match given {
        MaybeUndefined::Value(text) => {
            input.take(field, check::optional(Some(text.as_str()), most))
        }
        MaybeUndefined::Null => None,
        MaybeUndefined::Undefined => before,
    }
}

fn apply_lines(content: &mut Content, patch: &InvoiceLinesPatch, input: &mut Input) {
    let missing = || Fault::not_found(fault::LINE_NOT_FOUND);
    for (place, id) in patch.remove.iter().flatten().enumerate() {
        let before = content.lines.len();
        content.lines.retain(|line| line.id != *id);
        let path = ["lines".to_owned(), "remove".to_owned(), place.to_string()];
        input.check(content.lines.len() < before, || missing().at(path));
    }
    for (place, change) in patch.update.iter().flatten().enumerate() {
        let under = format!("lines.update.{place}.");
        match content.lines.iter_mut().find(|line| line.id == change.id) {
            Some(line) => *line = Line::of(input, &under, &changed(line, change)),
            None => {
                let path = format!("{under}id");
                input.check(false, || missing().at(path.split('.')));
            }
        }
    }
    for (place, line) in patch.add.iter().flatten().enumerate() {
        let under = format!("lines.add.{place}.");
        content.lines.push(Line::of(input, &under, line));
    }
}

/// A line as it would be given anew.
fn changed(line: &Line, change: &InvoiceLineUpdateInput) -> InvoiceLineInput {
    let mut unit = line.unit.clone();
    patched(&mut unit, &change.unit);
    let mut department = line.department;
    patched(&mut department, &change.department);
    InvoiceLineInput {
        id: Some(line.id),
        description: change
            .description
            .clone()
            .unwrap_or_else(|| line.description.clone()),
        item: line.item,
        purchase_order_line: line.order_line,
        quantity: change.quantity.or(Some(Dec(line.quantity))),
        unit,
        unit_price: change.unit_price.unwrap_or(Dec(line.unit_price)),
        discount_percent: change.discount_percent.or(Some(Dec(line.discount))),
        taxes: change.taxes.clone().unwrap_or_else(|| line.taxes.clone()),
        account: change.account.clone().or_else(|| line.account.clone()),
        department,
        dimension_values: change
            .dimension_values
            .clone()
            .or_else(|| Some(line.dimension_values.clone())),
    }
}

/// What a recorded invoice says.
pub(super) fn content(drafted: &Drafted, taxes: &[Tax]) -> Content {
    let row = &drafted.invoice;
    Content {
        id: row.id,
        company: row.company_id,
        kind: row.kind,
        party: row.party_id,
        series: row.series.clone(),
        supplier_number: row.supplier_number.clone(),
        issued_on: row.issued_on,
        operation_on: row.operation_on,
        due_on: row.payment_term_id.is_none().then_some(row.due_on),
        payment_term: row.payment_term_id,
        currency: Some(row.currency),
        rate: Some(row.rate),
        corrects: row.corrects_id,
        memo: row.memo.clone(),
        external_id: row.external_id.clone(),
        lines: drafted.lines.iter().map(|line| said(line, taxes)).collect(),
    }
}

fn said(line: &InvoiceLine, taxes: &[Tax]) -> Line {
    let code = |id| {
        taxes
            .iter()
            .find(|tax| tax.id == id)
            .map(|tax| tax.code.clone())
    };
    Line {
        id: line.id,
        description: line.description.clone(),
        item: line.item_id,
        order_line: line.purchase_order_line_id,
        quantity: line.quantity.0.normalize(),
        unit: line.unit.clone(),
        unit_price: line.unit_price.0.normalize(),
        discount: line.discount.0.normalize(),
        taxes: line.tax_ids.iter().filter_map(|id| code(*id)).collect(),
        account: Some(line.account_code.clone()),
        department: line.department_id,
        dimension_values: line.dimension_value_ids.clone(),
    }
}
