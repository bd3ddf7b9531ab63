//! The worker: rings the bell of Redis for the jobs that Postgres holds, and does them.
//!
//! - [`relay`]: hears of due jobs and pushes their tickets to the apalis queues;
//! - [`queue`]: an apalis worker a queue, supervised; each ticket runs in a task of its own;
//! - [`bell`]: wakes the queues of every process the moment a ticket is pushed;
//! - [`clockwork`]: schedules, lost leases, signed heads;
//! - [`sealer`]: the audit chain;
//! - [`retention`]: what is forgotten when its time is over;
//! - [`pulse`]: whether the process can work.
//!
//! Postgres is the truth. Losing Redis, every byte of it, loses nothing and doubles nothing: a job
//! that was told and not begun is told again, and only the first to claim its row runs it.

pub mod bell;
pub mod clockwork;
mod ear;
pub mod pulse;
pub mod queue;
pub mod relay;
pub mod retention;
pub mod sealer;
mod supervise;

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kernel::error::{Error, Result};
use kernel::job::{Registry, Services, Worker};
use kernel::{Clock, Db, DbSettings};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use pulse::Pulse;
pub use retention::Retention;

/// How a worker process runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database in the application's role.
    pub app: DbSettings,
    /// The database in the relay's role.
    pub relay_url: String,
    /// Redis.
    pub redis_url: String,
    /// A prefix of every key in Redis.
    pub prefix: String,
    /// Jobs at once, of each queue.
    pub concurrency: usize,
    /// How long a lease holds without being renewed.
    pub lease: Duration,
    /// When a job that was told and not begun is told again.
    pub tell_again: Duration,
    /// How often the clockwork looks.
    pub beat: Duration,
    /// How long things are kept.
    pub retention: Retention,
    /// What others ask whether this process can work.
    pub pulse: Pulse,
}

impl Settings {
    /// The defaults for a database and a Redis.
    pub fn new(app: DbSettings, relay_url: String, redis_url: String) -> Self {
        Self {
            app,
            relay_url,
            redis_url,
            prefix: "trastienda".to_owned(),
            concurrency: 4,
            lease: Duration::from_secs(30),
            tell_again: Duration::from_secs(10),
            beat: Duration::from_millis(500),
            retention: Retention::default(),
            pulse: Pulse::default(),
        }
    }
}

/// What the parts of a worker process share.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) settings: Arc<Settings>,
    pub(crate) worker: Worker,
    pub(crate) relay: Db,
    pub(crate) redis: ConnectionManager,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// Runs a worker process until it is stopped, then lets running jobs end. An error means that it
/// could not begin.
pub fn run(
    settings: Settings,
    registry: Registry,
    services: Services,
    clock: Clock,
    stop: CancellationToken,
) -> BoxFuture<'static, Result<()>> {
    // Boxed, so that the worker is compiled here and not in every program that runs one.
    run_here(settings, registry, services, clock, stop).boxed()
}

async fn run_here(
    settings: Settings,
    registry: Registry,
    services: Services,
    clock: Clock,
    stop: CancellationToken,
) -> Result<()> {
    let bench = prepare(settings, registry, services, clock, stop).await?;
    let bell = bell::Bell::default();
    let mut parts = tokio::task::JoinSet::new();
    parts.spawn(supervise::forever(
        "bell",
        bench.clone(),
        bell::listen(bell.clone()),
    ));
    parts.spawn(supervise::forever("relay", bench.clone(), relay::turn));
    parts.spawn(supervise::forever(
        "clockwork",
        bench.clone(),
        clockwork::turn,
    ));
    parts.spawn(supervise::forever("sealer", bench.clone(), sealer::turn));
    for queue in bench.worker.registry.queues() {
        parts.spawn(supervise::forever(
            "queue",
            bench.clone(),
            queue::serve(queue, bell.clone()),
        ));
    }
    tracing::info!(worker = bench.worker.name, "The worker is at work.");
    while parts.join_next().await.is_some() {}
    bench.tasks.close();
    bench.tasks.wait().await;
    tracing::info!(worker = bench.worker.name, "The worker has stopped.");
    Ok(())
}

async fn prepare(
    settings: Settings,
    registry: Registry,
    services: Services,
    clock: Clock,
    stop: CancellationToken,
) -> Result<Bench> {
    let relay_settings = DbSettings {
        pool_size: 4,
        ..DbSettings::new(&settings.relay_url)
    };
    let worker = Worker {
        name: format!("worker-{}", uuid::Uuid::now_v7()),
        db: Db::new(&settings.app, clock.clone())?,
        registry: Arc::new(registry),
        services,
        lease: settings.lease,
    };
    let relay = Db::new(&relay_settings, clock)?;
    let redis = connect(&settings.redis_url).await?;
    settings.pulse.begin(relay.clone(), redis.clone());
    Ok(Bench {
        relay,
        redis,
        settings: Arc::new(settings),
        worker,
        stop,
        tasks: TaskTracker::new(),
    })
}

/// A connection to Redis that reconnects by itself and bears a stall of some seconds.
pub async fn connect(url: &str) -> Result<ConnectionManager> {
    let away = |error: redis::RedisError| Error::Unavailable(format!("Redis: {error}"));
    let client = redis::Client::open(url).map_err(away)?;
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(Duration::from_secs(10)))
        .set_connection_timeout(Some(Duration::from_secs(5)));
    ConnectionManager::new_with_config(client, config)
        .await
        .map_err(away)
}
