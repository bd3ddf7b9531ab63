//! Acts whose input holds a secret: what an idempotency key keeps of it is sealed by the keys of
//! the installation, so that the database alone can't be used to guess a password.

use async_graphql::{Context, Result};
use directory::Keys;
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::idempotency::{Claim, claim, keep};

use crate::act::{Kept, Payload, conclude};
use crate::call::Call;
use crate::failure;
use crate::idempotent::context_of;

/// Performs an act with the keys of the installation. With an idempotency key the same input again
/// gives the same record and does nothing.
pub async fn sealed_act<P, F>(graph: &Context<'_>, act: F) -> Result<P>
where
    P: Payload,
    P::Record: Kept,
    F: for<'t> FnOnce(&'t mut Tx, &'t Keys) -> BoxFuture<'t, kernel::Result<P::Record>> + Send,
{
    let call = Call::of(graph)?;
    let keys = call
        .core()
        .services
        .get::<Keys>()
        .map_err(|error| failure::of(call, error))?;
    let context = context_of(graph)?;
    let mark = match &context.idempotency_key {
        Some(key) => Some((key.clone(), sealed_input(graph, &keys)?)),
        None => None,
    };
    let operation = graph.field().name().to_owned();
    let begun = call.core().db.begin(&context).await;
    let mut tx = begun.map_err(|error| failure::of(call, error))?;
    let outcome = once(&mut tx, &keys, &operation, mark, act).await;
    let ended = if outcome.is_ok() {
        tx.commit().await
    } else {
        tx.rollback().await
    };
    conclude(graph, outcome.and_then(|record| ended.map(|()| record))).await
}

async fn once<R, F>(
    tx: &mut Tx,
    keys: &Keys,
    operation: &str,
    mark: Option<(String, Vec<u8>)>,
    act: F,
) -> kernel::Result<R>
where
    R: Kept,
    F: for<'t> FnOnce(&'t mut Tx, &'t Keys) -> BoxFuture<'t, kernel::Result<R>> + Send,
{
    let Some((key, hash)) = mark else {
        return act(tx, keys).await;
    };
    match claim(tx, operation, &key, &hash).await? {
        Claim::Replay(kept) => R::again(tx, &kept).await,
        Claim::Fresh => {
            let record = act(tx, keys).await?;
            keep(tx, operation, &key, &record.kept()).await?;
            Ok(record)
        }
    }
}

fn sealed_input(graph: &Context<'_>, keys: &Keys) -> Result<Vec<u8>> {
    let mut input = serde_json::Map::new();
    for (name, value) in graph.field().arguments()? {
        input.insert(name.to_string(), value.into_json()?);
    }
    let input = serde_json::Value::Object(input).to_string();
    let hash = kernel::idempotency::body_hash(&keys.sign(&["idempotency", &input]).into());
    Ok(hash)
}

/// What an act leaves when it took something away: the record it belonged to, and the id that is
/// gone.
#[derive(Clone)]
pub struct Removed<N, I> {
    /// The record it belonged to, as far as it may be seen.
    pub owner: Option<N>,
    /// The id that is gone.
    pub gone: I,
}

impl<N: Kept + Sync, I: kernel::id::TypedId> Kept for Removed<N, I> {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!([self.owner.as_ref().map(Kept::kept), self.gone.uuid()])
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let part = |index: usize| kept.get(index).cloned().unwrap_or_default();
            let (owner, gone) = (part(0), serde_json::from_value(part(1))?);
            let owner = if owner.is_null() {
                None
            } else {
                Some(N::again(tx, &owner).await?)
            };
            Ok(Self {
                owner,
                gone: I::from_uuid(gone),
            })
        }
        .boxed()
    }
}
