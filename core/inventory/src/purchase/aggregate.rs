//! How many purchase orders there are, and what they add up to, group by group.

use kernel::aggregate::Group;
use kernel::page::{PageRequest, quoted};
use kernel::{Predicate, Result, Tx, aggregate};

use super::{PurchaseOrderFilter, PurchaseOrderSortField, plan, visible};
use crate::permission::COST_READ;

aggregate! {
    /// What purchase orders can be grouped by.
    by PurchaseOrderGroupBy {
        /// By status.
        Status = "STATUS" => "status",
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By warehouse.
        Warehouse = "WAREHOUSE" => "warehouse_id",
        /// By supplier.
        Supplier = "SUPPLIER" => "supplier_id",
        /// By currency.
        Currency = "CURRENCY" => "currency",
        /// By the month in which they were ordered, as its first day; drafts have none.
        Month = "MONTH" => "date_trunc('month', ordered_on)::date",
    }
    always [Currency];
    sums ["total"];
    from "inventory.purchase_order" with PurchaseOrderFilter, PurchaseOrderSortField;
}

/// How many purchase orders whose costs the actor may see there are, and what they add up to, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<PurchaseOrderFilter, PurchaseOrderSortField>,
    by: Vec<PurchaseOrderGroupBy>,
) -> Result<Vec<Group<PurchaseOrderGroupBy>>> {
    let costs = tx.require(COST_READ)?;
    let company = quoted("inventory", "purchase_order", "company_id");
    let visible = visible(tx)?.and(Predicate::in_scope(&costs, Some(&company), None));
    grouped(tx, request, visible, by).await
}
