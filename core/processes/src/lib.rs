//! Processes: approvals, delegations, tasks and everybody's inbox.
//!
//! - [`policy`]: who has to approve what, as data: conditions, and steps in order.
//! - [`approval`]: a request for approval of one record, its steps and its decisions. The domain
//!   that owns the record asks by [`approval::request`], passes decisions on by
//!   [`approval::decide`] in its own transaction, and reacts when that says `completed`.
//! - [`delegation`]: one acts for another within bounds of time.
//! - [`notification`]: what somebody is told, and how they want to be told.
//! - [`task`]: what somebody is to do, by people or for a record that needs somebody.
//! - [`inbox`]: what waits for somebody, in one list.
//!
//! Invariants: who prepared never approves; a person has one hand in a step, be it as decider, as
//! delegate or as delegator; a closed approval never changes; decisions are append-only; one
//! record has one open approval at most. The database holds each of them too.
//!
//! Events: `processes.approval.{requested,decided,approved,rejected,withdrawn,escalated}`,
//! `processes.policy.{created,updated}`, `processes.delegation.{created,revoked}`,
//! `processes.task.{created,updated,assigned,started,blocked,completed,cancelled,reopened,settled,
//! commented,checklist_changed,escalated}`.
//! Jobs: `processes.approval.escalate`, `processes.task_escalate`.

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

pub mod approval;
pub mod attachment;
pub mod authority;
pub mod delegation;
pub mod event;
pub mod fault;
pub mod inbox;
pub mod job;
pub mod mailing;
pub mod notification;
pub mod permission;
pub mod policy;
pub mod preference;
pub mod rules;
pub mod schema;
pub mod sentence;
pub mod task;

pub use attachment::ATTACHABLE;
pub use authority::Authority;
pub use fault::MESSAGES;
pub use permission::PERMISSIONS;
pub use sentence::Sentence;
