//! GraphQL over HTTP: methods, media types, statuses, headers.

use crate::toy::{app, app_with, ask, door, got, post, posted, query, testing};
use axum::http::StatusCode;
use serde_json::json;
use trastienda_api::transport::{Limits, Settings, router};

const PLAIN: &str = r#"{"query":"{ __typename }"}"#;

#[tokio::test]
async fn a_query_is_answered_in_the_media_type_asked_for() {
    for (accept, expected) in [
        (
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8",
        ),
        ("application/json", "application/json; charset=utf-8"),
        ("*/*", "application/json; charset=utf-8"),
    ] {
        let answer = ask(&app(), posted(&[("accept", accept)], PLAIN)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), expected);
        assert_eq!(answer.json(), json!({ "data": { "__typename": "Query" } }));
    }
    let picky = ask(&app(), posted(&[("accept", "image/png")], PLAIN)).await;
    assert_eq!(picky.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn only_json_may_be_posted() {
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let request = axum::http::Request::post("/graphql").header("content-type", kind);
        let answer = ask(&app(), request.body(PLAIN.into()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        assert_eq!(answer.code(), "BAD_REQUEST");
    }
}

#[tokio::test]
async fn get_runs_queries_and_refuses_mutations() {
    let app = app();
    let good = ask(&app, got("/graphql?query=%7B__typename%7D", &[])).await;
    assert_eq!(good.json()["data"]["__typename"], "Query");
    let variables = "/graphql?query=query(%24n:String!)%7Bgreeting(name:%24n)%7D&variables=%7B%22n%22:%22ana%22%7D";
    assert_eq!(
        ask(&app, got(variables, &[])).await.json()["data"]["greeting"],
        "hola ana"
    );
    let bad = ask(
        &app,
        got("/graphql?query=mutation%7Brename(name:%22x%22)%7D", &[]),
    )
    .await;
    assert_eq!(
        (bad.status, bad.header("allow")),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
    assert_eq!(
        ask(&app, got("/graphql", &[])).await.status,
        StatusCode::BAD_REQUEST
    );
    let page = ask(&app, got("/graphql", &[("accept", "text/html,*/*;q=0.8")])).await;
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, "/graphiql")
    );
    let put = axum::http::Request::put("/graphql")
        .body(PLAIN.into())
        .unwrap();
    assert_eq!(ask(&app, put).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_status_of_a_bad_document_depends_on_the_media_type() {
    for text in ["{", "{ nope }", "query($id: ID!) { __typename }"] {
        let body = json!({ "query": text, "variables": { "id": null } }).to_string();
        let new = ask(&app(), post(body.clone())).await;
        assert_eq!(new.status, StatusCode::BAD_REQUEST, "{text}");
        assert!(new.json().get("data").is_none(), "{text}");
        let old = ask(&app(), posted(&[("accept", "application/json")], body)).await;
        assert_eq!(old.status, StatusCode::OK, "{text}");
    }
}

#[tokio::test]
async fn bodies_are_bounded_and_batches_refused() {
    let large = format!(r#"{{"query":"{{a}}","x":"{}"}}"#, "y".repeat(1024 * 1024));
    let answer = ask(&app(), post(large)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE")
    );
    let batch = ask(&app(), post(format!("[{PLAIN},{PLAIN}]"))).await;
    assert_eq!(
        (batch.status, batch.code().as_str()),
        (StatusCode::BAD_REQUEST, "BATCH_REFUSED")
    );
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let limits = Limits {
        body_s: 1,
        ..Limits::for_testing()
    };
    let never =
        axum::body::Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>());
    let answer = ask(&app_with(limits), post(never)).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::REQUEST_TIMEOUT, "TIMEOUT")
    );
}

#[tokio::test]
async fn credentials_become_request_data_or_401() {
    let app = app();
    let body = r#"{"query":"{ whoami }"}"#;
    let nobody = ask(&app, posted(&[], body)).await;
    assert_eq!(nobody.json()["data"]["whoami"], "nobody");
    let ana = ask(&app, posted(&[("authorization", "Bearer ana")], body)).await;
    assert_eq!(ana.json()["data"]["whoami"], "ana");
    let wrong = ask(&app, posted(&[("authorization", "Bearer wrong")], body)).await;
    assert_eq!(
        (wrong.status, wrong.code().as_str()),
        (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
    );
    assert_eq!(wrong.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn a_request_carries_its_id_language_and_trace() {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let headers = [
        ("x-request-id", "req-12345678"),
        ("accept-language", "en"),
        ("traceparent", trace),
        ("idempotency-key", "key-1"),
    ];
    let answer = ask(&app(), posted(&headers, r#"{"query":"{ told }"}"#)).await;
    assert_eq!(
        answer.json()["data"]["told"],
        json!(["req-12345678", "en", trace, "key-1"])
    );
    assert_eq!(answer.header("x-request-id"), "req-12345678");
    let fresh = query(&app(), "{ nope }").await;
    let id = fresh.header("x-request-id");
    assert_eq!(fresh.json()["errors"][0]["extensions"]["requestId"], id);
    assert_eq!(id.len(), 36);
}

#[tokio::test]
async fn answers_carry_security_headers_and_those_of_resolvers() {
    let answer = query(&app(), "{ cookie }").await;
    assert_eq!(answer.header("set-cookie"), "session=abc; HttpOnly");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value);
    }
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn only_listed_origins_get_cors() {
    let settings = Settings {
        allowed_origins: vec!["https://office.example".into()],
        ..testing()
    };
    let app = router(door(settings));
    let from = |origin: &'static str| posted(&[("origin", origin)], PLAIN);
    let listed = ask(&app, from("https://office.example")).await;
    assert_eq!(
        listed.header("access-control-allow-origin"),
        "https://office.example"
    );
    let other = ask(&app, from("https://evil.example")).await;
    assert_eq!(other.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn probes_schema_and_explorer_are_served() {
    let app = router(
        door(testing())
            .metrics(|| "up 1\n".into())
            .ready(|| Box::pin(async { Err("no database".into()) })),
    );
    let get = |path: &'static str| ask_path(app.clone(), path);
    assert_eq!(get("/livez").await.status, StatusCode::OK);
    let ready = get("/readyz").await;
    assert_eq!(
        (ready.status, ready.text.as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "no database\n")
    );
    assert_eq!(get("/metrics").await.text, "up 1\n");
    assert!(get("/schema.graphql").await.text.contains("type Query"));
    let page = get("/graphiql").await;
    assert!(
        page.header("content-security-policy")
            .contains("script-src 'self';")
    );
    assert!(
        !page.text.contains("http://") && !page.text.contains("https://"),
        "works offline"
    );
    for file in [
        "/graphiql/explorer.js",
        "/graphiql/explorer.css",
        "/graphiql/LICENSES.txt",
    ] {
        let file = get(file).await;
        assert!(file.status == StatusCode::OK && file.text.len() > 10_000);
    }
}

async fn ask_path(app: axum::Router, path: &str) -> crate::toy::Answer {
    ask(&app, got(path, &[])).await
}
