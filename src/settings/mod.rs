//! Settings in layers: defaults, then the file, then the environment.
//!
//! `config/trastienda.sample.toml` documents every key. An unknown key is refused, so that a
//! typing error never passes for a setting. Variables are `TRASTIENDA__SECTION__KEY`; the
//! well-known `DATABASE_URL`, `DATABASE_OWNER_URL`, `DATABASE_RELAY_URL`, `DATABASE_BACKUP_URL`,
//! `REDIS_URL` and `OTEL_EXPORTER_OTLP_ENDPOINT` win over everything.

mod address;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use config::builder::DefaultState;
use config::{Config, ConfigBuilder, ConfigError, Environment, File, FileFormat};
use serde::Deserialize;
pub use trastienda_api::transport::Settings as Door;
use trastienda_core::mail::MailSettings;

pub use address::Address;

use crate::say::{Language, Refusal};

/// Logins of the database: who owns it, who answers requests, who relays jobs.
pub const OWNER_ROLE: &str = "trastienda_owner";
/// The login of the API and the job handlers. It owns nothing and obeys row-level security.
pub const APP_ROLE: &str = "trastienda_app";
/// The login of relay and scheduler. It sees outbox, jobs and schedules of every organisation.
pub const RELAY_ROLE: &str = "trastienda_relay";
/// The login of backups. It reads everything, past row-level security, and writes nothing.
pub const BACKUP_ROLE: &str = "trastienda_backup";

/// Every setting, with its default.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Language of the command line's messages.
    pub language: Language,
    /// Folder of the private services and of local files.
    pub data: PathBuf,
    /// Postgres.
    pub database: Database,
    /// Redis.
    pub redis: Redis,
    /// Where the GraphQL API is.
    pub serve: Serve,
    /// What the GraphQL API lets in: origins, limits, explorer.
    pub door: Door,
    /// Queues, schedules and relay.
    pub work: Work,
    /// Documents, payslips and bank files.
    pub storage: Storage,
    /// Mail on its way out.
    pub mail: MailSettings,
    /// Secrets.
    pub security: Security,
    /// Logs, traces and metrics.
    pub telemetry: Telemetry,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: Language::from_environment(),
            data: PathBuf::from(".trastienda"),
            database: Database::default(),
            redis: Redis::default(),
            serve: Serve::default(),
            door: Door::default(),
            work: Work::default(),
            storage: Storage::default(),
            mail: MailSettings::default(),
            security: Security::default(),
            telemetry: Telemetry::default(),
        }
    }
}

/// How to reach Postgres, and how long to wait for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// Login of the application.
    pub url: Option<Address>,
    /// Login that owns the schemas; the application's address with its user replaced if absent.
    pub owner_url: Option<Address>,
    /// Login of the relay; the application's address with its user replaced if absent.
    pub relay_url: Option<Address>,
    /// Login of backups; the application's address with its user replaced if absent.
    pub backup_url: Option<Address>,
    /// Connections a process.
    pub pool_size: usize,
    /// Longest wait for a connection before the request is refused.
    pub pool_wait_ms: u64,
    /// Longest statement.
    pub statement_timeout_ms: u64,
    /// Longest wait for a lock.
    pub lock_timeout_ms: u64,
    /// Longest pause inside a transaction.
    pub idle_in_transaction_timeout_ms: u64,
    /// Longest wait of a migration for a lock.
    pub migration_lock_timeout_ms: u64,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: None,
            owner_url: None,
            relay_url: None,
            backup_url: None,
            pool_size: 8,
            pool_wait_ms: 2_000,
            statement_timeout_ms: 10_000,
            lock_timeout_ms: 2_000,
            idle_in_transaction_timeout_ms: 10_000,
            migration_lock_timeout_ms: 10_000,
        }
    }
}

/// How to reach Redis.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// `redis://…`, `rediss://…` or `redis+unix:///path`.
    pub url: Option<Address>,
}

