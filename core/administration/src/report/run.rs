//! Reports as produced: one row a reader, with what that reader may see.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::taken;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{
    CompanyId, FileId, JobId, OrganisationId, ReportRunId, ReportScheduleId, UserId,
};
use kernel::page::{Page, PageRequest, quoted};
use kernel::report::ReportParameters;
use kernel::{Date, Error, Fault, Locale, Predicate, Result, Tx};
use serde_json::Value;

use super::ReportFormat;
use crate::schema::report_run;

kernel::text_enum! {
    /// Where a produced report stands.
    pub enum ReportRunStatus {
        /// It is being made.
        Waiting = "WAITING",
        /// Its file is there.
        Done = "DONE",
        /// It could not be made.
        Failed = "FAILED",
    }
}

/// A report as produced for one reader.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = report_run, check_for_backend(diesel::pg::Pg))]
pub struct ReportRun {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The produced report.
    pub id: ReportRunId,
    /// The key of the report.
    pub report: String,
    /// What it was asked with.
    pub parameters: Value,
    /// What it is produced as.
    pub format: ReportFormat,
    /// Its language.
    pub locale: Locale,
    /// Its reader.
    pub user_id: UserId,
    /// Who asked for it; none for a schedule.
    pub requested_by: Option<UserId>,
    /// The schedule that made it.
    pub schedule_id: Option<ReportScheduleId>,
    /// The company that it is about.
    pub company_id: Option<CompanyId>,
    /// Whether it goes to its reader by mail.
    pub by_mail: bool,
    /// What makes it one and the same.
    pub key: Option<String>,
    /// Where it stands.
    pub status: ReportRunStatus,
    /// Its file.
    pub file_id: Option<FileId>,
    /// The day as of whose end its figures stand.
    pub as_of: Option<Date>,
    /// How many rows it has.
    pub row_count: Option<i32>,
    /// Why it could not be made.
    pub error: Option<Value>,
    /// The job that makes it.
    pub job_id: Option<JobId>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was made, or given up.
    pub finished_at: Option<DateTime<Utc>>,
}

impl ReportRun {
    /// What it was asked with.
    pub fn parameters(&self) -> Result<ReportParameters> {
        Ok(serde_json::from_value(self.parameters.clone())?)
    }
}

kernel::enum_filter! {
    /// Conditions on where a produced report stands.
    ReportRunStatusFilter of ReportRunStatus
}

kernel::enum_filter! {
    /// Conditions on what a report is produced as.
    ReportFormatFilter of ReportFormat
}

kernel::listing! {
    /// Conditions on produced reports.
    filter ReportRunFilter {
        /// By id.
        id: IdFilter => id,
        /// By the key of the report.
        report: TextFilter => report,
        /// By where they stand.
        status: ReportRunStatusFilter => status,
        /// By what they are produced as.
        format: ReportFormatFilter => format,
        /// By reader.
        reader: IdFilter => user_id,
        /// By who asked for them.
        requested_by: IdFilter => requested_by,
        /// By the schedule that made them.
        schedule: IdFilter => schedule_id,
        /// By the job that makes them.
        job: IdFilter => job_id,
        /// By company.
        company: IdFilter => company_id,
        /// By when they were asked for.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of produced reports.
    sort ReportRunSort;
    /// What produced reports can be sorted by.
    by ReportRunSortField {
        /// By when they were asked for.
        CreatedAt = "CREATED_AT" => created_at,
        /// By the key of the report.
        Report = "REPORT" => report,
    }
    default CreatedAt Desc;
    search [report];
    from "administration" report_run as ReportRun;
}

/// One's own, those that one asked for, and those of schedules that one may see.
fn visible(tx: &Tx) -> Predicate {
    let Some(me) = tx.actor().principal.user() else {
        return Predicate::none();
    };
    let column = |name: &str| quoted("administration", "report_run", name);
    Predicate::equal(&column("user_id"), me.0)
        .or(Predicate::equal(&column("requested_by"), me.0))
        .or(super::schedule::runs_visible(tx, &column("schedule_id")))
}

/// A page of the produced reports that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ReportRunFilter, ReportRunSortField>,
) -> Result<Page<ReportRun>> {
    let visible = visible(tx);
    list(tx, request, visible).await
}

