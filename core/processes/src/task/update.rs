//! Changing what a task asks for, giving it to somebody else, and following it.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use kernel::ids::{RoleId, TaskId, UserId};
use kernel::{Date, Fault, Faults, Result, Tx};

use super::create::{path, take};
use super::record::{Task, TaskPriority};
use super::{rules, store, tell};
use crate::fault;

/// Changes what a task asks for.
#[derive(Clone, Debug, InputObject)]
pub struct TaskUpdateInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
    /// What changes: what is absent stays, null clears.
    pub patch: TaskPatch,
}

/// What of a task changes.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TaskPatch {
    /// What is to be done, in at most 200 characters.
    pub title: MaybeUndefined<String>,
    /// More about it, in at most 4,000 characters of plain text.
    pub description: MaybeUndefined<String>,
    /// How much it presses.
    pub priority: MaybeUndefined<TaskPriority>,
    /// Until the end of which day it has to be done, where its company is; or `dueAt`.
    pub due_date: MaybeUndefined<Date>,
    /// Until which instant it has to be done; or `dueDate`.
    pub due_at: MaybeUndefined<DateTime<Utc>>,
    /// Who watches it from now on, too; 20 at most.
    #[graphql(default)]
    pub add_watcher_ids: Vec<UserId>,
    /// Who no longer watches it.
    #[graphql(default)]
    pub remove_watcher_ids: Vec<UserId>,
}

/// Changes what a task asks for: who asked for it may, and who manages tasks where it belongs.
///
/// # Errors
/// Every fault of the input at once; stale when the task has changed.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: TaskUpdateInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    if !hold.directs() {
        return Err(fault::forbidden(fault::TASK_NOT_YOURS).at(["id"]).into());
    }
    let patch = command.patch;
    let mut next = seen.clone();
    let mut faults = Faults::new();
    retitle(&mut next, &patch, &mut faults);
    if let Some(priority) = patch.priority.value() {
        next.set_priority(*priority);
    }
    redate(tx, &mut next, &patch, &mut faults).await?;
    check_watchers(tx, &patch, &mut faults).await?;
    faults.finish()?;
    store::unwatch(tx, next.id, &patch.remove_watcher_ids).await?;
    store::watch(tx, next.id, &patch.add_watcher_ids).await?;
    store::save(tx, &mut next).await?;
    let event = tell::event("processes.task.updated", &next)
        .changed("title", &seen.title, &next.title)
        .changed("description", &seen.description, &next.description)
        .changed("priority", &seen.priority, &next.priority)
        .changed("dueAt", &seen.due_at, &next.due_at);
    tx.emit(event).await?;
    Ok(next)
}

fn retitle(next: &mut Task, patch: &TaskPatch, faults: &mut Faults) {
    match &patch.title {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => {
            faults.push(Fault::invalid("kernel.required").at(["patch", "title"]));
        }
        MaybeUndefined::Value(title) => {
            next.title = Some(take(faults, &["patch", "title"], rules::text(title, 200)));
            next.title_key = None;
            next.title_args = serde_json::json!({});
        }
    }
    match &patch.description {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => next.description = None,
        MaybeUndefined::Value(text) => {
            let text = rules::optional(Some(text), 4_000);
            next.description = take(faults, &["patch", "description"], text);
        }
    }
}

async fn redate(
    tx: &mut Tx,
    next: &mut Task,
    patch: &TaskPatch,
    faults: &mut Faults,
) -> Result<()> {
    let day = patch.due_date.value().copied();
    match (&patch.due_date, &patch.due_at) {
        (MaybeUndefined::Value(_), MaybeUndefined::Value(_)) => {
            faults.push(Fault::invalid(fault::TASK_DUE_TWICE).at(["patch", "dueAt"]));
        }
        (MaybeUndefined::Value(_), _) => {
            let place = store::place(tx, next.company_id, None, day).await?;
            next.set_due(take(faults, &["patch", "dueDate"], place));
        }
        (_, MaybeUndefined::Value(at)) => next.set_due(Some(*at)),
        (MaybeUndefined::Null, _) | (_, MaybeUndefined::Null) => next.set_due(None),
        (MaybeUndefined::Undefined, MaybeUndefined::Undefined) => {}
    }
    Ok(())
}

