//! How long a job waits from the commit that wants it to the first line of its handler.
//!
//! `DATABASE_URL=… DATABASE_RELAY_URL=… REDIS_URL=… cargo run --release --example latency`, on a
//! migrated database. Prints p50, p99 and the longest wait of 1,000 jobs wanted one after another,
//! then the rate at which 5,000 jobs wanted at once are done.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use kernel::ids::OrganisationId;
use kernel::job::{self, Enqueue, Job, JobRun, Registry, Services};
use kernel::{Actor, Clock, Context, Db, DbSettings, Permission};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use trastienda_worker::Settings;

/// Where handlers write down when they began.
type Board = Mutex<Vec<Instant>>;

#[derive(Serialize, Deserialize)]
struct Noop;

impl Job for Noop {
    const KIND: &'static str = "bench.noop";
    const QUEUE: &'static str = "bench";
    const PERMISSION: Permission = "bench.run";

    async fn run(self, run: JobRun) -> kernel::Result<Value> {
        let board = run.service::<Board>()?;
        board
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Instant::now());
        Ok(Value::Null)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url = std::env::var("DATABASE_URL").context("DATABASE_URL")?;
    let mut settings = Settings::new(
        DbSettings::new(&url),
        std::env::var("DATABASE_RELAY_URL").context("DATABASE_RELAY_URL")?,
        std::env::var("REDIS_URL").context("REDIS_URL")?,
    );
    settings.prefix = format!("bench-{}", uuid::Uuid::now_v7());
    let mut registry = Registry::new();
    registry.register::<Noop>();
    let board: Arc<Board> = Arc::default();
    let services = Services::new().with_shared(board.clone());
    let stop = CancellationToken::new();
    let worker = tokio::spawn(trastienda_worker::run(
        settings,
        registry,
        services,
        Clock::System,
        stop.clone(),
    ));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let db = Db::new(&DbSettings::new(&url), Clock::System)?;
    one_by_one(&db, &board).await?;
    all_at_once(&db, &board).await?;
    stop.cancel();
    worker.await??;
    Ok(())
}

async fn one_by_one(db: &Db, board: &Board) -> anyhow::Result<()> {
    let mut waits = Vec::new();
    for number in 1..=1_000 {
        want(db, 1).await?;
        let committed = Instant::now();
        let began = wait_for(board, number).await;
        waits.push(began.saturating_duration_since(committed));
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    waits.sort_unstable();
    let at = |part: usize| {
        waits
            .get(waits.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "start: p50 {:?}, p99 {:?}, longest {:?}",
        at(50),
        at(99),
        waits.last()
    );
    Ok(())
}

async fn all_at_once(db: &Db, board: &Board) -> anyhow::Result<()> {
    let many = 5_000;
    want(db, many).await?;
    let committed = Instant::now();
    let last = wait_for(board, 1_000 + many).await;
    let seconds = last.saturating_duration_since(committed).as_secs_f64();
    println!("rate: {many} jobs in {seconds:.2} s");
    Ok(())
}

async fn want(db: &Db, count: usize) -> anyhow::Result<()> {
    let actor = Arc::new(Actor::system(OrganisationId::generate()));
    let context = Arc::new(Context::new(actor, db.clock().now()));
    let mut tx = db.begin(&context).await?;
    for _ in 0..count {
        job::enqueue(&mut tx, &Noop, Enqueue::default()).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The instant at which the `number`th handler began.
async fn wait_for(board: &Board, number: usize) -> Instant {
    loop {
        let began = board
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(number - 1)
            .copied();
        match began {
            Some(began) => return began,
            None => tokio::time::sleep(Duration::from_micros(200)).await,
        }
    }
}
