//! The parameters of a GraphQL request, from a JSON body, a query string or a socket's message.

use super::{
    documents::Naming,
    refusal::{Refusal, code},
    visit::IdempotencyKey,
};
use async_graphql::{Extensions, Value, Variables};
use axum::http::StatusCode;
use serde::Deserialize;

/// What a client asks, checked for shape.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    #[serde(default)]
    pub variables: Variables,
    #[serde(default)]
    pub extensions: Extensions,
}

/// The same in a query string, where maps are JSON texts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryString {
    query: Option<String>,
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
    extensions: Option<String>,
}

impl Parameters {
    /// Reads a JSON body; a list of requests is refused.
    pub fn from_json(body: &[u8]) -> Result<Self, Refusal> {
        if body.trim_ascii_start().first() == Some(&b'[') {
            return Err(Refusal::request(
                StatusCode::BAD_REQUEST,
                code::BATCH,
                "Las peticiones se envían de una en una: no se admiten lotes.",
                "Requests are sent one by one: batches are not accepted.",
            ));
        }
        serde_json::from_slice(body).map_err(|error| malformed(&error))
    }

    /// Reads the payload of a `subscribe` message.
    pub fn from_payload(payload: serde_json::Value) -> Result<Self, Refusal> {
        serde_json::from_value(payload).map_err(|error| malformed(&error))
    }

    /// How the document is named.
    pub fn naming(&self) -> Naming<'_> {
        Naming {
            query: filled(&self.query),
            document_id: filled(&self.document_id),
            hash: self.persisted_hash(),
        }
    }

    /// The operation's name; an empty one is none.
    pub fn operation_name(&self) -> Option<&str> {
        filled(&self.operation_name)
    }

    /// The key of a repeatable mutation, for transports without headers.
    pub fn idempotency_key(&self) -> Option<IdempotencyKey> {
        match self.extensions.get("idempotencyKey")? {
            Value::String(key) => IdempotencyKey::read(key),
            _ => None,
        }
    }

    fn persisted_hash(&self) -> Option<&str> {
        match self.extensions.get("persistedQuery")? {
            Value::Object(persisted) => match persisted.get("sha256Hash")? {
                Value::String(hash) => Some(hash),
                _ => None,
            },
            _ => None,
        }
    }
}

impl TryFrom<QueryString> for Parameters {
    type Error = Refusal;

    fn try_from(from: QueryString) -> Result<Self, Refusal> {
        let QueryString {
            query,
            document_id,
            operation_name,
            variables,
            extensions,
        } = from;
        let variables = match variables {
            Some(json) => serde_json::from_str(&json).map_err(|error| malformed(&error))?,
            None => Variables::default(),
        };
        let extensions = match extensions {
            Some(json) => serde_json::from_str(&json).map_err(|error| malformed(&error))?,
            None => Extensions::default(),
        };
        Ok(Self {
            query,
            document_id,
            operation_name,
            variables,
            extensions,
        })
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

fn malformed(error: &serde_json::Error) -> Refusal {
    Refusal::malformed(
        &format!("La petición no es JSON con la forma de GraphQL sobre HTTP: {error}"),
        &format!("The request is not JSON of the shape of GraphQL over HTTP: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let read = |json: &str| Parameters::from_json(json.as_bytes());
        assert!(read(r#"{"query":"{a}","variables":null,"operationName":null}"#).is_ok());
        for wrong in [
            r#"{"query":1}"#,
            r#"{"query":"{a}","variables":"x"}"#,
            r#"{"query":"{a}","variables":["x"]}"#,
            r#"{"query":"{a}","extensions":0}"#,
            r#"{"query":"{a}","operationName":{}}"#,
            "",
            "nothing",
        ] {
            assert_eq!(read(wrong).unwrap_err().code, code::REQUEST, "{wrong}");
        }
        assert_eq!(read(" [{}]").unwrap_err().code, code::BATCH);
    }

    #[test]
    fn a_document_is_named_in_three_ways() {
        let read = Parameters::from_json(
            br#"{"query":"","documentId":"d","extensions":{"persistedQuery":{"sha256Hash":"ab"}}}"#,
        )
        .unwrap();
        let naming = Naming {
            query: None,
            document_id: Some("d"),
            hash: Some("ab"),
        };
        assert_eq!(read.naming(), naming);
    }
}
