//! Finance: what a company invoices and is invoiced, what is owed, and how it is paid.
//!
//! - [`setting`]: where finance posts for a company. [`tax`]: taxes as charged, with their source in
//!   law and the days on which they hold. [`term`]: when an invoice falls due.
//! - [`invoice`]: invoices and credit notes of suppliers and to customers, from draft to posting.
//! - [`open_item`]: what is owed, and how it was settled. [`payment`]: what was paid.
//! - [`payment_order`]: payments to suppliers by one bank file, approved by a second person.
//! - [`tie`]: whether the open items agree with the ledger. [`report`]: ages, register of invoices,
//!   result and balance sheet.
//!
//! Invariants, kept by Rust and by the database: a posted invoice never changes, and its totals are
//! the sums of its lines and taxes; a supplier's document comes in once a year; own numbers have no
//! gap; what remains of an open item is what its allocations left; an item waits in one payment
//! order at most; no order is sent without an approval by somebody else; the open items of an
//! account come to its balance in the ledger, on every day.
//!
//! Events: `finance.setting.created|updated`, `finance.tax.created|ended`,
//! `finance.payment_term.created|archived`, `finance.invoice.created|updated|deleted|posted|paid|
//! voided`, `finance.open_item.allocated`, `finance.payment.registered`,
//! `finance.payment_order.drafted|submitted|approved|rejected|cancelled|sent`. Job:
//! `finance.payment_deliver`.

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

mod account;
pub mod attachment;
pub mod fault;
pub mod invoice;
pub mod job;
pub mod open_item;
pub mod payment;
pub mod payment_order;
pub mod permission;
mod reach;
pub mod report;
pub mod schema;
pub mod setting;
pub mod tax;
pub mod term;
pub mod tie;

pub use attachment::ATTACHABLE;
pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use permission::PERMISSIONS;
pub use report::reports;
