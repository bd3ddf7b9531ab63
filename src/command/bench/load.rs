//! A closed loop of clients: each asks again as soon as it was answered, for a bounded time.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::machine::{Cluster, Process};

/// Requests of one loop at most, whatever the time.
const MOST: u64 = 2_000_000;
/// The longest time that is told apart, in microseconds.
const LONGEST_US: u64 = 600_000_000;

/// How much is asked.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Clients at once.
    pub clients: usize,
    /// For how long.
    pub time: Duration,
    /// How often; the run with the highest rate counts, because what else the machine does can
    /// only make a run slower.
    pub runs: u32,
}

/// Whose processor time is counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meters {
    /// The server that is asked.
    pub server: Option<Process>,
    /// The database's.
    pub cluster: Option<Cluster>,
}

impl Meters {
    fn read(&self) -> [Option<f64>; 2] {
        let server = self.server.and_then(|process| process.cpu());
        [server, self.cluster.and_then(|cluster| cluster.cpu())]
    }
}

/// What a load came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Requests that were answered, a second.
    pub a_second: f64,
    /// Half of them were faster.
    pub p50_ms: f64,
    /// One in a hundred was slower.
    pub p99_ms: f64,
    /// Processor time of the server a request.
    pub cpu_ms: Option<f64>,
    /// Processor time of Postgres a request.
    pub postgres_ms: Option<f64>,
}

impl Load {
    /// Lets every client ask, with a running number, until the time is over. A short while before
    /// that is not counted, so that caches and pools are warm.
    ///
    /// # Errors
    /// The first request that fails: a number that hides failures is worth nothing.
    pub async fn run<F, Fut>(&self, meters: Meters, ask: F) -> anyhow::Result<Measured>
    where
        F: Fn(u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let (ask, number) = (Arc::new(ask), Arc::new(AtomicU64::new(0)));
        self.lap(self.time / 10, &ask, &number).await?;
        let mut best = self.counted(meters, &ask, &number).await?;
        for _ in 1..self.runs {
            let next = self.counted(meters, &ask, &number).await?;
            if next.a_second > best.a_second {
                best = next;
            }
        }
        Ok(best)
    }

    async fn counted<F, Fut>(
        &self,
        meters: Meters,
        ask: &Arc<F>,
        number: &Arc<AtomicU64>,
    ) -> anyhow::Result<Measured>
    where
        F: Fn(u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let (before, begun) = (meters.read(), Instant::now());
        let times = self.lap(self.time, ask, number).await?;
        let (took, after) = (begun.elapsed(), meters.read());
        let spent = before.into_iter().zip(after);
        let mut spent = spent.map(|(before, after)| Some(after? - before?));
        let mut next = || spent.next().flatten();
        Ok(Measured::of(&times, took, [next(), next()]))
    }

    async fn lap<F, Fut>(
        &self,
        time: Duration,
        ask: &Arc<F>,
        number: &Arc<AtomicU64>,
    ) -> anyhow::Result<Histogram<u64>>
    where
        F: Fn(u64) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let until = Instant::now() + time;
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..self.clients {
            let (ask, number) = (ask.clone(), number.clone());
            clients.spawn(async move {
                let mut times = histogram()?;
                while Instant::now() < until {
                    let one = number.fetch_add(1, Ordering::Relaxed);
                    if one >= MOST {
                        break;
                    }
                    let begun = Instant::now();
                    ask(one).await?;
                    times.saturating_record(micros(begun.elapsed()));
                }
                Ok::<_, anyhow::Error>(times)
            });
        }
        let mut all = histogram()?;
        while let Some(client) = clients.join_next().await {
            all.add(&client??)?;
        }
        Ok(all)
    }
}

impl Measured {
    /// Of single times, in microseconds, that took so long in all.
    pub fn of(times: &Histogram<u64>, took: Duration, cpu_s: [Option<f64>; 2]) -> Self {
        let counted = u32::try_from(times.len())
            .map_or(f64::from(u32::MAX), f64::from)
            .max(1.0);
        let at = |quantile: f64| millis(times.value_at_quantile(quantile));
        let [cpu_ms, postgres_ms] =
            cpu_s.map(|spent| spent.map(|seconds| seconds * 1_000.0 / counted));
        Self {
            a_second: counted / took.as_secs_f64(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            cpu_ms,
            postgres_ms,
        }
    }
}

/// A histogram of microseconds, three digits exact.
pub fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, LONGEST_US, 3)?)
}

/// A time in whole microseconds.
pub fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(LONGEST_US)
}

fn millis(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_counts_what_was_answered_and_ends() {
        let load = Load {
            clients: 4,
            time: Duration::from_millis(100),
            runs: 2,
        };
        let asked = Arc::new(AtomicU64::new(0));
        let counter = asked.clone();
        let measured = load.run(Meters::default(), move |_| {
            let counter = counter.clone();
            async move {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(5)).await;
                Ok(())
            }
        });
        let measured = measured.await.unwrap();
        assert!(measured.a_second > 0.0 && asked.load(Ordering::Relaxed) > 0);
        assert!((4.0..200.0).contains(&measured.p50_ms), "{measured:?}");
        assert!(measured.p99_ms >= measured.p50_ms);
    }

    #[tokio::test]
    async fn a_request_that_fails_ends_the_measure() {
        let load = Load {
            clients: 2,
            time: Duration::from_millis(50),
            runs: 1,
        };
        let failing = load.run(Meters::default(), |_| async { anyhow::bail!("away") });
        assert!(failing.await.is_err());
    }
}
