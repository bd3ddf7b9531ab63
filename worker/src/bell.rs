//! The bell: tells the queues of every process that a ticket has been pushed.
//!
//! apalis-redis polls. A message of Redis's own publish and subscribe makes it poll at once, so
//! that a job starts some milliseconds after its commit; the interval is for bells that were lost
//! on the way, which happens while Redis is away.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use kernel::error::{Error, Result};
use tokio::sync::watch;

use crate::Bench;

/// How often a queue is polled when no bell is heard.
const POLL: Duration = Duration::from_millis(500);

/// Wakes everyone in this process who waits for tickets. One who is busy when it rings is woken
/// afterwards: no ring is missed.
#[derive(Clone, Debug)]
pub struct Bell(Arc<watch::Sender<()>>);

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(watch::channel(()).0))
    }
}

impl Bell {
    /// A stream with an item for every ring, several at once counting as one, and now and then one
    /// without.
    pub fn rings(&self) -> impl Stream<Item = ()> + Send + Unpin + use<> {
        stream::unfold(self.0.subscribe(), |mut heard| async move {
            if let Ok(Err(_)) = tokio::time::timeout(POLL, heard.changed()).await {
                return None;
            }
            Some(((), heard))
        })
        .boxed()
    }

    fn ring(&self) {
        self.0.send_replace(());
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
                bell.ring();
            }
            if bench.stop.is_cancelled() {
                return Ok(());
            }
            Err(Error::Unavailable("the bell's connection ended".to_owned()))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ring_that_nobody_waited_for_is_heard_afterwards_and_once() {
        let bell = Bell::default();
        let mut rings = bell.rings();
        bell.ring();
        bell.ring();
        assert_eq!(rings.next().now_or_never(), Some(Some(())));
        assert_eq!(rings.next().now_or_never(), None);
    }
}
