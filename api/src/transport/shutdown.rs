//! An orderly end: no new connections, open work is finished, sockets are told to go.

use std::{future::Future, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The end of service, shared by the door and the accept loop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// A shutdown that begins when this token is cancelled.
    #[must_use]
    pub fn new(token: CancellationToken) -> Self {
        Self {
            token,
            tasks: TaskTracker::new(),
        }
    }

    /// Begins the shutdown.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Completes when the shutdown has begun.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Runs a task that the shutdown waits for.
    pub(super) fn track<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tasks.spawn(task);
    }

    /// Makes the shutdown wait for a future that someone else runs.
    pub(super) fn awaited<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        self.tasks.track_future(work)
    }

    /// Whether the shutdown has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for the tracked tasks, at most this long; says whether all of them ended.
    pub(super) async fn drained(&self, limit: Duration) -> bool {
        self.tasks.close();
        tokio::time::timeout(limit, self.tasks.wait()).await.is_ok()
    }
}
