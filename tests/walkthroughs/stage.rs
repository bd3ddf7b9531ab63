//! Where a walkthrough is played: a company of its own, the served API, and whoever logs in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::{Response, header};
use serde_json::{Value, json};
use trastienda_core::demo::{Demo, PASSWORD};

use super::likeness::{Kept, compare};
use super::script::{Ask, Chapter, Fetch, Step, Way, Who};
use crate::app::App;
use crate::client::Tenant;
use crate::technology::Server;

/// How long an answer may take to become the one that is shown.
const PATIENCE: Duration = Duration::from_secs(240);
/// How often it is asked for.
const LOOK: Duration = Duration::from_millis(50);

const LOG_IN: &str = "mutation ($input: SessionStartInput!) { sessionStart(input: $input) { \
    accessToken userErrors { message } } }";

/// A company of its own, spoken to in one language.
pub struct Stage {
    http: reqwest::Client,
    url: String,
    language: &'static str,
    slug: String,
    tokens: BTreeMap<String, String>,
    kept: Kept,
    shop: Server,
}

impl Stage {
    /// The demo company without a past, before opening.
    pub async fn new(app: &App, language: &'static str) -> Self {
        let tenant = Tenant::new(app).await;
        let shop = Server::start().await;
        let mut kept = Kept::new(app.db.clock().now().date_naive(), &tenant.slug);
        kept.keep("shop", &format!("http://127.0.0.1:{}", shop.port));
        Self {
            http: reqwest::Client::new(),
            url: app.url().await.to_owned(),
            language,
            slug: tenant.slug,
            tokens: BTreeMap::new(),
            kept,
            shop,
        }
    }

    /// Plays a chapter. Says where, and what else came, when something is not as it is told.
    pub async fn play(&mut self, chapter: &Chapter) -> Result<(), String> {
        for step in &chapter.steps {
            let (line, done) = match step {
                Step::Ask(ask) => (ask.line, self.ask(ask).await),
                Step::Fetch(fetch) => (fetch.line, self.fetch(fetch).await),
                Step::Shop(status) => {
                    self.shop.answer(*status);
                    continue;
                }
            };
            done.map_err(|why| format!("{}:{line}: {why}", chapter.file))?;
        }
        Ok(())
    }

    async fn ask(&mut self, ask: &Ask) -> Result<(), String> {
        match ask.way {
            Way::Stream => self.listen(ask).await,
            Way::Once => {
                let came = self.send(ask).await?;
                self.like(ask, &came)
            }
            Way::Until => self.wait(ask).await,
        }
    }

    async fn wait(&mut self, ask: &Ask) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let came = self.send(ask).await?;
            let before = self.kept.clone();
            let Err(why) = self.like(ask, &came) else {
                return Ok(());
            };
            self.kept = before;
            if came.get("errors").is_some() || begun.elapsed() > PATIENCE {
                return Err(why);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn like(&mut self, ask: &Ask, came: &Value) -> Result<(), String> {
        let answer = ask.answers.first().ok_or("shows no answer")?;
        compare(&answer.shown, came, &answer.keep, &mut self.kept)
            .map_err(|why| format!("{why}\n(shown in line {})\n{came:#}", answer.line))
    }

    /// Follows a subscription for as many events as are shown.
    async fn listen(&mut self, ask: &Ask) -> Result<(), String> {
        let mut events = Events {
            response: self.post(ask, "text/event-stream").await?,
            bytes: Vec::new(),
        };
        for answer in &ask.answers {
            let came = tokio::time::timeout(PATIENCE, events.next()).await;
            let came = came.unwrap_or_else(|_| Err("nothing came".to_owned()));
            came.and_then(|came| {
                compare(&answer.shown, &came, &answer.keep, &mut self.kept)
                    .map_err(|why| format!("{why}\n{came:#}"))
            })
            .map_err(|why| format!("line {}: {why}", answer.line))?;
        }
        Ok(())
    }

    async fn fetch(&self, fetch: &Fetch) -> Result<(), String> {
        let host = self.url.trim_end_matches("/graphql");
        let path = self.kept.fill(&fetch.path)?;
        let response = self.http.get(format!("{host}{path}")).send().await;
        let response = response.map_err(|error| error.to_string())?;
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let came = format!("{} {kind}", response.status().as_u16());
        match came == fetch.shown {
            true => Ok(()),
            false => Err(format!("shown {}, came {came}", fetch.shown)),
        }
    }

    async fn send(&mut self, ask: &Ask) -> Result<Value, String> {
        let response = self.post(ask, "application/graphql-response+json").await?;
        body(response).await
    }

    async fn post(&mut self, ask: &Ask, accept: &str) -> Result<Response, String> {
        let token = self.token(&ask.who).await?;
        let variables = self.kept.fill_all(&ask.variables)?;
        let text = json!({ "query": ask.document, "variables": variables }).to_string();
        let mut request = self.request(text).header(header::ACCEPT, accept);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = &ask.key {
            request = request.header("idempotency-key", key);
        }
        request.send().await.map_err(|error| error.to_string())
    }

    fn request(&self, text: String) -> reqwest::RequestBuilder {
        self.http
            .post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, self.language)
            .body(text)
    }

    /// The bearer token of whoever asks; users log in the first time.
    async fn token(&mut self, who: &Who) -> Result<Option<String>, String> {
        let name = match who {
            Who::Nobody => return Ok(None),
            Who::Bearer(name) => return self.kept.fill(&format!("{{{{{name}}}}}")).map(Some),
            Who::User(name) => name,
        };
        if let Some(token) = self.tokens.get(name) {
            return Ok(Some(token.clone()));
        }
        let email = Demo::email(&self.slug, name);
        let input = json!({ "email": email, "password": PASSWORD, "kind": "MOBILE" });
        let text = json!({ "query": LOG_IN, "variables": { "input": input } }).to_string();
        let response = self.request(text).send().await;
        let came = body(response.map_err(|error| error.to_string())?).await?;
        let token = came["data"]["sessionStart"]["accessToken"].as_str();
        let token = token.ok_or_else(|| format!("{name} does not get in: {came}"))?;
        self.tokens.insert(name.clone(), token.to_owned());
        Ok(Some(token.to_owned()))
    }
}

/// The events of a subscription.
struct Events {
    response: Response,
    /// What came and was not read yet.
    bytes: Vec<u8>,
}

impl Events {
    /// The next answer.
    async fn next(&mut self) -> Result<Value, String> {
        loop {
            while let Some(end) = self.bytes.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.bytes.drain(..end + 2).collect();
                if let Some(answer) = carried(&String::from_utf8_lossy(&event)) {
                    return Ok(answer);
                }
            }
            let chunk = self.response.chunk().await;
            let chunk = chunk.map_err(|error| error.to_string())?;
            self.bytes.extend(chunk.ok_or("it ended")?);
        }
    }
}

/// The answer that an event carries.
fn carried(event: &str) -> Option<Value> {
    let of = |field: &str| {
        let mut lines = event.lines();
        lines.find_map(|line| line.strip_prefix(field).map(str::trim))
    };
    if of("event:")? != "next" {
        return None;
    }
    serde_json::from_str(of("data:")?).ok()
}

async fn body(response: Response) -> Result<Value, String> {
    let text = response.text().await.map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|_| format!("no JSON: {text}"))
}
