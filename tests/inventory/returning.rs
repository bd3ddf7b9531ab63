//! What goes back to the supplier for a line of an order: the order counts it as not received.

use serde_json::{Value, json};

use super::shop::{ORDER, Shop};
use super::stage::money;
use crate::app::run;
use crate::people::stage::{done, reasons, text};

/// What an order tells of what came.
const CAME: &str = "status lines { receivedQuantity { value } outstandingQuantity { value } \
                    receipts { quantity } }";

/// Fifty received at two euros each; the order, and its line.
async fn received(shop: &Shop, code: &str, supplier: &str) -> (String, String, String) {
    let item = shop.item(code, 0).await;
    let input = json!({
        "warehouse": shop.warehouse, "supplier": supplier,
        "lines": [{ "item": item, "quantity": "50", "price": "2" }],
    });
    let made = done(&shop.buyer, "purchaseOrderCreate", input, ORDER).await;
    let (order, line) = (
        text(&made["purchaseOrder"]["id"]),
        text(&made["purchaseOrder"]["lines"][0]["id"]),
    );
    let input = json!({ "id": order });
    done(&shop.buyer, "purchaseOrderSubmit", input, ORDER).await;
    let input = json!({ "id": order, "receivedOn": "2026-11-20" });
    done(&shop.store.keeper, "purchaseOrderReceive", input, ORDER).await;
    (item, order, line)
}

fn back(shop: &Shop, item: &str, line: &str, quantity: &str) -> Value {
    let line = json!({
        "item": item, "location": shop.store.shelf, "quantity": quantity,
        "purchaseOrderLine": line,
    });
    let mut input = shop.store.moved("2026-11-20", line);
    input["direction"] = "TO_SUPPLIER".into();
    input
}

#[test]
fn what_goes_back_for_a_line_is_not_received_any_more() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Vidrios Ansa").await;
        let (item, order, line) = received(&shop, "VIDRIO", &supplier).await;
        let moved = shop
            .store
            .do_it("stockReturn", back(&shop, &item, &line, "10"))
            .await;
        assert_eq!(money(&moved["lines"][0]["amount"]), "20", "at its price");
        let seen = shop.order(&order, CAME).await;
        let expected = json!({
            "receivedQuantity": { "value": "40" }, "outstandingQuantity": { "value": "10" },
        });
        assert_eq!(seen["status"], "PARTIALLY_RECEIVED", "{seen}");
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&seen["lines"][0][name], value);
        }
        let payload = shop.store.reverse(&moved, "2026-11-20").await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        let seen = shop.order(&order, CAME).await;
        assert_eq!(seen["status"], "RECEIVED", "{seen}");
        let receipts = seen["lines"][0]["receipts"].as_array();
        assert_eq!(receipts.map(Vec::len), Some(3));
        let mut dozens = back(&shop, &item, &line, "2");
        dozens["lines"][0]["unit"] = "DOC".into();
        shop.store.do_it("stockReturn", dozens).await;
        let seen = shop.order(&order, CAME).await;
        assert_eq!(seen["lines"][0]["receivedQuantity"]["value"], "26");
        shop.store.agrees(app).await;
        assert_eq!(shop.store.reconciled("2026-11-20").await.1, "0");
    });
}

#[test]
fn what_goes_back_is_what_came_of_the_line() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Vidrios Ansa").await;
        let (item, order, line) = received(&shop, "VIDRIO", &supplier).await;
        let (other, _, strange) = received(&shop, "ESPEJO", &supplier).await;
        let somebody = shop.supplier("Otro Proveedor").await;
        let before = shop.store.count().await;
        let mut theirs = back(&shop, &item, &line, "1");
        theirs["party"] = somebody.into();
        let mut ours = back(&shop, &item, &line, "1");
        ours["direction"] = "FROM_CUSTOMER".into();
        let mut heavy = back(&shop, &item, &line, "1");
        heavy["lines"][0]["unit"] = "KG".into();
        let unknown = "pol_01h455vb4pex5vsknk084sn02q";
        for (input, reason, field) in [
            (back(&shop, &item, &line, "51"), "over_return", "quantity"),
            (
                back(&shop, &item, &strange, "1"),
                "return_of_line",
                "purchaseOrderLine",
            ),
            (
                back(&shop, &other, &line, "1"),
                "return_of_line",
                "purchaseOrderLine",
            ),
            (theirs, "return_of_line", "purchaseOrderLine"),
            (ours, "return_of_line", "purchaseOrderLine"),
            (heavy, "return_of_line", "purchaseOrderLine"),
            (
                back(&shop, &item, unknown, "1"),
                "order_line_not_found",
                "purchaseOrderLine",
            ),
        ] {
            let payload = shop.store.try_it("stockReturn", input).await;
            assert_eq!(
                reasons(&payload),
                [format!("inventory.{reason}")],
                "{payload}"
            );
            let at = json!(["input", "lines", "0", field]);
            assert_eq!(payload["userErrors"][0]["field"], at, "{payload}");
        }
        assert_eq!(shop.store.count().await, before, "nothing moved");
        let seen = shop.order(&order, CAME).await;
        assert_eq!(seen["lines"][0]["receivedQuantity"]["value"], "50");
    });
}
