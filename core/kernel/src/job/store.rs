//! The rows of jobs: wanting, listing, cancelling, retrying, pruning.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

use super::registry::{Kind, Registry};
use super::{JOB_MANAGE, JOB_READ, Job};
use crate::actor::Actor;
use crate::error::Result;
use crate::event::Event;
use crate::fault::Fault;
use crate::filter::{DateTimeFilter, IdFilter, TextFilter};
use crate::id::TypedId;
use crate::ids::{CompanyId, JobId, OrganisationId, RequestId, ScheduleId, UserId};
use crate::message::Locale;
use crate::page::{Page, PageRequest};
use crate::predicate::Predicate;
use crate::schema::{job, job_item};
use crate::tx::{Tx, Wake};

crate::text_enum! {
    /// Where a job stands.
    pub enum JobStatus {
        /// It waits for a worker, or for its next attempt.
        Queued = "QUEUED",
        /// A worker is at it.
        Running = "RUNNING",
        /// It is done.
        Succeeded = "SUCCEEDED",
        /// It was given up; a person can retry it.
        Failed = "FAILED",
        /// A person called it off.
        Cancelled = "CANCELLED",
    }
}

crate::enum_filter! {
    /// Conditions on the status of a job.
    JobStatusFilter of JobStatus
}

/// A job as recorded.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = job, check_for_backend(diesel::pg::Pg))]
pub struct JobRow {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The job.
    pub id: JobId,
    /// Its kind, `domain.what`.
    pub kind: String,
    /// Its queue.
    pub queue: String,
    /// Its stable key: one job a key.
    pub key: Option<String>,
    /// What it is to do.
    pub payload: Value,
    /// On whose behalf, with their rights at the time.
    pub actor: Value,
    /// The user who wanted it.
    pub owner_id: Option<UserId>,
    /// The company it is for.
    pub company_id: Option<CompanyId>,
    /// The schedule that made it.
    pub schedule_id: Option<ScheduleId>,
    /// Whether it only rehearses.
    pub dry_run: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// Higher goes first.
    pub priority: i16,
    /// Attempts begun.
    pub attempt: i32,
    /// Attempts before it is given up.
    pub max_attempts: i32,
    /// Not before this instant.
    pub run_at: DateTime<Utc>,
    /// When the relay last told the workers.
    pub dispatched_at: Option<DateTime<Utc>>,
    /// How long its worker holds it.
    pub lease_until: Option<DateTime<Utc>>,
    /// The fencing token of the current holder.
    pub fence: i64,
    /// The worker that holds or held it.
    pub worker: Option<String>,
    /// Items done.
    pub done: i64,
    /// Items in all; 0 while unknown.
    pub total: i64,
    /// What it is at, as a message key.
    pub note: Option<String>,
    /// What came of it.
    pub result: Option<Value>,
    /// Why it failed: a list of faults.
    pub error: Option<Value>,
    /// When somebody asked to call it off.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// The request that wanted it.
    pub request_id: RequestId,
    /// The trace that wanted it.
    pub trace: Option<String>,
    /// The language of its messages.
    pub locale: Locale,
    /// When it was wanted.
    pub created_at: DateTime<Utc>,
    /// When it last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl JobRow {
    /// A job that the suite itself wants in an organisation, due at once.
    pub(crate) fn of_system(
        organisation: OrganisationId,
        kind: &Kind,
        now: DateTime<Utc>,
        payload: Value,
    ) -> Self {
        Self {
            organisation_id: organisation,
            id: JobId::generate(),
            kind: kind.name.to_owned(),
            queue: kind.queue.to_owned(),
            key: None,
            payload,
            actor: json!(Actor::system(organisation)),
            owner_id: None,
            company_id: None,
            schedule_id: None,
            dry_run: false,
            status: JobStatus::Queued,
            priority: kind.priority,
            attempt: 0,
            max_attempts: kind.max_attempts,
            run_at: now,
            dispatched_at: None,
            lease_until: None,
            fence: 0,
            worker: None,
            done: 0,
            total: 0,
            note: None,
            result: None,
            error: None,
            cancel_requested_at: None,
            request_id: RequestId::generate(),
            trace: None,
            locale: Locale::Es,
            created_at: now,
            started_at: None,
            finished_at: None,
        }
    }
}

