//! Redis: reachable, recent, persistent and without eviction.

use std::time::Duration;

use super::Finding;
use crate::say::Text;
use crate::settings::{Address, Settings};

const OLDEST: (u32, u32) = (6, 2);
const PATIENCE: Duration = Duration::from_secs(5);

/// What Redis is and how it is set.
pub async fn look(settings: &Settings) -> Vec<Finding> {
    let Some(address) = &settings.redis.url else {
        return vec![absent()];
    };
    match facts(address).await {
        Ok(information) => judge(&information, address),
        Err(error) => vec![unreachable(address, &error)],
    }
}

async fn facts(address: &Address) -> Result<String, String> {
    let client = redis::Client::open(address.reveal()).map_err(|error| error.to_string())?;
    let asking = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd("INFO")
            .query_async::<String>(&mut connection)
            .await
    };
    tokio::time::timeout(PATIENCE, asking)
        .await
        .map_err(|_| format!("{} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())
}

/// The value of one line of `INFO`.
fn value<'a>(information: &'a str, key: &str) -> &'a str {
    information
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))
        .map_or("", str::trim)
}

fn judge(information: &str, address: &Address) -> Vec<Finding> {
    vec![
        version(value(information, "redis_version"), address),
        persistence(value(information, "aof_enabled") == "1"),
        eviction(value(information, "maxmemory_policy")),
    ]
}

fn version(text: &str, address: &Address) -> Finding {
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let known = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let found = Text::new(
        format!("Redis {text} en {address}."),
        format!("Redis {text} at {address}."),
    );
    if known >= OLDEST {
        return Finding::good(found);
    }
    let (major, minor) = OLDEST;
    Finding::failure(
        found,
        Text::new(
            format!("Hace falta Redis {major}.{minor} o posterior."),
            format!("Redis {major}.{minor} or later is needed."),
        ),
    )
}

fn persistence(append_only: bool) -> Finding {
    if append_only {
        return Finding::good(Text::new(
            "Redis guarda su registro (AOF).",
            "Redis keeps its append-only file (AOF).",
        ));
    }
    Finding::warning(
        Text::new(
            "Redis no guarda su registro (AOF).",
            "Redis keeps no append-only file (AOF).",
        ),
        Text::new(
            "Ponga «appendonly yes»: sin él, un reinicio obliga a reenviar los avisos.",
            "Set `appendonly yes`: without it a restart makes the relay send its tickets again.",
        ),
    )
}

fn eviction(policy: &str) -> Finding {
    let found = Text::new(
        format!("Redis expulsa claves según «{policy}»."),
        format!("Redis evicts keys by `{policy}`."),
    );
    if policy == "noeviction" {
        return Finding::good(Text::new(
            "Redis no expulsa claves (noeviction).",
            "Redis evicts no keys (noeviction).",
        ));
    }
    Finding::warning(
        found,
        Text::new(
            "Ponga «maxmemory-policy noeviction»: una cola no es una caché.",
            "Set `maxmemory-policy noeviction`: a queue is no cache.",
        ),
    )
}

fn absent() -> Finding {
    Finding::failure(
        Text::new("Falta REDIS_URL.", "REDIS_URL is missing."),
        Text::new(
            "Indíquelo, o use «trastienda up», que arranca un Redis privado.",
            "Set it, or use `trastienda up`, which starts a private Redis.",
        ),
    )
}

fn unreachable(address: &Address, error: &str) -> Finding {
    Finding::failure(
        Text::new(
            format!("Redis no responde en {address} ({error})."),
            format!("Redis does not answer at {address} ({error})."),
        ),
        Text::new(
            "Compruebe REDIS_URL y que el servidor esté en marcha.",
            "Check REDIS_URL and that the server is running.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn judges_version_persistence_and_eviction() {
        let address = Address::new("redis://localhost");
        let good = "redis_version:7.0.15\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        let levels = |text: &str| -> Vec<Level> {
            judge(text, &address)
                .iter()
                .map(|finding| finding.level)
                .collect()
        };
        assert_eq!(levels(good), [Level::Good; 3]);
        let bad = "redis_version:5.0.1\r\naof_enabled:0\r\nmaxmemory_policy:allkeys-lru\r\n";
        assert_eq!(
            levels(bad),
            [Level::Failure, Level::Warning, Level::Warning]
        );
    }
}
