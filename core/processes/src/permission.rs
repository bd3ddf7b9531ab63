//! What one may be allowed to do with processes.

kernel::permissions! {
    /// See approvals, their steps and decisions.
    APPROVAL_READ = "processes.approval.read";
    /// Decide approvals, where a step asks for one's decision, and delegate one's own part.
    APPROVAL_DECIDE = "processes.approval.decide";
    /// Make and change approval policies.
    POLICY_MANAGE = "processes.policy.manage";
    /// See, make and revoke the delegations of others.
    DELEGATION_MANAGE = "processes.delegation.manage";
    /// Read one's own inbox.
    INBOX_READ = "processes.inbox.read";
    /// See the tasks of others.
    TASK_READ = "processes.task.read";
    /// Make tasks, and manage those of others that one sees.
    TASK_MANAGE = "processes.task.manage";
}
