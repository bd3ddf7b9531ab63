//! Measures: filled from the books, analysed, and shown to those who may see them.

mod measures;
mod rights;

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::app::App;
use crate::client::{Client, Tenant};
use crate::people::stage::{decimal, done, follow, mutation_of, text};

/// The first day of the shop's sales.
pub const BEGIN: &str = "2026-05-04";
/// Days of sales.
pub const DAYS: i64 = 150;
/// The last day of them.
pub const END: &str = "2026-09-30";
/// The day on which somebody posts far too much.
pub const WILD: &str = "2026-07-15";

/// A demo company with five months of sales in its books.
pub struct Shop {
    pub tenant: Tenant,
    pub owner: Client,
    pub accountant: Client,
}

impl Shop {
    /// Sales on every day but Sundays, more on Saturdays, and on one day far too much.
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let accountant = tenant.login(app, "lucia.fernandez").await;
        let shop = Self {
            tenant,
            owner,
            accountant,
        };
        let begin: chrono::NaiveDate = BEGIN.parse().unwrap();
        let entries = (0..DAYS).filter_map(|day| {
            let date = begin + chrono::Days::new(u64::try_from(day).unwrap());
            let amount = sales(day)?;
            Some(shop.entry(&date.to_string(), &amount.to_string()))
        });
        let mut entries: Vec<Value> = entries.collect();
        entries.push(shop.entry(WILD, "9000.00"));
        let input = json!({ "entries": entries });
        let document = mutation_of("entryBulkPost", "results { index userErrors { reason } }");
        let (variables, key) = (json!({ "input": input }), uuid::Uuid::now_v7().to_string());
        let response = shop.accountant.send(&document, variables, Some(&key)).await;
        let payload = &response["data"]["entryBulkPost"];
        assert_eq!(payload["userErrors"], json!([]), "{response}");
        let failed = payload["results"].as_array().unwrap().iter();
        let failed = failed.filter(|one| one["userErrors"] != json!([]));
        assert_eq!(failed.count(), 0, "{payload}");
        shop
    }

    /// A sale for cash.
    pub fn entry(&self, date: &str, amount: &str) -> Value {
        json!({
            "companyId": self.company(), "date": date, "memo": "Ventas del día",
            "lines": [
                { "accountCode": "570", "debit": amount, "currencyCode": "EUR" },
                { "accountCode": "700", "credit": amount, "currencyCode": "EUR" },
            ],
        })
    }

    pub fn company(&self) -> String {
        self.tenant.demo.company.to_string()
    }

    /// Has the measures filled over the time of the sales, and gives what came of it.
    pub async fn fill(&self, extra: Value) -> HashMap<String, Decimal> {
        let mut input = json!({
            "companies": [self.company()], "fromDate": BEGIN, "toDate": END,
        });
        for (name, value) in extra.as_object().unwrap() {
            input[name] = value.clone();
        }
        let payload = done(&self.owner, "analyticsFillRun", input, "job { id }").await;
        let job = text(&payload["job"]["id"]);
        follow(&self.owner, &job).await;
        let query = "query ($id: ID!) { job(id: $id) { figures { name value } \
                     itemErrors { userErrors { reason } } } }";
        let data = self.owner.run(query, json!({ "id": job })).await;
        assert_eq!(data["job"]["itemErrors"], json!([]), "{data}");
        let figures = data["job"]["figures"].as_array().unwrap();
        let figures = figures.iter().filter(|one| !one["value"].is_null());
        figures
            .map(|one| (text(&one["name"]), decimal(&one["value"])))
            .collect()
    }

    /// A measure as somebody sees it.
    pub async fn measure(&self, client: &Client, key: &str, selection: &str) -> Value {
        let query = format!(
            "query ($company: ID!, $key: MeasureKey!) {{ \
             measure(company: $company, key: $key) {{ {selection} }} }}"
        );
        let variables = json!({ "company": self.company(), "key": key });
        let mut data = client.run(&query, variables).await;
        data["measure"].take()
    }
}

/// What is sold on a day, from the first Monday on; nothing on Sundays.
fn sales(day: i64) -> Option<Decimal> {
    let wobble = Decimal::from((day * 37) % 23 - 11);
    match day % 7 {
        6 => None,
        5 => Some(Decimal::from(1_700) + wobble),
        _ => Some(Decimal::from(1_000) + wobble),
    }
}
