//! The three roles that the binary is made of: the API, the worker, the migrations.

use std::net::SocketAddr;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use trastienda_core::kernel::Clock;

use crate::compose;
use crate::say::Refusal;
use crate::settings::Settings;

/// Opens the API's port.
///
/// # Errors
/// A [`Refusal`] where the port is taken or not ours to open.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, Refusal> {
    TcpListener::bind(listen).await.map_err(|error| {
        Refusal::new(
            format!("No se puede escuchar en {listen} ({error}): elija otro puerto con --listen."),
            format!("Cannot listen on {listen} ({error}): choose another port with --listen."),
        )
    })
}

/// Serves the GraphQL API until the token is cancelled and running requests have ended.
///
/// # Errors
/// Whatever keeps the API from starting.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let core = compose::core(&settings)?;
    let feed = compose::address(settings.database.url.as_ref())?.to_owned();
    tracing::info!(address = %listener.local_addr()?, "The API listens.");
    let render = move || metrics.render();
    trastienda_api::server::serve(core, feed, listener, settings.door, render, stop).await?;
    Ok(())
}

/// Runs queues, schedules and relay until the token is cancelled and running jobs have ended.
///
/// # Errors
/// Whatever keeps the worker from starting, or its giving up on Redis.
pub async fn work(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    let worker = compose::worker(&settings)?;
    let services = compose::services(&settings)?;
    let registry = trastienda_core::registry();
    trastienda_worker::run(worker, registry, services, Clock::System, stop).await?;
    Ok(())
}

/// Applies the migrations as the owner of the database.
///
/// # Errors
/// A failed migration, which is rolled back.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let owner = compose::address(settings.database.owner_url.as_ref())?;
    for applied in trastienda_core::kernel::migrate::up(owner).await? {
        tracing::info!(migration = applied, "A migration was applied.");
    }
    Ok(())
}
