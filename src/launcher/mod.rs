//! A private Postgres and a private Redis, as child processes of this one.
//!
//! Data live in a folder of their own under `.trastienda/`, sockets in a short private folder.
//! One launcher at a time holds the folder's lock, so whatever an earlier one left behind (a
//! process id file, a socket) is known to be stale. Children die with this process even where it
//! is killed outright. Everything is started from the main thread: a parent-death signal is sent
//! when the *thread* that started the child ends.

mod attached;
mod binaries;
mod folders;
mod group;
mod postgres;
mod redis;
mod throwaway;

use std::fs::File;
use std::path::{Path, PathBuf};

pub use binaries::{OLDEST_POSTGRES, client_tool, postgres as find_postgres, redis as find_redis};
pub use group::become_child;
pub use throwaway::run_with_services;

use crate::say::Refusal;
use crate::settings::{Address, Settings};
use folders::Folders;

/// How much the private services care for their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// Every commit is on disk before it is answered.
    Keep,
    /// Data of a test run: nothing waits for the disk, all is deleted at the end.
    ThrowAway,
}

/// What to start privately.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The folder that holds data, logs and lock.
    pub folder: PathBuf,
    /// Durable or throw-away.
    pub care: Care,
    /// Start Postgres.
    pub postgres: bool,
    /// Start Redis.
    pub redis: bool,
    /// Postgres listens on this loopback port besides its socket.
    pub postgres_port: Option<u16>,
    /// Redis listens on this loopback port besides its socket.
    pub redis_port: Option<u16>,
    /// Delete what is there and start over.
    pub fresh: bool,
}

impl Plan {
    /// Starts what the settings give no address for.
    pub fn for_missing(settings: &Settings, folder: &Path, care: Care) -> Self {
        Self {
            folder: folder.to_owned(),
            care,
            postgres: settings.database.url.is_none(),
            redis: settings.redis.url.is_none(),
            postgres_port: None,
            redis_port: None,
            fresh: false,
        }
    }
}

/// The running private services. Dropping it stops them: Redis first, Postgres last.
pub struct Services {
    redis: Option<redis::Redis>,
    postgres: Option<postgres::Postgres>,
    folders: Option<Folders>,
    _lock: Option<File>,
}

impl Services {
    /// Starts what the plan asks for and waits until each answers.
    ///
    /// # Errors
    /// A [`Refusal`] where a binary is missing, another launcher runs on the same folder or a
    /// service does not start; its last log lines are part of the sentence.
    #[tracing::instrument(name = "services.start", skip_all)]
    pub fn start(plan: &Plan) -> anyhow::Result<Self> {
        if !plan.postgres && !plan.redis {
            return Ok(Self {
                redis: None,
                postgres: None,
                folders: None,
                _lock: None,
            });
        }
        std::fs::create_dir_all(&plan.folder)
            .map_err(|error| not_writable(&plan.folder, &error))?;
        let lock = folders::lock(&plan.folder)?;
        let user = group::service_user(&plan.folder)?;
        if plan.fresh {
            folders::remove_data(&plan.folder, user.as_ref())?;
        }
        let folders = Folders::prepare(&plan.folder, user)?;
        let mut services = Self {
            redis: None,
            postgres: None,
            folders: Some(folders),
            _lock: Some(lock),
        };
        services.start_each(plan)?;
        Ok(services)
    }

    /// For operations: the services of a launcher that runs on this folder, else ones of their own
    /// until they end. Fills the addresses in.
    ///
    /// # Errors
    /// As [`Services::start`].
    pub fn join(settings: &mut Settings) -> anyhow::Result<Option<Self>> {
        let plan = Plan::for_missing(settings, &settings.data, Care::Keep);
        if !plan.postgres && !plan.redis {
            return Ok(None);
        }
        if attached::read(settings)? {
            return Ok(None);
        }
        let services = Self::start(&plan)?;
        services.fill(settings)?;
        Ok(Some(services))
    }

    /// Writes the private services' addresses over the absent ones.
    ///
    /// # Errors
    /// None in practice: the launcher's own addresses can always be derived from.
    pub fn fill(&self, settings: &mut Settings) -> Result<(), Refusal> {
        if let Some(postgres) = &self.postgres {
            settings.database.url = Some(postgres.address(crate::settings::APP_ROLE));
            settings.database.owner_url = None;
            settings.database.relay_url = None;
            settings.database.backup_url = None;
            settings.database.derive_addresses()?;
        }
        if let Some(redis) = &self.redis {
            settings.redis.url = Some(redis.address());
        }
        Ok(())
    }

    /// Leaves the addresses for operations that run beside this launcher.
    ///
    /// # Errors
    /// An error of the file system.
    pub fn publish(&self, settings: &Settings) -> anyhow::Result<()> {
        self.folders
            .as_ref()
            .map_or(Ok(()), |folders| attached::write(&folders.home, settings))
    }

    /// The address of the private Postgres's superuser, for tests that make roles and databases.
    pub fn superuser(&self) -> Option<Address> {
        self.postgres
            .as_ref()
            .map(|postgres| postgres.address(postgres::SUPERUSER))
    }

    /// The password of the loopback ports, if any was asked for.
    pub fn password_file(&self) -> Option<PathBuf> {
        self.folders
            .as_ref()
            .map(Folders::password_file)
            .filter(|file| file.exists())
    }

    fn start_each(&mut self, plan: &Plan) -> anyhow::Result<()> {
        let Some(folders) = &self.folders else {
            return Ok(());
        };
        if plan.postgres {
            self.postgres = Some(postgres::Postgres::start(folders, plan)?);
        }
        if plan.redis {
            self.redis = Some(redis::Redis::start(folders, plan)?);
        }
        Ok(())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        drop(self.redis.take());
        drop(self.postgres.take());
        if let Some(folders) = self.folders.take() {
            attached::forget(&folders.home);
            folders.remove_sockets();
        }
    }
}

fn not_writable(folder: &Path, error: &std::io::Error) -> Refusal {
    let folder = folder.display();
    Refusal::new(
        format!("No se puede escribir en {folder}: {error}. ¿La creó otro usuario?"),
        format!("Cannot write to {folder}: {error}. Did another user create it?"),
    )
}
