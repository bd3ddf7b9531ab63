//! What an invoice comes to, pure: nets, taxes, totals, the worth of each in the books, and the days
//! on which it falls due.

use chrono::{NaiveDate, TimeDelta};
use kernel::ids::{PurchaseOrderLineId, TaxId};
use kernel::money::round;
use kernel::{CurrencyCode, Date, Dec, Fault, Result as KernelResult};
use rust_decimal::{Decimal, dec};

use super::content::{Content, Line};
use super::shelf::Shelf;
use super::{Invoice, InvoiceLine, InvoiceStatus, InvoiceTax};
use crate::fault;
use crate::open_item::OpenItemSide;
use crate::setting::{self, FinanceSetting};
use crate::tax::rules::{Totals, charge, line_faults, settle, totals};
use crate::tax::{Tax, in_force};
use crate::term::{DEFAULT_DAYS, PaymentTerm};

/// The largest sum of an invoice.
const LARGEST: Decimal = dec!(10_000_000_000_000);

/// An invoice with its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Drafted {
    /// The invoice.
    pub invoice: Invoice,
    /// Its lines.
    pub lines: Vec<InvoiceLine>,
    /// Its taxes.
    pub taxes: Vec<InvoiceTax>,
}

/// The parts of an invoice that its content does not decide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub organisation: kernel::ids::OrganisationId,
    pub at: chrono::DateTime<chrono::Utc>,
    pub prepared_by: Option<kernel::ids::UserId>,
}

/// The currency of a document and what it is worth in the books.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    currency: CurrencyCode,
    rate: Decimal,
    books: CurrencyCode,
}

impl Exchange {
    fn of(content: &Content, setting: &FinanceSetting) -> Result<Self, Fault> {
        let currency = content.currency.unwrap_or(setting.currency);
        let same = currency == setting.currency;
        let rate = match content.rate {
            Some(rate) if same && rate.0 != Decimal::ONE => {
                return Err(Fault::invalid(fault::RATE).at(["rate"]));
            }
            Some(rate) => rate.0,
            None if same => Decimal::ONE,
            None => return Err(Fault::invalid(fault::RATE_NEEDED).at(["rate"])),
        };
        Ok(Self {
            currency,
            rate,
            books: setting.currency,
        })
    }

    fn worth(&self, amount: Decimal) -> Decimal {
        round(amount * self.rate, self.books.places())
    }
}

/// Works an invoice out, or tells everything that is wrong with it.
pub(super) fn decide(
    content: &Content,
    shelf: &Shelf,
    stamp: &Stamp,
) -> Result<Drafted, Vec<Fault>> {
    let Some(setting) = shelf.settings.get(&content.company) else {
        return Err(vec![setting::missing()]);
    };
    let mut faults = corrects(content, shelf);
    let exchange = Exchange::of(content, setting);
    let taxes: Vec<Vec<TaxId>> = content
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let wrong = references(content, setting, shelf, line);
            let (ids, mut of_taxes) = taxes_of(content, shelf, line);
            of_taxes.extend(wrong);
            let under = ["lines".to_owned(), at.to_string()];
            faults.extend(of_taxes.into_iter().map(|fault| fault.under(under.clone())));
            ids
        })
        .collect();
    let due = due(content, shelf).map_err(|fault| faults.push(fault)).ok();
    match (exchange, due) {
        (Ok(exchange), Some(due)) if faults.is_empty() => {
            built(content, setting, shelf, stamp, exchange, due, &taxes).map_err(|one| vec![one])
        }
        (Err(fault), _) => {
            faults.push(fault);
            Err(faults)
        }
        _ => Err(faults),
    }
}

fn corrects(content: &Content, shelf: &Shelf) -> Vec<Fault> {
    let Some(id) = content.corrects else {
        return Vec::new();
    };
    let of = shelf.corrected.get(&id);
    let fits = of.is_some_and(|(company, kind)| {
        *company == content.company && kind.credit() == content.kind && !kind.is_credit()
    });
    if fits {
        Vec::new()
    } else {
        vec![Fault::not_found(fault::INVOICE_NOT_FOUND).at(["corrects"])]
    }
}

/// What is wrong with what a line names in the books.
fn references(
    content: &Content,
    setting: &FinanceSetting,
    shelf: &Shelf,
    line: &Line,
) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(code) = &line.account {
        let known = shelf.accounts.contains(&(content.company, code.clone()));
        let control = *code == setting.payable_account || *code == setting.receivable_account;
        if !known || control {
            let fault = Fault::invalid(fault::ACCOUNT_UNKNOWN).with("code", code);
            faults.push(fault.at(["account"]));
        }
    }
    if let Some(department) = line.department
        && !shelf.departments.contains(&(content.company, department))
    {
        faults.push(Fault::not_found(fault::DEPARTMENT_NOT_FOUND).at(["department"]));
    }
    if let Some(item) = line.item
        && !shelf.items.contains(&(content.company, item))
    {
        faults.push(Fault::not_found(fault::STOCK_ITEM_NOT_FOUND).at(["item"]));
    }
    faults.extend(
        line.order_line
            .and_then(|id| order_fault(content, shelf, line, id)),
    );
    faults
}

