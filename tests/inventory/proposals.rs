//! What becomes of a proposal that waits: a look at the past does not repeat it, other terms renew
//! it, an item that is not kept any more takes it away; and it is somebody's task.

use serde_json::{Value, json};

use super::shop::{ORDER, Shop};
use crate::app::{App, run};
use crate::people::stage::{act, count, done, follow, reasons, text};

/// What accepting tells.
const ACCEPTED: &str = "purchaseOrders { id } results { index proposal { id } \
                        userErrors { reason field } }";

async fn accept(shop: &Shop, proposal: &Value) -> Value {
    let input = json!({ "ids": [proposal["id"]] });
    act(&shop.buyer, "proposalAccept", input, ACCEPTED).await
}

/// The proposal for an item that waits.
async fn open(shop: &Shop, item: &str) -> Value {
    let all = shop.proposals(item).await.into_iter();
    let mut open = all.filter(|it| it["status"] == "OPEN");
    open.next().expect("an open proposal")
}

#[test]
fn a_look_at_a_past_day_does_not_repeat_what_was_ordered_since() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Hilaturas Sosa").await;
        let item = shop.item("HILO", 5).await;
        shop.policy(&item).await;
        shop.term(&item, &supplier, json!({})).await;
        let past = json!({ "asOf": "2026-11-18" });
        assert_eq!(shop.run(past.clone()).await["proposed"], "1");
        let proposal = shop.proposal(&item).await;
        let made = accept(&shop, &proposal).await;
        let order = text(&made["purchaseOrders"][0]["id"]);
        let told = shop.run(past.clone()).await;
        assert_eq!(told["proposed"], "0", "it is drafted: {told:?}");
        let input = json!({ "id": order });
        done(&shop.buyer, "purchaseOrderSubmit", input, ORDER).await;
        let told = shop.run(past.clone()).await;
        assert_eq!(told["proposed"], "0", "it is ordered: {told:?}");
        let input = json!({ "id": order, "receivedOn": "2026-11-20" });
        done(&shop.store.keeper, "purchaseOrderReceive", input, ORDER).await;
        let told = shop.run(past.clone()).await;
        assert_eq!(told["proposed"], "0", "it came since: {told:?}");
        let before = shop.run(json!({ "asOf": "2026-11-21" })).await;
        assert_eq!(before["proposed"], "0", "it was there: {before:?}");

        let other = shop.item("LANA", 0).await;
        shop.policy(&other).await;
        shop.term(&other, &supplier, json!({})).await;
        assert_eq!(shop.run(past.clone()).await["proposed"], "1");
        let order = shop.accept_and_order(&shop.proposal(&other).await).await;
        let input = json!({ "id": order["id"], "reason": "No lo sirven" });
        done(&shop.buyer, "purchaseOrderCancel", input, ORDER).await;
        let told = shop.run(past).await;
        assert_eq!(told["proposed"], "1", "what was called off: {told:?}");
    });
}

#[test]
fn a_unit_that_is_a_dozenth_is_ordered_and_received_to_the_piece() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Granja Robles").await;
        // Kept by the dozen, sold by the piece.
        shop.item("OTRO", 0).await;
        let input = json!({
            "company": shop.store.company, "code": "HUEVOS", "name": "Huevos", "unit": "DOC",
            "valuation": "FIFO",
        });
        let made = done(&shop.store.owner, "itemCreate", input, "item { id }").await;
        let item = text(&made["item"]["id"]);
        shop.policy(&item).await;
        let query = "{ units(filter: { code: { eq: \"UN\" } }) { nodes { id } } }";
        let units = shop.buyer.ask(query).await;
        let unit = &units["units"]["nodes"][0]["id"];
        let terms = json!({ "unit": unit, "price": "0.25" });
        shop.term(&item, &supplier, terms).await;
        shop.run(json!({})).await;
        let proposal = shop.proposal(&item).await;
        assert_eq!(proposal["orderQuantity"]["value"], "600", "{proposal}");
        assert_eq!(proposal["quantity"]["value"], "50");
        let order = shop.accept_and_order(&proposal).await;
        let told = shop.run(json!({})).await;
        assert_eq!(told["proposed"], "0", "fifty dozen are coming: {told:?}");
        let line = text(&order["lines"][0]["id"]);
        let input = json!({
            "id": order["id"], "receivedOn": "2026-11-20",
            "lines": [{ "line": line, "quantity": "120" }],
        });
        done(&shop.store.keeper, "purchaseOrderReceive", input, ORDER).await;
        let held = shop.store.on_hand(&item, None).await;
        assert_eq!(held, ("10".to_owned(), "30".to_owned()));
        let told = shop.run(json!({})).await;
        assert_eq!(told["proposed"], "0", "ten are there, forty come: {told:?}");
    });
}

