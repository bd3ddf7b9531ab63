//! The private Postgres: data folder, process, roles and database.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket};

use super::binaries::{self, PostgresBinaries};
use super::folders::Folders;
use super::group::{Bound, Launch, stepping_stone};
use super::{Care, Plan};
use crate::cli::EndSignal;
use crate::say::Refusal;
use crate::settings::{APP_ROLE, Address, BACKUP_ROLE, OWNER_ROLE, RELAY_ROLE};

/// The superuser of the private cluster. Nothing but this launcher and tests use it.
pub const SUPERUSER: &str = "trastienda_admin";
const DATABASE: &str = "trastienda";
const SOCKET_PORT: u16 = 5432;
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running private Postgres. Dropping it is a fast shutdown.
pub struct Postgres {
    process: Bound,
    sockets: PathBuf,
    port: u16,
}

impl Postgres {
    /// Makes the data folder if absent, starts the server and makes roles and database.
    ///
    /// # Errors
    /// A [`Refusal`] where no binary fits or the server does not start.
    pub fn start(folders: &Folders, plan: &Plan) -> anyhow::Result<Self> {
        let data = folders.service("postgres")?;
        let binaries = binaries::postgres(data_version(&data))?;
        if data_version(&data).is_none() {
            initialise(&binaries, &data, folders)?;
        }
        clear_stale_process(&data);
        let process = Bound::start(Launch {
            program: &binaries.folder.join("postgres"),
            arguments: arguments(&data, folders, plan),
            folder: &data,
            log: folders.log("postgres")?,
            user: folders.user.as_ref(),
            end: EndSignal::Int,
        })?;
        let port = plan.postgres_port.unwrap_or(SOCKET_PORT);
        let mut postgres = Self {
            process,
            sockets: folders.sockets.clone(),
            port,
        };
        let password = plan.postgres_port.map(|_| folders.password()).transpose()?;
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(postgres.make_ready(folders, password.as_deref()))?;
        Ok(postgres)
    }

    /// The address of the database over the socket, for one login.
    pub fn address(&self, user: &str) -> Address {
        let host = self
            .sockets
            .to_string_lossy()
            .replace('%', "%25")
            .replace('/', "%2F");
        Address::new(format!(
            "postgresql://{user}@{host}:{}/{DATABASE}",
            self.port
        ))
    }

    async fn make_ready(
        &mut self,
        folders: &Folders,
        password: Option<&str>,
    ) -> anyhow::Result<()> {
        let (client, connection) = self.connect("postgres", folders).await?;
        let connection = tokio::spawn(connection);
        let roles = roles_statement(password);
        client
            .batch_execute(&roles)
            .await
            .context("roles of the private Postgres")?;
        let known = client
            .query_opt(
                "SELECT FROM pg_catalog.pg_database WHERE datname = $1",
                &[&DATABASE],
            )
            .await?;
        if known.is_none() {
            let create = format!("CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}");
            client.batch_execute(&create).await?;
        }
        drop(client);
        connection.await?.context("private Postgres")
    }

    /// Connects as superuser, as soon as the server answers.
    async fn connect(
        &mut self,
        database: &str,
        folders: &Folders,
    ) -> anyhow::Result<(Client, Connection<Socket, NoTlsStream>)> {
        let mut config = Config::new();
        config
            .host_path(&self.sockets)
            .port(self.port)
            .user(SUPERUSER)
            .dbname(database);
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match config.connect(NoTls).await {
                Ok(connected) => return Ok(connected),
                Err(_) if self.process.ended().is_none() && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(not_started(folders, &error).into()),
            }
        }
    }
}

