//! The messages and close codes of `graphql-transport-ws`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest id of an operation that is taken, in bytes.
const LONGEST_ID: usize = 128;

/// Why the server closes a socket: the code and a short reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Close(pub u16, pub &'static str);

impl Close {
    pub const GOING_AWAY: Self = Self(1001, "Going away");
    pub const SILENT: Self = Self(1008, "No answer to pings");
    pub const TOO_BIG: Self = Self(1009, "Message too big");
    pub const TRY_LATER: Self = Self(1013, "Try again later");
    /// Clients reconnect by themselves after it.
    pub const RIGHTS_CHANGED: Self = Self(1012, "Rights have changed");
    pub const INVALID: Self = Self(4400, "Invalid message received");
    pub const UNAUTHORIZED: Self = Self(4401, "Unauthorized");
    pub const FORBIDDEN: Self = Self(4403, "Forbidden");
    pub const SUBPROTOCOL: Self = Self(4406, "Subprotocol not acceptable");
    pub const INIT_TIMEOUT: Self = Self(4408, "Connection initialisation timeout");
    pub const DUPLICATE: Self = Self(4409, "Subscriber already exists");
    pub const SECOND_INIT: Self = Self(4429, "Too many initialisation requests");
    pub const TOO_MANY: Self = Self(4429, "Too many sockets");
}

/// A message from the client.
#[derive(Debug, PartialEq)]
pub(super) enum FromClient {
    Init(Option<Value>),
    Ping(Option<Value>),
    Pong,
    Subscribe { id: String, payload: Value },
    Complete { id: String },
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    payload: Option<Value>,
}

impl FromClient {
    /// Reads a message; anything that the protocol does not know closes the socket.
    pub fn read(text: &str) -> Result<Self, Close> {
        let Envelope { kind, id, payload } =
            serde_json::from_str(text).map_err(|_| Close::INVALID)?;
        let id = id.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        if !matches!(payload, None | Some(Value::Object(_))) {
            return Err(Close::INVALID);
        }
        match (kind.as_str(), id, payload) {
            ("connection_init", _, payload) => Ok(Self::Init(payload)),
            ("ping", _, payload) => Ok(Self::Ping(payload)),
            ("pong", _, _) => Ok(Self::Pong),
            ("subscribe", Some(id), Some(payload)) => Ok(Self::Subscribe { id, payload }),
            ("complete", Some(id), _) => Ok(Self::Complete { id }),
            _ => Err(Close::INVALID),
        }
    }
}

/// A message to the client.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToClient<'a, P: Serialize> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<P>,
    },
    Next {
        id: &'a str,
        payload: P,
    },
    Error {
        id: &'a str,
        payload: P,
    },
    Complete {
        id: &'a str,
    },
}

/// A message without a payload.
pub(super) type Bare<'a> = ToClient<'a, ()>;

impl<P: Serialize> ToClient<'_, P> {
    /// The message as JSON; nothing when its payload can't be written, which no payload of ours is.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_messages_close_the_socket() {
        for strange in [
            "not json",
            "{}",
            r#"{"type":"start","id":"1"}"#,
            r#"{"type":"subscribe","payload":{}}"#,
            r#"{"type":"subscribe","id":"","payload":{}}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":7,"payload":{}}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"ping","payload":[]}"#,
        ] {
            assert_eq!(
                FromClient::read(strange).unwrap_err(),
                Close::INVALID,
                "{strange}"
            );
        }
        let long = format!(r#"{{"type":"complete","id":"{}"}}"#, "x".repeat(129));
        assert_eq!(FromClient::read(&long).unwrap_err(), Close::INVALID);
    }

    #[test]
    fn messages_have_the_shape_of_the_protocol() {
        let next = ToClient::Next {
            id: "7",
            payload: serde_json::json!({ "data": 1 }),
        };
        assert_eq!(
            next.text(),
            r#"{"type":"next","id":"7","payload":{"data":1}}"#
        );
        assert_eq!(Bare::ConnectionAck.text(), r#"{"type":"connection_ack"}"#);
        assert_eq!(Bare::Pong { payload: None }.text(), r#"{"type":"pong"}"#);
    }
}
