//! The relay: hears from Postgres that jobs are due and pushes their tickets to Redis.
//!
//! Redis never holds more than [`DEPTH`] tickets of a queue: apalis wedges on long ones. What finds
//! no room waits in its row. A ticket that Redis has lost shows by the difference between the rows
//! that were told and the tickets that are there, and is pushed again.

use std::collections::HashMap;
use std::time::Instant;

use apalis::prelude::{TaskBuilder, TaskId, TaskSink};
use apalis_redis::RedisStorage;
use chrono::{DateTime, TimeDelta, Utc};
use futures::stream;
use kernel::error::{Error, Result};
use kernel::job::relay::{Room, Ticket, due, outstanding};
use kernel::tx::Wake;
use redis::AsyncCommands;

use crate::ear::Ear;
use crate::{Bench, bell, queue};

/// Tickets of one queue pushed in one go.
const BATCH: i64 = 500;
/// Tickets of one queue in Redis at most. Each relay looks before it pushes a batch, so that even
/// three that look at once stay below 5,000.
pub const DEPTH: i64 = 3_500;

/// Tells of due jobs until the connection breaks or the process stops. Looks whenever Postgres
/// notifies it, and at every beat for what no notification tells: retries, later times, losses.
pub(crate) async fn turn(bench: Bench) -> Result<()> {
    let mut ear = Ear::open(&bench, Wake::Jobs).await?;
    let mut stores = Stores::new(bench.clone());
    let mut searched: Option<Instant> = None;
    loop {
        let search = searched.is_none_or(|at| at.elapsed() >= bench.settings.beat);
        if search {
            searched = Some(Instant::now());
        }
        stores.tell(search).await?;
        if ear.hear(&bench, |_| true).await?.is_none() {
            return Ok(());
        }
    }
}

/// The queues of Redis as the relay pushes to them.
struct Stores {
    bench: Bench,
    queues: HashMap<&'static str, RedisStorage<Ticket>>,
}

impl Stores {
    fn new(bench: Bench) -> Self {
        let names = bench.worker.registry.queues();
        let queues = names
            .into_iter()
            .map(|name| (name, queue::store(&bench, name)));
        let queues = queues.collect();
        Self { bench, queues }
    }

    /// Tells of the jobs that are due now, and at a search of those whose tickets are lost too. The
    /// rows are marked first: a push that then fails is a loss.
    async fn tell(&mut self, search: bool) -> Result<()> {
        loop {
            let now = self.bench.worker.db.clock().now();
            let mut connection = self.bench.relay.connection().await?;
            let told = match search {
                true => outstanding(&mut connection).await?,
                false => Vec::new(),
            };
            let rooms = self.rooms(&told.into_iter().collect(), now).await?;
            let tickets = due(&mut connection, now, &rooms).await?;
            drop(connection);
            let count = i64::try_from(tickets.len()).unwrap_or(i64::MAX);
            if count == 0 {
                return Ok(());
            }
            self.push(tickets, now.timestamp_millis()).await?;
            if count < BATCH {
                return Ok(());
            }
        }
    }

    /// What each queue has room for, by the tickets that are in Redis: apalis keeps them in a set by
    /// time until the next fetch, and then in a list.
    async fn rooms(&self, told: &HashMap<String, i64>, now: DateTime<Utc>) -> Result<Vec<Room>> {
        let mut asked = redis::pipe();
        for store in self.queues.values() {
            // In this order: what moves meanwhile counts twice rather than not at all.
            asked.zcard(store.get_config().scheduled_jobs_set());
            asked.llen(store.get_config().active_jobs_list());
        }
        let mut redis = self.bench.redis.clone();
        let counts: Vec<i64> = asked.query_async(&mut redis).await.map_err(away)?;
        let lengths = counts.chunks(2).map(|counts| counts.iter().sum());
        let again = TimeDelta::from_std(self.bench.settings.tell_again)
            .unwrap_or_else(|_| TimeDelta::seconds(10));
        let room = |(name, length): (&&'static str, i64)| Room {
            queue: (*name).to_owned(),
            tickets: (DEPTH - length).clamp(0, BATCH),
            again: told
                .get(*name)
                .is_some_and(|told| *told > length)
                .then(|| now - again),
        };
        Ok(self.queues.keys().zip(lengths).map(room).collect())
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
            let Some(store) = self.queues.get_mut(name.as_str()) else {
                continue;
            };
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

fn away(error: redis::RedisError) -> Error {
    Error::Unavailable(format!("queue: {error}"))
}