/// Where the GraphQL API is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Serve {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// The address that browsers know the installation by; log-in through providers needs it.
    pub public_url: Option<String>,
    /// Where providers send apps back to; the API's own callback if absent.
    pub app_callback: Option<String>,
    /// Where a browser goes once a provider has let it in.
    pub after_login: String,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4000)),
            public_url: None,
            app_callback: None,
            after_login: "/".to_owned(),
        }
    }
}

/// Queues, schedules and relay.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Work {
    /// Jobs at once, of each queue.
    pub concurrency: usize,
    /// Prefix of every key in Redis.
    pub prefix: String,
    /// How long a claim holds without renewal.
    pub lease_s: u64,
    /// When a job that was told and not begun is told again.
    pub tell_again_s: u64,
    /// How often schedules and lost claims are looked at.
    pub beat_ms: u64,
    /// Where a separate worker answers probes; nowhere if absent.
    pub listen: Option<SocketAddr>,
    /// How long finished jobs are kept.
    pub retention_days: i64,
    /// How long idempotency keys with their replies are kept.
    pub idempotency_days: i64,
    /// How long sessions are kept after they are over.
    pub session_days: i64,
    /// How long uploads and log-ins that were begun and never finished are kept.
    pub unfinished_days: i64,
    /// Rows that one statement of the retention removes.
    pub retention_batch: i64,
    /// How long running jobs may take after a signal to stop; then their claims run out.
    pub drain_s: u64,
    /// Inner addresses that checks may reach beside the public ones: networks, addresses and hosts,
    /// each perhaps with its port.
    pub reach: Vec<String>,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            concurrency: 4,
            prefix: "trastienda".to_owned(),
            lease_s: 30,
            tell_again_s: 10,
            beat_ms: 500,
            listen: None,
            retention_days: 90,
            idempotency_days: 30,
            session_days: 30,
            unfinished_days: 1,
            retention_batch: 1_000,
            drain_s: 20,
            reach: Vec::new(),
        }
    }
}

/// Where files live.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Storage {
    /// Local folder; `files` inside the data folder if absent.
    pub folder: Option<PathBuf>,
    /// Bucket of S3 or a like service, instead of the folder.
    pub bucket: Option<String>,
    /// Folder for the signed heads of the audit chains, best on another machine's disk.
    pub audit_heads: Option<PathBuf>,
    /// Object store for the signed heads, `s3://bucket/path`, instead of the folder.
    pub audit_heads_url: Option<String>,
}

/// Secrets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Security {
    /// The secret that tokens, links and sealed values come from: at least 32 characters, the same
    /// for every process, never changed. Made in the data folder where none is given.
    pub master_secret: Option<Address>,
}

/// Logs, traces and metrics.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Filter of the log, as `RUST_LOG` writes it; `RUST_LOG` wins.
    pub log: String,
    /// Shape of the log.
    pub format: LogFormat,
    /// Base address of an OpenTelemetry collector (OTLP over HTTP); no traces leave if absent.
    pub otlp_endpoint: Option<String>,
    /// Share of traces that are exported, from 0 to 1.
    pub trace_ratio: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            format: LogFormat::Auto,
            otlp_endpoint: None,
            trace_ratio: 1.0,
        }
    }
}

/// Shape of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people at a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// Reads the layers.
    ///
    /// # Errors
    /// A [`Refusal`] that names the key or the file at fault.
    pub fn load(file: Option<&Path>) -> Result<Self, Refusal> {
        let path = file.unwrap_or(Path::new("trastienda.toml"));
        let file = File::from(path)
            .format(FileFormat::Toml)
            .required(file.is_some());
        Self::read(Config::builder().add_source(file))
    }

    /// Reads the environment alone: a suite must never run on the database of somebody's file.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_environment() -> Result<Self, Refusal> {
        Self::read(Config::builder())
    }

    fn read(layers: ConfigBuilder<DefaultState>) -> Result<Self, Refusal> {
        let mut settings: Self = Self::with_environment(layers)
            .and_then(Config::try_deserialize)
            .map_err(|error| refusal(&error))?;
        settings.database.derive_addresses()?;
        Ok(settings)
    }

    /// Folder of stored files.
    pub fn files(&self) -> PathBuf {
        self.storage
            .folder
            .clone()
            .unwrap_or_else(|| self.data.join("files"))
    }

    fn with_environment(layers: ConfigBuilder<DefaultState>) -> Result<Config, ConfigError> {
        let mut builder = layers.add_source(
            Environment::with_prefix("TRASTIENDA")
                .prefix_separator("__")
                .separator("__")
                .ignore_empty(true)
                .list_separator(",")
                .with_list_parse_key("door.allowed_origins")
                .try_parsing(true),
        );
        for (key, variable) in WELL_KNOWN {
            builder = builder.set_override_option(*key, variable_of(variable))?;
        }
        builder.build()
    }
}

