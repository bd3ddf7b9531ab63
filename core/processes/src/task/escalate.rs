//! Escalation: an overdue task presses more, and those above hear of it, once a level.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use kernel::ids::{CompanyId, DepartmentId, RoleId, TaskId, UserId};
use kernel::job::{Job, JobRun};
use kernel::{Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::record::Task;
use super::{rules, store, tell};
use crate::notification::{self, Notify};
use crate::permission::TASK_MANAGE;

/// Tasks of one transaction.
const BATCH: i64 = 200;
/// Rounds of one run at most.
const MOST_ROUNDS: usize = 250;

/// Escalates the tasks whose time is over. Repeats harmlessly.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Escalate {}

impl Job for Escalate {
    const KIND: &'static str = "processes.task_escalate";
    const QUEUE: &'static str = "processes";
    const PERMISSION: Permission = TASK_MANAGE;
    const SCHEDULABLE: bool = true;

    /// Gives `{"escalated": n, "told": m}`.
    async fn run(self, run: JobRun) -> Result<serde_json::Value> {
        let (mut escalated, mut told) = (0, 0);
        for _ in 0..MOST_ROUNDS {
            let round = if run.is_dry_run() {
                run.read(|tx| escalate_due(tx).boxed()).await?
            } else {
                run.write(|tx| escalate_due(tx).boxed()).await?
            };
            escalated += round.escalated;
            told += round.told;
            if round.escalated == 0 || run.is_dry_run() {
                break;
            }
        }
        Ok(json!({ "escalated": escalated, "told": told }))
    }
}

/// What a round of escalation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Escalated {
    /// Tasks that were escalated.
    pub escalated: usize,
    /// Notifications that were made.
    pub told: usize,
}

/// Escalates the tasks that are due for another level, at most 200: their priority rises by a
/// level each, and those who have it, who asked for it and, from the second level on, the managers
/// above are told. Harmless to repeat, and at once.
pub async fn escalate_due(tx: &mut Tx) -> Result<Escalated> {
    let now = tx.now();
    let due = store::take_overdue(tx, now, BATCH).await?;
    let ids: Vec<TaskId> = due.iter().map(|row| row.id).collect();
    let above = by_task(store::managers(tx, &ids).await?);
    let raised: Vec<Task> = due.iter().map(|seen| raised(seen, now)).collect();
    store::save_escalated(tx, &raised).await?;
    let mut notices = Vec::new();
    let mut events = Vec::new();
    let mut queues = HashMap::new();
    for (seen, next) in due.iter().zip(&raised) {
        events.push(
            tell::event("processes.task.escalated", next)
                .changed("escalation", &seen.escalation, &next.escalation)
                .changed("priority", &seen.priority, &next.priority),
        );
        let managers = above.get(&next.id).map(Vec::as_slice).unwrap_or_default();
        let doers = doers(tx, next, &mut queues).await?;
        notices.push(notice(tx, next, doers, managers));
    }
    tx.emit_all(events).await?;
    let told = notification::notify_all(tx, notices).await?;
    Ok(Escalated {
        escalated: due.len(),
        told,
    })
}

/// A task at the level that it is due for.
fn raised(seen: &Task, now: DateTime<Utc>) -> Task {
    let mut next = seen.clone();
    let level = seen
        .due_at
        .map_or(seen.escalation, |due| rules::level(due, now));
    rules::escalate(&mut next, level, now);
    next.version += 1;
    next
}

/// A queue of a role where a task belongs.
type Queue = (RoleId, Option<CompanyId>, Option<DepartmentId>);

/// Who has a task to do; each queue is read once a round.
async fn doers(
    tx: &mut Tx,
    row: &Task,
    queues: &mut HashMap<Queue, Vec<UserId>>,
) -> Result<Vec<UserId>> {
    let (None, Some(role)) = (row.assignee_id, row.role_id) else {
        return Ok(row.assignee_id.into_iter().collect());
    };
    let queue = (role, row.company_id, row.department_id);
    if let Some(known) = queues.get(&queue) {
        return Ok(known.clone());
    }
    let holders = store::queue(tx, role, row.company_id, row.department_id).await?;
    queues.insert(queue, holders.clone());
    Ok(holders)
}

/// Whom a level reaches: from the second on one more manager a level.
fn notice(tx: &Tx, row: &Task, doers: Vec<UserId>, managers: &[UserId]) -> Notify {
    let reach = usize::try_from(row.escalation - 1).unwrap_or_default();
    let above = managers.iter().copied().take(reach);
    let users = doers.into_iter().chain(row.reporter_id).chain(above);
    let notice = tell::notice(tx, row, notification::TASK_ESCALATED, users);
    let due = row.due_at.map(|due| due.timestamp()).unwrap_or_default();
    Notify {
        urgent: true,
        key: Some(format!("task:{}:{due}:{}", row.id, row.escalation)),
        ..notice
    }
}

fn by_task(rows: Vec<(TaskId, UserId)>) -> HashMap<TaskId, Vec<UserId>> {
    let mut found: HashMap<TaskId, Vec<UserId>> = HashMap::new();
    for (task, manager) in rows {
        found.entry(task).or_default().push(manager);
    }
    found
}