async fn check_watchers(tx: &mut Tx, patch: &TaskPatch, faults: &mut Faults) -> Result<()> {
    let too_many = |field: &str| {
        Fault::invalid(fault::TASK_TOO_MANY_PEOPLE)
            .with("most", rules::MOST_PEOPLE)
            .at(["patch", field])
    };
    let (added, removed) = (&patch.add_watcher_ids, &patch.remove_watcher_ids);
    faults.check(added.len() <= rules::MOST_PEOPLE, || {
        too_many("addWatcherIds")
    });
    faults.check(removed.len() <= rules::MOST_PEOPLE, || {
        too_many("removeWatcherIds")
    });
    let named: Vec<_> = added
        .iter()
        .take(rules::MOST_PEOPLE)
        .enumerate()
        .map(|(index, id)| (path(&["patch", "addWatcherIds", &index.to_string()]), *id))
        .collect();
    store::check_people(tx, &named, None, faults).await
}

/// Gives a task to somebody, or back to the queue of a role.
#[derive(Clone, Debug, InputObject)]
pub struct TaskAssignInput {
    /// The task.
    pub id: TaskId,
    /// Who is to do it.
    pub assignee_id: Option<UserId>,
    /// The role whose holders take it; the one it has when absent.
    pub role_id: Option<RoleId>,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Gives a task to somebody, or back to the queue of a role; who has it now is told.
///
/// # Errors
/// A closed task; people who are not there; nobody at all.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn assign(tx: &mut Tx, command: TaskAssignInput) -> Result<Task> {
    let (seen, hold) = store::lock(tx, command.id, command.expected_version).await?;
    if !hold.assigns() {
        return Err(fault::forbidden(fault::TASK_NOT_YOURS).at(["id"]).into());
    }
    let mut faults = Faults::new();
    faults.check(seen.status.is_alive(), || {
        Fault::not_allowed(fault::TASK_NOT_IN_STATE)
            .with("status", seen.status)
            .at(["id"])
    });
    let role = command.role_id.or(seen.role_id);
    faults.check(command.assignee_id.is_some() || role.is_some(), || {
        Fault::invalid(fault::TASK_FOR_NOBODY).at(["assigneeId"])
    });
    let named: Vec<_> = command
        .assignee_id
        .map(|id| (path(&["assigneeId"]), id))
        .into_iter()
        .collect();
    store::check_people(tx, &named, command.role_id, &mut faults).await?;
    faults.finish()?;
    let mut next = Task {
        assignee_id: command.assignee_id,
        role_id: role,
        assigned_at: tx.now(),
        ..seen.clone()
    };
    store::save(tx, &mut next).await?;
    let event = tell::event("processes.task.assigned", &next)
        .changed("assignee", &seen.assignee_id, &next.assignee_id)
        .changed("role", &seen.role_id, &next.role_id);
    tx.emit(event).await?;
    tell::tell_assigned(tx, &next).await?;
    Ok(next)
}

/// Follows a task that one sees, or no longer.
#[derive(Clone, Debug, InputObject)]
pub struct TaskWatchInput {
    /// The task.
    pub id: TaskId,
    /// Whether to follow it.
    pub watch: bool,
}

/// Makes the actor a watcher of a task that they see, or no longer one.
///
/// # Errors
/// Not found when it is not the actor's to see; only people watch.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn watch(tx: &mut Tx, command: TaskWatchInput) -> Result<Task> {
    let (row, _) = store::lock(tx, command.id, None).await?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| fault::forbidden(fault::INBOX_OF_PEOPLE))?;
    if command.watch {
        store::watch(tx, row.id, &[me]).await?;
    } else {
        store::unwatch(tx, row.id, &[me]).await?;
    }
    Ok(row)
}
