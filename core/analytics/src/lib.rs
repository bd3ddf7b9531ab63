//! Analytics: what the business does, as daily series, and what the series say.
//!
//! - [`measure`]: what is measured; [`source`] says how, as set-based SQL over the books, the open
//!   items and the jobs. [`series`] reads a measure by day, week or month.
//! - [`fill`]: the job that fills the series and has them analysed. [`model`] is pure: trend,
//!   seasons, anomalies and forecast by STL and ETS (`augurs`); [`analysis`] keeps what it says.
//! - [`anomaly`]: a day, or a month, that is not as its series would have it, and why.
//!
//! Invariants: a value is an exact decimal; floats are for statistics alone. Filling twice changes
//! nothing. An anomaly of a day is found once; it goes when its cause goes, and stays when people
//! dismiss it. Whoever may not see payroll sees nothing of what staff cost.
//!
//! Events: `analytics.anomaly.found`, `.gone`, `.dismissed`. Job: `analytics.fill`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::as_conversions
    )
)]

pub mod analysis;
pub mod anomaly;
pub mod fault;
pub mod fill;
pub mod job;
pub mod measure;
pub mod model;
pub mod permission;
pub mod schema;
pub mod series;
pub mod source;

pub use fault::{MESSAGES, REASONS};
pub use job::register;
pub use permission::PERMISSIONS;
