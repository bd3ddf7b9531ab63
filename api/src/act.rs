//! Mutations: one act of the domain in one transaction, with rehearsal and idempotency.

use async_graphql::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::idempotency::{Claim, body_hash, claim, keep};
use kernel::ids::{OrganisationId, UserId};
use kernel::{Fault, Tx};

use crate::call::Call;
use crate::failure::{self, UserError};
use crate::idempotent::context_of;
use crate::loader::Noun;

/// What a mutation gives: the record it touched, or what a person can mend.
pub trait Payload: Sized + Send {
    /// The record.
    type Record: Send + 'static;

    /// A payload with a record.
    fn done(record: Self::Record) -> Self;

    /// A payload with what was refused.
    fn refused(errors: Vec<UserError>) -> Self;

    /// The payload of a refusal because the caller's record is stale, with the record as it is now.
    fn beside(self, _current: &Current<'_>) -> impl Future<Output = Self> + Send {
        futures::future::ready(self)
    }
}

/// The records that a refused input was about, as they are now.
pub struct Current<'c> {
    call: &'c Call,
    input: serde_json::Value,
}

impl Current<'_> {
    /// The record of a kind, as far as the caller may see it: the one that the input names, by
    /// `id` before others; or the caller's own organisation or user, where it names none.
    pub async fn of<N: Noun>(&self) -> Option<N> {
        let id = self.named::<N::Id>().or_else(|| self.own::<N::Id>())?;
        self.load(id).await
    }

    /// The record of an id, as far as the caller may see it.
    pub async fn load<N: Noun>(&self, id: N::Id) -> Option<N> {
        self.call.load::<N>(id).await.ok().flatten()
    }

    fn named<I: TypedId>(&self) -> Option<I> {
        let fields = self.input.get("input")?.as_object()?;
        let first = fields.get("id").into_iter();
        let mut texts = first.chain(fields.values()).filter_map(|it| it.as_str());
        texts.find_map(kernel::id::parse::<I>)
    }

    fn own<I: TypedId>(&self) -> Option<I> {
        let actor = self.call.actor();
        if I::PREFIX == OrganisationId::PREFIX {
            return Some(I::from_uuid(actor.organisation.uuid()));
        }
        let user = actor
            .principal
            .user()
            .filter(|_| I::PREFIX == UserId::PREFIX);
        user.map(|user| I::from_uuid(user.uuid()))
    }
}

/// A record whose reply can be kept under an idempotency key and given again.
pub trait Kept: Sized + Send + 'static {
    /// What is kept.
    fn kept(&self) -> serde_json::Value;

    /// The record of what was kept, as it is now.
    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>>;

    /// The record that a refused input was about, as it is now; `None` for what is no one record.
    fn current<'c>(_current: &'c Current<'_>) -> BoxFuture<'c, Option<Self>> {
        futures::future::ready(None).boxed()
    }
}

impl<N: Noun> Kept for N {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.key().uuid())
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let gone = || Fault::not_found("kernel.not_found");
            let id = serde_json::from_value(kept.clone())?;
            let found = N::by_ids(tx, &[N::Id::from_uuid(id)]).await?;
            Ok(found.into_iter().next().ok_or_else(gone)?)
        }
        .boxed()
    }

    fn current<'c>(current: &'c Current<'_>) -> BoxFuture<'c, Option<Self>> {
        current.of::<Self>().boxed()
    }
}

/// Two records of one act.
impl<A: Kept, B: Kept> Kept for (A, B) {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!([self.0.kept(), self.1.kept()])
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let part = |index: usize| kept.get(index).cloned().unwrap_or_default();
            let (first, second) = (part(0), part(1));
            Ok((A::again(tx, &first).await?, B::again(tx, &second).await?))
        }
        .boxed()
    }
}