/// How many produced reports of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ReportRunFilter, ReportRunSortField>,
) -> Result<i64> {
    let visible = visible(tx);
    tally(tx, request, visible).await
}

/// The visible ones of some produced reports.
pub async fn by_ids(tx: &mut Tx, ids: &[ReportRunId]) -> Result<Vec<ReportRun>> {
    let visible = visible(tx);
    Ok(report_run::table
        .filter(report_run::organisation_id.eq(tx.organisation()))
        .filter(report_run::id.eq_any(ids))
        .filter(visible)
        .select(ReportRun::as_select())
        .load(tx.conn())
        .await?)
}

/// A produced report that the actor may see.
pub async fn find(tx: &mut Tx, id: ReportRunId) -> Result<Option<ReportRun>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A produced report by its id, for the job that makes it.
pub(super) async fn load(tx: &mut Tx, id: ReportRunId) -> Result<ReportRun> {
    let found: Option<ReportRun> = report_run::table
        .find((tx.organisation(), id))
        .select(ReportRun::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    found.ok_or_else(|| Error::bug(format!("no produced report {id}")))
}

/// Records produced reports to be; those of a key that was used before are left out. Gives the ids
/// that are new.
///
/// # Errors
/// `kernel.id_taken` at `id` where an id was used before.
pub(super) async fn insert(tx: &mut Tx, rows: &[ReportRun]) -> Result<Vec<ReportRunId>> {
    diesel::insert_into(report_run::table)
        .values(rows)
        .on_conflict((report_run::organisation_id, report_run::key))
        .do_nothing()
        .returning(report_run::id)
        .get_results(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "report_run_pkey", "kernel.id_taken", "id"))
}

/// Says which job makes some produced reports.
pub(super) async fn made_by(tx: &mut Tx, ids: &[ReportRunId], job: JobId) -> Result<()> {
    diesel::update(
        report_run::table
            .filter(report_run::organisation_id.eq(tx.organisation()))
            .filter(report_run::id.eq_any(ids)),
    )
    .set(report_run::job_id.eq(Some(job)))
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Records the file of a produced report.
pub(super) async fn done(
    tx: &mut Tx,
    id: ReportRunId,
    file: FileId,
    as_of: NaiveDate,
    rows: usize,
) -> Result<()> {
    let now = tx.now();
    diesel::update(report_run::table.find((tx.organisation(), id)))
        .set((
            report_run::status.eq(ReportRunStatus::Done),
            report_run::file_id.eq(Some(file)),
            report_run::as_of.eq(Some(Date(as_of))),
            report_run::row_count.eq(Some(i32::try_from(rows).unwrap_or(i32::MAX))),
            report_run::error.eq(None::<Value>),
            report_run::finished_at.eq(Some(now)),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Records why a produced report could not be made.
pub(super) async fn gave_up(tx: &mut Tx, id: ReportRunId, faults: &[Fault]) -> Result<()> {
    let now = tx.now();
    diesel::update(report_run::table.find((tx.organisation(), id)))
        .set((
            report_run::status.eq(ReportRunStatus::Failed),
            report_run::error.eq(Some(kept(faults))),
            report_run::finished_at.eq(Some(now)),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Faults as a row keeps them: the shape that jobs keep them in, too.
fn kept(faults: &[Fault]) -> Value {
    let all: Vec<Value> = faults
        .iter()
        .map(|fault| {
            serde_json::json!({
                "code": fault.code,
                "reason": fault.reason,
                "args": fault.args,
                "field": fault.field,
            })
        })
        .collect();
    Value::Array(all)
}
