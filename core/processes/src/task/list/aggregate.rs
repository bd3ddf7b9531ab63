//! How many tasks there are, group by group.

use kernel::aggregate::Group;
use kernel::page::PageRequest;
use kernel::{Result, Tx, aggregate};

use super::{TaskFilter, TaskSortField, plan, visible};

aggregate! {
    /// What tasks can be grouped by.
    by TaskGroupBy {
        /// By status.
        Status = "STATUS" => "status",
        /// By priority.
        Priority = "PRIORITY" => "priority",
        /// By who has them.
        Assignee = "ASSIGNEE" => "assignee_id",
        /// By company.
        Company = "COMPANY" => "company_id",
        /// By department.
        Department = "DEPARTMENT" => "department_id",
        /// By the GraphQL type of what they are about.
        SubjectKind = "SUBJECT_KIND" => "subject_kind",
    }
    always [];
    sums [];
    from "processes.task" with TaskFilter, TaskSortField;
}

/// How many tasks the actor may see, group by group.
pub async fn aggregate(
    tx: &mut Tx,
    request: PageRequest<TaskFilter, TaskSortField>,
    by: Vec<TaskGroupBy>,
) -> Result<Vec<Group<TaskGroupBy>>> {
    let visible = visible(tx)?;
    grouped(tx, request, visible, by).await
}
