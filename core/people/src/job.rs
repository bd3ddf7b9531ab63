//! The jobs of people.

use kernel::job::Registry;

use crate::employee::EmployeeImport;
use crate::payroll::{PayrollCalculate, PayrollDeliver, PayrollMonth};

/// Adds the jobs of people to the registry.
pub fn register(registry: &mut Registry) {
    registry
        .register::<PayrollCalculate>()
        .register::<PayrollMonth>()
        .register::<PayrollDeliver>()
        .register::<EmployeeImport>();
}
