//! What the tests of buying act by: a company that buys, and each step through the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::stage::Store;
use crate::app::App;
use crate::client::Client;
use crate::people::stage::{done, follow, text};

/// What a payload tells of an order.
pub const ORDER: &str = "purchaseOrder { id number status lines { id quantity { value } \
    receivedQuantity { value } } }";
/// What a proposal tells of itself.
pub const WHY: &str = "id status problem reason quantity { value } \
    orderQuantity { value unit { code } } \
    value { amount } supplier { name } purchaseOrder { id status } explanation { onHandQuantity \
    onOrderQuantity reorderPoint targetQuantity shortageQuantity supplierChoice unitFactor \
    roundedUpQuantity leadTimeDays ruleVersion offerCount }";

/// A company that buys.
pub struct Shop {
    pub store: Store,
    pub buyer: Client,
    pub warehouse: String,
}

impl Shop {
    pub async fn new(app: &App) -> Self {
        let store = Store::new(app).await;
        let buyer = store.tenant.login(app, "hugo.santos").await;
        let query = "query ($id: ID!) { location(id: $id) { warehouse { id } } }";
        let data = store.owner.run(query, json!({ "id": store.shelf })).await;
        let warehouse = text(&data["location"]["warehouse"]["id"]);
        Self {
            store,
            buyer,
            warehouse,
        }
    }

    pub async fn supplier(&self, name: &str) -> String {
        let input = json!({ "kind": "ORGANISATION", "name": name });
        let made = done(&self.buyer, "partyCreate", input, "party { id }").await;
        text(&made["party"]["id"])
    }

    /// An item of which so many are on the shelf.
    pub async fn item(&self, code: &str, there: u32) -> String {
        let item = self.store.item(code, "FIFO").await;
        if there > 0 {
            let many = there.to_string();
            self.store.receive(&item, "2026-11-02", &many, "2").await;
        }
        item
    }

    /// Keeps more than ten and orders up to fifty.
    pub async fn policy(&self, item: &str) -> String {
        let input = json!({
            "item": item, "warehouse": self.warehouse, "method": "FIXED",
            "reorderPoint": "10", "targetQuantity": "50", "maximumQuantity": "200",
        });
        let made = done(
            &self.buyer,
            "stockPolicyCreate",
            input,
            "stockPolicy { id }",
        )
        .await;
        text(&made["stockPolicy"]["id"])
    }

    pub async fn term(&self, item: &str, supplier: &str, more: Value) -> String {
        let mut input = json!({
            "item": item, "supplier": supplier, "price": "2", "leadTimeDays": 5,
            "validFrom": "2026-01-01",
        });
        let (input_map, more) = (input.as_object_mut().unwrap(), more.as_object().unwrap());
        input_map.extend(more.clone());
        let selection = "supplierTerm { id }";
        let made = done(&self.buyer, "supplierTermCreate", input, selection).await;
        text(&made["supplierTerm"]["id"])
    }

    /// Wants a run and waits for it; gives its figures.
    pub async fn run(&self, more: Value) -> BTreeMap<String, String> {
        let job = self.want(more).await;
        follow(&self.buyer, &job).await;
        figures(&self.buyer, &job).await
    }

    pub async fn want(&self, more: Value) -> String {
        let mut input = json!({ "company": self.store.company });
        let (input_map, more) = (input.as_object_mut().unwrap(), more.as_object().unwrap());
        input_map.extend(more.clone());
        let made = done(&self.buyer, "replenishmentRun", input, "job { id }").await;
        text(&made["job"]["id"])
    }

    /// The proposals for an item, the newest first.
    pub async fn proposals(&self, item: &str) -> Vec<Value> {
        let query = format!(
            "query ($item: ID!) {{ proposals(filter: {{ item: {{ eq: $item }} }}) {{ \
             nodes {{ {WHY} }} }} }}"
        );
        let data = self.buyer.run(&query, json!({ "item": item })).await;
        data["proposals"]["nodes"]
            .as_array()
            .expect("proposals")
            .clone()
    }

    /// The one proposal for an item.
    pub async fn proposal(&self, item: &str) -> Value {
        let mut all = self.proposals(item).await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// The kinds of the open alerts about an item.
    pub async fn alerts(&self, item: &str) -> Vec<String> {
        let query = "query ($item: ID!) { stockAlerts(filter: { item: { eq: $item }, \
                     closedAt: { isNull: true } }) { nodes { kind } } }";
        let data = self.buyer.run(query, json!({ "item": item })).await;
        let nodes = data["stockAlerts"]["nodes"].as_array().expect("alerts");
        nodes.iter().map(|node| text(&node["kind"])).collect()
    }

    pub async fn order(&self, id: &str, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ purchaseOrder(id: $id) {{ {selection} }} }}");
        let mut data = self.buyer.run(&query, json!({ "id": id })).await;
        data["purchaseOrder"].take()
    }

    /// Accepts a proposal and orders it; gives the order.
    pub async fn accept_and_order(&self, proposal: &Value) -> Value {
        let input = json!({ "ids": [proposal["id"]] });
        let selection = "purchaseOrders { id status } results { index proposal { status } }";
        let made = done(&self.buyer, "proposalAccept", input, selection).await;
        assert_eq!(
            made["results"][0]["proposal"]["status"], "ACCEPTED",
            "{made}"
        );
        let order = &made["purchaseOrders"][0];
        assert_eq!(order["status"], "DRAFT", "{made}");
        let input = json!({ "id": order["id"] });
        let mut made = done(&self.buyer, "purchaseOrderSubmit", input, ORDER).await;
        made["purchaseOrder"].take()
    }
}

/// The figures of a job by their names.
pub async fn figures(client: &Client, job: &str) -> BTreeMap<String, String> {
    let query = "query ($id: ID!) { job(id: $id) { figures { name value text } } }";
    let data = client.run(query, json!({ "id": job })).await;
    let all = data["job"]["figures"].as_array().expect("figures");
    all.iter()
        .map(|it| {
            (
                text(&it["name"]),
                it["value"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}
