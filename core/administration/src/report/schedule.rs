//! Schedules of reports: which report, for what period, when, and for whom.
//!
//! Each has a schedule of the kernel, whose ticks make the reports; it is kept in step here.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, OrganisationId, ReportScheduleId, ScheduleId, UserId};
use kernel::page::{Page, PageRequest, quoted};
use kernel::report::{ReportKind, ReportParameters, Reports};
use kernel::schedule::Timetable;
use kernel::{Event, Fault, Faults, Locale, Predicate, Result, Tx};
use serde_json::Value;

use super::period::resolved;
use super::{ReportFormat, ReportPeriod, check_company, kind_of, recipients, tick};
use crate::fault;
use crate::permission::REPORT_SCHEDULE;
use crate::schema::report_schedule;

/// A report that is made by the clock.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = report_schedule,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct ReportSchedule {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The schedule.
    pub id: ReportScheduleId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The key of the report.
    pub report: String,
    /// What the report is asked with, beside the period.
    pub parameters: Value,
    /// The days that it covers, counted from the day of making.
    pub period: Option<ReportPeriod>,
    /// What it is produced as.
    pub format: ReportFormat,
    /// Its language; that of each reader when absent.
    pub locale: Option<Locale>,
    /// When: five cron fields.
    pub cron: String,
    /// In which IANA zone.
    pub zone: String,
    /// Its readers.
    pub recipient_ids: Vec<UserId>,
    /// Whether it goes to them by mail, beside their inbox.
    pub by_mail: bool,
    /// The company that it is about.
    pub company_id: Option<CompanyId>,
    /// The schedule of the kernel behind it.
    pub schedule_id: ScheduleId,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl ReportSchedule {
    /// What the report is asked with, beside the period.
    pub fn parameters(&self) -> Result<ReportParameters> {
        Ok(serde_json::from_value(self.parameters.clone())?)
    }
}

kernel::listing! {
    /// Conditions on schedules of reports.
    filter ReportScheduleFilter {
        /// By id.
        id: IdFilter => id,
        /// By name.
        name: TextFilter => name,
        /// By the key of the report.
        report: TextFilter => report,
        /// By company.
        company: IdFilter => company_id,
        /// By whether they go by mail.
        by_mail: BooleanFilter => by_mail,
        /// By archival; when absent, archived ones stay hidden.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of schedules of reports.
    sort ReportScheduleSort;
    /// What schedules of reports can be sorted by.
    by ReportScheduleSortField {
        /// By name.
        Name = "NAME" => name,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Name Asc;
    search [name, report];
    from "administration" report_schedule as ReportSchedule;
}

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

/// Changes a schedule of a report.
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
    diesel::update(report_schedule::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| under_patch(named(error)))?;
    tick::follow(tx, &next).await?;
    let event = told("administration.report_schedule.updated", &next)
        .changed("name", &seen.name, &next.name)
        .changed("cron", &seen.cron, &next.cron)
        .changed("zone", &seen.zone, &next.zone)
        .changed("recipients", &seen.recipient_ids, &next.recipient_ids);
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
    diesel::update(report_schedule::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    tick::follow(tx, &next).await?;
    tx.emit(told("administration.report_schedule.archived", &next))
        .await?;
    Ok(next)
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
        faults.take(possible(tx, kind, &parameters, &row).await)?;
    }
    faults.finish()?;
    Ok(row)
}

async fn possible(
    tx: &mut Tx,
    kind: &ReportKind,
    parameters: &ReportParameters,
    row: &ReportSchedule,
) -> Result<()> {
    let mut faults = Faults::new();
    let today = tx.now().date_naive();
    faults.take(kind.check(&resolved(kind, parameters, row.period, today)))?;
    faults.take(check_company(tx, kind, parameters.company).await)?;
    let company = parameters.company;
    let readers = recipients::check(tx, kind, company, &row.recipient_ids, "recipients").await;
    faults.take(readers)?;
    faults.finish()
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
        .set("name", &row.name)
        .set("report", &row.report);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// Those about the companies in which the actor may schedule, and those of their own making.
fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(REPORT_SCHEDULE)?;
    let column = |name: &str| quoted("administration", "report_schedule", name);
    let seen = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    Ok(match tx.actor().principal.user() {
        Some(me) => seen.or(Predicate::equal(&column("created_by"), me.0)),
        None => seen,
    })
}

/// The condition that a column names a schedule that the actor may see.
pub(super) fn runs_visible(tx: &Tx, column: &str) -> Predicate {
    match visible(tx) {
        Ok(visible) => Predicate::sql(format!(
            "{column} IN (SELECT \"administration\".\"report_schedule\".\"id\" \
             FROM \"administration\".\"report_schedule\" WHERE "
        ))
        .then_all(visible)
        .then(")"),
        Err(_) => Predicate::none(),
    }
}

fn shown(filter: Option<&ReportScheduleFilter>, visible: Predicate) -> Predicate {
    match filter {
        Some(filter) if filter.archived_at.is_some() => visible,
        _ => visible.and(Predicate::sql(
            "\"administration\".\"report_schedule\".\"archived_at\" IS NULL",
        )),
    }
}

/// A page of the schedules of reports that the actor may see.
pub async fn schedule_page(
    tx: &mut Tx,
    request: PageRequest<ReportScheduleFilter, ReportScheduleSortField>,
) -> Result<Page<ReportSchedule>> {
    let visible = shown(request.filter.as_ref(), visible(tx)?);
    list(tx, request, visible).await
}

/// How many schedules of reports of a request the actor may see.
pub async fn schedule_count(
    tx: &mut Tx,
    request: PageRequest<ReportScheduleFilter, ReportScheduleSortField>,
) -> Result<i64> {
    let visible = shown(request.filter.as_ref(), visible(tx)?);
    tally(tx, request, visible).await
}

/// The visible ones of some schedules of reports.
pub async fn schedule_by_ids(tx: &mut Tx, ids: &[ReportScheduleId]) -> Result<Vec<ReportSchedule>> {
    let visible = visible(tx)?;
    Ok(report_schedule::table
        .filter(report_schedule::organisation_id.eq(tx.organisation()))
        .filter(report_schedule::id.eq_any(ids))
        .filter(visible)
        .select(ReportSchedule::as_select())
        .load(tx.conn())
        .await?)
}
