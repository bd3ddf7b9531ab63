//! Writes answers: media type, status, rate and retry headers.

use super::{
    negotiate::Media,
    rate::Standing,
    refusal::{Refusal, Stage},
    settle::{Body, Settled, errors_body},
    visit::Visit,
};
use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Writes the response of an executed or refused document.
pub(super) fn settled(media: Media, mut settled: Settled, standing: Option<Standing>) -> Response {
    let extra = settled.take_headers();
    let status = document_status(media, settled.request_error);
    let mut response = written(media, status, &settled.body());
    for (name, value) in &extra {
        response.headers_mut().append(name, value.clone());
    }
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    response
}

/// Writes a refusal.
pub(super) fn refused(
    media: Media,
    refusal: &Refusal,
    visit: &Visit,
    standing: Option<Standing>,
) -> Response {
    let status = match refusal.stage {
        Stage::Request(status) => status,
        Stage::Document => document_status(media, true),
    };
    let error = refusal.error(visit.lang, &visit.id.0);
    let mut response = written(media, status, &errors_body(std::slice::from_ref(&error)));
    set(&mut response, header::CONTENT_LANGUAGE, visit.lang.code());
    if let Some(after) = refusal.retry_after_s {
        set(&mut response, header::RETRY_AFTER, &after.to_string());
    }
    if let Some(methods) = refusal.allow {
        set(&mut response, header::ALLOW, methods);
    }
    if status == StatusCode::UNAUTHORIZED {
        set(&mut response, header::WWW_AUTHENTICATE, "Bearer");
    }
    if let Some(standing) = standing {
        standing.write(response.headers_mut());
    }
    response
}

/// 400 for a bad document where the media type lets the status say so, else 200.
fn document_status(media: Media, request_error: bool) -> StatusCode {
    match (media, request_error) {
        (Media::GraphqlResponse | Media::EventStream, true) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    }
}

fn written(media: Media, status: StatusCode, body: &Body<'_>) -> Response {
    let media = if media == Media::EventStream {
        Media::Json
    } else {
        media
    };
    match serde_json::to_vec(body) {
        Ok(json) => (status, [(header::CONTENT_TYPE, media.content_type())], json).into_response(),
        Err(error) => {
            tracing::error!(%error, "A response could not be written as JSON");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