#[test]
fn what_waits_on_terms_of_yesterday_is_renewed_before_it_is_ordered() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Barnices Lago").await;
        let item = shop.item("BARNIZ", 0).await;
        shop.policy(&item).await;
        let term = shop.term(&item, &supplier, json!({})).await;
        shop.run(json!({})).await;
        let proposal = shop.proposal(&item).await;
        change_terms(&shop, &term, json!({ "price": "3" })).await;
        let payload = accept(&shop, &proposal).await;
        assert_eq!(reasons(&payload), ["inventory.proposal_outdated"]);
        let message = text(&payload["userErrors"][0]["message"]);
        assert!(message.contains("BARNIZ"), "{message}");
        let told = shop.run(json!({})).await;
        assert_eq!((&*told["raised"], &*told["proposed"]), ("1", "0"));
        let renewed = shop.proposal(&item).await;
        assert_eq!(renewed["id"], proposal["id"]);
        let worth = crate::people::stage::amount(&renewed["value"]);
        assert_eq!(worth.normalize().to_string(), "150");
        let table = "kernel.event WHERE action = 'inventory.proposal.renewed'";
        assert_eq!(count(app, &shop.store.tenant, table).await, 1);
        change_terms(&shop, &term, json!({ "validTo": "2026-11-01" })).await;
        let payload = accept(&shop, &renewed).await;
        assert_eq!(reasons(&payload), ["inventory.proposal_outdated"]);
        shop.run(json!({})).await;
        let orphan = shop.proposal(&item).await;
        assert_eq!(orphan["problem"], "NO_SUPPLIER", "{orphan}");
        let other = shop.supplier("Barnices Mar").await;
        shop.term(&item, &other, json!({ "price": "4" })).await;
        shop.run(json!({})).await;
        let order = shop.accept_and_order(&shop.proposal(&item).await).await;
        assert_eq!(order["status"], "ORDERED", "{order}");
        an_archived_item_is_not_ordered(&shop, &supplier).await;
    });
}

async fn an_archived_item_is_not_ordered(shop: &Shop, supplier: &str) {
    let item = shop.item("LACA", 0).await;
    shop.policy(&item).await;
    shop.term(&item, supplier, json!({})).await;
    shop.run(json!({})).await;
    let proposal = open(shop, &item).await;
    let input = json!({ "id": item });
    done(&shop.store.owner, "itemArchive", input, "item { id }").await;
    let payload = accept(shop, &proposal).await;
    assert_eq!(reasons(&payload), ["inventory.item_archived"], "{payload}");
}

async fn change_terms(shop: &Shop, term: &str, patch: Value) {
    let input = json!({ "id": term, "patch": patch });
    let selection = "supplierTerm { id }";
    done(&shop.buyer, "supplierTermUpdate", input, selection).await;
}

#[test]
fn what_is_not_kept_any_more_leaves_neither_proposal_nor_alert() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Cuerdas Vidal").await;
        let (idle, archived) = (shop.item("CUERDA", 0).await, shop.item("SOGA", 0).await);
        let mut policies = Vec::new();
        for item in [&idle, &archived] {
            policies.push(shop.policy(item).await);
            shop.term(item, &supplier, json!({})).await;
        }
        assert_eq!(shop.run(json!({})).await["out"], "2");
        let input = json!({ "id": policies[0], "patch": { "active": false } });
        let selection = "stockPolicy { id }";
        done(&shop.buyer, "stockPolicyUpdate", input, selection).await;
        let input = json!({ "id": archived });
        done(&shop.store.owner, "itemArchive", input, "item { id }").await;
        let past = shop.run(json!({ "asOf": "2026-11-01" })).await;
        assert_eq!(past["withdrawn"], "0", "the past leaves it alone: {past:?}");
        let rehearsed = shop.run(json!({ "dryRun": true })).await;
        assert_eq!(rehearsed["withdrawn"], "2", "{rehearsed:?}");
        assert_eq!(shop.alerts(&idle).await, ["OUT"], "and wrote nothing");
        let told = shop.run(json!({})).await;
        assert_eq!(told["withdrawn"], "2", "{told:?}");
        for item in [&idle, &archived] {
            let gone = shop.proposal(item).await;
            assert_eq!(gone["status"], "WITHDRAWN", "{gone}");
            assert!(
                text(&gone["reason"]).starts_with("El almacén ya no"),
                "{gone}"
            );
            assert_eq!(shop.alerts(item).await, Vec::<String>::new());
        }
        assert_eq!(shop.run(json!({})).await["withdrawn"], "0", "once");
    });
}

