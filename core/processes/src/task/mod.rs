//! Tasks: what somebody is to do, by people for people, or by a domain for the record that needs
//! somebody.
//!
//! A domain asks by [`for_subject`] with a key of its source: it makes one task for ever, however
//! often and by however many it is asked, and [`settle`] ends it when its cause is gone. Own tasks
//! are seen by their people (assignee, reporter, watchers, holders of the role in whose queue they
//! wait); `processes.task.read` sees them by company. Overdue ones are escalated by the job
//! `processes.task_escalate`.
//!
//! Round trips of a step: lock 1, who holds the queue 1, record 1, outbox 2, tell 1.

mod checklist;
mod comment;
mod create;
mod escalate;
mod list;
mod record;
pub mod rules;
mod step;
mod store;
mod subject;
mod tell;
mod update;

pub use checklist::{
    ChecklistAdd, ChecklistCheck, ChecklistRename, TaskChecklistUpdateInput, change_checklist,
};
pub use comment::{TaskCommentAddInput, comment};
pub use create::{About, TaskCreateInput, create};
pub use escalate::{Escalate, Escalated, escalate_due};
pub use list::{
    TaskFilter, TaskGroupBy, TaskPriorityFilter, TaskSort, TaskSortField, TaskStatusFilter,
    aggregate, by_ids, checklist_by_ids, checklists_of, comment_by_ids, comments_of, count, find,
    holds_of, page, watchers_of,
};
pub(crate) use list::{queued, visible};
pub use record::{ChecklistItem, Task, TaskComment, TaskPriority, TaskStatus};
pub use step::{
    TaskBlockInput, TaskCancelInput, TaskCompleteInput, TaskReopenInput, TaskStartInput, block,
    cancel, complete, reopen, start,
};
pub use subject::{ForSubject, for_subject, hand_over, of_subjects, settle};
pub use update::{
    TaskAssignInput, TaskPatch, TaskUpdateInput, TaskWatchInput, assign, update, watch,
};

/// A record that a task is about: its GraphQL type and raw id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The GraphQL type, `Finding`.
    pub kind: String,
    /// The raw id.
    pub id: uuid::Uuid,
}
