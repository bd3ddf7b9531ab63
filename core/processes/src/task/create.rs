//! Making a task by hand.

use async_graphql::{ID, InputObject};
use chrono::{DateTime, Utc};
use diesel_async::RunQueryDsl;
use kernel::ids::{ChecklistItemId, CompanyId, DepartmentId, RoleId, TaskId, UserId};
use kernel::{Date, Fault, Faults, Result, Tx};
use serde_json::json;

use super::record::{ChecklistItem, Task, TaskPriority, TaskStatus, due_order};
use super::{Subject, rules, store, tell};
use crate::fault;
use crate::permission::TASK_MANAGE;
use crate::schema::task_checklist;

/// What somebody is to do.
#[derive(Clone, Debug, InputObject)]
pub struct TaskCreateInput {
    /// An id made by the client, `tsk_…`.
    pub id: Option<TaskId>,
    /// What is to be done, in at most 200 characters.
    pub title: String,
    /// More about it, in at most 4,000 characters of plain text.
    pub description: Option<String>,
    /// The company whose business it is.
    pub company_id: Option<CompanyId>,
    /// The department whose business it is; needs its company.
    pub department_id: Option<DepartmentId>,
    /// Who is to do it; oneself when neither this nor a role is given.
    pub assignee_id: Option<UserId>,
    /// The role whose holders take it from their queue.
    pub role_id: Option<RoleId>,
    /// How much it presses; NORMAL when absent.
    pub priority: Option<TaskPriority>,
    /// Until the end of which day it has to be done, where its company is; or `dueAt`.
    pub due_date: Option<Date>,
    /// Until which instant it has to be done; or `dueDate`.
    pub due_at: Option<DateTime<Utc>>,
    /// The record that it is about, of any kind that the caller can see.
    pub subject: Option<ID>,
    /// Who watches it, 20 at most.
    #[graphql(default)]
    pub watcher_ids: Vec<UserId>,
    /// The points of its checklist, 100 at most, each of at most 500 characters.
    #[graphql(default)]
    pub checklist: Vec<String>,
}

/// What a task is about, as the caller's id was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// No record.
    Nothing,
    /// An id that names nothing that the caller can see.
    Unknown,
    /// A record.
    Record(Subject),
}

/// Makes a task and tells who is to do it.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: TaskCreateInput, about: About) -> Result<Task> {
    match command.company_id {
        Some(company) => tx.require_in(TASK_MANAGE, company, command.department_id)?,
        None => tx.require(TASK_MANAGE).map(|_| ())?,
    }
    let draft = check(tx, &command, about).await?;
    let row = store::insert(tx, &draft.row).await?;
    let row = row.ok_or_else(|| Fault::conflict("kernel.id_taken").at(["id"]))?;
    write_points(tx, &draft.points).await?;
    store::watch(tx, row.id, &command.watcher_ids).await?;
    tx.emit(tell::event("processes.task.created", &row).set("priority", row.priority))
        .await?;
    tell::tell_assigned(tx, &row).await?;
    Ok(row)
}

/// A task as it is to be written, with its checklist.
struct Draft {
    row: Task,
    points: Vec<ChecklistItem>,
}

