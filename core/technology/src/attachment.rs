//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;

use crate::permission::{INCIDENT_MANAGE, INCIDENT_READ, SYSTEM_MANAGE, SYSTEM_READ, visible};

/// Systems (the manual) and incidents (what was seen).
pub const ATTACHABLE: &[Attachable] = &[
    Attachable {
        kind: "System",
        schema: "technology",
        table: "system",
        company: Some("company_id"),
        read: SYSTEM_READ,
        write: SYSTEM_MANAGE,
        readable: |tx| visible(tx, SYSTEM_READ, "system"),
        writable: |tx| visible(tx, SYSTEM_MANAGE, "system"),
    },
    Attachable {
        kind: "Incident",
        schema: "technology",
        table: "incident",
        company: Some("company_id"),
        read: INCIDENT_READ,
        write: INCIDENT_MANAGE,
        readable: |tx| visible(tx, INCIDENT_READ, "incident"),
        writable: |tx| visible(tx, INCIDENT_MANAGE, "incident"),
    },
];
