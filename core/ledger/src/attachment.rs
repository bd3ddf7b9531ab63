//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;

use crate::permission::{ENTRY_POST, ENTRY_READ, visible};

/// Journal entries, with what proves them.
pub const ATTACHABLE: &[Attachable] = &[Attachable {
    kind: "Entry",
    schema: "ledger",
    table: "entry",
    company: Some("company_id"),
    read: ENTRY_READ,
    write: ENTRY_POST,
    readable: |tx| visible(tx, ENTRY_READ, "entry"),
    writable: |tx| visible(tx, ENTRY_POST, "entry"),
}];
