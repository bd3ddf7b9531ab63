//! An OpenID Connect provider of our own on this machine, which can be told to do wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{
    Audience, EmptyAdditionalClaims, EndUserEmail, IssuerUrl, JsonWebKeyId, Nonce,
    PkceCodeChallenge, PkceCodeVerifier, PrivateSigningKey, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};
use url::Url;

/// A key for tests alone.
const KEY: &str = include_str!("../../core/directory/src/oidc/local_issuer.pem");

/// What the provider says of somebody.
#[derive(Clone)]
pub struct Person {
    pub subject: String,
    pub email: String,
    pub verified: bool,
    /// Who the token is for; the client that asked when absent.
    pub audience: Option<String>,
    pub issued: DateTime<Utc>,
    /// The nonce in the token; the one that was asked for when absent.
    pub nonce: Option<String>,
}

impl Person {
    /// Somebody whose address the provider has verified.
    pub fn verified(subject: &str, email: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            email: email.to_owned(),
            verified: true,
            audience: None,
            issued: now(),
            nonce: None,
        }
    }
}

/// The real time: the API of the tests runs by it.
pub fn now() -> DateTime<Utc> {
    ::kernel::Clock::System.now()
}

/// A log-in at the provider that waits for its code to be shown.
struct Waiting {
    person: Person,
    client: String,
    challenge: String,
    nonce: String,
    redirect: String,
}

#[derive(Default)]
struct Book {
    issuer: String,
    codes: HashMap<String, Waiting>,
}

type Shared = Arc<Mutex<Book>>;

/// The provider, running.
pub struct Issuer {
    book: Shared,
}

/// What the provider sends back in the address.
pub struct Back {
    pub code: String,
    pub state: String,
    /// Where it sends the user.
    pub redirect: String,
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let book = Arc::new(Mutex::new(Book {
            issuer,
            codes: HashMap::new(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(configuration))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(book.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { book }
    }

    pub fn url(&self) -> String {
        self.book.lock().unwrap().issuer.clone()
    }

    /// Somebody logs in at the provider, having been sent to it by `url`.
    pub fn log_in(&self, url: &str, person: Person) -> Back {
        let url = Url::parse(url).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].contains("openid"), "{}", asked["scope"]);
        let code = uuid::Uuid::new_v4().simple().to_string();
        let waiting = Waiting {
            person,
            client: asked["client_id"].clone(),
            challenge: asked["code_challenge"].clone(),
            nonce: asked["nonce"].clone(),
            redirect: asked["redirect_uri"].clone(),
        };
        let back = Back {
            code: code.clone(),
            state: asked["state"].clone(),
            redirect: waiting.redirect.clone(),
        };
        self.book.lock().unwrap().codes.insert(code, waiting);
        back
    }
}

fn key() -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(KEY, Some(JsonWebKeyId::new("k1".to_owned()))).unwrap()
}

async fn configuration(State(book): State<Shared>) -> Json<Value> {
    let issuer = book.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
}

async fn keys() -> Json<Value> {
    Json(json!(CoreJsonWebKeySet::new(vec![
        key().as_verification_key()
    ])))
}

/// A code is good once, for the verifier of its challenge and the address that it was sent to.
async fn token(State(book): State<Shared>, Form(form): Form<HashMap<String, String>>) -> Response {
    let mut book = book.lock().unwrap();
    let Some(waiting) = book.codes.remove(&form["code"]) else {
        return refused();
    };
    let verifier = PkceCodeVerifier::new(form["code_verifier"].clone());
    let shown = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
    if shown.as_str() != waiting.challenge || form["redirect_uri"] != waiting.redirect {
        return refused();
    }
    let person = waiting.person;
    let standard = StandardClaims::new(SubjectIdentifier::new(person.subject))
        .set_email(Some(EndUserEmail::new(person.email)))
        .set_email_verified(Some(person.verified));
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(book.issuer.clone()).unwrap(),
        vec![Audience::new(person.audience.unwrap_or(waiting.client))],
        person.issued + TimeDelta::minutes(5),
        person.issued,
        standard,
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(person.nonce.unwrap_or(waiting.nonce))));
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let signed = CoreIdToken::new(claims, &key(), algorithm, None, None).unwrap();
    let said =
        json!({ "access_token": "at", "token_type": "Bearer", "id_token": signed.to_string() });
    Json(said).into_response()
}

fn refused() -> Response {
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error": "invalid_grant" })),
    )
        .into_response()
}
