//! Posting by GraphQL: rehearsed, repeated, refused, reversed.

use serde_json::json;

use super::{Books, POST, REVERSE, decimal};
use crate::app::run;

const SALE: &[(&str, &str)] = &[("4300", "121.00"), ("100", "-121.00")];

#[test]
fn a_rehearsed_posting_leaves_nothing() {
    run(|app| async move {
        let books = Books::new(app).await;
        let mut input = books.entry("2026-03-10", SALE);
        input["dryRun"] = json!(true);
        let payload = books.post(&input).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        assert_eq!(payload["entry"]["lineCount"], 2);
        assert_eq!(
            payload["entry"]["number"],
            json!(null),
            "no number is spent on a rehearsal"
        );
        assert_eq!(books.count().await, 0);
        input["dryRun"] = json!(false);
        let payload = books.post(&input).await;
        assert_eq!(payload["entry"]["number"], 1);
        assert_eq!(decimal(&payload["entry"]["total"]["amount"]), 121.into());
        assert_eq!(books.count().await, 1);
    });
}

#[test]
fn an_idempotency_key_posts_once_and_never_something_else() {
    run(|app| async move {
        let books = Books::new(app).await;
        let input = json!({ "input": books.entry("2026-03-10", SALE) });
        let key = Some("asiento-0001");
        let first = books.accountant.send(POST, input.clone(), key).await;
        let again = books.accountant.send(POST, input.clone(), key).await;
        let id = &first["data"]["entryPost"]["entry"]["id"];
        assert!(id.is_string(), "{first}");
        assert_eq!(*id, again["data"]["entryPost"]["entry"]["id"], "{again}");
        assert_eq!(books.count().await, 1);
        let other = books.entry("2026-03-10", &[("4300", "7.00"), ("100", "-7.00")]);
        let refused = books
            .accountant
            .send(POST, json!({ "input": other }), key)
            .await;
        let payload = &refused["data"]["entryPost"];
        assert_eq!(payload["entry"], json!(null));
        assert_eq!(payload["userErrors"][0]["code"], "CONFLICT", "{refused}");
        assert_eq!(
            payload["userErrors"][0]["reason"],
            "kernel.idempotency_conflict"
        );
        assert_eq!(books.count().await, 1);
        books
            .accountant
            .send(POST, input, Some("asiento-0002"))
            .await;
        assert_eq!(books.count().await, 2, "another key is another entry");
    });
}

#[test]
fn ten_at_once_with_one_key_post_one_entry() {
    run(|app| async move {
        let books = Books::new(app).await;
        let input = json!({ "input": books.entry("2026-03-10", SALE) });
        let sent = (0..10).map(|_| {
            let (input, accountant) = (input.clone(), books.accountant.clone());
            async move { accountant.send(POST, input, Some("una-sola-vez")).await }
        });
        let answers = futures::future::join_all(sent).await;
        let first = &answers[0]["data"]["entryPost"]["entry"]["id"];
        assert!(first.is_string(), "{}", answers[0]);
        for answer in &answers {
            assert_eq!(
                answer["data"]["entryPost"]["entry"]["id"], *first,
                "{answer}"
            );
        }
        assert_eq!(books.count().await, 1);
    });
}

#[test]
fn an_entry_that_does_not_balance_is_refused_with_its_place() {
    run(|app| async move {
        let books = Books::new(app).await;
        let lame = books.entry("2026-03-10", &[("4300", "121.00"), ("100", "-120.99")]);
        let payload = books.post(&lame).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["code"], "INVALID", "{payload}");
        assert_eq!(error["reason"], "ledger.unbalanced");
        assert_eq!(error["field"], json!(["input", "lines"]));
        assert_eq!(payload["entry"], json!(null));
        let unknown = books.entry("2026-03-10", &[("4300", "5.00"), ("999999", "-5.00")]);
        let payload = books.post(&unknown).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["reason"], "ledger.account_unknown", "{payload}");
        assert_eq!(error["field"][2], "1", "the line is named: {payload}");
        assert_eq!(books.count().await, 0);
    });
}

#[test]
fn a_reversal_nets_to_zero_and_happens_once() {
    run(|app| async move {
        let books = Books::new(app).await;
        let id = books.posted("2026-03-10", SALE).await;
        let input = json!({ "input": { "id": id, "date": "2026-03-31", "memo": "Error" } });
        let data = books.accountant.run(REVERSE, input.clone()).await;
        assert_eq!(data["entryReverse"]["userErrors"], json!([]), "{data}");
        assert_eq!(data["entryReverse"]["entry"]["reverses"]["id"], *id);
        for seen in super::reports::lines(app, &books).await {
            assert_eq!(seen.debit, seen.credit, "{seen:?}");
        }
        let again = books.accountant.run(REVERSE, input).await;
        let error = &again["entryReverse"]["userErrors"][0];
        assert_eq!(error["reason"], "ledger.already_reversed", "{again}");
        assert_eq!(books.count().await, 2);
    });
}

#[test]
fn a_closed_period_takes_no_entry() {
    run(|app| async move {
        let books = Books::new(app).await;
        let january = books.posted("2026-01-20", SALE).await;
        let data = books
            .accountant
            .ask("{ periods(first: 50) { nodes { id startsOn version } } }")
            .await;
        let periods = data["periods"]["nodes"]
            .as_array()
            .expect("periods")
            .clone();
        let first = periods
            .iter()
            .find(|period| period["startsOn"] == "2026-01-01");
        let first = first.unwrap_or_else(|| panic!("no January: {data}"));
        let close = json!({ "input": {
            "id": first["id"], "expectedVersion": first["version"], "closing": "FIRM",
        } });
        let closed = books
            .accountant
            .run(
                "mutation ($input: PeriodCloseInput!) { periodClose(input: $input) { \
                 period { status } userErrors { code reason message field } } }",
                close,
            )
            .await;
        assert_eq!(
            closed["periodClose"]["period"]["status"], "CLOSED",
            "{closed}"
        );
        let payload = books.post(&books.entry("2026-01-25", SALE)).await;
        let error = &payload["userErrors"][0];
        assert_eq!(error["reason"], "ledger.period_closed", "{payload}");
        assert_eq!(error["field"], json!(["input", "date"]));
        let back = json!({ "input": { "id": january, "date": "2026-01-31", "memo": "Error" } });
        let back = books.accountant.run(REVERSE, back).await;
        assert_eq!(
            back["entryReverse"]["userErrors"][0]["reason"],
            "ledger.period_closed"
        );
        books.posted("2026-02-01", SALE).await;
        assert_eq!(books.count().await, 2);
    });
}
