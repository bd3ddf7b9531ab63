//! The job that does nothing but say when it began.

use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trastienda_core::kernel::job::{JOB_MANAGE, Job, JobRun};
use trastienda_core::kernel::{Clock, Permission, Result};

/// Says when its first line ran; what the way of a job through the queues is measured by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ping {}

impl Job for Ping {
    const KIND: &'static str = "kernel.ping";
    const QUEUE: &'static str = "kernel";
    const PERMISSION: Permission = JOB_MANAGE;
    const MAX_ATTEMPTS: i32 = 1;

    /// Gives `{"beganAt": …}`.
    async fn run(self, run: JobRun) -> Result<Value> {
        let began = Clock::System.now();
        run.finish(move |_| async move { Ok(json!({ "beganAt": began })) }.boxed())
            .await
    }
}

/// When a ping's first line ran, by its result.
pub fn began(result: &Value) -> Option<DateTime<Utc>> {
    serde_json::from_value(result.get("beganAt")?.clone()).ok()
}
