//! Finance through the API: taxes and terms, invoices from draft to posting, what is owed, payments
//! and payment orders.
//!
//! Permissions are enforced below. A link to what the viewer may not see is null.

pub mod allocation;
pub mod invoice;
pub mod invoice_act;
pub mod invoice_aggregate;
pub mod invoice_bulk;
pub mod invoice_line;
pub mod open_item;
pub mod payment;
pub mod payment_order;
pub mod payment_order_act;
pub mod setting;
pub mod tax;
pub mod term;

use async_graphql::MergedObject;

/// The queries of finance.
#[derive(MergedObject, Default)]
pub struct FinanceQuery(
    setting::FinanceSettingQuery,
    tax::TaxQuery,
    term::PaymentTermQuery,
    invoice::InvoiceQuery,
    invoice_aggregate::InvoiceAggregateQuery,
    open_item::OpenItemQuery,
    payment::PaymentQuery,
    payment_order::PaymentOrderQuery,
);

/// The mutations of finance.
#[derive(MergedObject, Default)]
pub struct FinanceMutation(
    setting::FinanceSettingMutation,
    tax::TaxMutation,
    term::PaymentTermMutation,
    invoice_act::InvoiceMutation,
    invoice_bulk::InvoiceBulkMutation,
    open_item::OpenItemMutation,
    payment::PaymentMutation,
    payment_order_act::PaymentOrderMutation,
);
