//! The jobs of technology.

use kernel::job::Registry;

use crate::check::CheckSystems;

/// Adds the jobs of technology to the registry.
pub fn register(registry: &mut Registry) {
    registry.register::<CheckSystems>();
}
