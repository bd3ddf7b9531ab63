//! The press: a report computed with its reader's rights, set in its format, kept for its reader,
//! who is told and, where that was wanted, sent it.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::file::{FileStore, NewFile};
use futures::FutureExt;
use kernel::actor::EVERYTHING;
use kernel::id::TypedId;
use kernel::ids::{CompanyId, ReportRunId};
use kernel::job::JobRun;
use kernel::report::{ReportKind, ReportParameters, ReportTable, Reports};
use kernel::{Actor, Context, Db, Error, Fault, Permission, Result, Speaker, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use uuid::Uuid;

use super::print::{self, Cover};
use super::produce::told;
use super::run::{self, ReportRun, ReportRunStatus};
use super::{REPORT_FAILED, REPORT_READY, kind_of, recipients};
use crate::fault;
use crate::mail::{self, NewMail};
use crate::reader::{self, Reader};

/// What reports are made with.
pub(super) struct Press {
    store: Arc<FileStore>,
    reports: Arc<Reports>,
    speaker: Arc<Speaker>,
}

/// A report as made.
struct Made {
    name: String,
    title: String,
    covering: String,
    as_of: chrono::NaiveDate,
    rows: usize,
    bytes: Vec<u8>,
}

impl Press {
    /// The press with the services of a worker.
    pub(super) fn of(job: &JobRun) -> Result<Self> {
        Ok(Self {
            store: job.service()?,
            reports: job.service()?,
            speaker: job.service()?,
        })
    }

    /// Makes one report and records it, or why it was not made. One that was made before, or that
    /// is another job's, is left as it is.
    ///
    /// # Errors
    /// What can pass, as long as the job has another attempt: it is the job's to try again.
    pub(super) async fn make(&self, job: &JobRun, id: ReportRunId) -> Result<Option<Vec<Fault>>> {
        let row = job
            .read(move |tx| async move { run::load(tx, id).await }.boxed())
            .await?;
        if row.job_id != Some(job.id()) || row.status == ReportRunStatus::Done {
            job.items(&[id.uuid()], |_| async { Ok(Vec::new()) }.boxed())
                .await?;
            return Ok(None);
        }
        match self.printed(job.db(), job.context(), &row).await {
            Ok((reader, made)) => match self.keep(job, &row, reader, made).await {
                Ok(()) => Ok(None),
                Err(error) => give_up(job, row, error).await.map(Some),
            },
            Err(error) => give_up(job, row, error).await.map(Some),
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
        let (reader, actor) = reader_of(db, like, row).await?;
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
        let cover = Cover {
            report: &row.report,
            parameters: &parameters,
            company: company.as_deref(),
            reader: &reader.name,
            locale: row.locale,
            now: context.now,
        };
        let made = self.set(&cover, row, &table).await?;
        Ok((reader, made))
    }

    /// Sets a computed report in its format, off the runtime's threads.
    async fn set(&self, cover: &Cover<'_>, row: &ReportRun, table: &ReportTable) -> Result<Made> {
        let document = print::table(&self.speaker, cover, table);
        let (title, format) = (document.title.clone(), row.format);
        let bytes = tokio::task::spawn_blocking(move || print::bytes(&document, format))
            .await
            .map_err(|error| Error::bug(format!("printing: {error}")))??;
        let name = print::file_name(&title, table, format);
        Ok(Made {
            covering: print::covering(&self.speaker, row.locale, &name, table),
            name,
            title,
            as_of: table.as_of,
            rows: table.rows.len(),
            bytes,
        })
    }

    /// Keeps a made report, together with the mark that it is done.
    async fn keep(&self, job: &JobRun, row: &ReportRun, reader: Reader, made: Made) -> Result<()> {
        let (store, row) = (self.store.clone(), row.clone());
        job.items(&[row.id.uuid()], move |tx| {
            async move {
                record(tx, &store, &row, &reader, made).await?;
                Ok(Vec::new())
            }
            .boxed()
        })
        .await
    }
}

/// The reader of a report, with what they may do now.
async fn reader_of(db: &Db, like: &Arc<Context>, row: &ReportRun) -> Result<(Reader, Actor)> {
    let user = row.user_id;
    db.rehearse(like, move |tx| {
        async move {
            let mut readers = reader::active(tx, &[user]).await?;
            let gone = || Fault::not_found(fault::RECIPIENT_UNKNOWN);
            let reader = readers.remove(&user).ok_or_else(gone)?;
            let actor = reader.actor(tx).await?;
            Ok((reader, actor))
        }
        .boxed()
    })
    .await
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
        key: mail_key(row.id),
        user: reader.id,
        address: reader.email.clone(),
        name: reader.name.clone(),
        subject: made.title,
        text: made.covering,
        files: vec![file.id],
        about: ("ReportRun".to_owned(), row.id.uuid()),
    };
    mail::post(tx, new).await?;
    Ok(())
}

/// What makes the mail of a produced report one and the same.
fn mail_key(id: ReportRunId) -> String {
    format!("report:{id}")
}

/// Records why a report was not made, and gives it; what can pass and what interrupts the job is
/// the job's to deal with.
async fn give_up(job: &JobRun, row: ReportRun, error: Error) -> Result<Vec<Fault>> {
    let last = job.row().attempt >= job.row().max_attempts;
    let faults = match error {
        Error::Refused(faults) => faults,
        Error::Denied(permission) => vec![denied(permission)],
        Error::Interrupted(_) => return Err(error),
        Error::Unavailable(_) if !last => return Err(error),
        other => {
            tracing::error!(report = row.report, error = %other.summary(), "A report failed.");
            vec![Fault::invalid("kernel.item_bug")]
        }
    };
    let kept = faults.clone();
    job.items(&[row.id.uuid()], move |tx| {
        async move { record_failure(tx, &row, kept).await }.boxed()
    })
    .await?;
    Ok(faults)
}

fn denied(permission: Permission) -> Fault {
    Fault::new(kernel::UserErrorCode::Forbidden, "kernel.forbidden").with("permission", permission)
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
