//! Links to records of other domains: null where the viewer may not see what lies behind.

use async_graphql::{Context, Result};
use directory::permission::{COMPANY_READ, DEPARTMENT_READ};
use kernel::ids::{CompanyId, DepartmentId};

use crate::call::Call;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::loader::Noun;

/// The company of a record.
pub async fn company(graph: &Context<'_>, id: CompanyId) -> Result<Option<Company>> {
    reachable(graph, COMPANY_READ, Some(id)).await
}

/// The department of a record.
pub async fn department(
    graph: &Context<'_>,
    id: Option<DepartmentId>,
) -> Result<Option<Department>> {
    reachable(graph, DEPARTMENT_READ, id).await
}

/// The record of an id when the viewer holds the permission somewhere; what of it is visible the
/// domain decides.
pub async fn reachable<N: Noun>(
    graph: &Context<'_>,
    permission: kernel::Permission,
    id: Option<N::Id>,
) -> Result<Option<N>> {
    let call = Call::of(graph)?;
    if !call.actor().may(permission) {
        return Ok(None);
    }
    call.load_some(id).await
}
