//! The rows of schedules and what people do with them.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::Timetable;
use crate::error::Result;
use crate::event::Event;
use crate::fault::{Fault, Faults};
use crate::filter::{DateTimeFilter, IdFilter, TextFilter};
use crate::ids::{CompanyId, OrganisationId, ScheduleId};
use crate::job::{self, Enqueue, JobRow, Kind, Registry, SCHEDULE_MANAGE, SCHEDULE_READ};
use crate::page::{Page, PageRequest, quoted};
use crate::predicate::Predicate;
use crate::schema::schedule;
use crate::tx::Tx;

crate::text_enum! {
    /// What becomes of ticks that nobody was there for.
    pub enum CatchUp {
        /// They are left out.
        Skip = "SKIP",
        /// The latest is made up for.
        Once = "ONCE",
        /// Each is made up for.
        All = "ALL",
    }
}

/// A schedule as recorded.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = schedule, check_for_backend(diesel::pg::Pg))]
pub struct ScheduleRow {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The schedule.
    pub id: ScheduleId,
    /// The kind of job it makes.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The payload of its jobs.
    pub payload: Value,
    /// The company it is for.
    pub company_id: Option<CompanyId>,
    /// When: five cron fields.
    pub cron: String,
    /// In which IANA zone.
    pub zone: String,
    /// What becomes of missed ticks.
    pub catch_up: CatchUp,
    /// Minutes after a tick by which its job must have succeeded.
    pub expected_within_minutes: Option<i32>,
    /// Since when it rests.
    pub paused_at: Option<DateTime<Utc>>,
    /// The next tick.
    pub next_due_at: DateTime<Utc>,
    /// The latest tick.
    pub last_due_at: Option<DateTime<Utc>>,
    /// The latest tick that an alarm was raised for.
    pub alarmed_due_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: Uuid,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

crate::listing! {
    /// Conditions on schedules.
    filter ScheduleFilter {
        /// By the kind of job it makes.
        kind: TextFilter => kind,
        /// By name.
        name: TextFilter => name,
        /// By company.
        company: IdFilter => company_id,
        /// By its next tick.
        next_due_at: DateTimeFilter => next_due_at,
        /// By the instant since which it rests.
        paused_at: DateTimeFilter => paused_at,
    }
    /// An order of schedules.
    sort ScheduleSort;
    /// What schedules can be sorted by.
    by ScheduleSortField {
        /// By name.
        Name = "NAME" => name,
        /// By the next tick.
        NextDueAt = "NEXT_DUE_AT" => next_due_at,
    }
    default Name Asc;
    search [name, kind];
    from "kernel" schedule as ScheduleRow;
}

/// A schedule to be made.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleCreateInput {
    /// An id made by the client.
    pub id: Option<ScheduleId>,
    /// Its name.
    pub name: String,
    /// The kind of job it makes.
    pub kind: String,
    /// The payload of its jobs: the fields of the kind, as JSON text.
    pub payload: String,
    /// The company it is for.
    pub company_id: Option<CompanyId>,
    /// When: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// The IANA zone in which the times are meant.
    #[graphql(default = "Europe/Madrid")]
    pub zone: String,
    /// What becomes of ticks that nobody was there for.
    #[graphql(default_with = "CatchUp::Once")]
    pub catch_up: CatchUp,
    /// Minutes after a tick by which its job must have succeeded; an alarm is raised if it has not.
    pub expected_within_minutes: Option<i32>,
}

/// What can be changed of a schedule.
#[derive(Clone, Debug, InputObject)]
pub struct SchedulePatch {
    /// Its name.
    pub name: Option<String>,
    /// When: minute, hour, day of month, month, day of week.
    pub cron: Option<String>,
    /// The IANA zone in which the times are meant.
    pub zone: Option<String>,
    /// What becomes of ticks that nobody was there for.
    pub catch_up: Option<CatchUp>,
    /// Minutes after a tick by which its job must have succeeded.
    pub expected_within_minutes: MaybeUndefined<i32>,
}

/// A change of a schedule.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleUpdateInput {
    /// The schedule.
    pub id: ScheduleId,
    /// The version that the change was made from.
    pub expected_version: Option<i32>,
    /// What changes; what is absent stays.
    pub patch: SchedulePatch,
}

/// A schedule to be paused.
#[derive(Clone, Debug, InputObject)]
pub struct SchedulePauseInput {
    /// The schedule.
    pub id: ScheduleId,
}

