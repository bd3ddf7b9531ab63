//! One visit to the door: request id, trace, language and address, known before anything is read.

use super::{lang::Lang, refusal::Refusal};
use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};
use tracing::Instrument;
use uuid::Uuid;

/// The header that carries a request's id in both directions.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest idempotency key that is taken, in bytes.
const LONGEST_KEY: usize = 255;
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The id of a request, in its log lines, its errors and its `x-request-id` header. Request data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// A W3C `traceparent` header as the caller sent it, of valid shape. Request data when present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(pub Arc<str>);

/// The cursor after which a client that reconnects wants to go on (`Last-Event-ID`). Request data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumeAfter(pub Arc<str>);

/// The key by which a client may send the same mutation twice and have it done once: the header
/// `Idempotency-Key`, or `extensions.idempotencyKey`. Request data when present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(pub Arc<str>);

/// What is known of a request from its first bytes.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The request's id; each message on a socket has its own.
    pub id: RequestId,
    /// The trace that the caller began.
    pub trace: Option<TraceParent>,
    /// The language of its messages.
    pub lang: Lang,
    /// The caller's address.
    pub peer: Option<IpAddr>,
    /// The key of a repeatable mutation.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Whether it is for a stream of events, which outlives every transaction.
    pub is_stream: bool,
}

impl Visit {
    fn of(request: &Request, proxies: usize) -> Self {
        let headers = request.headers();
        let socket = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let near = socket.map(|ConnectInfo(address)| address.ip());
        Self {
            id: RequestId(request_id(headers)),
            trace: traceparent(headers),
            lang: Lang::accepted(text(headers, &header::ACCEPT_LANGUAGE)),
            peer: forwarded(headers, proxies).or(near),
            idempotency_key: text(headers, &IDEMPOTENCY_KEY).and_then(IdempotencyKey::read),
            is_stream: false,
        }
    }

    /// Puts what is known into the request's data.
    pub(super) fn tell(&self, request: &mut async_graphql::Request) {
        request.data.insert(self.id.clone());
        request.data.insert(self.lang);
        if let Some(trace) = self.trace.clone() {
            request.data.insert(trace);
        }
        if let Some(key) = self.idempotency_key.clone() {
            request.data.insert(key);
        }
    }

    /// The visit of one message on a socket: its own id, the socket's language and address.
    pub(super) fn of_message(&self) -> Self {
        Self {
            id: RequestId(fresh_id()),
            idempotency_key: None,
            ..self.clone()
        }
    }
}

impl IdempotencyKey {
    /// A key of sane length.
    pub(super) fn read(key: &str) -> Option<Self> {
        let key = key.trim();
        (1..=LONGEST_KEY)
            .contains(&key.len())
            .then(|| Self(Arc::from(key)))
    }
}

/// That the header of an idempotency key, where there is one, holds a key: a mutation whose key was
/// passed over would run without its protection.
pub(super) fn check_key(headers: &HeaderMap) -> Result<(), Refusal> {
    let sent = headers.contains_key(IDEMPOTENCY_KEY);
    if sent
        && text(headers, &IDEMPOTENCY_KEY)
            .and_then(IdempotencyKey::read)
            .is_none()
    {
        return Err(Refusal::malformed(
            "La cabecera Idempotency-Key debe tener de 1 a 255 caracteres ASCII.",
            "The header Idempotency-Key must have 1 to 255 ASCII characters.",
        ));
    }
    Ok(())
}

/// Announces the requests of routes beside the door as its own are: id, trace, language, address
/// (behind so many proxies of ours) and the time they take.
pub fn announced(routes: Router, proxies: usize) -> Router {
    routes.layer(from_fn_with_state(proxies, announce))
}

/// Gives every request its [`Visit`], a tracing span, and the id in the response's header.
pub(super) async fn announce(
    State(proxies): State<usize>,
    mut request: Request,
    next: Next,
) -> Response {
    let visit = Visit::of(&request, proxies);
    let span = tracing::info_span!(
        "request",
        request.id = %visit.id.0,
        http.method = %request.method(),
        http.path = %request.uri().path(),
    );
    if let Some(TraceParent(parent)) = &visit.trace {
        kernel::trace::adopt(&span, parent);
    }
    let began = std::time::Instant::now();
    let id = HeaderValue::from_str(&visit.id.0).ok();
    request.extensions_mut().insert(visit);
    let mut response = next.run(request).instrument(span).await;
    metrics::histogram!("trastienda_http_seconds", "status" => response.status().as_str().to_owned())
        .record(began.elapsed());
    if let Some(id) = id {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A header as text, when it is there and readable.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The caller's id for the request when it is short and plain, else a new one.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match text(headers, &REQUEST_ID) {
        Some(id) if (8..=64).contains(&id.len()) && id.chars().all(plain) => Arc::from(id),
        _ => fresh_id(),
    }
}

fn fresh_id() -> Arc<str> {
    Arc::from(Uuid::now_v7().to_string())
}

fn traceparent(headers: &HeaderMap) -> Option<TraceParent> {
    let value = text(headers, &TRACEPARENT)?;
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    let hex = value
        .chars()
        .all(|c| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c));
    (hex && lengths == [2, 32, 16, 2]).then(|| TraceParent(Arc::from(value)))
}

/// The address that the outermost of our own proxies saw.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let back = proxies.checked_sub(1)?;
    let chain: Vec<&str> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    chain.iter().rev().nth(back)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(name, HeaderValue::from_str(value).unwrap());
        map
    }

    #[test]
    fn only_a_sane_request_id_is_kept() {
        assert_eq!(
            &*request_id(&headers("x-request-id", "abc-123_456")),
            "abc-123_456"
        );
        for odd in ["short", "has space in it", "quote\"quote", &"x".repeat(65)] {
            let id = request_id(&headers("x-request-id", odd));
            assert!(Uuid::parse_str(&id).is_ok(), "{odd}");
        }
    }

    #[test]
    fn a_traceparent_has_its_shape() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(traceparent(&headers("traceparent", good)).is_some());
        assert!(traceparent(&headers("traceparent", "00-xyz-1-01")).is_none());
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        let map = headers("x-forwarded-for", "6.6.6.6, 10.0.0.9, 192.0.2.7");
        assert_eq!(forwarded(&map, 0), None);
        assert_eq!(forwarded(&map, 1), "192.0.2.7".parse().ok());
        assert_eq!(forwarded(&map, 2), "10.0.0.9".parse().ok());
        assert_eq!(forwarded(&map, 9), None);
    }
}
