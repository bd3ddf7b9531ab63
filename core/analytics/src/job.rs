//! The jobs of analytics.

use kernel::job::Registry;

use crate::fill::FillMeasures;

/// Adds the jobs of analytics to the registry.
pub fn register(registry: &mut Registry) {
    registry.register::<FillMeasures>();
}
