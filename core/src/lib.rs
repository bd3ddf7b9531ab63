//! The shared core: one crate a domain, and what only the whole of them knows.

pub mod demo;
pub mod timetable;

pub use {
    administration, analytics, compliance, directory, documents, finance, inventory, kernel,
    ledger, mail, people, processes, rules, technology,
};

use kernel::error::Result;
use kernel::job::Registry;
use kernel::report::Reports;
use kernel::schedule::ScheduleAlarm;
use kernel::{Messages, Permission, Speaker};

/// The message files of every domain.
pub const MESSAGES: &[Messages] = &[
    kernel::message::MESSAGES,
    directory::MESSAGES,
    ledger::MESSAGES,
    processes::MESSAGES,
    people::MESSAGES,
    administration::MESSAGES,
    inventory::MESSAGES,
    finance::MESSAGES,
    compliance::MESSAGES,
    technology::MESSAGES,
    analytics::MESSAGES,
];

/// Every permission of the suite with what it allows, domain by domain.
pub const PERMISSIONS: &[&[(Permission, &str)]] = &[
    kernel::job::PERMISSIONS,
    directory::PERMISSIONS,
    ledger::PERMISSIONS,
    processes::PERMISSIONS,
    people::PERMISSIONS,
    administration::PERMISSIONS,
    inventory::PERMISSIONS,
    finance::PERMISSIONS,
    compliance::PERMISSIONS,
    technology::PERMISSIONS,
    analytics::PERMISSIONS,
];

/// Speaks every sentence of the suite.
pub fn speaker() -> Result<Speaker> {
    Speaker::new(MESSAGES)
}

/// Every report of the suite.
pub fn reports() -> Reports {
    let mut reports = Reports::new();
    ledger::reports(&mut reports);
    people::reports(&mut reports);
    inventory::reports(&mut reports);
    finance::reports(&mut reports);
    compliance::reports(&mut reports);
    technology::reports(&mut reports);
    reports
}

/// Every kind of job of the suite.
pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register::<ScheduleAlarm>();
    processes::job::register(&mut registry);
    people::register(&mut registry);
    administration::register(&mut registry);
    inventory::register(&mut registry);
    finance::register(&mut registry);
    compliance::register(&mut registry);
    technology::register(&mut registry);
    analytics::register(&mut registry);
    registry
}
