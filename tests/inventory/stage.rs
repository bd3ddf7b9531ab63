//! What the tests of stock act by: a company with two warehouses, who keeps them, and each step
//! through the API.

use serde_json::{Value, json};
use trastienda_core::inventory::stock::verify;
use trastienda_core::kernel::ids::{CompanyId, ItemId, LocationId};

use crate::app::{App, system};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, amount, done, text};

/// What a payload tells of a movement.
pub const MOVEMENT: &str = "movement { id number value { amount } lines { valueOut { amount } \
    valueIn { amount } amount { amount } unitCost { amount } quantity { value } } }";

/// A company that keeps stock.
pub struct Store {
    pub tenant: Tenant,
    /// Who may do everything.
    pub owner: Client,
    /// Who moves and counts stock, and sees no costs.
    pub keeper: Client,
    pub company: String,
    /// A location of the first warehouse.
    pub shelf: String,
    /// Another one of it.
    pub shop: String,
    /// A location of the second warehouse.
    pub far: String,
}

impl Store {
    /// The demo company with two empty warehouses of its own.
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let keeper = tenant.login(app, "oscar.diez").await;
        let company = tenant.demo.company.to_string();
        let (first, shelf) = warehouse(&owner, &company, "TEST-A").await;
        let (_, far) = warehouse(&owner, &company, "TEST-B").await;
        let input = json!({ "warehouse": first, "code": "SHOP" });
        let made = done(&owner, "locationCreate", input, "location { id }").await;
        Self {
            tenant,
            owner,
            keeper,
            company,
            shelf,
            shop: text(&made["location"]["id"]),
            far,
        }
    }

    /// An item counted in units, twelve of which are a box.
    pub async fn item(&self, code: &str, valuation: &str) -> String {
        let input = json!({
            "company": self.company, "code": code, "name": format!("Artículo {code}"),
            "unit": "UN", "units": [{ "unit": "BOX", "factor": "12" }], "valuation": valuation,
        });
        let made = done(&self.owner, "itemCreate", input, "item { id }").await;
        text(&made["item"]["id"])
    }

    /// The input of a movement with one line.
    pub fn moved(&self, date: &str, line: Value) -> Value {
        json!({ "company": self.company, "date": date, "lines": [line] })
    }

    /// Receives so many at a cost on the shelf; gives the movement.
    pub async fn receive(&self, item: &str, date: &str, quantity: &str, cost: &str) -> Value {
        let line = json!({
            "item": item, "location": self.shelf, "quantity": quantity, "unitCost": cost,
        });
        self.do_it("stockReceive", self.moved(date, line)).await
    }

    /// Issues so many from the shelf; gives the movement.
    pub async fn issue(&self, item: &str, date: &str, quantity: &str) -> Value {
        let line = json!({ "item": item, "location": self.shelf, "quantity": quantity });
        self.do_it("stockIssue", self.moved(date, line)).await
    }

    /// A movement of the owner that is not refused.
    pub async fn do_it(&self, mutation: &str, input: Value) -> Value {
        let mut payload = done(&self.owner, mutation, input, MOVEMENT).await;
        payload["movement"].take()
    }

    /// The payload of a movement of the owner, refused or not.
    pub async fn try_it(&self, mutation: &str, input: Value) -> Value {
        act(&self.owner, mutation, input, MOVEMENT).await
    }

    /// Reverses a movement on a day; gives the payload.
    pub async fn reverse(&self, movement: &Value, date: &str) -> Value {
        let input = json!({ "id": movement["id"], "date": date, "reason": "Se grabó por error" });
        act(&self.owner, "movementReverse", input, MOVEMENT).await
    }

    /// Quantity and value of an item, now or at the end of a day.
    pub async fn on_hand(&self, item: &str, day: Option<&str>) -> (String, String) {
        let query = "query ($id: ID!, $day: Date) { item(id: $id) { onHand(asOf: $day) { \
                     quantity { value } value { amount } } } }";
        let data = self
            .owner
            .run(query, json!({ "id": item, "day": day }))
            .await;
        let level = &data["item"]["onHand"];
        (text(&level["quantity"]["value"]), money(&level["value"]))
    }

    /// The value of the stock, and what the books say otherwise, at the end of a day.
    pub async fn reconciled(&self, day: &str) -> (String, String) {
        let query = "query ($company: ID!, $day: Date!) { \
                     stockReconciliation(company: $company, asOf: $day) { \
                     stockValue { amount } difference { amount } } }";
        let variables = json!({ "company": self.company, "day": day });
        let data = self.owner.run(query, variables).await;
        let found = &data["stockReconciliation"];
        (money(&found["stockValue"]), money(&found["difference"]))
    }

    /// How many movements there are.
    pub async fn count(&self) -> i64 {
        let data = self.owner.ask("{ movements { totalCount } }").await;
        data["movements"]["totalCount"].as_i64().expect("a count")
    }

    /// Holdings, movements, layers, places and days say the same.
    pub async fn agrees(&self, app: &App) {
        let mut tx = app
            .db
            .begin(&system(self.tenant.demo.organisation, &app.db))
            .await
            .expect("a transaction");
        let drift = verify(&mut tx, self.tenant.demo.company)
            .await
            .expect("a look");
        assert!(drift.is_empty(), "{drift:?}");
    }

    /// The company, for the domain's own functions.
    pub fn company_id(&self) -> CompanyId {
        self.tenant.demo.company
    }
}

/// An amount of money without the zeros at its end.
pub fn money(value: &Value) -> String {
    amount(value).normalize().to_string()
}

/// The id behind the text of an item's.
pub fn item_id(text: &str) -> ItemId {
    trastienda_core::kernel::id::parse(text).expect("an item's id")
}

/// The id behind the text of a location's.
pub fn location_id(text: &str) -> LocationId {
    trastienda_core::kernel::id::parse(text).expect("a location's id")
}

/// A warehouse with the id of its first location.
async fn warehouse(owner: &Client, company: &str, code: &str) -> (String, String) {
    let input = json!({ "company": company, "code": code, "name": format!("Almacén {code}") });
    let selection = "warehouse { id locations { nodes { id code } } }";
    let made = done(owner, "warehouseCreate", input, selection).await;
    let first = &made["warehouse"]["locations"]["nodes"][0];
    assert_eq!(first["code"], "GENERAL", "{made}");
    (text(&made["warehouse"]["id"]), text(&first["id"]))
}
