//! The job that makes reports as files, each as its own reader may see it.

use std::sync::Arc;

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::file::{FileStore, NewFile};
use futures::FutureExt;
use kernel::actor::EVERYTHING;
use kernel::id::TypedId;
use kernel::ids::{CompanyId, ReportRunId, UserId};
use kernel::job::{self, Enqueue, Job, JobRow, JobRun};
use kernel::report::{ReportKind, ReportParameters, ReportTable, Reports};
use kernel::{Context, Db, Error, Event, Fault, Locale, Permission, Result, Speaker, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::print::{self, Cover};
use super::run::{self, ReportRun, ReportRunStatus};
use super::{REPORT_FAILED, REPORT_READY, ReportFormat, check_company, kind_of, recipients};
use crate::fault;
use crate::job::QUEUE;
use crate::mail::{self, NewMail};
use crate::permission::REPORT_RUN;
use crate::reader::{self, Reader};

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
}

/// Has a report produced for the actor, and for each user that it is mailed to. Gives the actor's
/// own copy and the job that makes all of them.
///
/// # Errors
/// Every fault of the parameters at once; unknown recipients and those who may not see the report.
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
    kind.check(&command.parameters)?;
    let company = command.parameters.company;
    check_company(tx, kind, company).await?;
    let to = recipients::check(tx, kind, company, &command.mail_to, "mailTo").await?;
    let own_locale = command.locale.unwrap_or(tx.context().locale);
    let mut rows = vec![ReportRun {
        id: command.id.unwrap_or_else(ReportRunId::generate),
        by_mail: to.iter().any(|reader| reader.id == me),
        requested_by: Some(me),
        ..blank(
            tx,
            &command.key,
            &command.parameters,
            command.format,
            me,
            own_locale,
        )?
    }];
    for reader in to.iter().filter(|reader| reader.id != me) {
        let locale = command.locale.unwrap_or(reader.locale);
        rows.push(ReportRun {
            by_mail: true,
            requested_by: Some(me),
            ..blank(
                tx,
                &command.key,
                &command.parameters,
                command.format,
                reader.id,
                locale,
            )?
        });
    }
    let made = want(
        tx,
        &rows,
        Enqueue {
            company,
            ..Enqueue::default()
        },
    )
    .await?;
    let own = rows.into_iter().next().map(|row| ReportRun {
        job_id: Some(made.id),
        ..row
    });
    Ok((
        own.ok_or_else(|| Error::bug("a report without a reader"))?,
        made,
    ))
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

