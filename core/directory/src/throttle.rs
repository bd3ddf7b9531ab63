//! Tries at a secret, counted by (name, source): slowed from the tenth failure in a row, stopped at
//! the hundredth. Only that source waits; the rightful user gets in from anywhere else.
//!
//! The try is charged before the secret is looked at, in one statement, so that many at once can't
//! slip past the count. It belongs to no tenant: nobody has proved anything yet.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Integer, Timestamptz};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use kernel::{Db, Error, Fault, Result, UserErrorCode};

use crate::schema::login_throttle;

/// Failures in a row before the next one waits.
pub const SLOWED_FROM: i32 = 10;
/// Failures in a row before nothing is tried any more.
pub const STOPPED_AT: i32 = 100;
/// The longest wait between two tries, in seconds.
const LONGEST_WAIT_S: i64 = 300;
/// How long a row of failures is remembered, in hours.
const REMEMBERED_H: i64 = 24;

/// What a try is counted by. Made by [`crate::Keys::throttle_key`].
pub type Key = [u8; 32];

/// Seconds that the next try waits after so many failures in a row.
pub fn wait_s(failures: i32) -> i64 {
    let doublings = u32::try_from(failures - SLOWED_FROM)
        .unwrap_or_default()
        .min(16);
    if failures < SLOWED_FROM {
        0
    } else {
        2_i64.saturating_pow(doublings).min(LONGEST_WAIT_S)
    }
}

/// Charges one try; refuses it when it comes too soon or after too many.
pub async fn charge(db: &Db, key: &Key) -> Result<()> {
    let now = db.clock().now();
    let seen: Option<(i32, DateTime<Utc>)> = with_key(db, key, Act::Charge(now)).await?;
    let Some((failures, last)) = seen else {
        return Ok(());
    };
    let fault = if failures >= STOPPED_AT {
        Fault::new(UserErrorCode::LimitExceeded, "directory.login_stopped")
    } else {
        let left = (last + TimeDelta::seconds(wait_s(failures)) - now)
            .num_seconds()
            .max(1);
        Fault::new(UserErrorCode::LimitExceeded, "directory.login_slowed").with("seconds", left)
    };
    Err(fault.into())
}

/// Forgets the failures: the secret was right.
pub async fn clear(db: &Db, key: &Key) -> Result<()> {
    with_key(db, key, Act::Clear).await.map(drop)
}

/// Deletes what is no longer remembered, over a pool of the relay's role, which alone sees every
/// row. Gives how many rows went.
pub async fn sweep(relay: &Db) -> Result<usize> {
    let oldest = relay.clock().now() - TimeDelta::hours(REMEMBERED_H);
    let mut connection = relay.connection().await?;
    let old = login_throttle::table.filter(login_throttle::last_at.lt(oldest));
    Ok(diesel::delete(old).execute(&mut connection).await?)
}

#[derive(Clone, Copy)]
enum Act {
    Charge(DateTime<Utc>),
    Clear,
}

#[derive(QueryableByName)]
struct Charged {
    #[diesel(sql_type = Integer)]
    #[expect(dead_code, reason = "that a row came back is what counts")]
    failures: i32,
}

/// Runs one act in a transaction that names the key, which makes its row visible.
async fn with_key(db: &Db, key: &Key, act: Act) -> Result<Option<(i32, DateTime<Utc>)>> {
    let mut connection = db.connection().await?;
    let named = hex(key);
    let key = key.to_vec();
    connection
        .transaction::<_, Error, _>(async move |connection| {
            connection
                .batch_execute(&format!(
                    "SELECT set_config('app.throttle', '{named}', true)"
                ))
                .await?;
            match act {
                Act::Charge(now) => charge_row(connection, key, now).await,
                Act::Clear => {
                    diesel::delete(login_throttle::table.find(key))
                        .execute(connection)
                        .await?;
                    Ok(None)
                }
            }
        })
        .await
}

async fn charge_row(
    connection: &mut diesel_async::AsyncPgConnection,
    key: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Option<(i32, DateTime<Utc>)>> {
    let charged: Option<Charged> = diesel::sql_query(
        "INSERT INTO directory.login_throttle AS seen (key, failures, last_at) VALUES ($1, 1, $2)
         ON CONFLICT (key) DO UPDATE SET last_at = $2, failures =
             CASE WHEN seen.last_at < $2 - make_interval(hours => $5) THEN 1
             ELSE seen.failures + 1 END
         WHERE seen.failures < $3 OR seen.last_at < $2 - make_interval(hours => $5)
             OR (seen.failures < $4 AND seen.last_at + make_interval(
                 secs => least(power(2, least(seen.failures - $3, 16)), $6)) <= $2)
         RETURNING failures",
    )
    .bind::<Binary, _>(&key)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(SLOWED_FROM)
    .bind::<Integer, _>(STOPPED_AT)
    .bind::<Integer, _>(i32::try_from(REMEMBERED_H).unwrap_or(24))
    .bind::<Integer, _>(i32::try_from(LONGEST_WAIT_S).unwrap_or(300))
    .get_result(connection)
    .await
    .optional()?;
    if charged.is_some() {
        return Ok(None);
    }
    Ok(login_throttle::table
        .find(key)
        .select((login_throttle::failures, login_throttle::last_at))
        .first(connection)
        .await
        .optional()?)
}

/// Bytes as hexadecimal text, for a setting of the transaction.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_starts_at_the_tenth_failure_and_has_an_end() {
        assert_eq!(wait_s(9), 0);
        assert_eq!(wait_s(10), 1);
        assert_eq!(wait_s(13), 8);
        assert_eq!(wait_s(99), 300);
    }
}
