//! How people set up checks, change them, let them rest and look again.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self as input, Input, taken};
use kernel::ids::{CheckId, SystemId};
use kernel::{Event, Fault, Faults, Result, Tx};

use super::aim::{ProbeInput, aim, within};
use super::{CheckKind, CheckStatus, IncidentSeverity, SystemCheck, event};
use crate::fault;
use crate::permission::SYSTEM_MANAGE;
use crate::schema::system_check;
use crate::system;

/// Sets up a check of a system.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCheckCreateInput {
    /// An id made by the client, `chc_…`.
    pub id: Option<CheckId>,
    /// The system.
    pub system: SystemId,
    /// Its name, unlike any other of the system's.
    pub name: String,
    /// What it looks at.
    pub probe: ProbeInput,
    /// How bad its incidents are.
    #[graphql(default_with = "IncidentSeverity::Major")]
    pub severity: IncidentSeverity,
    /// Minutes between looks: 1 to 1,440.
    #[graphql(default = 5)]
    pub every_minutes: i32,
    /// Milliseconds that a look may take: 100 to 30,000.
    #[graphql(name = "timeoutMilliseconds", default = 10000)]
    pub timeout_ms: i32,
    /// Failures in a row that open an incident: 1 to 20.
    #[graphql(default = 3)]
    pub failures_to_open: i32,
    /// Recoveries in a row that close it: 1 to 20.
    #[graphql(default = 2)]
    pub recoveries_to_close: i32,
}

/// Changes a check.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCheckUpdateInput {
    /// The check.
    pub id: CheckId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: SystemCheckPatch,
}

/// What of a check may change; absent fields stay.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SystemCheckPatch {
    /// Its name.
    pub name: Option<String>,
    /// What it looks at, with all its settings.
    pub probe: Option<ProbeInput>,
    /// How bad its incidents are.
    pub severity: Option<IncidentSeverity>,
    /// Minutes between looks.
    pub every_minutes: Option<i32>,
    /// Milliseconds that a look may take.
    #[graphql(name = "timeoutMilliseconds")]
    pub timeout_ms: Option<i32>,
    /// Failures in a row that open an incident.
    pub failures_to_open: Option<i32>,
    /// Recoveries in a row that close it.
    pub recoveries_to_close: Option<i32>,
}

/// Lets a check rest.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCheckPauseInput {
    /// The check.
    pub id: CheckId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Lets a check look again, at once.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCheckResumeInput {
    /// The check.
    pub id: CheckId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Sets up a check; it is due at once.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, fields(system.id = %command.system), err)]
pub async fn create(tx: &mut Tx, command: SystemCheckCreateInput) -> Result<SystemCheck> {
    let system = system::lock(tx, command.system, "system").await?;
    system::in_use(&system, "system")?;
    let mut input = Input::new();
    let mut row = SystemCheck {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(CheckId::generate),
        company_id: system.company_id,
        system_id: system.id,
        name: input.take("name", input::text(&command.name, 120)),
        kind: CheckKind::Queue,
        target: None,
        method: None,
        expected_status: None,
        expected_text: None,
        warn_days: None,
        queue: None,
        most_waiting: None,
        most_minutes: None,
        schedule_id: None,
        severity: command.severity,
        every_minutes: command.every_minutes,
        timeout_ms: command.timeout_ms,
        failures_to_open: command.failures_to_open,
        recoveries_to_close: command.recoveries_to_close,
        enabled: true,
        status: CheckStatus::Unknown,
        failures: 0,
        recoveries: 0,
        failing_since: None,
        checked_at: None,
        next_due_at: tx.now(),
        created_at: tx.now(),
        version: 1,
    };
    aim(&mut row, &command.probe, &mut input, "probe");
    bounds(&row, &mut input, "");
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(require_schedule(tx, &row, "probe").await)?;
    faults.finish()?;
    diesel::insert_into(system_check::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "name"))?;
    let event = event("technology.system_check.created", &row);
    tx.emit(event.set("name", &row.name).set("kind", row.kind))
        .await?;
    Ok(row)
}

/// Changes a check; with another probe it begins anew.
#[tracing::instrument(skip_all, fields(check.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: SystemCheckUpdateInput) -> Result<SystemCheck> {
    let seen = lock(tx, command.id).await?;
    input::version(seen.version, command.expected_version)?;
    let mut next = seen.clone();
    let mut input = Input::new();
    let patch = command.patch;
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", input::text(name, 120));
    }
    next.severity = patch.severity.unwrap_or(seen.severity);
    next.every_minutes = patch.every_minutes.unwrap_or(seen.every_minutes);
    next.timeout_ms = patch.timeout_ms.unwrap_or(seen.timeout_ms);
    next.failures_to_open = patch.failures_to_open.unwrap_or(seen.failures_to_open);
    next.recoveries_to_close = patch
        .recoveries_to_close
        .unwrap_or(seen.recoveries_to_close);
    if let Some(probe) = &patch.probe {
        aim(&mut next, probe, &mut input, "patch.probe");
        next = anew(next, tx.now());
    }
    bounds(&next, &mut input, "patch.");
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(require_schedule(tx, &next, "patch.probe").await)?;
    faults.finish()?;
    next.version += 1;
    store(tx, &next)
        .await
        .map_err(|error| told(error, "patch.name"))?;
    tx.emit(changes(&seen, &next)).await?;
    Ok(next)
}

