//! What an invoice says, as a person gives it: the same for a new one and for a changed one.

use async_graphql::InputObject;
use directory::check::{self, Input};
use kernel::ids::{
    CompanyId, DepartmentId, InvoiceId, InvoiceLineId, ItemId, PartyId, PaymentTermId,
    PurchaseOrderLineId,
};
use kernel::{CurrencyCode, Date, Dec, Fault};
use ledger::dimension::DimensionValueId;
use rust_decimal::Decimal;

use super::InvoiceKind;
use crate::fault;

/// Lines of an invoice at most.
const MOST_LINES: usize = 1_000;
/// The largest quantity, price or amount.
const LARGEST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// A line of an invoice.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceLineInput {
    /// An id made by the client, `inl_…`.
    pub id: Option<InvoiceLineId>,
    /// What it is, in at most 500 characters.
    pub description: String,
    /// The item, if it is of stock.
    pub item: Option<ItemId>,
    /// The line of the purchase order that it bills.
    pub purchase_order_line: Option<PurchaseOrderLineId>,
    /// How many; below zero takes back. One when absent.
    pub quantity: Option<Dec>,
    /// Of what unit, in at most 20 characters. For a line that bills an order the code of a unit that
    /// becomes the order's; that itself when absent.
    pub unit: Option<String>,
    /// The price of one, before taxes, in the currency of the document.
    pub unit_price: Dec,
    /// Per cent off, 0 to 100.
    pub discount_percent: Option<Dec>,
    /// The codes of its taxes; of each the version in force on the day of the operation.
    pub taxes: Vec<String>,
    /// The code of its account. When absent, that of goods received before their invoice for a line
    /// that bills an order, and else the company's for purchases or sales.
    pub account: Option<String>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// Values of dimensions, one a dimension.
    pub dimension_values: Option<Vec<DimensionValueId>>,
}

/// What an invoice says, as a person gave it.
#[derive(Clone, Debug)]
pub(super) struct Given {
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
}

/// What an invoice says, with its party known and its texts checked.
#[derive(Clone, Debug)]
pub(super) struct Content {
    pub id: InvoiceId,
    pub company: CompanyId,
    pub kind: InvoiceKind,
    pub party: PartyId,
    pub series: String,
    pub supplier_number: Option<String>,
    pub issued_on: Date,
    pub operation_on: Date,
    pub due_on: Option<Date>,
    pub payment_term: Option<PaymentTermId>,
    pub currency: Option<CurrencyCode>,
    pub rate: Option<Dec>,
    pub corrects: Option<InvoiceId>,
    pub memo: Option<String>,
    pub external_id: Option<String>,
    pub lines: Vec<Line>,
}

/// A line with its texts checked.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub id: InvoiceLineId,
    pub description: String,
    pub item: Option<ItemId>,
    pub order_line: Option<PurchaseOrderLineId>,
    pub quantity: Decimal,
    pub unit: Option<String>,
    pub unit_price: Decimal,
    pub discount: Decimal,
    pub taxes: Vec<String>,
    pub account: Option<String>,
    pub department: Option<DepartmentId>,
    pub dimension_values: Vec<DimensionValueId>,
}

impl Content {
    /// Checks what a person gave; everything wrong is noted in the input. `party` is known already.
    pub fn of(
        input: &mut Input,
        (id, company, kind): (InvoiceId, CompanyId, InvoiceKind),
        party: PartyId,
        given: &Given,
    ) -> Self {
        let series = given.series.as_deref().unwrap_or(kind.series());
        let content = Self {
            id,
            company,
            kind,
            party,
            series: input.take("series", check_series(series)),
            supplier_number: input.take(
                "supplierNumber",
                check::optional(given.supplier_number.as_deref(), 60),
            ),
            issued_on: given.issued_on,
            operation_on: given.operation_on.unwrap_or(given.issued_on),
            due_on: given.due_on,
            payment_term: given.payment_term,
            currency: given.currency_code,
            rate: given.rate,
            corrects: given.corrects,
            memo: input.take("memo", check::optional(given.memo.as_deref(), 500)),
            external_id: input.take(
                "externalId",
                check::optional(given.external_id.as_deref(), 100),
            ),
            lines: given
                .lines
                .iter()
                .enumerate()
                .map(|(at, line)| Line::of(input, &format!("lines.{at}."), line))
                .collect(),
        };
        content.check(input);
        content
    }

