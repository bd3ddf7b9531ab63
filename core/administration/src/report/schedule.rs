//! Schedules of reports: which report, for what period, when, and for whom.
//!
//! Each has a schedule of the kernel, whose ticks make the reports; `tick` keeps it in step.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, OrganisationId, ReportScheduleId, ScheduleId, UserId};
use kernel::page::{Page, PageRequest, quoted};
use kernel::report::ReportParameters;
use kernel::{Locale, Predicate, Result, Tx};
use serde_json::Value;

use super::{ReportFormat, ReportPeriod};
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
        /// By archival; where it is asked for, archived ones are among them.
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
    archived archived_at;
    from "administration" report_schedule as ReportSchedule;
}

/// Those about the companies in which the actor may schedule, and those of their own making.
pub(super) fn visible(tx: &Tx) -> Result<Predicate> {
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

/// A page of the schedules of reports that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ReportScheduleFilter, ReportScheduleSortField>,
) -> Result<Page<ReportSchedule>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many schedules of reports of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ReportScheduleFilter, ReportScheduleSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones of some schedules of reports; none without the right.
pub async fn by_ids(tx: &mut Tx, ids: &[ReportScheduleId]) -> Result<Vec<ReportSchedule>> {
    let Ok(visible) = visible(tx) else {
        return Ok(Vec::new());
    };
    Ok(report_schedule::table
        .filter(report_schedule::organisation_id.eq(tx.organisation()))
        .filter(report_schedule::id.eq_any(ids))
        .filter(visible)
        .select(ReportSchedule::as_select())
        .load(tx.conn())
        .await?)
}
