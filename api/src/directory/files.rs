//! The bytes of files over plain HTTP: put once at a signed path, fetched through a signed link.
//!
//! What is served is an attachment, whatever it is: nothing of it runs or shows itself in a page.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use directory::file::{FileStore, MAX_BYTES, open, receive};
use kernel::{Error, Fault, Locale, UserErrorCode};
use tokio::sync::Semaphore;

use crate::core::SharedCore;
use crate::credentials::asked_locale;
use crate::directory::attachment::ATTACHABLE;

/// Uploads in memory at once.
const AT_ONCE: usize = 8;
/// Time for the bytes of an upload to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
/// A file runs nothing, loads nothing and is framed by nobody.
const INERT: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

#[derive(Clone)]
struct Shelf {
    core: SharedCore,
    room: Arc<Semaphore>,
}

/// The routes `PUT /uploads/{ticket}` and `GET /files/{ticket}`, to be merged into the server's.
pub fn routes(core: SharedCore) -> Router {
    let shelf = Shelf {
        core,
        room: Arc::new(Semaphore::new(AT_ONCE)),
    };
    Router::new()
        .route("/uploads/{ticket}", put(take_in))
        .route("/files/{ticket}", get(hand_out))
        .with_state(shelf)
}

async fn take_in(
    State(shelf): State<Shelf>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let locale = locale(&headers);
    let Ok(_seat) = shelf.room.try_acquire() else {
        return busy(&shelf, locale);
    };
    let too_large = || Fault::invalid("directory.file_too_large").with("most", MAX_BYTES >> 20);
    let bytes = match tokio::time::timeout(PATIENCE, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => {
            return said(
                &shelf,
                locale,
                StatusCode::PAYLOAD_TOO_LARGE,
                &[too_large()],
            );
        }
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let put = async {
        let store = shelf.core.services.get::<FileStore>()?;
        receive(&shelf.core.db, &store, &ticket, bytes).await
    };
    match put.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&shelf, locale, &error),
    }
}

async fn hand_out(
    State(shelf): State<Shelf>,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Response {
    let fetched = async {
        let store = shelf.core.services.get::<FileStore>()?;
        open(&shelf.core.db, &store, ATTACHABLE, &ticket).await
    };
    let download = match fetched.await {
        Ok(download) => download,
        Err(error) => return refused(&shelf, locale(&headers), &error),
    };
    let mut response = Body::from(download.bytes).into_response();
    let name = format!(
        "attachment; filename*=UTF-8''{}",
        percent(&download.file.name)
    );
    for (header, value) in [
        (header::CONTENT_TYPE, download.file.media_type.as_str()),
        (header::CONTENT_DISPOSITION, name.as_str()),
        (header::CONTENT_SECURITY_POLICY, INERT),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "private, no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(header, value);
        }
    }
    response
}

fn locale(headers: &HeaderMap) -> Locale {
    asked_locale(headers).unwrap_or(Locale::Es)
}

fn busy(shelf: &Shelf, locale: Locale) -> Response {
    refused(
        shelf,
        locale,
        &Error::Unavailable("uploads: no room".to_owned()),
    )
}

/// An error in the shape that GraphQL's errors have.
fn refused(shelf: &Shelf, locale: Locale, error: &Error) -> Response {
    match error {
        Error::Refused(faults) => said(
            shelf,
            locale,
            faults.first().map_or(StatusCode::BAD_REQUEST, status),
            faults,
        ),
        Error::Unavailable(what) => {
            tracing::warn!(what, "A file could not be served now.");
            let fault = Fault::new(UserErrorCode::LimitExceeded, "kernel.unavailable");
            let mut response = said(shelf, locale, StatusCode::SERVICE_UNAVAILABLE, &[fault]);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
        other => {
            tracing::error!(error = %other.summary(), "A file could not be served.");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn status(fault: &Fault) -> StatusCode {
    match fault.code {
        UserErrorCode::NotFound => StatusCode::NOT_FOUND,
        UserErrorCode::NotAllowed | UserErrorCode::Conflict => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn said(shelf: &Shelf, locale: Locale, status: StatusCode, faults: &[Fault]) -> Response {
    let errors: Vec<serde_json::Value> = faults
        .iter()
        .map(|fault| {
            serde_json::json!({
                "message": shelf.core.speaker.fault(locale, fault),
                "extensions": { "code": fault.code, "reason": fault.reason },
            })
        })
        .collect();
    (status, Json(serde_json::json!({ "errors": errors }))).into_response()
}

/// A name as RFC 8187 wants it: letters and digits as they are, every other byte as `%XX`.
fn percent(name: &str) -> String {
    name.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_breaks_out_of_its_header() {
        assert_eq!(percent("nómina \"1\".pdf"), "n%C3%B3mina%20%221%22.pdf");
        assert_eq!(percent("a\r\nb;c"), "a%0D%0Ab%3Bc");
    }
}
