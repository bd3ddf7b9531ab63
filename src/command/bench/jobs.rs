//! The way of a job: from the commit that wants it to the first line of its handler.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kernel::ids::JobId;
use kernel::job::{self, Enqueue, JobRow};
use serde_json::json;
use trastienda_core::kernel;

use super::Bench;
use super::load::{Measured, histogram, micros};
use super::ping::{Ping, began};

/// Jobs that are wanted one after another.
const SINGLE: u32 = 300;
/// Jobs that are wanted at once.
const CROWD: u32 = 5_000;
/// How long jobs are waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures the start of a job, and how many are done a second.
///
/// # Errors
/// Jobs that nobody does.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let (mut times, begun) = (histogram()?, Instant::now());
    for _ in 0..bench.scaled(SINGLE) {
        let row = want(bench).await?;
        let committed = bench.stage.db.clock().now();
        let done = wait(bench, &[row.id]).await?;
        let first = done
            .iter()
            .filter_map(|row| began(row.result.as_ref()?))
            .next();
        let waited = first.context("a ping without an answer")? - committed;
        times.saturating_record(micros(waited.to_std().unwrap_or_default()).max(1));
    }
    let single = Measured::of(&times, begun.elapsed(), [None, None]);
    bench.sheet.add(
        "job start, from commit to the handler's first line",
        &single,
    );
    let crowd = bench.scaled(CROWD);
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    let mut ids = Vec::new();
    for _ in 0..crowd {
        ids.push(
            job::enqueue(&mut tx, &Ping {}, Enqueue::default())
                .await?
                .id,
        );
    }
    tx.commit().await?;
    let begun = Instant::now();
    wait(bench, &ids).await?;
    let rate = f64::from(crowd) / begun.elapsed().as_secs_f64();
    bench.sheet.note(
        &format!("jobs a second, {crowd} wanted at once"),
        &format!("{rate:.0}/s"),
    );
    Ok(())
}

async fn want(bench: &Bench) -> anyhow::Result<JobRow> {
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    let kind = bench.stage.registry.kind("kernel.ping")?;
    let row = job::enqueue_kind(&mut tx, kind, json!({}), Enqueue::default()).await?;
    tx.commit().await?;
    Ok(row)
}

/// Waits until jobs have ended.
async fn wait(bench: &Bench, ids: &[JobId]) -> anyhow::Result<Vec<JobRow>> {
    let begun = Instant::now();
    loop {
        let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
        let rows = job::by_ids(&mut tx, ids).await?;
        tx.rollback().await?;
        if rows.iter().all(|row| row.finished_at.is_some()) {
            return Ok(rows);
        }
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "nobody does the jobs: is `work` running?"
        );
        let nap = if ids.len() > 1 { 50 } else { 2 };
        tokio::time::sleep(Duration::from_millis(nap)).await;
    }
}
