//! The routes of the door and the layers around them.

use super::{
    explorer,
    gate::{Door, Gate},
    headers, http,
    negotiate::Media,
    probes,
    refusal::Refusal,
    reply,
    visit::{self, Visit},
};
use axum::{
    BoxError, Extension, Router,
    error_handling::HandleErrorLayer,
    http::{HeaderName, HeaderValue, Method, header},
    middleware,
    response::Response,
    routing::{MethodRouter, get},
};
use std::{sync::Arc, time::Duration};
use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer, load_shed::LoadShedLayer};
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate, SizeAbove},
    },
    cors::{AllowOrigin, CorsLayer},
};

/// Answers below this many bytes are not worth compressing.
const COMPRESS_ABOVE: u16 = 1_024;
/// How long a browser may remember an answer about cross-origin requests.
const CORS_MAX_AGE: Duration = Duration::from_secs(600);

/// All that the door serves: `/graphql` (POST, GET, WebSocket, events), `/graphiql`,
/// `/schema.graphql`, `/livez`, `/readyz` and `/metrics`.
///
/// Load is shed outside the concurrency limit: the limit alone would let requests queue for ever.
pub fn router(door: Door) -> Router {
    let gate = Arc::new(door.into_gate());
    let settings = &gate.settings;
    let mut routes: Router<Arc<Gate>> = Router::new()
        .route("/graphql", graphql(settings.limits.concurrent_requests))
        .route("/schema.graphql", get(probes::schema));
    if settings.explorer {
        routes = routes.merge(explorer::routes());
    }
    if !settings.allowed_origins.is_empty() {
        routes = routes.layer(cors(&settings.allowed_origins));
    }
    let compressed = SizeAbove::new(COMPRESS_ABOVE).and(NotForContentType::SSE);
    routes
        .layer(CompressionLayer::new().gzip(true).compress_when(compressed))
        .route("/livez", get(probes::live))
        .route("/readyz", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .layer(middleware::from_fn(headers::secure))
        .layer(middleware::from_fn_with_state(
            settings.proxies,
            visit::announce,
        ))
        .with_state(gate)
}

fn graphql(at_once: usize) -> MethodRouter<Arc<Gate>> {
    get(http::get).post(http::post).layer(
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(overloaded))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(at_once)),
    )
}

async fn overloaded(Extension(visit): Extension<Visit>, _: BoxError) -> Response {
    reply::refused(Media::Json, &Refusal::overloaded(), &visit, None)
}

/// Origins of the settings alone, with credentials.
fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins
        .iter()
        .filter_map(|o| HeaderValue::from_str(o.trim_end_matches('/')).ok());
    let exposed = [
        "x-request-id",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
    ];
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("x-csrf"),
            HeaderName::from_static("x-csrf-token"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers(exposed.map(HeaderName::from_static))
        .allow_credentials(true)
        .max_age(CORS_MAX_AGE)
}
