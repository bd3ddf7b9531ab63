//! Postgres's own tools: where they are, and how they are told of the server.
//!
//! They hear of it by their environment, never by their arguments: a password there would be seen
//! by everybody on the machine.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config, NoTls};

use crate::launcher::client_tool;
use crate::say::Refusal;

/// A database as a log-in reaches it.
pub struct Server {
    config: Config,
    environment: Vec<(&'static str, String)>,
}

impl Server {
    /// The database at an address.
    ///
    /// # Errors
    /// An address that is none.
    pub fn of(address: &str) -> anyhow::Result<Self> {
        let config: Config = address.parse()?;
        let mut environment = Vec::new();
        if let Some(host) = config.get_hosts().first() {
            let host = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(folder) => folder.display().to_string(),
            };
            environment.push(("PGHOST", host));
        }
        if let Some(port) = config.get_ports().first() {
            environment.push(("PGPORT", port.to_string()));
        }
        let user = config.get_user().map(str::to_owned);
        let password = config.get_password();
        let password = password.map(|text| String::from_utf8_lossy(text).into_owned());
        let database = config.get_dbname().map(str::to_owned);
        for (name, value) in [
            ("PGUSER", user),
            ("PGPASSWORD", password),
            ("PGDATABASE", database),
        ] {
            environment.extend(value.map(|value| (name, value)));
        }
        Ok(Self {
            config,
            environment,
        })
    }

    /// A connection, and the task that drives it.
    ///
    /// # Errors
    /// A [`Refusal`] where the server does not let us in.
    pub async fn connect(&self) -> anyhow::Result<(Client, JoinHandle<()>)> {
        let connected = self.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| {
            let user = self.config.get_user().unwrap_or_default();
            Refusal::new(
                format!("Postgres no deja entrar a {user} ({error})."),
                format!("Postgres does not let {user} in ({error})."),
            )
        })?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(%error, "The connection of a backup broke.");
            }
        });
        Ok((client, driver))
    }

    /// That pg_dump is not older than the server, which it would refuse half-way.
    ///
    /// # Errors
    /// A [`Refusal`] that names both majors; one where the tool is missing.
    pub async fn check_tool(&self, client: &Client) -> anyhow::Result<()> {
        let mut command = self.tool("pg_dump")?;
        let output = command.arg("--version").output().await.context("pg_dump")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let number: String = client
            .query_one("SHOW server_version_num", &[])
            .await?
            .try_get(0)?;
        let server = number.parse::<u32>()? / 10_000;
        let tool = major(&said).with_context(|| format!("pg_dump: {said}"))?;
        if tool >= server {
            return Ok(());
        }
        Err(Refusal::new(
            format!(
                "pg_dump es de PostgreSQL {tool} y el servidor de PostgreSQL {server}: instale \
                 postgresql-client-{server}."
            ),
            format!(
                "pg_dump is of PostgreSQL {tool} and the server of PostgreSQL {server}: install \
                 postgresql-client-{server}."
            ),
        )
        .into())
    }

    /// Dumps the database as a snapshot shows it.
    ///
    /// # Errors
    /// A [`Refusal`] where the tool is missing; its own words where it fails.
    pub async fn dump(&self, snapshot: &str, into: &Path) -> anyhow::Result<()> {
        let mut command = self.tool("pg_dump")?;
        command
            .args([
                "--format=custom",
                "--no-password",
                "--lock-wait-timeout=10s",
            ])
            .arg(format!("--snapshot={snapshot}"))
            .arg("--file")
            .arg(into);
        done(command, "pg_dump").await
    }

    /// Restores a dump in one transaction: all of it or nothing. What it makes belongs to whoever
    /// restores.
    ///
    /// # Errors
    /// As [`Server::dump`].
    pub async fn restore(&self, dump: &Path) -> anyhow::Result<()> {
        let mut command = self.tool("pg_restore")?;
        let database = self.config.get_dbname().unwrap_or_default();
        command
            .args(["--single-transaction", "--exit-on-error", "--no-owner"])
            .args(["--no-password", "--dbname", database])
            .arg(dump);
        done(command, "pg_restore").await
    }

    fn tool(&self, name: &str) -> Result<Command, Refusal> {
        let mut command = Command::new(client_tool(name)?);
        for name in [
            "PGHOST",
            "PGPORT",
            "PGUSER",
            "PGPASSWORD",
            "PGDATABASE",
            "PGOPTIONS",
        ] {
            command.env_remove(name);
        }
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }
}

/// The major version that a tool tells of itself: `pg_dump (PostgreSQL) 17.6 (Debian 17.6-1)`.
fn major(said: &str) -> Option<u32> {
    let version = said.split_whitespace().nth(2)?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

async fn done(mut command: Command, name: &str) -> anyhow::Result<()> {
    let output = command.output().await.with_context(|| name.to_owned())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    anyhow::ensure!(output.status.success(), "{name}: {said}");
    if !said.is_empty() {
        tracing::warn!(tool = name, said, "A tool had something to say.");
    }
    Ok(())
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// A file that can't be read.
pub fn digest(path: &Path) -> anyhow::Result<String> {
    let mut file = std::fs::File::open(path).with_context(|| path.display().to_string())?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else {
            break;
        };
        hasher.update(read);
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_of_a_tool_is_read_from_what_it_says() {
        assert_eq!(
            major("pg_dump (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major("pg_dump (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major("pg_dump"), None);
    }

    #[test]
    fn a_tool_hears_of_the_server_by_its_environment() {
        let server = Server::of("postgresql://a:s%20x@%2Frun%2Fp:5433/trastienda").unwrap();
        let told = |name: &str| {
            let found = server.environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(told("PGHOST"), Some("/run/p"));
        assert_eq!(told("PGPORT"), Some("5433"));
        assert_eq!(told("PGUSER"), Some("a"));
        assert_eq!(told("PGPASSWORD"), Some("s x"));
        assert_eq!(told("PGDATABASE"), Some("trastienda"));
    }
}