/// How a job is wanted.
#[derive(Clone, Debug, Default)]
pub struct Enqueue {
    /// A stable key: a job with the same key is found, not made again.
    pub key: Option<String>,
    /// Not before this instant.
    pub run_at: Option<DateTime<Utc>>,
    /// The company it is for.
    pub company: Option<CompanyId>,
    /// Whether it only rehearses.
    pub dry_run: bool,
}

crate::listing! {
    /// Conditions on jobs.
    filter JobFilter {
        /// By kind, `domain.what`.
        kind: TextFilter => kind,
        /// By status.
        status: JobStatusFilter => status,
        /// By queue.
        queue: TextFilter => queue,
        /// By company.
        company: IdFilter => company_id,
        /// By the schedule that made it.
        schedule: IdFilter => schedule_id,
        /// By the instant it was wanted.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of jobs.
    sort JobSort;
    /// What jobs can be sorted by.
    by JobSortField {
        /// By the instant it was wanted.
        CreatedAt = "CREATED_AT" => created_at,
        /// By kind.
        Kind = "KIND" => kind,
    }
    default CreatedAt Desc;
    search [kind, queue];
    from "kernel" job as JobRow;
}

/// Wants a job. With a key that was used before, gives the job that has it.
pub async fn enqueue<J: Job>(tx: &mut Tx, wanted: &J, how: Enqueue) -> Result<JobRow> {
    let row = row_of(
        tx,
        (J::KIND, J::QUEUE, J::MAX_ATTEMPTS, J::PRIORITY),
        serde_json::to_value(wanted)?,
        how,
    )?;
    insert(tx, row).await
}

/// Wants a job of a kind known by name, with a payload that was checked against it.
pub async fn enqueue_kind(
    tx: &mut Tx,
    kind: &Kind,
    payload: Value,
    how: Enqueue,
) -> Result<JobRow> {
    kind.check(&payload)?;
    let row = row_of(
        tx,
        (kind.name, kind.queue, kind.max_attempts, kind.priority),
        payload,
        how,
    )?;
    insert(tx, row).await
}

fn row_of(
    tx: &Tx,
    (kind, queue, max_attempts, priority): (&str, &str, i32, i16),
    payload: Value,
    how: Enqueue,
) -> Result<JobRow> {
    let context = tx.context();
    Ok(JobRow {
        organisation_id: tx.organisation(),
        id: JobId::generate(),
        kind: kind.to_owned(),
        queue: queue.to_owned(),
        key: how.key,
        payload,
        actor: serde_json::to_value(&*context.actor)?,
        owner_id: context.actor.principal.user(),
        company_id: how.company,
        schedule_id: None,
        dry_run: how.dry_run,
        status: JobStatus::Queued,
        priority,
        attempt: 0,
        max_attempts,
        run_at: how.run_at.unwrap_or(context.now),
        dispatched_at: None,
        lease_until: None,
        fence: 0,
        worker: None,
        done: 0,
        total: 0,
        note: None,
        result: None,
        error: None,
        cancel_requested_at: None,
        request_id: context.request,
        trace: context.trace.clone(),
        locale: context.locale,
        created_at: context.now,
        started_at: None,
        finished_at: None,
    })
}

async fn insert(tx: &mut Tx, row: JobRow) -> Result<JobRow> {
    let made = diesel::insert_into(job::table)
        .values(&row)
        .on_conflict((job::organisation_id, job::key))
        .do_nothing()
        .execute(tx.conn())
        .await?;
    if made == 1 {
        tx.wake(Wake::Jobs);
        return Ok(row);
    }
    Ok(job::table
        .filter(job::organisation_id.eq(row.organisation_id))
        .filter(job::key.eq(row.key))
        .select(JobRow::as_select())
        .first(tx.conn())
        .await?)
}

/// What an actor may see: all jobs in their scope, and their own.
fn visible(actor: &Actor) -> Predicate {
    let column = |name: &str| crate::page::quoted("kernel", "job", name);
    let scope = actor.scope(JOB_READ);
    let mut seen = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    if let Some(user) = actor.principal.user() {
        seen = seen.or(Predicate::equal(&column("owner_id"), user.uuid()));
    }
    seen
}

/// A page of the jobs that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<JobFilter, JobSortField>,
) -> Result<Page<JobRow>> {
    let visible = visible(tx.actor());
    list(tx, request, visible).await
}

