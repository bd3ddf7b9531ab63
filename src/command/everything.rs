//! API and worker in one process, and the order in which they stop.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::roles::{bind, migrate, serve, work};
use crate::cli::UpOptions;
use crate::doctor::{self, Need};
use crate::say::{Refusal, Text};
use crate::settings::Settings;

/// The API and the worker, running.
pub struct Running {
    /// Where the API listens.
    pub address: SocketAddr,
    api: JoinHandle<anyhow::Result<()>>,
    workers: JoinHandle<anyhow::Result<()>>,
    stop_api: CancellationToken,
    stop_workers: CancellationToken,
    drain: Duration,
}

/// Migrates, then starts the API and the worker.
///
/// # Errors
/// A [`Refusal`] of the checks, a failed migration or a port that is taken.
pub async fn everything(
    settings: &mut Settings,
    options: &UpOptions,
    metrics: &PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    prepare(settings).await?;
    start(settings, options, metrics, stop).await
}

/// Checks the owner's login, migrates, then checks the other logins and Redis.
///
/// # Errors
/// A [`Refusal`] of the checks or a failed migration.
#[tracing::instrument(skip_all)]
pub async fn prepare(settings: &Settings) -> anyhow::Result<()> {
    doctor::preflight(settings, Need::Migrate).await?;
    migrate(settings).await?;
    doctor::preflight(settings, Need::Work).await?;
    Ok(())
}

/// Starts the API and the worker on a migrated database.
///
/// # Errors
/// A [`Refusal`] where the chosen port is taken.
pub async fn start(
    settings: &mut Settings,
    options: &UpOptions,
    metrics: &PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<Running> {
    let chosen = options.port.is_some() || options.listen.is_some();
    let listener = bind_near(settings.serve.listen, chosen).await?;
    let address = listener.local_addr()?;
    settings.serve.listen = address;
    let stop_workers = CancellationToken::new();
    let api = serve(settings.clone(), listener, metrics.clone(), stop.clone());
    let workers = work(settings.clone(), stop_workers.clone());
    Ok(Running {
        address,
        api: tokio::spawn(api),
        workers: tokio::spawn(workers),
        stop_api: stop,
        stop_workers,
        drain: Duration::from_secs(settings.work.drain_s),
    })
}

impl Running {
    /// What a person reads when everything runs.
    pub fn greeting(&self) -> Text {
        let address = self.address;
        Text::new(
            format!("Trastienda: http://{address}/graphiql (Ctrl-C para detener)"),
            format!("Trastienda: http://{address}/graphiql (Ctrl-C to stop)"),
        )
    }

    /// Waits for the signal, or for either part to end by itself; then lets the API finish its
    /// requests and after it the worker its jobs.
    ///
    /// # Errors
    /// The first error of either part.
    pub async fn until_stopped(mut self) -> anyhow::Result<()> {
        let ended = tokio::select! {
            () = self.stop_api.cancelled() => None,
            result = &mut self.api => Some((result, true)),
            result = &mut self.workers => Some((result, false)),
        };
        self.stop_api.cancel();
        let api_ended = matches!(ended, Some((_, true)));
        let workers_ended = matches!(ended, Some((_, false)));
        let api = if api_ended {
            Ok(())
        } else {
            (&mut self.api).await?
        };
        self.stop_workers.cancel();
        let workers = if workers_ended {
            Ok(())
        } else {
            self.drain_workers().await
        };
        if let Some((result, _)) = ended {
            result??;
        }
        api.and(workers)
    }

    /// Jobs that take longer are cut: their claims run out, and another worker goes on with them.
    async fn drain_workers(&mut self) -> anyhow::Result<()> {
        if let Ok(result) = tokio::time::timeout(self.drain, &mut self.workers).await {
            return result?;
        }
        tracing::warn!("The worker stopped on jobs that were not finished in time.");
        self.workers.abort();
        Ok(())
    }
}

/// The wanted port; a free one where nobody chose and the usual one is taken.
async fn bind_near(listen: SocketAddr, chosen: bool) -> Result<TcpListener, Refusal> {
    match TcpListener::bind(listen).await {
        Ok(listener) => Ok(listener),
        Err(error) if !chosen && error.kind() == ErrorKind::AddrInUse => {
            bind(SocketAddr::new(listen.ip(), 0)).await
        }
        Err(_) => bind(listen).await,
    }
}