/// Performs an act: commits it, or with `dry_run` rolls it back and tells what would have been.
/// With an idempotency key the same input again gives the same record and does nothing.
pub async fn act<P, F>(graph: &Context<'_>, dry_run: bool, act: F) -> Result<P>
where
    P: Payload,
    P::Record: Kept,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, kernel::Result<P::Record>> + Send,
{
    let call = Call::of(graph)?;
    let operation = graph.field().name().to_owned();
    let context = context_of(graph)?;
    let key = context.idempotency_key.clone().filter(|_| !dry_run);
    let hash = match &key {
        Some(_) => body_hash(&input_of(graph)?),
        None => Vec::new(),
    };
    let begun = call.core().db.begin(&context).await;
    let mut tx = begun.map_err(|error| failure::of(call, error))?;
    let outcome = once(&mut tx, &operation, key, &hash, act).await;
    let ended = if outcome.is_ok() && !dry_run {
        tx.commit().await
    } else {
        tx.rollback().await
    };
    conclude(graph, outcome.and_then(|record| ended.map(|()| record))).await
}

/// The payload of an outcome: refusals become data, beside the record as it is now where the
/// caller's version of it is stale; the rest is a top-level error.
pub async fn conclude<P: Payload>(
    graph: &Context<'_>,
    outcome: kernel::Result<P::Record>,
) -> Result<P> {
    let call = Call::of(graph)?;
    let stale = outcome.as_ref().is_err_and(is_stale);
    let payload = settle::<P>(call, outcome)?;
    if !stale {
        return Ok(payload);
    }
    let input = input_of(graph)?;
    Ok(payload.beside(&Current { call, input }).await)
}

/// That an act which pays or which acts in bulk has an idempotency key, so that a caller who never
/// got the answer can ask again; a rehearsal needs none.
pub fn require_key(graph: &Context<'_>, dry_run: bool) -> Result<kernel::Result<()>> {
    if dry_run || context_of(graph)?.idempotency_key.is_some() {
        return Ok(Ok(()));
    }
    Ok(Err(Fault::invalid("kernel.idempotency_key_invalid").into()))
}

fn is_stale(error: &kernel::Error) -> bool {
    let stale = |fault: &Fault| fault.code == kernel::UserErrorCode::Stale;
    matches!(error, kernel::Error::Refused(faults) if faults.iter().any(stale))
}

async fn once<R, F>(
    tx: &mut Tx,
    operation: &str,
    key: Option<String>,
    hash: &[u8],
    act: F,
) -> kernel::Result<R>
where
    R: Kept,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, kernel::Result<R>> + Send,
{
    let Some(key) = key else { return act(tx).await };
    match claim(tx, operation, &key, hash).await? {
        Claim::Replay(kept) => R::again(tx, &kept).await,
        Claim::Fresh => {
            let record = act(tx).await?;
            keep(tx, operation, &key, &record.kept()).await?;
            Ok(record)
        }
    }
}

/// The payload of an outcome whose input names no version: refusals become data, the rest a
/// top-level error.
pub fn settle<P: Payload>(call: &Call, outcome: kernel::Result<P::Record>) -> Result<P> {
    match outcome {
        Ok(record) => Ok(P::done(record)),
        Err(error) => match failure::user_errors(call, error) {
            Ok(errors) => Ok(P::refused(errors)),
            Err(error) => Err(failure::of(call, error)),
        },
    }
}

/// The arguments of the mutation as JSON: what an idempotency key stands for.
fn input_of(graph: &Context<'_>) -> Result<serde_json::Value> {
    let mut input = serde_json::Map::new();
    for (name, value) in graph.field().arguments()? {
        input.insert(name.to_string(), value.into_json()?);
    }
    Ok(serde_json::Value::Object(input))
}

/// Declares the payload of a mutation that gives one record.
///
/// `payload! { /// What hiring gives. EmployeeHirePayload { /// The employee. employee: Employee } }`
#[macro_export]
macro_rules! payload {
    ($($(#[$meta:meta])* $name:ident { $(#[$field_meta:meta])* $field:ident: $record:ty })*) => {$(
        $(#[$meta])*
        #[derive(async_graphql::SimpleObject)]
        pub struct $name {
            $(#[$field_meta])*
            $field: Option<$record>,
            /// What a person can mend; empty when it was done.
            user_errors: Vec<$crate::failure::UserError>,
        }

        impl $crate::act::Payload for $name {
            type Record = $record;

            fn done(record: $record) -> Self {
                Self { $field: Some(record), user_errors: Vec::new() }
            }

            fn refused(user_errors: Vec<$crate::failure::UserError>) -> Self {
                Self { $field: None, user_errors }
            }

            async fn beside(self, current: &$crate::act::Current<'_>) -> Self {
                let current = <$record as $crate::act::Kept>::current(current).await;
                Self { $field: current, ..self }
            }
        }
    )*};
}
