//! Reading tasks. Seen by those who may read them where they belong, and by their own people: who
//! has them to do, who asked for them, who watches them, and who could take them from a queue.

mod aggregate;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{ChecklistItemId, TaskCommentId, TaskId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Predicate, Result, Tx};

use super::record::{ChecklistItem, Task, TaskComment, TaskPriority, TaskStatus};
use super::rules::Hold;
use super::store::hold_of;
use crate::permission::TASK_READ;
use crate::schema::{task, task_checklist, task_comment, task_watcher};

pub use aggregate::{TaskGroupBy, aggregate};

kernel::enum_filter! {
    /// Conditions on where a task stands.
    TaskStatusFilter of TaskStatus
}

kernel::enum_filter! {
    /// Conditions on how much a task presses.
    TaskPriorityFilter of TaskPriority
}

kernel::listing! {
    /// Conditions on tasks.
    filter TaskFilter {
        /// By id.
        id: IdFilter => id,
        /// By title, as a person wrote it.
        title: TextFilter => title,
        /// By where it stands.
        status: TaskStatusFilter => status,
        /// By how much it presses.
        priority: TaskPriorityFilter => priority,
        /// By who has it to do.
        assignee: IdFilter => assignee_id,
        /// By the role in whose queue it waits.
        role: IdFilter => role_id,
        /// By who asked for it.
        reporter: IdFilter => reporter_id,
        /// By company.
        company: IdFilter => company_id,
        /// By department.
        department: IdFilter => department_id,
        /// By the kind of record that it is about, `Finding`.
        subject_kind: TextFilter => subject_kind,
        /// By the record that it is about.
        subject: IdFilter => subject_id,
        /// By until when it has to be done.
        due_at: DateTimeFilter => due_at,
        /// By how often it was escalated.
        escalation: IntFilter => escalation,
        /// By when it was made.
        created_at: DateTimeFilter => created_at,
        /// By when it was closed.
        closed_at: DateTimeFilter => closed_at,
    }
    /// An order of tasks.
    sort TaskSort;
    /// What tasks can be sorted by.
    by TaskSortField {
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
        /// By until when they have to be done; those without a time come last.
        DueAt = "DUE_AT" => due_order,
        /// By how much they press.
        Priority = "PRIORITY" => urgency,
    }
    default CreatedAt Desc;
    search [title, description];
    from "processes" task as Task;
}

/// What is asked of the tasks.
pub type TaskRequest = PageRequest<TaskFilter, TaskSortField>;

/// A page of the tasks that the actor may see.
pub async fn page(tx: &mut Tx, request: TaskRequest) -> Result<Page<Task>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many tasks of the request the actor may see.
pub async fn count(tx: &mut Tx, request: TaskRequest) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The tasks of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<Task>> {
    let visible = visible(tx)?;
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::id.eq_any(ids))
        .filter(visible)
        .select(Task::as_select())
        .load(tx.conn())
        .await?)
}

