//! The books: what is posted balances, stays as it is, and adds up.

mod hot;
mod immutable;
mod posting;
mod reports;
mod tables;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Numeric, Text};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::app::App;
use crate::client::{Client, Tenant};

/// Posts an entry.
pub const POST: &str = "mutation ($input: EntryPostInput!) { entryPost(input: $input) { \
    entry { id number memo lineCount total { amount currencyCode } } \
    userErrors { code reason message field } } }";
/// Reverses an entry.
pub const REVERSE: &str = "mutation ($input: EntryReverseInput!) { entryReverse(input: $input) { \
    entry { id reverses { id } } userErrors { code reason message field } } }";

/// The books of a demo company with their accountant.
pub struct Books {
    pub tenant: Tenant,
    pub accountant: Client,
}

/// What an account has seen, by its lines.
#[derive(Debug, PartialEq, QueryableByName)]
pub struct Seen {
    #[diesel(sql_type = Text)]
    pub code: String,
    #[diesel(sql_type = Numeric)]
    pub debit: Decimal,
    #[diesel(sql_type = Numeric)]
    pub credit: Decimal,
}

/// A number.
#[derive(QueryableByName)]
pub struct Counted {
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

impl Books {
    /// New books.
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let accountant = tenant.login(app, "lucia.fernandez").await;
        Self { tenant, accountant }
    }

    /// The input of an entry: signed lines, debit above zero, by the accounts' codes.
    pub fn entry(&self, date: &str, lines: &[(&str, &str)]) -> Value {
        let line = |(code, amount): &(&str, &str)| match amount.strip_prefix('-') {
            Some(credit) => json!({
                "accountCode": code, "credit": credit, "currencyCode": "EUR",
            }),
            None => json!({ "accountCode": code, "debit": amount, "currencyCode": "EUR" }),
        };
        let lines: Vec<Value> = lines.iter().map(line).collect();
        let company = self.tenant.demo.company.to_string();
        json!({ "companyId": company, "date": date, "memo": "Prueba", "lines": lines })
    }

    /// The payload of a posting.
    pub async fn post(&self, input: &Value) -> Value {
        let mut data = self.accountant.run(POST, json!({ "input": input })).await;
        data["entryPost"].take()
    }

    /// The id of an entry that is posted for good.
    pub async fn posted(&self, date: &str, lines: &[(&str, &str)]) -> String {
        let payload = self.post(&self.entry(date, lines)).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        payload["entry"]["id"].as_str().expect("an id").to_owned()
    }

    /// How many entries there are.
    pub async fn count(&self) -> i64 {
        let data = self.accountant.ask("{ entries { totalCount } }").await;
        data["entries"]["totalCount"].as_i64().expect("a count")
    }
}

/// A decimal of a response.
pub fn decimal(value: &Value) -> Decimal {
    value
        .as_str()
        .expect("a decimal as text")
        .parse()
        .expect("a decimal")
}