/// How many jobs of a request the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<JobFilter, JobSortField>) -> Result<i64> {
    let visible = visible(tx.actor());
    tally(tx, request, visible).await
}

/// The visible ones of some jobs.
pub async fn by_ids(tx: &mut Tx, ids: &[JobId]) -> Result<Vec<JobRow>> {
    Ok(job::table
        .filter(job::organisation_id.eq(tx.organisation()))
        .filter(job::id.eq_any(ids))
        .filter(visible(tx.actor()))
        .select(JobRow::as_select())
        .load(tx.conn())
        .await?)
}

/// A job that the actor may see.
pub async fn find(tx: &mut Tx, id: JobId) -> Result<Option<JobRow>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A job by its stable key, when the actor may see it.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> Result<Option<JobRow>> {
    Ok(job::table
        .filter(job::organisation_id.eq(tx.organisation()))
        .filter(job::key.eq(key))
        .filter(visible(tx.actor()))
        .select(JobRow::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// The items of a job that failed, each with its faults.
pub async fn item_failures(tx: &mut Tx, id: JobId) -> Result<Vec<(Uuid, Value)>> {
    let failures: Vec<(Uuid, Option<Value>)> = job_item::table
        .filter(job_item::organisation_id.eq(tx.organisation()))
        .filter(job_item::job_id.eq(id))
        .filter(job_item::status.eq("FAILED"))
        .order(job_item::key)
        .select((job_item::key, job_item::error))
        .load(tx.conn())
        .await?;
    Ok(failures
        .into_iter()
        .map(|(key, error)| (key, error.unwrap_or_default()))
        .collect())
}

/// Calls a job off: at once while it waits, at its next step while it runs.
pub async fn cancel(tx: &mut Tx, id: JobId) -> Result<JobRow> {
    let row = manageable(tx, id).await?;
    let now = tx.now();
    let row = match row.status {
        JobStatus::Queued => {
            diesel::update(job::table.find((row.organisation_id, id)))
                .set((
                    job::status.eq(JobStatus::Cancelled),
                    job::cancel_requested_at.eq(now),
                    job::finished_at.eq(now),
                ))
                .returning(JobRow::as_returning())
                .get_result(tx.conn())
                .await?
        }
        JobStatus::Running => {
            diesel::update(job::table.find((row.organisation_id, id)))
                .set(job::cancel_requested_at.eq(now))
                .returning(JobRow::as_returning())
                .get_result(tx.conn())
                .await?
        }
        _ => return Err(Fault::not_allowed("kernel.job_finished").at(["id"]).into()),
    };
    tx.emit(told("kernel.job.cancelled", &row)).await?;
    Ok(row)
}

/// Queues a failed or cancelled job again, or one that ended well but for some of its items where
/// its kind can redo those. Attempts count from the start; items that were done stay done. It
/// takes the right to want such a job, and goes on with the rights that one has now.
pub async fn retry(tx: &mut Tx, registry: &Registry, id: JobId) -> Result<JobRow> {
    let row = manageable(tx, id).await?;
    let kind = registry.kind(&row.kind)?;
    if !tx
        .actor()
        .scope(kind.permission)
        .covers(row.company_id, None)
    {
        return Err(crate::error::Error::Denied(kind.permission));
    }
    let retryable = match row.status {
        JobStatus::Failed | JobStatus::Cancelled => true,
        JobStatus::Succeeded => kind.redoes_items && has_failed_items(tx, id).await?,
        JobStatus::Queued | JobStatus::Running => false,
    };
    if !retryable {
        return Err(Fault::not_allowed("kernel.job_not_retryable")
            .at(["id"])
            .into());
    }
    let now = tx.now();
    // A job of the suite itself stays the suite's; one that a person wanted is theirs who retries it.
    let user = tx
        .actor()
        .principal
        .user()
        .filter(|_| row.owner_id.is_some());
    let (owner, actor) = match user {
        Some(user) => (Some(user), serde_json::to_value(tx.actor())?),
        None => (row.owner_id, row.actor),
    };
    diesel::update(
        job_item::table
            .filter(job_item::organisation_id.eq(row.organisation_id))
            .filter(job_item::job_id.eq(id))
            .filter(job_item::status.eq("FAILED")),
    )
    .set((
        job_item::status.eq("PENDING"),
        job_item::error.eq(None::<Value>),
    ))
    .execute(tx.conn())
    .await?;
    let row: JobRow = diesel::update(job::table.find((row.organisation_id, id)))
        .set((
            job::status.eq(JobStatus::Queued),
            job::actor.eq(actor),
            job::owner_id.eq(owner),
            job::attempt.eq(0),
            job::run_at.eq(now),
            job::dispatched_at.eq(None::<DateTime<Utc>>),
            job::cancel_requested_at.eq(None::<DateTime<Utc>>),
            job::finished_at.eq(None::<DateTime<Utc>>),
            job::error.eq(None::<Value>),
        ))
        .returning(JobRow::as_returning())
        .get_result(tx.conn())
        .await?;
    tx.wake(Wake::Jobs);
    tx.emit(told("kernel.job.retried", &row)).await?;
    Ok(row)
}

async fn has_failed_items(tx: &mut Tx, id: JobId) -> Result<bool> {
    let failed = job_item::table
        .filter(job_item::organisation_id.eq(tx.organisation()))
        .filter(job_item::job_id.eq(id))
        .filter(job_item::status.eq("FAILED"));
    Ok(diesel::select(diesel::dsl::exists(failed))
        .get_result(tx.conn())
        .await?)
}

/// Locks a job that the actor may manage: their own, or any in the scope of the permission.
async fn manageable(tx: &mut Tx, id: JobId) -> Result<JobRow> {
    let row: Option<JobRow> = job::table
        .find((tx.organisation(), id))
        .filter(visible(tx.actor()))
        .for_update()
        .select(JobRow::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let row = row.ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    let own = row.owner_id.is_some() && row.owner_id == tx.actor().principal.user();
    if !own && !tx.actor().scope(JOB_MANAGE).covers(row.company_id, None) {
        return Err(crate::error::Error::Denied(JOB_MANAGE));
    }
    Ok(row)
}

fn told(action: &'static str, row: &JobRow) -> Event {
    let event = Event::new(action, "Job", row.id, JOB_READ).owner(row.owner_id);
    let event = event.set("status", row.status).set("kind", &row.kind);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// Removes jobs that ended before an instant, with their items, as the relay's role; `limit` at
/// most. Gives how many.
pub async fn prune(
    connection: &mut AsyncPgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    Ok(diesel::sql_query(
        "DELETE FROM kernel.job USING ( \
             SELECT organisation_id, id FROM kernel.job \
             WHERE finished_at < $1 ORDER BY finished_at LIMIT $2) AS old \
         WHERE job.organisation_id = old.organisation_id AND job.id = old.id",
    )
    .bind::<diesel::sql_types::Timestamptz, _>(before)
    .bind::<diesel::sql_types::BigInt, _>(limit)
    .execute(connection)
    .await?)
}

/// Faults as the row keeps them.
pub(super) fn kept_faults(faults: &[Fault]) -> Value {
    let kept = faults.iter().map(|fault| {
        json!({
            "code": fault.code,
            "reason": fault.reason,
            "args": fault.args.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
            "field": fault.field,
        })
    });
    Value::Array(kept.collect())
}
