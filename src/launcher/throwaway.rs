//! Runs a command against services that exist for it alone: `./trastienda test` and CI.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use super::folders;
use super::group::stepping_stone;
use super::{Care, Plan, Services};
use crate::cli::EndSignal;
use crate::settings::Settings;

/// How long a command may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(20);

/// Starts what the settings give no address for, runs the command with the addresses in its
/// environment, and deletes everything again, whichever way it ends.
///
/// # Errors
/// A refusal of the launcher, or a command that cannot be started.
pub fn run_with_services(settings: &Settings, command: &[OsString]) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let _inside = runtime.enter();
    let interrupt = signal(SignalKind::interrupt())?;
    let terminate = signal(SignalKind::terminate())?;
    let folder = Folder::make(&settings.data.join("test"))?;
    let plan = Plan::for_missing(settings, &folder.0, Care::ThrowAway);
    let services = Services::start(&plan)?;
    let mut settings = settings.clone();
    services.fill(&mut settings)?;
    let run = run(&settings, &services, command, interrupt, terminate);
    let status = runtime.block_on(run)?;
    drop(services);
    drop(folder);
    Ok(exit_code(status))
}

async fn run(
    settings: &Settings,
    services: &Services,
    command: &[OsString],
    mut interrupt: tokio::signal::unix::Signal,
    mut terminate: tokio::signal::unix::Signal,
) -> anyhow::Result<ExitStatus> {
    let own_group = !std::io::stdin().is_terminal();
    let mut child = spawn(settings, services, command, own_group)?;
    let asked = tokio::select! {
        status = child.wait() => return Ok(status?),
        _ = interrupt.recv() => Signal::SIGINT,
        _ = terminate.recv() => Signal::SIGTERM,
    };
    forward(&child, asked, own_group);
    if let Ok(status) = tokio::time::timeout(PATIENCE, child.wait()).await {
        return Ok(status?);
    }
    forward(&child, Signal::SIGKILL, own_group);
    Ok(child.wait().await?)
}

/// Away from a terminal the command gets a process group, so that its children are reached too.
fn spawn(
    settings: &Settings,
    services: &Services,
    command: &[OsString],
    own_group: bool,
) -> anyhow::Result<Child> {
    let mut stone = stepping_stone(EndSignal::Term, None)?;
    stone.arg("--").args(command);
    let addresses = [
        ("DATABASE_URL", &settings.database.url),
        ("DATABASE_OWNER_URL", &settings.database.owner_url),
        ("DATABASE_RELAY_URL", &settings.database.relay_url),
        ("DATABASE_BACKUP_URL", &settings.database.backup_url),
        ("REDIS_URL", &settings.redis.url),
        ("TRASTIENDA_TEST_SUPERUSER_URL", &services.superuser()),
    ];
    for (name, address) in addresses {
        if let Some(address) = address {
            stone.env(name, address.reveal());
        }
    }
    if own_group {
        stone.process_group(0);
    }
    Ok(Command::from(stone).spawn()?)
}

fn forward(child: &Child, signal: Signal, own_group: bool) {
    let Some(pid) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .map(Pid::from_raw)
    else {
        return;
    };
    let sent = if own_group {
        killpg(pid, signal)
    } else {
        kill(pid, signal)
    };
    if let Err(error) = sent {
        tracing::debug!(%error, "The command has already ended.");
    }
}

/// The command's own code; 128 and the signal's number where a signal ended it, as shells do.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|number| 128 + number))
        .unwrap_or(1);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// The folder of one run, deleted when dropped.
struct Folder(PathBuf);

impl Folder {
    /// Makes a folder that no other run has, and sweeps those whose run was killed.
    fn make(parent: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(parent).map_err(|error| super::not_writable(parent, &error))?;
        sweep(parent);
        let folder = parent.join(std::process::id().to_string());
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// A run that lives holds its folder's lock.
fn sweep(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let old = entry.metadata().and_then(|found| found.modified()).ok();
        let settled = old
            .and_then(|at| at.elapsed().ok())
            .is_some_and(|age| age.as_secs() > 60);
        if settled && folders::lock(&entry.path()).is_ok() {
            remove(&entry.path());
        }
    }
}

fn remove(folder: &Path) {
    let user = super::group::service_user(folder).ok().flatten();
    let removed = folders::remove_data(folder, user.as_ref())
        .and_then(|()| Ok(std::fs::remove_dir_all(folder)?));
    if let Err(error) = removed {
        tracing::warn!(%error, folder = %folder.display(), "The folder stays.");
    }
}
