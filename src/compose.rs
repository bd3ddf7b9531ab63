//! What the roles are made of: the core for the API, the services for the worker, from settings.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use directory::Keys;
use directory::file::FileStore;
use directory::oidc::Landing;
use futures::FutureExt as _;
use kernel::audit::HeadBook;
use kernel::job::{Registry, Services};
use kernel::{Clock, Db, DbSettings};
use redis::aio::ConnectionManager;
use tokio::sync::OnceCell;
use trastienda_api::bulk::BulkHost;
use trastienda_api::core::Core;
use trastienda_api::feed::Feed;
use trastienda_api::server::Neighbour;
use trastienda_core::mail::Mailer;
use trastienda_core::technology::Policy;
use trastienda_core::{directory, kernel};
use trastienda_worker::Retention;
use url::Url;

use crate::command::bench::Ping;
use crate::say::Refusal;
use crate::settings::{Address, Settings};

/// Bytes of a master secret.
const SECRET_BYTES: usize = 32;

/// An address that the settings must have by now.
///
/// # Errors
/// A [`Refusal`] that names the variable.
pub fn address(address: Option<&Address>) -> Result<&str, Refusal> {
    address.map(Address::reveal).ok_or_else(|| {
        Refusal::new(
            "Falta una dirección: indique DATABASE_URL y REDIS_URL, o use «up».",
            "An address is missing: set DATABASE_URL and REDIS_URL, or use “up”.",
        )
    })
}

/// The database as the application uses it.
///
/// # Errors
/// A [`Refusal`] where no address is given.
pub fn database(settings: &Settings) -> Result<DbSettings, Refusal> {
    let database = &settings.database;
    Ok(DbSettings {
        url: address(database.url.as_ref())?.to_owned(),
        pool_size: database.pool_size,
        pool_wait_ms: database.pool_wait_ms,
        statement_timeout_ms: database.statement_timeout_ms,
        lock_timeout_ms: database.lock_timeout_ms,
        idle_in_transaction_timeout_ms: database.idle_in_transaction_timeout_ms,
    })
}

/// The database, opened in the application's role.
///
/// # Errors
/// A missing address or a bad setting.
pub fn open(settings: &Settings) -> anyhow::Result<Db> {
    Ok(Db::new(&database(settings)?, Clock::System)?)
}

/// Every kind of job: the domains' own, and those that run GraphQL.
pub fn registry() -> Registry {
    let mut registry = trastienda_core::registry();
    trastienda_api::bulk::register(&mut registry);
    registry.register::<Ping>();
    registry
}

/// The core for the API.
///
/// # Errors
/// A missing address, an unreadable secret or a malformed message file.
pub fn core(settings: &Settings) -> anyhow::Result<Arc<Core>> {
    Ok(Arc::new(Core {
        db: open(settings)?,
        speaker: trastienda_core::speaker()?,
        registry: registry(),
        feed: Feed::default(),
        services: services(settings)?.with(redis_beside(settings)),
    }))
}

/// Redis as the API asks after it. Connects at the first question, and again while that fails.
fn redis_beside(settings: &Settings) -> Neighbour {
    let address = settings.redis.url.clone();
    let kept = Arc::new(OnceCell::new());
    let ask = move || {
        let (address, kept) = (address.clone(), kept.clone());
        async move { ping(address, &kept).await }.boxed()
    };
    Neighbour {
        name: "redis",
        ask: Arc::new(ask),
    }
}

async fn ping(address: Option<Address>, kept: &OnceCell<ConnectionManager>) -> Result<(), String> {
    let address = address.ok_or("REDIS_URL is missing")?;
    let connection = kept
        .get_or_try_init(|| trastienda_worker::connect(address.reveal()))
        .await
        .map_err(|error| error.to_string())?;
    let mut connection = connection.clone();
    let ping = redis::cmd("PING");
    let answer = ping.query_async::<String>(&mut connection).await;
    answer.map(drop).map_err(|error| error.to_string())
}

/// What job handlers and resolvers need beside the database.
///
/// # Errors
/// An unreadable secret or folder.
pub fn services(settings: &Settings) -> anyhow::Result<Services> {
    let master = master_secret(settings)?;
    let keys = Keys::new(&master)?;
    let mut services = Services::new()
        .with(trastienda_core::reports())
        .with(keys.clone())
        .with(landing(settings)?)
        .with(reach(settings)?)
        .with(file_store(settings, keys)?)
        .with(Mailer::new(&settings.mail, &settings.data.join("mail"))?)
        .with(trastienda_core::speaker()?);
    if let Some(book) = head_book(settings, &master)? {
        services = services.with(book);
    }
    Ok(services)
}

/// Which inner addresses the checks of systems may reach.
///
/// # Errors
/// A [`Refusal`] that names what is no network, address or host.
fn reach(settings: &Settings) -> Result<Policy, Refusal> {
    Policy::listing(&settings.work.reach).map_err(|error| {
        Refusal::new(
            format!("work.reach no vale: {error}"),
            format!("work.reach is not valid: {error}"),
        )
    })
}

