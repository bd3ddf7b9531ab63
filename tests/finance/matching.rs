//! Bills beside orders and receipts: what they clear, what they differ by, and what is worth a look.

use rust_decimal::{Decimal, dec};
use serde_json::{Value, json};

use super::stage::{INVOICE, Office, faults};
use crate::app::{App, run};
use crate::client::Client;
use crate::inventory::shop::{ORDER, Shop};
use crate::people::stage::{amount, done, text};

/// The day of receipts and bills.
const DAY: &str = "2026-11-20";

/// A company that buys and is billed.
struct Desk {
    office: Office,
    buyer: Client,
    keeper: Client,
    warehouse: String,
    supplier: String,
    item: String,
}

impl Desk {
    async fn new(app: &App) -> Self {
        let shop = Shop::new(app).await;
        let supplier = shop.supplier("Maderas Sanabria").await;
        let item = shop.item("TABLA", 0).await;
        let accountant = shop.store.tenant.login(app, "lucia.fernandez").await;
        let input = json!({ "company": shop.store.company });
        done(&accountant, "financeSetUp", input, "setting { id }").await;
        Self {
            office: Office {
                tenant: shop.store.tenant,
                accountant,
                company: shop.store.company,
            },
            buyer: shop.buyer,
            keeper: shop.store.keeper,
            warehouse: shop.warehouse,
            supplier,
            item,
        }
    }

    /// Orders so many at a price; gives the order.
    async fn ordered(&self, quantity: &str, price: &str) -> Value {
        let input = json!({
            "warehouse": self.warehouse, "supplier": self.supplier,
            "lines": [{ "item": self.item, "quantity": quantity, "price": price }],
        });
        let made = done(&self.buyer, "purchaseOrderCreate", input, ORDER).await;
        let input = json!({ "id": made["purchaseOrder"]["id"] });
        let mut made = done(&self.buyer, "purchaseOrderSubmit", input, ORDER).await;
        made["purchaseOrder"].take()
    }

    async fn receive(&self, order: &Value, quantity: &str) {
        let input = json!({
            "id": order["id"], "receivedOn": DAY,
            "lines": [{ "line": order["lines"][0]["id"], "quantity": quantity }],
        });
        let selection = "purchaseOrder { id }";
        done(&self.keeper, "purchaseOrderReceive", input, selection).await;
    }

    /// The input of a bill of an order.
    fn bill(&self, number: &str, order: &Value, quantity: &str, price: &str) -> Value {
        json!({
            "company": self.office.company, "kind": "SUPPLIER",
            "party": { "id": self.supplier }, "supplierNumber": number, "issuedOn": DAY,
            "lines": [{
                "description": "Tablas", "quantity": quantity, "unitPrice": price,
                "taxes": ["IVA21"], "purchaseOrderLine": order["lines"][0]["id"],
            }],
        })
    }

    async fn void(&self, invoice: &Value, number: &str) {
        let input = json!({
            "id": invoice["id"], "issuedOn": DAY, "supplierNumber": number, "reason": "Error",
        });
        done(&self.office.accountant, "invoiceVoid", input, INVOICE).await;
    }

    /// The reasons of what is worth a look.
    async fn warnings(&self, invoice: &Value) -> Vec<String> {
        let seen = self.office.look(invoice, "warnings { reason }").await;
        let all = seen["warnings"].as_array().expect("warnings");
        all.iter().map(|one| text(&one["reason"])).collect()
    }

    /// The balance of an account in the books, debit above zero.
    async fn balance(&self, code: &str) -> Decimal {
        let query = "query ($code: String!) { accounts(filter: { code: { eq: $code } }) { nodes { \
                     balance(asOfDate: \"2026-12-31\") { net { amount } } } } }";
        let data = self
            .office
            .accountant
            .run(query, json!({ "code": code }))
            .await;
        amount(&data["accounts"]["nodes"][0]["balance"]["net"])
    }
}

#[test]
fn a_bill_of_received_goods_clears_them_and_posts_what_the_price_differs_by() {
    run(|app| async move {
        let desk = Desk::new(app).await;
        let order = desk.ordered("10", "10").await;
        desk.receive(&order, "10").await;
        assert_eq!(desk.balance("4009").await, dec!(-100));
        let bill = desk
            .office
            .posted(desk.bill("B-1", &order, "10", "10.5"))
            .await;
        let mut entry = desk.office.entry(&bill).await;
        entry.sort();
        let expected = [
            ("4000", dec!(-127.05)),
            ("4009", dec!(100)),
            ("472", dec!(22.05)),
            ("610", dec!(5)),
        ];
        let expected: Vec<_> = expected.map(|(code, sum)| (code.to_owned(), sum)).into();
        assert_eq!(entry, expected);
        assert_eq!(desk.balance("4009").await, Decimal::ZERO);
        assert_eq!(desk.warnings(&bill).await, ["finance.warn_price"]);
        desk.void(&bill, "B-1-AB").await;
        assert_eq!(desk.balance("4009").await, dec!(-100), "as it was received");
        assert_eq!(desk.balance("610").await, Decimal::ZERO);
        desk.office.agrees(app, "2026-12-31").await;
    });
}

#[test]
fn what_a_voided_bill_billed_was_not_billed() {
    run(|app| async move {
        let desk = Desk::new(app).await;
        let order = desk.ordered("20", "10").await;
        desk.receive(&order, "10").await;
        let first = desk
            .office
            .posted(desk.bill("B-1", &order, "10", "10"))
            .await;
        assert!(desk.warnings(&first).await.is_empty());
        desk.void(&first, "B-1-AB").await;
        let right = desk
            .office
            .drafted(desk.bill("B-2", &order, "10", "10"))
            .await;
        assert!(
            desk.warnings(&right).await.is_empty(),
            "ten came, ten are billed"
        );
        let wrong = desk
            .office
            .posted(desk.bill("B-3", &order, "20", "10"))
            .await;
        assert_eq!(desk.warnings(&wrong).await, ["finance.warn_not_received"]);
        assert_eq!(
            desk.balance("4009").await,
            dec!(100),
            "ten are still to come"
        );
        desk.receive(&order, "10").await;
        assert!(desk.warnings(&wrong).await.is_empty());
        assert_eq!(desk.balance("4009").await, Decimal::ZERO);
    });
}

#[test]
fn a_bill_in_another_unit_is_matched_in_that_of_the_order() {
    run(|app| async move {
        let desk = Desk::new(app).await;
        let order = desk.ordered("24", "2").await;
        desk.receive(&order, "24").await;
        let mut boxes = desk.bill("B-1", &order, "2", "24");
        boxes["lines"][0]["unit"] = json!("BOX");
        let bill = desk.office.posted(boxes.clone()).await;
        assert!(
            desk.warnings(&bill).await.is_empty(),
            "two boxes are twenty-four"
        );
        assert_eq!(desk.balance("4009").await, Decimal::ZERO);
        boxes["supplierNumber"] = json!("B-2");
        boxes["lines"][0]["quantity"] = json!("1");
        let more = desk.office.drafted(boxes.clone()).await;
        assert_eq!(desk.warnings(&more).await, ["finance.warn_not_received"]);
        boxes["lines"][0]["unit"] = json!("KG");
        let refused = desk.office.try_it("invoiceCreate", boxes, INVOICE).await;
        let expected = ("finance.order_unit", "input.lines.0.unit");
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        assert_eq!(faults(&refused), [expected], "{refused}");
    });
}
