//! A schema with one of everything that a transport can stumble over, and ways to ask it.

use async_graphql::{
    Context, Error, ErrorExtensions, ID, Object, Result, Schema, SimpleObject, Subscription,
    ValidationMode,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use futures::{FutureExt, Stream, StreamExt, future::BoxFuture, stream};
use serde_json::Value;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tower::ServiceExt;
use trastienda_api::transport::{
    AuthRefusal, Caller, Credentials, Door, IdempotencyKey, Lang, Limits, Presented, RequestId,
    ResumeAfter, Settings, TraceParent, router,
};

/// Who is asking, as the credentials found it.
#[derive(Clone)]
pub struct Viewer(pub Option<String>);

/// How often a resolver ran: what was refused must not have run.
pub static RUNS: AtomicUsize = AtomicUsize::new(0);

pub struct Query;

#[derive(SimpleObject)]
pub struct Item {
    id: ID,
    name: String,
}

#[derive(SimpleObject)]
pub struct ItemConnection {
    nodes: Vec<Item>,
}

#[Object]
impl Query {
    async fn greeting(&self, name: String) -> String {
        RUNS.fetch_add(1, Ordering::SeqCst);
        format!("hola {name}")
    }

    async fn whoami(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(ctx
            .data::<Viewer>()?
            .0
            .clone()
            .unwrap_or_else(|| "nobody".into()))
    }

    async fn told(&self, ctx: &Context<'_>) -> Result<Vec<String>> {
        Ok(vec![
            ctx.data::<RequestId>()?.0.to_string(),
            ctx.data::<Lang>()?.code().to_owned(),
            ctx.data_opt::<TraceParent>()
                .map_or("-".into(), |t| t.0.to_string()),
            ctx.data_opt::<IdempotencyKey>()
                .map_or("-".into(), |k| k.0.to_string()),
        ])
    }

    async fn items(&self, first: i32) -> ItemConnection {
        let item = |n: i32| Item {
            id: ID(n.to_string()),
            name: format!("item {n}"),
        };
        ItemConnection {
            nodes: (0..first).map(item).collect(),
        }
    }

    async fn nested(&self) -> Query {
        Query
    }

    async fn counted(&self, n: i32) -> i32 {
        n
    }

    /// `Option` outside `Result`: the other way round the error would leave the nullable field and
    /// take its siblings with it.
    async fn leaky(&self) -> Option<Result<String>> {
        Some(Err(Error::new(
            "connection to postgres://app:secret@db failed",
        )))
    }

    async fn displayed(&self) -> Result<Option<String>> {
        Err(std::io::Error::other("secret file /etc/shadow").into())
    }

    async fn required(&self) -> Result<String> {
        Err(Error::new("secret in a required field"))
    }

    async fn forbidden(&self) -> Result<Option<String>> {
        Err(Error::new("No puede verlo.").extend_with(|_, e| e.set("code", "FORBIDDEN")))
    }

    async fn boom(&self) -> Option<String> {
        exploded()
    }

    async fn slow(&self, ms: u64) -> bool {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        true
    }

    async fn cookie(&self, ctx: &Context<'_>) -> bool {
        ctx.append_http_header(header::SET_COOKIE, "session=abc; HttpOnly");
        true
    }
}

fn exploded() -> Option<String> {
    panic!("secret panic")
}

pub struct Mutation;

#[Object]
impl Mutation {
    async fn rename(&self, name: String) -> String {
        RUNS.fetch_add(1, Ordering::SeqCst);
        name
    }
}

#[derive(SimpleObject)]
pub struct Tick {
    cursor: String,
    n: i32,
}

pub struct Feed;

#[Subscription]
impl Feed {
    async fn ticked(&self, ctx: &Context<'_>, count: i32) -> impl Stream<Item = Tick> {
        let after = ctx
            .data_opt::<ResumeAfter>()
            .map_or(0, |r| r.0[1..].parse::<i32>().unwrap());
        stream::iter((after + 1)..=count).map(|n| Tick {
            cursor: format!("c{n}"),
            n,
        })
    }

    async fn quiet(&self) -> impl Stream<Item = i32> {
        stream::pending()
    }

    async fn flood(&self) -> impl Stream<Item = String> {
        stream::repeat_with(|| "x".repeat(10_000)).then(|text| async {
            tokio::task::yield_now().await;
            text
        })
    }

    async fn broken(&self) -> Result<impl Stream<Item = i32>> {
        Err::<stream::Empty<i32>, _>(Error::new("secret of a subscription"))
    }

    async fn breaking(&self) -> impl Stream<Item = i32> {
        stream::iter(0..2).map(|n| {
            if n == 0 {
                n
            } else {
                panic!("secret panic in a stream")
            }
        })
    }
}

/// Takes `Bearer NAME` from the header or from `connection_init`; `wrong` is refused.
#[derive(Default)]
pub struct Names {
    pub revoked: AtomicBool,
    pub rights: AtomicU64,
}

impl Credentials for Names {
    fn identify<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> BoxFuture<'a, Result<Caller, AuthRefusal>> {
        let header = presented
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok());
        let init = presented
            .init
            .and_then(|init| init["authorization"].as_str());
        let name = init
            .or(header)
            .and_then(|v| v.strip_prefix("Bearer "))
            .map(str::to_owned);
        let revoked = self.revoked.load(Ordering::SeqCst);
        let rights = self.rights.load(Ordering::SeqCst);
        async move {
            match name {
                _ if revoked => Err(AuthRefusal::Unauthenticated),
                Some(name) if name == "wrong" => Err(AuthRefusal::Unauthenticated),
                Some(name) => {
                    let viewer = Viewer(Some(name.clone()));
                    let caller = Caller::known(name, move |r, _| r.data.insert(viewer.clone()));
                    Ok(caller.with_rights(rights))
                }
                None => Ok(Caller::anonymous(|r, _| r.data.insert(Viewer(None)))),
            }
        }
        .boxed()
    }
}

pub fn schema(mode: ValidationMode) -> Schema<Query, Mutation, Feed> {
    Schema::build(Query, Mutation, Feed)
        .validation_mode(mode)
        .finish()
}

pub fn door(settings: Settings) -> Door {
    Door::new(schema, Arc::new(Names::default())).settings(settings)
}

pub fn testing() -> Settings {
    Settings {
        limits: Limits::for_testing(),
        ..Settings::default()
    }
}

pub fn app() -> Router {
    router(door(testing()))
}

pub fn app_with(limits: Limits) -> Router {
    router(door(Settings {
        limits,
        ..Settings::default()
    }))
}

/// An answer that was read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    /// The code of the first error.
    pub fn code(&self) -> String {
        let json = self.json();
        json["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

pub async fn ask(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text,
    }
}

pub fn post(body: impl Into<Body>) -> Request<Body> {
    posted(&[("accept", "application/graphql-response+json")], body)
}

pub fn posted(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/graphql").header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

pub fn got(target: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// Asks a query without variables, as `application/graphql-response+json`.
pub async fn query(app: &Router, text: &str) -> Answer {
    ask(app, post(serde_json::json!({ "query": text }).to_string())).await
}
