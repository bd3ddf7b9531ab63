//! How an operation finds the private services of a launcher that runs beside it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::folders;
use crate::settings::{Address, Settings};

const FILE: &str = "addresses.env";

/// Leaves the addresses in the launcher's folder, readable by its owner alone.
pub fn write(home: &Path, settings: &Settings) -> anyhow::Result<()> {
    let addresses = [
        ("DATABASE_URL", &settings.database.url),
        ("DATABASE_OWNER_URL", &settings.database.owner_url),
        ("DATABASE_RELAY_URL", &settings.database.relay_url),
        ("DATABASE_BACKUP_URL", &settings.database.backup_url),
        ("REDIS_URL", &settings.redis.url),
    ];
    let path = home.join(FILE);
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    for (name, address) in addresses {
        if let Some(address) = address {
            writeln!(file, "{name}={}", address.reveal())?;
        }
    }
    Ok(())
}

/// Removes them: the launcher ends.
pub fn forget(home: &Path) {
    if let Err(error) = std::fs::remove_file(home.join(FILE)) {
        tracing::debug!(%error, "No addresses were left.");
    }
}

/// Takes the addresses of a launcher that runs; false where none does.
pub fn read(settings: &mut Settings) -> anyhow::Result<bool> {
    if !settings.data.join("lock").exists() || folders::lock(&settings.data).is_ok() {
        return Ok(false);
    }
    let Ok(text) = std::fs::read_to_string(settings.data.join(FILE)) else {
        return Ok(false);
    };
    for line in text.lines() {
        let Some((name, address)) = line.split_once('=') else {
            continue;
        };
        let place = match name {
            "DATABASE_URL" => &mut settings.database.url,
            "DATABASE_OWNER_URL" => &mut settings.database.owner_url,
            "DATABASE_RELAY_URL" => &mut settings.database.relay_url,
            "DATABASE_BACKUP_URL" => &mut settings.database.backup_url,
            _ => &mut settings.redis.url,
        };
        place.get_or_insert_with(|| Address::new(address));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_finds_a_running_launcher_and_no_other() {
        let home = std::env::temp_dir().join(format!("trastienda-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&home).unwrap();
        let mut running = Settings {
            data: home.clone(),
            ..Settings::default()
        };
        running.redis.url = Some(Address::new("redis+unix:///x"));
        write(&home, &running).unwrap();
        let mut beside = Settings {
            data: home.clone(),
            ..Settings::default()
        };
        assert!(!read(&mut beside).unwrap());
        let held = folders::lock(&home).unwrap();
        assert!(read(&mut beside).unwrap());
        assert_eq!(beside.redis.url, running.redis.url);
        drop(held);
        std::fs::remove_dir_all(&home).unwrap();
    }
}
