//! What people do with schedules of reports: make, change, archive them, and run one now.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::ids::{ReportScheduleId, ScheduleId, UserId};
use kernel::job::{self, Enqueue, JobRow};
use kernel::report::{ReportKind, ReportParameters, Reports};
use kernel::schedule::Timetable;
use kernel::{Event, Fault, Faults, Locale, Result, Tx};

use super::period::resolved;
use super::schedule::{ReportSchedule, visible};
use super::{ReportFormat, ReportPeriod, ReportTick, check_company, kind_of, recipients, tick};
use crate::fault;
use crate::permission::REPORT_SCHEDULE;
use crate::schema::report_schedule;

/// Has a report produced on a schedule.
#[derive(Clone, Debug, InputObject)]
pub struct ReportScheduleCreateInput {
    /// An id made by the client, `rsc_…`.
    pub id: Option<ReportScheduleId>,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The key of the report.
    pub key: String,
    /// What the report is asked with, beside the period.
    pub parameters: ReportParameters,
    /// The days that it covers, counted from the day of making, in the schedule's zone.
    pub period: Option<ReportPeriod>,
    /// What it is produced as.
    pub format: ReportFormat,
    /// Its language; that of each reader when absent.
    pub locale: Option<Locale>,
    /// When: minute, hour, day of month, month, day of week.
    pub cron: String,
    /// The IANA zone in which the times are meant.
    #[graphql(default = "Europe/Madrid")]
    pub zone: String,
    /// Its readers, each of whom may see the report; at least one, at most 100.
    pub recipients: Vec<UserId>,
    /// Whether it goes to them by mail, beside their inbox.
    #[graphql(default = true)]
    pub by_mail: bool,
}

/// What can be changed of a schedule of a report.
#[derive(Clone, Debug, InputObject)]
pub struct ReportSchedulePatch {
    /// Its name.
    pub name: Option<String>,
    /// What the report is asked with, beside the period.
    pub parameters: Option<ReportParameters>,
    /// The days that it covers.
    pub period: MaybeUndefined<ReportPeriod>,
    /// What it is produced as.
    pub format: Option<ReportFormat>,
    /// Its language.
    pub locale: MaybeUndefined<Locale>,
    /// When: minute, hour, day of month, month, day of week.
    pub cron: Option<String>,
    /// The IANA zone in which the times are meant.
    pub zone: Option<String>,
    /// Its readers.
    pub recipients: Option<Vec<UserId>>,
    /// Whether it goes to them by mail.
    pub by_mail: Option<bool>,
}

/// Changes a schedule of a report.
#[derive(Clone, Debug, InputObject)]
pub struct ReportScheduleUpdateInput {
    /// The schedule.
    pub id: ReportScheduleId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes; what is absent stays.
    pub patch: ReportSchedulePatch,
}

