//! Schedules of reports through the API: which report, for what period, when, and for whom.

use administration::fault;
use administration::permission::REPORT_SCHEDULE;
use administration::report::{
    self, ReportFormat, ReportPeriod, ReportRunFilter, ReportRunSort,
    ReportSchedule as ScheduleRow, ReportScheduleArchiveInput, ReportScheduleCreateInput,
    ReportScheduleFilter, ReportScheduleRunInput, ReportScheduleSort, ReportScheduleSortField,
    ReportScheduleUpdateInput,
};
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use kernel::filter::IdFilter;
use kernel::ids::ReportScheduleId;
use kernel::{Fault, Locale};

use crate::act::{Payload, act};
use crate::administration::report::{reports, title};
use crate::administration::report_cell::ReportParameterValues;
use crate::administration::report_run::ReportRun;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::kernel::schedule::Schedule;
use crate::permission::Permission;
use crate::processes::named::{self, NamedUser};
use crate::{noun, payload};

noun! {
    /// A report that is made by the clock.
    ReportSchedule of administration::report::schedule as ScheduleRow, ReportScheduleId;
    listed by ReportScheduleFilter, ReportScheduleSortField
}

/// What the viewer may do with a schedule of a report.
#[derive(SimpleObject)]
pub struct ReportScheduleViewerCan {
    /// Change it.
    update: Permission,
    /// Archive it.
    archive: Permission,
    /// Have its reports made now.
    run: Permission,
}

/// A report that is made by the clock, for each of its readers as they may see it.
#[Object]
impl ReportSchedule {
    /// The schedule.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The key of the report.
    async fn key(&self) -> &str {
        &self.0.report
    }

