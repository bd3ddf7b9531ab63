//! Technology: the systems that a company depends on, what watches them, and what goes wrong.
//!
//! - [`system`]: what is depended on: who owns it, how critical it is, how it stands.
//! - [`check`]: what is looked at, how often, and when it becomes a matter of concern. [`probe`]
//!   looks: over the network by the rules of `outbound`, and into Trastienda's own queues and
//!   schedules. [`result`]: what was seen, kept for a while.
//! - [`incident`]: something that went wrong, from its beginning to its end, opened and closed by
//!   checks or by people. [`availability`]: how much of a time a system was up.
//!
//! Invariants, kept by Rust and by the database: a check has one open incident at most; it opens
//! after as many failures in a row as the check says, and closes after as many recoveries; an
//! address that may not be reached is never asked, and says nothing about its system; what was
//! noted of an incident is never changed.
//!
//! Events: `technology.<noun>.<verbed>`. Job: `technology.check`.

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

pub mod attachment;
pub mod availability;
pub mod check;
pub mod fault;
pub mod health;
pub mod incident;
pub mod job;
pub mod permission;
pub mod probe;
pub mod report;
pub mod result;
pub mod schema;
pub mod system;

pub use attachment::ATTACHABLE;
pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use outbound::Policy;
pub use permission::PERMISSIONS;
pub use report::reports;
