//! How a child process is started: unprivileged, in its own session, and bound to its parent.
//!
//! This binary starts itself as `trastienda child …`, drops privileges, asks the kernel for a
//! signal when the parent dies and then becomes the service by `exec`. So no code runs between
//! `fork` and `exec`, and nothing here needs `unsafe`.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, getppid, setgid, setsid, setuid};

use crate::cli::{ChildOptions, EndSignal};
use crate::say::Refusal;

/// An unprivileged user that runs the services when this process is root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceUser {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl ServiceUser {
    /// Whether this user may pass through a folder, by its permission bits.
    pub fn may_enter(&self, folder: &Path) -> bool {
        folder.metadata().is_ok_and(|found| {
            let bit = match (found.uid() == self.uid, found.gid() == self.gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            found.mode() & bit != 0
        })
    }
}

/// Who runs the services: this user, or for root the owner of existing data, else `postgres`,
/// else `nobody`. Postgres refuses to run as root.
///
/// # Errors
/// A [`Refusal`] where the machine has none of these users.
pub fn service_user(home: &Path) -> Result<Option<ServiceUser>, Refusal> {
    if !Uid::effective().is_root() {
        return Ok(None);
    }
    let owner = home
        .join("postgres")
        .metadata()
        .ok()
        .filter(|found| found.uid() != 0);
    if let Some(found) = owner {
        return Ok(Some(ServiceUser {
            uid: found.uid(),
            gid: found.gid(),
        }));
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .map(|user| {
            Some(ServiceUser {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            })
        })
        .ok_or_else(no_user)
}

/// A service's process. Dropping it ends it with its signal, and waits.
pub struct Bound {
    child: Child,
    end: EndSignal,
    patience: Duration,
}

/// What to start.
pub struct Launch<'a> {
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The working folder, and the home of a dropped user.
    pub folder: &'a Path,
    /// Where its output goes.
    pub log: File,
    /// Who runs it.
    pub user: Option<&'a ServiceUser>,
    /// How it is asked to end.
    pub end: EndSignal,
}

impl Bound {
    /// Starts a service in a session of its own, so that the terminal's Ctrl-C passes it by and
    /// this process ends things in order.
    ///
    /// # Errors
    /// An error of the system.
    pub fn start(launch: Launch<'_>) -> anyhow::Result<Self> {
        let mut command = stepping_stone(launch.end, launch.user)?;
        command
            .arg("--session")
            .arg("--")
            .arg(launch.program)
            .args(&launch.arguments);
        for (name, _) in std::env::vars_os() {
            if is_private(&name.to_string_lossy()) {
                command.env_remove(&name);
            }
        }
        let child = command
            .current_dir(launch.folder)
            .stdin(Stdio::null())
            .stdout(launch.log.try_clone()?)
            .stderr(launch.log)
            .spawn()
            .with_context(|| format!("{}", launch.program.display()))?;
        Ok(Self {
            child,
            end: launch.end,
            patience: Duration::from_secs(30),
        })
    }

    /// The exit status, if it has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    fn signal(&self, signal: Signal) {
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Err(error) = kill(Pid::from_raw(pid), signal)
        {
            tracing::debug!(%error, "The child has already ended.");
        }
    }

    fn wait(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.ended().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(match self.end {
            EndSignal::Int => Signal::SIGINT,
            EndSignal::Term => Signal::SIGTERM,
        });
        if self.wait(self.patience) {
            return;
        }
        self.signal(Signal::SIGQUIT);
        if !self.wait(Duration::from_secs(5)) {
            self.signal(Signal::SIGKILL);
            self.wait(Duration::from_secs(5));
        }
    }
}

/// A command that runs this binary as the stepping stone to another program.
///
/// # Errors
/// Where the path of this binary cannot be told.
pub fn stepping_stone(end: EndSignal, user: Option<&ServiceUser>) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg("child")
        .arg("--parent")
        .arg(std::process::id().to_string());
    command.arg("--signal").arg(match end {
        EndSignal::Int => "int",
        EndSignal::Term => "term",
    });
    if let Some(user) = user {
        command
            .arg("--user")
            .arg(format!("{}:{}", user.uid, user.gid));
    }
    Ok(command)
}

/// Becomes the program that the launcher asked for; returns only where that fails.
///
/// # Errors
/// An error of the system, or a parent that has died meanwhile.
pub fn become_child(options: &ChildOptions) -> anyhow::Result<std::convert::Infallible> {
    if let Some(user) = &options.user {
        drop_privileges(user)?;
    }
    if options.session {
        setsid().context("setsid")?;
    }
    bind_to_parent(options.signal)?;
    anyhow::ensure!(
        getppid().as_raw() == options.parent,
        "the launcher has ended"
    );
    let (program, arguments) = options.command.split_first().context("no program")?;
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| program.to_string_lossy().into_owned())
}

fn drop_privileges(user: &str) -> anyhow::Result<()> {
    let (uid, gid) = user.split_once(':').context("uid:gid")?;
    let (uid, gid) = (Uid::from_raw(uid.parse()?), Gid::from_raw(gid.parse()?));
    #[cfg(not(target_vendor = "apple"))]
    nix::unistd::setgroups(&[gid]).context("setgroups")?;
    setgid(gid).context("setgid")?;
    setuid(uid).context("setuid")
}

/// Comes after the change of user, which clears the request.
#[cfg(target_os = "linux")]
fn bind_to_parent(signal: EndSignal) -> anyhow::Result<()> {
    let signal = match signal {
        EndSignal::Int => Signal::SIGINT,
        EndSignal::Term => Signal::SIGTERM,
    };
    nix::sys::prctl::set_pdeathsig(signal).context("prctl")
}

/// Elsewhere a launcher that is killed outright leaves its services to the next start.
#[cfg(not(target_os = "linux"))]
fn bind_to_parent(_signal: EndSignal) -> anyhow::Result<()> {
    Ok(())
}

/// Variables that would steer the services or tell them secrets.
fn is_private(name: &str) -> bool {
    name.starts_with("PG")
        || name.starts_with("TRASTIENDA")
        || name.starts_with("DATABASE_")
        || name.starts_with("REDIS_")
        || name.starts_with("LC_")
        || name == "LANG"
        || name == "TZ"
}

fn no_user() -> Refusal {
    Refusal::new(
        "Postgres no funciona como root y aquí no hay usuario postgres ni nobody: créelo o \
         ejecute como otro usuario.",
        "Postgres does not run as root and there is no user postgres or nobody here: create one \
         or run as another user.",
    )
}
