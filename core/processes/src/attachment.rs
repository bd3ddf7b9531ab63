//! Which records files can be attached to, and whose rights those files have.

use directory::file::Attachable;
use kernel::{Predicate, Result, Tx};

use crate::permission::{TASK_MANAGE, TASK_READ};
use crate::task::visible;

/// Tasks, with what is needed to do them.
pub const ATTACHABLE: &[Attachable] = &[Attachable {
    kind: "Task",
    schema: "processes",
    table: "task",
    company: Some("company_id"),
    read: TASK_READ,
    write: TASK_MANAGE,
    readable: visible,
    writable: manageable,
}];

/// The tasks that the actor sees, when they may change tasks.
fn manageable(tx: &Tx) -> Result<Predicate> {
    tx.require(TASK_MANAGE)?;
    visible(tx)
}
