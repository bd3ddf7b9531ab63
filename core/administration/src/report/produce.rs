//! Producing reports as files: the wish, one row a reader, and the job that makes them.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::actor::EVERYTHING;
use kernel::id::TypedId;
use kernel::ids::{ReportRunId, UserId};
use kernel::job::{self, Enqueue, Job, JobRow, JobRun};
use kernel::report::{ReportKind, ReportParameters, Reports};
use kernel::{Error, Event, Fault, Faults, Locale, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::press::Press;
use super::run::{self, ReportRun, ReportRunStatus};
use super::{ReportFormat, kind_of, possible, recipients};
use crate::fault;
use crate::job::QUEUE;
use crate::permission::REPORT_RUN;
use crate::reader::Reader;

/// Produces a report as a file.
#[derive(Clone, Debug, InputObject)]
pub struct ReportRunInput {
    /// An id made by the client, `rpr_…`, of one's own copy.
    pub id: Option<ReportRunId>,
    /// The key of the report.
    pub key: String,
    /// What it is asked with.
    pub parameters: ReportParameters,
    /// What it is produced as.
    pub format: ReportFormat,
    /// Its language; that of each reader when absent.
    pub locale: Option<Locale>,
    /// Users who get it by mail, each as they may see it and in a copy of their own; at most 100.
    #[graphql(default)]
    pub mail_to: Vec<UserId>,
    /// Whether to check the wish alone: nothing is made and nobody is told.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Has a report produced for the actor, and for each user that it is mailed to. Gives the actor's
/// own copy and the job that makes all of them.
///
/// # Errors
/// Every fault of the input at once: of the parameters, unknown recipients, and those who may not
/// see the report.
#[tracing::instrument(skip_all, fields(report = %command.key), err)]
pub async fn produce(
    tx: &mut Tx,
    reports: &Reports,
    command: ReportRunInput,
) -> Result<(ReportRun, JobRow)> {
    tx.require(REPORT_RUN)?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::REPORT_FOR_PEOPLE))?;
    let kind = kind_of(reports, &command.key)?;
    tx.require(kind.permission)?;
    let company = command.parameters.company;
    let to = allowed(tx, kind, &command).await?;
    let own = command.locale.unwrap_or(tx.context().locale);
    let others = to.iter().filter(|reader| reader.id != me);
    let others = others.map(|reader| (reader.id, command.locale.unwrap_or(reader.locale)));
    let readers = std::iter::once((me, own)).chain(others);
    let mut rows = Vec::with_capacity(to.len() + 1);
    for (user, locale) in readers {
        let (key, format) = (&command.key, command.format);
        let mut row = blank(tx, key, &command.parameters, format, user, locale)?;
        row.by_mail = to.iter().any(|reader| reader.id == user);
        row.requested_by = Some(me);
        rows.push(row);
    }
    if let (Some(id), Some(first)) = (command.id, rows.first_mut()) {
        first.id = id;
    }
    let how = Enqueue {
        company,
        ..Enqueue::default()
    };
    let made = want(tx, &rows, how).await?;
    let own = rows.into_iter().next().map(|row| ReportRun {
        job_id: Some(made.id),
        ..row
    });
    let own = own.ok_or_else(|| Error::bug("a report without a reader"))?;
    Ok((own, made))
}

/// Those whom a report is mailed to, when all that it asks for is possible.
async fn allowed(tx: &mut Tx, kind: &ReportKind, command: &ReportRunInput) -> Result<Vec<Reader>> {
    let mut faults = Faults::new();
    let company = command.parameters.company;
    if faults
        .take(recipients::require(tx, REPORT_RUN, company))?
        .is_some()
    {
        faults.take(possible(tx, kind, &command.parameters).await)?;
    } else {
        faults.take(kind.check(&command.parameters))?;
    }
    let readers = recipients::check(tx, kind, company, &command.mail_to, "mailTo").await;
    let readers = faults.take(readers)?;
    faults.finish()?;
    Ok(readers.unwrap_or_default())
}

