//! The relay: hears from Postgres that jobs are due and pushes their tickets to Redis.

use std::collections::HashMap;
use std::time::Duration;

use apalis::prelude::{TaskBuilder, TaskId, TaskSink};
use apalis_redis::RedisStorage;
use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::{StreamExt, stream};
use kernel::error::{Error, Result};
use kernel::job::relay::{Ticket, due};
use kernel::tx::Wake;
use redis::AsyncCommands;

use crate::{Bench, bell, queue};

/// Tickets pushed in one go.
const BATCH: i64 = 500;

/// Tells of due jobs until the connection breaks or the process stops. Looks whenever Postgres
/// notifies it, and at every beat for what no notification tells: retries and later times.
pub(crate) async fn turn(bench: Bench) -> Result<()> {
    let mut listener = AsyncPgConnection::establish(&bench.settings.relay_url)
        .await
        .map_err(|error| Error::Unavailable(format!("relay: {error}")))?;
    listener
        .batch_execute(&format!("LISTEN {}", Wake::Jobs.channel()))
        .await?;
    let mut stores = Stores::new(bench.clone());
    loop {
        while stores.tell().await? >= usize::try_from(BATCH).unwrap_or_default() {}
        let mut notifications = std::pin::pin!(listener.notifications_stream());
        let next = tokio::time::timeout(bench.settings.beat, notifications.next());
        match bench.stop.run_until_cancelled(next).await {
            None => return Ok(()),
            Some(Ok(None | Some(Err(_)))) => {
                return Err(Error::Unavailable(
                    "the relay's connection ended".to_owned(),
                ));
            }
            Some(Ok(Some(Ok(_))) | Err(_)) => {}
        }
    }
}

/// The queues of Redis as the relay pushes to them.
struct Stores {
    bench: Bench,
    queues: HashMap<String, RedisStorage<Ticket>>,
}

impl Stores {
    fn new(bench: Bench) -> Self {
        Self {
            bench,
            queues: HashMap::new(),
        }
    }

    /// Tells of the jobs that are due now. The rows are marked first: a push that then fails is
    /// repeated after the wait for telling again.
    async fn tell(&mut self) -> Result<usize> {
        let now = self.bench.worker.db.clock().now();
        let again = TimeDelta::from_std(self.bench.settings.tell_again)
            .unwrap_or_else(|_| TimeDelta::seconds(10));
        let mut connection = self.bench.relay.connection().await?;
        let tickets = due(&mut connection, now, again, BATCH).await?;
        drop(connection);
        let count = tickets.len();
        if count > 0 {
            self.push(tickets, now.timestamp_millis()).await?;
        }
        Ok(count)
    }

    async fn push(&mut self, tickets: Vec<Ticket>, told_ms: i64) -> Result<()> {
        let mut by_queue: HashMap<String, Vec<Ticket>> = HashMap::new();
        for ticket in tickets {
            by_queue
                .entry(ticket.queue.clone())
                .or_default()
                .push(ticket);
        }
        for (name, tickets) in by_queue {
            let bench = &self.bench;
            let store = self
                .queues
                .entry(name)
                .or_insert_with_key(|name| queue::store(bench, name));
            let tasks = tickets.into_iter().map(|ticket| {
                let id = format!("{}-{}-{told_ms}", ticket.job, ticket.attempt);
                TaskBuilder::new(ticket)
                    .task_id(TaskId::from_string(id))
                    .build()
            });
            store
                .push_all(stream::iter(tasks))
                .await
                .map_err(|error| Error::Unavailable(format!("queue: {error}")))?;
        }
        let mut redis = self.bench.redis.clone();
        let rung: std::result::Result<i64, _> =
            redis.publish(bell::channel(&self.bench), "due").await;
        if let Err(error) = rung {
            tracing::debug!(%error, "The bell was not rung; the queues poll by themselves.");
        }
        Ok(())
    }
}

/// How long a part waits before it looks again when it has nothing else to go by.
pub(crate) const IDLE: Duration = Duration::from_millis(250);
