//! Jobs: work that is wanted by a transaction and done exactly once, as far as its effect goes.
//!
//! A job is a row, written by [`enqueue`] in the transaction that wants it. The relay
//! ([`relay`]) tells workers its id; whoever claims the row ([`engine`]) holds a lease and a fencing
//! token, and commits effect and progress only while it still holds them ([`JobRun`]). Attempts,
//! backoff, dead letters, cancellation, progress and result live in the row.
//!
//! Round trips: enqueue 1; claim 1; an item 1 + the work; finish 1 + the work.

mod engine;
pub mod overview;
mod part;
mod progress;
mod registry;
pub mod relay;
mod run;
mod store;

pub use engine::{Worker, execute};
pub use part::JobPart;
pub use progress::watch_channel;
pub use registry::{Kind, Registry, Services};
pub use run::JobRun;
pub use store::{
    Enqueue, JobFilter, JobRow, JobSort, JobSortField, JobStatus, JobStatusFilter, by_ids, cancel,
    count, enqueue, enqueue_kind, find, find_by_key, item_failures, page, prune, retry,
};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::actor::Permission;
use crate::error::Result;
use crate::event::EventRow;
use crate::ids::CompanyId;

crate::permissions! {
    /// Export any list as a file.
    BULK_EXPORT = "kernel.bulk.export";
    /// Import records from a file.
    BULK_IMPORT = "kernel.bulk.import";
    /// See all jobs.
    JOB_READ = "kernel.job.read";
    /// Retry and cancel jobs.
    JOB_MANAGE = "kernel.job.manage";
    /// See schedules.
    SCHEDULE_READ = "kernel.schedule.read";
    /// Make, change, pause and run schedules.
    SCHEDULE_MANAGE = "kernel.schedule.manage";
    /// See the audit trail.
    AUDIT_READ = "kernel.audit.read";
}

/// A kind of job: its payload is the value itself.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name, `domain.what`.
    const KIND: &'static str;
    /// The queue it waits in: the domain's.
    const QUEUE: &'static str;
    /// What one must be allowed to do to want it.
    const PERMISSION: Permission;
    /// How often it is tried before it is set aside.
    const MAX_ATTEMPTS: i32 = 5;
    /// Higher goes first.
    const PRIORITY: i16 = 0;
    /// Whether people may have it done by the clock. Its jobs run as the suite itself, so only work
    /// that reads nothing from whoever asks for it is fit for that.
    const SCHEDULABLE: bool = false;
    /// Whether items that failed may be tried again after the job has ended well: it then runs
    /// once more with those alone, and its end is told again.
    const REDOES_ITEMS: bool = false;

    /// The company that it is for; `None` for all of them.
    fn company(&self) -> Option<CompanyId> {
        None
    }

    /// Does the work. Effects go through [`JobRun::item`] and [`JobRun::finish`].
    fn run(self, run: JobRun) -> impl Future<Output = Result<serde_json::Value>> + Send;
}

/// A job that is wanted because something happened in a domain below or beside its own. It is made
/// once an event, as that event is sealed; a domain calls the ones below it directly instead.
pub trait Reaction: Job {
    /// The actions that it reacts to, `domain.noun.verbed`.
    const ON: &'static [&'static str];

    /// What is to be done about an event, if anything.
    fn of(event: &EventRow) -> Option<Self>;
}
