//! What the directory forgets when its time is over, in the relay's role, some rows at a time.
//!
//! The relay sees of these rows when they end and nothing else. What they did stays in the trail.

use chrono::{DateTime, Utc};
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::Result;

/// Removes sessions that were over before an instant, with their refresh tokens.
const SESSIONS: &str = "\
    WITH old AS ( \
        SELECT organisation_id, id FROM directory.session \
        WHERE expires_at < $1 ORDER BY expires_at LIMIT $2), \
    tokens AS ( \
        DELETE FROM directory.refresh_token AS token USING old \
        WHERE token.organisation_id = old.organisation_id AND token.session_id = old.id) \
    DELETE FROM directory.session USING old \
    WHERE session.organisation_id = old.organisation_id AND session.id = old.id";

const UPLOADS: &str = "\
    DELETE FROM directory.staged_upload AS upload USING ( \
        SELECT organisation_id, id FROM directory.staged_upload \
        WHERE expires_at < $1 AND file_id IS NULL ORDER BY expires_at LIMIT $2) AS old \
    WHERE upload.organisation_id = old.organisation_id AND upload.id = old.id";

const ATTEMPTS: &str = "\
    DELETE FROM directory.identity_attempt AS attempt USING ( \
        SELECT organisation_id, id FROM directory.identity_attempt \
        WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS old \
    WHERE attempt.organisation_id = old.organisation_id AND attempt.id = old.id";

/// Forgets sessions that were over before an instant, `limit` at most. Gives how many.
pub async fn sessions(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    forget(connection, SESSIONS, before, limit).await
}

/// Forgets uploads that were announced and never became a file, `limit` at most. Bytes that had
/// arrived stay in the store: others may keep the same ones. Gives how many.
pub async fn uploads(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    forget(connection, UPLOADS, before, limit).await
}

/// Forgets log-ins that never came back from their provider, `limit` at most. Gives how many.
pub async fn attempts(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    forget(connection, ATTEMPTS, before, limit).await
}

async fn forget(
    connection: &mut AsyncPgConnection,
    statement: &'static str,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    Ok(diesel::sql_query(statement)
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(limit)
        .execute(connection)
        .await?)
}
