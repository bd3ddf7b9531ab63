//! Runs admitted requests on the schema: bounded in time, proof against panics, errors settled.

use super::{
    admission::Admitted,
    gate::Gate,
    limits::seconds,
    refusal::{Refusal, code},
    settle::{Settled, settle},
    visit::Visit,
};
use crate::turn::{in_turns, stream_in_turns};
use async_graphql::{
    ObjectType, Request, Response, Schema, SubscriptionType, ValidationMode,
    parser::types::OperationType,
};
use axum::http::StatusCode;
use futures::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use std::{any::Any, panic::AssertUnwindSafe, sync::Arc};

/// A schema of any type.
trait Engine: Send + Sync {
    fn run(&self, request: Request) -> BoxFuture<'_, Response>;
    fn open(&self, request: Request) -> BoxStream<'static, Response>;
}

impl<Q, M, S> Engine for Schema<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    fn run(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(self.execute(request))
    }

    fn open(&self, request: Request) -> BoxStream<'static, Response> {
        self.execute_stream(request)
    }
}

/// The schema twice: one that validates every document, and one for those that were validated.
pub(super) struct Engines {
    strict: Box<dyn Engine>,
    settled: Box<dyn Engine>,
    /// The schema in its own language.
    pub sdl: Arc<str>,
}

impl Engines {
    pub fn new<Q, M, S>(build: impl Fn(ValidationMode) -> Schema<Q, M, S>) -> Self
    where
        Q: ObjectType + 'static,
        M: ObjectType + 'static,
        S: SubscriptionType + 'static,
    {
        let strict = build(ValidationMode::Strict);
        let sdl = Arc::from(strict.sdl());
        let settled = Box::new(build(ValidationMode::Fast));
        Self {
            strict: Box::new(strict),
            settled,
            sdl,
        }
    }

    fn of(&self, admitted: &Admitted) -> &dyn Engine {
        if admitted.validated {
            self.settled.as_ref()
        } else {
            self.strict.as_ref()
        }
    }
}

/// Runs a query or a mutation.
pub(super) async fn run(
    gate: &Gate,
    visit: &Visit,
    admitted: Admitted,
) -> Result<Settled, Refusal> {
    let Admitted {
        validated,
        ref document,
        ..
    } = admitted;
    let document = Arc::clone(document);
    let work = in_turns(gate.engines.of(&admitted).run(admitted.request));
    let work = AssertUnwindSafe(work).catch_unwind();
    let limit = seconds(gate.settings.limits.request_s);
    let response = match tokio::time::timeout(limit, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => return Err(panicked(visit, panic.as_ref())),
        Err(_) => return Err(too_slow(visit, limit.as_secs())),
    };
    let settled = settle(response, visit, validated);
    if !settled.request_error {
        document.mark_valid();
    }
    Ok(settled)
}

/// Opens an operation of any kind as a stream; a query or mutation gives one item.
pub(super) fn open(
    gate: Arc<Gate>,
    visit: Visit,
    admitted: Admitted,
) -> BoxStream<'static, Result<Settled, Refusal>> {
    if admitted.kind != OperationType::Subscription {
        return stream::once(async move { run(&gate, &visit, admitted).await }).boxed();
    }
    let validated = admitted.validated;
    let document = Arc::clone(&admitted.document);
    let events = stream_in_turns(gate.engines.of(&admitted).open(admitted.request));
    AssertUnwindSafe(events)
        .catch_unwind()
        .map(move |event| {
            let response = event.map_err(|panic| panicked(&visit, panic.as_ref()))?;
            let settled = settle(response, &visit, validated);
            if !settled.request_error {
                document.mark_valid();
            }
            Ok(settled)
        })
        .boxed()
}

fn panicked(visit: &Visit, panic: &(dyn Any + Send)) -> Refusal {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let cause = text.unwrap_or("of unknown cause");
    tracing::error!(request.id = %visit.id.0, panic = cause, "A resolver panicked");
    Refusal::internal()
}

fn too_slow(visit: &Visit, limit_s: u64) -> Refusal {
    tracing::warn!(request.id = %visit.id.0, limit_s, "A request ran too long and was stopped");
    Refusal::request(
        StatusCode::GATEWAY_TIMEOUT,
        code::TIMEOUT,
        &format!("La petición ha pasado de {limit_s} s y se ha detenido."),
        &format!("The request took more than {limit_s} s and was stopped."),
    )
}
