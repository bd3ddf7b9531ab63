//! Purchase orders through the served API: their second person, what comes, what goes back, what is
//! late.

use diesel_async::RunQueryDsl;
use serde_json::json;

use super::shop::{ORDER, Shop};
use crate::app::{App, run, system};
use crate::people::stage::{act, done, mutation_of, reasons, text};

#[test]
fn an_order_over_the_amount_of_a_policy_takes_a_second_person() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let owner = shop.store.tenant.login_proved(app, "elena.campos").await;
        let policy = json!({
            "name": "Compras de más de 100 €", "subjectKind": "PurchaseOrder",
            "currencyCode": "EUR", "amountFrom": "100",
            "steps": [{ "permission": "inventory.purchase.approve" }],
        });
        done(
            &owner,
            "approvalPolicyCreate",
            policy,
            "approvalPolicy { id }",
        )
        .await;
        let supplier = shop.supplier("Muebles Olmo").await;
        let item = shop.item("MESA", 0).await;
        let draft = |price: &str| {
            json!({
                "warehouse": shop.warehouse, "supplier": supplier,
                "lines": [{ "item": item, "quantity": "2", "price": price }],
            })
        };
        let small = done(&shop.buyer, "purchaseOrderCreate", draft("49"), ORDER).await;
        let input = json!({ "id": small["purchaseOrder"]["id"] });
        let made = done(&shop.buyer, "purchaseOrderSubmit", input, ORDER).await;
        assert_eq!(made["purchaseOrder"]["status"], "ORDERED", "{made}");
        let large = done(&shop.buyer, "purchaseOrderCreate", draft("50"), ORDER).await;
        let id = text(&large["purchaseOrder"]["id"]);
        let input = json!({ "id": id });
        let made = done(&shop.buyer, "purchaseOrderSubmit", input.clone(), ORDER).await;
        assert_eq!(made["purchaseOrder"]["status"], "IN_APPROVAL", "{made}");
        it_waits_unchanged(app, &shop, &id).await;
        let approve = mutation_of("purchaseOrderApprove", ORDER);
        let refused = shop
            .buyer
            .refused(&approve, json!({ "input": input.clone() }))
            .await;
        assert_eq!(refused, "FORBIDDEN", "who orders does not approve");
        let made = done(&owner, "purchaseOrderApprove", input.clone(), ORDER).await;
        assert_eq!(made["purchaseOrder"]["status"], "ORDERED", "{made}");
        let again = act(&owner, "purchaseOrderApprove", input, ORDER).await;
        assert_eq!(reasons(&again), ["inventory.order_state"]);
        let seen = shop
            .order(&id, "viewerCan { cancel { allowed } receive { allowed } }")
            .await;
        let can = json!({ "cancel": { "allowed": true }, "receive": { "allowed": false } });
        assert_eq!(seen["viewerCan"], can);
    });
}

/// What waits for approval is changed neither through the API nor behind it.
async fn it_waits_unchanged(app: &App, shop: &Shop, id: &str) {
    let patch = json!({ "id": id, "patch": { "memo": "Más barato" } });
    let payload = act(&shop.buyer, "purchaseOrderUpdate", patch, ORDER).await;
    assert_eq!(reasons(&payload), ["inventory.order_state"]);
    let context = system(shop.store.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let changed = diesel::sql_query(
        "UPDATE inventory.purchase_order_line SET price = 1 \
         WHERE purchase_order_id IN (SELECT id FROM inventory.purchase_order \
            WHERE status = 'IN_APPROVAL')",
    )
    .execute(tx.conn())
    .await;
    assert!(
        changed.is_err(),
        "the database keeps what is being approved"
    );
    tx.rollback().await.unwrap();
}

#[test]
fn a_receipt_that_is_reversed_is_waited_for_again() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Cartonajes Río").await;
        let item = shop.item("CAJA", 0).await;
        shop.policy(&item).await;
        shop.term(&item, &supplier, json!({})).await;
        shop.run(json!({})).await;
        let order = shop.accept_and_order(&shop.proposal(&item).await).await;
        let id = text(&order["id"]);
        let input = json!({ "id": id, "receivedOn": "2026-11-20" });
        let selection = "movement { id } purchaseOrder { status }";
        let made = done(&shop.store.keeper, "purchaseOrderReceive", input, selection).await;
        assert_eq!(made["purchaseOrder"]["status"], "RECEIVED");
        let payload = shop.store.reverse(&made["movement"], "2026-11-20").await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        let selection = "status lines { receivedQuantity { value } outstandingQuantity { value } \
                         receipts { quantity } }";
        let seen = shop.order(&id, selection).await;
        assert_eq!(seen["status"], "ORDERED", "{seen}");
        assert_eq!(seen["lines"][0]["outstandingQuantity"]["value"], "50");
        assert_eq!(
            seen["lines"][0]["receipts"].as_array().map(Vec::len),
            Some(2)
        );
        let told = shop.run(json!({})).await;
        assert_eq!(told["proposed"], "0", "it is on its way again: {told:?}");
        let late = json!({ "id": id, "reason": "No lo sirven" });
        done(&shop.buyer, "purchaseOrderCancel", late, ORDER).await;
        let told = shop.run(json!({})).await;
        assert_eq!(
            told["proposed"], "1",
            "what was called off is not coming: {told:?}"
        );
    });
}

#[test]
fn an_order_that_is_late_is_told_until_it_comes() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Transportes Lentos").await;
        let item = shop.item("SILLA", 100).await;
        let input = json!({
            "warehouse": shop.warehouse, "supplier": supplier, "expectedOn": "2026-11-10",
            "lines": [{ "item": item, "quantity": "2", "price": "10" }],
        });
        let made = done(&shop.buyer, "purchaseOrderCreate", input, ORDER).await;
        let id = text(&made["purchaseOrder"]["id"]);
        done(
            &shop.buyer,
            "purchaseOrderSubmit",
            json!({ "id": id }),
            ORDER,
        )
        .await;
        let told = shop.run(json!({})).await;
        assert_eq!(told["late"], "1", "{told:?}");
        let told = shop.run(json!({})).await;
        assert_eq!(told["late"], "0", "told once: {told:?}");
        let query = "{ stockAlerts { nodes { kind isOpen dueDate purchaseOrder { id } } } }";
        let data = shop.buyer.ask(query).await;
        let alert = &data["stockAlerts"]["nodes"][0];
        let expected = json!({
            "kind": "LATE_ORDER", "isOpen": true, "dueDate": "2026-11-10",
            "purchaseOrder": { "id": id },
        });
        assert_eq!(alert, &expected);
        let input = json!({ "id": id, "receivedOn": "2026-11-20" });
        done(&shop.store.keeper, "purchaseOrderReceive", input, ORDER).await;
        shop.run(json!({})).await;
        let data = shop.buyer.ask(query).await;
        assert_eq!(data["stockAlerts"]["nodes"][0]["isOpen"], false, "{data}");
        assert_eq!(
            data["stockAlerts"]["nodes"].as_array().map(Vec::len),
            Some(1)
        );
    });
}