async fn check(tx: &mut Tx, command: &TaskCreateInput, about: About) -> Result<Draft> {
    let mut faults = Faults::new();
    let me = tx.actor().principal.user();
    let id = command.id.unwrap_or_else(TaskId::generate);
    let title = take(&mut faults, &["title"], rules::text(&command.title, 200));
    let description = rules::optional(command.description.as_deref(), 4_000);
    let description = take(&mut faults, &["description"], description);
    let points = points(tx, id, &command.checklist, &mut faults);
    let subject = match about {
        About::Nothing => None,
        About::Record(subject) => Some(subject),
        About::Unknown => {
            faults.push(Fault::not_found(fault::TASK_SUBJECT_UNKNOWN).at(["subject"]));
            None
        }
    };
    let assignee = match (command.assignee_id, command.role_id) {
        (None, None) => me,
        (assignee, _) => assignee,
    };
    faults.check(assignee.is_some() || command.role_id.is_some(), || {
        Fault::invalid(fault::TASK_FOR_NOBODY).at(["assigneeId"])
    });
    let due_at = due(tx, command, &mut faults).await?;
    check_people(tx, command, &mut faults).await?;
    faults.finish()?;
    let now = tx.now();
    let priority = command.priority.unwrap_or(TaskPriority::Normal);
    let (subject_kind, subject_id) = subject.map(|it| (it.kind, it.id)).unzip();
    let row = Task {
        organisation_id: tx.organisation(),
        id,
        title: Some(title),
        title_key: None,
        title_args: json!({}),
        description,
        company_id: command.company_id,
        department_id: command.department_id,
        assignee_id: assignee,
        role_id: command.role_id,
        reporter_id: me,
        status: TaskStatus::Open,
        priority,
        urgency: priority.urgency(),
        due_at,
        due_order: due_order(due_at),
        subject_kind,
        subject_id,
        source_key: None,
        blocked_reason: None,
        escalation: 0,
        escalated_at: None,
        assigned_at: now,
        started_at: None,
        closed_at: None,
        closed_by: None,
        created_at: now,
        version: 1,
    };
    Ok(Draft { row, points })
}

async fn due(
    tx: &mut Tx,
    command: &TaskCreateInput,
    faults: &mut Faults,
) -> Result<Option<DateTime<Utc>>> {
    let (company, department) = (command.company_id, command.department_id);
    faults.check(department.is_none() || company.is_some(), || {
        Fault::invalid(fault::TASK_DEPARTMENT_WITHOUT_COMPANY).at(["departmentId"])
    });
    faults.check(
        command.due_at.is_none() || command.due_date.is_none(),
        || Fault::invalid(fault::TASK_DUE_TWICE).at(["dueAt"]),
    );
    let department = department.filter(|_| company.is_some());
    let day_ends = match store::place(tx, company, department, command.due_date).await? {
        Ok(ends) => ends,
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    Ok(command.due_at.or(day_ends))
}

async fn check_people(tx: &mut Tx, command: &TaskCreateInput, faults: &mut Faults) -> Result<()> {
    faults.check(command.watcher_ids.len() <= rules::MOST_PEOPLE, || {
        Fault::invalid(fault::TASK_TOO_MANY_PEOPLE)
            .with("most", rules::MOST_PEOPLE)
            .at(["watcherIds"])
    });
    let assignee = command.assignee_id.map(|id| (path(&["assigneeId"]), id));
    let watchers = command
        .watcher_ids
        .iter()
        .take(rules::MOST_PEOPLE)
        .enumerate()
        .map(|(index, id)| (path(&["watcherIds", &index.to_string()]), *id));
    let named: Vec<_> = assignee.into_iter().chain(watchers).collect();
    store::check_people(tx, &named, command.role_id, faults).await
}

fn points(tx: &Tx, id: TaskId, texts: &[String], faults: &mut Faults) -> Vec<ChecklistItem> {
    faults.check(texts.len() <= rules::MOST_POINTS, || {
        Fault::invalid(fault::TASK_CHECKLIST_TOO_LONG)
            .with("most", rules::MOST_POINTS)
            .at(["checklist"])
    });
    let mut points = Vec::new();
    for (index, text) in texts.iter().take(rules::MOST_POINTS).enumerate() {
        let text = take(
            faults,
            &["checklist", &index.to_string()],
            rules::text(text, 500),
        );
        points.push(ChecklistItem {
            organisation_id: tx.organisation(),
            id: ChecklistItemId::generate(),
            task_id: id,
            position: i32::try_from(index + 1).unwrap_or(i32::MAX),
            text,
            checked_at: None,
            checked_by: None,
        });
    }
    points
}

async fn write_points(tx: &mut Tx, points: &[ChecklistItem]) -> Result<()> {
    if points.is_empty() {
        return Ok(());
    }
    diesel::insert_into(task_checklist::table)
        .values(points)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The value, or its default with the fault noted at a path.
pub(super) fn take<T: Default>(
    faults: &mut Faults,
    at: &[&str],
    checked: std::result::Result<T, Fault>,
) -> T {
    checked.unwrap_or_else(|fault| {
        faults.push(fault.at(at.iter().copied()));
        T::default()
    })
}

pub(super) fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}
