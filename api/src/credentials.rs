//! Who knocks: bearer tokens, API keys and browsers' cookies become callers of the door.
//!
//! A bearer token that is wrong is refused at once. A cookie that is over counts as none, for a
//! browser can neither see nor drop it and must still be able to log in. A cookie that is good
//! changes nothing without its CSRF header: by GET it may read, and so get the token again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::IpAddr;
use std::sync::Arc;

use async_graphql::Context as Graph;
use axum::http::{HeaderMap, HeaderName, Method, header};
use directory::auth::{Authenticated, Credential, Life, Refusal, authenticate};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::{OrganisationId, RequestId, SessionId};
use kernel::{Actor, Context, Locale};
use uuid::Uuid;

use crate::call::Call;
use crate::core::SharedCore;
use crate::failure;
use crate::transport::{AuthRefusal, Caller, Credentials, Lang, Presented, Purpose, Visit};

/// The header that a browser proves with that our own page speaks.
pub const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
/// The cookie of a session over plain HTTP, as on one's own machine.
const PLAIN_COOKIE: &str = "trastienda";
/// The cookie of a session over HTTPS: browsers take this prefix from no other host or path.
const SECURE_COOKIE: &str = "__Host-trastienda";
/// The cookies of a log-in that is on its way through a provider, over HTTP and over HTTPS.
const PLAIN_STATE: &str = "trastienda-identity";
const SECURE_STATE: &str = "__Host-trastienda-identity";
/// Seconds that such a cookie lives: as long as the log-in may take.
const STATE_S: i64 = 600;
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Turns what callers present into who they are.
#[derive(Clone)]
pub struct Gatekeeper {
    core: SharedCore,
}

/// What is known of every request, also of one without a user. Request data.
#[derive(Clone)]
pub struct CallBase {
    /// What all requests share.
    pub core: SharedCore,
    /// The language to answer in.
    pub locale: Locale,
    /// The caller's network address, as text.
    pub source: String,
    /// Whether the caller came by HTTPS, so that its cookies must too.
    pub secure: bool,
    /// The request.
    pub request: RequestId,
    /// The log-in, when there is one.
    pub login: Option<Arc<LogIn>>,
    /// The state of a browser's log-in that is on its way through a provider.
    pub state: Option<Arc<str>>,
}

/// How a known caller is logged in.
#[derive(Clone, Debug)]
pub struct LogIn {
    /// The session; an API key has none.
    pub session: Option<SessionId>,
    /// Whether a new password must be set before anything else.
    pub must_change_password: bool,
    /// When the credential is over in any case.
    pub expires_at: chrono::DateTime<chrono::Utc>,
    /// The CSRF token that goes with the cookie.
    pub csrf: Option<String>,
}

impl CallBase {
    /// The base of a GraphQL request.
    pub fn of<'a>(graph: &'a Graph<'_>) -> async_graphql::Result<&'a Self> {
        graph
            .data_opt::<Self>()
            .ok_or_else(failure::unauthenticated)
    }

    /// The base of a request outside of GraphQL, of somebody who is not known yet.
    pub fn of_visit(core: &SharedCore, headers: &HeaderMap, visit: &Visit) -> Self {
        base(core, &Entry::read(headers, visit.peer), visit, None, None)
    }

    /// A call of nobody in no organisation, to speak errors in the caller's language.
    pub fn stranger(&self) -> Call {
        let nowhere = Actor {
            name: String::new(),
            grants: std::collections::BTreeMap::new(),
            ..Actor::system(OrganisationId(Uuid::nil()))
        };
        let mut context = Context::new(Arc::new(nowhere), self.core.clock().now());
        context.locale = self.locale;
        context.request = self.request;
        Call::new(self.core.clone(), Arc::new(context))
    }

    /// The header that gives a browser the cookie of its session.
    pub fn cookie(&self, token: &str, seconds: i64) -> String {
        let (name, secure) = match self.secure {
            true => (SECURE_COOKIE, "; Secure"),
            false => (PLAIN_COOKIE, ""),
        };
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
    }

