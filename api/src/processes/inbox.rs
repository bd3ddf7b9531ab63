//! The inbox through the API: what waits for the viewer, of every kind, in one list.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, Union};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use processes::inbox::{self, InboxEntry as EntryRow, InboxFilter, InboxKind, InboxSort, Waits};

use crate::call::Call;
use crate::connection::{Listing, Rows, Slice};
use crate::node::Node;
use crate::processes::approval::Approval;
use crate::processes::named;
use crate::processes::notification::Notification;
use crate::processes::task::Task;

/// What waits for the viewer.
#[derive(Clone, Debug)]
pub struct InboxEntry(pub EntryRow);

/// What can wait for somebody.
#[derive(Union)]
pub enum InboxItem {
    /// A decision.
    Approval(Approval),
    /// A notification that was not read yet.
    Notification(Notification),
    /// A task that is not closed.
    Task(Task),
}

/// What waits for the viewer: a decision that they could take, a task of theirs or of a queue of
/// theirs, or a notification that they have not read.
#[Object]
impl InboxEntry {
    /// What kind of thing it is.
    async fn kind(&self) -> InboxKind {
        self.0.kind
    }

    /// What waits; null when it no longer does.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<InboxItem>> {
        let call = Call::of(graph)?;
        Ok(match self.0.waits() {
            Waits::Approval(id) => call.load(id).await?.map(InboxItem::Approval),
            Waits::Notification(id) => call.load(id).await?.map(InboxItem::Notification),
            Waits::Task(id) => call.load(id).await?.map(InboxItem::Task),
        })
    }

    /// The GraphQL type of the record that it is about.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The record that it is about; null for those who may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        named::subject(graph, &self.0.subject_kind, self.0.subject_id).await
    }

    /// Since when it waits.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Until when it can.
    async fn due_at(&self) -> Option<DateTime<Utc>> {
        self.0.due_at
    }

    /// Whether it can't wait.
    async fn urgent(&self) -> bool {
        self.0.urgent
    }
}

/// Looks at one's own inbox.
#[derive(Default)]
pub struct InboxQuery;

#[Object]
impl InboxQuery {
    /// What waits for oneself, the newest first: approvals that one could decide, tasks that one
    /// has or could take from a queue, and unread notifications. Needs `processes.inbox.read`.
    async fn inbox(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<InboxFilter>,
        sort: Option<InboxSort>,
        search: Option<String>,
    ) -> Result<Rows<InboxEntry>> {
        let request = Slice::new(first, after, last, before).of(filter, sort, search);
        let counted = request.clone();
        let call = Call::of(graph)?;
        let page = call
            .read(move |tx| Box::pin(inbox::page(tx, request)))
            .await?;
        let count = move |call: Call| {
            let request = counted.clone();
            let count = async move {
                call.read(move |tx| Box::pin(inbox::count(tx, request)))
                    .await
            };
            count.boxed()
        };
        Ok(Listing::new(page.map(InboxEntry), Arc::new(count)).into())
    }
}
