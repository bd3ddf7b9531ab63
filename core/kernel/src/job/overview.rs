//! Jobs of all tenants as the operator sees them: the relay's role, kinds and states, no payloads.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::store::JobStatus;
use crate::error::Result;
use crate::ids::{JobId, OrganisationId};
use crate::schema::job;

/// A job in a line.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = job, check_for_backend(diesel::pg::Pg))]
pub struct JobLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The job.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Where it stands.
    pub status: JobStatus,
    /// Items done.
    pub done: i64,
    /// Items in all.
    pub total: i64,
    /// Attempts begun.
    pub attempt: i32,
    /// When it was wanted.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it failed.
    pub error: Option<serde_json::Value>,
}

/// The newest jobs.
pub async fn recent(connection: &mut AsyncPgConnection, limit: i64) -> Result<Vec<JobLine>> {
    Ok(job::table
        .order((job::created_at.desc(), job::id.desc()))
        .limit(limit)
        .select(JobLine::as_select())
        .load(connection)
        .await?)
}

/// One job.
pub async fn line(connection: &mut AsyncPgConnection, id: JobId) -> Result<Option<JobLine>> {
    Ok(job::table
        .filter(job::id.eq(id))
        .select(JobLine::as_select())
        .first(connection)
        .await
        .optional()?)
}
