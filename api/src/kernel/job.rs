//! Jobs through the API: look, follow, retry, cancel.

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use directory::file::{FileFilter, FileSort};
use futures::{Stream, stream};
use kernel::Dec;
use kernel::filter::IdFilter;
use kernel::ids::JobId;
use kernel::job::{self, JobFilter, JobRow, JobSort, JobSortField, JobStatus};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::file::File;
use crate::failure::UserError;
use crate::feed::Signal;
use crate::kernel::schedule::Schedule;
use crate::{noun, payload};

noun! {
    /// Work that is done in the background.
    Job of kernel::job as JobRow, JobId; listed by JobFilter, JobSortField
}

/// How far a job has come.
#[derive(SimpleObject)]
pub struct JobProgress {
    /// Items done.
    done: i64,
    /// Items in all; 0 while unknown.
    total: i64,
    /// Of a hundred, in whole percent; null while the total is unknown.
    percent: Option<i32>,
}

/// An item of a job that failed while the others went on.
#[derive(SimpleObject)]
pub struct JobItemError {
    /// What the item is about: the raw key of the record.
    key: String,
    /// Why it failed.
    user_errors: Vec<UserError>,
}

/// A number that came out of a job.
#[derive(SimpleObject)]
pub struct JobFigure {
    /// What it is.
    name: String,
    /// The number, when it is one.
    value: Option<Dec>,
    /// The text, when it is one.
    text: Option<String>,
}

/// Work that is done in the background. Its state is in the database: it survives every process.
#[Object]
impl Job {
    /// The job.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its kind, `domain.what`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The queue it waits in.
    async fn queue(&self) -> &str {
        &self.0.queue
    }

    /// Where it stands.
    async fn status(&self) -> JobStatus {
        self.0.status
    }

    /// How far it has come.
    async fn progress(&self) -> JobProgress {
        let (done, total) = (self.0.done, self.0.total);
        let percent = (done * 100)
            .checked_div(total)
            .and_then(|percent| percent.try_into().ok());
        JobProgress {
            done,
            total,
            percent,
        }
    }

    /// Whether it only rehearses.
    async fn dry_run(&self) -> bool {
        self.0.dry_run
    }

    /// The attempt that it is at, or that it ended with.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// Attempts before it is set aside.
    async fn max_attempts(&self) -> i32 {
        self.0.max_attempts
    }

    /// Why it failed, or why its last attempt did. Only for those who may want such a job.
    async fn user_errors(&self, graph: &Context<'_>) -> Result<Vec<UserError>> {
        let call = Call::of(graph)?;
        let error = self.0.error.as_ref().filter(|_| self.is_open_to(call));
        Ok(spoken(call, error))
    }

    /// The items that failed while the others went on, at most a thousand. Only for those who may
    /// want such a job.
    async fn item_errors(&self, graph: &Context<'_>) -> Result<Vec<JobItemError>> {
        let (call, id) = (Call::of(graph)?, self.0.id);
        if !self.is_open_to(call) {
            return Ok(Vec::new());
        }
        let failures = call
            .read(move |tx| Box::pin(job::item_failures(tx, id)))
            .await?;
        let item = |(key, error): (uuid::Uuid, serde_json::Value)| JobItemError {
            key: key.to_string(),
            user_errors: spoken(call, Some(&error)),
        };
        Ok(failures.into_iter().take(1_000).map(item).collect())
    }

    /// What came of it, figure by figure. Only for those who may want such a job.
    async fn figures(&self, graph: &Context<'_>) -> Result<Vec<JobFigure>> {
        let call = Call::of(graph)?;
        let result = self.0.result.as_ref().and_then(|result| result.as_object());
        let result = result.filter(|_| self.is_open_to(call));
        let figures = result.into_iter().flatten();
        Ok(figures.map(|(name, value)| figure(name, value)).collect())
    }

    /// The files that it made for its wanter, such as the parts of an export.
    async fn results(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let mine = FileFilter {
            subject: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            ..FileFilter::default()
        };
        connect(
            graph,
            Slice::new(first, after, last, before).of(Some(mine), None::<FileSort>, None),
        )
        .await
    }

    /// The schedule that made it.
    async fn schedule(&self, graph: &Context<'_>) -> Result<Option<Schedule>> {
        Call::of(graph)?.load_some(self.0.schedule_id).await
    }

    /// When it was wanted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Not before this instant.
    async fn run_at(&self) -> DateTime<Utc> {
        self.0.run_at
    }

    /// When its latest attempt began.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// When somebody asked to call it off.
    async fn cancel_requested_at(&self) -> Option<DateTime<Utc>> {
        self.0.cancel_requested_at
    }
}

