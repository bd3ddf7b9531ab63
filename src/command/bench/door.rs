//! The server as a client meets it: GraphQL over HTTP with a bearer token.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};
use trastienda_core::demo::{Demo, PASSWORD};
use trastienda_core::directory;
use url::Url;

use super::stage::{SLUG, Stage};
use crate::say::Refusal;

/// A client who is logged in.
#[derive(Clone)]
pub struct Door {
    http: reqwest::Client,
    url: Arc<str>,
    token: Option<Arc<str>>,
}

impl Door {
    /// Logs in as the owner of the organisation.
    ///
    /// # Errors
    /// A [`Refusal`] where nobody answers, or the server works on another database.
    pub async fn open(url: Url, stage: &Stage) -> anyhow::Result<Self> {
        directory::oidc::use_crypto();
        let http = reqwest::Client::builder().no_proxy().build()?;
        let nobody = Self {
            http,
            url: url.join("graphql")?.as_str().into(),
            token: None,
        };
        let door = nobody.as_user("elena.campos").await?;
        let known = door.ask("{ organisation { id } }", json!({})).await?;
        anyhow::ensure!(
            *at(&known, "/organisation/id") == json!(stage.demo.organisation),
            Refusal::new(
                "El servidor trabaja con otra base: indique la misma DATABASE_URL.",
                "The server works on another database: give the same DATABASE_URL.",
            )
        );
        Ok(door)
    }

    /// A client of a server that asks nobody who they are.
    ///
    /// # Errors
    /// An address that is none.
    pub fn stranger(url: Url) -> anyhow::Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: url.join("graphql")?.as_str().into(),
            token: None,
        })
    }

    /// The same server as another user of the organisation, their identity just proved.
    ///
    /// # Errors
    /// A log-in that is refused.
    pub async fn as_user(&self, name: &str) -> anyhow::Result<Self> {
        let nobody = Self {
            token: None,
            ..self.clone()
        };
        let input = json!({
            "email": Demo::email(SLUG, name), "password": PASSWORD, "kind": "MOBILE",
        });
        let begun = nobody
            .ask(
                "mutation ($input: SessionStartInput!) { sessionStart(input: $input) { \
                 accessToken userErrors { message } } }",
                json!({ "input": input }),
            )
            .await?;
        let token = at(&begun, "/sessionStart/accessToken").as_str();
        let token = token.with_context(|| format!("{name}: {begun}"))?;
        let known = Self {
            token: Some(token.into()),
            ..nobody
        };
        known
            .act(
                "sessionStepUp",
                json!({ "password": PASSWORD }),
                "session { id }",
            )
            .await?;
        Ok(known)
    }

    /// That the server doesn't hold clients to a rate: it would be what is measured.
    ///
    /// # Errors
    /// A [`Refusal`] that says what to set.
    pub async fn has_no_rate(&self) -> anyhow::Result<()> {
        let answer = self.request("{ __typename }", &json!({})).send().await?;
        if !answer.headers().contains_key("ratelimit") {
            return Ok(());
        }
        Err(Refusal::new(
            "El servidor limita el ritmo: arránquelo con TRASTIENDA__DOOR__LIMITS__RATE_USER=0.",
            "The server has a rate: start it with TRASTIENDA__DOOR__LIMITS__RATE_USER=0.",
        )
        .into())
    }

    /// The data of a request without errors.
    ///
    /// # Errors
    /// No answer, or one with errors.
    pub async fn ask(&self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let sent = self.request(query, &variables).send().await;
        let text = sent.context("no server answers")?.text().await?;
        let mut answer: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
        anyhow::ensure!(answer.get("errors").is_none(), "{answer}");
        Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
    }

    /// The payload of a mutation that is not refused.
    ///
    /// # Errors
    /// As [`Door::ask`], and user errors.
    pub async fn act(
        &self,
        mutation: &str,
        input: Value,
        selection: &str,
    ) -> anyhow::Result<Value> {
        let document = document(mutation, selection);
        let mut data = self.ask(&document, json!({ "input": input })).await?;
        let payload = data.get_mut(mutation).map(Value::take).unwrap_or_default();
        anyhow::ensure!(
            *at(&payload, "/userErrors") == json!([]),
            "{mutation}: {payload}"
        );
        Ok(payload)
    }

    fn request(&self, query: &str, variables: &Value) -> reqwest::RequestBuilder {
        let body = json!({ "query": query, "variables": variables }).to_string();
        // Every wish is one of its own; some acts want a key.
        let request = self
            .http
            .post(&*self.url)
            .header("idempotency-key", uuid::Uuid::new_v4().to_string())
            .header("content-type", "application/json")
            .header("accept", "application/graphql-response+json")
            .body(body);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The document of a mutation by its name.
fn document(mutation: &str, selection: &str) -> String {
    let mut letters = mutation.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    format!(
        "mutation ($input: {name}Input!) {{ {mutation}(input: $input) {{ {selection} \
         userErrors {{ reason message field }} }} }}"
    )
}

/// A place in an answer, by its path; null where there is none.
pub fn at<'v>(answer: &'v Value, path: &str) -> &'v Value {
    answer.pointer(path).unwrap_or(&Value::Null)
}
