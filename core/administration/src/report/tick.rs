//! The clock behind a schedule of a report: the kernel's schedule, kept in step, and the job of a
//! tick, which has the report produced for each reader.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::ids::{JobId, ReportScheduleId, ScheduleId, UserId};
use kernel::job::{Enqueue, Job, JobRun};
use kernel::report::{ReportKind, ReportParameters, Reports};
use kernel::schedule::{CatchUp, ScheduleRow, Timetable};
use kernel::schema::schedule;
use kernel::{Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::period::resolved;
use super::produce::{blank, want};
use super::run::ReportRun;
use super::schedule::{ReportSchedule, visible};
use super::{kind_of, recipients};
use crate::fault;
use crate::job::QUEUE;
use crate::permission::REPORT_SCHEDULE;
use crate::reader::{self, Reader};
use crate::schema::report_schedule;

/// Makes the reports of a schedule's tick.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportTick {
    /// The schedule.
    pub report_schedule: ReportScheduleId,
}

/// Adds the schedule of the kernel behind a schedule of a report.
pub(super) async fn add(tx: &mut Tx, row: &ReportSchedule) -> Result<()> {
    let table = Timetable::parse(&row.cron, &row.zone)?;
    let payload = ReportTick {
        report_schedule: row.id,
    };
    let made = ScheduleRow {
        organisation_id: row.organisation_id,
        id: row.schedule_id,
        kind: ReportTick::KIND.to_owned(),
        name: row.name.clone(),
        payload: serde_json::to_value(payload)?,
        company_id: row.company_id,
        cron: row.cron.clone(),
        zone: row.zone.clone(),
        catch_up: CatchUp::Once,
        expected_within_minutes: None,
        paused_at: None,
        next_due_at: table.after(tx.now())?,
        last_due_at: None,
        alarmed_due_at: None,
        created_by: row.created_by.0,
        created_at: tx.now(),
        version: 1,
    };
    diesel::insert_into(schedule::table)
        .values(&made)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps the schedule of the kernel in step. One that somebody paused stays so.
pub(super) async fn follow(tx: &mut Tx, row: &ReportSchedule) -> Result<()> {
    let next = Timetable::parse(&row.cron, &row.zone)?.after(tx.now())?;
    diesel::update(schedule::table.find((row.organisation_id, row.schedule_id)))
        .set((
            schedule::name.eq(&row.name),
            schedule::cron.eq(&row.cron),
            schedule::zone.eq(&row.zone),
            schedule::company_id.eq(row.company_id),
            schedule::next_due_at.eq(next),
            schedule::version.eq(schedule::version + 1),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Pauses the schedule of the kernel behind one that was archived.
pub(super) async fn rest(tx: &mut Tx, row: &ReportSchedule) -> Result<()> {
    diesel::update(schedule::table.find((row.organisation_id, row.schedule_id)))
        .set((
            schedule::paused_at.eq(row.archived_at),
            schedule::version.eq(schedule::version + 1),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

impl Job for ReportTick {
    const KIND: &'static str = "administration.report_tick";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = REPORT_SCHEDULE;

    async fn run(self, run: JobRun) -> Result<Value> {
        let reports = run.service::<Reports>()?;
        let tick = Tick {
            schedule: self.report_schedule,
            clock: run.row().schedule_id,
            job: run.id(),
            at: due(&run).unwrap_or(run.context().now),
        };
        if run.is_dry_run() {
            return run
                .read(move |tx| async move { tick.rehearse(tx, &reports).await }.boxed())
                .await;
        }
        run.finish(move |tx| async move { tick.make(tx, &reports).await }.boxed())
            .await
    }
}

/// The instant of a scheduled tick, which its job's key ends with; `None` for a job by hand.
fn due(run: &JobRun) -> Option<DateTime<Utc>> {
    let key = run.row().key.as_deref()?;
    key.splitn(3, ':').nth(2)?.parse().ok()
}

/// One tick of a schedule.
struct Tick {
    schedule: ReportScheduleId,
    /// The schedule of the kernel that made the job; `None` for a job by hand.
    clock: Option<ScheduleId>,
    job: JobId,
    at: DateTime<Utc>,
}

/// What a tick is to make.
struct Wanted<'r> {
    row: ReportSchedule,
    kind: &'r ReportKind,
    parameters: ReportParameters,
    /// Those who can still log in, in the order of the schedule.
    readers: Vec<Reader>,
}

impl Tick {
    /// Wants the reports of this tick, one a reader who can still log in. Whether each may still
    /// see the report is asked when it is made.
    async fn make(&self, tx: &mut Tx, reports: &Reports) -> Result<Value> {
        let Some(wanted) = self.wanted(tx, reports).await? else {
            return Ok(json!({ "reports": 0 }));
        };
        let row = &wanted.row;
        let mut rows = Vec::with_capacity(wanted.readers.len());
        for reader in &wanted.readers {
            let locale = row.locale.unwrap_or(reader.locale);
            let new = blank(
                tx,
                &row.report,
                &wanted.parameters,
                row.format,
                reader.id,
                locale,
            )?;
            rows.push(ReportRun {
                schedule_id: Some(row.id),
                by_mail: row.by_mail,
                key: Some(format!("tick:{}:{}", self.job, reader.id)),
                ..new
            });
        }
        if rows.is_empty() {
            return Ok(json!({ "reports": 0 }));
        }
        let how = Enqueue {
            key: Some(format!("administration.report:{}", self.job)),
            company: row.company_id,
            ..Enqueue::default()
        };
        let made = want(tx, &rows, how).await?;
        Ok(json!({ "reports": rows.len(), "job": made.id }))
    }

    /// How many reports this tick would make, and how many readers it would refuse.
    async fn rehearse(&self, tx: &mut Tx, reports: &Reports) -> Result<Value> {
        let Some(wanted) = self.wanted(tx, reports).await? else {
            return Ok(json!({ "reports": 0, "refused": 0 }));
        };
        let mut refused = 0;
        for reader in &wanted.readers {
            let actor = reader.actor(tx).await?;
            if !recipients::may_see(&actor, wanted.kind, wanted.parameters.company) {
                refused += 1;
            }
        }
        Ok(json!({ "reports": wanted.readers.len() - refused, "refused": refused }))
    }

    /// What there is to make; nothing for a schedule that was archived. A job by the clock makes
    /// the reports of its own schedule alone, a job by hand those that its actor may schedule.
    async fn wanted<'r>(&self, tx: &mut Tx, reports: &'r Reports) -> Result<Option<Wanted<'r>>> {
        let found: Option<ReportSchedule> = report_schedule::table
            .find((tx.organisation(), self.schedule))
            .filter(visible(tx)?)
            .select(ReportSchedule::as_select())
            .first(tx.conn())
            .await
            .optional()?;
        let missing = || Fault::not_found(fault::REPORT_SCHEDULE_NOT_FOUND);
        let own = |row: &ReportSchedule| self.clock.is_none_or(|clock| clock == row.schedule_id);
        let row = found.filter(own).ok_or_else(missing)?;
        if row.archived_at.is_some() {
            return Ok(None);
        }
        let kind = kind_of(reports, &row.report)?;
        let zone = row.zone.parse().unwrap_or(Tz::UTC);
        let today = self.at.with_timezone(&zone).date_naive();
        let parameters = resolved(kind, &row.parameters()?, row.period, today);
        kind.check(&parameters)?;
        let readers = active(tx, &row.recipient_ids).await?;
        Ok(Some(Wanted {
            row,
            kind,
            parameters,
            readers,
        }))
    }
}

async fn active(tx: &mut Tx, ids: &[UserId]) -> Result<Vec<Reader>> {
    let mut known = reader::active(tx, ids).await?;
    Ok(ids.iter().filter_map(|id| known.remove(id)).collect())
}
