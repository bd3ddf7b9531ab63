//! Inventory through the API: items and places, movements and what is where, and what is ordered.
//!
//! Costs and values are closed by default: what of a record is closed to a viewer is null and named
//! in `redactedFields`.

pub mod category;
pub mod item;
pub mod item_act;
pub mod location;
pub mod movement;
pub mod movement_act;
pub mod movement_line;
pub mod proposal;
pub mod proposal_act;
pub mod purchase_order;
pub mod purchase_order_act;
pub mod purchase_order_aggregate;
pub mod purchase_order_line;
pub mod quantity;
pub mod reach;
pub mod replenishment;
pub mod setting;
pub mod stock;
pub mod stock_alert;
pub mod stock_policy;
pub mod supplier_term;
pub mod unit;
pub mod valuation;
pub mod warehouse;

use async_graphql::MergedObject;

/// The queries of inventory.
#[derive(MergedObject, Default)]
pub struct InventoryQuery(
    unit::UnitQuery,
    category::ItemCategoryQuery,
    item::ItemQuery,
    warehouse::WarehouseQuery,
    location::LocationQuery,
    movement::MovementQuery,
    movement_line::MovementLineQuery,
    stock::StockQuery,
    setting::StockSettingQuery,
    valuation::StockValuationQuery,
    supplier_term::SupplierTermQuery,
    stock_policy::StockPolicyQuery,
    proposal::ProposalQuery,
    purchase_order::PurchaseOrderQuery,
    purchase_order_aggregate::PurchaseOrderAggregateQuery,
    stock_alert::StockAlertQuery,
);

/// The mutations of inventory.
#[derive(MergedObject, Default)]
pub struct InventoryMutation(
    unit::UnitMutation,
    category::ItemCategoryMutation,
    item_act::ItemMutation,
    warehouse::WarehouseMutation,
    location::LocationMutation,
    movement_act::MovementMutation,
    setting::StockSettingMutation,
    supplier_term::SupplierTermMutation,
    stock_policy::StockPolicyMutation,
    proposal_act::ProposalMutation,
    purchase_order_act::PurchaseOrderMutation,
    replenishment::ReplenishmentMutation,
);