fn data_version(data: &Path) -> Option<u32> {
    std::fs::read_to_string(data.join("PG_VERSION"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Runs `initdb` into a folder beside, so that a run cut short never passes for a cluster.
fn initialise(binaries: &PostgresBinaries, data: &Path, folders: &Folders) -> anyhow::Result<()> {
    let fresh = data.with_file_name("postgres.new");
    let mut output = None;
    for locale in ["C.UTF-8", "C"] {
        if fresh.exists() {
            std::fs::remove_dir_all(&fresh)?;
        }
        let fresh = folders.service("postgres.new")?;
        let done = initdb(binaries, &fresh, folders, locale)?;
        if done.status.success() {
            std::fs::remove_dir(data)?;
            std::fs::rename(&fresh, data)?;
            return Ok(());
        }
        output = Some(done);
    }
    let text = output.map(|o| {
        String::from_utf8_lossy(&o.stderr)
            .trim()
            .replace('\n', " | ")
    });
    Err(failed_initdb(&text.unwrap_or_default()).into())
}

fn initdb(
    binaries: &PostgresBinaries,
    data: &Path,
    folders: &Folders,
    locale: &str,
) -> anyhow::Result<std::process::Output> {
    let mut command = stepping_stone(EndSignal::Term, folders.user.as_ref())?;
    command
        .arg("--")
        .arg(binaries.folder.join("initdb"))
        .arg("--pgdata")
        .arg(data)
        .args([
            &format!("--username={SUPERUSER}"),
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            &format!("--locale={locale}"),
            "--lc-messages=C",
            "--no-sync",
        ]);
    command
        .env_remove("LC_ALL")
        .env_remove("LANG")
        .current_dir(data)
        .stdin(Stdio::null());
    command.output().context("initdb")
}

fn arguments(data: &Path, folders: &Folders, plan: &Plan) -> Vec<OsString> {
    let mut settings = vec![
        format!("unix_socket_directories={}", folders.sockets.display()),
        "unix_socket_permissions=0700".to_owned(),
        format!("port={}", plan.postgres_port.unwrap_or(SOCKET_PORT)),
        format!(
            "listen_addresses={}",
            plan.postgres_port.map_or("", |_| "127.0.0.1")
        ),
        "max_connections=240".to_owned(),
        "shared_buffers=128MB".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        "logging_collector=off".to_owned(),
    ];
    if plan.care == Care::ThrowAway {
        settings.extend(
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "autovacuum=on",
            ]
            .map(str::to_owned),
        );
    }
    let mut arguments = vec![OsString::from("-D"), data.as_os_str().to_owned()];
    for setting in settings {
        arguments.push(OsString::from("-c"));
        arguments.push(OsString::from(setting));
    }
    arguments
}

/// Makes the four logins as the migrations expect them. Running it again changes nothing.
///
/// The owner may make and grant roles and databases; the application and the relay own nothing
/// and cannot bypass row-level security; that of backups reads past it and writes nothing.
fn roles_statement(password: Option<&str>) -> String {
    let mut statement = String::from("SET client_min_messages = warning;\n");
    for (role, rights) in [
        (OWNER_ROLE, "NOBYPASSRLS CREATEROLE CREATEDB"),
        (APP_ROLE, "NOBYPASSRLS NOCREATEROLE NOCREATEDB"),
        (RELAY_ROLE, "NOBYPASSRLS NOCREATEROLE NOCREATEDB"),
        (BACKUP_ROLE, "BYPASSRLS NOCREATEROLE NOCREATEDB"),
    ] {
        statement.push_str(&format!(
            "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n\
             ALTER ROLE {role} LOGIN NOSUPERUSER NOREPLICATION {rights};\n"
        ));
        if let Some(password) = password {
            statement.push_str(&format!("ALTER ROLE {role} PASSWORD '{password}';\n"));
        }
    }
    statement.push_str(&format!("GRANT pg_read_all_data TO {BACKUP_ROLE};\n"));
    statement.push_str(&format!(
        "DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000 THEN\n\
         EXECUTE 'GRANT {APP_ROLE}, {RELAY_ROLE} TO {OWNER_ROLE} \
         WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';\n\
         END IF; END $$;\n"
    ));
    statement
}

/// The folder's lock is ours, so a process id file is stale, or its server outlived a launcher
/// that was killed: such a server is ended first.
fn clear_stale_process(data: &Path) {
    let file = data.join("postmaster.pid");
    let Ok(text) = std::fs::read_to_string(&file) else {
        return;
    };
    let pid = text
        .lines()
        .next()
        .and_then(|line| line.trim().parse::<i32>().ok());
    if let Some(pid) = pid.filter(|pid| works_in(*pid, data)) {
        end_orphan(pid);
    }
    if let Err(error) = std::fs::remove_file(&file) {
        tracing::debug!(%error, "The process id file is already gone.");
    }
}

fn works_in(pid: i32, data: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|folder| folder == data)
}

fn end_orphan(pid: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    for signal in [nix::sys::signal::SIGINT, nix::sys::signal::SIGQUIT] {
        let deadline = Instant::now() + Duration::from_secs(10);
        while nix::sys::signal::kill(pid, signal).is_ok() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn not_started(folders: &Folders, error: &tokio_postgres::Error) -> Refusal {
    let log = folders.log_path("postgres");
    let (log, tail) = (log.display(), folders.log_tail("postgres"));
    Refusal::new(
        format!("El Postgres privado no arranca ({error}); véase {log}: {tail}"),
        format!("The private Postgres does not start ({error}); see {log}: {tail}"),
    )
}

fn failed_initdb(output: &str) -> Refusal {
    Refusal::new(
        format!("No se puede crear el Postgres privado: {output}"),
        format!("The private Postgres cannot be made: {output}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_gets_no_power() {
        let statement = roles_statement(None);
        assert!(statement.contains(&format!(
            "ALTER ROLE {APP_ROLE} LOGIN NOSUPERUSER NOREPLICATION NOBYPASSRLS NOCREATEROLE"
        )));
        assert!(!statement.contains("PASSWORD"));
    }

    #[test]
    fn a_process_that_works_elsewhere_is_left_alone() {
        let own = i32::try_from(std::process::id()).unwrap();
        assert!(!works_in(own, Path::new("/nowhere")));
    }
}
