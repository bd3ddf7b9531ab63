//! Reordering through the served API: what is proposed and why, once; what becomes of it; and that
//! what is received closes the gap.

use serde_json::{Value, json};

use super::shop::{ORDER, Shop};
use crate::app::{App, run};
use crate::people::stage::{act, count, done, follow, mutation_of, reasons, text};

#[test]
fn what_is_short_is_proposed_once_and_what_is_received_closes_the_gap() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let item = shop.item("PAPEL", 5).await;
        shop.policy(&item).await;
        let dear = shop.supplier("Suministros Caros").await;
        let cheap = shop.supplier("Papelera del Norte").await;
        shop.term(&item, &dear, json!({ "price": "3" })).await;
        let unit = unit(&shop, "BOX").await;
        shop.term(&item, &cheap, json!({ "price": "12", "unit": unit }))
            .await;
        let first = shop.run(json!({})).await;
        assert_eq!(first["proposed"], "1", "{first:?}");
        let proposal = shop.proposal(&item).await;
        it_explains_itself(&proposal);
        assert_eq!(shop.alerts(&item).await, ["LOW"]);
        let again = shop.run(json!({})).await;
        assert_eq!(
            (&*again["proposed"], &*again["raised"]),
            ("0", "0"),
            "{again:?}"
        );
        assert_eq!(shop.proposal(&item).await, proposal);
        people_are_told_once(app, &shop).await;
        let order = shop.accept_and_order(&proposal).await;
        assert_eq!(order["status"], "ORDERED", "{order}");
        let coming = shop.run(json!({})).await;
        assert_eq!(coming["proposed"], "0", "{coming:?}");
        it_is_received(app, &shop, &order, &item).await;
        let after = shop.run(json!({})).await;
        assert_eq!(after["proposed"], "0", "{after:?}");
        assert_eq!(shop.alerts(&item).await, Vec::<String>::new());
        assert_eq!(
            count(app, &shop.store.tenant, "inventory.stock_alert").await,
            1
        );
    });
}

fn it_explains_itself(proposal: &Value) {
    // 45 are missing: four boxes of twelve, of the supplier with a euro a piece.
    let expected = json!({
        "onHandQuantity": "5.000000", "onOrderQuantity": "0.000000",
        "reorderPoint": "10.000000", "targetQuantity": "50.000000",
        "shortageQuantity": "45.000000", "supplierChoice": "CHEAPEST",
        "roundedUpQuantity": "3.000000", "leadTimeDays": 5, "ruleVersion": "reorder/2",
        "offerCount": 2,
    });
    let why = proposal["explanation"].as_object().expect("why");
    for (name, value) in expected.as_object().unwrap() {
        let (one, two) = (why[name].as_str(), value.as_str());
        let same = match (one.and_then(number), two.and_then(number)) {
            (Some(one), Some(two)) => one == two,
            _ => &why[name] == value,
        };
        assert!(same, "{name}: {} is not {value}", why[name]);
    }
    assert_eq!(proposal["orderQuantity"]["unit"]["code"], "BOX");
    assert_eq!(proposal["orderQuantity"]["value"], "4");
    assert_eq!(proposal["quantity"]["value"], "48");
    assert_eq!(number(&text(&proposal["value"]["amount"])), number("48"));
    assert_eq!(proposal["supplier"]["name"], "Papelera del Norte");
}

fn number(text: &str) -> Option<rust_decimal::Decimal> {
    text.parse()
        .ok()
        .map(|it: rust_decimal::Decimal| it.normalize())
}

/// The buyer got one digest, of the first run; the second had no news.
async fn people_are_told_once(app: &App, shop: &Shop) {
    let kind = "inventory.replenishment_digest";
    let query = format!(
        "{{ notifications(filter: {{ kind: {{ eq: \"{kind}\" }} }}) {{ nodes {{ title }} }} }}"
    );
    let data = shop.buyer.ask(&query).await;
    let nodes = data["notifications"]["nodes"].as_array().expect("notices");
    assert_eq!(nodes.len(), 1, "{data}");
    assert_eq!(
        nodes[0]["title"],
        "Reposición: 1 propuestas nuevas, 0 artículos agotados"
    );
    let keeper = shop.store.tenant.login(app, "oscar.diez").await;
    let data = keeper.ask(&query).await;
    assert_eq!(
        data["notifications"]["nodes"],
        json!([]),
        "the keeper orders nothing"
    );
}

