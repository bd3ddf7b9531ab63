//! The domain's nouns as loaders want them: who lacks every permission for a noun finds none of
//! its records, so that an id of one is as unknown to them as any other.

use kernel::error::{Error, Result};

macro_rules! reach {
    ($($(#[$meta:meta])* $name:ident of $module:ident as $row:ident, $id:ident;)*) => {$(
        $(#[$meta])*
        pub mod $name {
            use kernel::ids::$id;
            use kernel::{Result, Tx};
            pub use processes::$module::{count, page};

            /// The ones of some ids that the actor may see.
            pub async fn by_ids(tx: &mut Tx, ids: &[$id]) -> Result<Vec<processes::$module::$row>> {
                super::none_if_denied(processes::$module::by_ids(tx, ids).await)
            }
        }
    )*};
}

reach! {
    /// Approvals.
    approvals of approval as Approval, ApprovalId;
    /// Approval policies.
    policies of policy as ApprovalPolicy, ApprovalPolicyId;
    /// Delegations.
    delegations of delegation as Delegation, DelegationId;
    /// Notifications.
    notifications of notification as Notification, NotificationId;
    /// Tasks.
    tasks of task as Task, TaskId;
}

/// The points of the checklists of tasks.
pub mod checklist_items {
    use kernel::ids::ChecklistItemId;
    use kernel::{Result, Tx};
    use processes::task::{ChecklistItem, checklist_by_ids};

    /// The ones of some ids whose tasks the actor may see.
    pub async fn by_ids(tx: &mut Tx, ids: &[ChecklistItemId]) -> Result<Vec<ChecklistItem>> {
        super::none_if_denied(checklist_by_ids(tx, ids).await)
    }
}

/// The comments on tasks.
pub mod task_comments {
    use kernel::ids::TaskCommentId;
    use kernel::{Result, Tx};
    use processes::task::{TaskComment, comment_by_ids};

    /// The ones of some ids whose tasks the actor may see.
    pub async fn by_ids(tx: &mut Tx, ids: &[TaskCommentId]) -> Result<Vec<TaskComment>> {
        super::none_if_denied(comment_by_ids(tx, ids).await)
    }
}

/// Nothing for who may see none of it.
pub(super) fn none_if_denied<T>(found: Result<Vec<T>>) -> Result<Vec<T>> {
    match found {
        Err(Error::Denied(_)) => Ok(Vec::new()),
        other => other,
    }
}
