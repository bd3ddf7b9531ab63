//! A queue: an apalis worker on Redis that hands each ticket to the engine.

use std::time::Duration;

use apalis::prelude::{BackendExt, BoxDynError, Data, WorkerBuilder, WorkerBuilderExt};
use apalis_redis::{Config, RedisStorage};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::error::{Error, Result};
use kernel::job::execute;
use kernel::job::relay::Ticket;
use redis::AsyncCommands;

use crate::Bench;
use crate::bell::Bell;

/// A queue's store. One task is fetched at a time: a batch larger than the free slots would stop
/// the heartbeat and run jobs twice. Attempts are the row's affair, so every ticket is answered
/// with success.
pub(crate) fn store(bench: &Bench, queue: &str) -> RedisStorage<Ticket> {
    let config = Config::default()
        .queue(format!("{}:{queue}", bench.settings.prefix))
        .batch_size(1)
        .heartbeat_interval(Duration::from_secs(5));
    let config = Config {
        missed_heartbeats: 3,
        ..config
    };
    RedisStorage::new(bench.redis.clone()).with_config(config)
}

/// Serves a queue until its worker ends or the process stops.
pub(crate) fn serve(
    queue: &'static str,
    bell: Bell,
) -> impl Fn(Bench) -> BoxFuture<'static, Result<()>> + Send {
    move |bench| serve_once(queue, bench, bell.clone()).boxed()
}

async fn serve_once(queue: &'static str, bench: Bench, bell: Bell) -> Result<()> {
    let name = format!("{}-{queue}-{}", bench.worker.name, uuid::Uuid::new_v4());
    let stop = bench.stop.clone();
    let ended = WorkerBuilder::new(name)
        .backend(store(&bench, queue).poll_with_stream(bell.rings()))
        .data(bench.clone())
        .concurrency(bench.settings.concurrency)
        .build(handle)
        .run_until(async move {
            stop.cancelled().await;
            Ok::<(), std::io::Error>(())
        })
        .await;
    if bench.stop.is_cancelled() {
        return Ok(());
    }
    match ended {
        Ok(()) => Err(Error::Unavailable(format!("the worker of {queue} ended"))),
        Err(error) => Err(Error::Unavailable(format!(
            "the worker of {queue}: {error}"
        ))),
    }
}

/// Does a ticket in a task of its own: when Redis stalls, apalis drops its future, not the work.
async fn handle(ticket: Ticket, bench: Data<Bench>) -> std::result::Result<(), BoxDynError> {
    let (worker, job) = (bench.worker.clone(), ticket.job);
    let task = bench
        .tasks
        .spawn(async move { execute(&worker, ticket).await });
    match task.await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(job.id = %job, %error, "A job's row was not settled."),
        Err(error) => tracing::error!(job.id = %job, %error, "A job's task ended badly."),
    }
    Ok(())
}

/// Drops what apalis keeps of tickets that were answered.
pub(crate) async fn trim(bench: &Bench) -> Result<()> {
    let away = |error: redis::RedisError| Error::Unavailable(format!("trim: {error}"));
    let mut redis = bench.redis.clone();
    for queue in bench.worker.registry.queues() {
        let key = |part: &str| format!("{}:{queue}:{part}", bench.settings.prefix);
        for set in [key("done"), key("dead")] {
            let ids: Vec<String> = redis::cmd("SPOP")
                .arg(&set)
                .arg(1_000)
                .query_async(&mut redis)
                .await
                .map_err(away)?;
            if ids.is_empty() {
                continue;
            }
            let metas: Vec<String> = ids
                .iter()
                .map(|id| format!("{}:{id}", key("meta")))
                .collect();
            let _: i64 = redis.hdel(key("data"), &ids).await.map_err(away)?;
            let _: i64 = redis.del(&metas).await.map_err(away)?;
        }
    }
    Ok(())
}
