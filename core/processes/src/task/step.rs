//! The way of a task: begun, blocked, done, given up, taken up again.

use async_graphql::InputObject;
use kernel::ids::TaskId;
use kernel::{Fault, Result, Tx};

use super::record::{Task, TaskStatus};
use super::rules::{Hold, Step};
use super::{rules, store, tell};
use crate::{fault, notification};

/// Begins a task, or goes on with a blocked one.
#[derive(Clone, Debug, InputObject)]
pub struct TaskStartInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Begins a task, or goes on with a blocked one; who takes it from a queue has it from then on.
///
/// # Errors
/// Not theirs to do; not open or blocked.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn start(tx: &mut Tx, command: TaskStartInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    check(hold.works())?;
    let mut next = seen.clone();
    next.status = Step::Start.take(seen.status)?;
    next.blocked_reason = None;
    next.started_at = Some(tx.now());
    take_from_queue(tx, &mut next, hold);
    save(tx, &seen, next, "processes.task.started").await
}

/// Says that a task can't go on.
#[derive(Clone, Debug, InputObject)]
pub struct TaskBlockInput {
    /// The task.
    pub id: TaskId,
    /// Why it can't, in at most 500 characters.
    pub reason: String,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Says that a task can't go on, and tells who follows it.
///
/// # Errors
/// No reason; not theirs to do; not open or in progress.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn block(tx: &mut Tx, command: TaskBlockInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    check(hold.works())?;
    let reason = rules::text(&command.reason, 500).map_err(|fault| fault.at(["reason"]))?;
    let mut next = seen.clone();
    next.status = Step::Block.take(seen.status)?;
    next.blocked_reason = Some(reason.clone());
    let next = save(tx, &seen, next, "processes.task.blocked").await?;
    let followers = tell::followers(tx, &next).await?;
    let notice = tell::notice(tx, &next, notification::TASK_BLOCKED, followers);
    notification::notify(tx, tell::saying(notice, "reason", &reason)).await?;
    Ok(next)
}

/// Is done with a task.
#[derive(Clone, Debug, InputObject)]
pub struct TaskCompleteInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Is done with a task whose checklist is checked off, and tells who follows it.
///
/// # Errors
/// Not theirs to do; not open or in progress; points that are not checked off.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn complete(tx: &mut Tx, command: TaskCompleteInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    check(hold.works())?;
    let status = Step::Complete.take(seen.status)?;
    let checklist = store::checklist(tx, seen.id).await?;
    let open = checklist
        .iter()
        .filter(|item| item.checked_at.is_none())
        .count();
    if open > 0 {
        let fault = Fault::not_allowed(fault::TASK_CHECKLIST_OPEN).with("open", open);
        return Err(fault.at(["id"]).into());
    }
    let mut next = closed(tx, &seen, status);
    take_from_queue(tx, &mut next, hold);
    let next = save(tx, &seen, next, "processes.task.completed").await?;
    tell_closed(tx, &next, notification::TASK_DONE).await?;
    Ok(next)
}

/// Gives a task up.
#[derive(Clone, Debug, InputObject)]
pub struct TaskCancelInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Gives a task up: who asked for it may, and who manages tasks where it belongs.
///
/// # Errors
/// Not theirs to give up; closed already.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn cancel(tx: &mut Tx, command: TaskCancelInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    check(hold.directs())?;
    let next = closed(tx, &seen, Step::Cancel.take(seen.status)?);
    let next = save(tx, &seen, next, "processes.task.cancelled").await?;
    tell_closed(tx, &next, notification::TASK_CANCELLED).await?;
    Ok(next)
}

/// Takes a closed task up again.
#[derive(Clone, Debug, InputObject)]
pub struct TaskReopenInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Takes a closed task up again, and tells who has it to do.
///
/// # Errors
/// Not theirs to direct; not closed.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn reopen(tx: &mut Tx, command: TaskReopenInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    check(hold.directs())?;
    let mut next = seen.clone();
    next.status = Step::Reopen.take(seen.status)?;
    next.closed_at = None;
    next.closed_by = None;
    next.assigned_at = tx.now();
    let next = save(tx, &seen, next, "processes.task.reopened").await?;
    tell::tell_assigned(tx, &next).await?;
    Ok(next)
}

fn check(may: bool) -> Result<()> {
    if may {
        return Ok(());
    }
    Err(fault::forbidden(fault::TASK_NOT_YOURS).at(["id"]).into())
}

/// A task as it is once it is closed.
pub(super) fn closed(tx: &Tx, seen: &Task, status: TaskStatus) -> Task {
    Task {
        status,
        blocked_reason: None,
        closed_at: Some(tx.now()),
        closed_by: tx.actor().principal.user(),
        ..seen.clone()
    }
}

/// Who takes up what waits in a queue has it from then on.
fn take_from_queue(tx: &Tx, next: &mut Task, hold: Hold) {
    if next.assignee_id.is_none() && hold.queue {
        next.assignee_id = tx.actor().principal.user();
        next.assigned_at = tx.now();
    }
}

/// Writes a step and tells that it happened.
pub(super) async fn save(
    tx: &mut Tx,
    seen: &Task,
    mut next: Task,
    action: &'static str,
) -> Result<Task> {
    store::save(tx, &mut next).await?;
    let event = tell::event(action, &next)
        .changed("status", &seen.status, &next.status)
        .changed("assignee", &seen.assignee_id, &next.assignee_id)
        .changed("blockedReason", &seen.blocked_reason, &next.blocked_reason);
    tx.emit(event).await?;
    Ok(next)
}

async fn tell_closed(tx: &mut Tx, row: &Task, kind: &'static str) -> Result<()> {
    let followers = tell::followers(tx, row).await?;
    let notice = tell::notice(tx, row, kind, followers);
    notification::notify(tx, notice).await
}
