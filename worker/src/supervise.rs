//! Keeps a part of the worker going: restarts it with growing waits until the process stops.

use std::time::Duration;

use kernel::error::Result;

use crate::Bench;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Runs a part again and again until the process is told to stop. A part that fails is started
/// afresh after a wait, longer each time it fails at once.
pub(crate) async fn forever<F, Fut>(name: &'static str, bench: Bench, part: F)
where
    F: Fn(Bench) -> Fut + Send,
    Fut: Future<Output = Result<()>> + Send,
{
    let mut wait = FIRST_WAIT;
    while !bench.stop.is_cancelled() {
        let began = tokio::time::Instant::now();
        match part(bench.clone()).await {
            Ok(()) => wait = FIRST_WAIT,
            Err(error) => {
                tracing::warn!(part = name, %error, "A part of the worker is restarted.");
                bench.settings.pulse.restarted(name, &error);
                wait = if began.elapsed() > LONGEST_WAIT {
                    FIRST_WAIT
                } else {
                    wait * 2
                };
                let nap = tokio::time::sleep(wait.min(LONGEST_WAIT));
                bench.stop.run_until_cancelled(nap).await;
            }
        }
    }
}
