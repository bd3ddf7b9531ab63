//! A worker's way through one job: claim, work under a renewed lease, settle.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::progress;
use super::registry::{Registry, Services};
use super::relay::Ticket;
use super::run::JobRun;
use super::store::{JobRow, JobStatus, kept_faults};
use crate::actor::Actor;
use crate::context::Context;
use crate::db::Db;
use crate::error::{Error, Result};
use crate::ids::{JobId, OrganisationId, RequestId};
use crate::schema::job;
use crate::trace;
use crate::tx::Wake;

/// What a worker process brings to every job.
#[derive(Clone)]
pub struct Worker {
    /// Its name, fresh for every start.
    pub name: String,
    /// The database, in the application's role.
    pub db: Db,
    /// The kinds it can run.
    pub registry: Arc<Registry>,
    /// What handlers need.
    pub services: Services,
    /// How long a lease holds without being renewed.
    pub lease: Duration,
}

/// Runs the job of a ticket, if it is still to be run. Gives its status afterwards, `None` when
/// another worker has it or it is done. Never fails for the job's sake: that is in the row.
pub async fn execute(worker: &Worker, ticket: Ticket) -> Result<Option<JobStatus>> {
    let Some(row) = claim(worker, ticket).await? else {
        return Ok(None);
    };
    let span = tracing::info_span!("job", job.id = %row.id, job.kind = row.kind);
    if let Some(parent) = &row.trace {
        trace::adopt(&span, parent);
    }
    attempt(worker, Arc::new(row))
        .instrument(span)
        .await
        .map(Some)
}

/// One attempt at a claimed job, from its context to what is written down of it.
async fn attempt(worker: &Worker, row: Arc<JobRow>) -> Result<JobStatus> {
    let began = worker.db.clock().now();
    let context = Arc::new(context_of(worker, &row)?);
    let run = JobRun {
        db: worker.db.clone(),
        context: context.clone(),
        services: worker.services.clone(),
        row: row.clone(),
        finished: Arc::default(),
    };
    let renewal = AbortOnDropHandle::new(tokio::spawn(renew(worker.clone(), row.clone())));
    let outcome = work(worker, &row, run.clone()).await;
    drop(renewal);
    let status = settle(&run, outcome).await?;
    count(&row, status, worker.db.clock().now() - began);
    tracing::info!(job.attempt = row.attempt, job.status = %status, "A job attempt ended.");
    Ok(status)
}

/// Counts an attempt by kind and outcome; times it, and the wait of a first attempt.
fn count(row: &JobRow, status: JobStatus, took: TimeDelta) {
    let seconds = |span: TimeDelta| span.to_std().unwrap_or_default();
    let kind = row.kind.clone();
    metrics::counter!("trastienda_job_attempts_total", "kind" => kind.clone(), "status" => status.text())
        .increment(1);
    metrics::histogram!("trastienda_job_seconds", "kind" => kind.clone()).record(seconds(took));
    if let (1, Some(started)) = (row.attempt, row.started_at) {
        let waited = seconds(started - row.run_at);
        metrics::histogram!("trastienda_job_wait_seconds", "kind" => kind).record(waited);
    }
}

/// Runs the handler in a task of its own, so that a panic is an attempt that failed.
async fn work(worker: &Worker, row: &JobRow, run: JobRun) -> Result<Value> {
    let kind = worker.registry.kind(&row.kind)?;
    let handler = kind.run(row.payload.clone(), run);
    match AssertUnwindSafe(handler).catch_unwind().await {
        Ok(result) => result,
        Err(_) => Err(Error::bug("the handler panicked")),
    }
}

/// Takes the row: one statement decides who has it.
async fn claim(worker: &Worker, ticket: Ticket) -> Result<Option<JobRow>> {
    let context = system_context(worker, ticket.organisation);
    let now = context.now;
    let mut tx = worker.db.begin(&Arc::new(context)).await?;
    let claimed = diesel::update(
        job::table
            .filter(job::organisation_id.eq(ticket.organisation))
            .filter(job::id.eq(ticket.job))
            .filter(job::status.eq(JobStatus::Queued))
            .filter(job::run_at.le(now)),
    )
    .set((
        job::status.eq(JobStatus::Running),
        job::attempt.eq(job::attempt + 1),
        job::fence.eq(job::fence + 1),
        job::lease_until.eq(now + lease_of(worker)),
        job::worker.eq(&worker.name),
        job::started_at.eq(now),
    ))
    .returning(JobRow::as_returning())
    .get_result(tx.conn())
    .await
    .optional()?;
    tx.also(progress::told(ticket.job));
    tx.commit().await?;
    Ok(claimed)
}

/// Keeps the lease while the work goes on; ends with the work, or when the lease is lost.
async fn renew(worker: Worker, row: Arc<JobRow>) {
    let mut beat = tokio::time::interval(worker.lease / 3);
    beat.tick().await;
    loop {
        beat.tick().await;
        match renew_once(&worker, row.organisation_id, row.id, row.fence).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(job.id = %row.id, %error, "A lease was not renewed."),
        }
    }
}

