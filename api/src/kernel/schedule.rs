//! Schedules through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::ids::ScheduleId;
use kernel::schedule::{
    self, CatchUp, ScheduleCreateInput, ScheduleFilter, SchedulePauseInput, ScheduleResumeInput,
    ScheduleRow, ScheduleRunInput, ScheduleSort, ScheduleSortField, ScheduleUpdateInput,
};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::failure::UserError;
use crate::kernel::job::Job;
use crate::{noun, payload};

noun! {
    /// Jobs by the clock.
    Schedule of kernel::schedule as ScheduleRow, ScheduleId;
    listed by ScheduleFilter, ScheduleSortField
}

/// Jobs by the clock of a time zone.
#[Object]
impl Schedule {
    /// The schedule.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The kind of job it makes.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The payload of its jobs, as JSON text.
    async fn payload(&self) -> String {
        self.0.payload.to_string()
    }

    /// When: minute, hour, day of month, month, day of week.
    async fn cron(&self) -> &str {
        &self.0.cron
    }

    /// The IANA zone in which the times are meant.
    async fn zone(&self) -> &str {
        &self.0.zone
    }

    /// What becomes of ticks that nobody was there for.
    async fn catch_up(&self) -> CatchUp {
        self.0.catch_up
    }

    /// Minutes after a tick by which its job must have succeeded.
    async fn expected_within_minutes(&self) -> Option<i32> {
        self.0.expected_within_minutes
    }

    /// Since when it rests.
    async fn paused_at(&self) -> Option<DateTime<Utc>> {
        self.0.paused_at
    }

    /// The next tick.
    async fn next_due_at(&self) -> DateTime<Utc> {
        self.0.next_due_at
    }

    /// The latest tick.
    async fn last_due_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_due_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

payload! {
    /// What making a schedule gives.
    ScheduleCreatePayload {
        /// The schedule.
        schedule: Schedule
    }
    /// What changing a schedule gives.
    ScheduleUpdatePayload {
        /// The schedule.
        schedule: Schedule
    }
    /// What pausing a schedule gives.
    SchedulePausePayload {
        /// The schedule.
        schedule: Schedule
    }
    /// What resuming a schedule gives.
    ScheduleResumePayload {
        /// The schedule.
        schedule: Schedule
    }
}

/// What running a schedule's job now gives.
#[derive(SimpleObject)]
pub struct ScheduleRunPayload {
    /// The schedule.
    schedule: Option<Schedule>,
    /// The job that was made.
    job: Option<Job>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for ScheduleRunPayload {
    type Record = (Schedule, Job);

    fn done((schedule, job): (Schedule, Job)) -> Self {
        Self {
            schedule: Some(schedule),
            job: Some(job),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            schedule: None,
            job: None,
            user_errors,
        }
    }
}

/// Looks at schedules.
#[derive(Default)]
pub struct ScheduleQuery;

#[Object]
impl ScheduleQuery {
    /// A schedule. Needs `kernel.schedule.read`.
    async fn schedule(&self, graph: &Context<'_>, id: ScheduleId) -> Result<Option<Schedule>> {
        find(graph, id).await
    }

    /// Schedules. Needs `kernel.schedule.read`.
    async fn schedules(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ScheduleFilter>,
        sort: Option<ScheduleSort>,
        search: Option<String>,
    ) -> Result<Connection<Schedule>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }

    /// The kinds of job that a schedule can make.
    async fn job_kinds(&self, graph: &Context<'_>) -> Result<Vec<String>> {
        let kinds = Call::of(graph)?.core().registry.schedulable();
        Ok(kinds.iter().map(|kind| kind.name.to_owned()).collect())
    }
}

/// Acts on schedules.
#[derive(Default)]
pub struct ScheduleMutation;

#[Object]
impl ScheduleMutation {
    /// Makes a schedule. Needs `kernel.schedule.manage` and the right to what its jobs do.
    async fn schedule_create(
        &self,
        graph: &Context<'_>,
        input: ScheduleCreateInput,
    ) -> Result<ScheduleCreatePayload> {
        let core = Call::of(graph)?.core().clone();
        act(graph, false, |tx| {
            Box::pin(
                async move { Ok(Schedule(schedule::create(tx, &core.registry, input).await?)) },
            )
        })
        .await
    }

    /// Changes a schedule; its next tick is worked out anew. Needs `kernel.schedule.manage`.
    async fn schedule_update(
        &self,
        graph: &Context<'_>,
        input: ScheduleUpdateInput,
    ) -> Result<ScheduleUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Schedule(schedule::update(tx, input).await?)) })
        })
        .await
    }

    /// Lets a schedule rest. Needs `kernel.schedule.manage`.
    async fn schedule_pause(
        &self,
        graph: &Context<'_>,
        input: SchedulePauseInput,
    ) -> Result<SchedulePausePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Schedule(schedule::pause(tx, input).await?)) })
        })
        .await
    }

    /// Wakes a schedule; the ticks of its rest are not made up for. Needs
    /// `kernel.schedule.manage`.
    async fn schedule_resume(
        &self,
        graph: &Context<'_>,
        input: ScheduleResumeInput,
    ) -> Result<ScheduleResumePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Schedule(schedule::resume(tx, input).await?)) })
        })
        .await
    }

    /// Makes a schedule's job now, on one's own behalf. Needs `kernel.schedule.manage` and the right
    /// to what the job does.
    async fn schedule_run(
        &self,
        graph: &Context<'_>,
        input: ScheduleRunInput,
    ) -> Result<ScheduleRunPayload> {
        let core = Call::of(graph)?.core().clone();
        act(graph, false, |tx| {
            Box::pin(async move {
                let (row, job) = schedule::run_now(tx, &core.registry, input).await?;
                Ok((Schedule(row), Job(job)))
            })
        })
        .await
    }
}
