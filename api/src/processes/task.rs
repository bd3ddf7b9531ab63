//! Tasks through the API: what somebody is to do.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::Fault;
use kernel::ids::TaskId;
use processes::fault;
use processes::task::rules::Hold;
use processes::task::{
    Task as TaskRow, TaskFilter, TaskPriority, TaskSort, TaskSortField, TaskStatus,
};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::node::Node;
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedRole, NamedUser};
use crate::processes::task_part::{ChecklistItem, Held, Placed, TaskComment, Watcher, paged};

noun! {
    /// Something that somebody is to do.
    Task of crate::processes::reach::tasks as TaskRow, TaskId;
    listed by TaskFilter, TaskSortField
}

/// What the viewer can do with a task now.
#[derive(SimpleObject)]
pub struct TaskViewerCan {
    /// Begin it, or go on with it.
    start: Permission,
    /// Be done with it.
    complete: Permission,
    /// Give it to somebody.
    assign: Permission,
    /// Change what it asks for.
    update: Permission,
    /// Give it up.
    cancel: Permission,
    /// Take it up again.
    reopen: Permission,
}

/// Something that somebody is to do: by a person for another, or for a record that needs somebody.
#[Object]
impl Task {
    /// The task.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What is to be done, in the viewer's language where Trastienda asked for it.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        Ok(self.0.spoken(&call.core().speaker, call.context().locale))
    }

    /// More about it: plain text.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Where it stands.
    async fn status(&self) -> TaskStatus {
        self.0.status
    }

    /// How much it presses.
    async fn priority(&self) -> TaskPriority {
        self.0.priority
    }

    /// Who has it to do; null while it waits in a queue.
    async fn assignee(&self) -> Option<NamedUser> {
        self.0.assignee_id.map(NamedUser)
    }

    /// The role whose holders take it from their queue.
    async fn role(&self) -> Option<NamedRole> {
        self.0.role_id.map(NamedRole)
    }

    /// Who asked for it; null for what Trastienda or an automation asked for.
    async fn reporter(&self) -> Option<NamedUser> {
        self.0.reporter_id.map(NamedUser)
    }

    /// The company whose business it is; null for none, and for those who may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// The department whose business it is; null for none, and for those who may not see it.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        Call::of(graph)?.load_some(self.0.department_id).await
    }

    /// The GraphQL type of the record that it is about.
    async fn subject_kind(&self) -> Option<&str> {
        self.0.subject_kind.as_deref()
    }

    /// The record that it is about; null for none, and for those who may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        match (&self.0.subject_kind, self.0.subject_id) {
            (Some(kind), Some(id)) => named::subject(graph, kind, id).await,
            _ => Ok(None),
        }
    }

    /// Until when it has to be done.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// Whether its time is over and it is not closed.
    async fn is_overdue(&self, graph: &Context<'_>) -> Result<bool> {
        Ok(self.0.is_overdue(Call::of(graph)?.context().now))
    }

    /// Why it can't go on.
    async fn blocked_reason(&self) -> Option<&str> {
        self.0.blocked_reason.as_deref()
    }

    /// How often it was escalated because its time was over, at most 3.
    async fn escalation_level(&self) -> i32 {
        self.0.escalation
    }

    /// When it was last escalated.
    async fn escalated_at(&self) -> Option<DateTime<Utc>> {
        self.0.escalated_at
    }

    /// Its checklist, in order, 100 points at most.
    async fn checklist(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<ChecklistItem>> {
        let slice = Slice::new(first, after, last, before);
        paged(graph, self.0.id, &slice).await
    }

    /// What was said about it, the oldest first.
    async fn comments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<TaskComment>> {
        let slice = Slice::new(first, after, last, before);
        paged(graph, self.0.id, &slice).await
    }

    /// Points of its checklist that are checked off.
    async fn checked_count(&self, graph: &Context<'_>) -> Result<i32> {
        let points = self.points(graph).await?;
        let checked = points
            .iter()
            .filter(|placed| placed.1.0.checked_at.is_some());
        Ok(i32::try_from(checked.count()).unwrap_or(i32::MAX))
    }

    /// Points of its checklist in all.
    async fn point_count(&self, graph: &Context<'_>) -> Result<i32> {
        Ok(i32::try_from(self.points(graph).await?.len()).unwrap_or(i32::MAX))
    }

    /// Who watches it.
    async fn watchers(&self, graph: &Context<'_>) -> Result<Vec<NamedUser>> {
        let watchers = Call::of(graph)?.parts::<Watcher>(self.0.id).await?;
        Ok(watchers.into_iter().map(|it| NamedUser(it.0)).collect())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When somebody last began.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }

    /// When it was done or given up.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// Who closed it; null for Trastienda itself.
    async fn closed_by(&self) -> Option<NamedUser> {
        self.0.closed_by.map(NamedUser)
    }

    /// What the viewer can do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<TaskViewerCan> {
        let call = Call::of(graph)?;
        let holds = call.parts::<Held>(self.0.id).await?;
        let hold = holds.first().map(|held| held.0).unwrap_or_default();
        Ok(self.permissions(call, hold))
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

impl Task {
    async fn points(&self, graph: &Context<'_>) -> Result<Vec<Placed<ChecklistItem>>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    fn permissions(&self, call: &Call, hold: Hold) -> TaskViewerCan {
        use processes::task::rules::Step;
        let not_yours = fault::forbidden(fault::TASK_NOT_YOURS);
        let of = |may: bool, step: Option<Step>| match step.map(|it| it.take(self.0.status)) {
            Some(Err(refused)) => Permission::refused(call, &refused),
            _ if may => Permission::allowed(),
            _ => Permission::refused(call, &not_yours),
        };
        let assign = if self.0.status.is_alive() {
            of(hold.assigns(), None)
        } else {
            let closed = Fault::not_allowed(fault::TASK_NOT_IN_STATE);
            Permission::refused(call, &closed.with("status", self.0.status))
        };
        TaskViewerCan {
            start: of(hold.works(), Some(Step::Start)),
            complete: of(hold.works(), Some(Step::Complete)),
            assign,
            update: of(hold.directs(), None),
            cancel: of(hold.directs(), Some(Step::Cancel)),
            reopen: of(hold.directs(), Some(Step::Reopen)),
        }
    }
}

/// Looks at tasks.
#[derive(Default)]
pub struct TaskQuery;

#[Object]
impl TaskQuery {
    /// A task.
    async fn task(&self, graph: &Context<'_>, id: TaskId) -> Result<Option<Task>> {
        find(graph, id).await
    }

    /// Tasks: those that one has to do, asked for, watches or could take from a queue; and those
    /// in one's scope by `processes.task.read`.
    async fn tasks(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<TaskFilter>,
        sort: Option<TaskSort>,
        search: Option<String>,
    ) -> Result<Connection<Task>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}
