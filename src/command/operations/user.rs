//! `trastienda user`: the first organisation and its owner; a password that was lost.

use std::io::BufRead as _;
use std::process::ExitCode;

use directory::organisation::{OrganisationCreate, Provision, provision};
use directory::user::{UserPasswordResetInput, reset_password};
use directory::{Keys, Sensitive};
use trastienda_core::kernel::Locale;
use trastienda_core::{directory, timetable};

use super::{spoken, system};
use crate::cli::UserCommand;
use crate::compose;
use crate::say::{self, Refusal, Text};
use crate::settings::Settings;

/// Creates an organisation with its owner, or sets a password.
///
/// # Errors
/// A [`Refusal`] that says what to mend.
pub async fn run(settings: &Settings, command: UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::Create {
            organisation,
            email,
        } => {
            create(settings, organisation, email).await?;
        }
        UserCommand::Password { email } => password(settings, &email).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(settings: &Settings, name: String, email: String) -> anyhow::Result<()> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let wanted = Provision {
        organisation: OrganisationCreate {
            slug: slug(&name),
            name,
            locale: Locale::Es,
        },
        display_name: email.clone(),
        email,
        password: ask(settings)?,
    };
    let made = provision(&db, &keys, wanted).await;
    let (organisation, user) = made.map_err(|error| spoken(error, settings.language))?;
    let mut tx = db.begin(&system(&db, organisation.id)).await?;
    let installed = timetable::install(&mut tx, &compose::registry()).await;
    installed.map_err(|error| spoken(error, settings.language))?;
    tx.commit().await?;
    say::line(&format!(
        "{} {} {}",
        organisation.id, organisation.slug, user.id
    ));
    Ok(())
}

async fn password(settings: &Settings, email: &str) -> anyhow::Result<()> {
    let db = compose::open(settings)?;
    let keys = Keys::new(&compose::master_secret(settings)?)?;
    let found = directory::auth::users_of_email(&db, &keys, email).await?;
    if found.is_empty() {
        return Err(Refusal::new(
            format!("Nadie entra con {email}."),
            format!("Nobody logs in as {email}."),
        )
        .into());
    }
    let password = ask(settings)?;
    for (organisation, id) in found {
        let mut tx = db.begin(&system(&db, organisation)).await?;
        let input = UserPasswordResetInput {
            id,
            password: password.clone(),
        };
        let reset = reset_password(&mut tx, input).await;
        reset.map_err(|error| spoken(error, settings.language))?;
        tx.commit().await?;
    }
    let done = Text::new(
        "Contraseña cambiada; sus sesiones han terminado.",
        "Password set; sessions ended.",
    );
    say::tell(settings.language, &done);
    Ok(())
}

/// The password, from the first line of standard input, so that it is in no history.
fn ask(settings: &Settings) -> anyhow::Result<Sensitive> {
    say::tell(settings.language, &Text::new("Contraseña:", "Password:"));
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(Sensitive(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn slug(name: &str) -> String {
    let lower = name.to_lowercase();
    let plain = lower.chars().map(|c| match c {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    });
    let plain: String = plain.collect();
    plain
        .split('-')
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}