/// Variables that other programs set too, and the keys that they fill.
const WELL_KNOWN: &[(&str, &str)] = &[
    ("database.url", "DATABASE_URL"),
    ("database.owner_url", "DATABASE_OWNER_URL"),
    ("database.relay_url", "DATABASE_RELAY_URL"),
    ("database.backup_url", "DATABASE_BACKUP_URL"),
    ("redis.url", "REDIS_URL"),
    ("telemetry.otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"),
];

fn variable_of(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Database {
    /// Fills the other log-ins' addresses from the application's, same host and password.
    ///
    /// # Errors
    /// A [`Refusal`] where the application's address is no `postgresql://` address.
    pub fn derive_addresses(&mut self) -> Result<(), Refusal> {
        let Some(url) = &self.url else { return Ok(()) };
        if self.owner_url.is_none() {
            self.owner_url = Some(url.with_user(OWNER_ROLE)?);
        }
        if self.relay_url.is_none() {
            self.relay_url = Some(url.with_user(RELAY_ROLE)?);
        }
        if self.backup_url.is_none() {
            self.backup_url = Some(url.with_user(BACKUP_ROLE)?);
        }
        Ok(())
    }
}

fn refusal(error: &ConfigError) -> Refusal {
    Refusal::new(
        format!(
            "La configuración no vale: {error}. Las claves están en config/trastienda.sample.toml."
        ),
        format!(
            "The configuration is not valid: {error}. The keys are in \
             config/trastienda.sample.toml."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<Settings, ConfigError> {
        Config::builder()
            .add_source(File::from_str(toml, FileFormat::Toml))
            .build()?
            .try_deserialize()
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = read("[serve]\nlisten_on = \"127.0.0.1:1\"").unwrap_err();
        assert!(error.to_string().contains("listen_on"), "{error}");
        assert!(read("servee = 1").is_err());
    }

    #[test]
    fn the_sample_is_complete_and_holds_the_defaults() {
        let sample = include_str!("../../config/trastienda.sample.toml");
        let settings = read(sample).expect("the sample is readable as it is");
        assert_eq!(settings.serve.listen, Serve::default().listen);
        let open: String = sample
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        let opened = read(&open).expect("the sample is readable with every key uncommented");
        assert!(opened.database.relay_url.is_some());
        let door = Door {
            documents: None,
            ..opened.door
        };
        assert_eq!(door, Door::default());
        let work = Work {
            listen: None,
            reach: Vec::new(),
            ..opened.work
        };
        assert_eq!(format!("{work:?}"), format!("{:?}", Work::default()));
        assert_eq!(opened.serve.after_login, Serve::default().after_login);
    }

    #[test]
    fn owner_and_relay_follow_the_application() {
        let mut settings = read(
            "[database]\nurl = \"postgresql://trastienda_app:s%20x@%2Frun%2Fp/trastienda?a=b\"",
        )
        .unwrap();
        settings.database.derive_addresses().unwrap();
        assert_eq!(
            settings.database.owner_url.unwrap().reveal(),
            "postgresql://trastienda_owner:s%20x@%2Frun%2Fp/trastienda?a=b"
        );
        assert_eq!(
            settings.database.relay_url.unwrap().reveal(),
            "postgresql://trastienda_relay:s%20x@%2Frun%2Fp/trastienda?a=b"
        );
    }
}
