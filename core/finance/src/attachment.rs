//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;

use crate::permission::{INVOICE_MANAGE, INVOICE_READ, PAYMENT_MANAGE, PAYMENT_READ, visible};

/// Invoices (the supplier's document) and payments (the bank's receipt).
pub const ATTACHABLE: &[Attachable] = &[
    Attachable {
        kind: "Invoice",
        schema: "finance",
        table: "invoice",
        company: Some("company_id"),
        read: INVOICE_READ,
        write: INVOICE_MANAGE,
        readable: |tx| visible(tx, INVOICE_READ, "invoice"),
        writable: |tx| visible(tx, INVOICE_MANAGE, "invoice"),
    },
    Attachable {
        kind: "Payment",
        schema: "finance",
        table: "payment",
        company: Some("company_id"),
        read: PAYMENT_READ,
        write: PAYMENT_MANAGE,
        readable: |tx| visible(tx, PAYMENT_READ, "payment"),
        writable: |tx| visible(tx, PAYMENT_MANAGE, "payment"),
    },
];
