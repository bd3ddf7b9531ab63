//! The relay's side, in its own role: telling workers of due jobs, and taking back lost ones.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as s;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::{JobId, OrganisationId};
use crate::kept::Keep as _;

/// What travels through Redis: an id, and the queue it belongs to. Everything else is in the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct Ticket {
    /// The tenant.
    #[diesel(sql_type = s::Uuid, column_name = "organisation_id")]
    pub organisation: OrganisationId,
    /// The job.
    #[diesel(sql_type = s::Uuid, column_name = "id")]
    pub job: JobId,
    /// Its queue.
    #[diesel(sql_type = s::Text)]
    pub queue: String,
    /// How often it was handed out before; makes the ticket's identity with the job's.
    #[diesel(sql_type = s::Integer)]
    pub attempt: i32,
}

/// What may be told of one queue now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The queue.
    pub queue: String,
    /// Tickets that it has room for.
    pub tickets: i64,
    /// A job told before this and still waiting is told again: Redis has lost its ticket. `None`
    /// where nothing is missing there.
    pub again: Option<DateTime<Utc>>,
}

/// Takes due jobs of some queues, as many as each has room for, and marks them as told. Gives
/// their tickets, most urgent first.
pub async fn due(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    rooms: &[Room],
) -> Result<Vec<Ticket>> {
    let queues: Vec<&str> = rooms.iter().map(|room| room.queue.as_str()).collect();
    let tickets: Vec<i64> = rooms.iter().map(|room| room.tickets.max(0)).collect();
    let again: Vec<Option<DateTime<Utc>>> = rooms.iter().map(|room| room.again).collect();
    Ok(diesel::sql_query(
        "WITH room AS ( \
             SELECT * FROM unnest($2, $3, $4) AS room (queue, tickets, again)), \
         due AS ( \
             SELECT picked.organisation_id, picked.id FROM room CROSS JOIN LATERAL ( \
                 SELECT waiting.organisation_id, waiting.id FROM kernel.job AS waiting \
                 WHERE waiting.status = 'QUEUED' AND waiting.queue = room.queue \
                   AND waiting.run_at <= $1 \
                   AND (waiting.dispatched_at IS NULL OR waiting.dispatched_at <= room.again) \
                 ORDER BY waiting.priority DESC, waiting.run_at LIMIT room.tickets \
                 FOR UPDATE SKIP LOCKED) AS picked), \
         told AS ( \
             UPDATE kernel.job SET dispatched_at = $1 FROM due \
             WHERE job.organisation_id = due.organisation_id AND job.id = due.id \
             RETURNING job.*) \
         SELECT organisation_id, id, queue, attempt FROM told ORDER BY priority DESC, run_at",
    )
    .bind::<s::Timestamptz, _>(now)
    .bind::<s::Array<s::Text>, _>(queues)
    .bind::<s::Array<s::BigInt>, _>(tickets)
    .bind::<s::Array<s::Nullable<s::Timestamptz>>, _>(again)
    .kept()
    .load(connection)
    .await?)
}

/// How many jobs of each queue are told and not begun.
pub async fn outstanding(connection: &mut AsyncPgConnection) -> Result<Vec<(String, i64)>> {
    use crate::schema::job;
    Ok(job::table
        .filter(job::status.eq("QUEUED"))
        .filter(job::dispatched_at.is_not_null())
        .group_by(job::queue)
        .select((job::queue, diesel::dsl::count_star()))
        .load(connection)
        .await?)
}

/// Takes back jobs whose worker stopped renewing its lease: queued again, or set aside when that
/// was the last attempt. Gives how many.
pub async fn sweep(connection: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::sql_query(
        "UPDATE kernel.job SET \
             status = CASE WHEN cancel_requested_at IS NOT NULL THEN 'CANCELLED' \
                           WHEN attempt >= max_attempts THEN 'FAILED' ELSE 'QUEUED' END, \
             finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR attempt >= max_attempts \
                                THEN $1 END, \
             error = '[{\"code\":\"INVALID\",\"reason\":\"kernel.job_lost\",\"args\":[],\"field\":[]}]', \
             lease_until = NULL, dispatched_at = NULL, fence = fence + 1 \
         WHERE status = 'RUNNING' AND lease_until < $1",
    )
    .bind::<s::Timestamptz, _>(now)
    .kept()
    .execute(connection)
    .await?)
}
