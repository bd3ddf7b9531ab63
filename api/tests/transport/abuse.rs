//! What is refused before anything executes, and how fast.

use crate::toy::{RUNS, app, app_with, ask, door, posted, query, testing};
use axum::http::StatusCode;
use std::{fmt::Write, sync::atomic::Ordering, time::Instant};
use trastienda_api::transport::{Limits, Settings, router};

fn bomb(levels: usize, spread: &str) -> String {
    let mut text = "{ ...F0 greeting(name: \"x\") }".to_owned();
    for i in 0..levels {
        let next = spread.replace('@', &format!("...F{}", i + 1));
        write!(text, "fragment F{i} on Query{{{next}}}").unwrap();
    }
    write!(text, "fragment F{levels} on Query{{__typename}}").unwrap();
    text
}

#[tokio::test]
async fn bombs_are_refused_in_milliseconds_and_nothing_runs() {
    let app = app();
    let before = RUNS.load(Ordering::SeqCst);
    let ring = "{...A} fragment A on Query{...B nested{...A}} fragment B on Query{...A}";
    for text in [
        bomb(25, "@ @"),
        bomb(10, "nested{@} nested{@} @"),
        bomb(28, "...on Query{@} @"),
        bomb(200, "@"),
        ring.to_owned(),
        format!("{{a(x:{}", "[".repeat(10_000)),
        "{".repeat(10_000),
    ] {
        let begun = Instant::now();
        let answer = query(&app, &text).await;
        let took = begun.elapsed();
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{}",
            &text[..60.min(text.len())]
        );
        assert_ne!(answer.code(), "none");
        assert!(took.as_millis() < 250, "{took:?}");
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn each_limit_answers_with_its_code() {
    let app = app();
    let deep = format!("{}counted(n:1){}", "{nested".repeat(8) + "{", "}".repeat(9));
    let aliases: String = (0..16).map(|i| format!("a{i}:counted(n:{i}) ")).collect();
    let roots: String = "__typename ".repeat(21);
    let tokens = format!("{{ {} }}", "__typename ".repeat(2_000));
    for (text, code) in [
        (deep, "DEPTH_EXCEEDED"),
        (format!("{{{aliases}}}"), "TOO_MANY_ALIASES"),
        (format!("{{{roots}}}"), "TOO_MANY_ROOT_FIELDS"),
        (
            "{ items(first: 6000) { nodes { id } } }".into(),
            "COST_EXCEEDED",
        ),
        (tokens, "QUERY_TOO_LONG"),
        (format!("{{ {} }}", "a ".repeat(2_000)), "TOO_MANY_TOKENS"),
        (
            format!("{{ __typename {} }}", "@skip(if:false)".repeat(6)),
            "TOO_MANY_DIRECTIVES",
        ),
    ] {
        let answer = query(&app, &text).await;
        assert_eq!(answer.code(), code);
        let error = &answer.json()["errors"][0]["extensions"];
        assert!(
            error["limit"].as_u64() < error["actual"].as_u64(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_longest_query_that_passes_is_validated_in_time() {
    let mut text = "{".to_owned();
    for i in 0..60 {
        write!(text, "...F{} ", i % 15).unwrap();
    }
    text.push('}');
    for i in 0..15 {
        write!(
            text,
            "fragment F{i} on Query{{nested{{{}}}}}",
            "__typename ".repeat(60)
        )
        .unwrap();
    }
    let app = app_with(Limits {
        root_fields: 1_000,
        ..Limits::for_testing()
    });
    let begun = Instant::now();
    let answer = query(&app, &text).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert!(begun.elapsed().as_millis() < 1_500, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_caller_is_charged_by_cost() {
    let limits = Limits {
        rate_user: 12,
        rate_anonymous: 2,
        ..Limits::default()
    };
    let app = router(door(Settings {
        limits,
        ..testing()
    }));
    let ana = |text: &str| {
        let body = serde_json::json!({ "query": text }).to_string();
        ask(&app, posted(&[("authorization", "Bearer ana")], body))
    };
    let cheap = ana("{ __typename }").await;
    assert_eq!(cheap.header("ratelimit"), "\"user\";r=11;t=5");
    assert_eq!(cheap.header("ratelimit-policy"), "\"user\";q=12;w=60");
    let dear = ana("{ items(first: 4000) { nodes { id } } }").await;
    assert_eq!(
        (dear.status, dear.header("ratelimit")),
        (StatusCode::OK, "\"user\";r=2;t=50")
    );
    ana("{ __typename }").await;
    ana("{ __typename }").await;
    let refused = ana("{ __typename }").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.code(), "RATE_LIMITED");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(
        query(&app, "{ __typename }").await.status,
        StatusCode::OK,
        "others go on"
    );
}

#[tokio::test]
async fn load_is_shed_not_queued() {
    let app = app_with(Limits {
        concurrent_requests: 2,
        ..Limits::for_testing()
    });
    let slow = || {
        let app = app.clone();
        tokio::spawn(async move { query(&app, "{ slow(ms: 1000) }").await })
    };
    let (first, second) = (slow(), slow());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let begun = Instant::now();
    let shed = query(&app, "{ __typename }").await;
    assert_eq!(
        (shed.status, shed.code().as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED")
    );
    assert_eq!(shed.header("retry-after"), "1");
    assert!(begun.elapsed().as_millis() < 500);
    assert!(first.await.unwrap().status.is_success() && second.await.unwrap().status.is_success());
    assert_eq!(query(&app, "{ __typename }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn introspection_can_be_closed() {
    let app = router(door(Settings {
        introspection: false,
        ..testing()
    }));
    let answer = query(&app, "{ __schema { types { name } } }").await;
    assert!(!answer.text.contains("ItemConnection"), "{}", answer.text);
}