impl Job {
    /// Whether the caller may see inside: who wanted it, or may want its kind where it runs.
    fn is_open_to(&self, call: &Call) -> bool {
        let own = self.0.owner_id.is_some() && self.0.owner_id == call.actor().principal.user();
        let kind = call.core().registry.kind(&self.0.kind);
        own || kind.is_ok_and(|kind| {
            call.actor()
                .scope(kind.permission)
                .covers(self.0.company_id, None)
        })
    }
}

/// A job to be called off.
#[derive(InputObject)]
pub struct JobCancelInput {
    /// The job.
    id: JobId,
}

/// A job to be tried again.
#[derive(InputObject)]
pub struct JobRetryInput {
    /// The job.
    id: JobId,
}

payload! {
    /// What calling a job off gives.
    JobCancelPayload {
        /// The job; while it runs, it stops at its next step.
        job: Job
    }
    /// What trying a job again gives.
    JobRetryPayload {
        /// The job, queued.
        job: Job
    }
}

/// Looks at jobs.
#[derive(Default)]
pub struct JobQuery;

#[Object]
impl JobQuery {
    /// A job.
    async fn job(&self, graph: &Context<'_>, id: JobId) -> Result<Option<Job>> {
        find(graph, id).await
    }

    /// Jobs: all in one's scope, and one's own.
    async fn jobs(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<JobFilter>,
        sort: Option<JobSort>,
        search: Option<String>,
    ) -> Result<Connection<Job>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }
}

/// Acts on jobs.
#[derive(Default)]
pub struct JobMutation;

#[Object]
impl JobMutation {
    /// Calls a job off: at once while it waits, at its next step while it runs.
    async fn job_cancel(
        &self,
        graph: &Context<'_>,
        input: JobCancelInput,
    ) -> Result<JobCancelPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Job(job::cancel(tx, input.id).await?)) })
        })
        .await
    }

    /// Queues a failed or cancelled job again, or one that ended well but for some items that can
    /// be redone; what it has done stays done. Needs the right to want such a job.
    async fn job_retry(
        &self,
        graph: &Context<'_>,
        input: JobRetryInput,
    ) -> Result<JobRetryPayload> {
        let core = Call::of(graph)?.core().clone();
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Job(job::retry(tx, &core.registry, input.id).await?)) })
        })
        .await
    }
}

/// Follows jobs.
#[derive(Default)]
pub struct JobSubscription;

#[Subscription]
impl JobSubscription {
    /// A job, at once and each time it moves on, until it ends.
    async fn job_progressed(
        &self,
        graph: &Context<'_>,
        id: JobId,
    ) -> Result<impl Stream<Item = Result<Job>>> {
        let call = Call::of(graph)?.clone();
        let begin = Some((call.core().feed.follow(), true));
        Ok(stream::unfold(begin, move |state| {
            let call = call.clone();
            async move {
                let (mut signals, first) = state?;
                if !first {
                    moved(&mut signals, id).await?;
                }
                match call.load::<Job>(id).await {
                    Ok(Some(job)) => {
                        let ended = job.0.finished_at.is_some();
                        Some((Ok(job), (!ended).then_some((signals, false))))
                    }
                    Ok(None) => None,
                    Err(error) => Some((Err(error), None)),
                }
            }
        }))
    }
}

/// Waits until a job has moved; a receiver that lags looks at once.
async fn moved(signals: &mut tokio::sync::broadcast::Receiver<Signal>, id: JobId) -> Option<()> {
    use tokio::sync::broadcast::error::RecvError;
    loop {
        match signals.recv().await {
            Ok(Signal::Job(job)) if job == id.0 => return Some(()),
            Err(RecvError::Lagged(_)) => return Some(()),
            Ok(_) => {}
            Err(RecvError::Closed) => return None,
        }
    }
}

/// The faults that a row keeps, spoken.
pub(crate) fn spoken(call: &Call, kept: Option<&serde_json::Value>) -> Vec<UserError> {
    let Some(serde_json::Value::Array(faults)) = kept else {
        return Vec::new();
    };
    let (speaker, locale) = (&call.core().speaker, call.context().locale);
    faults
        .iter()
        .filter_map(|fault| UserError::of_kept(speaker, locale, fault))
        .collect()
}

fn figure(name: &str, value: &serde_json::Value) -> JobFigure {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let value = rust_decimal::Decimal::from_str_exact(&text).ok().map(Dec);
    let text = value.is_none().then_some(text);
    JobFigure {
        name: name.to_owned(),
        value,
        text,
    }
}
