//! The SQL of tasks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, DepartmentId, RoleId, TaskId, UserId};
use kernel::{Date, Fault, Result, Tx};
use uuid::Uuid;

use super::list::visible;
use super::record::{ChecklistItem, Task, TaskStatus};
use super::rules::{Hold, LEVEL_HOURS};
use crate::permission::{TASK_MANAGE, TASK_READ};
use crate::schema::{task, task_checklist, task_watcher};
use crate::{authority, fault};

/// A task that the actor may see, locked, and what they are to it.
pub(super) async fn lock(tx: &mut Tx, id: TaskId, version: Option<i32>) -> Result<(Task, Hold)> {
    let seen = visible(tx)?;
    let found: Option<Task> = task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::id.eq(id))
        .filter(seen)
        .select(Task::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let row = found.ok_or_else(|| Fault::not_found(fault::TASK_NOT_FOUND).at(["id"]))?;
    if version.is_some_and(|version| version != row.version) {
        return Err(Fault::stale().into());
    }
    let hold = hold(tx, &row).await?;
    Ok((row, hold))
}

/// What the actor is to a task.
async fn hold(tx: &mut Tx, row: &Task) -> Result<Hold> {
    let queued = match (tx.actor().principal.user(), row.role_id) {
        (Some(me), Some(role)) => {
            let holders = queue(tx, role, row.company_id, row.department_id).await?;
            holders.contains(&me)
        }
        _ => false,
    };
    Ok(hold_of(tx, row, queued))
}

/// What the actor is to a task, given whether they hold the role of its queue.
pub(super) fn hold_of(tx: &Tx, row: &Task, queue: bool) -> Hold {
    let me = tx.actor().principal.user();
    let covered = |name| {
        let scope = tx.actor().scope(name);
        scope.covers(row.company_id, row.department_id)
    };
    Hold {
        assignee: me.is_some() && row.assignee_id == me,
        reporter: me.is_some() && row.reporter_id == me,
        queue,
        manager: covered(TASK_READ) && covered(TASK_MANAGE),
    }
}

/// The active holders of a role where a task belongs.
pub(super) async fn queue(
    tx: &mut Tx,
    role: RoleId,
    company: Option<CompanyId>,
    department: Option<DepartmentId>,
) -> Result<Vec<UserId>> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = sql::Uuid)]
        user_id: UserId,
    }
    let rows: Vec<Holder> = diesel::sql_query(
        "SELECT DISTINCT a.user_id FROM directory.role_assignment a \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND u.id = a.user_id \
         WHERE a.organisation_id = $1 AND a.role_id = $2 AND u.active \
         AND (a.company_id IS NULL OR a.company_id = $3) \
         AND (a.department_id IS NULL OR a.department_id = $4) ORDER BY a.user_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(role)
    .bind::<sql::Nullable<sql::Uuid>, _>(company)
    .bind::<sql::Nullable<sql::Uuid>, _>(department)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.user_id).collect())
}

/// Writes a new task; `None` when its source has made one before.
pub(super) async fn insert(tx: &mut Tx, row: &Task) -> Result<Option<Task>> {
    let made: Option<Task> = diesel::insert_into(task::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(Task::as_returning())
        .get_result(tx.conn())
        .await
        .optional()?;
    Ok(made)
}

/// Writes a changed task with its next version.
pub(super) async fn save(tx: &mut Tx, row: &mut Task) -> Result<()> {
    row.version += 1;
    diesel::update(task::table.find((row.organisation_id, row.id)))
        .set(&*row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The task that a source has made, locked.
pub(super) async fn of_source(tx: &mut Tx, key: &str) -> Result<Option<Task>> {
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::source_key.eq(key))
        .select(Task::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?)
}

/// The tasks that some sources have made, locked.
pub(super) async fn of_sources(tx: &mut Tx, keys: &[String]) -> Result<Vec<Task>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::source_key.eq_any(keys))
        .order(task::id)
        .select(Task::as_select())
        .for_update()
        .load(tx.conn())
        .await?)
}

