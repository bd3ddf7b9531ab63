//! From what was typed to what runs: settings, telemetry, runtime, then one role.
//!
//! Roles that end by a signal get a token that SIGINT and SIGTERM cancel. Private services are
//! started here, on the main thread, because a parent-death signal follows the thread.

pub mod bench;
mod everything;
mod operations;
mod roles;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub use everything::{Running, everything, prepare, start};
use roles::{bind, serve, work_alone};

use crate::cli::{Arguments, Command, DemoOptions, UpOptions};
use crate::doctor::{self, Need};
use crate::launcher::{self, Care, Plan, Services};
use crate::settings::Settings;
use crate::telemetry::{self, Telemetry};
use crate::{demo, say};

/// Bytes of a thread's stack. A resolver's future is polled from the root of its operation, and
/// without optimisation the frames of a posting below several domains pass the usual 2 MiB.
const STACK: usize = 16 << 20;

/// Runs one command to its end.
///
/// # Errors
/// A [`say::Refusal`] for what the person can mend, any other error for the rest.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    if let Command::Child(options) = &arguments.command {
        match launcher::become_child(options)? {}
    }
    if let Command::WithServices { command } = &arguments.command {
        return launcher::run_with_services(&Settings::from_environment()?, command);
    }
    let mut settings = Settings::load(arguments.config.as_deref())?;
    settings.language = arguments.language.unwrap_or(settings.language);
    match arguments.command {
        Command::Up(options) => up(settings, &options),
        Command::Demo(options) => run_demo(settings, &options),
        Command::Serve(options) => {
            settings.serve.listen = options.listen.unwrap_or(settings.serve.listen);
            run_serve(settings)
        }
        Command::Work => run_work(settings),
        Command::Doctor => run_doctor(settings),
        Command::Bench(options) => {
            let _telemetry = telemetry::install(&settings.telemetry, "bench", None)?;
            let _services = Services::join(&mut settings)?;
            full_runtime()?.block_on(bench::run(&settings, options))
        }
        operation => {
            let _telemetry = telemetry::install(&settings.telemetry, "operation", None)?;
            let without = matches!(operation, Command::Schema { .. });
            let _services = if without {
                None
            } else {
                Services::join(&mut settings)?
            };
            quiet_runtime()?.block_on(operations::run(&settings, operation))
        }
    }
}

/// Private services that were never made are not made for this: the binaries are looked at then.
fn run_doctor(mut settings: Settings) -> anyhow::Result<ExitCode> {
    let given = settings.database.url.is_some() && settings.redis.url.is_some();
    let private = !given && settings.data.join("lock").exists();
    let _services = if private {
        Services::join(&mut settings)?
    } else {
        None
    };
    Ok(quiet_runtime()?.block_on(doctor::doctor(&settings)))
}

fn run_serve(settings: Settings) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::install(&settings.telemetry, "serve", None)?;
    let runtime = full_runtime()?;
    let stop = stop_on_signal(&runtime)?;
    runtime.block_on(async {
        doctor::preflight(&settings, Need::Serve).await?;
        let listener = bind(settings.serve.listen).await?;
        serve(settings, listener, telemetry.metrics.clone(), stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn run_work(settings: Settings) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::install(&settings.telemetry, "work", None)?;
    let runtime = full_runtime()?;
    let stop = stop_on_signal(&runtime)?;
    runtime.block_on(async {
        doctor::preflight(&settings, Need::Work).await?;
        work_alone(settings, telemetry.metrics.clone(), stop).await
    })?;
    Ok(ExitCode::SUCCESS)
}

fn up(mut settings: Settings, options: &UpOptions) -> anyhow::Result<ExitCode> {
    let telemetry = telemetry::install(&settings.telemetry, "up", None)?;
    let runtime = full_runtime()?;
    let stop = stop_on_signal(&runtime)?;
    let services = start_services(&mut settings, options)?;
    runtime.block_on(async {
        let running = everything(&mut settings, options, &telemetry.metrics, stop).await?;
        say::tell(settings.language, &running.greeting());
        tell_loopback(&settings, options, &services);
        running.until_stopped().await
    })?;
    drop(services);
    Ok(ExitCode::SUCCESS)
}

/// The log goes to a file, because the terminal shows progress.
fn run_demo(mut settings: Settings, options: &DemoOptions) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(&settings.data)?;
    let log: PathBuf = settings.data.join("trastienda.log");
    let telemetry: Telemetry = telemetry::install(&settings.telemetry, "demo", Some(&log))?;
    let runtime = full_runtime()?;
    let stop = stop_on_signal(&runtime)?;
    let progress = demo::Progress::new(settings.language);
    let step = progress.step(&demo::sentences::services());
    let services = start_services(&mut settings, &options.up)?;
    step.done();
    runtime.block_on(async {
        let running =
            demo::run(&mut settings, options, &progress, &telemetry.metrics, stop).await?;
        tell_loopback(&settings, &options.up, &services);
        running.until_stopped().await
    })?;
    drop(services);
    say::tell(settings.language, &demo::sentences::stopped());
    Ok(ExitCode::SUCCESS)
}

/// Starts privately what no address is given for, and fills the addresses in.
fn start_services(settings: &mut Settings, options: &UpOptions) -> anyhow::Result<Services> {
    if let Some(listen) = options.listen {
        settings.serve.listen = listen;
    }
    if let Some(port) = options.port {
        settings.serve.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    }
    let mut plan = Plan::for_missing(settings, &settings.data, Care::Keep);
    plan.postgres_port = options.postgres_port;
    plan.redis_port = options.redis_port;
    plan.fresh = options.fresh;
    let services = Services::start(&plan)?;
    services.fill(settings)?;
    services.publish(settings)?;
    Ok(services)
}

fn tell_loopback(settings: &Settings, options: &UpOptions, services: &Services) {
    let Some(file) = services.password_file() else {
        return;
    };
    let file = file.display();
    if let Some(port) = options.postgres_port {
        say::line(&format!("Postgres: 127.0.0.1:{port} ({file})"));
    }
    if let Some(port) = options.redis_port {
        say::line(&format!("Redis: 127.0.0.1:{port} ({file})"));
    }
    tracing::debug!(language = ?settings.language, "The loopback ports are open.");
}

/// A token that SIGINT or SIGTERM cancels. The default reaction to them ends here.
fn stop_on_signal(runtime: &Runtime) -> anyhow::Result<CancellationToken> {
    let _inside = runtime.enter();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    runtime.spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("A signal asks to stop.");
        token.cancel();
    });
    Ok(stop)
}

fn full_runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()?)
}

/// Enough for an operation; migrations need more than one thread.
fn quiet_runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_stack_size(STACK)
        .build()?)
}
