//! Settles a response before it leaves: every error has a code and the request's id, and what broke
//! inside stays inside.

use super::{
    lang::Lang,
    refusal::{INTERNAL_SENTENCES, code},
    visit::Visit,
};
use async_graphql::{Response, ServerError, Value};
use axum::http::HeaderMap;
use serde::Serialize;
use std::collections::BTreeMap;

/// A response ready to leave.
pub(super) struct Settled {
    response: Response,
    /// The request failed before it was executed, so that there is no `data`.
    pub request_error: bool,
}

/// The response as it is written.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    extensions: Option<&'a BTreeMap<String, Value>>,
}

fn is_none_or_empty(extensions: &Option<&BTreeMap<String, Value>>) -> bool {
    extensions.is_none_or(BTreeMap::is_empty)
}

/// A body that holds nothing but errors.
pub(super) fn errors_body(errors: &[ServerError]) -> Body<'_> {
    Body {
        errors,
        data: None,
        extensions: None,
    }
}

impl Settled {
    pub fn body(&self) -> Body<'_> {
        Body {
            errors: &self.response.errors,
            data: (!self.request_error).then_some(&self.response.data),
            extensions: Some(&self.response.extensions),
        }
    }

    pub fn errors(&self) -> &[ServerError] {
        &self.response.errors
    }

    /// Headers that resolvers asked for, such as the cookie of a new session.
    pub fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.response.http_headers)
    }

    /// The `cursor` of an event: of the first root field that carries one.
    pub fn cursor(&self) -> Option<&str> {
        let Value::Object(data) = &self.response.data else {
            return None;
        };
        data.values().find_map(|field| match field {
            Value::Object(event) => match event.get("cursor") {
                Some(Value::String(cursor)) => Some(cursor.as_str()),
                _ => None,
            },
            _ => None,
        })
    }
}

/// Gives each error its code and id. `validated` says that validation was skipped, so that an error
/// without a path can't come from it.
pub(super) fn settle(mut response: Response, visit: &Visit, validated: bool) -> Settled {
    let pathless = response.errors.iter().any(|error| error.path.is_empty());
    let request_error = pathless && response.data == Value::Null;
    for error in &mut response.errors {
        settle_error(error, visit, validated);
    }
    Settled {
        response,
        request_error,
    }
}

fn settle_error(error: &mut ServerError, visit: &Visit, validated: bool) {
    if !has_code(error) {
        let found = kind(error, validated);
        if found == code::INTERNAL {
            hide(error, visit);
        }
        error.extensions.get_or_insert_default().set("code", found);
    }
    error.source = None;
    error
        .extensions
        .get_or_insert_default()
        .set("requestId", &*visit.id.0);
}

/// The code of an error to which no resolver gave one.
fn kind(error: &ServerError, validated: bool) -> &'static str {
    match (error.path.is_empty(), validated) {
        _ if is_input(error) => code::USER_INPUT,
        (true, false) => code::VALIDATION,
        _ => code::INTERNAL,
    }
}

/// Whether an argument or variable could not be read, by the words of the library for it.
fn is_input(error: &ServerError) -> bool {
    let said = error.message.as_str();
    let undefined = said.starts_with("Variable ") && said.ends_with(" is not defined.");
    let unread = ["Failed to parse \"", "Expected input type \""];
    error.source.is_none() && (undefined || unread.iter().any(|words| said.starts_with(words)))
}

fn has_code(error: &ServerError) -> bool {
    let given = error
        .extensions
        .as_ref()
        .and_then(|extensions| extensions.get("code"));
    matches!(given, Some(Value::String(_)))
}

/// Logs a failure and takes its words from the error.
fn hide(error: &mut ServerError, visit: &Visit) {
    tracing::error!(
        request.id = %visit.id.0,
        error.message = %error.message,
        error.path = ?error.path,
        "A resolver failed",
    );
    let [es, en] = INTERNAL_SENTENCES;
    error.message = match visit.lang {
        Lang::Es => es.to_owned(),
        Lang::En => en.to_owned(),
    };
    error.extensions = None;
}
