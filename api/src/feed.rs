//! The feed as it happens: one listener on Postgres, passed on to every subscription of the
//! process.

use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::StreamExt;
use kernel::error::{Error, Result};
use kernel::job::watch_channel;
use kernel::tx::Wake;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// What those who subscribe are woken by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Events were sealed, or the connection came back: look at the feed.
    Events,
    /// A job moved on.
    Job(Uuid),
}

/// The wake-up calls of this process.
#[derive(Clone, Debug)]
pub struct Feed(broadcast::Sender<Signal>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::channel(1_024).0)
    }
}

impl Feed {
    /// Signals from now on. One who lags behind gets `Lagged` and should look at once.
    pub fn follow(&self) -> broadcast::Receiver<Signal> {
        self.0.subscribe()
    }

    /// Listens on Postgres until the process stops; comes back after a lost connection.
    pub async fn listen(self, url: String, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.listen_once(&url)).await {
                tracing::warn!(%error, "The feed's connection was lost.");
                let nap = tokio::time::sleep(Duration::from_secs(1));
                stop.run_until_cancelled(nap).await;
            }
        }
    }

    async fn listen_once(&self, url: &str) -> Result<()> {
        let mut connection = AsyncPgConnection::establish(url)
            .await
            .map_err(|error| Error::Unavailable(format!("feed: {error}")))?;
        let listen = format!(
            "LISTEN {}; LISTEN {}",
            Wake::Feed.channel(),
            watch_channel()
        );
        connection.batch_execute(&listen).await?;
        let _ = self.0.send(Signal::Events);
        let mut told = std::pin::pin!(connection.notifications_stream());
        while let Some(told) = told.next().await {
            let told = told.map_err(|error| Error::Unavailable(format!("feed: {error}")))?;
            if let Some(signal) = signal(&told.channel, &told.payload) {
                let _ = self.0.send(signal);
            }
        }
        Err(Error::Unavailable("the feed's connection ended".to_owned()))
    }
}

/// Of the two kinds of word on the feed's channel, only that of the sealer counts: before it the
/// event has no place yet.
fn signal(channel: &str, payload: &str) -> Option<Signal> {
    if channel == watch_channel() {
        return payload.parse().ok().map(Signal::Job);
    }
    (payload == "sealed").then_some(Signal::Events)
}