/// Archives a schedule of a report: it makes no more reports.
#[derive(Clone, Debug, InputObject)]
pub struct ReportScheduleArchiveInput {
    /// The schedule.
    pub id: ReportScheduleId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Makes the reports of a schedule now; its ticks stay as they are.
#[derive(Clone, Debug, InputObject)]
pub struct ReportScheduleRunInput {
    /// The schedule.
    pub id: ReportScheduleId,
    /// Whether the job only rehearses: it tells how many reports it would make and refuse.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Has a report produced on a schedule. One needs the right to schedule, and to see the report.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, fields(report = %command.key), err)]
pub async fn create(
    tx: &mut Tx,
    reports: &Reports,
    command: ReportScheduleCreateInput,
) -> Result<ReportSchedule> {
    tx.require(REPORT_SCHEDULE)?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::REPORT_FOR_PEOPLE))?;
    let row = ReportSchedule {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(ReportScheduleId::generate),
        name: command.name,
        report: command.key,
        company_id: command.parameters.company,
        parameters: serde_json::to_value(&command.parameters)?,
        period: command.period,
        format: command.format,
        locale: command.locale,
        cron: command.cron,
        zone: command.zone,
        recipient_ids: command.recipients,
        by_mail: command.by_mail,
        schedule_id: ScheduleId::generate(),
        archived_at: None,
        created_by: me,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    let row = checked(tx, reports, row).await?;
    tick::add(tx, &row).await?;
    diesel::insert_into(report_schedule::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(named)?;
    tx.emit(told("administration.report_schedule.created", &row))
        .await?;
    Ok(row)
}

/// Changes a schedule of a report. One that rests goes on resting.
///
/// # Errors
/// Every fault of the input at once; stale when it has changed.
#[tracing::instrument(skip_all, fields(report_schedule.id = %command.id), err)]
pub async fn update(
    tx: &mut Tx,
    reports: &Reports,
    command: ReportScheduleUpdateInput,
) -> Result<ReportSchedule> {
    let seen = locked(tx, command.id, command.expected_version).await?;
    let mut next = seen.clone();
    patch(&mut next, command.patch)?;
    next.version += 1;
    next.updated_at = tx.now();
    let next = checked(tx, reports, next).await.map_err(under_patch)?;
    store(tx, &next).await.map_err(under_patch)?;
    tick::follow(tx, &next).await?;
    let event = told("administration.report_schedule.updated", &next)
        .changed("name", &seen.name, &next.name)
        .changed("parameters", &seen.parameters, &next.parameters)
        .changed("period", &seen.period, &next.period)
        .changed("format", &seen.format, &next.format)
        .changed("locale", &seen.locale, &next.locale)
        .changed("cron", &seen.cron, &next.cron)
        .changed("zone", &seen.zone, &next.zone)
        .changed("recipients", &seen.recipient_ids, &next.recipient_ids)
        .changed("byMail", &seen.by_mail, &next.by_mail);
    tx.emit(event).await?;
    Ok(next)
}

/// Archives a schedule of a report; what it made stays.
#[tracing::instrument(skip_all, fields(report_schedule.id = %command.id), err)]
pub async fn archive(tx: &mut Tx, command: ReportScheduleArchiveInput) -> Result<ReportSchedule> {
    let seen = locked(tx, command.id, command.expected_version).await?;
    let next = ReportSchedule {
        archived_at: Some(tx.now()),
        updated_at: tx.now(),
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    tick::rest(tx, &next).await?;
    tx.emit(told("administration.report_schedule.archived", &next))
        .await?;
    Ok(next)
}

/// Makes the reports of a schedule now, for its readers, on the actor's behalf. Gives the schedule
/// and the job.
#[tracing::instrument(skip_all, fields(report_schedule.id = %command.id), err)]
pub async fn run_now(
    tx: &mut Tx,
    command: ReportScheduleRunInput,
) -> Result<(ReportSchedule, JobRow)> {
    let row = locked(tx, command.id, None).await?;
    let wanted = ReportTick {
        report_schedule: row.id,
    };
    let how = Enqueue {
        company: row.company_id,
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    let made = job::enqueue(tx, &wanted, how).await?;
    let event = told("administration.report_schedule.run", &row);
    tx.emit(event.set("job", made.id)).await?;
    Ok((row, made))
}

fn patch(row: &mut ReportSchedule, patch: ReportSchedulePatch) -> Result<()> {
    if let Some(parameters) = patch.parameters {
        row.company_id = parameters.company;
        row.parameters = serde_json::to_value(&parameters)?;
    }
    match patch.period {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.period = None,
        MaybeUndefined::Value(period) => row.period = Some(period),
    }
    match patch.locale {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.locale = None,
        MaybeUndefined::Value(locale) => row.locale = Some(locale),
    }
    row.name = patch.name.unwrap_or_else(|| row.name.clone());
    row.format = patch.format.unwrap_or(row.format);
    row.cron = patch.cron.unwrap_or_else(|| row.cron.clone());
    row.zone = patch.zone.unwrap_or_else(|| row.zone.clone());
    if let Some(recipients) = patch.recipients {
        row.recipient_ids = recipients;
    }
    row.by_mail = patch.by_mail.unwrap_or(row.by_mail);
    Ok(())
}

/// The schedule with everything in it possible: its name, its times, its parameters as they would
/// be today, and its readers.
async fn checked(
    tx: &mut Tx,
    reports: &Reports,
    mut row: ReportSchedule,
) -> Result<ReportSchedule> {
    let mut input = Input::new();
    row.name = input.take("name", check::text(&row.name, 200));
    input.check(!row.recipient_ids.is_empty(), || {
        Fault::invalid(fault::RECIPIENTS_OUT_OF_RANGE)
            .with("most", recipients::MOST)
            .at(["recipients"])
    });
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(Timetable::parse(&row.cron, &row.zone).and_then(|table| table.after(tx.now())))?;
    let parameters = row.parameters()?;
    if let Some(kind) = faults.take(kind_of(reports, &row.report))? {
        tx.require(kind.permission)?;
        if let Some(readers) = faults.take(possible(tx, kind, &parameters, &row).await)? {
            row.recipient_ids = readers;
        }
    }
    faults.finish()?;
    Ok(row)
}

/// The readers, each once, of a schedule whose parameters are possible.
async fn possible(
    tx: &mut Tx,
    kind: &ReportKind,
    parameters: &ReportParameters,
    row: &ReportSchedule,
) -> Result<Vec<UserId>> {
    let mut faults = Faults::new();
    let (today, company) = (tx.now().date_naive(), parameters.company);
    faults.take(kind.check(&resolved(kind, parameters, row.period, today)))?;
    let reach = recipients::require(tx, REPORT_SCHEDULE, company);
    if faults.take(reach)?.is_some() {
        faults.take(check_company(tx, kind, company).await)?;
    }
    let readers = recipients::check(tx, kind, company, &row.recipient_ids, "recipients").await;
    let readers = faults.take(readers)?.unwrap_or_default();
    faults.finish()?;
    Ok(readers.into_iter().map(|reader| reader.id).collect())
}

async fn locked(
    tx: &mut Tx,
    id: ReportScheduleId,
    expected: Option<i32>,
) -> Result<ReportSchedule> {
    let visible = visible(tx)?;
    let found: Option<ReportSchedule> = report_schedule::table
        .find((tx.organisation(), id))
        .filter(visible)
        .select(ReportSchedule::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let missing = || Fault::not_found(fault::REPORT_SCHEDULE_NOT_FOUND).at(["id"]);
    let row = found.ok_or_else(missing)?;
    check::version(row.version, expected)?;
    if row.archived_at.is_some() {
        return Err(Fault::not_allowed(fault::ARCHIVED).at(["id"]).into());
    }
    Ok(row)
}

async fn store(tx: &mut Tx, row: &ReportSchedule) -> Result<()> {
    diesel::update(report_schedule::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await
        .map_err(named)?;
    Ok(())
}

fn named(error: diesel::result::Error) -> kernel::Error {
    let error = taken(
        error.into(),
        "report_schedule_name",
        fault::REPORT_SCHEDULE_NAME_TAKEN,
        "name",
    );
    taken(error, "report_schedule_pkey", "kernel.id_taken", "id")
}

fn under_patch(error: kernel::Error) -> kernel::Error {
    match error {
        kernel::Error::Refused(faults) => kernel::Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.under(["patch"]))
                .collect(),
        ),
        other => other,
    }
}

fn told(action: &'static str, row: &ReportSchedule) -> Event {
    let event = Event::new(action, "ReportSchedule", row.id, REPORT_SCHEDULE)
        .owner(Some(row.created_by))
        .set("name", &row.name)
        .set("report", &row.report);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}
