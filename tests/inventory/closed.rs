//! Closed periods and stock: what moves no value belongs to a day of the books all the same.

use serde_json::{Value, json};

use super::stage::{MOVEMENT, Store};
use crate::app::run;
use crate::client::Client;
use crate::people::stage::{act, done, reasons};

/// Closes the periods of 2026 up to one that begins on a day.
async fn close(by: &Client, company: &str, upto: &str, closing: &str) {
    let query = "query ($company: ID!) { periods(first: 100, filter: { \
                 company: { eq: $company }, startsOn: { gte: \"2026-01-01\" } }) { \
                 nodes { id startsOn status } } }";
    let data = by.run(query, json!({ "company": company })).await;
    let mut periods = data["periods"]["nodes"]
        .as_array()
        .expect("periods")
        .clone();
    periods.retain(|period| period["startsOn"].as_str() <= Some(upto));
    if closing == "SOFT" {
        periods.retain(|period| period["startsOn"] == upto);
    }
    for period in periods {
        let input = json!({ "id": period["id"], "closing": closing });
        done(by, "periodClose", input, "period { status }").await;
    }
}

fn shifted(store: &Store, item: &str, to: &str, date: &str) -> Value {
    let line = json!({
        "item": item, "fromLocation": store.shelf, "toLocation": to, "quantity": "1",
    });
    store.moved(date, line)
}

#[test]
fn a_transfer_without_an_entry_is_not_dated_into_a_closed_period() {
    run(|app| async move {
        let store = Store::new(app).await;
        let item = store.item("PUERTA", "FIFO").await;
        store.receive(&item, "2026-09-01", "9", "1").await;
        let to_far = |date: &str| shifted(&store, &item, &store.far, date);
        let moved = store.do_it("stockTransfer", to_far("2026-09-02")).await;
        close(&store.owner, &store.company, "2026-09-01", "SOFT").await;
        let payload = act(
            &store.keeper,
            "stockTransfer",
            to_far("2026-09-03"),
            MOVEMENT,
        )
        .await;
        assert_eq!(
            reasons(&payload),
            ["ledger.period_soft_closed"],
            "{payload}"
        );
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "date"]));
        // Who manages periods still may.
        store.do_it("stockTransfer", to_far("2026-09-03")).await;
        close(&store.owner, &store.company, "2026-09-01", "FIRM").await;
        let before = store.count().await;
        for to in [&store.far, &store.shop] {
            let input = shifted(&store, &item, to, "2026-09-04");
            let payload = store.try_it("stockTransfer", input).await;
            assert_eq!(reasons(&payload), ["ledger.period_closed"], "{payload}");
        }
        let payload = store.reverse(&moved, "2026-09-05").await;
        assert_eq!(reasons(&payload), ["ledger.period_closed"], "{payload}");
        assert_eq!(payload["userErrors"][0]["field"], json!(["input", "date"]));
        assert_eq!(store.count().await, before, "nothing moved");
        let payload = store.reverse(&moved, "2026-10-01").await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        store.agrees(app).await;
    });
}

#[test]
fn a_typo_that_was_reversed_prices_nothing() {
    run(|app| async move {
        let store = Store::new(app).await;
        for valuation in ["FIFO", "MOVING_AVERAGE"] {
            let item = store
                .item(&format!("TYPO-{valuation}")[..9], valuation)
                .await;
            let typo = store.receive(&item, "2026-10-01", "1", "1000").await;
            store.reverse(&typo, "2026-10-01").await;
            let line = json!({ "item": item, "location": store.shelf, "difference": "1" });
            let mut found = store.moved("2026-10-02", line);
            found["reason"] = "Recuento".into();
            let payload = store.try_it("stockAdjust", found.clone()).await;
            assert_eq!(reasons(&payload), ["inventory.cost_unknown"], "{payload}");
            store.receive(&item, "2026-10-02", "2", "10").await;
            store.issue(&item, "2026-10-02", "2").await;
            let typo = store.receive(&item, "2026-10-02", "1", "1000").await;
            store.reverse(&typo, "2026-10-02").await;
            let made = store.do_it("stockAdjust", found).await;
            assert_eq!(super::stage::money(&made["value"]), "10", "{made}");
        }
        store.agrees(app).await;
    });
}
