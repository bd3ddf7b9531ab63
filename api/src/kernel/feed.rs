//! The feed through the API: live by subscription, paged for offline clients. Every event is checked
//! against what the caller may see at the moment it is given.

use std::collections::VecDeque;

use async_graphql::{Context, ID, Object, Result, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures::{Stream, stream};
use kernel::event::{self, EventRow};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::call::Call;
use crate::failure;
use crate::feed::Signal;
use crate::node::{self, Node};
use crate::transport::ResumeAfter;

/// Events read at once.
const BATCH: i64 = 200;
/// Events given at once to a client that pages.
const MOST: i32 = 250;

/// That a record changed.
#[derive(Clone)]
pub struct RecordChangedEvent {
    position: i64,
    row: EventRow,
}

/// That a record changed.
#[Object]
impl RecordChangedEvent {
    /// The place in the feed; give the last one seen as `after` to go on from there.
    async fn cursor(&self) -> String {
        self.position.to_string()
    }

    /// What happened, `domain.noun.verbed`.
    async fn kind(&self) -> &str {
        &self.row.action
    }

    /// The GraphQL type of the record.
    async fn subject_kind(&self) -> &str {
        &self.row.subject_kind
    }

    /// The record's id; also of one that is no longer there.
    async fn subject_id(&self) -> Option<ID> {
        node::id_of(&self.row.subject_kind, self.row.subject_id).map(ID::from)
    }

    /// The record as it is now; null when it is gone or may no longer be seen.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        let call = Call::of(graph)?;
        match node::id_of(&self.row.subject_kind, self.row.subject_id) {
            Some(id) => node::find(call, &id).await,
            None => Ok(None),
        }
    }

    /// When it happened.
    async fn at(&self) -> DateTime<Utc> {
        self.row.at
    }
}

/// A stretch of the feed.
#[derive(SimpleObject)]
pub struct ChangeFeed {
    /// What changed, oldest first.
    events: Vec<RecordChangedEvent>,
    /// Where to go on; also when no event was visible.
    cursor: String,
    /// Whether more is there already.
    has_more: bool,
}

/// Pages the feed.
#[derive(Default)]
pub struct FeedQuery;

#[Object]
impl FeedQuery {
    /// What changed after a cursor, for clients that were offline; from the beginning without one.
    async fn changes(
        &self,
        graph: &Context<'_>,
        after: Option<String>,
        #[graphql(desc = "Only of records of these GraphQL types.")] types: Option<Vec<String>>,
        #[graphql(default = 100)] first: i32,
    ) -> Result<ChangeFeed> {
        let call = Call::of(graph)?;
        let from = position(call, after.as_deref())?.unwrap_or_default();
        let limit = i64::from(first.clamp(1, MOST));
        let rows = call
            .read(move |tx| Box::pin(event::feed(tx, from, limit)))
            .await?;
        let has_more = i64::try_from(rows.len()).unwrap_or_default() == limit;
        let cursor = rows
            .last()
            .map_or(from, |(position, _)| *position)
            .to_string();
        let events = visible(call, rows, types.as_deref()).into();
        Ok(ChangeFeed {
            events,
            cursor,
            has_more,
        })
    }
}

/// Follows the feed.
#[derive(Default)]
pub struct FeedSubscription;

#[Subscription]
impl FeedSubscription {
    /// What changes from now on, or from after a cursor without a gap.
    async fn record_changed(
        &self,
        graph: &Context<'_>,
        after: Option<String>,
        #[graphql(desc = "Only of records of these GraphQL types.")] types: Option<Vec<String>>,
    ) -> Result<impl Stream<Item = Result<RecordChangedEvent>>> {
        let call = Call::of(graph)?.clone();
        let resumed = graph
            .data_opt::<ResumeAfter>()
            .map(|after| after.0.to_string());
        let signals = call.core().feed.follow();
        let from = match position(&call, resumed.or(after).as_deref())? {
            Some(from) => from,
            None => call.read(|tx| Box::pin(event::feed_head(tx))).await?,
        };
        let follower = Follower {
            call,
            signals,
            from,
            types,
            ready: VecDeque::new(),
            behind: true,
        };
        Ok(stream::unfold(Some(follower), |follower| async move {
            let mut follower = follower?;
            match follower.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(follower))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

/// One who follows the feed, and how far they are.
struct Follower {
    call: Call,
    signals: Receiver<Signal>,
    from: i64,
    types: Option<Vec<String>>,
    ready: VecDeque<RecordChangedEvent>,
    behind: bool,
}

impl Follower {
    /// The next visible event; `None` when the process stops.
    async fn next(&mut self) -> Result<Option<RecordChangedEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if !self.behind && !self.woken().await {
                return Ok(None);
            }
            let from = self.from;
            let rows = self
                .call
                .read(move |tx| Box::pin(event::feed(tx, from, BATCH)))
                .await?;
            self.behind = i64::try_from(rows.len()).unwrap_or_default() == BATCH;
            self.from = rows.last().map_or(from, |(position, _)| *position);
            self.ready = visible(&self.call, rows, self.types.as_deref());
        }
    }

    async fn woken(&mut self) -> bool {
        loop {
            match self.signals.recv().await {
                Ok(Signal::Events) | Err(RecvError::Lagged(_)) => return true,
                Ok(Signal::Job(_)) => {}
                Err(RecvError::Closed) => return false,
            }
        }
    }
}

/// The events that the caller may see and wants.
fn visible(
    call: &Call,
    rows: Vec<(i64, EventRow)>,
    types: Option<&[String]>,
) -> VecDeque<RecordChangedEvent> {
    rows.into_iter()
        .filter(|(_, row)| row.is_visible_to(call.actor()))
        .filter(|(_, row)| types.is_none_or(|types| types.contains(&row.subject_kind)))
        .map(|(position, row)| RecordChangedEvent { position, row })
        .collect()
}

fn position(call: &Call, cursor: Option<&str>) -> Result<Option<i64>> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let bad = || failure::of(call, kernel::Fault::invalid("kernel.bad_cursor").into());
    cursor.parse().map(Some).map_err(|_| bad())
}