#[test]
fn without_a_lead_time_it_is_told_all_the_same_that_it_runs_out() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Resinas Paz").await;
        let item = shop.item("RESINA", 0).await;
        shop.policy(&item).await;
        shop.term(&item, &supplier, json!({ "leadTimeDays": null }))
            .await;
        let told = shop.run(json!({})).await;
        assert_eq!((&*told["failed"], &*told["out"]), ("1", "1"), "{told:?}");
        assert_eq!(shop.alerts(&item).await, ["OUT"]);
        shop.store.receive(&item, "2026-11-20", "5", "2").await;
        let told = shop.run(json!({})).await;
        assert_eq!((&*told["failed"], &*told["low"]), ("1", "1"), "{told:?}");
        assert_eq!(shop.alerts(&item).await, ["LOW"]);
        shop.store.receive(&item, "2026-11-20", "30", "2").await;
        shop.run(json!({})).await;
        assert_eq!(shop.alerts(&item).await, Vec::<String>::new());
    });
}

/// The tasks about proposals, as far as they wait or have ended.
async fn tasks(app: &App, shop: &Shop, waits: bool) -> i64 {
    let not = if waits { "" } else { "NOT" };
    let table = format!(
        "processes.task WHERE source_key LIKE 'proposals:%' \
         AND status {not} IN ('OPEN', 'IN_PROGRESS', 'BLOCKED')"
    );
    count(app, &shop.store.tenant, &table).await
}

#[test]
fn what_waits_in_a_warehouse_is_one_task_of_those_who_buy() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Papeles Ruiz").await;
        let (one, two) = (shop.item("UNO", 0).await, shop.item("DOS", 0).await);
        for item in [&one, &two] {
            shop.policy(item).await;
            shop.term(item, &supplier, json!({})).await;
        }
        shop.run(json!({ "dryRun": true })).await;
        assert_eq!(tasks(app, &shop, true).await, 0);
        let jobs = futures::future::join_all((0..4).map(|_| shop.want(json!({})))).await;
        futures::future::join_all(jobs.iter().map(|job| follow(&shop.buyer, job))).await;
        assert_eq!(tasks(app, &shop, true).await, 1);
        let query = "{ tasks(filter: { status: { eq: OPEN } }) { nodes { title } } }";
        let data = shop.buyer.ask(query).await;
        let title = text(&data["tasks"]["nodes"][0]["title"]);
        assert_eq!(
            title,
            "Decidir sobre las propuestas de pedido de Almacén TEST-A (2)"
        );
        shop.accept_and_order(&shop.proposal(&one).await).await;
        assert_eq!(tasks(app, &shop, true).await, 1, "another one waits");
        let proposal = shop.proposal(&two).await;
        let input = json!({ "ids": [proposal["id"]], "reason": "Aún no" });
        done(&shop.buyer, "proposalDismiss", input, "proposals { id }").await;
        let seen = (
            tasks(app, &shop, true).await,
            tasks(app, &shop, false).await,
        );
        assert_eq!(seen, (0, 1), "nothing waits");
        shop.run(json!({})).await;
        let seen = (
            tasks(app, &shop, true).await,
            tasks(app, &shop, false).await,
        );
        assert_eq!(seen, (1, 1), "it is proposed again");
        shop.store.receive(&two, "2026-11-20", "60", "2").await;
        shop.run(json!({})).await;
        let seen = (
            tasks(app, &shop, true).await,
            tasks(app, &shop, false).await,
        );
        assert_eq!(seen, (0, 2), "what is withdrawn waits no more");
    });
}
