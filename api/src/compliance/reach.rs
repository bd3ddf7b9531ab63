//! The domain's nouns as loaders want them: who lacks every permission for a noun finds none of
//! its records.

use kernel::error::{Error, Result};

macro_rules! reach {
    ($($(#[$meta:meta])* $name:ident of $module:path as $row:ty, $id:ident
        $(=> $listed:ident)?;)*) => {$(
        $(#[$meta])*
        pub mod $name {
            use $module as module;
            use kernel::ids::$id;
            use kernel::{Result, Tx};

            $(pub use compliance::$listed::{count, page};)?

            /// The ones of some ids that the actor may see.
            pub async fn by_ids(tx: &mut Tx, ids: &[$id]) -> Result<Vec<$row>> {
                super::none_if_denied(module::by_ids(tx, ids).await)
            }
        }
    )*};
}

reach! {
    /// Rules.
    rules of compliance::rule as compliance::rule::ComplianceRule, ComplianceRuleId;
    /// Scans.
    scans of compliance::scan as compliance::scan::Scan, ScanId => scan;
    /// Findings.
    findings of compliance::finding as compliance::finding::Finding, FindingId => finding;
    /// Acceptances.
    acceptances of compliance::acceptance as compliance::acceptance::Acceptance, AcceptanceId;
}

/// Nothing for who may see none of it.
pub(super) fn none_if_denied<T>(found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(Error::Denied(_)) => Ok(Vec::new()),
        other => other,
    }
}
