//! The API as a whole: the door over the schema, the files beside it, the feed behind it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::core::SharedCore;
use crate::credentials::Gatekeeper;
use crate::schema::schema;
use crate::transport::{self, Door, Settings, Shutdown, TrustedDocuments};

/// How long a neighbour is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks a neighbour whether it answers.
pub type Ask = dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync;

/// A part that the API does without for a while: `/readyz` stays 200 and names it. A service of the
/// core, where there is one.
#[derive(Clone)]
pub struct Neighbour {
    /// Its name.
    pub name: &'static str,
    /// Whether it answers.
    pub ask: Arc<Ask>,
}

/// Serves the API until the token is cancelled and running requests have ended. `feed_url` is the
/// database's address in the application's role; `metrics` renders the process's metrics.
///
/// # Errors
/// A folder of trusted documents that can't be read, or a listener that breaks.
pub fn serve(
    core: SharedCore,
    feed_url: String,
    listener: TcpListener,
    settings: Settings,
    metrics: impl Fn() -> String + Send + Sync + 'static,
    stop: CancellationToken,
) -> BoxFuture<'static, io::Result<()>> {
    boxed(core, feed_url, listener, settings, Arc::new(metrics), stop)
}

/// Neither generic nor `async`: what is boxed here, the whole schema with it, is compiled into this
/// crate, and not again into every program that serves it.
fn boxed(
    core: SharedCore,
    feed_url: String,
    listener: TcpListener,
    settings: Settings,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    stop: CancellationToken,
) -> BoxFuture<'static, io::Result<()>> {
    served(core, feed_url, listener, settings, metrics, stop).boxed()
}

async fn served(
    core: SharedCore,
    feed_url: String,
    listener: TcpListener,
    settings: Settings,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    stop: CancellationToken,
) -> io::Result<()> {
    let shutdown = Shutdown::new(stop.clone());
    let (limits, proxies) = (settings.limits.clone(), settings.proxies);
    let trusted = match &settings.documents {
        Some(folder) => Some(TrustedDocuments::from_folder(folder)?),
        None => None,
    };
    let feed = tokio::spawn(core.feed.clone().listen(feed_url, stop));
    let (built, asked) = (core.clone(), core.clone());
    let mut door = Door::new(
        move |mode| schema(built.clone(), mode),
        Arc::new(Gatekeeper::new(core.clone())),
    )
    .settings(settings)
    .metrics(move || metrics())
    .ready(move || {
        let core = asked.clone();
        Box::pin(async move { ready(&core).await })
    })
    .shutdown(shutdown.clone());
    if let Some(trusted) = trusted {
        tracing::info!(
            documents = trusted.len() / 2,
            "Trusted documents are known."
        );
        door = door.documents(Arc::new(trusted));
    }
    let callback = crate::directory::identity_callback::routes(core.clone());
    let routes = transport::router(door)
        .merge(crate::directory::files::routes(core))
        .merge(transport::announced(callback, proxies));
    let served = transport::serve(listener, routes, &limits, shutdown).await;
    feed.abort();
    served
}

/// That the database answers, without which nothing can be done; and what else is amiss. A job
/// that is wanted while Redis is away waits in the database, so that its absence is no reason to
/// send requests elsewhere: the others miss it too.
async fn ready(core: &SharedCore) -> Result<Vec<String>, String> {
    let connection = core.db.connection().await;
    connection.map(drop).map_err(|error| error.to_string())?;
    let Ok(neighbour) = core.services.get::<Neighbour>() else {
        return Ok(Vec::new());
    };
    let amiss = match tokio::time::timeout(PATIENCE, (neighbour.ask)()).await {
        Ok(answer) => answer.err(),
        Err(_) => Some("no answer".to_owned()),
    };
    let degraded = if amiss.is_some() { 1.0 } else { 0.0 };
    metrics::gauge!("trastienda_degraded", "part" => neighbour.name).set(degraded);
    let said = amiss.map(|reason| format!("{}: {reason}", neighbour.name));
    Ok(said.into_iter().collect())
}
