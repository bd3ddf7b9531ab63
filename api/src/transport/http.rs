//! GraphQL over HTTP: POST with JSON, GET for queries alone.

use super::{
    admission::{Admitted, Entrant},
    credentials::{Caller, Presented, Purpose},
    engine,
    gate::Gate,
    limits::seconds,
    negotiate::{self, Media, accepted, is_json},
    parameters::{Parameters, QueryString},
    rate::Standing,
    refusal::{Refusal, code},
    reply, socket, sse,
    visit::{ResumeAfter, Visit, check_key, text},
};
use async_graphql::parser::types::OperationType;
use axum::{
    Extension,
    body::{Body, to_bytes},
    extract::{Query, State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use std::sync::Arc;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A `POST`, the way for every operation.
pub(super) async fn post(
    State(gate): State<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let media = match accepted(&parts.headers) {
        Some(media) => media,
        None => return reply::refused(Media::Json, &not_acceptable(), &visit, None),
    };
    match read(&gate, &parts.headers, body).await {
        Ok(parameters) => serve(&gate, &visit, &parts, media, parameters).await,
        Err(refusal) => reply::refused(media, &refusal, &visit, None),
    }
}

/// A `GET`: a query, an event stream, a socket's handshake, or a browser that strayed here.
pub(super) async fn get(
    State(gate): State<Arc<Gate>>,
    Extension(visit): Extension<Visit>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Response {
    if let Ok(upgrade) = upgrade {
        return socket::open(gate, visit, &parts, upgrade);
    }
    if parts.uri.query().is_none() && negotiate::wants_page(&parts.headers) {
        return Redirect::to("/graphiql").into_response();
    }
    let Some(media) = accepted(&parts.headers) else {
        return reply::refused(Media::Json, &not_acceptable(), &visit, None);
    };
    let asked = Query::<QueryString>::try_from_uri(&parts.uri)
        .map_err(|_| Refusal::malformed("La URL no se entiende.", "The URL can't be read."))
        .and_then(|Query(asked)| Parameters::try_from(asked));
    match asked {
        Ok(parameters) => serve(&gate, &visit, &parts, media, parameters).await,
        Err(refusal) => reply::refused(media, &refusal, &visit, None),
    }
}

/// Lets a request in and answers it.
async fn serve(
    gate: &Arc<Gate>,
    visit: &Visit,
    parts: &Parts,
    media: Media,
    parameters: Parameters,
) -> Response {
    let streamed = media == Media::EventStream;
    let purpose = if streamed {
        Purpose::Connect
    } else {
        Purpose::Request
    };
    let caller = match identify(gate, visit, parts, purpose).await {
        Ok(caller) => caller,
        Err(refusal) => return reply::refused(media, &refusal, visit, None),
    };
    let resume_after = text(&parts.headers, &LAST_EVENT_ID).map(|id| ResumeAfter(Arc::from(id)));
    let mut entrant = Entrant {
        visit,
        caller: &caller,
        resume_after,
        standing: None,
    };
    let admitted = match admit(
        gate,
        &mut entrant,
        (&parts.method, &parts.headers),
        streamed,
        parameters,
    )
    .await
    {
        Ok(admitted) => admitted,
        Err(refusal) => return reply::refused(media, &refusal, visit, entrant.standing),
    };
    let standing = entrant.standing;
    if streamed {
        return sse::respond(gate, visit, parts, caller, admitted, standing);
    }
    answer(gate, visit, media, admitted, standing).await
}

async fn admit(
    gate: &Gate,
    entrant: &mut Entrant<'_>,
    (method, headers): (&Method, &HeaderMap),
    streamed: bool,
    parameters: Parameters,
) -> Result<Admitted, Refusal> {
    entrant.knock(gate)?;
    check_key(headers)?;
    let admitted = entrant.admit(gate, parameters).await?;
    match admitted.kind {
        OperationType::Mutation if method == Method::GET => Err(mutation_over_get()),
        OperationType::Subscription if !streamed => Err(subscription_over_http()),
        _ => Ok(admitted),
    }
}

async fn answer(
    gate: &Gate,
    visit: &Visit,
    media: Media,
    admitted: Admitted,
    standing: Option<Standing>,
) -> Response {
    match engine::run(gate, visit, admitted).await {
        Ok(settled) => reply::settled(media, settled, standing),
        Err(refusal) => reply::refused(media, &refusal, visit, standing),
    }
}

/// Who calls. A refused credential costs the address a unit, so that guessing is slow.
pub(super) async fn identify(
    gate: &Gate,
    visit: &Visit,
    parts: &Parts,
    purpose: Purpose,
) -> Result<Caller, Refusal> {
    let presented = Presented {
        headers: &parts.headers,
        method: &parts.method,
        init: None,
        peer: visit.peer,
        request_id: &visit.id.0,
        purpose,
    };
    match gate.credentials.identify(presented).await {
        Ok(caller) => Ok(caller),
        Err(refusal) => {
            gate.rates.charge(None, visit.peer, 1)?;
            Err(refusal.into())
        }
    }
}

/// Reads the body of a `POST` within its size and time.
async fn read(gate: &Gate, headers: &HeaderMap, body: Body) -> Result<Parameters, Refusal> {
    if !is_json(headers) {
        return Err(not_json());
    }
    let limits = &gate.settings.limits;
    let declared = text(headers, &header::CONTENT_LENGTH).and_then(|l| l.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large(limits.body_bytes));
    }
    let bytes = to_bytes(body, limits.body_bytes);
    match tokio::time::timeout(seconds(limits.body_s), bytes).await {
        Ok(Ok(bytes)) => Parameters::from_json(&bytes),
        Ok(Err(error)) if is_length(&error) => Err(too_large(limits.body_bytes)),
        Ok(Err(_)) => Err(Refusal::malformed(
            "El cuerpo de la petición se cortó.",
            "The body of the request was cut off.",
        )),
        Err(_) => Err(slow_body()),
    }
}

fn is_length(error: &axum::Error) -> bool {
    std::error::Error::source(error)
        .is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>())
}

fn not_json() -> Refusal {
    Refusal::request(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code::REQUEST,
        "Envíe la petición como application/json en UTF-8.",
        "Please send the request as application/json in UTF-8.",
    )
}

fn not_acceptable() -> Refusal {
    Refusal::request(
        StatusCode::NOT_ACCEPTABLE,
        code::REQUEST,
        "Se responde en application/graphql-response+json, application/json o text/event-stream.",
        "Answers come as application/graphql-response+json, application/json or text/event-stream.",
    )
}

fn too_large(limit: usize) -> Refusal {
    let refusal = Refusal::request(
        StatusCode::PAYLOAD_TOO_LARGE,
        code::BODY,
        &format!("El cuerpo de la petición pasa de {limit} bytes."),
        &format!("The body of the request exceeds {limit} bytes."),
    );
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    Refusal {
        limit: Some((limit, limit.saturating_add(1))),
        ..refusal
    }
}

fn slow_body() -> Refusal {
    Refusal::request(
        StatusCode::REQUEST_TIMEOUT,
        code::TIMEOUT,
        "El cuerpo de la petición tardó demasiado en llegar.",
        "The body of the request took too long to arrive.",
    )
}

fn mutation_over_get() -> Refusal {
    let refusal = Refusal::request(
        StatusCode::METHOD_NOT_ALLOWED,
        code::REQUEST,
        "Por GET solo se admiten consultas; use POST.",
        "Only queries are allowed over GET; please use POST.",
    );
    Refusal {
        allow: Some("POST"),
        ..refusal
    }
}

fn subscription_over_http() -> Refusal {
    Refusal::document(
        code::REQUEST,
        "Las suscripciones van por WebSocket o con Accept: text/event-stream.".to_owned(),
        "Subscriptions go by WebSocket or with Accept: text/event-stream.".to_owned(),
    )
}
