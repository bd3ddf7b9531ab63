//! Idempotency keys: the same request again gets the same reply, and does nothing twice.
//!
//! The key is taken by an insert in the transaction of the act, so two requests with one key meet
//! at the unique index: the second waits, then finds the first's reply.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as s;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::fault::Fault;
use crate::schema::idempotency;
use crate::tx::Tx;

/// What became of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// It is new and now ours: act, then [`keep`] the reply.
    Fresh,
    /// It was used for the same input: this is the reply.
    Replay(serde_json::Value),
}

/// The hash of an input, by its canonical JSON (object keys sorted).
pub fn body_hash(input: &serde_json::Value) -> Vec<u8> {
    Sha256::digest(input.to_string().as_bytes()).to_vec()
}

/// Takes a key for an operation. The same key with another input is a conflict.
pub async fn claim(tx: &mut Tx, operation: &str, key: &str, hash: &[u8]) -> Result<Claim> {
    if !(8..=200).contains(&key.len()) {
        return Err(Fault::invalid("kernel.idempotency_key_invalid").into());
    }
    let actor = tx.actor().principal.uuid();
    let taken = diesel::insert_into(idempotency::table)
        .values((
            idempotency::organisation_id.eq(tx.organisation()),
            idempotency::actor_id.eq(actor),
            idempotency::operation.eq(operation),
            idempotency::key.eq(key),
            idempotency::body_hash.eq(hash),
            idempotency::reply.eq(serde_json::Value::Null),
            idempotency::created_at.eq(tx.now()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    if taken == 1 {
        return Ok(Claim::Fresh);
    }
    let (seen, reply): (Vec<u8>, serde_json::Value) = idempotency::table
        .find((tx.organisation(), actor, operation, key))
        .select((idempotency::body_hash, idempotency::reply))
        .first(tx.conn())
        .await?;
    if seen != hash {
        return Err(Fault::conflict("kernel.idempotency_conflict").into());
    }
    Ok(Claim::Replay(reply))
}

/// Keeps the reply of a key taken in this transaction.
pub async fn keep(
    tx: &mut Tx,
    operation: &str,
    key: &str,
    reply: &serde_json::Value,
) -> Result<()> {
    let actor = tx.actor().principal.uuid();
    diesel::update(idempotency::table.find((tx.organisation(), actor, operation, key)))
        .set(idempotency::reply.eq(reply))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets keys that were taken before an instant, as the relay's role; `limit` at most. Gives how
/// many.
pub async fn prune(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM kernel.idempotency AS seen USING ( \
             SELECT organisation_id, actor_id, operation, key FROM kernel.idempotency \
             WHERE created_at < $1 ORDER BY created_at LIMIT $2) AS old \
         WHERE seen.organisation_id = old.organisation_id AND seen.actor_id = old.actor_id \
           AND seen.operation = old.operation AND seen.key = old.key",
    )
    .bind::<s::Timestamptz, _>(before)
    .bind::<s::BigInt, _>(limit)
    .execute(connection)
    .await?)
}
