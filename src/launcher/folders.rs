//! Where the private services keep their data and their sockets, and who owns those folders.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use uuid::Uuid;

use super::group::ServiceUser;
use crate::say::Refusal;

/// Longest folder whose `/.s.PGSQL.5432.lock` still fits the 107 bytes of a socket's path.
const LONGEST_SOCKET_FOLDER: usize = 85;

/// Where services keep data when the service's user cannot reach the project's folder.
const SYSTEM_DATA: &str = "/var/lib/trastienda";

/// The folders of the private services.
#[derive(Debug)]
pub struct Folders {
    /// Logs, lock and passwords: the folder that the person knows.
    pub home: PathBuf,
    /// Data of Postgres and Redis.
    pub data: PathBuf,
    /// Sockets.
    pub sockets: PathBuf,
    /// Who runs the services, where that is not who runs this process.
    pub user: Option<ServiceUser>,
}

impl Folders {
    /// Creates what is absent and checks what is there.
    ///
    /// # Errors
    /// A [`Refusal`] where a folder belongs to somebody else, or an error of the file system.
    pub fn prepare(home: &Path, user: Option<ServiceUser>) -> anyhow::Result<Self> {
        let home = home
            .canonicalize()
            .with_context(|| format!("{}", home.display()))?;
        let data = data_folder(&home, user.as_ref())?;
        let sockets = socket_base(user.as_ref()).join(format!("trastienda-{}", short_name(&home)));
        create_private(&sockets, user.as_ref())?;
        Ok(Self {
            home,
            data,
            sockets,
            user,
        })
    }

    /// A private folder for one service's data.
    pub fn service(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.data.join(name);
        create_private(&folder, self.user.as_ref())?;
        Ok(folder)
    }

    /// Opens a service's log for appending; one over 16 MiB starts again.
    pub fn log(&self, name: &str) -> anyhow::Result<File> {
        let path = self.log_path(name);
        let large = path
            .metadata()
            .is_ok_and(|metadata| metadata.len() > 16 * 1_048_576);
        if large {
            std::fs::remove_file(&path)?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("{}", path.display()))
    }

    /// The last lines of a service's log, for the message that it did not start.
    pub fn log_tail(&self, name: &str) -> String {
        let text = std::fs::read(self.log_path(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }

    /// Path of a service's log.
    pub fn log_path(&self, name: &str) -> PathBuf {
        self.home.join(format!("{name}.log"))
    }

    /// Where the password of the loopback ports is kept.
    pub fn password_file(&self) -> PathBuf {
        self.home.join("loopback.password")
    }

    /// The password of the loopback ports, made once and readable by its owner alone.
    pub fn password(&self) -> anyhow::Result<String> {
        let path = self.password_file();
        if let Ok(text) = std::fs::read_to_string(&path) {
            return Ok(text.trim().to_owned());
        }
        let password = Uuid::new_v4().simple().to_string();
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        writeln!(file, "{password}")?;
        Ok(password)
    }

    /// Removes the sockets' folder, when the services have ended.
    pub fn remove_sockets(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.sockets) {
            tracing::debug!(%error, "The sockets' folder stays.");
        }
    }
}

/// Takes the folder's lock for as long as the file is open.
///
/// # Errors
/// A [`Refusal`] that names the process that holds it.
pub fn lock(home: &Path) -> anyhow::Result<File> {
    let path = home.join("lock");
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| super::not_writable(home, &error))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(file, "{}", std::process::id())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(already_running(&mut file, home).into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Deletes the data of both services and what was stored beside them.
pub fn remove_data(home: &Path, user: Option<&ServiceUser>) -> anyhow::Result<()> {
    let home = home.canonicalize()?;
    let away = Path::new(SYSTEM_DATA).join(short_name(&home));
    let mut folders = vec![
        home.join("postgres"),
        home.join("redis"),
        home.join("files"),
    ];
    if user.is_some() {
        folders.push(away);
    }
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        std::fs::remove_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    }
    Ok(())
}

/// The home itself, unless the services' user cannot enter it (a clone below `/root`).
fn data_folder(home: &Path, user: Option<&ServiceUser>) -> anyhow::Result<PathBuf> {
    let Some(user) = user else {
        return Ok(home.to_owned());
    };
    if home.ancestors().all(|folder| user.may_enter(folder)) {
        return Ok(home.to_owned());
    }
    let data = Path::new(SYSTEM_DATA).join(short_name(home));
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&data)?;
    std::fs::write(
        home.join("data-folder.txt"),
        format!("{}\n", data.display()),
    )?;
    Ok(data)
}

fn socket_base(user: Option<&ServiceUser>) -> PathBuf {
    let run = PathBuf::from("/run");
    if user.is_some() && run.is_dir() {
        return run;
    }
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|folder| is_own_folder(folder))
        .into_iter()
        .chain([std::env::temp_dir()])
        .find(|folder| folder.as_os_str().len() + 32 <= LONGEST_SOCKET_FOLDER)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn is_own_folder(folder: &Path) -> bool {
    let uid = nix::unistd::Uid::effective().as_raw();
    folder
        .metadata()
        .is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == uid)
}

/// Creates a folder that its owner alone may enter, or checks that the one there is such.
fn create_private(folder: &Path, user: Option<&ServiceUser>) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {
            if let Some(user) = user {
                std::os::unix::fs::chown(folder, Some(user.uid), Some(user.gid))?;
            }
            return Ok(());
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(super::not_writable(folder, &error).into()),
    }
    let found = folder.symlink_metadata()?;
    let owner = user.map_or_else(|| nix::unistd::Uid::effective().as_raw(), |user| user.uid);
    if found.is_dir() && found.uid() == owner && found.mode() & 0o077 == 0 {
        return Ok(());
    }
    Err(foreign(folder).into())
}

/// Eight characters that differ from one home to the next and stay the same for one.
fn short_name(home: &Path) -> String {
    let path = home.as_os_str().as_encoded_bytes();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, path)
        .simple()
        .to_string()
        .chars()
        .take(8)
        .collect()
}

fn already_running(file: &mut File, home: &Path) -> Refusal {
    let mut holder = String::new();
    if file.read_to_string(&mut holder).is_err() || holder.is_empty() {
        holder = "?".to_owned();
    }
    let home = home.display();
    Refusal::new(
        format!("Trastienda ya está en marcha en {home} (proceso {holder}): deténgala antes."),
        format!("Trastienda already runs on {home} (process {holder}): stop it first."),
    )
}

fn foreign(folder: &Path) -> Refusal {
    let folder = folder.display();
    Refusal::new(
        format!("La carpeta {folder} es de otro usuario o la puede abrir cualquiera: bórrela."),
        format!("The folder {folder} belongs to another user or is open to all: remove it."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_launcher_is_told_who_runs() {
        let folder = std::env::temp_dir().join(format!("trastienda-lock-{}", Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let held = lock(&folder).unwrap();
        let refusal = lock(&folder).unwrap_err();
        assert!(
            refusal
                .to_string()
                .contains(&std::process::id().to_string()),
            "{refusal}"
        );
        drop(held);
        lock(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn socket_paths_fit_the_limit_of_the_system() {
        let folder = socket_base(None).join(format!("trastienda-{}", short_name(Path::new("/x"))));
        assert!(folder.join(".s.PGSQL.5432.lock").as_os_str().len() <= 107);
    }
}
