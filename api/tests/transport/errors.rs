//! What leaves when something goes wrong, and what stays inside.

use crate::toy::{app, app_with, ask, post, posted, query};
use axum::http::StatusCode;
use serde_json::json;
use trastienda_api::transport::Limits;

#[tokio::test]
async fn the_text_of_an_inner_failure_never_leaves() {
    for text in ["{ leaky }", "{ displayed }", "{ required }", "{ boom }"] {
        let answer = query(&app(), text).await;
        assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR", "{text}");
        assert!(!answer.text.contains("secret"), "{}", answer.text);
        assert!(answer.json()["errors"][0]["extensions"]["requestId"].is_string());
    }
}

#[tokio::test]
async fn nullable_fields_keep_their_siblings_and_required_ones_propagate() {
    let partial = query(&app(), "{ leaky counted(n: 1) }").await;
    assert_eq!(partial.status, StatusCode::OK);
    assert_eq!(
        partial.json()["data"],
        json!({ "leaky": null, "counted": 1 })
    );
    let whole = query(&app(), "{ required counted(n: 1) }").await;
    assert_eq!(
        (whole.status, whole.json()["data"].clone()),
        (StatusCode::OK, json!(null))
    );
    assert_eq!(whole.code(), "INTERNAL_SERVER_ERROR");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let answer = query(&app(), "{ boom }").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_resolvers_own_code_is_kept_and_input_is_told_apart() {
    let forbidden = query(&app(), "{ forbidden }").await;
    assert_eq!(forbidden.code(), "FORBIDDEN");
    assert_eq!(forbidden.json()["errors"][0]["message"], "No puede verlo.");
    assert_eq!(
        query(&app(), "{ counted(n: \"x\") }").await.code(),
        "GRAPHQL_VALIDATION_FAILED"
    );
    let big = query(&app(), "{ counted(n: 99999999999) }").await;
    assert!(["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&big.code().as_str()));
    let app = app();
    let text = "query($n: Int!) { counted(n: $n) }";
    let with = |v| post(json!({ "query": text, "variables": v }).to_string());
    assert_eq!(
        ask(&app, with(json!({ "n": 4 }))).await.json()["data"]["counted"],
        4
    );
    assert_eq!(
        ask(&app, with(json!({ "n": 5 }))).await.json()["data"]["counted"],
        5
    );
    for wrong in [json!({ "n": "x" }), json!({ "n": null }), json!({})] {
        let answer = ask(&app, with(wrong.clone())).await;
        let code = answer.code();
        let known = ["BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED"].contains(&code.as_str());
        assert!(known, "{wrong}: {}", answer.text);
    }
}

#[tokio::test]
async fn messages_come_in_the_callers_language() {
    let body = r#"{"query":"{ leaky }"}"#;
    let es = ask(&app(), posted(&[], body)).await;
    let en = ask(&app(), posted(&[("accept-language", "en-US")], body)).await;
    assert!(es.text.contains("Error interno"));
    assert!(en.text.contains("Internal error"));
    let es = ask(&app(), posted(&[], "[]")).await;
    assert!(es.text.contains("lotes") && es.header("content-language") == "es");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_stopped() {
    let limits = Limits {
        request_s: 1,
        ..Limits::for_testing()
    };
    let answer = query(&app_with(limits), "{ slow(ms: 5000) }").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::GATEWAY_TIMEOUT, "TIMEOUT")
    );
}

#[tokio::test]
async fn a_subscription_needs_a_stream() {
    let answer = query(&app(), "subscription { quiet }").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::BAD_REQUEST, "BAD_REQUEST")
    );
}
