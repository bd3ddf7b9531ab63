//! The entry of an invoice in the journal, pure.
//!
//! A supplier's: its lines and the input tax in debit; what is withheld, and what is owed, in credit.
//! A customer's the other way round. A reverse charge is input and output tax at once (Ley 37/1992,
//! art. 84). A tax that is not deducted belongs to the cost of the lines that bear it. A line that bills
//! received goods clears what they were received at; the rest of it is a variance of price.

use std::collections::BTreeMap;

use kernel::Dec;
use kernel::ids::DepartmentId;
use kernel::money::round;
use ledger::dimension::DimensionValueId;
use ledger::entry::PostLine;
use rust_decimal::Decimal;

use super::matching::Clearings;
use super::rules::Drafted;
use super::{Invoice, InvoiceLine, InvoiceTax};
use crate::open_item::OpenItemSide;
use crate::setting::FinanceSetting;
use crate::tax::rules::settle_to;
use crate::tax::{Tax, TaxKind, TaxTreatment};

/// Where a line of an invoice is posted: lines that agree in it are one line of the entry.
type Place = (String, Option<DepartmentId>, Vec<DimensionValueId>);

/// A line of an invoice at an account.
fn place(account: &str, line: &InvoiceLine) -> Place {
    let mut values = line.dimension_value_ids.clone();
    values.sort_unstable();
    (account.to_owned(), line.department_id, values)
}

/// The lines of an invoice's entry, debit above zero; they balance in the document's currency and in
/// that of the books.
pub(super) fn lines(
    drafted: &Drafted,
    taxes: &[Tax],
    setting: &FinanceSetting,
    clearings: &Clearings,
) -> Vec<PostLine> {
    let invoice = &drafted.invoice;
    let turn = turn(invoice);
    let mut lines = vec![fixed(
        invoice,
        setting.control(invoice.kind.side()),
        -turn * invoice.total.0,
        -turn * invoice.company_total.0,
    )];
    for one in &drafted.taxes {
        if let Some(tax) = taxes.iter().find(|tax| tax.id == one.tax_id) {
            lines.extend(tax_lines(invoice, one, tax, turn));
        }
    }
    let cleared = cleared(drafted, setting, clearings, turn);
    let mut costs = costs(drafted, taxes, clearings, turn);
    for (variance, amount) in cleared.variances {
        *costs.entry(variance).or_default() += amount;
    }
    let fixed = cleared.places.into_iter();
    lines.extend(fixed.map(|(place, (amount, own))| cost(invoice, place, amount, own)));
    let exact: Vec<Decimal> = costs.values().map(|cost| cost * invoice.rate.0).collect();
    let target: Decimal = lines.iter().filter_map(|line| line.company_amount).sum();
    let worth = settle_to(&exact, -target, setting.currency.places());
    let costs = costs.into_iter().zip(worth);
    lines.extend(costs.map(|((place, amount), own)| cost(invoice, place, amount, own)));
    lines.retain(|line| !line.amount.is_zero() || line.company_amount != Some(Decimal::ZERO));
    lines
}

/// Costs are debits, income credits; credit notes turn both.
fn turn(invoice: &Invoice) -> Decimal {
    let side = match invoice.kind.side() {
        OpenItemSide::Payable => Decimal::ONE,
        OpenItemSide::Receivable => Decimal::NEGATIVE_ONE,
    };
    side * invoice.kind.sign()
}

fn fixed(invoice: &Invoice, account: &str, amount: Decimal, own: Decimal) -> PostLine {
    PostLine {
        company_amount: Some(own),
        rate: Some(invoice.rate.0),
        ..PostLine::signed(account.to_owned(), amount, invoice.currency)
    }
}

/// Where a tax is posted, and with which sign, seen from the cost.
fn postings(side: OpenItemSide, tax: &Tax) -> Vec<(&str, Decimal)> {
    let minus = Decimal::NEGATIVE_ONE;
    let (sales, purchases) = (
        tax.sales_account.as_deref(),
        tax.purchase_account.as_deref(),
    );
    let own = match side {
        OpenItemSide::Payable => purchases,
        OpenItemSide::Receivable => sales,
    };
    let posted = match (tax.kind, tax.treatment) {
        (TaxKind::Withholding, _) => vec![(own, minus)],
        (_, TaxTreatment::Taxed) => vec![(own, Decimal::ONE)],
        (_, TaxTreatment::ReverseCharge) if side == OpenItemSide::Payable => {
            vec![(purchases, Decimal::ONE), (sales, minus)]
        }
        (_, _) => Vec::new(),
    };
    posted
        .into_iter()
        .filter_map(|(account, sign)| Some((account?, sign)))
        .collect()
}

