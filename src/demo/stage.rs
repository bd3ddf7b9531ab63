//! What the scheduled jobs of the demo run on: the company, its people, and somewhere to show it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use kernel::ids::{FileId, JobId};
use kernel::job::{self, JobRow, JobStatus, Registry};
use kernel::page::PageRequest;
use kernel::schedule::{self, ScheduleRunInput};
use kernel::{Context, Db, Tx};
use trastienda_core::demo::Cast;
use trastienda_core::directory::file::FileStore;
use trastienda_core::{directory, kernel};

use super::Progress;
use crate::say::Text;

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(40);
/// Files that are named; the rest is where they are.
const SHOWN: usize = 3;

/// The demo company as the scheduled jobs find it.
pub struct Stage<'a> {
    /// The database.
    pub db: Db,
    /// Its people.
    pub cast: Cast,
    /// Where its files lie.
    pub store: FileStore,
    /// Every kind of job.
    pub registry: Registry,
    /// Where progress is drawn.
    pub progress: &'a Progress,
    /// Where files are copied for a person to open.
    pub folder: PathBuf,
}

impl Stage<'_> {
    /// One of its people, now.
    ///
    /// # Errors
    /// A name that nobody has.
    pub fn person(&self, name: &str) -> kernel::Result<Arc<Context>> {
        self.cast.at(name, self.db.clock().now())
    }

    /// Acts as somebody in a transaction of its own.
    ///
    /// # Errors
    /// Whatever the act ends with.
    pub async fn act<T>(
        &self,
        name: &str,
        act: impl AsyncFnOnce(&mut Tx) -> kernel::Result<T>,
    ) -> anyhow::Result<T> {
        let mut tx = self.db.begin(&self.person(name)?).await?;
        let value = act(&mut tx).await?;
        tx.commit().await?;
        Ok(value)
    }

    /// Reads as Trastienda itself.
    ///
    /// # Errors
    /// Whatever the look ends with.
    pub async fn look<T>(
        &self,
        look: impl AsyncFnOnce(&mut Tx) -> kernel::Result<T>,
    ) -> anyhow::Result<T> {
        let system = self.cast.system(self.db.clock().now());
        let mut tx = self.db.begin(&system).await?;
        let value = look(&mut tx).await?;
        tx.rollback().await?;
        Ok(value)
    }

    /// Runs a schedule now, as its first of a kind, and follows its job to the end.
    ///
    /// # Errors
    /// A job that did not end well.
    pub async fn run_schedule(&self, kind: &str, text: &Text) -> anyhow::Result<JobRow> {
        let wanted = self
            .look(async |tx: &mut Tx| schedule::page(tx, PageRequest::default()).await)
            .await?;
        let mut schedules = wanted.into_rows().into_iter();
        let found = schedules.find(|schedule| schedule.kind == kind);
        let id = found.with_context(|| format!("no schedule of {kind}"))?.id;
        let input = ScheduleRunInput { id, dry_run: false };
        let owner = "elena.campos";
        let run = self.act(owner, async |tx: &mut Tx| {
            schedule::run_now(tx, &self.registry, input).await
        });
        let (_, job) = run.await?;
        self.follow(job.id, text).await
    }

    /// Draws a job's progress until it ends.
    ///
    /// # Errors
    /// A job that did not end well.
    pub async fn follow(&self, id: JobId, text: &Text) -> anyhow::Result<JobRow> {
        let bar = self.progress.bar(text, 0);
        loop {
            let row = self
                .look(async |tx: &mut Tx| job::find(tx, id).await)
                .await?;
            let row = row.with_context(|| format!("{id} is gone"))?;
            bar.expect(u64::try_from(row.total).unwrap_or_default());
            bar.set(u64::try_from(row.done).unwrap_or_default());
            match row.status {
                JobStatus::Succeeded => {
                    bar.done();
                    return Ok(row);
                }
                JobStatus::Failed | JobStatus::Cancelled => {
                    let error = row.error.unwrap_or_default();
                    anyhow::bail!("{} {}: {error}", row.kind, row.status)
                }
                JobStatus::Queued | JobStatus::Running => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Copies files to where a person finds them, under names that a person reads. Gives the first
    /// paths, and the folder of the rest.
    ///
    /// # Errors
    /// A file that is gone or a folder that can't be written.
    pub async fn copy(&self, files: Vec<(String, FileId)>) -> anyhow::Result<Vec<PathBuf>> {
        fs::create_dir_all(&self.folder)?;
        let mut paths = Vec::new();
        for (name, id) in files {
            let bytes = self
                .look(async |tx: &mut Tx| directory::file::bytes(tx, &self.store, id).await)
                .await?;
            let path = self.folder.join(name);
            fs::write(&path, &bytes)?;
            paths.push(path);
        }
        if paths.len() > SHOWN {
            paths.truncate(SHOWN);
            paths.push(self.folder.join("…"));
        }
        Ok(paths)
    }
}
