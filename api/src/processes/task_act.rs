//! Acting on tasks through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use processes::task::{
    self, About, Subject, TaskAssignInput, TaskBlockInput, TaskCancelInput,
    TaskChecklistUpdateInput, TaskCommentAddInput, TaskCompleteInput, TaskCreateInput,
    TaskReopenInput, TaskStartInput, TaskUpdateInput, TaskWatchInput,
};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::node;
use crate::payload;
use crate::processes::task::Task;
use crate::processes::task_part::TaskComment;

payload! {
    /// What making a task gives.
    TaskCreatePayload {
        /// The task.
        task: Task
    }
    /// What changing a task gives.
    TaskUpdatePayload {
        /// The task.
        task: Task
    }
    /// What giving a task to somebody gives.
    TaskAssignPayload {
        /// The task.
        task: Task
    }
    /// What following a task gives.
    TaskWatchPayload {
        /// The task.
        task: Task
    }
    /// What beginning a task gives.
    TaskStartPayload {
        /// The task.
        task: Task
    }
    /// What saying that a task can't go on gives.
    TaskBlockPayload {
        /// The task.
        task: Task
    }
    /// What being done with a task gives.
    TaskCompletePayload {
        /// The task.
        task: Task
    }
    /// What giving a task up gives.
    TaskCancelPayload {
        /// The task.
        task: Task
    }
    /// What taking a task up again gives.
    TaskReopenPayload {
        /// The task.
        task: Task
    }
    /// What changing a checklist gives.
    TaskChecklistUpdatePayload {
        /// The task with its checklist.
        task: Task
    }
}

/// What saying something about a task gives.
#[derive(SimpleObject)]
pub struct TaskCommentAddPayload {
    /// The task.
    task: Option<Task>,
    /// What was said.
    comment: Option<TaskComment>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for TaskCommentAddPayload {
    type Record = (Task, TaskComment);

    fn done((task, comment): (Task, TaskComment)) -> Self {
        Self {
            task: Some(task),
            comment: Some(comment),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            task: None,
            comment: None,
            user_errors,
        }
    }
}

/// The record that an id names, as far as the caller may see it.
async fn about(graph: &Context<'_>, id: Option<&ID>) -> Result<About> {
    let Some(id) = id else {
        return Ok(About::Nothing);
    };
    let seen = node::find(Call::of(graph)?, id).await?;
    Ok(match (seen, node::kind_of(id)) {
        (Some(_), Some((kind, id))) => About::Record(Subject {
            kind: kind.to_owned(),
            id,
        }),
        _ => About::Unknown,
    })
}

/// Acts on tasks.
#[derive(Default)]
pub struct TaskMutation;

#[Object]
impl TaskMutation {
    /// Makes a task for oneself, for somebody else or for the queue of a role; who has it to do is
    /// told. Needs `processes.task.manage`.
    async fn task_create(
        &self,
        graph: &Context<'_>,
        input: TaskCreateInput,
    ) -> Result<TaskCreatePayload> {
        let about = about(graph, input.subject.as_ref()).await?;
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::create(tx, input, about).await?)) })
        })
        .await
    }

    /// Changes what a task asks for: who asked for it may, and who has `processes.task.read` and
    /// `processes.task.manage` where it belongs.
    async fn task_update(
        &self,
        graph: &Context<'_>,
        input: TaskUpdateInput,
    ) -> Result<TaskUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::update(tx, input).await?)) })
        })
        .await
    }

    /// Gives a task to somebody, or back to the queue of a role: who has it or could take it may,
    /// who asked for it, and who manages tasks where it belongs.
    async fn task_assign(
        &self,
        graph: &Context<'_>,
        input: TaskAssignInput,
    ) -> Result<TaskAssignPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::assign(tx, input).await?)) })
        })
        .await
    }

    /// Follows a task that one sees, or no longer.
    async fn task_watch(
        &self,
        graph: &Context<'_>,
        input: TaskWatchInput,
    ) -> Result<TaskWatchPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::watch(tx, input).await?)) })
        })
        .await
    }

    /// Begins a task, or goes on with a blocked one; who takes it from a queue has it then.
    async fn task_start(
        &self,
        graph: &Context<'_>,
        input: TaskStartInput,
    ) -> Result<TaskStartPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::start(tx, input).await?)) })
        })
        .await
    }

    /// Says why a task can't go on; who follows it is told.
    async fn task_block(
        &self,
        graph: &Context<'_>,
        input: TaskBlockInput,
    ) -> Result<TaskBlockPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::block(tx, input).await?)) })
        })
        .await
    }

    /// Is done with a task whose checklist is checked off; who follows it is told.
    async fn task_complete(
        &self,
        graph: &Context<'_>,
        input: TaskCompleteInput,
    ) -> Result<TaskCompletePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::complete(tx, input).await?)) })
        })
        .await
    }

    /// Gives a task up: who asked for it may, and who manages tasks where it belongs.
    async fn task_cancel(
        &self,
        graph: &Context<'_>,
        input: TaskCancelInput,
    ) -> Result<TaskCancelPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::cancel(tx, input).await?)) })
        })
        .await
    }

    /// Takes a closed task up again: who asked for it may, and who manages tasks where it belongs.
    async fn task_reopen(
        &self,
        graph: &Context<'_>,
        input: TaskReopenInput,
    ) -> Result<TaskReopenPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::reopen(tx, input).await?)) })
        })
        .await
    }

    /// Changes the checklist of a task, all at once: removes, renames, checks, adds, reorders.
    async fn task_checklist_update(
        &self,
        graph: &Context<'_>,
        input: TaskChecklistUpdateInput,
    ) -> Result<TaskChecklistUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Task(task::change_checklist(tx, input).await?)) })
        })
        .await
    }

    /// Says something about a task that one sees. Who is named is told, and watches it then.
    async fn task_comment_add(
        &self,
        graph: &Context<'_>,
        input: TaskCommentAddInput,
    ) -> Result<TaskCommentAddPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (task, comment) = task::comment(tx, input).await?;
                Ok((Task(task), TaskComment(comment)))
            })
        })
        .await
    }
}
