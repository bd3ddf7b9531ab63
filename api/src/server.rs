//! The API as a whole: the door over the schema, the files beside it, the feed behind it.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::core::SharedCore;
use crate::credentials::Gatekeeper;
use crate::schema::schema;
use crate::transport::{self, Door, Settings, Shutdown};

/// Serves the API until the token is cancelled and running requests have ended. `feed_url` is the
/// database's address in the application's role; `metrics` renders the process's metrics.
///
/// # Errors
/// A listener that breaks.
pub async fn serve(
    core: SharedCore,
    feed_url: String,
    listener: TcpListener,
    settings: Settings,
    metrics: impl Fn() -> String + Send + Sync + 'static,
    stop: CancellationToken,
) -> io::Result<()> {
    let shutdown = Shutdown::new(stop.clone());
    let limits = settings.limits.clone();
    let feed = tokio::spawn(core.feed.clone().listen(feed_url, stop));
    let (built, asked) = (core.clone(), core.clone());
    let door = Door::new(
        move |mode| schema(built.clone(), mode),
        Arc::new(Gatekeeper::new(core.clone())),
    )
    .settings(settings)
    .metrics(metrics)
    .ready(move || {
        let core = asked.clone();
        Box::pin(async move { ready(&core).await })
    })
    .shutdown(shutdown.clone());
    let routes = transport::router(door).merge(crate::directory::files::routes(core));
    let served = transport::serve(listener, routes, &limits, shutdown).await;
    feed.abort();
    served
}

/// That the database answers.
async fn ready(core: &SharedCore) -> Result<(), String> {
    let connection = core.db.connection().await;
    connection.map(|_| ()).map_err(|error| error.to_string())
}