fn told(action: &'static str, row: &ReportRun) -> Event {
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

    async fn run(self, job: JobRun) -> Result<Value> {
        let press = Press {
            store: job.service::<FileStore>()?,
            reports: job.service::<Reports>()?,
            speaker: job.service::<Speaker>()?,
        };
        if job.is_dry_run() {
            return Ok(json!({ "reports": self.runs.len() }));
        }
        let keys: Vec<Uuid> = self.runs.iter().map(|id| id.uuid()).collect();
        let mut refused = Vec::new();
        for key in job.pending(&keys).await? {
            refused.extend(press.make(&job, ReportRunId::from_uuid(key)).await?);
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

async fn summary(tx: &mut Tx, runs: &[ReportRunId]) -> Result<Value> {
    use crate::schema::report_run;
    let rows: Vec<(ReportRunId, ReportRunStatus)> = report_run::table
        .filter(report_run::organisation_id.eq(tx.organisation()))
        .filter(report_run::id.eq_any(runs))
        .order(report_run::id)
        .select((report_run::id, report_run::status))
        .load(tx.conn())
        .await?;
    let of = |wanted| -> Vec<ReportRunId> {
        rows.iter()
            .filter(|(_, status)| *status == wanted)
            .map(|(id, _)| *id)
            .collect()
    };
    Ok(json!({
        "done": of(ReportRunStatus::Done),
        "failed": of(ReportRunStatus::Failed),
    }))
}

/// What a report is made with.
struct Press {
    store: Arc<FileStore>,
    reports: Arc<Reports>,
    speaker: Arc<Speaker>,
}

/// A report as made.
struct Made {
    name: String,
    title: String,
    as_of: chrono::NaiveDate,
    rows: usize,
    empty: bool,
    bytes: Vec<u8>,
}

impl Press {
    /// Makes one report and records it, or why it was refused; what can pass is the job's to try
    /// again.
    async fn make(&self, job: &JobRun, id: ReportRunId) -> Result<Option<Vec<Fault>>> {
        let row = job
            .read(move |tx| async move { run::load(tx, id).await }.boxed())
            .await?;
        let made = self.printed(job.db(), job.context(), &row).await;
        let last = job.row().attempt >= job.row().max_attempts;
        match made {
            Ok((reader, made)) => {
                let store = self.store.clone();
                job.item(id.uuid(), move |tx| {
                    async move { record(tx, &store, &row, &reader, made).await }.boxed()
                })
                .await?;
                Ok(None)
            }
            Err(error) => {
                let faults = match error {
                    Error::Refused(faults) => faults,
                    Error::Denied(permission) => vec![denied(permission)],
                    other if last && !matches!(other, Error::Interrupted(_)) => {
                        tracing::error!(report = row.report, error = %other.summary(), "A report failed.");
                        vec![Fault::invalid("kernel.item_bug")]
                    }
                    other => return Err(other),
                };
                let kept = faults.clone();
                job.items(&[id.uuid()], move |tx| {
                    async move { record_failure(tx, &row, kept).await }.boxed()
                })
                .await?;
                Ok(Some(faults))
            }
        }
    }

    /// Computes a report with its reader's rights and writes it.
    async fn printed(
        &self,
        db: &Db,
        like: &Arc<Context>,
        row: &ReportRun,
    ) -> Result<(Reader, Made)> {
        let kind = kind_of(&self.reports, &row.report)?.clone();
        let parameters = row.parameters()?;
        let user = row.user_id;
        let (reader, actor) = db
            .rehearse(like, move |tx| {
                async move {
                    let mut readers = reader::active(tx, &[user]).await?;
                    let gone = || Fault::not_found(fault::RECIPIENT_UNKNOWN);
                    let reader = readers.remove(&user).ok_or_else(gone)?;
                    let actor = reader.actor(tx).await?;
                    Ok((reader, actor))
                }
                .boxed()
            })
            .await?;
        if !recipients::may_see(&actor, &kind, parameters.company) {
            return Err(Error::Denied(kind.permission));
        }
        let context = reader.context(like, actor, row.locale);
        let asked = parameters.clone();
        let (table, company) = db
            .rehearse(&context, move |tx| {
                async move { computed(tx, &kind, &asked).await }.boxed()
            })
            .await?;
        let made = self
            .set(row, &reader, &parameters, company, table, context.now)
            .await?;
        Ok((reader, made))
    }

    /// Sets a computed report in its format, off the runtime's threads.
    async fn set(
        &self,
        row: &ReportRun,
        reader: &Reader,
        parameters: &ReportParameters,
        company: Option<String>,
        table: ReportTable,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Result<Made> {
        let cover = Cover {
            report: &row.report,
            parameters,
            company: company.as_deref(),
            reader: &reader.name,
            locale: row.locale,
            now,
        };
        let document = print::table(&self.speaker, &cover, &table);
        let format = row.format;
        let title = document.title.clone();
        let bytes = tokio::task::spawn_blocking(move || print::bytes(&document, format))
            .await
            .map_err(|error| Error::bug(format!("printing: {error}")))??;
        Ok(Made {
            name: print::file_name(&title, &table, format),
            title,
            as_of: table.as_of,
            rows: table.rows.len(),
            empty: print::is_empty(&table),
            bytes,
        })
    }
}

/// The report, and the name of the company that it is about.
async fn computed(
    tx: &mut Tx,
    kind: &ReportKind,
    parameters: &ReportParameters,
) -> Result<(ReportTable, Option<String>)> {
    let table = kind.run(tx, parameters).await?;
    let company = match parameters.company {
        Some(company) => company_name(tx, company).await?,
        None => None,
    };
    Ok((table, company))
}

async fn company_name(tx: &mut Tx, id: CompanyId) -> Result<Option<String>> {
    use directory::schema::company;
    Ok(company::table
        .find((tx.organisation(), id))
        .select(company::legal_name)
        .first(tx.conn())
        .await
        .optional()?)
}

fn denied(permission: Permission) -> Fault {
    Fault::new(kernel::UserErrorCode::Forbidden, "kernel.forbidden").with("permission", permission)
}

/// Keeps the file of a report for its reader, tells them, and mails it where that was wanted.
async fn record(
    tx: &mut Tx,
    store: &FileStore,
    row: &ReportRun,
    reader: &Reader,
    made: Made,
) -> Result<()> {
    let new = NewFile {
        name: made.name,
        bytes: made.bytes.into(),
        permission: EVERYTHING,
        owner_user: Some(row.user_id),
        company: row.company_id,
        subject: Some(("ReportRun", row.id.uuid())),
    };
    let file = directory::file::store(tx, store, new).await?;
    run::done(tx, row.id, file.id, made.as_of, made.rows).await?;
    let told = told("administration.report_run.produced", row);
    tx.emit(told.set("rows", made.rows)).await?;
    notification::notify(tx, notice(row, REPORT_READY)).await?;
    if !row.by_mail {
        return Ok(());
    }
    let new = NewMail {
        key: format!("report:{}", row.id),
        user: reader.id,
        address: reader.email.clone(),
        name: reader.name.clone(),
        subject: made.title,
        text: covering(row.locale, &file.name, made.empty),
        files: vec![file.id],
        about: ("ReportRun".to_owned(), row.id.uuid()),
    };
    mail::post(tx, new).await?;
    Ok(())
}

/// What the mail of a report says.
fn covering(locale: Locale, name: &str, empty: bool) -> String {
    let speak = |es: String, en: String| match locale {
        Locale::Es => es,
        Locale::En => en,
    };
    let mut text = speak(
        format!("Se adjunta el informe «{name}»."),
        format!("The report “{name}” is attached."),
    );
    if empty {
        text.push_str("\n\n");
        text.push_str(&speak(
            "No hay nada en el periodo pedido.".to_owned(),
            "There is nothing in the period asked for.".to_owned(),
        ));
    }
    text
}

/// Records why a report could not be made, and tells its reader.
async fn record_failure(
    tx: &mut Tx,
    row: &ReportRun,
    faults: Vec<Fault>,
) -> Result<Vec<(Uuid, Vec<Fault>)>> {
    run::gave_up(tx, row.id, &faults).await?;
    tx.emit(told("administration.report_run.failed", row))
        .await?;
    notification::notify(tx, notice(row, REPORT_FAILED)).await?;
    Ok(vec![(row.id.uuid(), faults)])
}

fn notice(row: &ReportRun, kind: &'static str) -> Notify {
    let title = Sentence::new(format!("report.{}", row.report));
    let notice = Notify::new(kind, "ReportRun", row.id, vec![row.user_id]);
    Notify {
        args: Sentence::new(kind).with("report", &title).args,
        key: Some(format!("{kind}:{}", row.id)),
        ..notice
    }
}