async fn it_is_received(app: &App, shop: &Shop, order: &Value, item: &str) {
    let receive = mutation_of("purchaseOrderReceive", ORDER);
    let input = json!({ "input": { "id": order["id"] } });
    let refused = shop.buyer.refused(&receive, input).await;
    assert_eq!(refused, "FORBIDDEN", "who orders does not receive");
    let line = text(&order["lines"][0]["id"]);
    let keeper = &shop.store.keeper;
    let some = |many: &str| {
        json!({
            "id": order["id"], "receivedOn": "2026-11-20",
            "lines": [{ "line": line, "quantity": many }],
        })
    };
    let made = done(keeper, "purchaseOrderReceive", some("1"), ORDER).await;
    assert_eq!(
        made["purchaseOrder"]["status"], "PARTIALLY_RECEIVED",
        "{made}"
    );
    let before = shop.store.on_hand(item, None).await;
    let payload = act(keeper, "purchaseOrderReceive", some("4"), ORDER).await;
    assert_eq!(reasons(&payload), ["inventory.over_receipt"]);
    assert_eq!(
        payload["userErrors"][0]["field"],
        json!(["input", "lines", "0", "quantity"])
    );
    assert_eq!(
        shop.store.on_hand(item, None).await,
        before,
        "nothing half received"
    );
    let rest = json!({ "id": order["id"], "receivedOn": "2026-11-20" });
    let made = done(keeper, "purchaseOrderReceive", rest, ORDER).await;
    assert_eq!(made["purchaseOrder"]["status"], "RECEIVED", "{made}");
    assert_eq!(
        made["purchaseOrder"]["lines"][0]["receivedQuantity"]["value"],
        "4"
    );
    assert_eq!(shop.store.on_hand(item, None).await.0, "53");
    assert_eq!(shop.store.reconciled("2026-11-20").await.1, "0");
    shop.store.agrees(app).await;
    let id = text(&order["id"]);
    let seen = "query ($id: ID!) { purchaseOrder(id: $id) { total { amount } redactedFields } }";
    let data = keeper.run(seen, json!({ "id": id })).await;
    let hidden = json!({ "total": null, "redactedFields": ["total"] });
    assert_eq!(data["purchaseOrder"], hidden, "who receives sees no prices");
}

async fn unit(shop: &Shop, code: &str) -> String {
    let query = "query ($code: String!) { units(filter: { code: { eq: $code } }) { \
                 nodes { id } } }";
    let data = shop.buyer.run(query, json!({ "code": code })).await;
    text(&data["units"]["nodes"][0]["id"])
}

#[test]
fn a_rehearsal_tells_what_it_would_do_and_writes_nothing() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let item = shop.item("TINTA", 0).await;
        shop.policy(&item).await;
        let supplier = shop.supplier("Tintas Iris").await;
        shop.term(&item, &supplier, json!({})).await;
        let told = shop.run(json!({ "dryRun": true })).await;
        assert_eq!(
            (&*told["proposed"], &*told["alerts"]),
            ("1", "1"),
            "{told:?}"
        );
        for table in [
            "inventory.proposal",
            "inventory.stock_alert",
            "processes.notification WHERE kind LIKE 'inventory.%'",
            "kernel.event WHERE action LIKE 'inventory.proposal.%'",
        ] {
            assert_eq!(count(app, &shop.store.tenant, table).await, 0, "{table}");
        }
    });
}