/// Lets a check rest. Its open incident, if there is one, stays for people to close.
#[tracing::instrument(skip_all, fields(check.id = %command.id), err)]
pub async fn pause(tx: &mut Tx, command: SystemCheckPauseInput) -> Result<SystemCheck> {
    let seen = lock(tx, command.id).await?;
    input::version(seen.version, command.expected_version)?;
    turn(tx, seen, Turn::Off).await
}

/// Lets a check look again, at once and anew: what it saw before it rested says nothing of now.
#[tracing::instrument(skip_all, fields(check.id = %command.id), err)]
pub async fn resume(tx: &mut Tx, command: SystemCheckResumeInput) -> Result<SystemCheck> {
    let seen = lock(tx, command.id).await?;
    input::version(seen.version, command.expected_version)?;
    let system = system::lock(tx, seen.system_id, "id").await?;
    system::in_use(&system, "id")?;
    turn(tx, seen, Turn::On).await
}

/// A check that knows nothing of how its system stands, and looks at once. An incident that is open
/// goes on: it closes by the recoveries that are seen from now on.
fn anew(check: SystemCheck, now: DateTime<Utc>) -> SystemCheck {
    SystemCheck {
        status: CheckStatus::Unknown,
        failures: 0,
        recoveries: 0,
        failing_since: None,
        next_due_at: now,
        ..check
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    On,
    Off,
}

async fn turn(tx: &mut Tx, seen: SystemCheck, way: Turn) -> Result<SystemCheck> {
    let on = way == Turn::On;
    if seen.enabled == on {
        return Err(Fault::not_allowed(fault::CHECK_STATE).at(["id"]).into());
    }
    let next = SystemCheck {
        enabled: on,
        version: seen.version + 1,
        ..anew(seen, tx.now())
    };
    store(tx, &next).await?;
    let action = match way {
        Turn::On => "technology.system_check.resumed",
        Turn::Off => "technology.system_check.paused",
    };
    tx.emit(event(action, &next)).await?;
    Ok(next)
}

/// Lets all checks of a system rest.
pub(crate) async fn rest_all(tx: &mut Tx, system: SystemId) -> Result<()> {
    diesel::update(
        system_check::table
            .filter(system_check::organisation_id.eq(tx.organisation()))
            .filter(system_check::system_id.eq(system))
            .filter(system_check::enabled),
    )
    .set((
        system_check::enabled.eq(false),
        system_check::version.eq(system_check::version + 1),
    ))
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn bounds(row: &SystemCheck, input: &mut Input, under: &str) {
    let table = [
        ("everyMinutes", row.every_minutes, 1, 1_440),
        ("timeoutMilliseconds", row.timeout_ms, 100, 30_000),
        ("failuresToOpen", row.failures_to_open, 1, 20),
        ("recoveriesToClose", row.recoveries_to_close, 1, 20),
    ];
    for (field, value, least, most) in table {
        within(input, &format!("{under}{field}"), value, least, most);
    }
}

async fn require_schedule(tx: &mut Tx, row: &SystemCheck, under: &str) -> Result<()> {
    let Some(id) = row.schedule_id else {
        return Ok(());
    };
    let found = kernel::schedule::by_ids(tx, &[id]).await;
    if found.is_ok_and(|found| !found.is_empty()) {
        return Ok(());
    }
    let path = format!("{under}.schedule.schedule");
    Err(Fault::not_found(fault::SCHEDULE_NOT_FOUND)
        .at(path.split('.'))
        .into())
}

/// Locks a check that the actor may manage.
async fn lock(tx: &mut Tx, id: CheckId) -> Result<SystemCheck> {
    let scope = tx.require(SYSTEM_MANAGE)?;
    let row = lock_any(tx, id).await?;
    let row = row.filter(|row| scope.covers(Some(row.company_id), None));
    Ok(row.ok_or_else(|| Fault::not_found(fault::CHECK_NOT_FOUND).at(["id"]))?)
}

/// Locks a check, whoever acts.
pub(crate) async fn lock_any(tx: &mut Tx, id: CheckId) -> Result<Option<SystemCheck>> {
    Ok(system_check::table
        .find((tx.organisation(), id))
        .for_update()
        .select(SystemCheck::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

pub(crate) async fn store(tx: &mut Tx, row: &SystemCheck) -> Result<()> {
    diesel::update(system_check::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(error, "system_check_pkey", "kernel.id_taken", "id");
    taken(error, "system_check_name", fault::CHECK_NAME_TAKEN, field)
}

fn changes(from: &SystemCheck, to: &SystemCheck) -> Event {
    event("technology.system_check.updated", to)
        .changed("name", &from.name, &to.name)
        .changed("kind", &from.kind, &to.kind)
        .changed("target", &from.target, &to.target)
        .changed("severity", &from.severity, &to.severity)
        .changed("everyMinutes", &from.every_minutes, &to.every_minutes)
        .changed("timeoutMilliseconds", &from.timeout_ms, &to.timeout_ms)
        .changed(
            "failuresToOpen",
            &from.failures_to_open,
            &to.failures_to_open,
        )
        .changed(
            "recoveriesToClose",
            &from.recoveries_to_close,
            &to.recoveries_to_close,
        )
}
