//! The relay's side, in its own role: telling workers of due jobs, and taking back lost ones.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types as s;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::ids::{JobId, OrganisationId};

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

/// Tickets that a queue may have outstanding at most.
const DEPTH: i64 = 5_000;

/// Takes due jobs and marks them as told, most urgent first. A job told longer than `again` ago
/// and still waiting is told again: Redis may have lost it.
pub async fn due(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    again: TimeDelta,
    limit: i64,
) -> Result<Vec<Ticket>> {
    Ok(diesel::sql_query(
        "WITH due AS ( \
             SELECT organisation_id, id FROM kernel.job \
             WHERE status = 'QUEUED' AND run_at <= $1 \
               AND (dispatched_at IS NULL OR dispatched_at <= $2) \
             ORDER BY priority DESC, run_at LIMIT $3 \
             FOR UPDATE SKIP LOCKED) \
         UPDATE kernel.job SET dispatched_at = $1 FROM due \
         WHERE job.organisation_id = due.organisation_id AND job.id = due.id \
         RETURNING job.organisation_id, job.id, job.queue, job.attempt",
    )
    .bind::<s::Timestamptz, _>(now)
    .bind::<s::Timestamptz, _>(now - again)
    .bind::<s::BigInt, _>(limit.min(DEPTH))
    .load(connection)
    .await?)
}

/// How many tickets each queue has outstanding.
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
    .execute(connection)
    .await?)
}
