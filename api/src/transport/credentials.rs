//! The seam to whoever knows users: headers or a socket's first message become a [`Caller`].

use super::{
    refusal::{Refusal, code},
    visit::Visit,
};
use axum::http::{HeaderMap, Method, StatusCode};
use futures::future::BoxFuture;
use std::{fmt, net::IpAddr, sync::Arc};

/// Why credentials are looked at. Only [`Purpose::Request`] and [`Purpose::Connect`] are signs of
/// life of a session; a recheck must not prolong it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A request over HTTP.
    Request,
    /// A socket or event stream that opens.
    Connect,
    /// A socket or event stream that is still open.
    Recheck,
}

/// What a caller presents.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The headers of the request, or of the handshake of a socket: authorization, cookie, CSRF.
    pub headers: &'a HeaderMap,
    /// The HTTP method: a cookie without a CSRF header may be enough for GET alone.
    pub method: &'a Method,
    /// The payload of `connection_init`, on a socket.
    pub init: Option<&'a serde_json::Value>,
    /// The caller's address.
    pub peer: Option<IpAddr>,
    /// The id of the request.
    pub request_id: &'a str,
    /// Why this is asked.
    pub purpose: Purpose,
}

/// Turns what is presented into a caller.
pub trait Credentials: Send + Sync + 'static {
    /// Who calls. No credentials at all may well be an anonymous caller; wrong ones are refused.
    fn identify<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Caller, AuthRefusal>>;
}

type Enrich = dyn Fn(&mut async_graphql::Request, &Visit) + Send + Sync;

/// A caller whose credentials were accepted.
#[derive(Clone)]
pub struct Caller {
    key: Option<Arc<str>>,
    rights: u64,
    enrich: Arc<Enrich>,
}

impl Caller {
    /// A known user. `key` names it for rates and socket counts; `enrich` puts what resolvers need
    /// (an actor, loaders) into each request, by what the visit tells of its id and language; it
    /// runs once a request, and once a message on a socket.
    pub fn known(
        key: impl Into<Arc<str>>,
        enrich: impl Fn(&mut async_graphql::Request, &Visit) + Send + Sync + 'static,
    ) -> Self {
        Self {
            key: Some(key.into()),
            rights: 0,
            enrich: Arc::new(enrich),
        }
    }

    /// Someone without credentials, counted by address.
    pub fn anonymous(
        enrich: impl Fn(&mut async_graphql::Request, &Visit) + Send + Sync + 'static,
    ) -> Self {
        Self {
            key: None,
            rights: 0,
            enrich: Arc::new(enrich),
        }
    }

    /// The same caller with a digest of what they may do: streams are ended when it changes.
    #[must_use]
    pub fn with_rights(mut self, digest: u64) -> Self {
        self.rights = digest;
        self
    }

    /// Whether the other is the same user with the same rights.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        self.key == other.key && self.rights == other.rights
    }

    /// The user's key, when there is a user.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    pub(super) fn enrich(&self, request: &mut async_graphql::Request, visit: &Visit) {
        (self.enrich)(request, visit);
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Why credentials are not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthRefusal {
    /// They are missing, wrong, revoked or out of date: 401.
    Unauthenticated,
    /// They are right but may not be used so, such as a cookie without its CSRF header: 403. The
    /// sentences say why, in Spanish and English.
    Forbidden {
        /// In Spanish.
        es: String,
        /// In English.
        en: String,
    },
    /// Too many wrong tries: 429.
    TooMany {
        /// When to come back.
        retry_after_s: u64,
    },
    /// They can't be checked now: 503.
    Unavailable,
}

impl From<AuthRefusal> for Refusal {
    fn from(refusal: AuthRefusal) -> Self {
        match refusal {
            AuthRefusal::Unauthenticated => Self::request(
                StatusCode::UNAUTHORIZED,
                code::UNAUTHENTICATED,
                "Identifíquese: la credencial falta, no es válida o ha caducado.",
                "Please log in: the credential is missing, not valid or out of date.",
            ),
            AuthRefusal::Forbidden { es, en } => {
                Self::request(StatusCode::FORBIDDEN, code::FORBIDDEN, &es, &en)
            }
            AuthRefusal::TooMany { retry_after_s } => {
                let refusal = Self::request(
                    StatusCode::TOO_MANY_REQUESTS,
                    code::RATE,
                    "Demasiados intentos; espere antes de volver a probar.",
                    "Too many tries; please wait before trying again.",
                );
                Self {
                    retry_after_s: Some(retry_after_s),
                    ..refusal
                }
            }
            AuthRefusal::Unavailable => Self::overloaded(),
        }
    }
}
