//! The machine itself: room on the disk of the data folder.

use std::path::{Path, PathBuf};

use super::Finding;
use crate::launcher::{find_postgres, find_redis};
use crate::say::{Refusal, Text};
use crate::settings::Settings;

const MIB: u64 = 1_048_576;
const LITTLE_MIB: u64 = 5_120;
const TOO_LITTLE_MIB: u64 = 512;

/// What the machine offers.
pub fn look(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![program(), disk(&settings.data)];
    if settings.database.url.is_none() {
        findings.push(installed(
            "Postgres",
            find_postgres(None).map(|found| (found.folder, found.version.to_string())),
        ));
    }
    if settings.redis.url.is_none() {
        findings.push(installed(
            "Redis",
            find_redis().map(|file| (file, String::new())),
        ));
    }
    findings
}

/// The binaries that `up` would start privately.
fn installed(name: &str, found: Result<(PathBuf, String), Refusal>) -> Finding {
    match found {
        Ok((place, version)) => {
            let place = place.display();
            Finding::good(Text::new(
                format!("{name} {version} instalado en {place}; «trastienda up» lo arranca."),
                format!("{name} {version} installed at {place}; `trastienda up` starts it."),
            ))
        }
        Err(refusal) => Finding::failure(
            Text::new(format!("{name} no está."), format!("{name} is absent.")),
            refusal.0,
        ),
    }
}

fn program() -> Finding {
    let version = env!("CARGO_PKG_VERSION");
    let (system, machine) = (std::env::consts::OS, std::env::consts::ARCH);
    let text = format!("Trastienda {version}, {system}, {machine}");
    Finding::good(Text::new(text.clone(), text))
}

#[allow(
    clippy::useless_conversion,
    reason = "the counts are narrower on other systems"
)]
fn disk(data: &Path) -> Finding {
    let folder = data
        .ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("."));
    match nix::sys::statvfs::statvfs(folder) {
        Ok(room) => judge(
            u64::from(room.blocks_available()) * room.fragment_size() / MIB,
            folder,
        ),
        Err(error) => Finding::warning(
            Text::new(
                format!("Disco de {}: {error}.", folder.display()),
                format!("Disk of {}: {error}.", folder.display()),
            ),
            Text::new("Compruebe el disco.", "Check the disk."),
        ),
    }
}

fn judge(free_mib: u64, folder: &Path) -> Finding {
    let folder = folder.display();
    let found = Text::new(
        format!("Disco: {free_mib} MiB libres en {folder}."),
        format!("Disk: {free_mib} MiB free in {folder}."),
    );
    let advice = Text::new(
        "Libere espacio: sin sitio, Postgres se detiene.",
        "Make room: Postgres stops when there is none.",
    );
    match free_mib {
        0..TOO_LITTLE_MIB => Finding::failure(found, advice),
        TOO_LITTLE_MIB..LITTLE_MIB => Finding::warning(found, advice),
        _ => Finding::good(found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn little_room_warns_and_none_fails() {
        for (free_mib, level) in [
            (100, Level::Failure),
            (1_000, Level::Warning),
            (9_000, Level::Good),
        ] {
            assert_eq!(judge(free_mib, Path::new(".")).level, level, "{free_mib}");
        }
    }
}
