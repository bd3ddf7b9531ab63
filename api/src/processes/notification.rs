//! Notifications through the API: what somebody is told, for them alone, in their language.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use futures::future::{BoxFuture, FutureExt};
use kernel::Tx;
use kernel::ids::NotificationId;
use processes::notification::{
    self, Notification as NotificationRow, NotificationFilter, NotificationReadInput,
    NotificationSort, NotificationSortField, NotificationsRead,
};

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::failure::UserError;
use crate::node::Node;
use crate::noun;
use crate::processes::named;

noun! {
    /// What somebody is told.
    Notification of crate::processes::reach::notifications as NotificationRow, NotificationId;
    listed by NotificationFilter, NotificationSortField
}

/// What the viewer is told.
#[Object]
impl Notification {
    /// The notification.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// What kind it is, `domain.what`.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// Its title, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        Ok(self.0.title(&call.core().speaker, call.context().locale))
    }

    /// Its text, in the viewer's language.
    async fn body(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        Ok(self.0.body(&call.core().speaker, call.context().locale))
    }

    /// The GraphQL type of the record that it is about.
    async fn subject_kind(&self) -> &str {
        &self.0.subject_kind
    }

    /// The record that it is about; null when it is gone or may not be seen.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        named::subject(graph, &self.0.subject_kind, self.0.subject_id).await
    }

    /// Whether it can't wait.
    async fn urgent(&self) -> bool {
        self.0.urgent
    }

    /// When it was told.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was read.
    async fn read_at(&self) -> Option<DateTime<Utc>> {
        self.0.read_at
    }

    /// When it went by mail, too.
    async fn mailed_at(&self) -> Option<DateTime<Utc>> {
        self.0.mailed_at
    }
}

/// What marking notifications as read gives.
#[derive(SimpleObject)]
pub struct NotificationReadPayload {
    /// Those named, as they are now; empty for all.
    notifications: Vec<Notification>,
    /// How many were unread before.
    marked_count: Option<i32>,
    /// How many are unread now.
    unread_count: Option<i32>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// What marking did.
pub struct Marked(NotificationsRead);

impl Payload for NotificationReadPayload {
    type Record = Marked;

    fn done(Marked(read): Marked) -> Self {
        Self {
            notifications: read.notifications.into_iter().map(Notification).collect(),
            marked_count: i32::try_from(read.marked).ok(),
            unread_count: i32::try_from(read.unread).ok(),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            notifications: Vec::new(),
            marked_count: None,
            unread_count: None,
            user_errors,
        }
    }
}

impl Kept for Marked {
    fn kept(&self) -> serde_json::Value {
        let ids: Vec<NotificationId> = self.0.notifications.iter().map(|row| row.id).collect();
        serde_json::json!([ids, self.0.marked])
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move {
            let (ids, marked): (Vec<NotificationId>, usize) = serde_json::from_value(kept.clone())?;
            let notifications = notification::by_ids(tx, &ids).await?;
            let unread = notification::unread_count(tx).await?;
            Ok(Self(NotificationsRead {
                notifications,
                marked,
                unread,
            }))
        }
        .boxed()
    }
}

/// Looks at one's own notifications.
#[derive(Default)]
pub struct NotificationQuery;

#[Object]
impl NotificationQuery {
    /// A notification of one's own.
    async fn notification(
        &self,
        graph: &Context<'_>,
        id: NotificationId,
    ) -> Result<Option<Notification>> {
        find(graph, id).await
    }

    /// One's own notifications. Needs `processes.inbox.read`.
    async fn notifications(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<NotificationFilter>,
        sort: Option<NotificationSort>,
        search: Option<String>,
    ) -> Result<Connection<Notification>> {
        connect(
            graph,
            Slice::new(first, after, last, before).of(filter, sort, search),
        )
        .await
    }

    /// How many of one's own notifications are unread. Needs `processes.inbox.read`.
    async fn unread_notification_count(&self, graph: &Context<'_>) -> Result<i32> {
        let call = Call::of(graph)?;
        let unread = call
            .read(|tx| Box::pin(notification::unread_count(tx)))
            .await?;
        Ok(i32::try_from(unread).unwrap_or(i32::MAX))
    }
}

/// Acts on one's own notifications.
#[derive(Default)]
pub struct NotificationMutation;

#[Object]
impl NotificationMutation {
    /// Marks notifications of one's own as read: those named, or with `all` all of them. Needs
    /// `processes.inbox.read`.
    async fn notification_read(
        &self,
        graph: &Context<'_>,
        input: NotificationReadInput,
    ) -> Result<NotificationReadPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Marked(notification::read(tx, input).await?)) })
        })
        .await
    }
}
