//! The jobs of finance.

use kernel::job::Registry;

use crate::payment_order::PaymentDeliver;

/// Adds the jobs of finance to the registry.
pub fn register(registry: &mut Registry) {
    registry.register::<PaymentDeliver>();
}
