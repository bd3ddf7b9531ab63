//! A client of the served API: HTTP and JSON, as any front end would.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use trastienda_core::demo::{Demo, PASSWORD};

use crate::app::App;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// An organisation of its own for a test: the demo company under another name.
pub struct Tenant {
    pub slug: String,
    pub demo: Demo,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    language: &'static str,
}

impl Tenant {
    /// Makes the organisation.
    pub async fn new(app: &App) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let slug = format!("t{}-{number}", uuid::Uuid::now_v7().simple());
        let slug: String = slug
            .chars()
            .rev()
            .take(30)
            .collect::<String>()
            .replace('-', "x");
        let slug = format!("t{slug}");
        let demo = trastienda_core::demo::load(
            &app.db,
            &app.keys,
            &trastienda_core::registry(),
            &slug,
            |_, _| {},
        )
        .await
        .expect("the demo company");
        Self { slug, demo }
    }

    /// A user of the demo company, logged in as an app.
    pub async fn login(&self, app: &App, name: &str) -> Client {
        let anonymous = Client::anonymous(app).await;
        let input = json!({
            "email": Demo::email(&self.slug, name), "password": PASSWORD, "kind": "MOBILE",
        });
        let data = anonymous
            .run(
                "mutation ($input: SessionStartInput!) { sessionStart(input: $input) { \
                 accessToken userErrors { code reason message field } } }",
                json!({ "input": input }),
            )
            .await;
        let token = data["sessionStart"]["accessToken"].as_str();
        let token = token
            .unwrap_or_else(|| panic!("{name} does not get in: {data}"))
            .to_owned();
        Client {
            token: Some(token),
            ..anonymous
        }
    }

    /// Like [`Tenant::login`], with a fresh proof of identity.
    pub async fn login_proved(&self, app: &App, name: &str) -> Client {
        let client = self.login(app, name).await;
        let data = client
            .run(
                "mutation ($input: SessionStepUpInput!) { sessionStepUp(input: $input) { \
                 userErrors { code reason message } } }",
                json!({ "input": { "password": PASSWORD } }),
            )
            .await;
        assert_eq!(data["sessionStepUp"]["userErrors"], json!([]), "{data}");
        client
    }
}

impl Client {
    /// Nobody yet.
    pub async fn anonymous(app: &App) -> Self {
        let http = reqwest::Client::new();
        Self {
            http,
            url: app.url().await.to_owned(),
            token: None,
            language: "es",
        }
    }

    /// The same user, speaking English.
    pub fn in_english(&self) -> Self {
        Self {
            language: "en",
            ..self.clone()
        }
    }

    /// The same, with a bearer token.
    pub fn bearing(self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self
        }
    }

    /// The address of the API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// The whole response.
    pub async fn send(&self, query: &str, variables: Value, key: Option<&str>) -> Value {
        let mut request = self
            .http
            .post(&self.url)
            .header("accept", "application/graphql-response+json")
            .header("accept-language", self.language)
            .header("content-type", "application/json")
            .body(json!({ "query": query, "variables": variables }).to_string());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let text = request
            .send()
            .await
            .expect("a response")
            .text()
            .await
            .expect("a body");
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}"))
    }

    /// The data of a response that has no errors.
    pub async fn run(&self, query: &str, variables: Value) -> Value {
        let mut response = self.send(query, variables, None).await;
        assert!(response.get("errors").is_none(), "{query}\n{response}");
        response["data"].take()
    }

    /// The data of a query without variables.
    pub async fn ask(&self, query: &str) -> Value {
        self.run(query, json!({})).await
    }

    /// The code of the first error of a response.
    pub async fn refused(&self, query: &str, variables: Value) -> String {
        let response = self.send(query, variables, None).await;
        let code = &response["errors"][0]["extensions"]["code"];
        code.as_str()
            .unwrap_or_else(|| panic!("not refused: {response}"))
            .to_owned()
    }
}
