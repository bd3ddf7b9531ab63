//! The key by which a mutation may be sent twice and is done once: of its field, or of the request.

use std::sync::Arc;

use async_graphql::{Context as Graph, CustomDirective, Directive, Result, Value};
use kernel::Context;

use crate::call::Call;

struct Idempotent;

impl CustomDirective for Idempotent {}

/// Does a mutation once, however often it is sent with this key: the same input again gives the
/// same record, another input is a conflict. It goes before the key of the whole request, the
/// header `Idempotency-Key`. Keys are of 8 to 200 characters and kept for 7 days.
#[Directive(location = "Field")]
pub fn idempotent(
    #[graphql(desc = "The key; a UUID will do.")] key: String,
) -> impl CustomDirective {
    // What acts asks for its key itself: see `context_of`.
    drop(key);
    Idempotent
}

/// The context in which a mutation's field acts: the request's, with the field's own key if it has
/// one.
pub fn context_of(graph: &Graph<'_>) -> Result<Arc<Context>> {
    let context = Call::of(graph)?.context();
    let directives = graph.field().directives()?;
    let own = directives.iter().find(|it| it.name.node == "idempotent");
    match own.and_then(|directive| directive.get_argument("key")) {
        Some(key) => Ok(Arc::new(Context {
            idempotency_key: match &key.node {
                Value::String(key) => Some(key.clone()),
                _ => None,
            },
            ..(**context).clone()
        })),
        None => Ok(context.clone()),
    }
}
