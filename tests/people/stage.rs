//! What the tests of payroll act by: a company's month, and each step through the API.

use std::time::Duration;

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::app::{App, system};
use crate::client::{Client, Tenant};

/// How long a job may take: setting two dozen pages takes its time in an unoptimised program.
const PATIENCE: Duration = Duration::from_secs(240);
/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// What a payload tells of a run.
pub const RUN: &str = "payrollRun { id status version }";

/// The payroll of November 2026 of a company, and who prepares it.
pub struct Month {
    pub tenant: Tenant,
    pub clerk: Client,
    pub run: String,
}

impl Month {
    /// Drafted by the clerk.
    pub async fn drafted(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let input =
            json!({ "company": tenant.demo.company.to_string(), "year": 2026, "month": 11 });
        let payload = done(&clerk, "payrollRunDraft", input, RUN).await;
        assert_eq!(payload["payrollRun"]["status"], "DRAFT", "{payload}");
        let run = text(&payload["payrollRun"]["id"]);
        Self { tenant, clerk, run }
    }

    /// Drafted, and its payslips made.
    pub async fn calculated(app: &App) -> Self {
        let month = Self::drafted(app).await;
        month.calculate().await;
        month
    }

    /// Approved by the second person.
    pub async fn approved(app: &App) -> Self {
        let month = Self::calculated(app).await;
        month.approve(app).await;
        month
    }

    /// In the books, and delivered.
    pub async fn delivered(app: &App) -> Self {
        let month = Self::approved(app).await;
        month.post().await;
        month.deliver().await;
        month
    }

    /// Submits the calculated run and has the second person approve it.
    pub async fn approve(&self, app: &App) {
        self.act("payrollRunSubmit").await;
        let approver = self.tenant.login_proved(app, "javier.ortega").await;
        let input = json!({ "id": self.run });
        let payload = done(&approver, "payrollRunApprove", input, RUN).await;
        assert_eq!(payload["payrollRun"]["status"], "APPROVED", "{payload}");
    }

    /// Posts the run under an idempotency key of its own.
    pub async fn post(&self) -> Value {
        let key = format!("post-{}", self.run);
        let input = json!({ "id": self.run });
        let payload = keyed(&self.clerk, "payrollRunPost", input, RUN, &key).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload}");
        payload
    }

    /// Has the payslips made and waits for them.
    pub async fn calculate(&self) {
        let selection = format!("{RUN} job {{ id }}");
        let input = json!({ "id": self.run });
        let payload = done(&self.clerk, "payrollRunCalculate", input, &selection).await;
        follow(&self.clerk, &text(&payload["job"]["id"])).await;
    }

    /// Waits for the delivery of the posted run.
    pub async fn deliver(&self) {
        let run = self.look("deliveryJob { id kind }").await;
        let job = &run["deliveryJob"];
        assert_eq!(job["kind"], "people.payroll_deliver", "{run}");
        follow(&self.clerk, &text(&job["id"])).await;
    }

    /// An act of the clerk on the run that is not refused.
    pub async fn act(&self, mutation: &str) -> Value {
        done(&self.clerk, mutation, json!({ "id": self.run }), RUN).await
    }

    /// The run as the clerk sees it.
    pub async fn look(&self, selection: &str) -> Value {
        let query = format!("query ($id: ID!) {{ payrollRun(id: $id) {{ {selection} }} }}");
        let mut data = self.clerk.run(&query, json!({ "id": self.run })).await;
        data["payrollRun"].take()
    }

    /// The payslips of the run as the clerk sees them.
    pub async fn payslips(&self, selection: &str) -> Vec<Value> {
        let run = self
            .look(&format!(
                "payslips(first: 50) {{ nodes {{ {selection} }} }}"
            ))
            .await;
        run["payslips"]["nodes"]
            .as_array()
            .expect("payslips")
            .clone()
    }
}

/// The bytes of a file by its expiring link, which needs no session.
pub async fn fetch(month: &Month, file: &Value) -> Vec<u8> {
    fetch_by(&month.clerk, file).await
}

