//! What one may be allowed to do with invoices, payments and taxes; every permission can be limited
//! to companies.

use kernel::ids::CompanyId;
use kernel::{Actor, Predicate, Result, Tx};

kernel::permissions! {
    /// See invoices, open items, taxes and payment terms.
    INVOICE_READ = "finance.invoice.read";
    /// Draft, change, copy and delete invoices.
    INVOICE_MANAGE = "finance.invoice.manage";
    /// Post invoices, void them by credit notes, and settle open items with each other.
    INVOICE_POST = "finance.invoice.post";
    /// See payments and payment orders.
    PAYMENT_READ = "finance.payment.read";
    /// Register payments; draft, submit and cancel payment orders.
    PAYMENT_MANAGE = "finance.payment.manage";
    /// Approve payment orders that others prepared.
    PAYMENT_APPROVE = "finance.payment.approve";
    /// Install and change taxes, payment terms, and the accounts that finance posts to.
    TAX_MANAGE = "finance.tax.manage";
}

/// The rows of a table of this schema that the actor may see by a permission.
pub(crate) fn visible(tx: &Tx, permission: kernel::Permission, table: &str) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let column = |name| kernel::page::quoted("finance", table, name);
    let own = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(own.and(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        None,
    )))
}

/// Whether an actor may do something in a company.
pub(crate) fn covers(actor: &Actor, permission: kernel::Permission, company: CompanyId) -> bool {
    actor.scope(permission).covers(Some(company), None)
}
