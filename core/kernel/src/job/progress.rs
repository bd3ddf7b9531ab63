//! How those who watch a job hear that it moved.

use crate::ids::JobId;

/// The channel of Postgres on which a job's id is told when its row changes.
pub const fn watch_channel() -> &'static str {
    "trastienda_progress"
}

/// The statement that tells of a job, to be sent after COMMIT. The id is a UUID, so it is safe.
pub(super) fn told(job: JobId) -> String {
    format!("NOTIFY {}, '{}'", watch_channel(), job.0)
}