/// Like [`fetch`], where a client found the file.
pub async fn fetch_by(client: &Client, file: &Value) -> Vec<u8> {
    let host = client.url().trim_end_matches("/graphql");
    let url = format!("{host}{}", text(&file["download"]["path"]));
    let response = reqwest::Client::new()
        .get(&url)
        .send()
        .await
        .expect("a response");
    assert_eq!(response.status().as_u16(), 200, "{url}");
    response.bytes().await.expect("bytes").to_vec()
}

/// A mutation's payload with its user errors.
pub async fn act(client: &Client, mutation: &str, input: Value, selection: &str) -> Value {
    let document = mutation_of(mutation, selection);
    let mut data = client.run(&document, json!({ "input": input })).await;
    data[mutation].take()
}

/// Like [`act`], under an idempotency key.
pub async fn keyed(
    client: &Client,
    mutation: &str,
    input: Value,
    selection: &str,
    key: &str,
) -> Value {
    let document = mutation_of(mutation, selection);
    let variables = json!({ "input": input });
    let mut answer = client.send(&document, variables, Some(key)).await;
    assert!(answer.get("errors").is_none(), "{mutation}: {answer}");
    answer["data"][mutation].take()
}

/// The document of a mutation.
pub fn mutation_of(mutation: &str, selection: &str) -> String {
    let name = format!("{}{}", mutation[..1].to_uppercase(), &mutation[1..]);
    format!(
        "mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {selection} \
         userErrors {{ code reason message field }} }} }}"
    )
}

/// Like [`act`], for what is not refused.
pub async fn done(client: &Client, mutation: &str, input: Value, selection: &str) -> Value {
    let payload = act(client, mutation, input, selection).await;
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
    payload
}

/// Waits until a job has succeeded.
pub async fn follow(client: &Client, job: &str) {
    let seen = ended(client, job).await;
    assert_eq!(seen["status"], "SUCCEEDED", "{seen}");
}

/// Waits until a job has ended, and says how.
pub async fn end_of(client: &Client, job: &str) -> String {
    text(&ended(client, job).await["status"])
}

async fn ended(client: &Client, job: &str) -> Value {
    let query = "query ($id: ID!) { job(id: $id) { kind status progress { done total } \
                 userErrors { reason message } itemErrors { userErrors { reason message } } } }";
    let begun = std::time::Instant::now();
    loop {
        let mut seen = client.run(query, json!({ "id": job })).await;
        match seen["job"]["status"].as_str() {
            Some("QUEUED" | "RUNNING") if begun.elapsed() < PATIENCE => {}
            Some("SUCCEEDED" | "FAILED" | "CANCELLED") => return seen["job"].take(),
            _ => panic!("the job did not end: {seen}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The id of an employee by their full name, as the clerk finds it.
pub async fn employee(client: &Client, name: &str) -> String {
    let query = "query ($name: String!) { employees(filter: { name: { eq: $name } }) { \
                 nodes { id } } }";
    let data = client.run(query, json!({ "name": name })).await;
    text(&data["employees"]["nodes"][0]["id"])
}

/// How many rows a tenant's table has, behind the curtain of the API.
pub async fn count(app: &App, tenant: &Tenant, of: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }
    let mut tx = app
        .db
        .begin(&system(tenant.demo.organisation, &app.db))
        .await
        .unwrap();
    let query = diesel::sql_query(format!("SELECT count(*) AS count FROM {of}"));
    query.get_result::<Counted>(tx.conn()).await.unwrap().count
}

/// A string of an answer.
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// A decimal of an answer.
pub fn decimal(value: &Value) -> Decimal {
    text(value)
        .parse()
        .unwrap_or_else(|_| panic!("no decimal: {value}"))
}

/// The amount of money of an answer.
pub fn amount(value: &Value) -> Decimal {
    decimal(&value["amount"])
}

/// The reasons of a payload's user errors.
pub fn reasons(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().expect("user errors");
    errors.iter().map(|error| text(&error["reason"])).collect()
}
