//! The ledger: the books of each company, kept by double entry.
//!
//! Nouns: [`chart`] (templates and import), [`account`], [`fiscal_year`], [`period`], [`journal`],
//! [`dimension`], [`entry`] with its lines, [`balance`]; reports: [`report`].
//!
//! Invariants, each kept by the database as well:
//! - an entry balances in every currency and in that of the books, and is never edited;
//! - a source posts once, for ever; an entry is reversed once;
//! - numbers are gap-free in a company's fiscal year, in the order of commit;
//! - nothing is posted into a closed period; years of a company never overlap;
//! - a snapshot's balances add up to zero, and no writer waits for another on an account.
//!
//! Events: `ledger.chart.installed`, `ledger.chart.imported`, `ledger.account.created|updated|
//! archived`, `ledger.journal.created`, `ledger.fiscal_year.opened`, `ledger.period.closed|
//! reopened`, `ledger.dimension.created`, `ledger.dimension_value.created`,
//! `ledger.entry.posted|reversed`.
//!
//! The domains above post with [`entry::post`] in their own transaction; memos hold no names of
//! people, because what is posted is never erased.

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
pub mod attachment;
pub mod balance;
pub mod chart;
pub mod dimension;
pub mod entry;
pub mod fault;
pub mod fiscal_year;
pub mod journal;
pub mod period;
pub mod permission;
pub mod report;
pub mod schema;

pub use attachment::ATTACHABLE;
pub use entry::{AccountRef, Entry, EntryLine, PostEntry, PostLine, SourceKey};
pub use fault::{MESSAGES, REASONS};
pub use permission::PERMISSIONS;
pub use report::reports;
