//! People: who works for a company, on what terms, and what they are paid.
//!
//! - [`employee`]: who they are; hired, changed, imported, gone. [`family`]: what their tax depends
//!   on, from a day on.
//! - [`contract`]: the terms of work and pay; never two at once.
//! - [`concept`], [`item`], [`absence`], [`advance`], [`garnishment`]: what a month pays and takes
//!   beside the salary.
//! - [`pack`]: which versions of the legal rules were computed by. [`account`]: where it is posted.
//! - [`payroll`]: the run of a month, from draft to posting and delivery. [`payslip`]: its results,
//!   each line with its rule, inputs, version and source. [`report`]: what payrolls came to.
//!
//! Invariants, kept by Rust and by the database: the contracts of an employee never overlap; a
//! company has one regular run a month; a payslip's totals are the sums of its lines and its net is
//! what remains; nothing of a run changes once it was submitted; a posted run has exactly one
//! journal entry and one bank file, and is corrected by a delta run alone; who prepared a run
//! never approves it; nobody sees the pay of others without the right to.
//!
//! Events: `people.<noun>.<verbed>`. Jobs: `people.payroll_calculate`, `people.payroll_month`,
//! `people.payroll_deliver`, `people.employee_import`.

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

pub mod absence;
pub mod account;
pub mod advance;
pub mod attachment;
mod belonging;
pub mod concept;
pub mod contract;
pub mod employee;
pub mod family;
pub mod fault;
pub mod garnishment;
pub mod item;
pub mod job;
pub mod pack;
pub mod payroll;
pub mod payslip;
pub mod permission;
mod reach;
pub mod report;
pub mod schema;

pub use attachment::ATTACHABLE;
pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use permission::PERMISSIONS;
pub use report::reports;