/// Records produced reports to be and wants the job that makes them.
pub(super) async fn want(tx: &mut Tx, rows: &[ReportRun], how: Enqueue) -> Result<JobRow> {
    let ids = run::insert(tx, rows).await?;
    let wanted = ReportProduce { runs: ids.clone() };
    let made = job::enqueue(tx, &wanted, how).await?;
    run::made_by(tx, &ids, made.id).await?;
    let events = rows
        .iter()
        .filter(|row| ids.contains(&row.id))
        .map(|row| told("administration.report_run.requested", row));
    tx.emit_all(events.collect()).await?;
    Ok(made)
}

/// A produced report to be, for a reader.
pub(super) fn blank(
    tx: &Tx,
    report: &str,
    parameters: &ReportParameters,
    format: ReportFormat,
    reader: UserId,
    locale: Locale,
) -> Result<ReportRun> {
    Ok(ReportRun {
        organisation_id: tx.organisation(),
        id: ReportRunId::generate(),
        report: report.to_owned(),
        parameters: serde_json::to_value(parameters)?,
        format,
        locale,
        user_id: reader,
        requested_by: None,
        schedule_id: None,
        company_id: parameters.company,
        by_mail: false,
        key: None,
        status: ReportRunStatus::Waiting,
        file_id: None,
        as_of: None,
        row_count: None,
        error: None,
        job_id: None,
        created_at: tx.now(),
        finished_at: None,
    })
}

/// What of a produced report is told, to its reader alone.
pub(super) fn told(action: &'static str, row: &ReportRun) -> Event {
    let event = Event::new(action, "ReportRun", row.id, EVERYTHING)
        .owner(Some(row.user_id))
        .set("report", &row.report)
        .set("format", row.format);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// Makes the files of produced reports.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReportProduce {
    /// Which.
    pub runs: Vec<ReportRunId>,
}

impl Job for ReportProduce {
    const KIND: &'static str = "administration.report";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = REPORT_RUN;
    const MAX_ATTEMPTS: i32 = 3;

    /// One reader's report that fails leaves the others' alone. What can pass is tried again after
    /// the rest; when none could be made, the job has failed.
    async fn run(self, job: JobRun) -> Result<Value> {
        if job.is_dry_run() {
            return Ok(json!({ "reports": self.runs.len() }));
        }
        let press = Press::of(&job)?;
        let keys: Vec<Uuid> = self.runs.iter().map(|id| id.uuid()).collect();
        let (mut refused, mut passing) = (Vec::new(), None);
        for key in job.pending(&keys).await? {
            match press.make(&job, ReportRunId::from_uuid(key)).await {
                Ok(faults) => refused.extend(faults),
                Err(Error::Unavailable(what)) => passing = Some(what),
                Err(other) => return Err(other),
            }
        }
        if let Some(what) = passing {
            return Err(Error::Unavailable(what));
        }
        if refused.len() == keys.len()
            && let Some(faults) = refused.into_iter().next()
        {
            return Err(Error::Refused(faults));
        }
        let runs = self.runs.clone();
        job.finish(move |tx| async move { summary(tx, &runs).await }.boxed())
            .await
    }
}

/// How many reports were made, with how many rows, and how many could not be made.
async fn summary(tx: &mut Tx, runs: &[ReportRunId]) -> Result<Value> {
    use crate::schema::report_run;
    let rows: Vec<(ReportRunStatus, Option<i32>)> = report_run::table
        .filter(report_run::organisation_id.eq(tx.organisation()))
        .filter(report_run::id.eq_any(runs))
        .select((report_run::status, report_run::row_count))
        .load(tx.conn())
        .await?;
    let of = |wanted| rows.iter().filter(|(status, _)| *status == wanted).count();
    let lines: i64 = rows
        .iter()
        .filter_map(|(_, rows)| rows.map(i64::from))
        .sum();
    Ok(json!({
        "reports": runs.len(),
        "done": of(ReportRunStatus::Done),
        "failed": of(ReportRunStatus::Failed),
        "rows": lines,
    }))
}
