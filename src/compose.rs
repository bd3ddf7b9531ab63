//! What the roles are made of: the core for the API, the services for the worker, from settings.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use directory::Keys;
use kernel::audit::HeadBook;
use kernel::job::Services;
use kernel::{Clock, Db, DbSettings};
use trastienda_api::core::Core;
use trastienda_api::feed::Feed;
use trastienda_core::{directory, kernel};

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

/// The core for the API.
///
/// # Errors
/// A missing address, an unreadable secret or a malformed message file.
pub fn core(settings: &Settings) -> anyhow::Result<Arc<Core>> {
    Ok(Arc::new(Core {
        db: open(settings)?,
        speaker: trastienda_core::speaker()?,
        registry: trastienda_core::registry(),
        feed: Feed::default(),
        services: services(settings)?,
    }))
}

/// What job handlers and resolvers need beside the database.
///
/// # Errors
/// An unreadable secret or folder.
pub fn services(settings: &Settings) -> anyhow::Result<Services> {
    let master = master_secret(settings)?;
    let keys = Keys::new(&master)?;
    let mut services = Services::new()
        .with(keys.clone())
        .with(directory::file::FileStore::local(&settings.files(), keys)?);
    if let Some(folder) = &settings.storage.audit_heads {
        services = services.with(HeadBook::new(folder.clone(), &master));
    }
    Ok(services)
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
    worker.retention_days = work.retention_days;
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
