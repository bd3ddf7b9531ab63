//! The program as a process of its own, as an operator starts it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::app::{App, MASTER};

/// How long a process may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of the binary, with the services of the tests and a data folder of its own.
pub fn command(app: &App, arguments: &[&str]) -> Command {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("operations-data");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trastienda"));
    command
        .args(arguments)
        .env("DATABASE_URL", &app.urls.app)
        .env("DATABASE_OWNER_URL", &app.urls.owner)
        .env("DATABASE_RELAY_URL", &app.urls.relay)
        .env("REDIS_URL", &app.urls.redis)
        .env("LC_ALL", "en_GB.UTF-8")
        .env("TRASTIENDA__DATA", folder)
        .env("TRASTIENDA__STORAGE__FOLDER", app.files())
        .env(
            "TRASTIENDA__SECURITY__MASTER_SECRET",
            String::from_utf8_lossy(MASTER).into_owned(),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs a command to its end.
pub fn output(mut command: Command) -> Output {
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("the binary")
}

/// A process that serves; it ends with the test.
pub struct Served {
    process: Child,
    pub url: String,
}

impl Served {
    /// Starts a command that listens where the setting says, and waits until it answers.
    pub async fn start(mut command: Command, setting: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let process = command
            .env(setting, address.to_string())
            .spawn()
            .expect("a process");
        let mut served = Self {
            process,
            url: format!("http://{address}"),
        };
        served.wait().await;
        served
    }

    async fn wait(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if reqwest::get(format!("{}/livez", self.url)).await.is_ok() {
                return;
            }
            let ended = self.process.try_wait().expect("a process");
            assert!(ended.is_none(), "it ended: {ended:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nobody answers at {}", self.url);
    }

    /// Status and text of a path.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url))
            .await
            .expect("an answer");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a text"))
    }

    /// Asks for a path until its answer is as it should be.
    pub async fn until(&self, path: &str, holds: impl Fn(u16, &str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let (status, text) = self.get(path).await;
            if holds(status, &text) {
                return text;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {status} {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
