//! The migrations of the whole suite, in the binary.

use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::{Error, Result};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// The advisory lock that one migrator at a time holds.
const TURN: i64 = 0x7472_6173;

/// How long a migration waits for a lock unless told otherwise, in milliseconds.
const LOCK_TIMEOUT_MS: u64 = 10_000;

/// [`up_within`] the usual ten seconds a lock.
pub async fn up(owner_url: &str) -> Result<Vec<String>> {
    up_within(owner_url, LOCK_TIMEOUT_MS).await
}

/// Brings the schema up to date, as the role that owns it. Gives the names of what was applied.
/// Several may call this at once: they take turns, however long a turn is. A migration that waits
/// longer than `lock_timeout_ms` for a lock is rolled back, because whatever asks for the same
/// table meanwhile queues behind it. Needs a multi-thread runtime.
pub async fn up_within(owner_url: &str, lock_timeout_ms: u64) -> Result<Vec<String>> {
    let mut turn = connect(owner_url).await?;
    turn.batch_execute(&format!("SELECT pg_advisory_lock({TURN})"))
        .await?;
    let mut connection = connect(owner_url).await?;
    connection
        .batch_execute(&format!("SET lock_timeout = {lock_timeout_ms}"))
        .await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| Error::bug(format!("migration: {error}")))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}

/// Takes every migration back.
pub async fn down(owner_url: &str) -> Result<usize> {
    let mut harness = harness(owner_url).await?;
    let reverted = harness
        .revert_all_migrations(MIGRATIONS)
        .map_err(|error| Error::bug(format!("migration: {error}")))?;
    Ok(reverted.len())
}

/// Whether migrations wait to be applied.
pub async fn is_pending(owner_url: &str) -> Result<bool> {
    let mut harness = harness(owner_url).await?;
    harness
        .has_pending_migration(MIGRATIONS)
        .map_err(|error| Error::bug(format!("migration: {error}")))
}

async fn harness(owner_url: &str) -> Result<AsyncMigrationHarness<AsyncPgConnection>> {
    Ok(AsyncMigrationHarness::new(connect(owner_url).await?))
}

async fn connect(owner_url: &str) -> Result<AsyncPgConnection> {
    AsyncPgConnection::establish(owner_url)
        .await
        .map_err(|error| Error::Unavailable(format!("database: {error}")))
}
