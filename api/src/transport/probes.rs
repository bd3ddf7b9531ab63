//! What machines ask: whether the process lives, whether it can work, its metrics, its schema.

use super::gate::Gate;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{sync::Arc, time::Duration};

/// The longest that a readiness check may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /livez`: the process answers.
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: 200 when work can be done, else 503 with the reason.
pub(super) async fn ready(State(gate): State<Arc<Gate>>) -> Response {
    if gate.shutdown.has_begun() {
        return unavailable("shutting down");
    }
    match tokio::time::timeout(PATIENCE, (gate.ready)()).await {
        Ok(Ok(())) => "ok\n".into_response(),
        Ok(Err(reason)) => unavailable(&reason),
        Err(_) => unavailable("the readiness check takes too long"),
    }
}

/// `GET /metrics`: the text of the metrics in Prometheus's format; 404 when none are kept.
pub(super) async fn metrics(State(gate): State<Arc<Gate>>) -> Response {
    match &gate.metrics {
        Some(metrics) => {
            let kind = "text/plain; version=0.0.4; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], metrics()).into_response()
        }
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
