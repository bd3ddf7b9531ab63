//! Produced reports through the API: asked for, followed, and opened by their readers.

use administration::fault;
use administration::mail as mails;
use administration::report::{
    self, ReportFormat, ReportRun as RunRow, ReportRunFilter, ReportRunInput, ReportRunSort,
    ReportRunSortField, ReportRunStatus,
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::ReportRunId;
use kernel::{Date, Fault, Locale, Tx};

use crate::act::{Payload, act};
use crate::administration::mail::Mail;
use crate::administration::report::{reports, title};
use crate::administration::report_cell::ReportParameterValues;
use crate::administration::report_schedule::ReportSchedule;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::{Job, spoken};
use crate::loader::Part;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedUser};

noun! {
    /// A report as produced for one reader.
    ReportRun of administration::report::run as RunRow, ReportRunId;
    listed by ReportRunFilter, ReportRunSortField
}

/// What the viewer may do with a produced report.
#[derive(SimpleObject)]
pub struct ReportRunViewerCan {
    /// Open its file.
    open: Permission,
}

/// A report as produced for one reader, with what that reader may see.
#[Object]
impl ReportRun {
    /// The produced report.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The key of the report.
    async fn key(&self) -> &str {
        &self.0.report
    }

    /// Its title, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        title(graph, &self.0.report)
    }

    /// What it was asked with.
    async fn parameters(&self) -> Result<ReportParameterValues> {
        Ok(ReportParameterValues(self.0.parameters()?))
    }

    /// What it is produced as.
    async fn format(&self) -> ReportFormat {
        self.0.format
    }

    /// Its language.
    async fn locale(&self) -> Locale {
        self.0.locale
    }

    /// Its reader.
    async fn reader(&self) -> NamedUser {
        NamedUser(self.0.user_id)
    }

    /// Who asked for it; null for a schedule.
    async fn requested_by(&self) -> Option<NamedUser> {
        self.0.requested_by.map(NamedUser)
    }

    /// The schedule that made it; null when there is none or the viewer may not see it.
    async fn schedule(&self, graph: &Context<'_>) -> Result<Option<ReportSchedule>> {
        Call::of(graph)?.load_some(self.0.schedule_id).await
    }

    /// The company that it is about.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// Whether it goes to its reader by mail, beside their inbox.
    async fn by_mail(&self) -> bool {
        self.0.by_mail
    }

    /// The mail that it went by; null when there is none or the viewer may not see it.
    async fn mail(&self, graph: &Context<'_>) -> Result<Option<Mail>> {
        let found = Call::of(graph)?.parts::<OfRun>(self.0.id).await?;
        Ok(found.into_iter().next().map(|mail| mail.0))
    }

    /// Where it stands.
    async fn status(&self) -> ReportRunStatus {
        self.0.status
    }

    /// Its file; null until it is made, and for all but its reader and owners.
    async fn file(&self, graph: &Context<'_>) -> Result<Option<File>> {
        Call::of(graph)?.load_some(self.0.file_id).await
    }

    /// The day as of whose end its figures stand.
    async fn as_of(&self) -> Option<Date> {
        self.0.as_of
    }

    /// How many rows it has.
    async fn row_count(&self) -> Option<i32> {
        self.0.row_count
    }

    /// Why it could not be made; empty otherwise.
    async fn user_errors(&self, graph: &Context<'_>) -> Result<Vec<UserError>> {
        Ok(spoken(Call::of(graph)?, self.0.error.as_ref()))
    }

    /// The job that makes it; null for those who may not see it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.job_id).await
    }

    /// When it was asked for.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was made, or given up.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ReportRunViewerCan> {
        let call = Call::of(graph)?;
        let file: Option<File> = call.load_some(self.0.file_id).await?;
        let refused = |reason| Permission::refused(call, &Fault::not_allowed(reason));
        let open = match (self.0.status, file) {
            (ReportRunStatus::Done, Some(_)) => Permission::allowed(),
            (ReportRunStatus::Done, None) => refused(fault::REPORT_OF_ANOTHER),
            _ => refused(fault::REPORT_NOT_MADE),
        };
        Ok(ReportRunViewerCan { open })
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

/// The mail of a produced report.
#[derive(Clone)]
struct OfRun(Mail);

impl Part for OfRun {
    type Of = ReportRunId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ReportRunId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ReportRunId, Self)>>> {
        async move {
            let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
            let rows = mails::about(tx, "ReportRun", &ids).await?;
            let of = rows.into_iter().filter_map(|row| {
                let run = ReportRunId(row.subject_id?);
                Some((run, Self(Mail(row))))
            });
            Ok(of.collect())
        }
        .boxed()
    }
}

/// What having a report produced gives.
#[derive(SimpleObject)]
pub struct ReportRunPayload {
    /// The viewer's own copy.
    report_run: Option<ReportRun>,
    /// The job that makes all copies.
    job: Option<Job>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for ReportRunPayload {
    type Record = (ReportRun, Job);

    fn done((report_run, job): (ReportRun, Job)) -> Self {
        Self {
            report_run: Some(report_run),
            job: Some(job),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            report_run: None,
            job: None,
            user_errors,
        }
    }
}

/// Looks at produced reports.
#[derive(Default)]
pub struct ReportRunQuery;

#[Object]
impl ReportRunQuery {
    /// A produced report: one's own, one that one asked for, or one of a schedule that one may see.
    async fn report_run(&self, graph: &Context<'_>, id: ReportRunId) -> Result<Option<ReportRun>> {
        find(graph, id).await
    }

    /// Produced reports, the newest first: one's own, those that one asked for, and those of
    /// schedules that one may see.
    async fn report_runs(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ReportRunFilter>,
        sort: Option<ReportRunSort>,
        search: Option<String>,
    ) -> Result<Connection<ReportRun>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on produced reports.
#[derive(Default)]
pub struct ReportRunMutation;

#[Object]
impl ReportRunMutation {
    /// Has a report produced as a file, by a job: for the viewer, and for each user that it is
    /// mailed to as they may see it. A dry run checks the wish alone. Needs
    /// `administration.report.run` and the permission of the report itself.
    async fn report_run(
        &self,
        graph: &Context<'_>,
        input: ReportRunInput,
    ) -> Result<ReportRunPayload> {
        let all = reports(Call::of(graph)?)?;
        act(graph, input.dry_run, move |tx| {
            async move {
                let (row, job) = report::produce(tx, &all, input).await?;
                Ok((ReportRun(row), Job(job)))
            }
            .boxed()
        })
        .await
    }
}
