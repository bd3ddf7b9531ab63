//! Operations that end by themselves: migrations, schema, jobs, users, audit, backups.

mod audit;
mod backup;
mod job;
mod user;

use std::process::ExitCode;
use std::sync::Arc;

use trastienda_core::kernel::ids::OrganisationId;
use trastienda_core::kernel::{Actor, Context, Db, Error};

use super::roles::migrate;
use crate::cli::Command;
use crate::doctor::{self, Need};
use crate::say::{self, Language, Refusal, Text};
use crate::settings::Settings;

/// Runs one operation.
///
/// # Errors
/// A [`Refusal`] for what the person can mend, any other error for the rest.
pub async fn run(settings: &Settings, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate => {
            doctor::preflight(settings, Need::Migrate).await?;
            migrate(settings).await?;
            let done = Text::new("La base está al día.", "The database is up to date.");
            say::tell(settings.language, &done);
            Ok(ExitCode::SUCCESS)
        }
        Command::Schema { output } => {
            let sdl = trastienda_api::schema::sdl();
            if output.as_os_str() == "-" {
                say::line(sdl.trim_end());
            } else {
                std::fs::write(&output, sdl)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Job(command) => job::run(settings, command).await,
        Command::User(command) => user::run(settings, command).await,
        Command::Audit(command) => audit::run(settings, command).await,
        Command::Backup {
            folder,
            without_files,
        } => backup::backup(settings, &folder, !without_files).await,
        Command::Restore { folder } => backup::restore(settings, &folder).await,
        other => anyhow::bail!("{other:?} is no operation"),
    }
}

/// The system acting in an organisation now.
fn system(db: &Db, organisation: OrganisationId) -> Arc<Context> {
    Arc::new(Context::new(
        Arc::new(Actor::system(organisation)),
        db.clock().now(),
    ))
}

/// What a person can mend, in their language; other errors as they are.
fn spoken(error: Error, language: Language) -> anyhow::Error {
    let Error::Refused(faults) = &error else {
        return error.into();
    };
    let Ok(speaker) = trastienda_core::speaker() else {
        return error.into();
    };
    let locale = language.locale();
    let said: Vec<String> = faults
        .iter()
        .map(|fault| speaker.fault(locale, fault))
        .collect();
    let said = said.join(" ");
    Refusal::new(said.clone(), said).into()
}
