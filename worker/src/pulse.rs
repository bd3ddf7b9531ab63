//! The pulse of a worker process, for those who ask from outside whether it can work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use kernel::Db;
use redis::aio::ConnectionManager;

/// How long a part counts as ailing after it was restarted: a little longer than the longest wait
/// between two tries.
const AILING: Duration = Duration::from_secs(15);
/// How long Redis is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// A worker process's pulse; a copy of it is the same one.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    organs: OnceLock<Organs>,
    restarts: Mutex<BTreeMap<&'static str, (Instant, String)>>,
}

/// What a worker can't work without.
struct Organs {
    relay: Db,
    redis: ConnectionManager,
}

impl std::fmt::Debug for Organs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Organs")
            .field("relay", &self.relay)
            .finish_non_exhaustive()
    }
}

impl Pulse {
    /// Whether jobs can be done: `Ok` with the parts that were restarted lately, or the reason why
    /// not.
    ///
    /// # Errors
    /// The reason, for an operator.
    pub async fn ready(&self) -> Result<Vec<String>, String> {
        let organs = self.0.organs.get().ok_or("starting")?;
        let connection = organs.relay.connection().await;
        connection.map(drop).map_err(|error| error.to_string())?;
        let mut redis = organs.redis.clone();
        let ping = redis::cmd("PING");
        let ping = ping.query_async::<String>(&mut redis);
        match tokio::time::timeout(PATIENCE, ping).await {
            Ok(Ok(_)) => Ok(self.ailing()),
            Ok(Err(error)) => Err(format!("redis: {error}")),
            Err(_) => Err("redis: no answer".to_owned()),
        }
    }

    pub(crate) fn begin(&self, relay: Db, redis: ConnectionManager) {
        if self.0.organs.set(Organs { relay, redis }).is_err() {
            tracing::debug!("This pulse is of a worker that was started before.");
        }
    }

    pub(crate) fn restarted(&self, part: &'static str, why: &dyn std::fmt::Display) {
        let mut restarts = self
            .0
            .restarts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        restarts.insert(part, (Instant::now(), why.to_string()));
        metrics::counter!("trastienda_worker_restarts_total", "part" => part).increment(1);
    }

    fn ailing(&self) -> Vec<String> {
        let restarts = self
            .0
            .restarts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let lately = restarts.iter().filter(|(_, (at, _))| at.elapsed() < AILING);
        lately
            .map(|(part, (_, why))| format!("{part}: {why}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_that_has_not_begun_is_not_ready() {
        assert_eq!(Pulse::default().ready().await, Err("starting".to_owned()));
    }

    #[test]
    fn a_part_that_was_restarted_is_named() {
        let pulse = Pulse::default();
        pulse.restarted("relay", &"away");
        assert_eq!(pulse.ailing(), ["relay: away"]);
    }
}