    /// The header that gives a browser the state of a log-in through a provider; an empty one takes
    /// it back. The way back is a link from another site, so the cookie must be `Lax`.
    pub fn state_cookie(&self, state: &str) -> String {
        let (name, secure) = match self.secure {
            true => (SECURE_STATE, "; Secure"),
            false => (PLAIN_STATE, ""),
        };
        let seconds = if state.is_empty() { 0 } else { STATE_S };
        format!("{name}={state}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }

    /// The same, of a caller who is known to come by HTTPS.
    #[must_use]
    pub fn secured(mut self, secure: bool) -> Self {
        self.secure |= secure;
        self
    }
}

impl Gatekeeper {
    /// A gatekeeper over a core.
    pub fn new(core: SharedCore) -> Self {
        Self { core }
    }

    async fn recognise(&self, presented: Presented<'_>) -> Result<Caller, AuthRefusal> {
        let entry = Entry::read(presented.headers, presented.peer);
        let life = match presented.purpose {
            Purpose::Recheck => Life::Recheck,
            Purpose::Request | Purpose::Connect => Life::Sign,
        };
        let session = cookie(presented.headers, &[SECURE_COOKIE, PLAIN_COOKIE]);
        let (cookie, init) = (session, presented.init);
        if let Some(token) = bearer(presented.headers, init) {
            let token = token.ok_or(AuthRefusal::Unauthenticated)?;
            let known = authenticate(&self.core.db, Credential::Bearer(token), life).await;
            return known.map(|known| self.known(entry, known)).map_err(refused);
        }
        let Some(token) = cookie else {
            return Ok(self.anonymous(entry));
        };
        let credential = match reads_only(&presented) {
            true => Credential::CookieRead(token),
            false => Credential::CookieWrite {
                token,
                csrf: csrf(presented.headers, init),
            },
        };
        match authenticate(&self.core.db, credential, life).await {
            Ok(known) => Ok(self.known(entry, known)),
            Err(Refusal::Unauthenticated) => Ok(self.anonymous(entry)),
            Err(Refusal::CsrfMissing) => self.without_csrf(entry, token).await,
            Err(other) => Err(refused(other)),
        }
    }

    /// A good cookie without its CSRF header is refused with the reason; one that is over is none.
    async fn without_csrf(&self, entry: Entry, token: &str) -> Result<Caller, AuthRefusal> {
        let read = Credential::CookieRead(token);
        match authenticate(&self.core.db, read, Life::Recheck).await {
            Ok(_) => Err(refused(Refusal::CsrfMissing)),
            Err(Refusal::Unauthenticated) => Ok(self.anonymous(entry)),
            Err(other) => Err(refused(other)),
        }
    }

    fn anonymous(&self, entry: Entry) -> Caller {
        let core = self.core.clone();
        Caller::anonymous(move |request, visit| {
            request.data.insert(base(&core, &entry, visit, None, None));
        })
    }

    fn known(&self, entry: Entry, known: Authenticated) -> Caller {
        let actor = Arc::new(known.actor);
        let key = format!("{}:{}", actor.principal.kind(), actor.principal.uuid());
        let rights = digest(&actor);
        let login = Arc::new(LogIn {
            session: known.session,
            must_change_password: known.must_change_password,
            expires_at: known.expires_at,
            csrf: known.csrf,
        });
        let (core, own) = (self.core.clone(), known.locale);
        Caller::known(key, move |request, visit| {
            let base = base(&core, &entry, visit, Some(own), Some(login.clone()));
            let context = Context {
                actor: actor.clone(),
                now: core.clock().now(),
                locale: base.locale,
                request: base.request,
                trace: visit.trace.as_ref().map(|trace| trace.0.to_string()),
                idempotency_key: visit.idempotency_key.as_ref().map(|key| key.0.to_string()),
            };
            request.data.insert(base);
            let call = match visit.is_stream {
                true => Call::of_stream(core.clone(), Arc::new(context)),
                false => Call::new(core.clone(), Arc::new(context)),
            };
            request.data.insert(call);
        })
        .with_rights(rights)
    }
}

/// A digest of what an actor may do.
fn digest(actor: &Actor) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (permission, scope) in &actor.grants {
        permission.hash(&mut hasher);
        scope.everywhere.hash(&mut hasher);
        let (mut companies, mut departments) = (scope.companies.clone(), scope.departments.clone());
        companies.sort_unstable();
        departments.sort_unstable();
        (companies, departments).hash(&mut hasher);
    }
    hasher.finish()
}

impl Credentials for Gatekeeper {
    fn identify<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Caller, AuthRefusal>> {
        self.recognise(presented).boxed()
    }
}

/// What the headers say about a caller besides who it is.
#[derive(Clone)]
struct Entry {
    asked: Option<Locale>,
    secure: bool,
    peer: Option<IpAddr>,
    state: Option<Arc<str>>,
}

impl Entry {
    fn read(headers: &HeaderMap, peer: Option<IpAddr>) -> Self {
        Self {
            asked: asked_locale(headers),
            secure: is_secure(headers),
            peer,
            state: cookie(headers, &[SECURE_STATE, PLAIN_STATE]).map(Arc::from),
        }
    }
}

fn base(
    core: &SharedCore,
    entry: &Entry,
    visit: &Visit,
    own: Option<Locale>,
    login: Option<Arc<LogIn>>,
) -> CallBase {
    let spoken = match visit.lang {
        Lang::Es => Locale::Es,
        Lang::En => Locale::En,
    };
    CallBase {
        core: core.clone(),
        locale: entry.asked.or(own).unwrap_or(spoken),
        source: entry.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        secure: entry.secure,
        request: request_id(&visit.id.0),
        login,
        state: entry.state.clone(),
    }
}

/// The id as the core keeps it: of a caller's own text a UUID that anybody can work out again.
fn request_id(text: &str) -> RequestId {
    let named = || Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes());
    text.parse()
        .unwrap_or_else(|_| RequestId(Uuid::try_parse(text).unwrap_or_else(|_| named())))
}

