//! What the tests of finance act by: a company whose finance is set up, with its accountant and its
//! treasurer, and each step through the API.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use trastienda_core::finance::tie::ties_out;
use trastienda_core::kernel::report::{ReportParameters, ReportTable};
use trastienda_core::kernel::{Date, ids::CompanyId};

use crate::app::{App, system};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, done, text};

/// What a payload tells of an invoice.
pub const INVOICE: &str = "invoice { id status number version net { amount } tax { amount } \
    withheld { amount } total { document { amount } company { amount } } }";

/// A company whose finance is set up.
pub struct Office {
    pub tenant: Tenant,
    pub accountant: Client,
    pub company: String,
}

impl Office {
    /// The demo company with taxes and accounts.
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let accountant = tenant.login(app, "lucia.fernandez").await;
        let company = tenant.demo.company.to_string();
        let known = accountant.ask("{ financeSettings { nodes { id } } }").await;
        if known["financeSettings"]["nodes"] == json!([]) {
            let input = json!({ "company": company });
            done(&accountant, "financeSetUp", input, "setting { id }").await;
        }
        Self {
            tenant,
            accountant,
            company,
        }
    }

    pub fn company_id(&self) -> CompanyId {
        self.tenant.demo.company
    }

    /// A supplier or customer.
    pub async fn party(&self, name: &str) -> String {
        let input = json!({ "kind": "ORGANISATION", "name": name });
        let made = done(&self.accountant, "partyCreate", input, "party { id }").await;
        text(&made["party"]["id"])
    }

    /// A supplier with a bank account that the owner recorded; gives both.
    pub async fn supplier(&self, app: &App, name: &str, iban: &str) -> (String, String) {
        let party = self.party(name).await;
        let owner = self.tenant.login_proved(app, "elena.campos").await;
        let input = json!({ "party": party, "iban": iban });
        let made = done(&owner, "bankAccountAdd", input, "bankAccount { id }").await;
        let account = text(&made["bankAccount"]["id"]);
        (party, account)
    }

    /// The input of an invoice with lines of (price, taxes).
    pub fn invoice(&self, kind: &str, party: &str, lines: &[(&str, &[&str])]) -> Value {
        let lines: Vec<Value> = lines
            .iter()
            .map(|(price, taxes)| {
                json!({ "description": "Mercancía", "unitPrice": price, "taxes": taxes })
            })
            .collect();
        json!({
            "company": self.company, "kind": kind, "party": { "id": party },
            "issuedOn": "2026-03-10", "lines": lines,
        })
    }

    /// The input of a supplier's invoice.
    pub fn supplied(&self, party: &str, number: &str, lines: &[(&str, &[&str])]) -> Value {
        let mut input = self.invoice("SUPPLIER", party, lines);
        input["supplierNumber"] = json!(number);
        input
    }

    /// Makes and posts an invoice.
    pub async fn posted(&self, mut input: Value) -> Value {
        input["post"] = json!(true);
        let mut made = done(&self.accountant, "invoiceCreate", input, INVOICE).await;
        assert_eq!(made["invoice"]["status"], "POSTED", "{made}");
        made["invoice"].take()
    }

    /// Makes a draft.
    pub async fn drafted(&self, input: Value) -> Value {
        let mut made = done(&self.accountant, "invoiceCreate", input, INVOICE).await;
        assert_eq!(made["invoice"]["status"], "DRAFT", "{made}");
        made["invoice"].take()
    }

    /// The payload of an act of the accountant, refused or not.
    pub async fn try_it(&self, mutation: &str, input: Value, selection: &str) -> Value {
        act(&self.accountant, mutation, input, selection).await
    }

    /// An invoice as the accountant sees it.
    pub async fn look(&self, invoice: &Value, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ invoice(id: $id) {{ {selection} }} }}");
        let mut data = self
            .accountant
            .run(&query, json!({ "id": invoice["id"] }))
            .await;
        data["invoice"].take()
    }

    /// What an invoice posted to each account, debit above zero, in the order of the entry.
    pub async fn entry(&self, invoice: &Value) -> Vec<(String, Decimal)> {
        let selection = "entry { lines { rows { account { code } debit { company { amount } } \
                         credit { company { amount } } } } }";
        let seen = self.look(invoice, selection).await;
        let rows = seen["entry"]["lines"]["rows"]
            .as_array()
            .expect("lines")
            .clone();
        rows.iter()
            .map(|row| {
                let side = |name: &str| -> Decimal {
                    let amount = row[name]["company"]["amount"].as_str();
                    amount.map_or(Decimal::ZERO, |text| text.parse().expect("a decimal"))
                };
                (
                    text(&row["account"]["code"]),
                    side("debit") - side("credit"),
                )
            })
            .collect()
    }

    /// That the open items come to the balances of the ledger on a day.
    pub async fn agrees(&self, app: &App, day: &str) {
        let context = system(self.tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        let day: NaiveDate = day.parse().unwrap();
        let books = ties_out(&mut tx, self.company_id(), day).await.unwrap();
        assert!(books.len() >= 2, "{books:?}");
        for book in books {
            assert_eq!(book.difference(), Decimal::ZERO, "{book:?}");
        }
    }

    /// A report of the company as the system sees it.
    pub async fn report(&self, app: &App, key: &str, asked: ReportParameters) -> ReportTable {
        let context = system(self.tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        let reports = trastienda_core::reports();
        let report = reports.find(key).expect("the report");
        let asked = ReportParameters {
            company: Some(self.company_id()),
            ..asked
        };
        report.run(&mut tx, &asked).await.unwrap()
    }
}

/// A day.
pub fn date(text: &str) -> Date {
    Date(text.parse().expect("a day"))
}

/// The reasons of a payload with the places of its faults.
pub fn faults(payload: &Value) -> Vec<(String, String)> {
    let errors = payload["userErrors"].as_array().expect("user errors");
    errors
        .iter()
        .map(|error| {
            let field = error["field"].as_array().map(|parts| {
                let parts: Vec<String> = parts.iter().map(text).collect();
                parts.join(".")
            });
            (text(&error["reason"]), field.unwrap_or_default())
        })
        .collect()
}
