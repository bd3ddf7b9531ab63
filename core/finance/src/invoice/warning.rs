//! What is allowed and yet worth a look: told with an invoice, never refused.

use diesel::sql_types::{Array, Bool, Integer, Numeric, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::InvoiceId;
use kernel::{Dec, Fault, Result, Tx};

use super::{Invoice, InvoiceStatus};
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

#[derive(diesel::QueryableByName)]
struct Match {
    #[diesel(sql_type = SqlUuid)]
    invoice_id: InvoiceId,
    #[diesel(sql_type = Integer)]
    position: i32,
    #[diesel(sql_type = Numeric)]
    billed: Dec,
    #[diesel(sql_type = Numeric)]
    received: Dec,
    #[diesel(sql_type = Numeric)]
    billed_price: Dec,
    #[diesel(sql_type = Numeric)]
    price: Dec,
    #[diesel(sql_type = Bool)]
    same_currency: bool,
}

impl Match {
    fn warnings(&self) -> Vec<(InvoiceId, Fault)> {
        let line = usize::try_from(self.position - 1).unwrap_or_default();
        let at = |fault: Fault| {
            let fault = fault.at(["lines".to_owned(), line.to_string()]);
            (self.invoice_id, fault)
        };
        let mut warnings = Vec::new();
        if self.billed > self.received {
            let fault = Fault::invalid(fault::WARN_NOT_RECEIVED)
                .with("position", self.position)
                .with("billed", self.billed.0.normalize());
            warnings.push(at(fault.with("received", self.received.0.normalize())));
        }
        if self.same_currency && self.billed_price > self.price {
            let fault = Fault::invalid(fault::WARN_PRICE)
                .with("position", self.position)
                .with("billed", self.billed_price.0.normalize());
            warnings.push(at(fault.with("ordered", self.price.0.normalize())));
        }
        warnings
    }
}

/// What of some suppliers' invoices does not match what was ordered and received: more billed than
/// came in, or at a higher price. Lines that bill no order match nothing.
pub async fn order_warnings(
    tx: &mut Tx,
    invoices: &[InvoiceId],
) -> Result<Vec<(InvoiceId, Fault)>> {
    tx.require(INVOICE_READ)?;
    let rows: Vec<Match> = diesel::sql_query(
        "SELECT l.invoice_id, l.position, b.billed, o.received_quantity AS received, \
             l.unit_price * (100 - l.discount) / 100 AS billed_price, o.price, \
             i.currency = po.currency AS same_currency \
         FROM finance.invoice_line l \
         JOIN finance.invoice i ON i.organisation_id = $1 AND i.id = l.invoice_id \
         JOIN inventory.purchase_order_line o \
             ON o.organisation_id = $1 AND o.id = l.purchase_order_line_id \
         JOIN inventory.purchase_order po \
             ON po.organisation_id = $1 AND po.id = o.purchase_order_id \
         CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN j.kind = 'SUPPLIER' \
                 THEN m.quantity ELSE -m.quantity END), 0) AS billed \
             FROM finance.invoice_line m \
             JOIN finance.invoice j ON j.organisation_id = $1 AND j.id = m.invoice_id \
             WHERE m.organisation_id = $1 AND m.purchase_order_line_id = o.id \
                 AND (j.status IN ('POSTED', 'PAID') OR j.id = i.id)) b \
         WHERE l.organisation_id = $1 AND l.invoice_id = ANY($2) AND i.kind = 'SUPPLIER' \
             AND i.status <> 'VOID' \
         ORDER BY l.invoice_id, l.position",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(invoices)
    .load(tx.conn())
    .await?;
    Ok(rows.iter().flat_map(Match::warnings).collect())
}
