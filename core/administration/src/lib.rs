//! Administration: what an organisation says, keeps and hands out.
//!
//! - [`mail`]: mails on their way out, each recorded before it leaves and after; [`notice`] mails
//!   the notifications of those who asked for it.
//! - [`report`]: the reports of every domain as rows, as files by job, and on schedule, each as its
//!   reader may see it.
//! - [`announcement`]: what is told to all, to companies, departments or roles, with receipts.
//! - [`document`]: documents with versions, whose words are found in Spanish and in English.
//!
//! Invariants: a mail of one key is sent once, as far as this side can know, and never changes
//! then; a produced report holds what its reader may see and opens for that reader alone; an
//! acknowledgement is never taken back; a version of a document never changes.
//!
//! Events: `administration.<noun>.<verbed>`. Jobs: `administration.mail_send`,
//! `administration.notification_mail`, `administration.report`, `administration.report_tick`,
//! `administration.announcement_tell`, `administration.document_read`.

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

pub mod announcement;
pub mod document;
pub mod fault;
pub mod job;
pub mod mail;
pub mod notice;
pub mod permission;
mod reader;
pub mod report;
pub mod schema;

pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use permission::PERMISSIONS;