    /// What is wrong between its fields.
    pub fn check(&self, input: &mut Input) {
        let of_supplier = self.kind.side() == crate::open_item::OpenItemSide::Payable;
        input.check(!of_supplier || self.supplier_number.is_some(), || {
            Fault::invalid(fault::SUPPLIER_NUMBER_NEEDED).at(["supplierNumber"])
        });
        input.check(of_supplier || self.supplier_number.is_none(), || {
            Fault::invalid(fault::SUPPLIER_NUMBER_UNWANTED).at(["supplierNumber"])
        });
        input.check(self.due_on.is_none() || self.payment_term.is_none(), || {
            Fault::invalid(fault::DUE_AND_TERM).at(["dueOn"])
        });
        input.check(self.due_on.is_none_or(|due| due >= self.issued_on), || {
            Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["dueOn"])
        });
        input.check(self.corrects.is_none() || self.kind.is_credit(), || {
            Fault::invalid(fault::CORRECTS_UNWANTED).at(["corrects"])
        });
        input.check(
            self.rate
                .is_none_or(|rate| fits(rate.0, 10) && rate.0 > Decimal::ZERO),
            || Fault::invalid(fault::RATE).at(["rate"]),
        );
        input.check((1..=MOST_LINES).contains(&self.lines.len()), || {
            Fault::invalid(fault::LINES)
                .with("most", MOST_LINES)
                .at(["lines"])
        });
    }
}

impl Line {
    /// Checks a line that a person gave; `under` is its place in the input.
    pub fn of(input: &mut Input, under: &str, given: &InvoiceLineInput) -> Self {
        let at = |field: &str| format!("{under}{field}");
        let quantity = given.quantity.map_or(Decimal::ONE, |quantity| quantity.0);
        let discount = given
            .discount_percent
            .map_or(Decimal::ZERO, |per_cent| per_cent.0);
        let place = |field: &str| at(field).split('.').map(str::to_owned).collect::<Vec<_>>();
        input.check(fits(quantity, 6) && !quantity.is_zero(), || {
            Fault::invalid(fault::QUANTITY).at(place("quantity"))
        });
        let price = given.unit_price.0;
        input.check(fits(price, 6) && price >= Decimal::ZERO, || {
            Fault::invalid(fault::PRICE).at(place("unitPrice"))
        });
        let is_share = (Decimal::ZERO..=Decimal::ONE_HUNDRED).contains(&discount);
        input.check(is_share && discount.scale() <= 4, || {
            Fault::invalid(fault::PER_CENT).at(place("discountPercent"))
        });
        Self {
            id: given.id.unwrap_or_else(InvoiceLineId::generate),
            description: input.take(&at("description"), check::text(&given.description, 500)),
            item: given.item,
            order_line: given.purchase_order_line,
            quantity,
            unit: input.take(&at("unit"), check::optional(given.unit.as_deref(), 20)),
            unit_price: price,
            discount,
            taxes: given.taxes.clone(),
            account: given.account.clone(),
            department: given.department,
            dimension_values: given.dimension_values.clone().unwrap_or_default(),
        }
    }
}

fn fits(value: Decimal, scale: u32) -> bool {
    value.normalize().scale() <= scale && value.abs() < LARGEST
}

pub(super) fn check_series(series: &str) -> Result<String, Fault> {
    let series = series.trim();
    let plain = series
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let starts = series.starts_with(|c: char| c.is_ascii_alphabetic());
    if plain && starts && series.len() <= 8 {
        Ok(series.to_owned())
    } else {
        Err(Fault::invalid(fault::SERIES))
    }
}
