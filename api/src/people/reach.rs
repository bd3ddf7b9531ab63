//! The domain's nouns as loaders want them: who lacks every permission for a noun finds none of
//! its records, so that an id of one is as unknown to them as any other.

use kernel::error::{Error, Result};

macro_rules! reach {
    ($($(#[$meta:meta])* $name:ident of $module:ident as $row:ident, $id:ident;)*) => {$(
        $(#[$meta])*
        pub mod $name {
            use kernel::ids::$id;
            use kernel::{Result, Tx};
            pub use people::$module::{count, page};

            /// The ones of some ids that the actor may see.
            pub async fn by_ids(tx: &mut Tx, ids: &[$id]) -> Result<Vec<people::$module::$row>> {
                super::none_if_denied(people::$module::by_ids(tx, ids).await)
            }
        }
    )*};
}

reach! {
    /// Employees.
    employees of employee as Employee, EmployeeId;
    /// Contracts.
    contracts of contract as Contract, ContractId;
    /// Pay concepts.
    concepts of concept as PayConcept, PayConceptId;
    /// Pay items.
    items of item as PayItem, PayItemId;
    /// Absences without pay.
    absences of absence as Absence, AbsenceId;
    /// Advances.
    advances of advance as Advance, AdvanceId;
    /// Garnishments.
    garnishments of garnishment as Garnishment, GarnishmentId;
    /// Payroll runs.
    runs of payroll as PayrollRun, PayrollRunId;
    /// Payslips.
    payslips of payslip as Payslip, PayslipId;
    /// Rule packs.
    packs of pack as InstalledPack, RulePackId;
}

/// What may not be seen at all is as if there were none.
pub(super) fn none_if_denied<T>(found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(Error::Denied(_)) => Ok(Vec::new()),
        other => other,
    }
}
