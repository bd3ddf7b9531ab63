//! The jobs of inventory.

use kernel::job::Registry;

use crate::replenish::Reorder;

/// Adds the jobs of inventory to the registry.
pub fn register(registry: &mut Registry) {
    registry.register::<Reorder>();
}
