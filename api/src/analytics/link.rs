//! Links to other domains' records: null where the viewer may not see what lies behind.

use async_graphql::{Context, Result};

use crate::call::Call;
use crate::loader::Noun;

/// The record of an id for a viewer who holds the permission somewhere; which ones they see there
/// is the domain's affair.
pub async fn link<N: Noun>(
    graph: &Context<'_>,
    permission: kernel::Permission,
    id: Option<N::Id>,
) -> Result<Option<N>> {
    let call = Call::of(graph)?;
    let id = id.filter(|_| call.actor().may(permission));
    call.load_some(id).await
}