/// What is wrong with the line of an order that a line bills.
fn order_fault(
    content: &Content,
    shelf: &Shelf,
    line: &Line,
    id: PurchaseOrderLineId,
) -> Option<Fault> {
    let ordered = shelf.orders.ordered(id).filter(|ordered| {
        (ordered.company, ordered.supplier) == (content.company, content.party)
            && content.kind.side() == OpenItemSide::Payable
    });
    let Some(ordered) = ordered else {
        return Some(Fault::not_found(fault::ORDER_LINE_NOT_FOUND).at(["purchaseOrderLine"]));
    };
    let unit = line.unit.as_deref();
    if shelf
        .orders
        .in_order_unit(id, line.quantity, unit)
        .is_none()
    {
        let fault = Fault::invalid(fault::ORDER_UNIT).with("unit", unit.unwrap_or_default());
        return Some(fault.at(["unit"]));
    }
    let account = (content.company, ordered.received_account.clone());
    if line.account.is_none() && !shelf.accounts.contains(&account) {
        let fault = Fault::invalid(fault::ACCOUNT_UNKNOWN).with("code", &account.1);
        return Some(fault.at(["purchaseOrderLine"]));
    }
    None
}

/// The versions of a line's taxes that were in force, and what is wrong with them.
fn taxes_of(content: &Content, shelf: &Shelf, line: &Line) -> (Vec<TaxId>, Vec<Fault>) {
    let day = content.operation_on.0;
    let mut found: Vec<&Tax> = Vec::new();
    let mut faults = Vec::new();
    for (at, code) in line.taxes.iter().enumerate() {
        match in_force(&shelf.taxes, content.company, code, day) {
            Some(tax) => found.push(tax),
            None => faults.push(
                Fault::not_found(fault::TAX_NOT_IN_FORCE)
                    .with("code", code)
                    .with("date", day)
                    .at(["taxes".to_owned(), at.to_string()]),
            ),
        }
    }
    let more = line_faults(content.kind.side(), &found);
    faults.extend(more.into_iter().map(|fault| fault.at(["taxes"])));
    (found.into_iter().map(|tax| tax.id).collect(), faults)
}

/// The last day on which something falls due.
fn due(content: &Content, shelf: &Shelf) -> Result<NaiveDate, Fault> {
    let Some(id) = content.payment_term else {
        return Ok(content
            .due_on
            .map_or_else(|| default_due(content.issued_on.0), |due| due.0));
    };
    let term = shelf
        .terms
        .get(&id)
        .filter(|term| term.archived_at.is_none())
        .ok_or_else(|| Fault::not_found(fault::TERM_NOT_FOUND).at(["paymentTerm"]))?;
    let days = term.instalments(content.issued_on.0, Decimal::ONE_THOUSAND, 2);
    let last = days
        .ok()
        .and_then(|all| all.into_iter().map(|(day, _)| day).max());
    Ok(last.unwrap_or(content.issued_on.0))
}

fn default_due(issued: NaiveDate) -> NaiveDate {
    issued
        .checked_add_signed(TimeDelta::days(DEFAULT_DAYS))
        .unwrap_or(issued)
}

/// The exact net of a line.
fn exact(line: &Line) -> Decimal {
    line.quantity * line.unit_price * (dec!(100) - line.discount) / dec!(100)
}

fn built(
    content: &Content,
    setting: &FinanceSetting,
    shelf: &Shelf,
    stamp: &Stamp,
    exchange: Exchange,
    due: NaiveDate,
    taxes: &[Vec<TaxId>],
) -> Result<Drafted, Fault> {
    let places = exchange.currency.places();
    let exact: Vec<Decimal> = content.lines.iter().map(exact).collect();
    if exact.iter().any(|net| net.abs() >= LARGEST) {
        return Err(Fault::invalid(fault::TOO_LARGE).at(["lines"]));
    }
    let nets = settle(&exact, places);
    let bearing: Vec<(Decimal, &[TaxId])> = nets
        .iter()
        .copied()
        .zip(taxes.iter().map(Vec::as_slice))
        .collect();
    let charged = charge(content.kind.side(), &shelf.taxes, &bearing, places);
    let sums = totals(&shelf.taxes, &nets, &charged);
    check_sums(&sums)?;
    let invoice = invoice_row(content, stamp, exchange, due, &sums);
    let lines = content
        .lines
        .iter()
        .zip(nets.iter().zip(taxes))
        .zip(1..)
        .map(|((line, (net, taxes)), position)| {
            let account = account_of(content, setting, shelf, line).to_owned();
            line_row(&invoice, account, line, position, *net, taxes.clone())
        })
        .collect();
    let taxes = charged
        .iter()
        .map(|one| InvoiceTax {
            organisation_id: invoice.organisation_id,
            invoice_id: invoice.id,
            tax_id: one.tax,
            company_id: invoice.company_id,
            rate: Dec(one.rate),
            base: Dec(one.base),
            amount: Dec(one.amount),
            rounding: Dec(one.rounding),
            company_base: Dec(exchange.worth(one.base)),
            company_amount: Dec(exchange.worth(one.amount)),
        })
        .collect();
    Ok(Drafted {
        invoice,
        lines,
        taxes,
    })
}

