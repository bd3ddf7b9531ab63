//! The shared core: one crate a domain, and what only the whole of them knows.

pub mod demo;

pub use {directory, documents, kernel, ledger, people, processes, rules};

use kernel::error::Result;
use kernel::job::Registry;
use kernel::schedule::ScheduleAlarm;
use kernel::{Messages, Permission, Speaker};

/// The message files of every domain.
pub const MESSAGES: &[Messages] = &[
    kernel::message::MESSAGES,
    directory::MESSAGES,
    ledger::MESSAGES,
    processes::MESSAGES,
    people::MESSAGES,
];

/// Every permission of the suite with what it allows, domain by domain.
pub const PERMISSIONS: &[&[(Permission, &str)]] = &[
    kernel::job::PERMISSIONS,
    directory::PERMISSIONS,
    ledger::PERMISSIONS,
    processes::PERMISSIONS,
    people::PERMISSIONS,
];

/// Speaks every sentence of the suite.
pub fn speaker() -> Result<Speaker> {
    Speaker::new(MESSAGES)
}

/// Every kind of job of the suite.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register::<ScheduleAlarm>();
    processes::job::register(&mut registry);
    people::register(&mut registry);
    registry
}
