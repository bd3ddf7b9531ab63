//! The scheduler, in the relay's role: makes the jobs of ticks that are due, and raises alarms.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;

use super::store::{CatchUp, ScheduleRow};
use super::{ScheduleAlarm, Timetable};
use crate::error::Result;
use crate::job::{Job, JobRow, JobStatus, Kind, Registry};
use crate::schema::{job, schedule};
use crate::tx::Wake;

/// How late a tick may be and still count as on time.
const ON_TIME: TimeDelta = TimeDelta::minutes(5);
/// Ticks made up for at once at most, under the policy of all; the rest follow at the next beats.
const MADE_UP: usize = 100;
/// Schedules worked on in one transaction.
const BATCH: i64 = 100;

/// Makes the jobs that are due. Any number of schedulers may call this at once. Schedules of kinds
/// that this process doesn't know are left to those that do. Gives how many jobs were made.
pub async fn tick(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    now: DateTime<Utc>,
) -> Result<usize> {
    connection.batch_execute("BEGIN").await?;
    match tick_in(connection, registry, now).await {
        Ok(made) => {
            let wake = format!("COMMIT; NOTIFY {}", Wake::Jobs.channel());
            connection
                .batch_execute(if made > 0 { &wake } else { "COMMIT" })
                .await?;
            Ok(made)
        }
        Err(error) => {
            connection.batch_execute("ROLLBACK").await?;
            Err(error)
        }
    }
}

async fn tick_in(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    now: DateTime<Utc>,
) -> Result<usize> {
    let due: Vec<ScheduleRow> = schedule::table
        .filter(schedule::kind.eq_any(registry.names()))
        .filter(schedule::paused_at.is_null())
        .filter(schedule::next_due_at.le(now))
        .order(schedule::next_due_at)
        .limit(BATCH)
        .for_update()
        .skip_locked()
        .select(ScheduleRow::as_select())
        .load(connection)
        .await?;
    let mut made = 0;
    for row in due {
        made += match plan(&row, now) {
            Ok(plan) => keep(connection, registry, &row, plan, now).await?,
            Err(error) => {
                tracing::error!(schedule.id = %row.id, %error, "A schedule can't go on.");
                set_aside(connection, registry, &row, now).await?
            }
        };
    }
    Ok(made + alarms(connection, registry, now).await?)
}

/// What is due of a schedule.
struct Plan {
    /// The ticks that get a job, oldest first.
    ticks: Vec<DateTime<Utc>>,
    /// The latest tick that was due, whether it gets a job or not.
    last: DateTime<Utc>,
    /// The next tick; not yet past but for ticks that are made up for later.
    next: DateTime<Utc>,
}

fn plan(row: &ScheduleRow, now: DateTime<Utc>) -> Result<Plan> {
    let table = Timetable::parse(&row.cron, &row.zone)?;
    if row.catch_up == CatchUp::All {
        let ticks = table.missed(row.next_due_at, now, MADE_UP)?;
        let last = ticks.last().copied().unwrap_or(row.next_due_at);
        let next = table.after(last)?;
        return Ok(Plan { ticks, last, next });
    }
    let last = table.latest(now)?.max(row.next_due_at);
    let wanted = row.catch_up == CatchUp::Once || now - last <= ON_TIME;
    Ok(Plan {
        ticks: wanted.then_some(last).into_iter().collect(),
        last,
        next: table.after(now)?,
    })
}

/// Makes the jobs of a plan and moves the schedule on. Gives how many jobs were made.
async fn keep(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    row: &ScheduleRow,
    plan: Plan,
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut made = 0;
    for tick in plan.ticks {
        made += insert(connection, job_of(row, registry, tick, now)?).await?;
    }
    diesel::update(schedule::table.find((row.organisation_id, row.id)))
        .set((
            schedule::next_due_at.eq(plan.next),
            schedule::last_due_at.eq(plan.last),
        ))
        .execute(connection)
        .await?;
    Ok(made)
}

/// Lets a schedule rest whose next tick can't be worked out, and raises its alarm, so that it holds
/// up no other.
async fn set_aside(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    row: &ScheduleRow,
    now: DateTime<Utc>,
) -> Result<usize> {
    diesel::update(schedule::table.find((row.organisation_id, row.id)))
        .set((
            schedule::paused_at.eq(now),
            schedule::version.eq(row.version + 1),
        ))
        .execute(connection)
        .await?;
    insert(connection, alarm_of(row, registry, row.next_due_at, now)?).await
}

