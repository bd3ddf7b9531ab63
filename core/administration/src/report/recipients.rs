//! Who a report may go to: users of the organisation who may see it themselves.

use kernel::ids::{CompanyId, UserId};
use kernel::report::ReportKind;
use kernel::{Actor, Fault, Faults, Permission, Result, Scope, Tx};

use crate::fault;
use crate::reader::{self, Reader};

/// Readers of one report at most.
pub(super) const MOST: usize = 100;

/// The users as readers, each once, who may see the report in its company now.
///
/// # Errors
/// `administration.recipients_out_of_range`, `administration.recipient_unknown` and
/// `administration.recipient_may_not`, each with its path below `field`.
pub(super) async fn check(
    tx: &mut Tx,
    kind: &ReportKind,
    company: Option<CompanyId>,
    users: &[UserId],
    field: &'static str,
) -> Result<Vec<Reader>> {
    let mut faults = Faults::new();
    if users.len() > MOST {
        let fault = Fault::invalid(fault::RECIPIENTS_OUT_OF_RANGE).with("most", MOST);
        return Err(fault.at([field]).into());
    }
    let mut readers = reader::active(tx, users).await?;
    let mut checked = Vec::with_capacity(users.len());
    for (index, user) in users.iter().enumerate() {
        let path = [field.to_owned(), index.to_string()];
        let Some(reader) = readers.remove(user) else {
            let named = checked.iter().any(|known: &Reader| known.id == *user);
            faults.check(named, || {
                Fault::not_found(fault::RECIPIENT_UNKNOWN).at(path)
            });
            continue;
        };
        let actor = reader.actor(tx).await?;
        faults.check(may_see(&actor, kind, company), || {
            Fault::not_allowed(fault::RECIPIENT_MAY_NOT)
                .at(path)
                .with("name", &reader.name)
        });
        checked.push(reader);
    }
    faults.finish()?;
    Ok(checked)
}

/// Whether somebody may see a report, and in its company.
pub(super) fn may_see(actor: &Actor, kind: &ReportKind, company: Option<CompanyId>) -> bool {
    let scope = actor.scope(kind.permission);
    !scope.is_nowhere() && reaches(&scope, company)
}

/// That the actor holds a permission about reports where the report is about.
///
/// # Errors
/// Denied without it; `administration.report_company_unknown` where it does not reach.
pub(super) fn require(tx: &Tx, permission: Permission, company: Option<CompanyId>) -> Result<()> {
    if reaches(&tx.require(permission)?, company) {
        return Ok(());
    }
    Err(Fault::not_found(fault::REPORT_COMPANY_UNKNOWN)
        .at(["parameters", "company"])
        .into())
}

/// Whether a scope reaches a report of a company, or of no company in particular. A right in some
/// of its departments is left to the report itself, which shows those alone.
pub(super) fn reaches(scope: &Scope, company: Option<CompanyId>) -> bool {
    company.is_none() || scope.covers(company, None) || !scope.departments.is_empty()
}
