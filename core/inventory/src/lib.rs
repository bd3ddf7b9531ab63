//! Inventory: what a company stocks, where it is, how much there is, and what it is worth.
//!
//! - [`unit`]: units of measure; [`category`] and [`item`]: what is stocked, in which unit, valued
//!   how, posted where ([`account`]).
//! - [`warehouse`] and [`location`]: where it is.
//! - [`movement`]: what came, went, moved or was counted; valued by FIFO or moving average, posted
//!   to the ledger in the same transaction, never edited, reversed by another movement.
//! - [`stock`]: how much there is, now and on any day, and its value.
//! - [`valuation`]: the report of stock values, reconciled with the books.
//! - [`supplier_term`] and [`policy`]: who sells an item how, and how much of it a warehouse keeps.
//! - [`replenish`]: the nightly job that makes a [`proposal`] of what is short, says why, and opens
//!   an [`alert`]; [`purchase`]: what is ordered, approved and received.
//!
//! Invariants kept by Rust, whose writers take turns at the holding: the value of stock equals the
//! balance of its accounts in the books on every day, because both are written by the same movement;
//! what is left of the layers of an item is its quantity and value. [`stock::verify`] tells whether
//! they hold, and the nightly scan of compliance looks for breaches
//! (`inventory.ledger_unbalanced`, `inventory.layers_unbalanced`).
//!
//! Invariants kept by the database as well: nothing leaves a place that has not got it, unless the
//! company allows it; a movement is never edited; one proposal at most stands for an item in a
//! warehouse; what was ordered does not change and goes its way and no other, with the approval that
//! it waits for; no more comes in than it tolerates.
//!
//! Events: `inventory.<noun>.<verbed>`. Jobs: `inventory.reorder`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod account;
pub mod alert;
pub mod attachment;
pub mod category;
pub mod fault;
pub mod item;
pub mod job;
mod known;
pub mod location;
pub mod movement;
pub mod permission;
pub mod policy;
pub mod proposal;
pub mod purchase;
pub mod replenish;
pub mod schema;
pub mod schema_replenishment;
pub mod stock;
pub mod supplier_term;
pub mod unit;
pub mod valuation;
pub mod warehouse;

pub use attachment::ATTACHABLE;
pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use permission::PERMISSIONS;

/// Adds the reports of this domain.
pub fn reports(reports: &mut kernel::report::Reports) {
    valuation::reports(reports);
    reports.register::<proposal::report::OpenProposals>();
}
