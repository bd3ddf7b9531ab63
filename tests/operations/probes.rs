//! What machines ask of a process, and which documents it executes.

use serde_json::{Value, json};

use super::process::{Served, command, output};
use crate::app::{App, run};

#[test]
fn a_worker_of_its_own_answers_probes() {
    run(|app| async move {
        let mut worker = command(app, &["work"]);
        worker.env("TRASTIENDA__WORK__PREFIX", prefix());
        let worker = Served::start(worker, "TRASTIENDA__WORK__LISTEN").await;
        assert_eq!(worker.get("/livez").await.0, 200);
        worker
            .until("/readyz", |status, text| status == 200 && text == "ok\n")
            .await;
        worker
            .until("/metrics", |_, text| {
                text.contains("trastienda_queue_depth")
            })
            .await;
    });
}

#[test]
fn an_api_without_redis_is_ready_and_says_what_is_amiss() {
    run(|app| async move {
        let api = Served::start(command(app, &["serve"]), "TRASTIENDA__SERVE__LISTEN").await;
        assert_eq!(api.get("/readyz").await, (200, "ok\n".to_owned()));
        let mut alone = command(app, &["serve"]);
        alone.env("REDIS_URL", "redis://127.0.0.1:1");
        let alone = Served::start(alone, "TRASTIENDA__SERVE__LISTEN").await;
        let (status, text) = alone.get("/readyz").await;
        assert!(
            status == 200 && text.starts_with("degraded\nredis: "),
            "{status} {text}"
        );
        let metrics = alone.get("/metrics").await.1;
        assert!(
            metrics.contains("trastienda_degraded{part=\"redis\"} 1"),
            "{metrics}"
        );
        let answer = ask(&alone, &json!({ "query": "{ __typename }" })).await;
        assert_eq!(answer["data"]["__typename"], "Query");
    });
}

#[test]
fn only_the_documents_of_the_folder_are_executed_where_that_is_asked_for() {
    run(|app| async move {
        let folder = std::env::temp_dir().join(format!("documents-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let mut empty = command(app, &["serve"]);
        empty.env("TRASTIENDA__DOOR__TRUSTED_ONLY", "true");
        let refused = output(empty);
        assert_eq!(
            refused.status.code(),
            Some(2),
            "an allow-list with nothing on it"
        );
        std::fs::write(folder.join("kind.graphql"), "query kind { __typename }").unwrap();
        let mut served = command(app, &["serve"]);
        served
            .env("TRASTIENDA__DOOR__TRUSTED_ONLY", "true")
            .env("TRASTIENDA__DOOR__DOCUMENTS", &folder);
        let served = Served::start(served, "TRASTIENDA__SERVE__LISTEN").await;
        let known = ask(&served, &json!({ "documentId": "kind" })).await;
        assert_eq!(known["data"]["__typename"], "Query", "{known}");
        let same = ask(&served, &json!({ "query": "query kind { __typename }" })).await;
        assert_eq!(same["data"]["__typename"], "Query", "{same}");
        let other = ask(&served, &json!({ "query": "query other { __typename }" })).await;
        assert_eq!(code(&other), "PERSISTED_QUERY_REQUIRED", "{other}");
        let unknown = ask(&served, &json!({ "documentId": "none" })).await;
        assert!(unknown.get("data").is_none(), "{unknown}");
        std::fs::remove_dir_all(&folder).unwrap();
    });
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"]
        .as_str()
        .unwrap_or_default()
}

async fn ask(served: &Served, body: &Value) -> Value {
    let request = reqwest::Client::new()
        .post(format!("{}/graphql", served.url))
        .header("content-type", "application/json")
        .header("accept", "application/json")
        .body(body.to_string());
    let text = request.send().await.unwrap().text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
}

/// Queues of its own in Redis.
fn prefix() -> String {
    format!("probes-{}", uuid::Uuid::new_v4().simple())
}

#[test]
fn an_unknown_database_is_one_clear_line_and_exit_code_2() {
    run(|app: &'static App| async move {
        let mut lost = command(app, &["work"]);
        lost.env(
            "DATABASE_URL",
            "postgresql://trastienda_app@127.0.0.1:1/trastienda",
        );
        let ended = output(lost);
        assert_eq!(ended.status.code(), Some(2));
        let said = String::from_utf8_lossy(&ended.stderr);
        let lines = said
            .lines()
            .filter(|line| line.starts_with("trastienda: "))
            .count();
        assert_eq!(lines, 1, "{said}");
    });
}
