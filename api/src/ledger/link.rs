//! Links from the ledger's records to others: null where the viewer may not see what lies behind.

use async_graphql::{Context, Result};
use directory::permission::{COMPANY_READ, DEPARTMENT_READ, USER_READ};
use kernel::Permission;
use kernel::ids::{CompanyId, DepartmentId, UserId};
use ledger::permission::ACCOUNT_READ;

use crate::call::Call;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::user::User;
use crate::loader::Noun;

/// The record of an id when the viewer holds the permission somewhere; what of it is visible the
/// domain decides.
async fn link<N: Noun>(
    graph: &Context<'_>,
    permission: Permission,
    id: Option<N::Id>,
) -> Result<Option<N>> {
    let call = Call::of(graph)?;
    if !call.actor().may(permission) {
        return Ok(None);
    }
    call.load_some(id).await
}

/// A company.
pub async fn company(graph: &Context<'_>, id: CompanyId) -> Result<Option<Company>> {
    link(graph, COMPANY_READ, Some(id)).await
}

/// A department.
pub async fn department(
    graph: &Context<'_>,
    id: Option<DepartmentId>,
) -> Result<Option<Department>> {
    link(graph, DEPARTMENT_READ, id).await
}

/// A user.
pub async fn user(graph: &Context<'_>, id: Option<UserId>) -> Result<Option<User>> {
    link(graph, USER_READ, id).await
}

/// An account, journal, year or period: what `ledger.account.read` shows.
pub async fn set_up<N: Noun>(graph: &Context<'_>, id: Option<N::Id>) -> Result<Option<N>> {
    link(graph, ACCOUNT_READ, id).await
}

/// The fields of a company's record that the viewer lacks the permission for.
pub fn redacted(
    graph: &Context<'_>,
    company: CompanyId,
    guarded: &[(Permission, &'static str)],
) -> Result<Vec<&'static str>> {
    let actor = Call::of(graph)?.actor();
    let hidden = guarded.iter().filter(|(permission, _)| {
        let scope = actor.scope(permission);
        // Departments are seen one by one: whoever sees some may see this one.
        !scope.covers(Some(company), None) && scope.departments.is_empty()
    });
    Ok(hidden.map(|(_, field)| *field).collect())
}