/// A schedule to be resumed.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleResumeInput {
    /// The schedule.
    pub id: ScheduleId,
}

/// A schedule whose job is to run now.
#[derive(Clone, Debug, InputObject)]
pub struct ScheduleRunInput {
    /// The schedule.
    pub id: ScheduleId,
    /// Whether the job only rehearses.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Makes a schedule of a kind that may be scheduled, for the company that its payload is for. One
/// needs the right to schedule and the right to what the job does, both in that company.
pub async fn create(
    tx: &mut Tx,
    registry: &Registry,
    command: ScheduleCreateInput,
) -> Result<ScheduleRow> {
    let mut faults = Faults::new();
    let kind = faults.take(kind_of(registry, &command.kind))?;
    let table = faults.take(Timetable::parse(&command.cron, &command.zone))?;
    let payload = faults.take(payload_of(kind, &command.payload))?;
    faults.check(!command.name.trim().is_empty(), || {
        Fault::invalid("kernel.required").at(["name"])
    });
    faults.check(
        command
            .expected_within_minutes
            .is_none_or(|minutes| minutes > 0),
        || Fault::invalid("kernel.required").at(["expectedWithinMinutes"]),
    );
    faults.finish()?;
    let (Some(kind), Some(table), Some(payload)) = (kind, table, payload) else {
        return Err(crate::error::Error::bug(
            "a missing part of a schedule is a fault",
        ));
    };
    allow(tx, kind, command.company_id)?;
    if kind.company(&payload)? != command.company_id {
        return Err(Fault::invalid("kernel.schedule_company_differs")
            .at(["companyId"])
            .into());
    }
    let row = ScheduleRow {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(ScheduleId::generate),
        kind: command.kind,
        name: command.name,
        payload,
        company_id: command.company_id,
        cron: command.cron,
        zone: command.zone,
        catch_up: command.catch_up,
        expected_within_minutes: command.expected_within_minutes,
        paused_at: None,
        next_due_at: table.after(tx.now())?,
        last_due_at: None,
        alarmed_due_at: None,
        created_by: tx.actor().principal.uuid(),
        created_at: tx.now(),
        version: 1,
    };
    diesel::insert_into(schedule::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    tx.emit(told("kernel.schedule.created", &row).set("cron", &row.cron))
        .await?;
    Ok(row)
}

/// Changes a schedule; the next tick is worked out anew.
pub async fn update(tx: &mut Tx, command: ScheduleUpdateInput) -> Result<ScheduleRow> {
    let mut row = locked(tx, command.id).await?;
    if command
        .expected_version
        .is_some_and(|version| version != row.version)
    {
        return Err(Fault::stale().into());
    }
    let before = row.clone();
    let patch = command.patch;
    row.name = patch.name.unwrap_or(row.name);
    row.cron = patch.cron.unwrap_or(row.cron);
    row.zone = patch.zone.unwrap_or(row.zone);
    row.catch_up = patch.catch_up.unwrap_or(row.catch_up);
    match patch.expected_within_minutes {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.expected_within_minutes = None,
        MaybeUndefined::Value(minutes) => row.expected_within_minutes = Some(minutes.max(1)),
    }
    let table = Timetable::parse(&row.cron, &row.zone).map_err(under_patch)?;
    row.next_due_at = table.after(tx.now())?;
    row.version += 1;
    store(tx, &row).await?;
    let event = told("kernel.schedule.updated", &row)
        .changed("name", &before.name, &row.name)
        .changed("cron", &before.cron, &row.cron)
        .changed("zone", &before.zone, &row.zone);
    tx.emit(event).await?;
    Ok(row)
}

/// Lets a schedule rest: it makes no jobs until it is resumed.
pub async fn pause(tx: &mut Tx, command: SchedulePauseInput) -> Result<ScheduleRow> {
    let mut row = locked(tx, command.id).await?;
    if row.paused_at.is_some() {
        return Ok(row);
    }
    row.paused_at = Some(tx.now());
    row.version += 1;
    store(tx, &row).await?;
    tx.emit(told("kernel.schedule.paused", &row)).await?;
    Ok(row)
}

/// Wakes a schedule; the ticks of its rest are not made up for.
pub async fn resume(tx: &mut Tx, command: ScheduleResumeInput) -> Result<ScheduleRow> {
    let mut row = locked(tx, command.id).await?;
    if row.paused_at.is_none() {
        return Ok(row);
    }
    row.paused_at = None;
    row.next_due_at = Timetable::parse(&row.cron, &row.zone)?.after(tx.now())?;
    row.version += 1;
    store(tx, &row).await?;
    tx.emit(told("kernel.schedule.resumed", &row)).await?;
    Ok(row)
}

/// Makes a schedule's job now, on the actor's own behalf; its ticks stay as they are.
pub async fn run_now(
    tx: &mut Tx,
    registry: &Registry,
    command: ScheduleRunInput,
) -> Result<(ScheduleRow, JobRow)> {
    let row = locked(tx, command.id).await?;
    let kind = registry.kind(&row.kind)?;
    allow(tx, kind, row.company_id)?;
    let how = Enqueue {
        company: row.company_id,
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    let made = job::enqueue_kind(tx, kind, row.payload.clone(), how).await?;
    tx.emit(told("kernel.schedule.run", &row).set("job", made.id))
        .await?;
    Ok((row, made))
}

/// A page of the schedules that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ScheduleFilter, ScheduleSortField>,
) -> Result<Page<ScheduleRow>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many schedules of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ScheduleFilter, ScheduleSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones of some schedules; none without the right.
pub async fn by_ids(tx: &mut Tx, ids: &[ScheduleId]) -> Result<Vec<ScheduleRow>> {
    if !tx.actor().may(SCHEDULE_READ) {
        return Ok(Vec::new());
    }
    Ok(schedule::table
        .filter(schedule::organisation_id.eq(tx.organisation()))
        .filter(schedule::id.eq_any(ids))
        .filter(visible(tx)?)
        .select(ScheduleRow::as_select())
        .load(tx.conn())
        .await?)
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(SCHEDULE_READ)?;
    let column = quoted("kernel", "schedule", "company_id");
    Ok(Predicate::in_scope(&scope, Some(&column), None))
}

async fn locked(tx: &mut Tx, id: ScheduleId) -> Result<ScheduleRow> {
    tx.require(SCHEDULE_MANAGE)?;
    let row: Option<ScheduleRow> = schedule::table
        .find((tx.organisation(), id))
        .for_update()
        .select(ScheduleRow::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let row = row.ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    if !tx
        .actor()
        .scope(SCHEDULE_MANAGE)
        .covers(row.company_id, None)
    {
        return Err(Fault::not_found("kernel.not_found").at(["id"]).into());
    }
    Ok(row)
}

async fn store(tx: &mut Tx, row: &ScheduleRow) -> Result<()> {
    diesel::update(schedule::table.find((row.organisation_id, row.id)))
        .set((
            schedule::name.eq(&row.name),
            schedule::cron.eq(&row.cron),
            schedule::zone.eq(&row.zone),
            schedule::catch_up.eq(row.catch_up),
            schedule::expected_within_minutes.eq(row.expected_within_minutes),
            schedule::paused_at.eq(row.paused_at),
            schedule::next_due_at.eq(row.next_due_at),
            schedule::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn allow(tx: &Tx, kind: &Kind, company: Option<CompanyId>) -> Result<()> {
    for permission in [SCHEDULE_MANAGE, kind.permission] {
        if !tx.actor().scope(permission).covers(company, None) {
            return Err(crate::error::Error::Denied(permission));
        }
    }
    Ok(())
}

/// A kind that may be scheduled; its jobs run as the suite itself, so not every kind may.
fn kind_of<'r>(registry: &'r Registry, name: &str) -> Result<&'r Kind> {
    let found = registry.kind(name).ok().filter(|kind| kind.schedulable);
    found.ok_or_else(|| {
        Fault::invalid("kernel.schedule_kind_unknown")
            .at(["kind"])
            .with("kind", name)
            .into()
    })
}

fn payload_of(kind: Option<&Kind>, text: &str) -> Result<Value> {
    let bad = |detail: String| {
        Fault::invalid("kernel.payload_invalid")
            .at(["payload"])
            .with("detail", detail)
    };
    let payload: Value = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    if let Some(kind) = kind {
        kind.check(&payload).map_err(|error| bad(error.summary()))?;
    }
    Ok(payload)
}

fn under_patch(error: crate::error::Error) -> crate::error::Error {
    match error {
        crate::error::Error::Refused(faults) => crate::error::Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.under(["patch"]))
                .collect(),
        ),
        other => other,
    }
}

fn told(action: &'static str, row: &ScheduleRow) -> Event {
    let event = Event::new(action, "Schedule", row.id, SCHEDULE_READ).set("name", &row.name);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}