fn tax_lines(invoice: &Invoice, one: &InvoiceTax, tax: &Tax, turn: Decimal) -> Vec<PostLine> {
    postings(invoice.kind.side(), tax)
        .into_iter()
        .map(|(account, sign)| {
            let sign = turn * sign;
            fixed(
                invoice,
                account,
                sign * one.amount.0,
                sign * one.company_amount.0,
            )
        })
        .collect()
}

/// What lines that bill received goods clear, by place, in the document's currency and in that of
/// the books; and what the document says more or less, by the place of its variance.
#[derive(Default)]
struct Cleared {
    places: BTreeMap<Place, (Decimal, Decimal)>,
    variances: Vec<(Place, Decimal)>,
}

fn cleared(
    drafted: &Drafted,
    setting: &FinanceSetting,
    clearings: &Clearings,
    turn: Decimal,
) -> Cleared {
    let invoice = &drafted.invoice;
    let mut cleared = Cleared::default();
    for line in &drafted.lines {
        let Some(clearing) = clearings.of(line.id) else {
            continue;
        };
        let amount = match invoice.currency == setting.currency {
            true => clearing.value,
            false => round(clearing.value / invoice.rate.0, invoice.currency.places()),
        };
        let sums = cleared.places.entry(place(&line.account_code, line));
        let sums = sums.or_default();
        sums.0 += amount;
        sums.1 += clearing.value;
        let variance = place(&clearing.variance_account, line);
        cleared
            .variances
            .push((variance, turn * line.net.0 - amount));
    }
    cleared
}

/// What the lines that clear nothing come to, by place; a tax that has no account of its own is
/// part of the cost of every line that bears it.
fn costs(
    drafted: &Drafted,
    taxes: &[Tax],
    clearings: &Clearings,
    turn: Decimal,
) -> BTreeMap<Place, Decimal> {
    let side = drafted.invoice.kind.side();
    let places = drafted.invoice.currency.places();
    let mut costs: BTreeMap<Place, Decimal> = BTreeMap::new();
    let mut add = |line: &InvoiceLine, amount: Decimal| {
        let variance = clearings.of(line.id).map(|it| it.variance_account.as_str());
        let account = variance.unwrap_or(&line.account_code);
        *costs.entry(place(account, line)).or_default() += turn * amount;
    };
    for line in &drafted.lines {
        if clearings.of(line.id).is_none() {
            add(line, line.net.0);
        }
    }
    for one in &drafted.taxes {
        let in_cost = taxes
            .iter()
            .any(|tax| tax.id == one.tax_id && is_cost(side, tax));
        if !in_cost {
            continue;
        }
        let bearing: Vec<_> = drafted
            .lines
            .iter()
            .filter(|line| line.tax_ids.contains(&one.tax_id))
            .collect();
        let exact: Vec<Decimal> = bearing.iter().map(|line| share(line.net, one)).collect();
        for (line, part) in bearing.iter().zip(settle_to(&exact, one.amount.0, places)) {
            add(line, part);
        }
    }
    costs
}

fn is_cost(side: OpenItemSide, tax: &Tax) -> bool {
    side == OpenItemSide::Payable
        && tax.treatment == TaxTreatment::Taxed
        && tax.kind != TaxKind::Withholding
        && tax.purchase_account.is_none()
}

fn share(net: Dec, tax: &InvoiceTax) -> Decimal {
    net.0 * tax.rate.0 / Decimal::ONE_HUNDRED
}

fn cost(invoice: &Invoice, place: Place, amount: Decimal, own: Decimal) -> PostLine {
    let (account, department, dimensions) = place;
    PostLine {
        department,
        dimensions,
        ..fixed(invoice, &account, amount, own)
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
