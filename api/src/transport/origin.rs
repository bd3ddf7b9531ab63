//! Where a browser may call from: the same host, and the origins of the settings.
//!
//! Browsers let any page open a WebSocket and send our cookies with it; only this check stops that.

use super::visit::text;
use axum::http::{HeaderMap, Uri, header};

/// Whether the `Origin` of a request is this host or one of the allowed. A request without one does
/// not come from a page.
pub(super) fn is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    let Some(origin) = text(headers, &header::ORIGIN) else {
        return false;
    };
    let listed = allowed
        .iter()
        .any(|one| one.trim_end_matches('/').eq_ignore_ascii_case(origin));
    listed || is_same_host(origin, text(headers, &header::HOST))
}

fn is_same_host(origin: &str, host: Option<&str>) -> bool {
    let Ok(uri) = origin.parse::<Uri>() else {
        return false;
    };
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    match (uri.authority(), host) {
        (Some(authority), Some(host)) => web && authority.as_str().eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_host_and_listed_origins_may_call() {
        let allowed = ["https://office.example".to_owned()];
        for (origin, expected) in [
            (None, true),
            (Some("http://127.0.0.1:8080"), true),
            (Some("https://office.example"), true),
            (Some("https://evil.example"), false),
            (Some("http://127.0.0.1:9090"), false),
            (Some("http://127.0.0.1:8080.evil.example"), false),
            (Some("null"), false),
            (Some("file://"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "127.0.0.1:8080".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_allowed(&headers, &allowed), expected, "{origin:?}");
        }
    }
}
