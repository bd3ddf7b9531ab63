//! Where a provider sends browsers back to: a page of ours that ends the log-in.
//!
//! The session's cookie is `SameSite=Strict`, so this answers with a page that moves on by itself
//! rather than with a redirect: the request that a redirect makes would still count as coming from
//! the provider's site, and be without the cookie. Where the second factor is missing, the page asks
//! for it.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use directory::oidc::{CALLBACK, Finish, Landing};
use directory::secret::Sensitive;
use directory::session::ABSOLUTE_HOURS;
use kernel::{Error, Fault, Locale};
use serde::Deserialize;

use super::identity_login::finish;
use crate::core::SharedCore;
use crate::credentials::CallBase;
use crate::transport::Visit;

/// The page runs nothing, loads nothing, and sends its form to us alone.
const POLICY: &str = "default-src 'none'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// The route of the callback, to be merged into the server's.
pub fn routes(core: SharedCore) -> Router {
    Router::new()
        .route(CALLBACK, get(arrive).post(prove))
        .with_state(core)
}

/// What a provider sends back in the address.
#[derive(Deserialize)]
struct Arrival {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
}

/// What the page's own form sends.
#[derive(Deserialize)]
struct Proof {
    totp: String,
}

/// The user is back from the provider.
async fn arrive(
    State(core): State<SharedCore>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Query(arrival): Query<Arrival>,
) -> Response {
    let base = CallBase::of_visit(&core, &headers, &visit);
    let back = Finish {
        code: arrival.code,
        state: arrival.state.unwrap_or_default(),
        kept_state: base.state.as_deref().unwrap_or_default().to_owned(),
        issuer: arrival.iss,
        totp: None,
    };
    answer(&base, back).await
}

/// The user has typed the code of the second factor. The cookie alone says of which log-in: a form
/// of another site comes without it.
async fn prove(
    State(core): State<SharedCore>,
    Extension(visit): Extension<Visit>,
    headers: HeaderMap,
    Form(proof): Form<Proof>,
) -> Response {
    let base = CallBase::of_visit(&core, &headers, &visit);
    let state = base.state.as_deref().unwrap_or_default().to_owned();
    let back = Finish {
        state: state.clone(),
        kept_state: state,
        totp: Some(Sensitive(proof.totp)),
        ..Finish::default()
    };
    answer(&base, back).await
}

async fn answer(base: &CallBase, back: Finish) -> Response {
    let landing = match base.core.services.get::<Landing>() {
        Ok(landing) => landing,
        Err(error) => return broken(base, &error),
    };
    let base = &base.clone().secured(landing.is_secure());
    let outcome = match back.state.is_empty() {
        true => Err(Fault::invalid("directory.identity_failed").into()),
        false => finish(base, back).await,
    };
    match outcome {
        Ok(login) => {
            let session = base.cookie(&login.tokens.access.0, ABSOLUTE_HOURS * 3_600);
            let page = moving_on(base.locale, landing.home());
            with_cookies(page, &[session, base.state_cookie("")])
        }
        Err(Error::Refused(faults)) => refused(base, landing.home(), &faults),
        Err(error) => broken(base, &error),
    }
}

/// The second factor is asked for again and again; anything else ends the log-in.
fn refused(base: &CallBase, home: &str, faults: &[Fault]) -> Response {
    let sentences: Vec<String> = faults
        .iter()
        .map(|fault| base.core.speaker.fault(base.locale, fault))
        .collect();
    let said = sentences.join(" ");
    let wants_code = |fault: &Fault| fault.reason.starts_with("directory.totp_");
    if faults.iter().any(wants_code) {
        return (StatusCode::OK, page(base.locale, &form(base.locale, &said))).into_response();
    }
    let body = format!("<p>{}</p>{}", escaped(&said), link(base.locale, home));
    let page = (StatusCode::FORBIDDEN, page(base.locale, &body)).into_response();
    with_cookies(page, &[base.state_cookie("")])
}

fn broken(base: &CallBase, error: &Error) -> Response {
    let (status, reason) = match error {
        Error::Unavailable(what) => {
            tracing::warn!(
                what,
                "A log-in through a provider could not be finished now."
            );
            (StatusCode::SERVICE_UNAVAILABLE, "kernel.unavailable")
        }
        other => {
            tracing::error!(error = %other.summary(), "A log-in through a provider broke.");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "directory.identity_failed",
            )
        }
    };
    let said = base.core.speaker.say(base.locale, reason, &[]);
    let body = format!("<p>{}</p>", escaped(&said));
    (status, page(base.locale, &body)).into_response()
}

fn moving_on(locale: Locale, home: &str) -> Response {
    let body = format!(
        "<meta http-equiv=\"refresh\" content=\"0;url={}\">{}",
        escaped(home),
        link(locale, home)
    );
    page(locale, &body).into_response()
}

fn form(locale: Locale, said: &str) -> String {
    let (label, button) = match locale {
        Locale::Es => ("Código", "Entrar"),
        Locale::En => ("Code", "Log in"),
    };
    format!(
        "<form method=\"post\" action=\"{CALLBACK}\"><p>{}</p><label>{label} \
         <input name=\"totp\" required autofocus autocomplete=\"one-time-code\" \
         maxlength=\"40\"></label> <button>{button}</button></form>",
        escaped(said)
    )
}

fn link(locale: Locale, home: &str) -> String {
    let text = match locale {
        Locale::Es => "Continuar",
        Locale::En => "Continue",
    };
    format!("<p><a href=\"{}\">{text}</a></p>", escaped(home))
}

fn page(locale: Locale, body: &str) -> impl IntoResponse + use<> {
    let tag = locale.tag();
    let html = format!(
        "<!doctype html><html lang=\"{tag}\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Trastienda</title>\
         <main>{body}</main></html>"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(html))
}

fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    for cookie in cookies {
        if let Ok(value) = HeaderValue::from_str(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_never_becomes_markup() {
        let said = form(Locale::Es, "<script>\"&'");
        assert!(said.contains("&lt;script&gt;&quot;&amp;&#39;"), "{said}");
    }
}
