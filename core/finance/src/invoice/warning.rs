//! What is allowed and yet worth a look: told with an invoice, never refused.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{InvoiceId, PurchaseOrderLineId};
use kernel::{CurrencyCode, Dec, Fault, Result, Tx};
use rust_decimal::Decimal;

use super::matching::{Matching, Ordered};
use super::{Invoice, InvoiceKind, InvoiceStatus};
use crate::fault;
use crate::permission::INVOICE_READ;
use crate::term::LONGEST_DAYS;

/// What of an invoice is worth a look.
pub fn warnings(invoice: &Invoice) -> Vec<Fault> {
    let mut warnings = Vec::new();
    if invoice.status == InvoiceStatus::Void {
        return warnings;
    }
    let days = (invoice.due_on.0 - invoice.operation_on.0).num_days();
    if days > LONGEST_DAYS && !invoice.kind.is_credit() {
        let fault = Fault::invalid(fault::WARN_LONG_TERM).with("days", days);
        warnings.push(fault.with("most", LONGEST_DAYS).at(["dueOn"]));
    }
    if invoice.operation_on > invoice.issued_on {
        warnings.push(Fault::invalid(fault::WARN_BEFORE_OPERATION).at(["operationOn"]));
    }
    warnings
}

/// A line of a supplier's invoice that bills an order.
#[derive(Queryable)]
struct Billing {
    invoice: InvoiceId,
    status: InvoiceStatus,
    currency: CurrencyCode,
    position: i32,
    order_line: Option<PurchaseOrderLineId>,
    quantity: Dec,
    unit: Option<String>,
    unit_price: Dec,
    discount: Dec,
}

impl Billing {
    /// The line of the order, and how much of it is billed in the order's unit.
    fn part(&self, matching: &Matching) -> Option<(PurchaseOrderLineId, Decimal)> {
        let id = self.order_line?;
        let quantity = matching.in_order_unit(id, self.quantity.0, self.unit.as_deref())?;
        Some((id, quantity))
    }

    /// What does not match, given how much of the line of the order is billed in all.
    fn warnings(&self, ordered: &Ordered, quantity: Decimal, billed: Decimal) -> Vec<Fault> {
        let line = usize::try_from(self.position - 1).unwrap_or_default();
        let at = |fault: Fault| fault.at(["lines".to_owned(), line.to_string()]);
        let mut warnings = Vec::new();
        if billed > ordered.received.0 {
            let fault = Fault::invalid(fault::WARN_NOT_RECEIVED)
                .with("position", self.position)
                .with("billed", billed.normalize());
            warnings.push(at(fault.with("received", ordered.received.0.normalize())));
        }
        let price = self.price(quantity);
        if self.currency == ordered.currency && price > ordered.price.0 {
            let fault = Fault::invalid(fault::WARN_PRICE)
                .with("position", self.position)
                .with("billed", price.normalize());
            warnings.push(at(fault.with("ordered", ordered.price.0.normalize())));
        }
        warnings
    }

    /// What one of the order's unit is billed at.
    fn price(&self, quantity: Decimal) -> Decimal {
        let net = self.unit_price.0 * (Decimal::ONE_HUNDRED - self.discount.0);
        let one = self.quantity.0.checked_div(quantity).unwrap_or_default();
        (net / Decimal::ONE_HUNDRED * one).round_dp(6)
    }
}

/// What of some suppliers' invoices does not match what was ordered and received: more billed than
/// came in, or at a higher price, in the unit of the order. What a credit note took back, and with
/// it a voided invoice, was not billed. Lines that bill no order match nothing.
pub async fn order_warnings(
    tx: &mut Tx,
    invoices: &[InvoiceId],
) -> Result<Vec<(InvoiceId, Fault)>> {
    tx.require(INVOICE_READ)?;
    let rows = billings(tx, invoices).await?;
    let named: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row.order_line?, row.unit.as_deref())))
        .collect();
    let matching = Matching::load(tx, &named).await?;
    let mut drafted: HashMap<(InvoiceId, PurchaseOrderLineId), Decimal> = HashMap::new();
    for row in rows.iter().filter(|row| row.status == InvoiceStatus::Draft) {
        if let Some((id, quantity)) = row.part(&matching) {
            *drafted.entry((row.invoice, id)).or_default() += quantity;
        }
    }
    let told = |row: &Billing| {
        let (id, quantity) = row.part(&matching)?;
        let ordered = matching.ordered(id)?;
        let own = drafted.get(&(row.invoice, id)).copied();
        let billed = ordered.billed.0 + own.unwrap_or_default();
        Some((row.invoice, row.warnings(ordered, quantity, billed)))
    };
    let all = rows.iter().filter_map(told);
    Ok(all
        .flat_map(|(invoice, faults)| faults.into_iter().map(move |fault| (invoice, fault)))
        .collect())
}

async fn billings(tx: &mut Tx, invoices: &[InvoiceId]) -> Result<Vec<Billing>> {
    use crate::schema::{invoice, invoice_line as line};
    let same = line::organisation_id
        .eq(invoice::organisation_id)
        .and(line::invoice_id.eq(invoice::id));
    Ok(line::table
        .inner_join(invoice::table.on(same))
        .filter(line::organisation_id.eq(tx.organisation()))
        .filter(line::invoice_id.eq_any(invoices))
        .filter(line::purchase_order_line_id.is_not_null())
        .filter(invoice::kind.eq(InvoiceKind::Supplier))
        .filter(invoice::status.ne(InvoiceStatus::Void))
        .order((line::invoice_id, line::position))
        .select((
            line::invoice_id,
            invoice::status,
            invoice::currency,
            line::position,
            line::purchase_order_line_id,
            line::quantity,
            line::unit,
            line::unit_price,
            line::discount,
        ))
        .load(tx.conn())
        .await?)
}
