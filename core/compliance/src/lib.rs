//! Compliance: rules that look over the whole suite, scans that run them, and findings that people
//! work off.
//!
//! - [`rule`]: a rule is data of the program (`rules/*.toml`): what it means in both languages, its
//!   legal or policy source, its parameters, and the query that gives one row a breach. A tenant
//!   turns a rule off, changes its severity and its parameters; it can't write SQL.
//! - [`scan`]: the job `compliance.scan` runs rules in the application's role under the tenant's
//!   row-level security, each in a savepoint with a time limit; a rule that fails is a failed item
//!   of the job with its reason, and the others go on. It keeps what was looked at, when, how much.
//! - [`finding`]: a breach by one subject, opened once with its evidence, closed when its cause is
//!   gone, reopened with a higher count. Grave ones make a task. [`acceptance`]: living with a
//!   finding, for a reason and a time; one proposes, another grants.
//! - [`report`](mod@report) has `compliance.findings`.
//!
//! Invariants: one finding a rule and subject, however many scans run at once; who proposed an
//! acceptance never grants it; an acceptance ends; what a rule's query is given is bound, never
//! pasted; evidence of pay is seen by those who may see pay.
//!
//! Events: `compliance.finding.{opened,reopened,closed,assigned,commented,accepted}`,
//! `compliance.acceptance.{proposed,granted,refused,withdrawn,ended}`, `compliance.rule.updated`,
//! `compliance.scan.finished`. Jobs: `compliance.scan`.

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

pub mod acceptance;
pub mod attachment;
pub mod fault;
pub mod finding;
pub mod permission;
pub mod report;
pub mod rule;
pub mod scan;
pub mod schema;

pub use attachment::ATTACHABLE;
pub use fault::{MESSAGES, REASONS};
pub use permission::PERMISSIONS;
pub use report::reports;

/// Adds the jobs of compliance to those that workers know.
pub fn register(registry: &mut kernel::job::Registry) {
    registry.register::<scan::RunScan>();
}
