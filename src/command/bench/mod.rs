//! `trastienda bench`: a load harness against the running server, over HTTP, with its own data.
//!
//! It makes an organisation of its own, `bench`, by the domains' own commands, and asks as its
//! users would. What it prints is a table in Markdown, for `docs/PERFORMANCE.md`. Loops are bounded
//! in time and count; a server on another machine is refused.

mod books;
mod door;
mod invoices;
mod jobs;
mod load;
mod machine;
mod payroll;
mod ping;
mod plain;
mod reads;
mod sheet;
mod stage;
mod stock;
mod writes;

use std::net::ToSocketAddrs as _;
use std::process::ExitCode;
use std::time::Duration;

use url::Url;

pub use ping::Ping;

use self::door::Door;
use self::load::{Load, Meters};
use self::machine::Process;
use self::sheet::Sheet;
use self::stage::Stage;
use crate::cli::BenchOptions;
use crate::say::{self, Refusal};
use crate::settings::Settings;

/// The measures, by the names that choose them, in the order in which they are taken.
const MEASURES: &[&str] = &[
    "rest", "reads", "writes", "invoices", "jobs", "payroll", "books", "stock", "load",
];

/// Another server over the same database, that is asked for the same reads.
struct Rival {
    door: Door,
    meters: Meters,
}

/// What every measure works with.
struct Bench {
    stage: Stage,
    door: Door,
    load: Load,
    meters: Meters,
    rival: Option<Rival>,
    work: Option<Process>,
    scale: f64,
    sheet: Sheet,
}

impl Bench {
    /// A share of a count, at least one.
    fn scaled(&self, full: u32) -> u32 {
        let wanted = f64::from(full) * self.scale;
        (1..=full)
            .rev()
            .find(|count| f64::from(*count) <= wanted.max(1.0))
            .unwrap_or(1)
    }
}

/// Measures and prints a table.
///
/// # Errors
/// A [`Refusal`] for what the person can mend: no server, one with a rate, one that is elsewhere.
pub async fn run(settings: &Settings, options: BenchOptions) -> anyhow::Result<ExitCode> {
    let url = local(&options.url)?;
    if let Some(unknown) = options
        .only
        .iter()
        .find(|name| !MEASURES.contains(&name.as_str()))
    {
        let known = MEASURES.join(", ");
        return Err(Refusal::new(
            format!("No hay ninguna medida «{unknown}»: {known}."),
            format!("There is no measure “{unknown}”: {known}."),
        )
        .into());
    }
    let stage = Stage::prepare(settings).await?;
    let door = Door::open(url, &stage).await?;
    door.has_no_rate().await?;
    let meters = Meters {
        server: Process::find(options.serve_pid, &["serve", "up", "demo"]),
        cluster: stage.cluster().await?,
    };
    let rival = match &options.rival {
        Some(address) => Some(Rival {
            door: Door::stranger(local(address)?)?,
            meters: Meters {
                server: options
                    .rival_pid
                    .and_then(|pid| Process::find(Some(pid), &[])),
                ..meters
            },
        }),
        None => None,
    };
    let mut bench = Bench {
        load: Load {
            clients: options.clients.clamp(1, 256),
            time: Duration::from_secs(options.seconds.clamp(1, 600)),
            runs: options.runs.clamp(1, 20),
        },
        meters,
        rival,
        work: Process::find(options.work_pid, &["work", "up", "demo"]),
        scale: options.scale.clamp(0.001, 1.0),
        sheet: Sheet::default(),
        stage,
        door,
    };
    for name in MEASURES {
        let wanted = options.only.is_empty() || options.only.iter().any(|only| only == name);
        if wanted {
            say::aside(&format!("bench: {name}"));
            measure(&mut bench, name).await?;
        }
    }
    say::line(&bench.sheet.to_string());
    Ok(ExitCode::SUCCESS)
}

async fn measure(bench: &mut Bench, name: &str) -> anyhow::Result<()> {
    match name {
        "rest" => memory(bench, "at rest"),
        "reads" => reads::measure(bench).await?,
        "writes" => writes::measure(bench).await?,
        "invoices" => invoices::measure(bench).await?,
        "jobs" => jobs::measure(bench).await?,
        "payroll" => payroll::measure(bench).await?,
        "books" => books::measure(bench).await?,
        "stock" => stock::measure(bench).await?,
        _ => memory(bench, "after the load, and at most"),
    }
    Ok(())
}

/// What the processes take of memory.
fn memory(bench: &mut Bench, when: &str) {
    let rows = [("serve", &bench.meters.server), ("work", &bench.work)].map(|(role, process)| {
        let said = match process.as_ref().and_then(Process::memory) {
            Some((now, most)) => format!("{:.0} MB, {:.0} MB", now / 1e6, most / 1e6),
            None => "its process was not found".to_owned(),
        };
        (format!("memory of {role} {when}"), said)
    });
    for (name, said) in rows {
        bench.sheet.note(&name, &said);
    }
}

/// The address of a server on this very machine.
fn local(text: &str) -> anyhow::Result<Url> {
    let elsewhere = || {
        Refusal::new(
            format!("«{text}» no es una dirección de esta máquina (http://127.0.0.1:4000)."),
            format!("“{text}” is no address of this machine (http://127.0.0.1:4000)."),
        )
    };
    let url = Url::parse(text).map_err(|_| elsewhere())?;
    let host = url.host_str().ok_or_else(elsewhere)?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port_or_known_default().ok_or_else(elsewhere)?;
    let mut found = (bare, port)
        .to_socket_addrs()
        .map_err(|_| elsewhere())?
        .peekable();
    if found.peek().is_none() || !found.all(|address| address.ip().is_loopback()) {
        return Err(elsewhere().into());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded() {
        assert!(local("http://127.0.0.1:4000").is_ok());
        assert!(local("http://[::1]:4000").is_ok());
        for elsewhere in [
            "http://10.0.0.1:4000",
            "https://192.0.2.1",
            "nothing",
            "http://",
        ] {
            assert!(local(elsewhere).is_err(), "{elsewhere}");
        }
    }
}