/// Raises an alarm for each tick whose job should have succeeded by now and has not.
async fn alarms(
    connection: &mut AsyncPgConnection,
    registry: &Registry,
    now: DateTime<Utc>,
) -> Result<usize> {
    let watched: Vec<ScheduleRow> = schedule::table
        .filter(schedule::expected_within_minutes.is_not_null())
        .filter(schedule::last_due_at.is_not_null())
        .filter(schedule::alarmed_due_at.is_distinct_from(schedule::last_due_at))
        .for_update()
        .skip_locked()
        .select(ScheduleRow::as_select())
        .load(connection)
        .await?;
    let mut raised = 0;
    for row in watched {
        let (Some(due), Some(minutes)) = (row.last_due_at, row.expected_within_minutes) else {
            continue;
        };
        if now < due + TimeDelta::minutes(i64::from(minutes)) {
            continue;
        }
        let done: i64 = job::table
            .filter(job::organisation_id.eq(row.organisation_id))
            .filter(job::key.eq(key_of(&row, due)))
            .filter(job::status.eq(JobStatus::Succeeded))
            .count()
            .get_result(connection)
            .await?;
        if done == 0 {
            raised += insert(connection, alarm_of(&row, registry, due, now)?).await?;
        }
        diesel::update(schedule::table.find((row.organisation_id, row.id)))
            .set(schedule::alarmed_due_at.eq(due))
            .execute(connection)
            .await?;
    }
    Ok(raised)
}

fn key_of(row: &ScheduleRow, due: DateTime<Utc>) -> String {
    format!("schedule:{}:{}", row.id, due.to_rfc3339())
}

fn alarm_of(
    row: &ScheduleRow,
    registry: &Registry,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<JobRow> {
    let payload = serde_json::to_value(ScheduleAlarm {
        schedule: row.id,
        due_at: due,
    })?;
    let kind = registry.kind(ScheduleAlarm::KIND)?;
    let mut made = job_at(row, kind, now, payload);
    made.key = Some(format!("alarm:{}:{}", row.id, due.to_rfc3339()));
    Ok(made)
}

fn job_of(
    row: &ScheduleRow,
    registry: &Registry,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<JobRow> {
    let kind = registry.kind(&row.kind)?;
    let mut made = job_at(row, kind, now, row.payload.clone());
    made.key = Some(key_of(row, due));
    made.run_at = due;
    Ok(made)
}

fn job_at(row: &ScheduleRow, kind: &Kind, now: DateTime<Utc>, payload: Value) -> JobRow {
    let mut made = JobRow::of_system(row.organisation_id, kind, now, payload);
    made.company_id = row.company_id;
    made.schedule_id = Some(row.id);
    made
}

async fn insert(connection: &mut AsyncPgConnection, row: JobRow) -> Result<usize> {
    Ok(diesel::insert_into(job::table)
        .values(&row)
        .on_conflict((job::organisation_id, job::key))
        .do_nothing()
        .execute(connection)
        .await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OrganisationId, ScheduleId};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn daily(catch_up: CatchUp, next_due_at: &str) -> ScheduleRow {
        ScheduleRow {
            organisation_id: OrganisationId::generate(),
            id: ScheduleId::generate(),
            kind: "test".into(),
            name: "test".into(),
            payload: Value::Null,
            company_id: None,
            cron: "0 6 * * *".into(),
            zone: "Europe/Madrid".into(),
            catch_up,
            expected_within_minutes: None,
            paused_at: None,
            next_due_at: at(next_due_at),
            last_due_at: None,
            alarmed_due_at: None,
            created_by: uuid::Uuid::nil(),
            created_at: at(next_due_at),
            version: 1,
        }
    }

    #[test]
    fn missed_ticks_are_caught_up_as_the_policy_says() {
        let now = at("2026-05-04T10:00:00Z");
        let ticks = |catch_up| plan(&daily(catch_up, "2026-05-02T04:00:00Z"), now).unwrap();
        let (last, next) = (at("2026-05-04T04:00:00Z"), at("2026-05-05T04:00:00Z"));
        assert_eq!(ticks(CatchUp::All).ticks.len(), 3);
        assert_eq!(ticks(CatchUp::Once).ticks, [last]);
        assert!(ticks(CatchUp::Skip).ticks.is_empty());
        for catch_up in CatchUp::ALL {
            // A tick that was left out is known too, so that its alarm can be raised.
            assert_eq!(ticks(*catch_up).last, last);
            assert_eq!(ticks(*catch_up).next, next);
        }
    }

    #[test]
    fn of_very_many_missed_ticks_once_makes_the_latest_and_all_makes_every_one_in_turn() {
        let now = at("2026-12-31T10:00:00Z");
        let row = |catch_up| daily(catch_up, "2026-05-02T04:00:00Z");
        let once = plan(&row(CatchUp::Once), now).unwrap();
        assert_eq!(once.ticks, [at("2026-12-31T05:00:00Z")]);
        let first = plan(&row(CatchUp::All), now).unwrap();
        assert_eq!(first.ticks.len(), MADE_UP);
        assert!(first.next <= now, "the rest is still due");
        let rest = ScheduleRow {
            next_due_at: first.next,
            ..row(CatchUp::All)
        };
        let second = plan(&rest, now).unwrap();
        assert!(second.ticks.iter().all(|tick| *tick > first.last));
    }

    #[test]
    fn a_tick_on_time_runs_under_every_policy() {
        let now = at("2026-05-04T04:00:02Z");
        for catch_up in CatchUp::ALL {
            let due = plan(&daily(*catch_up, "2026-05-04T04:00:00Z"), now).unwrap();
            assert_eq!(due.ticks, [at("2026-05-04T04:00:00Z")]);
        }
    }
}
