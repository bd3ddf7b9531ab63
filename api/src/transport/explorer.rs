//! The explorer at `/graphiql`: GraphiQL from files inside the program, so that it works offline.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

const PAGE: &[u8] = include_bytes!("../../assets/graphiql/index.html");
const SCRIPT: &[u8] = include_bytes!("../../assets/graphiql/explorer.js");
const STYLE: &[u8] = include_bytes!("../../assets/graphiql/explorer.css");
const LICENSES: &[u8] = include_bytes!("../../assets/graphiql/LICENSES.txt");

/// Only our own script runs. Its editor sets styles on elements, which needs `unsafe-inline`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The explorer's page and files.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/graphiql", get(|| async { page() }))
        .route(
            "/graphiql/explorer.js",
            file(SCRIPT, "text/javascript; charset=utf-8"),
        )
        .route(
            "/graphiql/explorer.css",
            file(STYLE, "text/css; charset=utf-8"),
        )
        .route(
            "/graphiql/LICENSES.txt",
            file(LICENSES, "text/plain; charset=utf-8"),
        )
}

fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, PAGE).into_response()
}

/// A file whose tag changes with the program, so that browsers ask only whether it did.
fn file<S: Clone + Send + Sync + 'static>(
    bytes: &'static [u8],
    kind: &'static str,
) -> axum::routing::MethodRouter<S> {
    get(move |headers: HeaderMap| async move {
        let tag = format!("\"{}-{}\"", env!("CARGO_PKG_VERSION"), bytes.len());
        let known = headers
            .get(header::IF_NONE_MATCH)
            .is_some_and(|seen| seen == tag.as_str());
        let mut response = match known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        response
    })
}
