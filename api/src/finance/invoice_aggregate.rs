//! How many invoices and credit notes there are, and what they come to, group by group.

use finance::invoice::{self, InvoiceFilter, InvoiceGroupBy, InvoiceKind, InvoiceStatus};
use kernel::{CurrencyCode, Date};

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::party::Party;

aggregate! {
    /// Invoices and credit notes that agree on what they are grouped by.
    InvoiceAggregate of InvoiceGroupBy {
        /// How many invoices and credit notes there are, and what they come to, group by group; all
        /// in one group where `groupBy` is empty. Needs `finance.invoice.read`.
        query InvoiceAggregateQuery invoice_aggregates by InvoiceFilter from invoice::aggregate;
        values {
            /// Their status.
            status: InvoiceStatus = Status,
            /// Whether they are of sales or of purchases; always held apart.
            kind: InvoiceKind = Kind,
            /// The currency of their sums; always held apart.
            currency: CurrencyCode = Currency,
            /// The first day of the month of issue.
            month: Date = Month,
            /// The first day of the month in which they are due.
            due_month: Date = DueMonth,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Their supplier or customer.
            party: Party = Party,
        }
        sums {
            /// What they come to before tax.
            net = 0,
            /// Their tax.
            tax = 1,
            /// What is withheld from them.
            withheld = 2,
            /// What they come to.
            total = 3,
        }
    }
}
