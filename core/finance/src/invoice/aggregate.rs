//! How many invoices there are, and what they add up to, group by group.

use kernel::aggregate::Group;
use kernel::page::PageRequest;
use kernel::{Result, Tx, aggregate};

use super::{InvoiceFilter, InvoiceSortField, plan, visible};
use crate::permission::INVOICE_READ;

aggregate! {
    /// What invoices can be grouped by.
    by InvoiceGroupBy {
        /// By kind.
        Kind = "KIND" => "kind",
        /// By status.
        Status = "STATUS" => "status",
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By supplier or customer.
        Party = "PARTY" => "party_id",
        /// By currency.
        Currency = "CURRENCY" => "currency",
        /// By the month of issue, as its first day.
        Month = "MONTH" => "date_trunc('month', issued_on)::date",
        /// By the month in which they are due, as its first day.
        DueMonth = "DUE_MONTH" => "date_trunc('month', due_on)::date",
    }
    always [Kind, Currency];
    sums ["net", "tax", "withheld", "total"];
    from "finance.invoice" with InvoiceFilter, InvoiceSortField;
}

/// How many invoices the actor may see, and what they add up to, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<InvoiceFilter, InvoiceSortField>,
    by: Vec<InvoiceGroupBy>,
) -> Result<Vec<Group<InvoiceGroupBy>>> {
    let visible = visible(tx, INVOICE_READ, "invoice")?;
    grouped(tx, request, visible, by).await
}
