//! Parts of a job's output: each is a file that is stored once, and says where the next begins.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::JobRun;
use crate::error::Result;
use crate::ids::{FileId, JobId, OrganisationId};
use crate::schema::job_part;
use crate::tx::Tx;

/// A part of a job's output that is done.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = job_part, check_for_backend(diesel::pg::Pg))]
pub struct JobPart {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The job.
    pub job_id: JobId,
    /// Its place, from 1.
    pub number: i32,
    /// The file that holds it.
    pub file_id: FileId,
    /// Records in it, at least one.
    pub records: i64,
    /// Where the next part begins; none after the last.
    pub cursor: Option<String>,
}

impl JobPart {
    /// Records that a part is done; within [`JobRun::write`], so that only its holder does.
    pub async fn record(self, tx: &mut Tx) -> Result<()> {
        diesel::insert_into(job_part::table)
            .values(&self)
            .execute(tx.conn())
            .await?;
        Ok(())
    }
}

impl JobRun {
    /// The parts of this job that are done, in order.
    pub async fn parts(&self) -> Result<Vec<JobPart>> {
        let id = self.id();
        let parts = self.read(move |tx| {
            Box::pin(async move {
                Ok(job_part::table
                    .filter(job_part::organisation_id.eq(tx.organisation()))
                    .filter(job_part::job_id.eq(id))
                    .order(job_part::number)
                    .select(JobPart::as_select())
                    .load(tx.conn())
                    .await?)
            })
        });
        parts.await
    }
}
