//! The records of tasks: the task, a point of its checklist, a comment.

use chrono::{DateTime, TimeZone, Utc};
use diesel::prelude::*;
use kernel::ids::{
    ChecklistItemId, CompanyId, DepartmentId, OrganisationId, RoleId, TaskCommentId, TaskId, UserId,
};
use kernel::{Locale, Speaker};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::schema::{task, task_checklist, task_comment};
use crate::sentence::{self, Sentence};

kernel::text_enum! {
    /// Where a task stands.
    pub enum TaskStatus {
        /// Nobody has begun.
        Open = "OPEN",
        /// Somebody is at it.
        InProgress = "IN_PROGRESS",
        /// It can't go on, for a reason.
        Blocked = "BLOCKED",
        /// It is done.
        Done = "DONE",
        /// It is not needed any more.
        Cancelled = "CANCELLED",
    }
}

impl TaskStatus {
    /// Those in which a task still waits for somebody.
    pub const ALIVE: [Self; 3] = [Self::Open, Self::InProgress, Self::Blocked];

    /// Whether a task still waits for somebody.
    pub fn is_alive(self) -> bool {
        Self::ALIVE.contains(&self)
    }
}

kernel::text_enum! {
    /// How much a task presses.
    pub enum TaskPriority {
        /// When there is time.
        Low = "LOW",
        /// In its turn.
        Normal = "NORMAL",
        /// Before others.
        High = "HIGH",
        /// Now.
        Urgent = "URGENT",
    }
}

impl TaskPriority {
    /// A number to sort by, from 0.
    pub const fn urgency(self) -> i16 {
        match self {
            Self::Low => 0,
            Self::Normal => 1,
            Self::High => 2,
            Self::Urgent => 3,
        }
    }

    /// The next more pressing one.
    pub const fn raised(self) -> Self {
        match self {
            Self::Low => Self::Normal,
            Self::Normal => Self::High,
            Self::High | Self::Urgent => Self::Urgent,
        }
    }
}

/// Something that somebody is to do.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = task,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Task {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The task.
    pub id: TaskId,
    /// What is to be done, as a person wrote it; absent where a domain speaks by a sentence.
    pub title: Option<String>,
    /// The key of the sentence that is its title.
    pub title_key: Option<String>,
    /// The values that the sentence speaks of.
    pub title_args: Value,
    /// More about it.
    pub description: Option<String>,
    /// The company whose business it is.
    pub company_id: Option<CompanyId>,
    /// The department whose business it is.
    pub department_id: Option<DepartmentId>,
    /// Who is to do it.
    pub assignee_id: Option<UserId>,
    /// The role whose holders take it, as long as nobody has.
    pub role_id: Option<RoleId>,
    /// Who asked for it; absent for what Trastienda or an automation asked for.
    pub reporter_id: Option<UserId>,
    /// Where it stands.
    pub status: TaskStatus,
    /// How much it presses.
    pub priority: TaskPriority,
    /// The priority as a number.
    pub urgency: i16,
    /// Until when it has to be done.
    pub due_at: Option<DateTime<Utc>>,
    /// Until when, with the end of time for never: what lists sort by.
    pub due_order: DateTime<Utc>,
    /// The GraphQL type of the record that it is about.
    pub subject_kind: Option<String>,
    /// The record that it is about.
    pub subject_id: Option<Uuid>,
    /// What made it, once for ever.
    pub source_key: Option<String>,
    /// Why it can't go on.
    pub blocked_reason: Option<String>,
    /// How often it was escalated, at most 3.
    pub escalation: i32,
    /// When it last was.
    pub escalated_at: Option<DateTime<Utc>>,
    /// Since when it is whose it is.
    pub assigned_at: DateTime<Utc>,
    /// When somebody last began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done or cancelled.
    pub closed_at: Option<DateTime<Utc>>,
    /// Who did that.
    pub closed_by: Option<UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Task {
    /// What is to be done, in a language.
    pub fn spoken(&self, speaker: &Speaker, locale: Locale) -> String {
        match (&self.title, &self.title_key) {
            (Some(title), _) => title.clone(),
            (None, Some(key)) => sentence::say(speaker, locale, key, &self.title_args),
            (None, None) => String::new(),
        }
    }

    /// Its title as a value of another sentence.
    pub(crate) fn name(&self) -> Value {
        match (&self.title, &self.title_key) {
            (Some(title), _) => json!(title),
            (None, Some(key)) => json!(Sentence {
                key: key.clone(),
                args: self.title_args.clone(),
            }),
            (None, None) => Value::Null,
        }
    }

    /// Whether its time is over and it is not done.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.status.is_alive() && self.due_at.is_some_and(|due| due < now)
    }

    /// Gives it a priority.
    pub(crate) fn set_priority(&mut self, priority: TaskPriority) {
        self.priority = priority;
        self.urgency = priority.urgency();
    }

    /// Says until when it has to be done; what was escalated for an earlier day counts no more.
    pub(crate) fn set_due(&mut self, due: Option<DateTime<Utc>>) {
        self.due_at = due;
        self.due_order = due_order(due);
        self.escalation = 0;
        self.escalated_at = None;
    }
}

/// What a due date sorts by: never is at the end of the year 9999.
pub(crate) fn due_order(due: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let never = Utc.with_ymd_and_hms(9999, 12, 31, 0, 0, 0).single();
    due.or(never).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// A point of a task's checklist.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = task_checklist, check_for_backend(diesel::pg::Pg))]
pub struct ChecklistItem {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The point.
    pub id: ChecklistItemId,
    /// The task.
    pub task_id: TaskId,
    /// Its place, from 1.
    pub position: i32,
    /// What is to be done.
    pub text: String,
    /// When it was checked off.
    pub checked_at: Option<DateTime<Utc>>,
    /// Who checked it off.
    pub checked_by: Option<UserId>,
}

/// What somebody said about a task.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = task_comment, check_for_backend(diesel::pg::Pg))]
pub struct TaskComment {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The comment.
    pub id: TaskCommentId,
    /// The task.
    pub task_id: TaskId,
    /// Who said it; absent for an automation.
    pub author_id: Option<UserId>,
    /// Their name at the time.
    pub author_name: String,
    /// What they said: plain text.
    pub text: String,
    /// Whom they named, and who was told therefore.
    pub mentions: Vec<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}
