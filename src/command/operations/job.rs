//! `trastienda job`: the operator's look at the jobs of every organisation.

use std::process::ExitCode;

use comfy_table::Table;
use trastienda_core::kernel::DbSettings;
use trastienda_core::kernel::ids::JobId;
use trastienda_core::kernel::job::overview::{JobLine, line, recent};
use trastienda_core::kernel::{Clock, Db, job};

use super::{spoken, system};
use crate::cli::JobCommand;
use crate::compose;
use crate::say::{self, Refusal};
use crate::settings::Settings;

/// Jobs that are listed.
const LISTED: i64 = 50;

/// Lists, shows, retries or cancels.
///
/// # Errors
/// A [`Refusal`] where there is no such job or it can't be done.
pub async fn run(settings: &Settings, command: JobCommand) -> anyhow::Result<ExitCode> {
    let relay = relay(settings)?;
    match command {
        JobCommand::List => {
            let mut connection = relay.connection().await?;
            let jobs = recent(&mut connection, LISTED).await?;
            say::line(&table(&jobs).to_string());
        }
        JobCommand::Show { id } => {
            let job = find(&relay, &id).await?;
            say::line(&table(std::slice::from_ref(&job)).to_string());
            if let Some(error) = job.error {
                say::line(&error.to_string());
            }
        }
        JobCommand::Retry { id } => act(settings, find(&relay, &id).await?, true).await?,
        JobCommand::Cancel { id } => act(settings, find(&relay, &id).await?, false).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn act(settings: &Settings, line: JobLine, again: bool) -> anyhow::Result<()> {
    let db = compose::open(settings)?;
    let mut tx = db.begin(&system(&db, line.organisation_id)).await?;
    let row = if again {
        job::retry(&mut tx, &compose::registry(), line.id).await
    } else {
        job::cancel(&mut tx, line.id).await
    };
    let row = row.map_err(|error| spoken(error, settings.language))?;
    tx.commit().await?;
    say::line(&format!("{} {}", row.id, row.status));
    Ok(())
}

async fn find(relay: &Db, text: &str) -> anyhow::Result<JobLine> {
    let none = || {
        Refusal::new(
            format!("No hay ningún trabajo {text}."),
            format!("There is no job {text}."),
        )
    };
    let id: JobId = text.parse().map_err(|_| none())?;
    let mut connection = relay.connection().await?;
    Ok(line(&mut connection, id).await?.ok_or_else(none)?)
}

fn relay(settings: &Settings) -> anyhow::Result<Db> {
    let url = compose::address(settings.database.relay_url.as_ref())?;
    Ok(Db::new(
        &DbSettings {
            pool_size: 1,
            ..DbSettings::new(url)
        },
        Clock::System,
    )?)
}

fn table(jobs: &[JobLine]) -> Table {
    let mut table = Table::new();
    table.set_header([
        "id", "kind", "status", "progress", "attempt", "created", "finished",
    ]);
    for job in jobs {
        table.add_row([
            job.id.to_string(),
            job.kind.clone(),
            job.status.to_string(),
            format!("{}/{}", job.done, job.total),
            job.attempt.to_string(),
            job.created_at.to_rfc3339(),
            job.finished_at
                .map(|at| at.to_rfc3339())
                .unwrap_or_default(),
        ]);
    }
    table
}