/// Adds watchers; who watches already goes on.
pub(super) async fn watch(tx: &mut Tx, id: TaskId, users: &[UserId]) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            (
                task_watcher::organisation_id.eq(tx.organisation()),
                task_watcher::task_id.eq(id),
                task_watcher::user_id.eq(*user),
            )
        })
        .collect();
    diesel::insert_into(task_watcher::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes watchers.
pub(super) async fn unwatch(tx: &mut Tx, id: TaskId, users: &[UserId]) -> Result<()> {
    let rows = task_watcher::table
        .filter(task_watcher::organisation_id.eq(tx.organisation()))
        .filter(task_watcher::task_id.eq(id))
        .filter(task_watcher::user_id.eq_any(users));
    diesel::delete(rows).execute(tx.conn()).await?;
    Ok(())
}

/// Who watches a task.
pub(super) async fn watchers(tx: &mut Tx, id: TaskId) -> Result<Vec<UserId>> {
    Ok(task_watcher::table
        .filter(task_watcher::organisation_id.eq(tx.organisation()))
        .filter(task_watcher::task_id.eq(id))
        .order(task_watcher::user_id)
        .select(task_watcher::user_id)
        .load(tx.conn())
        .await?)
}

/// The checklist of a task, in order. Whoever changes it holds the task's lock.
pub(super) async fn checklist(tx: &mut Tx, id: TaskId) -> Result<Vec<ChecklistItem>> {
    Ok(task_checklist::table
        .filter(task_checklist::organisation_id.eq(tx.organisation()))
        .filter(task_checklist::task_id.eq(id))
        .order(task_checklist::position)
        .select(ChecklistItem::as_select())
        .load(tx.conn())
        .await?)
}

/// Writes the checklist of a task as a whole: what is left out is gone.
pub(super) async fn write_checklist(
    tx: &mut Tx,
    id: TaskId,
    items: &[ChecklistItem],
) -> Result<()> {
    let rows = task_checklist::table
        .filter(task_checklist::organisation_id.eq(tx.organisation()))
        .filter(task_checklist::task_id.eq(id));
    diesel::delete(rows).execute(tx.conn()).await?;
    if !items.is_empty() {
        diesel::insert_into(task_checklist::table)
            .values(items)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// The end of a day where a company is, or in UTC without one; the fault when there is no such
/// company, or no such department in it.
pub(super) async fn place(
    tx: &mut Tx,
    company: Option<CompanyId>,
    department: Option<DepartmentId>,
    day: Option<Date>,
) -> Result<Result<Option<DateTime<Utc>>, Fault>> {
    #[derive(QueryableByName)]
    struct Place {
        #[diesel(sql_type = sql::Bool)]
        company_known: bool,
        #[diesel(sql_type = sql::Bool)]
        department_known: bool,
        #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
        day_ends: Option<DateTime<Utc>>,
    }
    let place: Place = diesel::sql_query(
        "SELECT ($2 IS NULL OR c.id IS NOT NULL) AS company_known, \
            ($3 IS NULL OR EXISTS (SELECT FROM directory.department d \
                WHERE d.organisation_id = $1 AND d.company_id = $2 AND d.id = $3 \
                AND d.archived_at IS NULL)) AS department_known, \
            (($4 + 1)::timestamp AT TIME ZONE coalesce(c.zone, 'UTC')) AS day_ends \
         FROM (SELECT 1) one LEFT JOIN directory.company c \
            ON c.organisation_id = $1 AND c.id = $2 AND c.archived_at IS NULL",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Nullable<sql::Uuid>, _>(company)
    .bind::<sql::Nullable<sql::Uuid>, _>(department)
    .bind::<sql::Nullable<sql::Date>, _>(day)
    .get_result(tx.conn())
    .await?;
    Ok(match (place.company_known, place.department_known) {
        (false, _) => Err(Fault::not_found(fault::TASK_COMPANY_UNKNOWN).at(["companyId"])),
        (true, false) => Err(Fault::not_found(fault::TASK_DEPARTMENT_UNKNOWN).at(["departmentId"])),
        (true, true) => Ok(place.day_ends),
    })
}

/// Locks the tasks that are due for another level of escalation, the longest overdue first.
pub(super) async fn take_overdue(tx: &mut Tx, now: DateTime<Utc>, most: i64) -> Result<Vec<Task>> {
    let before = |level: usize| {
        let hours = LEVEL_HOURS.get(level).copied().unwrap_or_default();
        now - chrono::TimeDelta::hours(hours)
    };
    let waits =
        |level: i32, until: DateTime<Utc>| task::escalation.eq(level).and(task::due_at.lt(until));
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::status.eq_any(TaskStatus::ALIVE))
        .filter(task::due_at.is_not_null())
        .filter(
            waits(0, before(0))
                .or(waits(1, before(1)))
                .or(waits(2, before(2))),
        )
        .order((task::due_at, task::id))
        .limit(most)
        .select(Task::as_select())
        .for_update()
        .skip_locked()
        .load(tx.conn())
        .await?)
}

/// Writes the levels of escalated tasks with their next versions, in one statement.
pub(super) async fn save_escalated(tx: &mut Tx, rows: &[Task]) -> Result<()> {
    let ids: Vec<TaskId> = rows.iter().map(|row| row.id).collect();
    let levels: Vec<i32> = rows.iter().map(|row| row.escalation).collect();
    let priorities: Vec<&str> = rows.iter().map(|row| row.priority.text()).collect();
    let urgencies: Vec<i16> = rows.iter().map(|row| row.urgency).collect();
    diesel::sql_query(
        "UPDATE processes.task t SET escalation = n.escalation, escalated_at = $2, \
            priority = n.priority, urgency = n.urgency, version = t.version + 1 \
         FROM unnest($3, $4, $5, $6) AS n(id, escalation, priority, urgency) \
         WHERE t.organisation_id = $1 AND t.id = n.id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Timestamptz, _>(tx.now())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Array<sql::Integer>, _>(levels)
    .bind::<sql::Array<sql::Text>, _>(priorities)
    .bind::<sql::Array<sql::SmallInt>, _>(urgencies)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The managers above each task, nearest first: of its department, or else of those in which its
/// assignee has a role, and of the departments above. Never the assignee.
pub(super) async fn managers(tx: &mut Tx, ids: &[TaskId]) -> Result<Vec<(TaskId, UserId)>> {
    #[derive(QueryableByName)]
    struct Above {
        #[diesel(sql_type = sql::Uuid)]
        task_id: TaskId,
        #[diesel(sql_type = sql::Uuid)]
        manager_id: UserId,
    }
    let rows: Vec<Above> = diesel::sql_query(
        "WITH RECURSIVE seat AS ( \
            SELECT t.id AS task_id, t.assignee_id, \
                coalesce(t.department_id, a.department_id) AS department_id \
            FROM processes.task t LEFT JOIN directory.role_assignment a \
                ON a.organisation_id = t.organisation_id AND a.user_id = t.assignee_id \
                AND a.department_id IS NOT NULL AND t.department_id IS NULL \
            WHERE t.organisation_id = $1 AND t.id = ANY($2) \
         ), up AS ( \
            SELECT s.task_id, s.assignee_id, d.id, d.parent_id, d.manager_id, 1 AS step \
            FROM seat s JOIN directory.department d \
                ON d.organisation_id = $1 AND d.id = s.department_id \
            UNION \
            SELECT u.task_id, u.assignee_id, d.id, d.parent_id, d.manager_id, u.step + 1 \
            FROM up u JOIN directory.department d \
                ON d.organisation_id = $1 AND d.id = u.parent_id WHERE u.step < 20 \
         ) \
         SELECT u.task_id, u.manager_id FROM up u JOIN directory.\"user\" m \
            ON m.organisation_id = $1 AND m.id = u.manager_id AND m.active \
         WHERE u.manager_id IS DISTINCT FROM u.assignee_id \
         GROUP BY u.task_id, u.manager_id ORDER BY u.task_id, min(u.step), u.manager_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.task_id, row.manager_id))
        .collect())
}

/// The role of a key, `compliance_officer`, if it is in use.
pub(super) async fn role_of_key(tx: &mut Tx, key: &str) -> Result<Option<RoleId>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let found: Option<Found> = diesel::sql_query(
        "SELECT id FROM directory.role \
         WHERE organisation_id = $1 AND key = $2 AND archived_at IS NULL",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Text, _>(key)
    .get_result(tx.conn())
    .await
    .optional()?;
    Ok(found.map(|found| RoleId(found.id)))
}

/// Faults for people who are not there.
pub(super) async fn check_people(
    tx: &mut Tx,
    named: &[(Vec<String>, UserId)],
    role: Option<RoleId>,
    faults: &mut kernel::Faults,
) -> Result<()> {
    let users: Vec<_> = named
        .iter()
        .map(|(path, id)| authority::Named {
            id: *id,
            path: path.clone(),
        })
        .collect();
    authority::check_users(tx, &users, faults).await?;
    let roles: Vec<_> = role
        .into_iter()
        .map(|id| authority::Named {
            id,
            path: vec!["roleId".to_owned()],
        })
        .collect();
    authority::check_roles(tx, &roles, faults).await
}
