//! What was ordered can't be changed, nor ordered without the approval that it waits for, not by raw
//! SQL in the application's role either.

use diesel_async::SimpleAsyncConnection;
use serde_json::json;

use super::shop::{ORDER, Shop};
use crate::app::{App, run, system};
use crate::people::stage::{done, text};

/// A copy of a line, as another one of the same order.
const ANOTHER_LINE: &str = "INSERT INTO inventory.purchase_order_line (organisation_id, id, \
    purchase_order_id, position, item_id, unit_id, factor, quantity, price, over_receipt_percent) \
    SELECT organisation_id, gen_random_uuid(), purchase_order_id, position + 1, item_id, unit_id, \
    factor, quantity, price, 0 FROM inventory.purchase_order_line LIMIT 1";

/// Which statements the database takes, one transaction each.
async fn taken(app: &App, shop: &Shop, statements: &[&str]) -> Vec<bool> {
    let mut taken = Vec::new();
    for statement in statements {
        let context = system(shop.store.tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        taken.push(tx.conn().batch_execute(statement).await.is_ok());
        tx.rollback().await.unwrap();
    }
    taken
}

async fn draft(shop: &Shop) -> String {
    let supplier = shop.supplier("Aceros Peña").await;
    let item = shop.item("VIGA", 0).await;
    let input = json!({
        "warehouse": shop.warehouse, "supplier": supplier,
        "lines": [{ "item": item, "quantity": "2", "price": "100" }],
    });
    let made = done(&shop.buyer, "purchaseOrderCreate", input, ORDER).await;
    text(&made["purchaseOrder"]["id"])
}

async fn submit(shop: &Shop, order: &str) {
    let input = json!({ "id": order });
    done(&shop.buyer, "purchaseOrderSubmit", input, ORDER).await;
}

#[test]
fn raw_sql_in_the_application_role_changes_nothing_ordered() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let order = draft(&shop).await;
        let lines = [
            ANOTHER_LINE,
            "UPDATE inventory.purchase_order_line SET quantity = 3",
            "UPDATE inventory.purchase_order_line SET divisor = 3",
            "UPDATE inventory.purchase_order_line SET price = 1",
            "UPDATE inventory.purchase_order_line SET expected_on = '2027-01-01'",
            "DELETE FROM inventory.purchase_order_line",
        ];
        assert_eq!(taken(app, &shop, &lines).await, [true; 6], "it is a draft");
        submit(&shop, &order).await;
        assert_eq!(taken(app, &shop, &lines).await, [false; 6]);
        let orders = [
            "UPDATE inventory.purchase_order SET total = 1",
            "UPDATE inventory.purchase_order SET currency = 'USD'",
            "UPDATE inventory.purchase_order SET number = 'PC-1'",
            "UPDATE inventory.purchase_order SET ordered_on = ordered_on - 1",
            "UPDATE inventory.purchase_order SET submitted_by = NULL",
            "UPDATE inventory.purchase_order SET supplier_id = (SELECT id FROM directory.party \
             WHERE name <> 'Aceros Peña' LIMIT 1)",
            "UPDATE inventory.purchase_order SET status = 'DRAFT'",
            "UPDATE inventory.purchase_order SET status = 'CLOSED', ended_on = '2026-11-24'",
            "DELETE FROM inventory.purchase_order",
            "UPDATE inventory.purchase_receipt SET quantity = 1",
            "ALTER TABLE inventory.purchase_order DISABLE TRIGGER ALL",
        ];
        let outcome = taken(app, &shop, &orders).await;
        // No receipt is there to be changed, which alone is no fault; the right to it is missing.
        assert_eq!(outcome, [false; 11]);
        let input = json!({ "id": order, "reason": "No hace falta" });
        done(&shop.buyer, "purchaseOrderCancel", input, ORDER).await;
        let over = [
            "UPDATE inventory.purchase_order SET status = 'ORDERED', ended_on = NULL",
            "UPDATE inventory.purchase_order SET end_reason = 'Otra'",
        ];
        assert_eq!(taken(app, &shop, &over).await, [false; 2]);
    });
}

#[test]
fn what_waits_for_approval_is_not_ordered_without_it() {
    run(|app| async {
        let shop = Shop::new(app).await;
        let owner = shop.store.tenant.login_proved(app, "elena.campos").await;
        let policy = json!({
            "name": "Toda compra", "subjectKind": "PurchaseOrder",
            "steps": [{ "permission": "inventory.purchase.approve" }],
        });
        let selection = "approvalPolicy { id }";
        done(&owner, "approvalPolicyCreate", policy, selection).await;
        let order = draft(&shop).await;
        submit(&shop, &order).await;
        let statements = [
            "UPDATE inventory.purchase_order SET status = 'ORDERED', ordered_on = '2026-11-24'",
            "UPDATE inventory.purchase_order SET approval_id = NULL",
            "UPDATE inventory.purchase_order SET total = 1",
            ANOTHER_LINE,
        ];
        assert_eq!(taken(app, &shop, &statements).await, [false; 4]);
        let input = json!({ "id": order });
        let made = done(&owner, "purchaseOrderApprove", input, ORDER).await;
        assert_eq!(made["purchaseOrder"]["status"], "ORDERED", "{made}");
    });
}
