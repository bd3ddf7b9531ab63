//! Persisted and trusted documents over HTTP.

use crate::toy::{app, ask, door, post, testing};
use axum::http::StatusCode;
use serde_json::json;
use std::sync::Arc;
use trastienda_api::transport::{Settings, TrustedDocuments, document_hash, router};

const GREET: &str = "query($n: String!) { greeting(name: $n) }";

#[tokio::test]
async fn a_document_is_registered_by_its_hash() {
    let app = app();
    let persisted =
        json!({ "persistedQuery": { "version": 1, "sha256Hash": document_hash(GREET) } });
    let short = json!({ "extensions": persisted, "variables": { "n": "ana" } });
    let miss = ask(&app, post(short.to_string())).await;
    assert_eq!(miss.code(), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(
        miss.json()["errors"][0]["message"],
        "PersistedQueryNotFound"
    );
    let mut full = short.clone();
    full["query"] = json!(GREET);
    assert_eq!(
        ask(&app, post(full.to_string())).await.json()["data"]["greeting"],
        "hola ana"
    );
    assert_eq!(
        ask(&app, post(short.to_string())).await.json()["data"]["greeting"],
        "hola ana"
    );
    full["query"] = json!("{ __typename }");
    assert_eq!(
        ask(&app, post(full.to_string())).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_allow_list_admits_trusted_documents_alone() {
    let nested = format!("{}__typename{}", "{nested".repeat(9) + "{", "}".repeat(10));
    let store = TrustedDocuments::new()
        .with("greet", GREET)
        .with("deep", &nested);
    let settings = Settings {
        trusted_only: true,
        ..testing()
    };
    let app = router(door(settings).documents(Arc::new(store)));
    let by_id = json!({ "documentId": "greet", "variables": { "n": "bea" } });
    assert_eq!(
        ask(&app, post(by_id.to_string())).await.json()["data"]["greeting"],
        "hola bea"
    );
    let deep = ask(&app, post(json!({ "documentId": "deep" }).to_string())).await;
    assert_eq!(
        deep.status,
        StatusCode::OK,
        "exempt from the limit on depth: {}",
        deep.text
    );
    let text = ask(&app, post(json!({ "query": "{ __typename }" }).to_string())).await;
    assert_eq!(text.code(), "PERSISTED_QUERY_REQUIRED");
    let unknown = ask(&app, post(json!({ "documentId": "none" }).to_string())).await;
    assert_eq!(unknown.code(), "PERSISTED_QUERY_NOT_FOUND");
}
