//! What one may be allowed to do with systems and incidents; each can be limited to companies.

use kernel::{Predicate, Result, Tx};

kernel::permissions! {
    /// See systems, their checks and what those saw.
    SYSTEM_READ = "technology.system.read";
    /// Register and retire systems, set up their checks and have them run.
    SYSTEM_MANAGE = "technology.system.manage";
    /// See incidents with what was done about them.
    INCIDENT_READ = "technology.incident.read";
    /// Open incidents, take them on, and resolve them.
    INCIDENT_MANAGE = "technology.incident.manage";
}

/// The rows of a table of this schema that the actor may see by a permission.
pub(crate) fn visible(tx: &Tx, permission: kernel::Permission, table: &str) -> Result<Predicate> {
    let scope = tx.require(permission)?;
    let column = |name| kernel::page::quoted("technology", table, name);
    let own = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(own.and(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        None,
    )))
}
