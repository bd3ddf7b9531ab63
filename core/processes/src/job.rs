//! The jobs of processes.

use futures::FutureExt;
use kernel::job::{Job, JobRun, Registry};
use kernel::{Permission, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::approval;
use crate::permission::POLICY_MANAGE;
use crate::task;

/// Rounds of one run at most, of 500 steps each.
const MOST_ROUNDS: usize = 100;

/// Adds the jobs of processes to those that workers know.
pub fn register(registry: &mut Registry) {
    registry.register::<EscalateApprovals>();
    registry.register::<task::Escalate>();
}

/// Escalates the steps of approvals that have waited too long. Repeats harmlessly.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EscalateApprovals {}

impl Job for EscalateApprovals {
    const KIND: &'static str = "processes.approval.escalate";
    const QUEUE: &'static str = "processes";
    const PERMISSION: Permission = POLICY_MANAGE;
    const SCHEDULABLE: bool = true;

    /// Gives `{"escalated": n}`.
    async fn run(self, run: JobRun) -> Result<serde_json::Value> {
        let mut escalated = 0;
        for _ in 0..MOST_ROUNDS {
            let round = if run.is_dry_run() {
                run.read(|tx| approval::escalate_due(tx).boxed()).await?
            } else {
                run.write(|tx| approval::escalate_due(tx).boxed()).await?
            };
            escalated += round;
            if round == 0 || run.is_dry_run() {
                break;
            }
        }
        Ok(json!({ "escalated": escalated }))
    }
}
