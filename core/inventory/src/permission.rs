//! What one may be allowed to do with stock; every permission can be limited to companies.

use kernel::{Permission, Predicate, Result, Tx};

kernel::permissions! {
    /// See items, categories, units, warehouses and locations.
    ITEM_READ = "inventory.item.read";
    /// Make and change items, categories, units, warehouses and locations.
    ITEM_MANAGE = "inventory.item.manage";
    /// See movements and what is where.
    STOCK_READ = "inventory.stock.read";
    /// Receive, issue, transfer and return stock.
    STOCK_MOVE = "inventory.stock.move";
    /// Adjust and count stock, and reverse movements.
    STOCK_ADJUST = "inventory.stock.adjust";
    /// See costs and values of stock.
    COST_READ = "inventory.cost.read";
    /// See suppliers' terms, stock policies, proposals and alerts.
    REPLENISHMENT_READ = "inventory.replenishment.read";
    /// Keep suppliers' terms and stock policies, and decide about proposals.
    REPLENISHMENT_MANAGE = "inventory.replenishment.manage";
    /// See purchase orders.
    PURCHASE_READ = "inventory.purchase.read";
    /// Make and change purchase orders.
    PURCHASE_MANAGE = "inventory.purchase.manage";
    /// Approve purchase orders that others made.
    PURCHASE_APPROVE = "inventory.purchase.approve";
}

/// The rows of a table with organisation and company that the actor may see by a permission.
pub(crate) fn visible(tx: &Tx, permission: Permission, table: &str) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let column = |name| kernel::page::quoted("inventory", table, name);
    let own = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(own.and(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        None,
    )))
}
