//! Tests against an issuer of our own on this machine: a right log-in, and every kind of wrong one.

use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{TimeDelta, TimeZone};
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{
    AccessToken, Audience, EndUserEmail, JsonWebKeyId, PrivateSigningKey, StandardClaims,
    SubjectIdentifier,
};
use serde_json::{Value, json};

use super::*;
use crate::oidc::Reach;

/// A key for this test alone.
const KEY: &str = include_str!("local_issuer.pem");
const CLIENT: &str = "trastienda";
const CALLBACK: &str = "https://trastienda.ejemplo.es/auth/oidc/callback";

/// What the issuer says next.
#[derive(Clone)]
struct Says {
    issuer: String,
    nonce: String,
    audience: String,
    verified: bool,
    issued: DateTime<Utc>,
    access_token: String,
    seen_verifier: String,
}

type Shared = Arc<Mutex<Says>>;

fn key() -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(KEY, Some(JsonWebKeyId::new("k1".to_owned()))).unwrap()
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 2, 3, 9, 0, 0).unwrap()
}

async fn configuration(State(says): State<Shared>) -> Json<Value> {
    let issuer = says.lock().unwrap().issuer.clone();
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

async fn token(
    State(says): State<Shared>,
    Form(form): Form<std::collections::HashMap<String, String>>,
) -> Json<Value> {
    let mut says = says.lock().unwrap();
    says.seen_verifier = form["code_verifier"].clone();
    let standard = StandardClaims::new(SubjectIdentifier::new("sub-1".to_owned()))
        .set_email(Some(EndUserEmail::new("Marta@Ejemplo.es".to_owned())))
        .set_email_verified(Some(says.verified));
    let claims = CoreIdTokenClaims::new(
        IssuerUrl::new(says.issuer.clone()).unwrap(),
        vec![Audience::new(says.audience.clone())],
        says.issued + TimeDelta::minutes(5),
        says.issued,
        standard,
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(says.nonce.clone())));
    let hashed = AccessToken::new(says.access_token.clone());
    let signed = CoreIdToken::new(
        claims,
        &key(),
        CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Some(&hashed),
        None,
    )
    .unwrap();
    Json(json!({ "access_token": "at", "token_type": "Bearer", "id_token": signed.to_string() }))
}

/// Starts the issuer and gives what it will say, which is right.
async fn issuer() -> (Shared, Settings) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let says = Arc::new(Mutex::new(Says {
        issuer: issuer.clone(),
        nonce: "n-1".to_owned(),
        audience: CLIENT.to_owned(),
        verified: true,
        issued: now(),
        access_token: "at".to_owned(),
        seen_verifier: String::new(),
    }));
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(configuration))
        .route("/keys", get(keys))
        .route("/token", post(token))
        .with_state(says.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let secret = Some("s".to_owned());
    (
        says,
        Settings {
            issuer,
            client_id: CLIENT.to_owned(),
            secret,
        },
    )
}

async fn try_it(settings: &Settings, nonce: &str) -> Result<Identity> {
    let proof = Proof {
        code: "c".to_owned(),
        nonce: nonce.to_owned(),
        verifier: "v".repeat(43),
    };
    let outbound = Outbound {
        reach: Reach::Anywhere,
    };
    exchange(outbound, settings, CALLBACK, proof, now()).await
}

#[tokio::test]
async fn a_right_log_in_gives_the_identity() {
    let (says, settings) = issuer().await;
    let identity = try_it(&settings, "n-1").await.unwrap();
    let email = Some("marta@ejemplo.es".to_owned());
    assert_eq!(
        identity,
        Identity {
            subject: "sub-1".to_owned(),
            email
        }
    );
    assert_eq!(says.lock().unwrap().seen_verifier, "v".repeat(43));
}

#[tokio::test]
async fn an_address_that_nobody_verified_does_not_count() {
    let (says, settings) = issuer().await;
    says.lock().unwrap().verified = false;
    assert_eq!(try_it(&settings, "n-1").await.unwrap().email, None);
}

#[tokio::test]
async fn every_wrong_log_in_is_refused() {
    let wrong: [fn(&mut Says); 4] = [
        |says| says.nonce = "n-2".to_owned(),
        |says| says.audience = "somebody".to_owned(),
        |says| says.issued = now() - TimeDelta::minutes(6),
        |says| says.access_token = "another".to_owned(),
    ];
    for (place, make_wrong) in wrong.into_iter().enumerate() {
        let (says, settings) = issuer().await;
        make_wrong(&mut says.lock().unwrap());
        assert!(try_it(&settings, "n-1").await.is_err(), "{place}");
    }
}

#[tokio::test]
async fn an_issuer_that_calls_itself_something_else_is_refused() {
    let (says, settings) = issuer().await;
    says.lock().unwrap().issuer = "https://id.ejemplo.es".to_owned();
    assert!(try_it(&settings, "n-1").await.is_err());
}

#[tokio::test]
async fn a_local_issuer_is_out_of_reach_in_earnest() {
    let (_, settings) = issuer().await;
    let proof = Proof {
        code: "c".to_owned(),
        nonce: "n-1".to_owned(),
        verifier: "v".repeat(43),
    };
    let outbound = Outbound {
        reach: Reach::Public,
    };
    assert!(
        exchange(outbound, &settings, CALLBACK, proof, now())
            .await
            .is_err()
    );
}
