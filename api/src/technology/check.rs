//! Checks through the API: what is looked at, how often, and what was seen.

use async_graphql::{Context, ID, Object, Result, SimpleObject, Union};
use chrono::{DateTime, Utc};
use futures::future::FutureExt;
use kernel::Fault;
use kernel::filter::IdFilter;
use kernel::ids::{CheckId, ScheduleId};
use kernel::job::SCHEDULE_READ;
use technology::check::{
    self, CheckKind, CheckMethod, CheckStatus, IncidentSeverity, SystemCheck as CheckRow,
    SystemCheckCreateInput, SystemCheckFilter, SystemCheckPauseInput, SystemCheckResumeInput,
    SystemCheckRunInput, SystemCheckSort, SystemCheckSortField, SystemCheckUpdateInput,
};
use technology::fault;
use technology::permission::SYSTEM_MANAGE;
use technology::result::{CheckResultFilter, CheckResultSort};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::kernel::schedule::Schedule;
use crate::permission::Permission;
use crate::technology::check_result::CheckResult;
use crate::technology::link::link;
use crate::technology::system::System;
use crate::{noun, payload};

noun! {
    /// Something that is looked at.
    SystemCheck of crate::technology::reach::checks as CheckRow, CheckId;
    listed by SystemCheckFilter, SystemCheckSortField
}

/// Asks a URL and looks at the answer.
#[derive(SimpleObject)]
pub struct HttpProbe {
    /// The URL.
    url: String,
    /// For the headers alone, or for the whole answer.
    method: CheckMethod,
    /// The status that is expected; any from 200 to 299 when null.
    expected_status: Option<i32>,
    /// The text that the answer contains.
    expected_text: Option<String>,
}

/// Connects to a port and hangs up.
#[derive(SimpleObject)]
pub struct TcpProbe {
    /// The host and its port.
    target: String,
}

/// Looks at a host's certificate.
#[derive(SimpleObject)]
pub struct TlsExpiryProbe {
    /// The host and its port.
    target: String,
    /// Days before its end from which on it is a failure.
    warn_days: i32,
}

/// Looks at the organisation's own jobs.
#[derive(SimpleObject)]
pub struct QueueProbe {
    /// The queue; all queues when null.
    queue: Option<String>,
    /// Jobs that may wait.
    most_waiting: i32,
    /// Minutes that the oldest of them may wait.
    most_minutes: i32,
}

/// Looks at the jobs of a schedule.
pub struct ScheduleProbe {
    schedule: Option<ScheduleId>,
    most_minutes: i32,
}

/// Looks at the jobs of a schedule.
#[Object]
impl ScheduleProbe {
    /// The schedule; null when the viewer may not see it.
    async fn schedule(&self, graph: &Context<'_>) -> Result<Option<Schedule>> {
        link(graph, SCHEDULE_READ, self.schedule).await
    }

    /// Minutes after a tick by which its job is to be done, unless the schedule says itself.
    async fn most_minutes(&self) -> i32 {
        self.most_minutes
    }
}

/// What a check looks at.
#[derive(Union)]
pub enum Probe {
    /// The answer to an HTTP request.
    Http(HttpProbe),
    /// Whether somebody listens at a port.
    Tcp(TcpProbe),
    /// When a certificate ends.
    TlsExpiry(TlsExpiryProbe),
    /// How many jobs wait, and for how long.
    Queue(QueueProbe),
    /// Whether the jobs of a schedule are done in time.
    Schedule(ScheduleProbe),
}

impl Probe {
    fn of(row: &CheckRow) -> Self {
        let target = row.target.clone().unwrap_or_default();
        let most_minutes = row.most_minutes.unwrap_or_default();
        match row.kind {
            CheckKind::Http => Self::Http(HttpProbe {
                url: target,
                method: row.method.unwrap_or(CheckMethod::Get),
                expected_status: row.expected_status,
                expected_text: row.expected_text.clone(),
            }),
            CheckKind::Tcp => Self::Tcp(TcpProbe { target }),
            CheckKind::TlsExpiry => Self::TlsExpiry(TlsExpiryProbe {
                target,
                warn_days: row.warn_days.unwrap_or_default(),
            }),
            CheckKind::Queue => Self::Queue(QueueProbe {
                queue: row.queue.clone(),
                most_waiting: row.most_waiting.unwrap_or_default(),
                most_minutes,
            }),
            CheckKind::Schedule => Self::Schedule(ScheduleProbe {
                schedule: row.schedule_id,
                most_minutes,
            }),
        }
    }
}

/// What the viewer may do with a check.
#[derive(SimpleObject)]
pub struct SystemCheckViewerCan {
    /// Change it.
    update: Permission,
    /// Let it rest.
    pause: Permission,
    /// Let it look again.
    resume: Permission,
    /// Have it look now.
    run: Permission,
}