fn refused(refusal: Refusal) -> AuthRefusal {
    match refusal {
        Refusal::Unauthenticated => AuthRefusal::Unauthenticated,
        Refusal::CsrfMissing => AuthRefusal::Forbidden {
            es: "Falta la cabecera X-CSRF-Token o no es la de esta sesión. Se obtiene al iniciar \
                 sesión, o por GET con { viewer { csrfToken } }."
                .to_owned(),
            en: "The X-CSRF-Token header is missing or is not that of this session. Log-in gives \
                 it, and so does GET with { viewer { csrfToken } }."
                .to_owned(),
        },
        Refusal::Failed(error) => {
            if !error.is_passing() {
                tracing::error!(error = %error.summary(), "A credential could not be checked.");
            }
            AuthRefusal::Unavailable
        }
    }
}

/// The bearer token: of the header, or of a socket's first message. `Some(None)` is a malformed one.
fn bearer<'a>(
    headers: &'a HeaderMap,
    init: Option<&'a serde_json::Value>,
) -> Option<Option<&'a str>> {
    let said = |name: &str| init?.get(name)?.as_str();
    let in_init = said("authorization").or_else(|| said("Authorization"));
    if let Some(text) = in_init {
        return Some(after_bearer(text));
    }
    let header = headers.get(header::AUTHORIZATION)?;
    Some(header.to_str().ok().and_then(after_bearer))
}

fn after_bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A cookie by its names, the safer one first.
fn cookie<'a>(headers: &'a HeaderMap, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|wanted| {
        let lines = headers.get_all(header::COOKIE).iter();
        lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == *wanted && !value.is_empty()).then_some(value))
    })
}

fn csrf<'a>(headers: &'a HeaderMap, init: Option<&'a serde_json::Value>) -> Option<&'a str> {
    let header = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    header.or_else(|| init?.get("csrfToken")?.as_str())
}

/// A GET reads alone, unless it opens a socket, on which mutations can follow.
fn reads_only(presented: &Presented<'_>) -> bool {
    presented.method == Method::GET && !presented.headers.contains_key(header::UPGRADE)
}

/// The language that the caller asks for; `None` when the header names neither of ours.
pub(crate) fn asked_locale(headers: &HeaderMap) -> Option<Locale> {
    let header = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let ours = |tag: &str| ["es", "ca", "gl", "eu", "en"].contains(&tag);
    let named = header.split(',').any(|part| {
        let tag = part.split([';', '-']).next().unwrap_or_default();
        ours(&tag.trim().to_ascii_lowercase())
    });
    named.then(|| Locale::from_accept_language(Some(header)))
}

fn is_secure(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, start: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.trim().starts_with(start))
    };
    says(FORWARDED_PROTO, "https") || says(header::ORIGIN, "https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pair = |(name, value): &(HeaderName, &str)| (name.clone(), value.parse().unwrap());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_bearer_comes_by_header_or_first_message() {
        let none = headers(&[]);
        let map = headers(&[(header::AUTHORIZATION, "bearer  tra_x ")]);
        assert_eq!(bearer(&map, None), Some(Some("tra_x")));
        assert_eq!(
            bearer(&headers(&[(header::AUTHORIZATION, "Basic eA==")]), None),
            Some(None)
        );
        let init = serde_json::json!({ "authorization": "Bearer trk_y" });
        assert_eq!(bearer(&none, Some(&init)), Some(Some("trk_y")));
        assert_eq!(bearer(&none, None), None);
    }

    #[test]
    fn the_safer_cookie_wins() {
        let names = [SECURE_COOKIE, PLAIN_COOKIE];
        let of = |line: &str| {
            let headers = headers(&[(header::COOKIE, line)]);
            cookie(&headers, &names).map(str::to_owned)
        };
        let line = "a=b; trastienda=plain; __Host-trastienda=safe";
        assert_eq!(of(line), Some("safe".to_owned()));
        assert_eq!(of("trastienda="), None);
        assert_eq!(of("xtrastienda=1; __Host-trastienda-identity=2"), None);
    }

    #[test]
    fn only_a_language_of_ours_overrides_the_users() {
        let asked = |text| asked_locale(&headers(&[(header::ACCEPT_LANGUAGE, text)]));
        assert_eq!(asked("fr, *;q=0.5"), None);
        assert_eq!(asked("en-GB,en;q=0.9"), Some(Locale::En));
        assert_eq!(asked("ca"), Some(Locale::Es));
        assert_eq!(asked_locale(&headers(&[])), None);
    }

    #[test]
    fn a_request_id_of_the_callers_own_stays_findable() {
        let id = Uuid::now_v7();
        assert_eq!(request_id(&id.to_string()), RequestId(id));
        assert_eq!(request_id("my-request-1"), request_id("my-request-1"));
    }
}
