//! The alarm of a schedule whose job has not succeeded in the time expected.

use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::actor::Permission;
use crate::error::Result;
use crate::event::Event;
use crate::ids::ScheduleId;
use crate::job::{Job, JobRun, SCHEDULE_MANAGE, SCHEDULE_READ};

/// Tells that a schedule's tick is overdue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ScheduleAlarm {
    /// The schedule.
    pub schedule: ScheduleId,
    /// The tick that was missed.
    pub due_at: DateTime<Utc>,
}

impl Job for ScheduleAlarm {
    const KIND: &'static str = "kernel.schedule_alarm";
    const QUEUE: &'static str = "kernel";
    const PERMISSION: Permission = SCHEDULE_MANAGE;
    const PRIORITY: i16 = 100;

    async fn run(self, run: JobRun) -> Result<Value> {
        tracing::error!(schedule.id = %self.schedule, due = %self.due_at, "A schedule is overdue.");
        run.finish(move |tx| {
            async move {
                let event = Event::new(
                    "kernel.schedule.overdue",
                    "Schedule",
                    self.schedule,
                    SCHEDULE_READ,
                );
                tx.emit(event.set("dueAt", self.due_at)).await?;
                Ok(json!({ "schedule": self.schedule }))
            }
            .boxed()
        })
        .await
    }
}