/// How log-ins through providers come back.
///
/// # Errors
/// A [`Refusal`] where the public address is none.
fn landing(settings: &Settings) -> Result<Landing, Refusal> {
    let serve = &settings.serve;
    let base = serve.public_url.as_deref().map(public_url).transpose()?;
    Ok(Landing::new(
        base,
        serve.app_callback.clone(),
        serve.after_login.clone(),
    ))
}

fn public_url(text: &str) -> Result<Url, Refusal> {
    let known = Url::parse(text).ok();
    known
        .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        .ok_or_else(|| {
            Refusal::new(
                format!("serve.public_url no es una dirección web: «{text}»."),
                format!("serve.public_url is no web address: “{text}”."),
            )
        })
}

/// Where the bytes of files lie: the bucket that is named, else the folder.
///
/// # Errors
/// A folder that can't be made, a bucket that can't be reached by the settings.
pub fn file_store(settings: &Settings, keys: Keys) -> anyhow::Result<FileStore> {
    match &settings.storage.bucket {
        Some(bucket) => bucket_store(bucket, keys),
        None => Ok(FileStore::local(&settings.files(), keys)?),
    }
}

#[cfg(feature = "s3")]
fn bucket_store(bucket: &str, keys: Keys) -> anyhow::Result<FileStore> {
    Ok(FileStore::s3(bucket, keys)?)
}

#[cfg(not(feature = "s3"))]
fn bucket_store(_: &str, _: Keys) -> anyhow::Result<FileStore> {
    Err(Refusal::new(
        "storage.bucket: este programa se compiló sin la característica s3.",
        "storage.bucket: this program was built without the feature s3.",
    )
    .into())
}

/// Where signed heads are kept, if anywhere: the object store that is named, else the folder.
///
/// # Errors
/// A [`Refusal`] where the address is none of a store that this program knows.
pub fn head_book(settings: &Settings, master: &[u8]) -> anyhow::Result<Option<HeadBook>> {
    let storage = &settings.storage;
    let Some(text) = &storage.audit_heads_url else {
        let folder = storage.audit_heads.clone();
        return Ok(folder.map(|folder| HeadBook::new(folder, master)));
    };
    directory::oidc::use_crypto();
    let unknown = |error: &dyn std::fmt::Display| {
        Refusal::new(
            format!("storage.audit_heads_url no vale: {error}"),
            format!("storage.audit_heads_url is not valid: {error}"),
        )
    };
    let url = Url::parse(text).map_err(|error| unknown(&error))?;
    let credentials = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
    let (store, below) =
        object_store::parse_url_opts(&url, credentials).map_err(|error| unknown(&error))?;
    Ok(Some(HeadBook::in_objects(Arc::from(store), below, master)))
}

/// What job handlers need beside the database: the services of the API, and GraphQL itself.
///
/// # Errors
/// An unreadable secret or folder, or a missing address.
pub fn worker_services(settings: &Settings) -> anyhow::Result<Services> {
    Ok(services(settings)?.with(BulkHost::new(core(settings)?)))
}

/// How the worker runs.
///
/// # Errors
/// A [`Refusal`] where an address is missing.
pub fn worker(settings: &Settings) -> anyhow::Result<trastienda_worker::Settings> {
    let work = &settings.work;
    let mut worker = trastienda_worker::Settings::new(
        database(settings)?,
        address(settings.database.relay_url.as_ref())?.to_owned(),
        address(settings.redis.url.as_ref())?.to_owned(),
    );
    worker.prefix.clone_from(&work.prefix);
    worker.concurrency = work.concurrency;
    worker.lease = Duration::from_secs(work.lease_s);
    worker.tell_again = Duration::from_secs(work.tell_again_s);
    worker.beat = Duration::from_millis(work.beat_ms);
    worker.retention = Retention {
        job_days: work.retention_days,
        idempotency_days: work.idempotency_days,
        session_days: work.session_days,
        unfinished_days: work.unfinished_days,
        batch: work.retention_batch,
    };
    Ok(worker)
}

/// The installation's one secret: from the settings, else from a file that is made at the first
/// start. Every process of an installation needs the same.
///
/// # Errors
/// A file that can't be read or made, or a secret that is too short.
pub fn master_secret(settings: &Settings) -> anyhow::Result<Vec<u8>> {
    if let Some(secret) = &settings.security.master_secret {
        let secret = secret.reveal().as_bytes().to_vec();
        anyhow::ensure!(
            secret.len() >= SECRET_BYTES,
            Refusal::new(
                "security.master_secret debe tener al menos 32 caracteres.",
                "security.master_secret needs at least 32 characters.",
            )
        );
        return Ok(secret);
    }
    let path = settings.data.join("master.key");
    match fs::read(&path) {
        Ok(secret) => Ok(secret),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_secret(&path),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn make_secret(path: &Path) -> anyhow::Result<Vec<u8>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let secret = directory::secret::random::<SECRET_BYTES>()?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&secret)?;
    file.sync_all()?;
    Ok(secret.to_vec())
}