/// Something that is looked at, how often, and when it becomes a matter of concern.
#[Object]
impl SystemCheck {
    /// The check.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its system.
    async fn system(&self, graph: &Context<'_>) -> Result<Option<System>> {
        Call::of(graph)?.load(self.0.system_id).await
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What kind of look it is.
    async fn kind(&self) -> CheckKind {
        self.0.kind
    }

    /// What it looks at.
    async fn probe(&self) -> Probe {
        Probe::of(&self.0)
    }

    /// How bad its incidents are.
    async fn severity(&self) -> IncidentSeverity {
        self.0.severity
    }

    /// Minutes between looks.
    async fn every_minutes(&self) -> i32 {
        self.0.every_minutes
    }

    /// Milliseconds that a look may take.
    async fn timeout_milliseconds(&self) -> i32 {
        self.0.timeout_ms
    }

    /// Failures in a row that open an incident.
    async fn failures_to_open(&self) -> i32 {
        self.0.failures_to_open
    }

    /// Recoveries in a row that close it.
    async fn recoveries_to_close(&self) -> i32 {
        self.0.recoveries_to_close
    }

    /// Whether it looks; false while it rests.
    async fn is_enabled(&self) -> bool {
        self.0.enabled
    }

    /// How it stands.
    async fn status(&self) -> CheckStatus {
        self.0.status
    }

    /// Failures in a row so far.
    async fn failures(&self) -> i32 {
        self.0.failures
    }

    /// When the first of them was.
    async fn failing_since(&self) -> Option<DateTime<Utc>> {
        self.0.failing_since
    }

    /// When it last looked.
    async fn checked_at(&self) -> Option<DateTime<Utc>> {
        self.0.checked_at
    }

    /// When it looks next.
    async fn next_due_at(&self) -> DateTime<Utc> {
        self.0.next_due_at
    }

    /// What it saw, the latest first; kept for ninety days.
    async fn results(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<CheckResultFilter>,
        sort: Option<CheckResultSort>,
    ) -> Result<Connection<CheckResult>> {
        let own = CheckResultFilter {
            check: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            and: filter.map(|filter| vec![filter]),
            ..CheckResultFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<SystemCheckViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let held = || Permission::held(call, SYSTEM_MANAGE, |scope| scope.covers(company, None));
        let only = |fits: bool| {
            if fits {
                return held();
            }
            Permission::refused(call, &Fault::not_allowed(fault::CHECK_STATE))
        };
        Ok(SystemCheckViewerCan {
            update: held(),
            pause: only(self.0.enabled),
            resume: only(!self.0.enabled),
            run: only(self.0.enabled),
        })
    }

    /// What people did to it.
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
    /// What setting up a check gives.
    SystemCheckCreatePayload {
        /// The check.
        system_check: SystemCheck
    }
    /// What changing a check gives.
    SystemCheckUpdatePayload {
        /// The check.
        system_check: SystemCheck
    }
    /// What letting a check rest gives.
    SystemCheckPausePayload {
        /// The check.
        system_check: SystemCheck
    }
    /// What letting a check look again gives.
    SystemCheckResumePayload {
        /// The check.
        system_check: SystemCheck
    }
    /// What having a check look now gives.
    SystemCheckRunPayload {
        /// The job that looks.
        job: Job
    }
}

/// Looks at checks.
#[derive(Default)]
pub struct SystemCheckQuery;

#[Object]
impl SystemCheckQuery {
    /// A check. Needs `technology.system.read`.
    async fn system_check(&self, graph: &Context<'_>, id: CheckId) -> Result<Option<SystemCheck>> {
        find(graph, id).await
    }

    /// Checks. Needs `technology.system.read`.
    async fn system_checks(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SystemCheckFilter>,
        sort: Option<SystemCheckSort>,
        search: Option<String>,
    ) -> Result<Connection<SystemCheck>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on checks.
#[derive(Default)]
pub struct SystemCheckMutation;

#[Object]
impl SystemCheckMutation {
    /// Sets up a check of a system; it looks for the first time at once. An address that may not
    /// be reached fails when it is asked, and says nothing about the system. Needs
    /// `technology.system.manage`.
    async fn system_check_create(
        &self,
        graph: &Context<'_>,
        input: SystemCheckCreateInput,
    ) -> Result<SystemCheckCreatePayload> {
        act(graph, false, |tx| {
            async move { Ok(SystemCheck(check::create(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Changes a check. Needs `technology.system.manage`.
    async fn system_check_update(
        &self,
        graph: &Context<'_>,
        input: SystemCheckUpdateInput,
    ) -> Result<SystemCheckUpdatePayload> {
        act(graph, false, |tx| {
            async move { Ok(SystemCheck(check::update(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Lets a check rest. Needs `technology.system.manage`.
    async fn system_check_pause(
        &self,
        graph: &Context<'_>,
        input: SystemCheckPauseInput,
    ) -> Result<SystemCheckPausePayload> {
        act(graph, false, |tx| {
            async move { Ok(SystemCheck(check::pause(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Lets a check look again, at once. Needs `technology.system.manage`.
    async fn system_check_resume(
        &self,
        graph: &Context<'_>,
        input: SystemCheckResumeInput,
    ) -> Result<SystemCheckResumePayload> {
        act(graph, false, |tx| {
            async move { Ok(SystemCheck(check::resume(tx, input).await?)) }.boxed()
        })
        .await
    }

    /// Has a check look now, due or not. Needs `technology.system.manage`.
    async fn system_check_run(
        &self,
        graph: &Context<'_>,
        input: SystemCheckRunInput,
    ) -> Result<SystemCheckRunPayload> {
        act(graph, false, |tx| {
            async move { Ok(Job(check::enqueue_run(tx, input).await?)) }.boxed()
        })
        .await
    }
}
