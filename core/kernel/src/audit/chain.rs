//! The hash chain of the audit trail: sealing after commit, and verification.
//!
//! Each organisation has one chain. The relay takes events from the outbox in batches, gives each
//! the next position, and hashes the previous hash with the event's content. A changed, removed or
//! reordered event breaks the chain at its place; a cut tail shows against an exported head.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::event::EventRow;
use crate::ids::{EventId, OrganisationId};
use crate::job::{JobRow, Registry};
use crate::schema::{chain, event, job, outbox, seal};
use crate::tx::{Tx, Wake};

/// Events sealed in one go.
const BATCH: i64 = 500;

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Entries that were checked.
    pub entries: i64,
    /// The hash of the last entry, in hex.
    pub head: String,
    /// The first position at which the chain does not hold.
    pub broken_at: Option<i64>,
    /// Events that neither have a place in the chain nor wait for one: somebody took their bell
    /// away, or wrote them past the program.
    pub adrift: i64,
}

/// Seals what waits in the outboxes of all organisations, as the relay's role, and makes the jobs
/// that react to it. Gives how many events were sealed; call again while it is a full batch.
pub async fn seal_waiting(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
) -> Result<usize> {
    let organisations: Vec<OrganisationId> = outbox::table
        .select(outbox::organisation_id)
        .distinct()
        .load(connection)
        .await?;
    let mut sealed = 0;
    for organisation in organisations {
        connection.batch_execute("BEGIN").await?;
        match seal_one(connection, registry, organisation).await {
            Ok(batch) => {
                let mut end = format!("COMMIT; NOTIFY {}, 'sealed'", Wake::Feed.channel());
                if batch.reactions > 0 {
                    end.push_str("; NOTIFY ");
                    end.push_str(Wake::Jobs.channel());
                }
                connection.batch_execute(&end).await?;
                sealed += batch.sealed;
            }
            Err(error) => {
                connection.batch_execute("ROLLBACK").await?;
                return Err(error);
            }
        }
    }
    Ok(sealed)
}

/// What one batch of an organisation came to.
#[derive(Clone, Copy, Debug, Default)]
struct Batch {
    /// Events that got their place in the chain.
    sealed: usize,
    /// Jobs that react to them.
    reactions: usize,
}

/// Seals one organisation's batch; a second relay waits at the head's row.
async fn seal_one(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    organisation: OrganisationId,
) -> Result<Batch> {
    let (position, hash) = lock_head(connection, organisation).await?;
    let on = outbox::organisation_id
        .eq(event::organisation_id)
        .and(outbox::event_id.eq(event::id));
    let waiting: Vec<EventRow> = event::table
        .inner_join(outbox::table.on(on))
        .filter(outbox::organisation_id.eq(organisation))
        .order(event::id)
        .limit(BATCH)
        .select(EventRow::as_select())
        .load(connection)
        .await?;
    let Some((links, head)) = link(position, hash, &waiting)? else {
        return Ok(Batch::default());
    };
    let rows: Vec<_> = links
        .iter()
        .map(|(position, id, hash)| {
            (
                seal::organisation_id.eq(organisation),
                seal::position.eq(position),
                seal::event_id.eq(id),
                seal::hash.eq(hash),
            )
        })
        .collect();
    diesel::insert_into(seal::table)
        .values(rows)
        .execute(connection)
        .await?;
    let reactions = react(connection, registry, &waiting).await?;
    let ids: Vec<EventId> = waiting.iter().map(|row| row.id).collect();
    let done = outbox::table
        .filter(outbox::organisation_id.eq(organisation))
        .filter(outbox::event_id.eq_any(ids));
    diesel::delete(done).execute(connection).await?;
    diesel::update(chain::table.find(organisation))
        .set((chain::position.eq(head.0), chain::hash.eq(head.1)))
        .execute(connection)
        .await?;
    Ok(Batch {
        sealed: waiting.len(),
        reactions,
    })
}

