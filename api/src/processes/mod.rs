//! Approvals and their policies, delegations, tasks, notifications and the inbox.

pub mod approval;
pub mod decide;
pub mod delegation;
pub mod inbox;
pub mod named;
pub mod notification;
pub mod policy;
pub mod preference;
mod reach;
pub mod step;
pub mod task;
pub mod task_act;
pub mod task_aggregate;
pub mod task_part;

use async_graphql::MergedObject;

/// The queries of processes.
#[derive(MergedObject, Default)]
pub struct ProcessesQuery(
    approval::ApprovalQuery,
    policy::ApprovalPolicyQuery,
    delegation::DelegationQuery,
    notification::NotificationQuery,
    preference::NotificationPreferenceQuery,
    inbox::InboxQuery,
    task::TaskQuery,
    task_aggregate::TaskAggregateQuery,
);

/// The mutations of processes.
#[derive(MergedObject, Default)]
pub struct ProcessesMutation(
    decide::ApprovalMutation,
    policy::ApprovalPolicyMutation,
    delegation::DelegationMutation,
    notification::NotificationMutation,
    preference::NotificationPreferenceMutation,
    task_act::TaskMutation,
);
