//! What one may be allowed to do with measures; both can be limited to companies. Some measures
//! take a further right, see [`crate::measure::MeasureKey::also_needs`].

kernel::permissions! {
    /// See measures: their series, trends, seasons, anomalies and forecasts.
    MEASURE_READ = "analytics.measure.read";
    /// Have measures filled, and dismiss anomalies.
    MEASURE_MANAGE = "analytics.measure.manage";
}

/// What one needs beside [`MEASURE_READ`] to see what staff cost; a permission of people.
pub const PAYROLL_READ: kernel::Permission = "people.payroll.read";