/// Makes the jobs that events ask for, each once. Gives how many.
async fn react(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    sealed: &[EventRow],
) -> Result<usize> {
    let mut wanted: Vec<JobRow> = Vec::new();
    for row in sealed {
        wanted.extend(registry.reactions(row)?);
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    Ok(diesel::insert_into(job::table)
        .values(&wanted)
        .on_conflict((job::organisation_id, job::key))
        .do_nothing()
        .execute(connection)
        .await?)
}

async fn lock_head(
    connection: &mut AsyncPgConnection,
    organisation: OrganisationId,
) -> Result<(i64, Vec<u8>)> {
    diesel::insert_into(chain::table)
        .values((
            chain::organisation_id.eq(organisation),
            chain::position.eq(0_i64),
            chain::hash.eq(genesis(organisation)),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    let head = chain::table
        .find(organisation)
        .select((chain::position, chain::hash))
        .for_update()
        .first(connection)
        .await?;
    Ok(head)
}

type Link = (i64, EventId, Vec<u8>);

type Head = (i64, Vec<u8>);

/// The links that a batch adds to a chain, and its new head.
fn link(position: i64, hash: Vec<u8>, waiting: &[EventRow]) -> Result<Option<(Vec<Link>, Head)>> {
    let mut head = (position, hash);
    let mut links = Vec::with_capacity(waiting.len());
    for row in waiting {
        head = (head.0 + 1, next_hash(&head.1, row)?);
        links.push((head.0, row.id, head.1.clone()));
    }
    Ok((!links.is_empty()).then_some((links, head)))
}

/// The hash that an organisation's chain starts from.
fn genesis(organisation: OrganisationId) -> Vec<u8> {
    Sha256::digest(organisation.0.as_bytes()).to_vec()
}

/// The hash of an entry: of the hash before it and of its content as canonical JSON.
fn next_hash(previous: &[u8], row: &EventRow) -> Result<Vec<u8>> {
    let content = serde_json::to_value(row)?.to_string();
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(content.as_bytes());
    Ok(hasher.finalize().to_vec())
}

/// Walks an organisation's chain from its start and compares every hash.
pub async fn verify(tx: &mut Tx) -> Result<Verdict> {
    let organisation = tx.organisation();
    let mut verdict = Verdict {
        entries: 0,
        head: hex(&genesis(organisation)),
        broken_at: None,
        adrift: adrift(tx).await?,
    };
    let mut hash = genesis(organisation);
    loop {
        let links = links_after(tx, verdict.entries).await?;
        if links.is_empty() {
            break;
        }
        for (position, kept, row) in links {
            hash = next_hash(&hash, &row)?;
            if position != verdict.entries + 1 || kept != hash {
                verdict.broken_at = Some(verdict.entries + 1);
                return Ok(verdict);
            }
            verdict.entries = position;
        }
    }
    verdict.head = hex(&hash);
    let head: Option<(i64, Vec<u8>)> = chain::table
        .find(organisation)
        .select((chain::position, chain::hash))
        .first(tx.conn())
        .await
        .optional()?;
    if head.is_some_and(|(position, kept)| position != verdict.entries || kept != hash) {
        verdict.broken_at = Some(verdict.entries + 1);
    }
    Ok(verdict)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// Counts the events that are in neither the chain nor the outbox, in one statement, so that one
/// that is sealed meanwhile is in either.
async fn adrift(tx: &mut Tx) -> Result<i64> {
    let organisation = tx.organisation();
    let counted: Counted = diesel::sql_query(
        "SELECT count(*) AS count FROM kernel.event AS e WHERE e.organisation_id = $1 \
           AND NOT EXISTS (SELECT FROM kernel.seal AS s \
               WHERE s.organisation_id = e.organisation_id AND s.event_id = e.id) \
           AND NOT EXISTS (SELECT FROM kernel.outbox AS o \
               WHERE o.organisation_id = e.organisation_id AND o.event_id = e.id)",
    )
    .bind::<diesel::sql_types::Uuid, _>(organisation.0)
    .get_result(tx.conn())
    .await?;
    Ok(counted.count)
}

async fn links_after(tx: &mut Tx, position: i64) -> Result<Vec<(i64, Vec<u8>, EventRow)>> {
    let on = seal::organisation_id
        .eq(event::organisation_id)
        .and(seal::event_id.eq(event::id));
    Ok(seal::table
        .inner_join(event::table.on(on))
        .filter(seal::organisation_id.eq(tx.organisation()))
        .filter(seal::position.gt(position))
        .order(seal::position)
        .limit(BATCH)
        .select((seal::position, seal::hash, EventRow::as_select()))
        .load(tx.conn())
        .await?)
}

/// The heads of all chains, for signing and export, as the relay's role.
pub async fn heads(
    connection: &mut AsyncPgConnection,
) -> Result<Vec<(OrganisationId, i64, String)>> {
    let heads: Vec<(OrganisationId, i64, Vec<u8>)> = chain::table
        .select((chain::organisation_id, chain::position, chain::hash))
        .order(chain::organisation_id)
        .load(connection)
        .await?;
    Ok(heads
        .into_iter()
        .map(|(id, position, hash)| (id, position, hex(&hash)))
        .collect())
}

/// The hash at a position of an organisation's chain, to compare with an exported head.
pub async fn hash_at(tx: &mut Tx, position: i64) -> Result<Option<String>> {
    let hash: Option<Vec<u8>> = seal::table
        .find((tx.organisation(), position))
        .select(seal::hash)
        .first(tx.conn())
        .await
        .optional()?;
    Ok(hash.map(|hash| hex(&hash)))
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
