//! What belongs to tasks: the points of their checklists, the comments on them, who watches them;
//! read in batches for all tasks of a request.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::{ChecklistItemId, TaskCommentId, TaskId, UserId};
use processes::task::rules::Hold;
use processes::task::{self, ChecklistItem as ItemRow, TaskComment as CommentRow};

use crate::call::Call;
use crate::connection::{Connection, Slice};
use crate::loader::{Noun, Part};
use crate::noun;
use crate::processes::named::{self, NamedUser};
use crate::processes::reach::none_if_denied;
use crate::processes::task::Task;
use crate::whole::connection;

noun! {
    /// A point of a task's checklist.
    ChecklistItem of crate::processes::reach::checklist_items as ItemRow, ChecklistItemId
}

/// A point of a task's checklist.
#[Object]
impl ChecklistItem {
    /// The point.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The task.
    async fn task(&self, graph: &Context<'_>) -> Result<Option<Task>> {
        Call::of(graph)?.load(self.0.task_id).await
    }

    /// Its place, from 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// What is to be done.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it is checked off.
    async fn is_checked(&self) -> bool {
        self.0.checked_at.is_some()
    }

    /// When it was checked off.
    async fn checked_at(&self) -> Option<DateTime<Utc>> {
        self.0.checked_at
    }

    /// Who checked it off; null for an automation.
    async fn checked_by(&self) -> Option<NamedUser> {
        self.0.checked_by.map(NamedUser)
    }
}

noun! {
    /// What somebody said about a task.
    TaskComment of crate::processes::reach::task_comments as CommentRow, TaskCommentId
}

/// What somebody said about a task. It never changes.
#[Object]
impl TaskComment {
    /// The comment.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The task.
    async fn task(&self, graph: &Context<'_>) -> Result<Option<Task>> {
        Call::of(graph)?.load(self.0.task_id).await
    }

    /// What they said: plain text.
    async fn text(&self) -> &str {
        &self.0.text
    }

    /// Who said it; null for an automation.
    async fn author(&self) -> Option<NamedUser> {
        self.0.author_id.map(NamedUser)
    }

    /// The name of who said it, as it was then.
    async fn author_name(&self) -> &str {
        &self.0.author_name
    }

    /// Whom they named.
    async fn mentions(&self) -> Vec<NamedUser> {
        named::users(&self.0.mentions)
    }

    /// When.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// Who watches a task.
#[derive(Clone, Copy, Debug)]
pub struct Watcher(pub UserId);

/// What the viewer is to a task.
#[derive(Clone, Copy, Debug)]
pub struct Held(pub Hold);

impl Part for Held {
    type Of = TaskId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>> {
        async move {
            let held = none_if_denied(task::holds_of(tx, ids).await)?;
            Ok(held
                .into_iter()
                .map(|(id, hold)| (id, Self(hold)))
                .collect())
        }
        .boxed()
    }
}

/// A record of a task with its cursor.
#[derive(Clone, Debug)]
pub struct Placed<N>(String, pub N);

/// What is read with the tasks that it belongs to.
pub trait OfTask: Noun {
    /// Those of some tasks, in order.
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>>;
}

impl OfTask for ChecklistItem {
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>> {
        async move {
            let rows = none_if_denied(task::checklists_of(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|row| (row.task_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

impl OfTask for TaskComment {
    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>> {
        async move {
            let rows = none_if_denied(task::comments_of(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|row| (row.task_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

impl<N: OfTask> Part for Placed<N>
where
    N::Id: std::fmt::Display,
{
    type Of = TaskId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>> {
        async move {
            let rows = <N as OfTask>::of(tx, ids).await?;
            let placed = |(task, row): (TaskId, N)| (task, Self(row.key().to_string(), row));
            Ok(rows.into_iter().map(placed).collect())
        }
        .boxed()
    }
}

impl Part for Watcher {
    type Of = TaskId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [TaskId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(TaskId, Self)>>> {
        async move {
            let rows = none_if_denied(task::watchers_of(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|(task, user)| (task, Self(user)))
                .collect())
        }
        .boxed()
    }
}

/// The records of a task as a connection.
pub async fn paged<N: OfTask>(
    graph: &Context<'_>,
    task: TaskId,
    slice: &Slice,
) -> Result<Connection<N>>
where
    N::Id: std::fmt::Display,
{
    let call = Call::of(graph)?;
    let placed = call.parts::<Placed<N>>(task).await?;
    let rows = placed
        .into_iter()
        .map(|Placed(cursor, row)| (cursor, row))
        .collect();
    connection(call, rows, slice)
}
