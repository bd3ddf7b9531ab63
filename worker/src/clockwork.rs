//! What turns by itself: schedules, lost leases, the audit chain, retention.

use std::time::Duration;

use kernel::audit;
use kernel::error::Result;
use kernel::job::{prune, relay};
use kernel::schedule::tick;

use crate::{Bench, queue};

/// How often the slow housekeeping is done, in beats.
const SLOW: u32 = 120;

/// Makes the jobs of due ticks and takes back lost ones, at every beat.
pub(crate) async fn turn(bench: Bench) -> Result<()> {
    let mut beats = 0_u32;
    loop {
        let now = bench.worker.db.clock().now();
        let mut connection = bench.relay.connection().await?;
        tick::tick(&mut connection, &bench.worker.registry, now).await?;
        let lost = relay::sweep(&mut connection, now).await?;
        if lost > 0 {
            tracing::warn!(lost, "Jobs of lost workers were taken back.");
        }
        for (queue, waiting) in relay::outstanding(&mut connection).await? {
            let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
            metrics::gauge!("trastienda_queue_depth", "queue" => queue).set(waiting);
        }
        if beats.is_multiple_of(SLOW) {
            let pruned = prune(&mut connection, now, bench.settings.retention_days).await?;
            tracing::debug!(pruned, "Old jobs were removed.");
            queue::trim(&bench).await?;
            if let Ok(book) = bench.worker.services.get::<audit::HeadBook>() {
                book.export(&mut connection, now).await?;
            }
        }
        drop(connection);
        beats = beats.wrapping_add(1);
        let beat = tokio::time::sleep(bench.settings.beat);
        if bench.stop.run_until_cancelled(beat).await.is_none() {
            return Ok(());
        }
    }
}

/// Seals events into their chains, some milliseconds after their commits.
pub(crate) async fn seal(bench: Bench) -> Result<()> {
    loop {
        let mut connection = bench.relay.connection().await?;
        let sealed = audit::seal_waiting(&mut connection).await?;
        drop(connection);
        let wait = if sealed > 0 {
            Duration::from_millis(1)
        } else {
            crate::relay::IDLE / 5
        };
        if bench
            .stop
            .run_until_cancelled(tokio::time::sleep(wait))
            .await
            .is_none()
        {
            return Ok(());
        }
    }
}
