//! How many tasks there are, group by group.

use processes::task::{self, TaskFilter, TaskGroupBy, TaskPriority, TaskStatus};

use crate::aggregate;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::user::User;

aggregate! {
    /// Tasks that agree on what they are grouped by.
    TaskAggregate of TaskGroupBy {
        /// How many tasks there are, group by group; all
        /// in one group where `groupBy` is empty. Needs `processes.task.read`.
        query TaskAggregateQuery task_aggregates by TaskFilter from task::aggregate;
        values {
            /// Their status.
            status: TaskStatus = Status,
            /// Their priority.
            priority: TaskPriority = Priority,
            /// The GraphQL type of what they are about.
            subject_kind: String = SubjectKind,
        }
        links {
            /// Their company.
            company: Company = Company,
            /// Their department.
            department: Department = Department,
            /// Who has them.
            assignee: User = Assignee,
        }
        sums {}
    }
}