#[test]
fn what_cannot_be_looked_at_fails_alone_and_can_be_mended() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Maderas Robledo").await;
        let (slow, orphan, good) = (
            shop.item("SIN-PLAZO", 0).await,
            shop.item("SIN-PROVEEDOR", 0).await,
            shop.item("BUENO", 0).await,
        );
        for item in [&slow, &orphan, &good] {
            shop.policy(item).await;
        }
        let term = shop
            .term(&slow, &supplier, json!({ "leadTimeDays": null }))
            .await;
        shop.term(&good, &supplier, json!({})).await;
        let job = shop.want(json!({})).await;
        follow(&shop.buyer, &job).await;
        let query = "query ($id: ID!) { job(id: $id) { progress { done total } \
                     itemErrors { userErrors { reason message } } } }";
        let data = shop.buyer.run(query, json!({ "id": job })).await;
        let errors = &data["job"]["itemErrors"];
        assert_eq!(
            errors[0]["userErrors"][0]["reason"], "inventory.no_lead_time",
            "{data}"
        );
        let message = text(&errors[0]["userErrors"][0]["message"]);
        assert!(
            message.contains("Maderas Robledo") && message.contains("SIN-PLAZO"),
            "{message}"
        );
        assert_eq!(data["job"]["progress"], json!({ "done": 3, "total": 3 }));
        assert_eq!(shop.proposals(&slow).await, Vec::<Value>::new());
        assert_eq!(shop.proposal(&good).await["status"], "OPEN");
        let flagged = shop.proposal(&orphan).await;
        assert_eq!(flagged["problem"], "NO_SUPPLIER", "{flagged}");
        an_orphan_is_not_ordered(&shop, &flagged, &good).await;
        let patch = json!({ "id": term, "patch": { "leadTimeDays": 3 } });
        done(
            &shop.buyer,
            "supplierTermUpdate",
            patch,
            "supplierTerm { id }",
        )
        .await;
        shop.term(&orphan, &supplier, json!({})).await;
        let mended = shop.run(json!({})).await;
        let seen = (&*mended["proposed"], &*mended["raised"], &*mended["failed"]);
        assert_eq!(seen, ("1", "1", "0"), "{mended:?}");
        let solved = shop.proposal(&orphan).await;
        assert_eq!(solved["problem"], Value::Null, "{solved}");
        assert_eq!(solved["supplier"]["name"], "Maderas Robledo");
    });
}

/// With `SKIP_FAILED` the good one is ordered and the orphan says why it is not.
async fn an_orphan_is_not_ordered(shop: &Shop, flagged: &Value, good: &str) {
    let proposal = shop.proposal(good).await;
    let ids = json!([flagged["id"], proposal["id"]]);
    let selection = "purchaseOrders { id } results { index proposal { id } \
                     userErrors { reason field } }";
    let payload = act(
        &shop.buyer,
        "proposalAccept",
        json!({ "ids": ids }),
        selection,
    )
    .await;
    assert_eq!(reasons(&payload), ["inventory.proposal_without_supplier"]);
    assert_eq!(shop.proposal(good).await["status"], "OPEN", "all or none");
    let input = json!({ "ids": ids, "errorPolicy": "SKIP_FAILED" });
    let payload = done(&shop.buyer, "proposalAccept", input, selection).await;
    assert_eq!(
        payload["purchaseOrders"].as_array().map(Vec::len),
        Some(1),
        "{payload}"
    );
    let bad = &payload["results"][0]["userErrors"][0];
    assert_eq!(
        bad["reason"], "inventory.proposal_without_supplier",
        "{payload}"
    );
    assert_eq!(bad["field"], json!(["input", "ids", "0"]));
    assert_eq!(payload["results"][1]["proposal"]["id"], proposal["id"]);
}

