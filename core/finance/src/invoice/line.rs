//! The lines of invoices, and their taxes a document.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{
    CompanyId, DepartmentId, InvoiceId, InvoiceLineId, ItemId, OrganisationId, PurchaseOrderLineId,
    TaxId,
};
use kernel::{Dec, Result, Tx};
use ledger::dimension::DimensionValueId;

use crate::permission::{INVOICE_READ, visible};
use crate::schema::{invoice_line, invoice_tax};

/// A line of an invoice.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_line, check_for_backend(diesel::pg::Pg))]
pub struct InvoiceLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The line.
    pub id: InvoiceLineId,
    /// Its invoice.
    pub invoice_id: InvoiceId,
    /// The company.
    pub company_id: CompanyId,
    /// Its place, from 1.
    pub position: i32,
    /// What it is.
    pub description: String,
    /// The item, if it is of stock.
    pub item_id: Option<ItemId>,
    /// The line of the purchase order that it bills.
    pub purchase_order_line_id: Option<PurchaseOrderLineId>,
    /// How many; below zero takes back.
    pub quantity: Dec,
    /// Of what unit.
    pub unit: Option<String>,
    /// The price of one, before taxes, in the currency of the document.
    pub unit_price: Dec,
    /// Per cent off.
    pub discount: Dec,
    /// What it comes to, before taxes.
    pub net: Dec,
    /// The account of the ledger.
    pub account_code: String,
    /// The department.
    pub department_id: Option<DepartmentId>,
    /// Values of dimensions, one a dimension.
    pub dimension_value_ids: Vec<DimensionValueId>,
    /// The taxes that it bears.
    pub tax_ids: Vec<TaxId>,
}

/// A tax of an invoice: rounded once, with what rounding added.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = invoice_tax, check_for_backend(diesel::pg::Pg))]
pub struct InvoiceTax {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The invoice.
    pub invoice_id: InvoiceId,
    /// The tax.
    pub tax_id: TaxId,
    /// The company.
    pub company_id: CompanyId,
    /// Per cent, as it was when the document was made.
    pub rate: Dec,
    /// What it is charged on.
    pub base: Dec,
    /// The tax; of a reverse charge in sales nothing.
    pub amount: Dec,
    /// What rounding added to the exact amount.
    pub rounding: Dec,
    /// The base in the currency of the books.
    pub company_base: Dec,
    /// The tax in the currency of the books.
    pub company_amount: Dec,
}

/// The visible lines of some invoices, in their order.
pub async fn lines_of(tx: &mut Tx, invoices: &[InvoiceId]) -> Result<Vec<InvoiceLine>> {
    let visible = visible(tx, INVOICE_READ, "invoice_line")?;
    Ok(invoice_line::table
        .filter(invoice_line::organisation_id.eq(tx.organisation()))
        .filter(invoice_line::invoice_id.eq_any(invoices))
        .filter(visible)
        .order((invoice_line::invoice_id, invoice_line::position))
        .select(InvoiceLine::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some lines.
pub async fn lines_by_ids(tx: &mut Tx, ids: &[InvoiceLineId]) -> Result<Vec<InvoiceLine>> {
    let visible = visible(tx, INVOICE_READ, "invoice_line")?;
    Ok(invoice_line::table
        .filter(invoice_line::organisation_id.eq(tx.organisation()))
        .filter(invoice_line::id.eq_any(ids))
        .filter(visible)
        .select(InvoiceLine::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible taxes of some invoices.
pub async fn taxes_of(tx: &mut Tx, invoices: &[InvoiceId]) -> Result<Vec<InvoiceTax>> {
    let visible = visible(tx, INVOICE_READ, "invoice_tax")?;
    Ok(invoice_tax::table
        .filter(invoice_tax::organisation_id.eq(tx.organisation()))
        .filter(invoice_tax::invoice_id.eq_any(invoices))
        .filter(visible)
        .order((invoice_tax::invoice_id, invoice_tax::tax_id))
        .select(InvoiceTax::as_select())
        .load(tx.conn())
        .await?)
}
