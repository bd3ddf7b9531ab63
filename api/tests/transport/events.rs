//! Server-sent events, each operation on its own connection.

use crate::toy::{Names, app, app_with, ask, got, posted, schema, testing};
use axum::{body::Body, http::StatusCode};
use futures::StreamExt;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tower::ServiceExt;
use trastienda_api::transport::{Door, Limits, Settings, router};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn events_carry_cursors_and_a_client_goes_on_where_it_was() {
    let body = r#"{"query":"subscription { ticked(count: 3) { cursor n } }"}"#;
    let all = ask(&app(), posted(&[EVENTS], body)).await;
    assert_eq!(
        (all.status, all.header("content-type")),
        (StatusCode::OK, "text/event-stream")
    );
    assert_eq!(all.text.matches("event: next").count(), 3, "{}", all.text);
    assert!(all.text.contains("id: c3\n"));
    assert!(
        all.text
            .contains(r#"data: {"data":{"ticked":{"cursor":"c1","n":1}}}"#)
    );
    assert!(all.text.contains("event: complete\ndata"), "{}", all.text);
    let rest = ask(&app(), posted(&[EVENTS, ("last-event-id", "c2")], body)).await;
    assert!(!rest.text.contains("c2") && rest.text.contains("c3"));
}

#[tokio::test]
async fn a_query_is_one_event_and_a_mutation_needs_post() {
    let query = ask(&app(), got("/graphql?query=%7B__typename%7D", &[EVENTS])).await;
    assert!(query.text.contains("event: next") && query.text.contains("event: complete"));
    let mutation = got(
        "/graphql?query=mutation%7Brename(name:%22x%22)%7D",
        &[EVENTS],
    );
    assert_eq!(
        ask(&app(), mutation).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}

#[tokio::test]
async fn failures_are_events_without_detail() {
    for (text, code) in [
        ("subscription { broken }", "INTERNAL_SERVER_ERROR"),
        ("subscription { breaking }", "INTERNAL_SERVER_ERROR"),
        ("subscription { nope }", "GRAPHQL_VALIDATION_FAILED"),
    ] {
        let body = serde_json::json!({ "query": text }).to_string();
        let answer = ask(&app(), posted(&[EVENTS], body)).await;
        assert!(answer.text.contains(code), "{text}: {}", answer.text);
        assert!(!answer.text.contains("secret"), "{}", answer.text);
    }
}

#[tokio::test]
async fn streams_are_counted_and_closed_when_credentials_end() {
    let limits = Limits {
        sockets_a_user: 1,
        recheck_s: 1,
        ..Limits::for_testing()
    };
    let names = Arc::new(Names::default());
    let door = Door::new(schema, names.clone());
    let app = router(door.settings(Settings {
        limits,
        ..testing()
    }));
    let body = r#"{"query":"subscription { quiet }"}"#;
    let ask_quiet = || posted(&[EVENTS, ("authorization", "Bearer ana")], body);
    let open = app.clone().oneshot(ask_quiet()).await.unwrap();
    let second = ask(&app, ask_quiet()).await;
    assert_eq!(second.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(second.code(), "TOO_MANY_SOCKETS");
    names.revoked.store(true, Ordering::SeqCst);
    let text = read_to_end(open.into_body()).await;
    assert!(
        text.contains("UNAUTHENTICATED") && text.contains("event: complete"),
        "{text}"
    );
}

#[tokio::test]
async fn a_stream_breaks_off_without_complete_when_rights_change() {
    let names = Arc::new(Names::default());
    let door = Door::new(schema, names.clone());
    let limits = Limits {
        recheck_s: 1,
        ..Limits::for_testing()
    };
    let app = router(door.settings(Settings {
        limits,
        ..testing()
    }));
    let body = r#"{"query":"subscription { quiet }"}"#;
    let asked = posted(&[EVENTS, ("authorization", "Bearer ana")], body);
    let open = app.clone().oneshot(asked).await.unwrap();
    names.rights.store(1, Ordering::SeqCst);
    let text = read_to_end(open.into_body()).await;
    assert!(!text.contains("complete"), "the client comes back: {text}");
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_seat_back() {
    let app = app_with(Limits {
        sockets_a_user: 1,
        ..Limits::for_testing()
    });
    let quiet = || posted(&[EVENTS], r#"{"query":"subscription { quiet }"}"#);
    drop(app.clone().oneshot(quiet()).await.unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        app.clone().oneshot(quiet()).await.unwrap().status(),
        StatusCode::OK
    );
}

async fn read_to_end(body: Body) -> String {
    let chunks = body
        .into_data_stream()
        .map(|chunk| chunk.unwrap().to_vec())
        .collect::<Vec<_>>();
    let chunks = tokio::time::timeout(Duration::from_secs(5), chunks)
        .await
        .expect("it ends");
    String::from_utf8(chunks.concat()).unwrap()
}
