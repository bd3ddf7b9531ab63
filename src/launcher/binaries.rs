//! Where the server binaries are: the environment, the packages' usual places, then PATH.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::say::Refusal;

/// The oldest Postgres that the migrations run on.
pub const OLDEST_POSTGRES: u32 = 15;

/// Folders of which each holds one Postgres version, and the path to its binaries.
const PACKAGED: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/usr/lib/postgresql/bin", ""),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
    ("/usr/local", "bin"),
];

/// The binaries of one Postgres version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresBinaries {
    /// Major version.
    pub version: u32,
    /// The folder of `postgres` and `initdb`.
    pub folder: PathBuf,
}

/// Finds Postgres: the version of existing data, else the newest that is supported. Of two alike
/// the packaged one is taken.
///
/// # Errors
/// A [`Refusal`] that says what was found and what to install.
pub fn postgres(data_version: Option<u32>) -> Result<PostgresBinaries, Refusal> {
    let mut found: Vec<PostgresBinaries> = postgres_folders()
        .into_iter()
        .filter_map(|folder| inspect(&folder))
        .collect();
    found.reverse();
    found.sort_by_key(|binaries| binaries.version);
    let newest = found.last().map(|binaries| binaries.version);
    let chosen = found
        .into_iter()
        .rfind(|binaries| data_version.is_none_or(|version| version == binaries.version))
        .filter(|binaries| binaries.version >= OLDEST_POSTGRES);
    chosen.ok_or_else(|| missing_postgres(newest, data_version))
}

/// Finds one of Postgres's client tools, such as `pg_dump`, of the newest version: it dumps from
/// every older server.
///
/// # Errors
/// A [`Refusal`] that says what to install.
pub fn client_tool(name: &str) -> Result<PathBuf, Refusal> {
    let mut folders: Vec<(u32, PathBuf)> = PACKAGED
        .iter()
        .flat_map(|(parent, below)| {
            let versions = std::fs::read_dir(parent).into_iter().flatten().flatten();
            versions
                .filter(|entry| names_postgres(&entry.file_name(), parent))
                .map(move |entry| {
                    let name = entry.file_name();
                    let name = name.to_string_lossy();
                    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
                    let version = digits.parse().unwrap_or_default();
                    (version, entry.path().join(below))
                })
        })
        .collect();
    folders.sort();
    let packaged = folders.into_iter().rev().map(|(_, folder)| folder);
    let given = std::env::var_os("TRASTIENDA_POSTGRES_BIN").map(PathBuf::from);
    given
        .into_iter()
        .chain(packaged)
        .chain(search_folders())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Refusal::new(
                format!("Falta {name}: instale las herramientas de cliente de Postgres."),
                format!("{name} is missing: install the client tools of Postgres."),
            )
        })
}

/// Finds `redis-server`, or its successor `valkey-server`.
///
/// # Errors
/// A [`Refusal`] that says what to install.
pub fn redis() -> Result<PathBuf, Refusal> {
    if let Some(given) = std::env::var_os("TRASTIENDA_REDIS_SERVER") {
        return Some(PathBuf::from(given))
            .filter(|file| file.is_file())
            .ok_or_else(missing_redis);
    }
    ["redis-server", "valkey-server"]
        .iter()
        .find_map(|name| {
            search_folders()
                .into_iter()
                .map(|f| f.join(name))
                .find(|f| f.is_file())
        })
        .ok_or_else(missing_redis)
}

fn postgres_folders() -> Vec<PathBuf> {
    if let Some(given) = std::env::var_os("TRASTIENDA_POSTGRES_BIN") {
        return vec![PathBuf::from(given)];
    }
    let mut folders = Vec::new();
    for (parent, below) in PACKAGED {
        let versions = std::fs::read_dir(parent).into_iter().flatten().flatten();
        folders.extend(
            versions
                .filter(|entry| names_postgres(&entry.file_name(), parent))
                .map(|entry| entry.path().join(below)),
        );
    }
    folders.extend(search_folders());
    folders.retain(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file());
    folders
}

/// `15` in Debian's folder; `pgsql-16`, `postgresql@17` or `pgsql` elsewhere.
fn names_postgres(name: &OsStr, parent: &str) -> bool {
    let name = name.to_string_lossy();
    let numbered = name.starts_with(|first: char| first.is_ascii_digit());
    (parent.ends_with("/postgresql") && numbered)
        || name.starts_with("pgsql")
        || name.starts_with("postgresql")
}

/// PATH, and the folders that an ordinary user's PATH leaves out.
fn search_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    folders
}

fn inspect(folder: &Path) -> Option<PostgresBinaries> {
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let version = major(&String::from_utf8_lossy(&output.stdout))?;
    Some(PostgresBinaries {
        version,
        folder: folder.to_owned(),
    })
}

/// The 15 of `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; also of `16beta1`.
fn major(text: &str) -> Option<u32> {
    let number = text.split(") ").nth(1)?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn missing_postgres(newest: Option<u32>, data_version: Option<u32>) -> Refusal {
    match (newest, data_version) {
        (Some(newest), Some(data)) => Refusal::new(
            format!(
                "Los datos son de Postgres {data} y aquí hay Postgres {newest}: instale \
                 Postgres {data} o empiece de nuevo con --fresh."
            ),
            format!(
                "The data are of Postgres {data} and Postgres {newest} is here: install \
                 Postgres {data} or start over with --fresh."
            ),
        ),
        (Some(newest), None) => Refusal::new(
            format!("Hace falta Postgres {OLDEST_POSTGRES} o posterior; aquí hay {newest}."),
            format!("Postgres {OLDEST_POSTGRES} or later is needed; {newest} is here."),
        ),
        (None, _) => Refusal::new(
            "No se encuentra Postgres: instale el paquete postgresql, indique \
             TRASTIENDA_POSTGRES_BIN o dé DATABASE_URL.",
            "Postgres was not found: install the package postgresql, set \
             TRASTIENDA_POSTGRES_BIN or give DATABASE_URL.",
        ),
    }
}

fn missing_redis() -> Refusal {
    Refusal::new(
        "No se encuentra redis-server: instale el paquete redis-server (o valkey), indique \
         TRASTIENDA_REDIS_SERVER o dé REDIS_URL.",
        "redis-server was not found: install the package redis-server (or valkey), set \
         TRASTIENDA_REDIS_SERVER or give REDIS_URL.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        for (text, expected) in [
            (
                "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)",
                Some(15),
            ),
            ("postgres (PostgreSQL) 18beta2", Some(18)),
            ("redis", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn knows_the_folders_of_the_packages() {
        for (parent, name, expected) in [
            ("/usr/lib/postgresql", "15", true),
            ("/usr", "pgsql-16", true),
            ("/opt/homebrew/opt", "postgresql@17", true),
            ("/usr", "share", false),
            ("/usr/local", "15", false),
        ] {
            assert_eq!(
                names_postgres(OsStr::new(name), parent),
                expected,
                "{parent}/{name}"
            );
        }
    }
}