async fn renew_once(
    worker: &Worker,
    organisation: OrganisationId,
    id: JobId,
    fence: i64,
) -> Result<bool> {
    let context = system_context(worker, organisation);
    let until = context.now + lease_of(worker);
    let mut tx = worker.db.begin(&Arc::new(context)).await?;
    let held = diesel::update(
        job::table
            .filter(job::organisation_id.eq(organisation))
            .filter(job::id.eq(id))
            .filter(job::fence.eq(fence))
            .filter(job::status.eq(JobStatus::Running)),
    )
    .set(job::lease_until.eq(until))
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(held == 1)
}

/// Writes down how an attempt ended, unless the lease was lost meanwhile.
async fn settle(run: &JobRun, outcome: Result<Value>) -> Result<JobStatus> {
    match outcome {
        Ok(_) if run.is_finished() => Ok(JobStatus::Succeeded),
        Ok(value) => {
            run.finish(|_| async move { Ok(value) }.boxed()).await?;
            Ok(JobStatus::Succeeded)
        }
        Err(error) => give_back(run, &error).await,
    }
}

/// Queues the job again with a wait, or sets it aside.
async fn give_back(run: &JobRun, error: &Error) -> Result<JobStatus> {
    let (row, now) = (&run.row, run.db.clock().now());
    let (status, kept) = verdict(row, error);
    if status == JobStatus::Failed {
        tracing::error!(job.id = %row.id, job.kind = row.kind, error = %error.summary(), "A job was set aside.");
    }
    let ended = (status != JobStatus::Queued).then_some(now);
    let mut tx = run.db.begin(&run.context).await?;
    diesel::update(
        job::table
            .filter(job::organisation_id.eq(row.organisation_id))
            .filter(job::id.eq(row.id))
            .filter(job::fence.eq(row.fence))
            .filter(job::status.eq(JobStatus::Running)),
    )
    .set((
        job::status.eq(status),
        job::lease_until.eq(None::<DateTime<Utc>>),
        job::dispatched_at.eq(None::<DateTime<Utc>>),
        job::run_at.eq(now + backoff(row)),
        job::error.eq(kept),
        job::finished_at.eq(ended),
    ))
    .execute(tx.conn())
    .await?;
    tx.wake(Wake::Jobs);
    tx.also(progress::told(row.id));
    tx.commit().await?;
    Ok(status)
}

/// What becomes of a job after an error. A refusal is final: trying again would be refused again.
fn verdict(row: &JobRow, error: &Error) -> (JobStatus, Value) {
    let plain =
        |reason: &str| json!([{"code": "INVALID", "reason": reason, "args": [], "field": []}]);
    match error {
        Error::Interrupted("cancelled") => (JobStatus::Cancelled, Value::Null),
        Error::Refused(faults) => (JobStatus::Failed, kept_faults(faults)),
        Error::Denied(permission) => {
            let args = json!([["permission", permission]]);
            let fault = json!({"code": "FORBIDDEN", "reason": "kernel.forbidden", "args": args, "field": []});
            (JobStatus::Failed, json!([fault]))
        }
        _ if row.attempt >= row.max_attempts => (JobStatus::Failed, plain("kernel.job_gave_up")),
        _ => (JobStatus::Queued, plain("kernel.job_will_retry")),
    }
}

/// How long to wait before the next attempt: 2 s, 8 s, 32 s … at most 10 min, plus up to a quarter
/// that the job's id decides, so that many that failed together don't come back together.
fn backoff(row: &JobRow) -> TimeDelta {
    let exponent = u32::try_from((row.attempt - 1).clamp(0, 5)).unwrap_or_default();
    let base = (2_000_i64 * 4_i64.pow(exponent)).min(600_000);
    let spread = i64::from(row.id.0.as_bytes().last().copied().unwrap_or_default());
    TimeDelta::milliseconds(base + base * spread / 1_024)
}

fn lease_of(worker: &Worker) -> TimeDelta {
    TimeDelta::from_std(worker.lease).unwrap_or(TimeDelta::seconds(30))
}

fn system_context(worker: &Worker, organisation: OrganisationId) -> Context {
    Context::new(
        Arc::new(Actor::system(organisation)),
        worker.db.clock().now(),
    )
}

/// The context of the one who wanted the job.
fn context_of(worker: &Worker, row: &JobRow) -> Result<Context> {
    let actor: Actor = serde_json::from_value(row.actor.clone())?;
    if actor.organisation != row.organisation_id {
        return Err(Error::bug("a job's actor belongs to another organisation"));
    }
    Ok(Context {
        actor: Arc::new(actor),
        now: worker.db.clock().now(),
        locale: row.locale,
        request: RequestId(row.id.0),
        trace: row.trace.clone(),
        idempotency_key: None,
    })
}
