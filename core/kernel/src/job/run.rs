//! What a handler holds while it works: the tenant's database, fenced by its lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::future::BoxFuture;
use serde_json::Value;
use uuid::Uuid;

use super::progress;
use super::registry::Services;
use super::store::{JobRow, JobStatus, kept_faults};
use crate::context::Context;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::ids::{JobId, OrganisationId};
use crate::schema::{job, job_item};
use crate::tx::Tx;

/// A job being run by the holder of its lease.
#[derive(Clone)]
pub struct JobRun {
    pub(super) db: Db,
    pub(super) context: Arc<Context>,
    pub(super) services: Services,
    pub(super) row: Arc<JobRow>,
    pub(super) finished: Arc<AtomicBool>,
}

impl JobRun {
    /// The job's id.
    pub fn id(&self) -> JobId {
        self.row.id
    }

    /// Whether it only rehearses.
    pub fn is_dry_run(&self) -> bool {
        self.row.dry_run
    }

    /// The row as claimed.
    pub fn row(&self) -> &JobRow {
        &self.row
    }

    /// On whose behalf, and when.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// A service, such as the file store.
    pub fn service<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.services.get()
    }

    /// Reads in a transaction of its own.
    pub async fn read<T, F>(&self, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        self.db.rehearse(&self.context, act).await
    }

    /// Writes in a transaction that commits only while the lease is held. For work that repeats
    /// harmlessly; items and the final effect have [`JobRun::item`] and [`JobRun::finish`].
    pub async fn write<T, F>(&self, act: F) -> Result<T>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send,
        T: Send,
    {
        let mut tx = self.db.begin(&self.context).await?;
        let result = async {
            let value = act(&mut tx).await?;
            self.step(&mut tx, 0).await?;
            Ok(value)
        }
        .await;
        self.end(tx, result).await
    }

    /// Declares the items of the job and gives those that are still to be done, in the order
    /// given. Items of an earlier attempt that are done or failed are left out.
    pub async fn pending(&self, keys: &[Uuid]) -> Result<Vec<Uuid>> {
        let mut tx = self.db.begin(&self.context).await?;
        let result = self.declare(&mut tx, keys).await;
        let open = self.end(tx, result).await?;
        Ok(keys
            .iter()
            .copied()
            .filter(|key| open.contains(key))
            .collect())
    }

    async fn declare(&self, tx: &mut Tx, keys: &[Uuid]) -> Result<std::collections::HashSet<Uuid>> {
        let (organisation, id) = (self.row.organisation_id, self.row.id);
        for chunk in keys.chunks(5_000) {
            let rows: Vec<_> = chunk
                .iter()
                .map(|key| {
                    (
                        job_item::organisation_id.eq(organisation),
                        job_item::job_id.eq(id),
                        job_item::key.eq(key),
                        job_item::status.eq("PENDING"),
                    )
                })
                .collect();
            diesel::insert_into(job_item::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(tx.conn())
                .await?;
        }
        let items: Vec<(Uuid, String)> = job_item::table
            .filter(job_item::organisation_id.eq(organisation))
            .filter(job_item::job_id.eq(id))
            .select((job_item::key, job_item::status))
            .load(tx.conn())
            .await?;
        let total = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let settled = items
            .iter()
            .filter(|(_, status)| status != "PENDING")
            .count();
        diesel::update(held(&self.row))
            .set((
                job::total.eq(total),
                job::done.eq(i64::try_from(settled).unwrap_or(total)),
            ))
            .execute(tx.conn())
            .await?;
        self.step(tx, 0).await?;
        let open = items.into_iter().filter(|(_, status)| status == "PENDING");
        Ok(open.map(|(key, _)| key).collect())
    }

    /// Does one item: its effect, its mark and the job's progress commit together. A refusal or a
    /// defect fails the item alone and is kept with it; the rest goes on.
    pub async fn item<F>(&self, key: Uuid, act: F) -> Result<()>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<()>> + Send,
    {
        let mut tx = self.db.begin(&self.context).await?;
        let result = async {
            act(&mut tx).await?;
            self.mark(&mut tx, &[key], "DONE", None).await
        }
        .await;
        match self.end(tx, result).await {
            Err(Error::Refused(faults)) => self.fail_item(key, &faults).await,
            Err(Error::Bug(what)) => {
                tracing::error!(job.id = %self.row.id, item = %key, what, "A job item failed.");
                self.fail_item(key, &[Fault::invalid("kernel.item_bug")])
                    .await
            }
            other => other,
        }
    }

    /// Does several items in one transaction. The act gives the faults of those that failed; an
    /// error of the act fails none and is the caller's.
    pub async fn items<F>(&self, keys: &[Uuid], act: F) -> Result<()>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<Vec<(Uuid, Vec<Fault>)>>> + Send,
    {
        let mut tx = self.db.begin(&self.context).await?;
        let result = async {
            let failed = act(&mut tx).await?;
            for (key, faults) in &failed {
                self.mark(&mut tx, &[*key], "FAILED", Some(kept_faults(faults)))
                    .await?;
            }
            let lost: Vec<Uuid> = failed.into_iter().map(|(key, _)| key).collect();
            let done: Vec<Uuid> = keys
                .iter()
                .copied()
                .filter(|key| !lost.contains(key))
                .collect();
            self.mark(&mut tx, &done, "DONE", None).await
        }
        .await;
        self.end(tx, result).await
    }

    async fn fail_item(&self, key: Uuid, faults: &[Fault]) -> Result<()> {
        let mut tx = self.db.begin(&self.context).await?;
        let result = self
            .mark(&mut tx, &[key], "FAILED", Some(kept_faults(faults)))
            .await;
        self.end(tx, result).await
    }

    async fn mark(
        &self,
        tx: &mut Tx,
        keys: &[Uuid],
        status: &str,
        error: Option<Value>,
    ) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let items = job_item::table
            .filter(job_item::organisation_id.eq(self.row.organisation_id))
            .filter(job_item::job_id.eq(self.row.id))
            .filter(job_item::key.eq_any(keys.to_vec()));
        let marked = diesel::update(items)
            .set((job_item::status.eq(status), job_item::error.eq(error)))
            .execute(tx.conn())
            .await?;
        self.step(tx, i64::try_from(marked).unwrap_or_default())
            .await
    }

    /// Says how far a job without items has come.
    pub async fn progress(&self, done: i64, total: i64) -> Result<()> {
        let mut tx = self.db.begin(&self.context).await?;
        let result = async {
            diesel::update(held(&self.row))
                .set((job::done.eq(done), job::total.eq(total)))
                .execute(tx.conn())
                .await?;
            self.step(&mut tx, 0).await
        }
        .await;
        self.end(tx, result).await
    }

    /// The last effect of the job and its success, in one transaction. The act gives the result.
    pub async fn finish<F>(&self, act: F) -> Result<Value>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<Value>> + Send,
    {
        let mut tx = self.db.begin(&self.context).await?;
        let result = async {
            let value = act(&mut tx).await?;
            self.succeed(&mut tx, &value).await?;
            Ok(value)
        }
        .await;
        let value = self.end(tx, result).await?;
        self.finished.store(true, Ordering::Release);
        Ok(value)
    }

    async fn succeed(&self, tx: &mut Tx, value: &Value) -> Result<()> {
        let now = self.now();
        let won = diesel::update(held(&self.row))
            .set((
                job::status.eq(JobStatus::Succeeded),
                job::result.eq(value),
                job::lease_until.eq(None::<DateTime<Utc>>),
                job::finished_at.eq(now),
            ))
            .execute(tx.conn())
            .await?;
        if won == 1 {
            Ok(())
        } else {
            Err(Error::Interrupted("the lease was lost"))
        }
    }

    /// Moves the progress on, and stops the work if the lease is lost or it was called off.
    async fn step(&self, tx: &mut Tx, more: i64) -> Result<()> {
        let asked: Option<Option<DateTime<Utc>>> = diesel::update(held(&self.row))
            .set(job::done.eq(job::done + more))
            .returning(job::cancel_requested_at)
            .get_result(tx.conn())
            .await
            .optional()?;
        match asked {
            None => Err(Error::Interrupted("the lease was lost")),
            Some(Some(_)) => Err(Error::Interrupted("cancelled")),
            Some(None) => Ok(()),
        }
    }

    /// Whether [`JobRun::finish`] has committed.
    pub(super) fn is_finished(&self) -> bool {
        AtomicBool::load(&self.finished, Ordering::Acquire)
    }

    fn now(&self) -> DateTime<Utc> {
        self.db.clock().now()
    }

    /// Commits or rolls back; tells those who watch.
    async fn end<T>(&self, mut tx: Tx, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => {
                tx.also(progress::told(self.row.id));
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.rollback().await?;
                Err(error)
            }
        }
    }
}

/// The row, as long as this run holds it.
#[diesel::dsl::auto_type]
fn held<'a>(row: &'a JobRow) -> _ {
    let organisation: OrganisationId = row.organisation_id;
    let id: JobId = row.id;
    let fence: i64 = row.fence;
    let running: &'static str = "RUNNING";
    job::table
        .filter(job::organisation_id.eq(organisation))
        .filter(job::id.eq(id))
        .filter(job::fence.eq(fence))
        .filter(job::status.eq(running))
}
