//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;
use kernel::{Error, Predicate, Result, Tx};

use crate::finding::visible;
use crate::permission::{FINDING_MANAGE, FINDING_READ};

/// Findings, with the evidence of what was done about them.
pub const ATTACHABLE: &[Attachable] = &[Attachable {
    kind: "Finding",
    schema: "compliance",
    table: "finding",
    company: Some("company_id"),
    read: FINDING_READ,
    write: FINDING_MANAGE,
    readable: visible,
    writable: manageable,
}];

/// The findings of the companies where the actor manages them, and those they were given to work
/// off.
fn manageable(tx: &Tx) -> Result<Predicate> {
    let column = |name| kernel::page::quoted("compliance", "finding", name);
    let scope = tx.actor().scope(FINDING_MANAGE);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    let managed = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    match tx.actor().principal.user() {
        Some(me) => Ok(here.and(managed.or(Predicate::equal(&column("assignee_id"), me.0)))),
        None if scope.is_nowhere() => Err(Error::Denied(FINDING_MANAGE)),
        None => Ok(here.and(managed)),
    }
}
