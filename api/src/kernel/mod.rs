//! Jobs, schedules, the audit trail and the feed.

pub mod audit;
pub mod feed;
pub mod job;
pub mod schedule;

use async_graphql::{MergedObject, MergedSubscription};

use crate::bulk::BulkMutation;

/// The queries of the kernel.
#[derive(MergedObject, Default)]
pub struct KernelQuery(
    job::JobQuery,
    schedule::ScheduleQuery,
    audit::AuditQuery,
    feed::FeedQuery,
);

/// The mutations of the kernel.
#[derive(MergedObject, Default)]
pub struct KernelMutation(job::JobMutation, schedule::ScheduleMutation, BulkMutation);

/// The subscriptions of the kernel.
#[derive(MergedSubscription, Default)]
pub struct KernelSubscription(job::JobSubscription, feed::FeedSubscription);
