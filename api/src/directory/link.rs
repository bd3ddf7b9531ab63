//! Links from one record to another: null where the viewer may not see what lies behind.

use async_graphql::{Context, Result};

use crate::call::Call;
use crate::loader::Noun;

/// The record of an id when the viewer holds the permission somewhere; what of it is visible the
/// domain decides.
pub async fn link<N: Noun>(
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
