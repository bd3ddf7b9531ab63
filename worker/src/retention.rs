//! Retention: what is forgotten when its time is over, some rows at a time.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use directory::retention;
use kernel::error::Result;
use kernel::{idempotency, job};

/// How long things are kept, in days, and how many rows one statement removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Jobs that have ended.
    pub job_days: i64,
    /// Idempotency keys with their replies.
    pub idempotency_days: i64,
    /// Sessions that are over, with their refresh tokens.
    pub session_days: i64,
    /// Uploads and log-ins through providers that were begun and never finished.
    pub unfinished_days: i64,
    /// Rows that one statement removes.
    pub batch: i64,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            job_days: 90,
            idempotency_days: 30,
            session_days: 30,
            unfinished_days: 1,
            batch: 1_000,
        }
    }
}

/// What one round has forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Jobs.
    pub jobs: usize,
    /// Idempotency keys.
    pub keys: usize,
    /// Sessions.
    pub sessions: usize,
    /// Uploads.
    pub uploads: usize,
    /// Log-ins through providers.
    pub attempts: usize,
}

impl Forgotten {
    /// Rows in all.
    pub fn rows(&self) -> usize {
        self.jobs + self.keys + self.sessions + self.uploads + self.attempts
    }
}

/// Forgets one batch of each kind, in the relay's role: short statements, so that nobody waits for
/// their locks. What is left goes at the next round.
///
/// # Errors
/// A database that is away.
pub async fn forget(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    retention: &Retention,
) -> Result<Forgotten> {
    let before = |days: i64| now - TimeDelta::days(days);
    let batch = retention.batch;
    let unfinished = before(retention.unfinished_days);
    let sessions = before(retention.session_days);
    Ok(Forgotten {
        jobs: job::prune(connection, before(retention.job_days), batch).await?,
        keys: idempotency::prune(connection, before(retention.idempotency_days), batch).await?,
        sessions: retention::sessions(connection, sessions, batch).await?,
        uploads: retention::uploads(connection, unfinished, batch).await?,
        attempts: retention::attempts(connection, unfinished, batch).await?,
    })
}
