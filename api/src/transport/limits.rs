//! The limits of the door and its other settings: every one has a default and can be configured.

use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// What one request, one socket and one caller may ask for.
///
/// Units stand last in a name: `_s` are seconds, `_bytes` bytes, `_chars` Unicode characters.
/// Trusted documents are exempt from the limits on text, tokens, depth and aliases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest query text, in characters.
    pub text_chars: usize,
    /// Most lexical tokens in a document.
    pub tokens: usize,
    /// Deepest nesting of fields.
    pub depth: u32,
    /// Deepest nesting of fields below `__schema` and `__type`; a chain of `ofType` counts once.
    pub introspection_depth: u32,
    /// How often `fields`, `interfaces`, `possibleTypes` and `inputFields` may nest.
    pub introspection_lists: u32,
    /// Deepest nesting of brackets, and of selection sets after expanding fragments.
    pub recursion: u32,
    /// Most aliases in a document.
    pub aliases: u32,
    /// Most directives in a document.
    pub directives: u32,
    /// Most directives at one place.
    pub directives_a_field: u32,
    /// Most selections after expanding every fragment.
    pub selections: u64,
    /// Most objects a request may ask for: a scalar costs 0, an object 1, a list its `first`.
    pub objects: u64,
    /// What a connection without `first` or `last` counts as.
    pub page_size: u64,
    /// Most root fields of an operation, after expanding fragments.
    pub root_fields: u64,
    /// Largest JSON body, in bytes.
    pub body_bytes: usize,
    /// Time to send the headers of a request.
    pub header_s: u64,
    /// Time to send the body of a request.
    pub body_s: u64,
    /// Time a query or mutation may run.
    pub request_s: u64,
    /// Requests served at once; more are answered 503.
    pub concurrent_requests: usize,
    /// Connections open at once; more wait in the listener's backlog.
    pub connections: usize,
    /// Cost units a minute of one user; 0 is without limit.
    pub rate_user: u32,
    /// Cost units a minute of one address without credentials; 0 is without limit.
    pub rate_anonymous: u32,
    /// Objects that make one cost unit on top of the one that every request costs.
    pub objects_a_unit: u64,
    /// Time from opening a WebSocket to `connection_init`.
    pub socket_init_s: u64,
    /// Running operations on one socket.
    pub socket_subscriptions: usize,
    /// Largest message from a client on a socket, in bytes.
    pub socket_message_bytes: usize,
    /// Open sockets and event streams of one user.
    pub sockets_a_user: usize,
    /// Messages waiting for a slow client before its sources are held back.
    pub socket_backlog: usize,
    /// Time for one message to leave to a slow client before the socket is closed.
    pub socket_send_s: u64,
    /// Time between pings from the server; three without any answer close the socket.
    pub socket_ping_s: u64,
    /// Time between two checks of the credentials of an open socket or event stream.
    pub recheck_s: u64,
    /// Time for open work to end after a shutdown is asked for.
    pub drain_s: u64,
    /// Parsed documents kept in memory.
    pub cached_documents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_chars: 15_000,
            tokens: 2_000,
            depth: 8,
            introspection_depth: 10,
            introspection_lists: 2,
            recursion: 32,
            aliases: 15,
            directives: 50,
            directives_a_field: 5,
            selections: 10_000,
            objects: 5_000,
            page_size: 50,
            root_fields: 20,
            body_bytes: 1024 * 1024,
            header_s: 10,
            body_s: 30,
            request_s: 15,
            concurrent_requests: 256,
            connections: 10_000,
            rate_user: 300,
            rate_anonymous: 60,
            objects_a_unit: 500,
            socket_init_s: 10,
            socket_subscriptions: 50,
            socket_message_bytes: 64 * 1024,
            sockets_a_user: 10,
            socket_backlog: 256,
            socket_send_s: 10,
            socket_ping_s: 20,
            recheck_s: 60,
            drain_s: 20,
            cached_documents: 1_000,
        }
    }
}

impl Limits {
    /// The defaults without a rate, for tests that ask quickly.
    #[must_use]
    pub fn for_testing() -> Self {
        Self {
            rate_user: 0,
            rate_anonymous: 0,
            ..Self::default()
        }
    }

    /// What a request of this many objects is charged, in units of the rate.
    #[must_use]
    pub fn units(&self, objects: u64) -> u32 {
        let extra = objects.checked_div(self.objects_a_unit).unwrap_or(0);
        u32::try_from(extra.saturating_add(1)).unwrap_or(u32::MAX)
    }
}

/// The settings of the door that are not limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What a request may ask for.
    pub limits: Limits,
    /// Origins (`https://office.example`) that browsers may call from, besides the same host.
    pub allowed_origins: Vec<String>,
    /// Only documents of the trusted store are executed.
    pub trusted_only: bool,
    /// The folder of the trusted documents, `*.graphql`, read at the start.
    pub documents: Option<PathBuf>,
    /// Whether clients may ask for the schema.
    pub introspection: bool,
    /// Whether the explorer is served at `/graphiql`.
    pub explorer: bool,
    /// How many proxies in front append to `X-Forwarded-For`; 0 ignores the header.
    pub proxies: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            allowed_origins: Vec::new(),
            trusted_only: false,
            documents: None,
            introspection: true,
            explorer: true,
            proxies: 0,
        }
    }
}

/// Seconds as a duration.
pub(super) fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_settings_keeps_the_other_defaults() {
        let read: Settings =
            serde_json::from_str(r#"{"limits":{"depth":12},"trusted_only":true}"#).unwrap();
        assert_eq!(read.limits.depth, 12);
        assert_eq!(read.limits.aliases, 15);
        assert!(read.trusted_only && read.introspection);
        assert!(serde_json::from_str::<Settings>(r#"{"limits":{"dpeth":1}}"#).is_err());
    }

    #[test]
    fn a_request_costs_one_unit_and_more_by_its_objects() {
        let limits = Limits::default();
        assert_eq!(limits.units(0), 1);
        assert_eq!(limits.units(499), 1);
        assert_eq!(limits.units(5_000), 11);
        assert_eq!(
            Limits {
                objects_a_unit: 0,
                ..limits
            }
            .units(5_000),
            1
        );
    }
}
