//! Tasks that a domain asks for, for the record that needs somebody.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, DepartmentId, RoleId, TaskId, UserId};
use kernel::{Error, Result, Tx};
use uuid::Uuid;

use super::record::{Task, TaskPriority, TaskStatus, due_order};
use super::rules::Step;
use super::{step, store, tell};
use crate::notification;
use crate::schema::task;
use crate::sentence::Sentence;

/// What a domain says when one of its records needs somebody.
#[derive(Clone, Debug)]
pub struct ForSubject {
    /// What makes it one and the same, for ever: `finding:fnd_…:1`.
    pub source_key: String,
    /// The GraphQL type of the record, `Finding`.
    pub subject_kind: &'static str,
    /// The record.
    pub subject_id: Uuid,
    /// Its company, if it is one company's.
    pub company: Option<CompanyId>,
    /// Its department, if it is one department's.
    pub department: Option<DepartmentId>,
    /// What is to be done, in people's languages.
    pub title: Sentence,
    /// More about it, as plain text.
    pub description: Option<String>,
    /// Who is to do it.
    pub assignee: Option<UserId>,
    /// The role whose holders take it from their queue; needed when nobody is to do it.
    pub role: Option<RoleId>,
    /// The key of that role, `compliance_officer`, where its id is not at hand.
    pub role_key: Option<&'static str>,
    /// How much it presses.
    pub priority: TaskPriority,
    /// Until when it has to be done.
    pub due_at: Option<DateTime<Utc>>,
    /// Who watches it.
    pub watchers: Vec<UserId>,
}

/// Makes the task of a source, in the caller's transaction, and tells who is to do it. A source
/// that has made one before gets that one, as it is now. Checks no permission of its own.
///
/// `None` when there is nobody to do it: no assignee, and no such role.
///
/// # Errors
/// A company, department or user that doesn't exist is a defect of the caller.
pub async fn for_subject(tx: &mut Tx, wanted: ForSubject) -> Result<Option<Task>> {
    wanted.title.check()?;
    if let Some(seen) = store::of_source(tx, &wanted.source_key).await? {
        return Ok(Some(seen));
    }
    let role = match (wanted.role, wanted.role_key) {
        (None, Some(key)) => store::role_of_key(tx, key).await?,
        (role, _) => role,
    };
    if wanted.assignee.is_none() && role.is_none() {
        return Ok(None);
    }
    let row = draft(tx, &wanted, role);
    let Some(row) = store::insert(tx, &row).await? else {
        let seen = store::of_source(tx, &wanted.source_key).await?;
        return match seen {
            Some(seen) => Ok(Some(seen)),
            None => Err(Error::bug("the id of a task was taken")),
        };
    };
    store::watch(tx, row.id, &wanted.watchers).await?;
    tx.emit(tell::event("processes.task.created", &row).set("priority", row.priority))
        .await?;
    tell::tell_assigned(tx, &row).await?;
    Ok(Some(row))
}

fn draft(tx: &Tx, wanted: &ForSubject, role: Option<RoleId>) -> Task {
    let now = tx.now();
    Task {
        organisation_id: tx.organisation(),
        id: TaskId::generate(),
        title: None,
        title_key: Some(wanted.title.key.clone()),
        title_args: wanted.title.args.clone(),
        description: wanted.description.clone(),
        company_id: wanted.company,
        department_id: wanted.department,
        assignee_id: wanted.assignee,
        role_id: role,
        reporter_id: None,
        status: TaskStatus::Open,
        priority: wanted.priority,
        urgency: wanted.priority.urgency(),
        due_at: wanted.due_at,
        due_order: due_order(wanted.due_at),
        subject_kind: Some(wanted.subject_kind.to_owned()),
        subject_id: Some(wanted.subject_id),
        source_key: Some(wanted.source_key.clone()),
        blocked_reason: None,
        escalation: 0,
        escalated_at: None,
        assigned_at: now,
        started_at: None,
        closed_at: None,
        closed_by: None,
        created_at: now,
        version: 1,
    }
}

/// Ends the tasks of some sources because their causes are gone: done if somebody was at it,
/// cancelled if nobody had begun. Gives the tasks that this very call ended. Checks no permission
/// of its own.
pub async fn settle(tx: &mut Tx, source_keys: &[String]) -> Result<Vec<Task>> {
    let mut ended = Vec::new();
    for seen in store::of_sources(tx, source_keys).await? {
        let way = match seen.status {
            TaskStatus::InProgress => Step::Complete,
            _ => Step::Cancel,
        };
        let Some(status) = way.from(seen.status) else {
            continue;
        };
        let next = step::closed(tx, &seen, status);
        let next = step::save(tx, &seen, next, "processes.task.settled").await?;
        let followers = tell::followers(tx, &next).await?;
        let notice = tell::notice(tx, &next, notification::TASK_SETTLED, followers);
        notification::notify(tx, notice).await?;
        ended.push(next);
    }
    Ok(ended)
}

/// Gives the task of a source to somebody, or back to its queue, and tells them; `None` when the
/// source has no task that waits. Checks no permission of its own.
pub async fn hand_over(tx: &mut Tx, key: &str, assignee: Option<UserId>) -> Result<Option<Task>> {
    let Some(seen) = store::of_source(tx, key).await? else {
        return Ok(None);
    };
    if !seen.status.is_alive() || (assignee.is_none() && seen.role_id.is_none()) {
        return Ok(None);
    }
    let mut next = Task {
        assignee_id: assignee,
        assigned_at: tx.now(),
        ..seen.clone()
    };
    store::save(tx, &mut next).await?;
    let event = tell::event("processes.task.assigned", &next);
    tx.emit(event.changed("assignee", &seen.assignee_id, &next.assignee_id))
        .await?;
    tell::tell_assigned(tx, &next).await?;
    Ok(Some(next))
}

/// The newest task about each of these records, whoever may see it. For the domain that owns the
/// records; checks no permission.
pub async fn of_subjects(tx: &mut Tx, kind: &str, subjects: &[Uuid]) -> Result<Vec<Task>> {
    Ok(task::table
        .filter(task::organisation_id.eq(tx.organisation()))
        .filter(task::subject_kind.eq(kind))
        .filter(task::subject_id.eq_any(subjects))
        .distinct_on(task::subject_id)
        .order((task::subject_id, task::id.desc()))
        .select(Task::as_select())
        .load(tx.conn())
        .await?)
}