/// One task, if the actor may see it.
pub async fn find(tx: &mut Tx, id: TaskId) -> Result<Option<Task>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// The checklists of tasks, in order, as far as the actor may see the tasks.
pub async fn checklists_of(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<ChecklistItem>> {
    let ids = seen(tx, ids).await?;
    Ok(task_checklist::table
        .filter(task_checklist::organisation_id.eq(tx.organisation()))
        .filter(task_checklist::task_id.eq_any(ids))
        .order((task_checklist::task_id, task_checklist::position))
        .select(ChecklistItem::as_select())
        .load(tx.conn())
        .await?)
}

/// The points of these ids whose tasks the actor may see.
pub async fn checklist_by_ids(tx: &mut Tx, ids: &[ChecklistItemId]) -> Result<Vec<ChecklistItem>> {
    let visible = visible(tx)?;
    let tasks = task::table.filter(visible).select(task::id);
    Ok(task_checklist::table
        .filter(task_checklist::organisation_id.eq(tx.organisation()))
        .filter(task_checklist::id.eq_any(ids))
        .filter(task_checklist::task_id.eq_any(tasks))
        .select(ChecklistItem::as_select())
        .load(tx.conn())
        .await?)
}

/// The comments on tasks, the oldest first, as far as the actor may see the tasks.
pub async fn comments_of(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<TaskComment>> {
    let ids = seen(tx, ids).await?;
    Ok(task_comment::table
        .filter(task_comment::organisation_id.eq(tx.organisation()))
        .filter(task_comment::task_id.eq_any(ids))
        .order((task_comment::task_id, task_comment::id))
        .select(TaskComment::as_select())
        .load(tx.conn())
        .await?)
}

/// The comments of these ids on tasks that the actor may see.
pub async fn comment_by_ids(tx: &mut Tx, ids: &[TaskCommentId]) -> Result<Vec<TaskComment>> {
    let visible = visible(tx)?;
    let tasks = task::table.filter(visible).select(task::id);
    Ok(task_comment::table
        .filter(task_comment::organisation_id.eq(tx.organisation()))
        .filter(task_comment::id.eq_any(ids))
        .filter(task_comment::task_id.eq_any(tasks))
        .select(TaskComment::as_select())
        .load(tx.conn())
        .await?)
}

/// Who watches tasks, as far as the actor may see the tasks.
pub async fn watchers_of(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<(TaskId, UserId)>> {
    let ids = seen(tx, ids).await?;
    Ok(task_watcher::table
        .filter(task_watcher::organisation_id.eq(tx.organisation()))
        .filter(task_watcher::task_id.eq_any(ids))
        .order((task_watcher::task_id, task_watcher::user_id))
        .select((task_watcher::task_id, task_watcher::user_id))
        .load(tx.conn())
        .await?)
}

/// What the actor is to those of some tasks that they may see.
pub async fn holds_of(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<(TaskId, Hold)>> {
    let rows = by_ids(tx, ids).await?;
    let queued: Vec<TaskId> = match tx.actor().principal.user() {
        Some(me) => {
            task::table
                .filter(task::organisation_id.eq(tx.organisation()))
                .filter(task::id.eq_any(ids))
                .filter(queued(me, &column("id")))
                .select(task::id)
                .load(tx.conn())
                .await?
        }
        None => Vec::new(),
    };
    let hold = |row: &Task| (row.id, hold_of(tx, row, queued.contains(&row.id)));
    Ok(rows.iter().map(hold).collect())
}

async fn seen(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<TaskId>> {
    let visible = visible(tx)?;
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::id.eq_any(ids))
        .filter(visible)
        .select(task::id)
        .load(tx.conn())
        .await?)
}

/// What the actor may see of tasks.
pub(crate) fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.actor().scope(TASK_READ);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    if scope.everywhere {
        return Ok(here);
    }
    let read = Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        Some(&column("department_id")),
    );
    let Some(me) = tx.actor().principal.user() else {
        return match scope.is_nowhere() {
            true => Err(Error::Denied(TASK_READ)),
            false => Ok(here.and(read)),
        };
    };
    Ok(here.and(Predicate::some(vec![
        read,
        Predicate::equal(&column("assignee_id"), me.0),
        Predicate::equal(&column("reporter_id"), me.0),
        watched(me),
        Predicate::sql(format!("{} IS NOT NULL", column("role_id"))).and(queued(me, &column("id"))),
    ])))
}

fn watched(me: UserId) -> Predicate {
    let (organisation, id) = (column("organisation_id"), column("id"));
    Predicate::sql(format!(
        "EXISTS (SELECT FROM processes.task_watcher w \
         WHERE w.organisation_id = {organisation} AND w.task_id = {id} AND w.user_id = "
    ))
    .bind(me.0)
    .then(")")
}

/// That a task, by the column of its id, waits in the queue of a role that a user holds where the
/// task belongs.
pub(crate) fn queued(me: UserId, id: &str) -> Predicate {
    Predicate::sql(format!(
        "{id} IN (SELECT q.id FROM processes.task q JOIN directory.role_assignment a \
         ON a.organisation_id = q.organisation_id AND a.role_id = q.role_id \
         AND (a.company_id IS NULL OR a.company_id = q.company_id) \
         AND (a.department_id IS NULL OR a.department_id = q.department_id) \
         WHERE a.user_id = "
    ))
    .bind(me.0)
    .then(")")
}

fn column(name: &str) -> String {
    kernel::page::quoted("processes", "task", name)
}
