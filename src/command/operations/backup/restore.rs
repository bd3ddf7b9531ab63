//! `trastienda restore`: a backup into an empty database, held against its manifest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use comfy_table::Table;
use tokio_postgres::Client;
use trastienda_core::kernel::audit::{HeadBook, verify};
use trastienda_core::kernel::ids::OrganisationId;
use trastienda_core::kernel::migrate;

use super::manifest::{Manifest, counts};
use super::tools::{Server, digest};
use super::{DUMP, FILES, files};
use crate::command::operations::system;
use crate::compose;
use crate::say::{self, Refusal, Text};
use crate::settings::Settings;

/// The log-ins that the dump grants rights to.
const ROLES: &str = "DO $$ BEGIN \
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trastienda_app') THEN \
        CREATE ROLE trastienda_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; \
    END IF; \
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trastienda_relay') THEN \
        CREATE ROLE trastienda_relay LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; \
    END IF; END $$";

/// Restores a backup into the owner's database, which must be empty, and the files into the store.
/// Then counts the rows of every table and walks every chain. Exit code 1 where something differs
/// from the manifest.
///
/// # Errors
/// A [`Refusal`] for what the person can mend, such as a database with something in it, a dump that
/// was changed or another master secret.
pub async fn restore(settings: &Settings, folder: &Path) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::read(folder)?;
    let dump = folder.join(DUMP);
    check(settings, &manifest, &dump)?;
    let owner = compose::address(settings.database.owner_url.as_ref())?;
    let server = Server::of(owner)?;
    let (client, driver) = server.connect().await?;
    must_be_empty(&client).await?;
    client.batch_execute(ROLES).await?;
    drop(client);
    driver.abort();
    server.restore(&dump).await?;
    if manifest.files.is_some() && settings.storage.bucket.is_none() {
        files::copy(&folder.join(FILES), &settings.files())?;
    }
    let sound = held_against(settings, &manifest).await?;
    if migrate::is_pending(owner).await? {
        let text = Text::new(
            "La copia es de una versión anterior: ejecute «trastienda migrate».",
            "The backup is of an earlier version: run `trastienda migrate`.",
        );
        say::tell(settings.language, &text);
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// That the dump is the one that was made, and that its secrets can be opened.
fn check(settings: &Settings, manifest: &Manifest, dump: &Path) -> anyhow::Result<()> {
    if digest(dump)? != manifest.dump_sha256 {
        return Err(Refusal::new(
            "El volcado no es el que se hizo: su SHA-256 es otro.",
            "The dump is not the one that was made: its SHA-256 differs.",
        )
        .into());
    }
    let master = compose::master_secret(settings)?;
    if HeadBook::new(PathBuf::new(), &master).public_key() != manifest.secret {
        return Err(Refusal::new(
            "El secreto maestro no es el de la copia: con este nadie podría entrar.",
            "The master secret is not the backup's: with this one nobody could log in.",
        )
        .into());
    }
    Ok(())
}

async fn must_be_empty(client: &Client) -> anyhow::Result<()> {
    let look = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'kernel')";
    let full: bool = client.query_one(look, &[]).await?.try_get(0)?;
    if full {
        return Err(Refusal::new(
            "La base ya tiene datos: restaure en una vacía.",
            "The database has something in it: restore into an empty one.",
        )
        .into());
    }
    Ok(())
}

/// Whether the rows and the chains are those of the manifest.
async fn held_against(settings: &Settings, manifest: &Manifest) -> anyhow::Result<bool> {
    let address = compose::address(settings.database.backup_url.as_ref())?;
    let (client, driver) = Server::of(address)?.connect().await?;
    let there = counts(&client).await?;
    drop(client);
    driver.abort();
    let differing = manifest.differing(&there);
    if !differing.is_empty() {
        let mut table = Table::new();
        table.set_header(["", "backup", "database"]);
        for (name, ours, theirs) in &differing {
            table.add_row([name.clone(), ours.to_string(), theirs.to_string()]);
        }
        say::line(&table.to_string());
    }
    let broken = broken_chains(settings, &manifest.heads).await?;
    for id in &broken {
        let text = Text::new(
            format!("{id}: la cadena no es la de la copia."),
            format!("{id}: the chain is not the backup's."),
        );
        say::tell(settings.language, &text);
    }
    let sound = differing.is_empty() && broken.is_empty();
    if sound {
        let (tables, rows) = (there.len(), manifest.rows());
        let chains = manifest.heads.len();
        let text = Text::new(
            format!("Restaurado: {tables} tablas, {rows} filas, {chains} cadenas, todo correcto."),
            format!("Restored: {tables} tables, {rows} rows, {chains} chains, all sound."),
        );
        say::tell(settings.language, &text);
    }
    Ok(sound)
}

async fn broken_chains(
    settings: &Settings,
    heads: &BTreeMap<String, (i64, String)>,
) -> anyhow::Result<Vec<OrganisationId>> {
    let db = compose::open(settings)?;
    let mut broken = Vec::new();
    for (id, (position, hash)) in heads {
        let id = OrganisationId(id.parse()?);
        let mut tx = db.begin(&system(&db, id)).await?;
        let verdict = verify(&mut tx).await?;
        tx.rollback().await?;
        let same = verdict.entries == *position && verdict.head == *hash;
        if !same || verdict.broken_at.is_some() || verdict.adrift > 0 {
            broken.push(id);
        }
    }
    Ok(broken)
}
