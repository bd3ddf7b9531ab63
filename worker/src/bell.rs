//! The bell: tells the queues of every process that a ticket has been pushed.
//!
//! apalis-redis polls. A message of Redis's own publish and subscribe makes it poll at once, so
//! that a job starts some milliseconds after its commit; the interval is for bells that were lost.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use kernel::error::{Error, Result};
use tokio::sync::Notify;

use crate::Bench;

/// How often a queue is polled when no bell is heard.
const POLL: Duration = Duration::from_millis(100);

/// Wakes everyone in this process who waits for tickets.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Notify>);

impl Bell {
    /// A stream with an item for every ring, and now and then one without.
    pub fn rings(&self) -> impl Stream<Item = ()> + Send + Unpin + use<> {
        let bell = self.0.clone();
        stream::unfold(bell, |bell| async move {
            let _ = tokio::time::timeout(POLL, bell.notified()).await;
            Some(((), bell))
        })
        .boxed()
    }
}

/// The channel of Redis on which it is rung.
pub(crate) fn channel(bench: &Bench) -> String {
    format!("{}:bell", bench.settings.prefix)
}

/// Listens for the bell and passes it on.
pub(crate) fn listen(bell: Bell) -> impl Fn(Bench) -> BoxFuture<'static, Result<()>> + Send {
    move |bench| {
        let bell = bell.clone();
        async move {
            let away = |error: redis::RedisError| Error::Unavailable(format!("bell: {error}"));
            let client = redis::Client::open(bench.settings.redis_url.as_str()).map_err(away)?;
            let mut subscriber = client.get_async_pubsub().await.map_err(away)?;
            subscriber.subscribe(channel(&bench)).await.map_err(away)?;
            let mut messages = subscriber.into_on_message();
            while let Some(Some(_)) = bench.stop.run_until_cancelled(messages.next()).await {
                bell.0.notify_waiters();
            }
            if bench.stop.is_cancelled() {
                return Ok(());
            }
            Err(Error::Unavailable("the bell's connection ended".to_owned()))
        }
        .boxed()
    }
}
