//! `trastienda audit verify`: recomputes the chains and compares them with the signed heads.

use std::process::ExitCode;

use trastienda_core::kernel::audit::{HeadBook, heads, verify};
use trastienda_core::kernel::ids::OrganisationId;
use trastienda_core::kernel::{Clock, Db, DbSettings};

use super::system;
use crate::cli::AuditCommand;
use crate::compose;
use crate::say::{self, Refusal, Text};
use crate::settings::Settings;

/// Verifies one organisation's chain or all. Exit code 1 when one does not hold.
///
/// # Errors
/// An organisation that is none, or a database that is away.
pub async fn run(settings: &Settings, command: AuditCommand) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify {
        organisation,
        heads: folder,
    } = command;
    let db = compose::open(settings)?;
    let master = compose::master_secret(settings)?;
    let book = match folder {
        Some(folder) => Some(HeadBook::new(folder, &master)),
        None => compose::head_book(settings, &master)?,
    };
    let mut sound = true;
    for id in chosen(settings, organisation).await? {
        sound &= check(settings, &db, book.as_ref(), id).await?;
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn chosen(
    settings: &Settings,
    organisation: Option<String>,
) -> anyhow::Result<Vec<OrganisationId>> {
    if let Some(text) = organisation {
        let none = Refusal::new(
            format!("«{text}» no es una organización (org_…)."),
            format!("“{text}” is not an organisation (org_…)."),
        );
        return Ok(vec![text.parse().map_err(|_| none)?]);
    }
    let url = compose::address(settings.database.relay_url.as_ref())?;
    let relay = Db::new(
        &DbSettings {
            pool_size: 1,
            ..DbSettings::new(url)
        },
        Clock::System,
    )?;
    let mut connection = relay.connection().await?;
    let heads = heads(&mut connection).await?;
    Ok(heads
        .into_iter()
        .map(|(organisation, ..)| organisation)
        .collect())
}

async fn check(
    settings: &Settings,
    db: &Db,
    book: Option<&HeadBook>,
    id: OrganisationId,
) -> anyhow::Result<bool> {
    let mut tx = db.begin(&system(db, id)).await?;
    let verdict = verify(&mut tx).await?;
    let entries = verdict.entries;
    if let Some(position) = verdict.broken_at {
        let text = Text::new(
            format!("{id}: la cadena se rompe en la posición {position}."),
            format!("{id}: the chain breaks at position {position}."),
        );
        say::tell(settings.language, &text);
        return Ok(false);
    }
    if verdict.adrift > 0 {
        let count = verdict.adrift;
        let text = Text::new(
            format!("{id}: {count} apuntes no están en la cadena ni esperan su sitio en ella."),
            format!(
                "{id}: {count} entries are not in the chain and do not wait for a place in it."
            ),
        );
        say::tell(settings.language, &text);
        return Ok(false);
    }
    let mut compared = 0;
    if let Some(book) = book {
        let (count, contradicted) = book.contradicted(&mut tx).await?;
        compared = count;
        if let Some(head) = contradicted {
            let (position, at) = (head.position, head.at);
            let text = Text::new(
                format!("{id}: la cabecera {position} firmada el {at} no coincide."),
                format!("{id}: the head {position} signed at {at} does not match."),
            );
            say::tell(settings.language, &text);
            return Ok(false);
        }
    }
    let text = Text::new(
        format!("{id}: {entries} apuntes y {compared} cabeceras firmadas, todo correcto."),
        format!("{id}: {entries} entries and {compared} signed heads, all sound."),
    );
    say::tell(settings.language, &text);
    Ok(true)
}
