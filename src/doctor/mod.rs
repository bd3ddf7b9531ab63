//! `trastienda doctor`: what was found, and what to do about it.
//!
//! The same checks guard the start of every role: there the first failure becomes one line and
//! exit code 2.

mod host;
mod postgres;
mod redis;

use std::process::ExitCode;

use comfy_table::{Cell, Color, Table, presets};

use crate::say::{self, Language, Refusal, Text};
use crate::settings::Settings;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Good,
    /// Works, with less safety or room than it should have.
    Warning,
    /// Must be mended first.
    Failure,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub found: Text,
    /// What to do, unless all is well.
    pub advice: Option<Text>,
}

impl Finding {
    fn good(found: Text) -> Self {
        Self {
            level: Level::Good,
            found,
            advice: None,
        }
    }

    fn warning(found: Text, advice: Text) -> Self {
        Self {
            level: Level::Warning,
            found,
            advice: Some(advice),
        }
    }

    fn failure(found: Text, advice: Text) -> Self {
        Self {
            level: Level::Failure,
            found,
            advice: Some(advice),
        }
    }

    /// Makes a failure a warning, for those who can do without.
    fn soften(&mut self) {
        if self.level == Level::Failure {
            self.level = Level::Warning;
        }
    }

    fn refusal(&self) -> Refusal {
        let sentence = |language| {
            let advice = self.advice.as_ref().map(|advice| advice.read(language));
            [Some(self.found.read(language)), advice]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        Refusal::new(
            sentence(Language::Spanish).join(" "),
            sentence(Language::English).join(" "),
        )
    }
}

/// Which logins a role of the binary needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The API: the application's login. It works on while Redis is away: jobs wait in their rows.
    Serve,
    /// The worker: the application's and the relay's login, and Redis.
    Work,
    /// Migrations: the owner's login.
    Migrate,
}

/// Looks at what a role needs before it starts; warnings go to the log.
///
/// # Errors
/// The first failure as a [`Refusal`].
pub async fn preflight(settings: &Settings, need: Need) -> Result<(), Refusal> {
    let mut findings = match need {
        Need::Migrate => postgres::owner(settings).await,
        Need::Serve | Need::Work => postgres::application(settings).await,
    };
    if need == Need::Work && !has_failure(&findings) {
        findings.extend(postgres::relay(settings).await);
    }
    if need != Need::Migrate && !has_failure(&findings) {
        let mut found = redis::look(settings).await;
        if need == Need::Serve {
            found.iter_mut().for_each(Finding::soften);
        }
        findings.extend(found);
    }
    for finding in &findings {
        match finding.level {
            Level::Failure => return Err(finding.refusal()),
            Level::Warning => tracing::warn!("{}", finding.refusal().0.read(settings.language)),
            Level::Good => {}
        }
    }
    Ok(())
}

/// Looks at everything that has an address, and at the binaries for the rest; prints a table. Exit code 2 where something must be mended.
pub async fn doctor(settings: &Settings) -> ExitCode {
    let mut findings = host::look(settings);
    if settings.database.url.is_some() {
        findings.extend(postgres::application(settings).await);
        findings.extend(postgres::owner(settings).await);
        findings.extend(postgres::relay(settings).await);
        findings.extend(postgres::backup(settings).await);
    }
    if settings.redis.url.is_some() {
        findings.extend(redis::look(settings).await);
    }
    say::line(&table(&findings, settings.language).to_string());
    if has_failure(&findings) {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}

fn has_failure(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| finding.level == Level::Failure)
}

fn table(findings: &[Finding], language: Language) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    table.set_header(match language {
        Language::Spanish => ["", "Encontrado", "Qué hacer"],
        Language::English => ["", "Found", "What to do"],
    });
    for finding in findings {
        let (mark, color) = match finding.level {
            Level::Good => ("✓", Color::Green),
            Level::Warning => ("!", Color::Yellow),
            Level::Failure => ("✗", Color::Red),
        };
        table.add_row(vec![
            Cell::new(mark).fg(color),
            Cell::new(finding.found.read(language)),
            Cell::new(
                finding
                    .advice
                    .as_ref()
                    .map_or("", |advice| advice.read(language)),
            ),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_joins_what_was_found_with_what_to_do() {
        let finding = Finding::failure(Text::new("Mal.", "Bad."), Text::new("Haga.", "Do."));
        assert_eq!(finding.refusal(), Refusal::new("Mal. Haga.", "Bad. Do."));
    }
}