#[test]
fn what_was_dismissed_stays_away_and_what_is_not_needed_is_withdrawn() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Ferretería Vega").await;
        let (unwanted, needed) = (shop.item("CLAVOS", 0).await, shop.item("TACOS", 0).await);
        for item in [&unwanted, &needed] {
            shop.policy(item).await;
            shop.term(item, &supplier, json!({})).await;
        }
        shop.run(json!({})).await;
        let proposal = shop.proposal(&unwanted).await;
        let input = json!({
            "ids": [proposal["id"]], "reason": "Se descataloga", "until": "2030-01-01",
        });
        let selection = "proposals { status reason dismissedUntilDate }";
        let made = done(&shop.buyer, "proposalDismiss", input.clone(), selection).await;
        assert_eq!(made["proposals"][0]["status"], "DISMISSED", "{made}");
        let payload = act(&shop.buyer, "proposalDismiss", input, selection).await;
        assert_eq!(reasons(&payload), ["inventory.proposal_decided"]);
        shop.store.receive(&needed, "2026-11-20", "60", "2").await;
        let told = shop.run(json!({})).await;
        assert_eq!(
            (&*told["proposed"], &*told["withdrawn"]),
            ("0", "1"),
            "{told:?}"
        );
        assert_eq!(shop.proposal(&unwanted).await["status"], "DISMISSED");
        let gone = shop.proposal(&needed).await;
        assert_eq!(gone["status"], "WITHDRAWN", "{gone}");
        let why = "Ya no hace falta: lo que hay y lo que viene bastan.";
        assert_eq!(gone["reason"], why);
    });
}

#[test]
fn a_need_that_grew_raises_what_stands_and_a_past_day_is_seen_as_it_was() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Textiles Arce").await;
        let item = shop.item("LONA", 10).await;
        let policy = shop.policy(&item).await;
        shop.term(&item, &supplier, json!({})).await;
        let then = shop.run(json!({ "asOf": "2026-11-01" })).await;
        assert_eq!(then["proposed"], "1", "{then:?}");
        let seen = shop.proposal(&item).await;
        assert_eq!(
            seen["quantity"]["value"], "50",
            "nothing had come on that day"
        );
        let input = json!({ "ids": [seen["id"]], "reason": "Era una prueba" });
        done(&shop.buyer, "proposalDismiss", input, "proposals { id }").await;
        shop.run(json!({})).await;
        let open = |all: Vec<Value>| {
            let mut open = all.into_iter().filter(|it| it["status"] == "OPEN");
            open.next().expect("an open proposal")
        };
        let now = open(shop.proposals(&item).await);
        assert_eq!(now["quantity"]["value"], "40");
        let patch = json!({ "id": policy, "patch": { "targetQuantity": "80" } });
        done(
            &shop.buyer,
            "stockPolicyUpdate",
            patch,
            "stockPolicy { id }",
        )
        .await;
        let more = shop.run(json!({})).await;
        assert_eq!(
            (&*more["proposed"], &*more["raised"]),
            ("0", "1"),
            "{more:?}"
        );
        let raised = open(shop.proposals(&item).await);
        assert_eq!(raised["id"], now["id"]);
        assert_eq!(raised["quantity"]["value"], "70");
        let table = "kernel.event WHERE action = 'inventory.proposal.raised'";
        assert_eq!(count(app, &shop.store.tenant, table).await, 1);
        let future = json!({ "asOf": "2100-01-01" });
        let payload = act(&shop.buyer, "replenishmentRun", future, "job { id }").await;
        assert_eq!(reasons(&payload), ["inventory.as_of_in_future"]);
    });
}

#[test]
fn runs_at_the_same_time_propose_once() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Cristales Mora").await;
        for number in 0..5 {
            let item = shop.item(&format!("VASO-{number}"), 0).await;
            shop.policy(&item).await;
            shop.term(&item, &supplier, json!({})).await;
        }
        let jobs = futures::future::join_all((0..6).map(|_| shop.want(json!({})))).await;
        futures::future::join_all(jobs.iter().map(|job| follow(&shop.buyer, job))).await;
        for (table, rows) in [
            ("inventory.proposal", 5),
            ("inventory.stock_alert", 5),
            ("kernel.event WHERE action = 'inventory.proposal.made'", 5),
            (
                "kernel.event WHERE action = 'inventory.stock_alert.opened'",
                5,
            ),
        ] {
            assert_eq!(count(app, &shop.store.tenant, table).await, rows, "{table}");
        }
        let nobody = "{ proposals(first: 1) { totalCount } stockAlerts { totalCount } }";
        let seen = shop.buyer.ask(nobody).await;
        assert_eq!(seen["proposals"]["totalCount"], 5);
        let employee = shop.store.tenant.login(app, "pablo.serrano").await;
        assert_eq!(employee.refused(nobody, json!({})).await, "FORBIDDEN");
    });
}
