//! The sealer: gives events their places in the chain, some milliseconds after their commits.

use std::time::Duration;

use kernel::audit;
use kernel::error::Result;
use kernel::tx::Wake;

use crate::Bench;
use crate::ear::Ear;

/// How long it lets commits that come close together gather.
const GATHER: Duration = Duration::from_millis(2);

/// Seals whatever waits, whenever a commit notifies it, and at every beat for notifications that
/// were lost. With several, one seals an organisation and the others wait for it.
pub(crate) async fn turn(bench: Bench) -> Result<()> {
    let mut ear = Ear::open(&bench, Wake::Feed).await?;
    loop {
        let mut connection = bench.relay.connection().await?;
        while audit::seal_waiting(&mut connection, &bench.worker.registry).await? > 0 {}
        drop(connection);
        if ear.hear(&bench, is_commit).await?.is_none() {
            return Ok(());
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// A commit notifies without a payload; what has one is a sealer's own word.
fn is_commit(payload: &str) -> bool {
    payload.is_empty()
}
