//! What the tests of announcements, documents and preferences act by: a company with newcomers
//! whose rights lie in one department or company alone, and uploads.

use std::time::Duration;

use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use trastienda_core::demo::PASSWORD;

use crate::app::{App, system};
use crate::client::{Client, Tenant};
use crate::people::stage::{done, text};

/// How long the worker may take to get to something.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The demo company, with its owner at hand.
pub struct Office {
    pub tenant: Tenant,
    pub owner: Client,
}

impl Office {
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login_proved(app, "elena.campos").await;
        Self { tenant, owner }
    }

    /// A new user with a role, everywhere or in a company or department alone: their client and id.
    pub async fn newcomer(
        &self,
        app: &App,
        name: &str,
        role: &str,
        place: (Option<&str>, Option<&str>),
    ) -> (Client, String) {
        let email = format!("{name}@{}.example", self.tenant.slug);
        let input = json!({
            "email": email, "displayName": name, "password": PASSWORD, "mustChangePassword": false,
        });
        let made = done(&self.owner, "userCreate", input, "user { id }").await;
        let user = text(&made["user"]["id"]);
        let role = self.role(role).await;
        let input =
            json!({ "user": user, "role": role, "company": place.0, "department": place.1 });
        done(&self.owner, "roleAssign", input, "roleAssignment { id }").await;
        (self.tenant.login(app, name).await, user)
    }

    /// The id of a role by its key.
    pub async fn role(&self, key: &str) -> String {
        let query =
            "query ($key: String!) { roles(filter: { key: { eq: $key } }) { nodes { id } } }";
        let data = self.owner.run(query, json!({ "key": key })).await;
        text(&data["roles"]["nodes"][0]["id"])
    }

    /// The id of a department of the shop by its code.
    pub async fn department(&self, code: &str) -> String {
        let query = "query ($code: String!) { departments(filter: { code: { eq: $code } }) { \
                     nodes { id } } }";
        let data = self.owner.run(query, json!({ "code": code })).await;
        text(&data["departments"]["nodes"][0]["id"])
    }

    /// The id of the shop.
    pub fn shop(&self) -> String {
        self.tenant.demo.company.to_string()
    }

    /// A second company of the organisation.
    pub async fn second_company(&self) -> String {
        let input = json!({
            "code": "SEG", "legalName": "Segunda, S.L.", "taxId": "B87654323", "currency": "EUR",
            "zone": "Europe/Madrid", "country": "ES",
        });
        let made = done(&self.owner, "companyCreate", input, "company { id }").await;
        text(&made["company"]["id"])
    }

    /// A statement in the application's role, bound to this organisation: how many rows it
    /// touched, or what the database says against it.
    pub async fn raw(&self, app: &App, statement: &str) -> Result<usize, String> {
        let context = system(self.tenant.demo.organisation, &app.db);
        let mut tx = app.db.begin(&context).await.unwrap();
        let done = diesel::sql_query(statement.to_owned())
            .execute(tx.conn())
            .await
            .map_err(|error| error.to_string());
        match done {
            Ok(_) => tx.commit().await.unwrap(),
            Err(_) => tx.rollback().await.unwrap(),
        }
        done
    }
}

/// Announces a file and puts its bytes: the upload.
pub async fn upload(client: &Client, name: &str, bytes: &[u8]) -> String {
    let (id, status) = put(client, name, bytes).await;
    assert_eq!(status, 204, "{name}");
    id
}

/// Announces a file and puts its bytes: the upload, and what was answered to the bytes.
pub async fn put(client: &Client, name: &str, bytes: &[u8]) -> (String, u16) {
    let input = json!({ "name": name, "size": bytes.len() });
    let staged = done(client, "stagedUploadCreate", input, "stagedUploadId path").await;
    let host = client.url().trim_end_matches("/graphql");
    let url = format!("{host}{}", text(&staged["path"]));
    let request = reqwest::Client::new().put(url).body(bytes.to_vec());
    let answer = request.send().await.expect("an answer");
    (text(&staged["stagedUploadId"]), answer.status().as_u16())
}

/// Looks again and again until a value is as it should be, and gives it.
pub async fn until<Look, Seen>(what: &str, mut look: Look, holds: impl Fn(&Value) -> bool) -> Value
where
    Look: FnMut() -> Seen,
    Seen: Future<Output = Value>,
{
    let begun = std::time::Instant::now();
    loop {
        let seen = look().await;
        if holds(&seen) {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}: {seen}");
        tokio::time::sleep(LOOK).await;
    }
}

/// The fields of a payload's user errors, each as its path below the input.
pub fn fields(payload: &Value) -> Vec<String> {
    let errors = payload["userErrors"].as_array().expect("user errors");
    let path = |error: &Value| {
        let path = error["field"].as_array().cloned().unwrap_or_default();
        let parts: Vec<String> = path.iter().skip(1).map(text).collect();
        parts.join(".")
    };
    errors.iter().map(path).collect()
}
