//! The three roles that the binary is made of: the API, the worker, the migrations.

use std::net::SocketAddr;

use futures::FutureExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use trastienda_api::transport::{self, Shutdown, TrustedDocuments, probes};
use trastienda_core::kernel::Clock;
use trastienda_core::kernel::migrate::up_within;
use trastienda_worker::Pulse;

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
    check_documents(&settings)?;
    let core = compose::core(&settings)?;
    let feed = compose::address(settings.database.url.as_ref())?.to_owned();
    tracing::info!(address = %listener.local_addr()?, "The API listens.");
    let render = move || metrics.render();
    trastienda_api::server::serve(core, feed, listener, settings.door, render, stop).await?;
    Ok(())
}

/// That an allow-list has something on it.
fn check_documents(settings: &Settings) -> Result<(), Refusal> {
    let door = &settings.door;
    let Some(folder) = &door.documents else {
        return match door.trusted_only {
            false => Ok(()),
            true => Err(Refusal::new(
                "door.trusted_only sin door.documents lo rechazaría todo: indique la carpeta.",
                "door.trusted_only without door.documents would refuse everything: name the folder.",
            )),
        };
    };
    let shown = folder.display();
    match TrustedDocuments::from_folder(folder) {
        Ok(found) if door.trusted_only && found.is_empty() => Err(Refusal::new(
            format!("En {shown} no hay ningún documento *.graphql."),
            format!("There is no document *.graphql in {shown}."),
        )),
        Ok(_) => Ok(()),
        Err(error) => Err(Refusal::new(
            format!("No se pueden leer los documentos de {shown}: {error}"),
            format!("The documents in {shown} can't be read: {error}"),
        )),
    }
}

/// Runs the worker as a process of its own, with a port for probes where one is wanted.
///
/// # Errors
/// A port that is taken, or whatever [`work`] fails for.
pub async fn work_alone(
    settings: Settings,
    metrics: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let pulse = Pulse::default();
    let Some(listen) = settings.work.listen else {
        return work_with(settings, pulse, stop).await;
    };
    let listener = bind(listen).await?;
    let (shutdown, asked) = (Shutdown::new(stop.clone()), pulse.clone());
    let ready = move || {
        let pulse = asked.clone();
        async move { pulse.ready().await }.boxed()
    };
    let routes = probes(ready, move || metrics.render(), shutdown.clone());
    let limits = settings.door.limits.clone();
    let serving =
        tokio::spawn(async move { transport::serve(listener, routes, &limits, shutdown).await });
    let worked = work_with(settings, pulse, stop).await;
    serving.abort();
    worked
}

/// Runs queues, schedules and relay until the token is cancelled and running jobs have ended.
///
/// # Errors
/// Whatever keeps the worker from starting, or its giving up on Redis.
pub async fn work(settings: Settings, stop: CancellationToken) -> anyhow::Result<()> {
    work_with(settings, Pulse::default(), stop).await
}

async fn work_with(
    settings: Settings,
    pulse: Pulse,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut worker = compose::worker(&settings)?;
    worker.pulse = pulse;
    let services = compose::worker_services(&settings)?;
    let registry = compose::registry();
    trastienda_worker::run(worker, registry, services, Clock::System, stop).await?;
    Ok(())
}

/// Applies the migrations as the owner of the database.
///
/// # Errors
/// A failed migration, which is rolled back.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    let owner = compose::address(settings.database.owner_url.as_ref())?;
    let patience = settings.database.migration_lock_timeout_ms;
    for applied in up_within(owner, patience).await? {
        tracing::info!(migration = applied, "A migration was applied.");
    }
    Ok(())
}
