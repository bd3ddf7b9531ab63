//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;

use crate::permission::{
    ITEM_MANAGE, ITEM_READ, PURCHASE_MANAGE, PURCHASE_READ, STOCK_MOVE, STOCK_READ, visible,
};

/// Items (the data sheet), movements (the delivery note) and purchase orders (the offer).
pub const ATTACHABLE: &[Attachable] = &[
    Attachable {
        kind: "Item",
        schema: "inventory",
        table: "item",
        company: Some("company_id"),
        read: ITEM_READ,
        write: ITEM_MANAGE,
        readable: |tx| visible(tx, ITEM_READ, "item"),
        writable: |tx| visible(tx, ITEM_MANAGE, "item"),
    },
    Attachable {
        kind: "Movement",
        schema: "inventory",
        table: "movement",
        company: Some("company_id"),
        read: STOCK_READ,
        write: STOCK_MOVE,
        readable: |tx| visible(tx, STOCK_READ, "movement"),
        writable: |tx| visible(tx, STOCK_MOVE, "movement"),
    },
    Attachable {
        kind: "PurchaseOrder",
        schema: "inventory",
        table: "purchase_order",
        company: Some("company_id"),
        read: PURCHASE_READ,
        write: PURCHASE_MANAGE,
        readable: |tx| visible(tx, PURCHASE_READ, "purchase_order"),
        writable: |tx| visible(tx, PURCHASE_MANAGE, "purchase_order"),
    },
];
