//! Who a report may go to: users of the organisation who may see it themselves.

use kernel::ids::{CompanyId, UserId};
use kernel::report::ReportKind;
use kernel::{Actor, Fault, Faults, Result, Tx};

use crate::fault;
use crate::reader::{self, Reader};

/// Readers of one report at most.
pub(super) const MOST: usize = 100;

/// The users as readers, each of whom may see the report in its company now.
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
    match company {
        _ if scope.is_nowhere() => false,
        Some(_) => scope.covers(company, None) || !scope.departments.is_empty(),
        None => true,
    }
}
