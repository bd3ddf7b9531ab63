//! What machines ask: whether the process lives, whether it can work, its metrics, its schema.

use super::{
    gate::{Gate, Ready},
    shutdown::Shutdown,
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// The longest that a readiness check may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// `/livez`, `/readyz` and `/metrics` of a process that serves nothing else. `ready` says what is
/// amiss though work can be done, or why it can't; `metrics` renders the text of Prometheus.
pub fn probes(
    ready: impl Fn() -> BoxFuture<'static, Result<Vec<String>, String>> + Send + Sync + 'static,
    metrics: impl Fn() -> String + Send + Sync + 'static,
    shutdown: Shutdown,
) -> Router {
    let (ready, metrics): (Arc<Ready>, _) = (Arc::new(ready), Arc::new(metrics));
    let readiness = move || {
        let (ready, shutdown) = (ready.clone(), shutdown.clone());
        async move { readiness(&ready, &shutdown).await }
    };
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(readiness))
        .route("/metrics", get(move || async move { rendered(metrics()) }))
}

/// `GET /livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when work can be done, with what is amiss meanwhile; else 503 with the reason.
pub(super) async fn ready(State(gate): State<Arc<Gate>>) -> Response {
    readiness(&gate.ready, &gate.shutdown).await
}

async fn readiness(ready: &Arc<Ready>, shutdown: &Shutdown) -> Response {
    if shutdown.has_begun() {
        return unavailable("shutting down");
    }
    match tokio::time::timeout(PATIENCE, ready()).await {
        Ok(Ok(amiss)) if amiss.is_empty() => "ok\n".into_response(),
        Ok(Ok(amiss)) => format!("degraded\n{}\n", amiss.join("\n")).into_response(),
        Ok(Err(reason)) => unavailable(&reason),
        Err(_) => unavailable("the readiness check takes too long"),
    }
}

fn rendered(text: String) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// `GET /metrics`: the text of the metrics in Prometheus's format; 404 when none are kept.
pub(super) async fn metrics(State(gate): State<Arc<Gate>>) -> Response {
    match &gate.metrics {
        Some(metrics) => rendered(metrics()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /schema.graphql`: the schema in its own language, where introspection is allowed.
pub(super) async fn schema(State(gate): State<Arc<Gate>>) -> Response {
    if !gate.settings.introspection {
        return StatusCode::NOT_FOUND.into_response();
    }
    let kind = "application/graphql; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], gate.engines.sdl.to_string()).into_response()
}

fn unavailable(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}
