//! What turns by itself: schedules, lost leases, retention, signed heads.

use kernel::audit;
use kernel::error::Result;
use kernel::job::relay;
use kernel::schedule::tick;

use crate::{Bench, queue, retention};

/// How often the slow housekeeping is done, in beats.
const SLOW: u32 = 120;

/// Makes the jobs of due ticks and takes back lost ones, at every beat.
pub(crate) async fn turn(bench: Bench) -> Result<()> {
    let mut beats = 0_u32;
    loop {
        let beaten = beat(&bench).await;
        if beats.is_multiple_of(SLOW) {
            keep_house(&bench).await?;
        }
        beaten?;
        beats = beats.wrapping_add(1);
        let pause = tokio::time::sleep(bench.settings.beat);
        if bench.stop.run_until_cancelled(pause).await.is_none() {
            return Ok(());
        }
    }
}

async fn beat(bench: &Bench) -> Result<()> {
    let now = bench.worker.db.clock().now();
    let mut connection = bench.relay.connection().await?;
    // What is wrong with schedules must not keep lost jobs from being taken back.
    let ticked = tick::tick(&mut connection, &bench.worker.registry, now).await;
    let lost = relay::sweep(&mut connection, now).await?;
    if lost > 0 {
        tracing::warn!(lost, "Jobs of lost workers were taken back.");
    }
    let told = relay::outstanding(&mut connection).await?;
    for queue in bench.worker.registry.queues() {
        let waiting = told.iter().find(|(name, _)| name == queue);
        let waiting = waiting.map_or(0, |(_, count)| *count);
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        metrics::gauge!("trastienda_queue_depth", "queue" => queue).set(waiting);
    }
    ticked.map(|_| ())
}

async fn keep_house(bench: &Bench) -> Result<()> {
    let now = bench.worker.db.clock().now();
    let mut connection = bench.relay.connection().await?;
    let forgotten = retention::forget(&mut connection, now, &bench.settings.retention).await?;
    if forgotten.rows() > 0 {
        tracing::info!(
            rows = forgotten.rows(),
            "Rows whose time was over were removed."
        );
    }
    directory::throttle::sweep(&bench.relay).await?;
    queue::trim(bench).await?;
    if let Ok(book) = bench.worker.services.get::<audit::HeadBook>() {
        book.export(&mut connection, now).await?;
    }
    Ok(())
}
