//! How many purchase orders there are, and what they come to, group by group.

use inventory::purchase::{self, PurchaseOrderFilter, PurchaseOrderGroupBy, PurchaseOrderStatus};
use kernel::{CurrencyCode, Date};

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::party::Party;
use crate::inventory::warehouse::Warehouse;

aggregate! {
    /// Purchase orders that agree on what they are grouped by.
    PurchaseOrderAggregate of PurchaseOrderGroupBy {
        /// How many purchase orders there are, and what they come to, group by group; all
        /// in one group where `groupBy` is empty. Needs `inventory.purchase.read` and `inventory.cost.read`.
        query PurchaseOrderAggregateQuery purchase_order_aggregates by PurchaseOrderFilter from purchase::aggregate;
        values {
            /// Their status.
            status: PurchaseOrderStatus = Status,
            /// The currency of their sum; always held apart.
            currency: CurrencyCode = Currency,
            /// The first day of the month in which they were ordered.
            month: Date = Month,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Their warehouse.
            warehouse: Warehouse = Warehouse,
            /// Their supplier.
            supplier: Party = Supplier,
        }
        sums {
            /// What they come to before tax.
            total = 0,
        }
    }
}
