//! The private Redis: append-only file, no eviction, a socket of its own.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::binaries;
use super::folders::Folders;
use super::group::{Bound, Launch};
use super::{Care, Plan};
use crate::cli::EndSignal;
use crate::say::Refusal;
use crate::settings::Address;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running private Redis. Dropping it ends it in good order.
pub struct Redis {
    process: Bound,
    socket: PathBuf,
    password: Option<String>,
}

impl Redis {
    /// Starts the server and waits for its first answer.
    ///
    /// # Errors
    /// A [`Refusal`] where no binary is found or the server does not start.
    pub fn start(folders: &Folders, plan: &Plan) -> anyhow::Result<Self> {
        let program = binaries::redis()?;
        let data = folders.service("redis")?;
        let socket = folders.sockets.join("redis.sock");
        wait_until_gone(&socket);
        let password = plan.redis_port.map(|_| folders.password()).transpose()?;
        let file = data.join("redis.conf");
        write_configuration(
            &file,
            &configuration(&data, &socket, plan, password.as_deref()),
        )?;
        if let Some(user) = &folders.user {
            std::os::unix::fs::chown(&file, Some(user.uid), Some(user.gid))?;
        }
        let process = Bound::start(Launch {
            program: &program,
            arguments: vec![OsString::from(&file)],
            folder: &data,
            log: folders.log("redis")?,
            user: folders.user.as_ref(),
            end: EndSignal::Term,
        })?;
        let mut redis = Self {
            process,
            socket,
            password,
        };
        redis.wait_until_ready(folders)?;
        Ok(redis)
    }

    /// The address of the server's socket.
    pub fn address(&self) -> Address {
        let pass = self
            .password
            .as_ref()
            .map(|password| format!("?pass={password}"));
        Address::new(format!(
            "redis+unix://{}{}",
            self.socket.display(),
            pass.unwrap_or_default()
        ))
    }

    /// Any answer to PING but "loading" will do, also the demand for a password.
    fn wait_until_ready(&mut self, folders: &Folders) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match ping(&self.socket) {
                Ok(answer) if !answer.starts_with("-LOADING") => return Ok(()),
                _ if self.process.ended().is_none() && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return Err(not_started(folders).into()),
            }
        }
    }
}

/// The folder's lock is ours, so a server that still answers lost its launcher and is ending: two
/// must never write the same append-only file.
fn wait_until_gone(socket: &Path) {
    let deadline = Instant::now() + START_LIMIT;
    while ping(socket).is_ok() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ping(socket: &Path) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0_u8; 64];
    let length = stream.read(&mut answer)?;
    let answer = answer.get(..length).unwrap_or_default();
    Ok(String::from_utf8_lossy(answer).into_owned())
}

fn configuration(data: &Path, socket: &Path, plan: &Plan, password: Option<&str>) -> String {
    let mut lines = vec![
        format!("dir \"{}\"", data.display()),
        format!("unixsocket \"{}\"", socket.display()),
        "unixsocketperm 700".to_owned(),
        format!("port {}", plan.redis_port.unwrap_or(0)),
        "bind 127.0.0.1".to_owned(),
        "daemonize no".to_owned(),
        "maxmemory-policy noeviction".to_owned(),
        "appendonly yes".to_owned(),
        "save \"\"".to_owned(),
    ];
    lines.push(match plan.care {
        Care::Keep => "appendfsync everysec".to_owned(),
        Care::ThrowAway => "appendfsync no".to_owned(),
    });
    lines.extend(password.map(|password| format!("requirepass {password}")));
    lines.join("\n") + "\n"
}

fn write_configuration(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

fn not_started(folders: &Folders) -> Refusal {
    let log = folders.log_path("redis");
    let (log, tail) = (log.display(), folders.log_tail("redis"));
    Refusal::new(
        format!("El Redis privado no arranca; véase {log}: {tail}"),
        format!("The private Redis does not start; see {log}: {tail}"),
    )
}
