//! Content negotiation as GraphQL over HTTP has it.

use super::lang::per_mille;
use axum::http::{HeaderMap, header};

/// A media type that the door answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says whether the request was good.
    GraphqlResponse,
    /// `application/json`: 200 for every well-formed request.
    Json,
    /// `text/event-stream`.
    EventStream,
}

impl Media {
    /// The media type as a header value.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
            Self::EventStream => "text/event-stream",
        }
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "application/graphql-response+json" => Some(Self::GraphqlResponse),
            "application/json" => Some(Self::Json),
            "text/event-stream" => Some(Self::EventStream),
            _ => None,
        }
    }
}

/// The media type to answer in: the weightiest that is named, else JSON for a wildcard or nothing.
/// Nothing when the caller takes nothing that we have.
pub(super) fn accepted(headers: &HeaderMap) -> Option<Media> {
    let mut named: Option<(Media, u16)> = None;
    let (mut any, mut seen) = (false, false);
    for value in headers.get_all(header::ACCEPT) {
        for entry in value.to_str().unwrap_or_default().split(',') {
            let mut parts = entry.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default().to_ascii_lowercase();
            let weight = parts
                .find_map(|p| p.strip_prefix("q="))
                .map_or(1000, per_mille);
            seen |= !name.is_empty();
            any |= weight > 0 && matches!(name.as_str(), "*/*" | "application/*");
            let best = named.map_or(0, |(_, best)| best);
            if let Some(media) = Media::named(&name).filter(|_| weight > best) {
                named = Some((media, weight));
            }
        }
    }
    match named {
        Some((media, _)) => Some(media),
        None => (any || !seen).then_some(Media::Json),
    }
}

/// Whether a body is declared as JSON in UTF-8.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let mut parts = value
        .split(';')
        .map(|part| part.trim().to_ascii_lowercase());
    let json = parts.next().is_some_and(|name| name == "application/json");
    let charset = parts.find_map(|part| part.strip_prefix("charset=").map(str::to_owned));
    json && charset.is_none_or(|set| matches!(set.trim_matches('"'), "utf-8" | "utf8"))
}

/// Whether a browser asks for a page.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(name: header::HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn the_weightiest_named_type_wins() {
        for (accept, expected) in [
            (
                "application/graphql-response+json",
                Some(Media::GraphqlResponse),
            ),
            ("application/json", Some(Media::Json)),
            ("*/*", Some(Media::Json)),
            (
                "application/graphql-response+json, application/json;q=0.9",
                Some(Media::GraphqlResponse),
            ),
            (
                "application/graphql-response+json;q=0.5, application/json",
                Some(Media::Json),
            ),
            ("text/event-stream, */*;q=0.1", Some(Media::EventStream)),
            ("application/json;q=0, */*;q=0", None),
            ("text/html", None),
            ("text/html, */*;q=0.8", Some(Media::Json)),
        ] {
            assert_eq!(accepted(&of(header::ACCEPT, accept)), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Some(Media::Json));
    }

    #[test]
    fn only_json_in_utf_8_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=latin1", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/json-patch+json", false),
        ] {
            assert_eq!(is_json(&of(header::CONTENT_TYPE, kind)), expected, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