    /// The title of the report, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        title(graph, &self.0.report)
    }

    /// What the report is asked with, beside the period.
    async fn parameters(&self) -> Result<ReportParameterValues> {
        Ok(ReportParameterValues(self.0.parameters()?))
    }

    /// The days that it covers, counted from the day of making; null when the parameters say.
    async fn period(&self) -> Option<ReportPeriod> {
        self.0.period
    }

    /// What it is produced as.
    async fn format(&self) -> ReportFormat {
        self.0.format
    }

    /// Its language; null for that of each reader.
    async fn locale(&self) -> Option<Locale> {
        self.0.locale
    }

    /// When: minute, hour, day of month, month, day of week.
    async fn cron(&self) -> &str {
        &self.0.cron
    }

    /// The IANA zone in which the times are meant.
    async fn zone(&self) -> &str {
        &self.0.zone
    }

    /// Its readers.
    async fn recipients(&self) -> Vec<NamedUser> {
        named::users(&self.0.recipient_ids)
    }

    /// Whether it goes to them by mail, beside their inbox.
    async fn by_mail(&self) -> bool {
        self.0.by_mail
    }

    /// The company that it is about.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// The clock behind it, with its next tick, which can be paused and resumed; null for those
    /// who may not see it.
    async fn schedule(&self, graph: &Context<'_>) -> Result<Option<Schedule>> {
        Call::of(graph)?.load(self.0.schedule_id).await
    }

    /// The reports that it made, the newest first.
    async fn runs(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ReportRunFilter>,
        sort: Option<ReportRunSort>,
    ) -> Result<Connection<ReportRun>> {
        let own = ReportRunFilter {
            schedule: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            and: filter.map(|filter| vec![filter]),
            ..ReportRunFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Who made it.
    async fn created_by(&self) -> NamedUser {
        NamedUser(self.0.created_by)
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ReportScheduleViewerCan> {
        let call = Call::of(graph)?;
        let own = call.actor().principal.user() == Some(self.0.created_by);
        let may = if self.0.archived_at.is_some() {
            Permission::refused(call, &Fault::not_allowed(fault::ARCHIVED))
        } else {
            Permission::held(call, REPORT_SCHEDULE, |scope| {
                let reached = own || scope.covers(self.0.company_id, None);
                !scope.is_nowhere() && reached
            })
        };
        Ok(ReportScheduleViewerCan {
            update: may.clone(),
            archive: may.clone(),
            run: may,
        })
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

payload! {
    /// What making a schedule of a report gives.
    ReportScheduleCreatePayload {
        /// The schedule.
        report_schedule: ReportSchedule
    }
    /// What changing a schedule of a report gives.
    ReportScheduleUpdatePayload {
        /// The schedule.
        report_schedule: ReportSchedule
    }
    /// What archiving a schedule of a report gives.
    ReportScheduleArchivePayload {
        /// The schedule.
        report_schedule: ReportSchedule
    }
}

/// What running a schedule of a report now gives.
#[derive(SimpleObject)]
pub struct ReportScheduleRunPayload {
    /// The schedule.
    report_schedule: Option<ReportSchedule>,
    /// The job that wants the reports.
    job: Option<Job>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for ReportScheduleRunPayload {
    type Record = (ReportSchedule, Job);

    fn done((report_schedule, job): (ReportSchedule, Job)) -> Self {
        Self {
            report_schedule: Some(report_schedule),
            job: Some(job),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            report_schedule: None,
            job: None,
            user_errors,
        }
    }
}

/// Looks at schedules of reports.
#[derive(Default)]
pub struct ReportScheduleQuery;

#[Object]
impl ReportScheduleQuery {
    /// A schedule of a report. Needs `administration.report.schedule`.
    async fn report_schedule(
        &self,
        graph: &Context<'_>,
        id: ReportScheduleId,
    ) -> Result<Option<ReportSchedule>> {
        find(graph, id).await
    }

    /// Schedules of reports: those about the companies of one's right, and those of one's own
    /// making. Needs `administration.report.schedule`.
    async fn report_schedules(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ReportScheduleFilter>,
        sort: Option<ReportScheduleSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<ReportSchedule>> {
        let slice = Slice::new(first, after, last, before);
        let request = slice.of(filter, sort, search);
        connect(graph, request.with_archived(include_archived)).await
    }
}

/// Acts on schedules of reports.
#[derive(Default)]
pub struct ReportScheduleMutation;

#[Object]
impl ReportScheduleMutation {
    /// Has a report produced by the clock. Needs `administration.report.schedule` and the
    /// permission of the report itself.
    async fn report_schedule_create(
        &self,
        graph: &Context<'_>,
        input: ReportScheduleCreateInput,
    ) -> Result<ReportScheduleCreatePayload> {
        let all = reports(Call::of(graph)?)?;
        act(graph, false, move |tx| {
            async move { Ok(ReportSchedule(report::create(tx, &all, input).await?)) }.boxed()
        })
        .await
    }

    /// Changes a schedule of a report. Needs `administration.report.schedule` and the permission
    /// of the report itself.
    async fn report_schedule_update(
        &self,
        graph: &Context<'_>,
        input: ReportScheduleUpdateInput,
    ) -> Result<ReportScheduleUpdatePayload> {
        let all = reports(Call::of(graph)?)?;
        act(graph, false, move |tx| {
            async move { Ok(ReportSchedule(report::update(tx, &all, input).await?)) }.boxed()
        })
        .await
    }

    /// Archives a schedule of a report: it makes no more; what it made stays. Needs
    /// `administration.report.schedule`.
    async fn report_schedule_archive(
        &self,
        graph: &Context<'_>,
        input: ReportScheduleArchiveInput,
    ) -> Result<ReportScheduleArchivePayload> {
        act(graph, false, |tx| {
            async move { Ok(ReportSchedule(report::archive(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Makes the reports of a schedule now, for its readers; its ticks stay as they are. A dry run
    /// tells how many it would make and refuse. Needs `administration.report.schedule`.
    async fn report_schedule_run(
        &self,
        graph: &Context<'_>,
        input: ReportScheduleRunInput,
    ) -> Result<ReportScheduleRunPayload> {
        act(graph, false, |tx| {
            async move {
                let (row, job) = report::run_now(tx, input).await?;
                Ok((ReportSchedule(row), Job(job)))
            }
            .boxed()
        })
        .await
    }
}