fn check_sums(sums: &Totals) -> Result<(), Fault> {
    if sums.total().is_sign_negative() && !sums.total().is_zero() {
        return Err(Fault::invalid(fault::TOTAL_NEGATIVE).at(["lines"]));
    }
    if sums.withheld.is_sign_negative() && !sums.withheld.is_zero() {
        return Err(Fault::invalid(fault::TOTAL_NEGATIVE).at(["lines"]));
    }
    if sums.net.abs() >= LARGEST || sums.total() >= LARGEST {
        return Err(Fault::invalid(fault::TOO_LARGE).at(["lines"]));
    }
    Ok(())
}

fn invoice_row(
    content: &Content,
    stamp: &Stamp,
    exchange: Exchange,
    due: NaiveDate,
    sums: &Totals,
) -> Invoice {
    Invoice {
        organisation_id: stamp.organisation,
        id: content.id,
        company_id: content.company,
        kind: content.kind,
        status: InvoiceStatus::Draft,
        party_id: content.party,
        series: content.series.clone(),
        number: None,
        supplier_number: content.supplier_number.clone(),
        issued_on: content.issued_on,
        operation_on: content.operation_on,
        due_on: Date(due),
        currency: exchange.currency,
        rate: Dec(exchange.rate),
        net: Dec(sums.net),
        tax: Dec(sums.tax),
        withheld: Dec(sums.withheld),
        total: Dec(sums.total()),
        company_total: Dec(exchange.worth(sums.total())),
        payment_term_id: content.payment_term,
        corrects_id: content.corrects,
        entry_id: None,
        memo: content.memo.clone(),
        external_id: content.external_id.clone(),
        prepared_by: stamp.prepared_by,
        posted_at: None,
        created_at: stamp.at,
        version: 1,
    }
}

/// The account of a line: its own, that of goods which came before their invoice for a line that
/// bills an order, or the company's for the side.
fn account_of<'a>(
    content: &Content,
    setting: &'a FinanceSetting,
    shelf: &'a Shelf,
    line: &'a Line,
) -> &'a str {
    let ordered = line.order_line.and_then(|id| shelf.orders.ordered(id));
    let received = ordered.map(|ordered| ordered.received_account.as_str());
    let own = line.account.as_deref().or(received);
    own.unwrap_or_else(|| setting.of_line(content.kind.side()))
}

fn line_row(
    invoice: &Invoice,
    account_code: String,
    line: &Line,
    position: i32,
    net: Decimal,
    taxes: Vec<TaxId>,
) -> InvoiceLine {
    InvoiceLine {
        organisation_id: invoice.organisation_id,
        id: line.id,
        invoice_id: invoice.id,
        company_id: invoice.company_id,
        position,
        description: line.description.clone(),
        item_id: line.item,
        purchase_order_line_id: line.order_line,
        quantity: Dec(line.quantity),
        unit: line.unit.clone(),
        unit_price: Dec(line.unit_price),
        discount: Dec(line.discount),
        net: Dec(net),
        account_code,
        department_id: line.department,
        dimension_value_ids: line.dimension_values.clone(),
        tax_ids: taxes,
    }
}

/// When how much of an invoice falls due, in the currency of the document and in that of the books.
pub(super) fn instalments(
    invoice: &Invoice,
    term: Option<&PaymentTerm>,
    books: CurrencyCode,
) -> KernelResult<Vec<(NaiveDate, Decimal, Decimal)>> {
    let total = invoice.total.0;
    let dues = match term.filter(|_| !invoice.kind.is_credit()) {
        Some(term) => term.instalments(invoice.issued_on.0, total, invoice.currency.places())?,
        None => vec![(invoice.due_on.0, total)],
    };
    let exact: Vec<Decimal> = dues.iter().map(|(_, part)| part * invoice.rate.0).collect();
    let target = invoice.company_total.0;
    let worth = crate::tax::rules::settle_to(&exact, target, books.places());
    Ok(dues
        .into_iter()
        .zip(worth)
        .map(|((day, part), own)| (day, part, own))
        .filter(|(_, part, _)| !part.is_zero())
        .collect())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
pub(super) mod tests;
