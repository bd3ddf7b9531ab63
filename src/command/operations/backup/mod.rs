//! `trastienda backup` and `trastienda restore`, on Postgres's own tools.
//!
//! A backup is a folder: `database.dump` (pg_dump's custom format), `files/` (what lies in the file
//! store) and `manifest.json` (rows of every table, heads of every chain, fingerprint of the master
//! secret). The rows are counted and the dump is made in one snapshot, so that a restored database
//! can be held against the manifest row by row. The files are copied after it: a file's bytes are
//! there before its row is, so that every row of the dump finds its bytes.

mod files;
mod manifest;
mod restore;
mod tools;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use tokio_postgres::Client;
use trastienda_core::kernel::Clock;
use trastienda_core::kernel::audit::HeadBook;

use self::manifest::{Manifest, counts, heads};
use self::tools::{Server, digest};
use crate::compose;
use crate::say::{self, Refusal, Text};
use crate::settings::Settings;

pub use restore::restore;

/// The dump inside of a backup.
const DUMP: &str = "database.dump";
/// The files inside of a backup.
const FILES: &str = "files";

/// Makes a backup below a folder and tells what is in it.
///
/// # Errors
/// A [`Refusal`] where the role can't read everything or a tool is missing; any other failure
/// leaves a folder whose name ends in `.partial`.
pub async fn backup(
    settings: &Settings,
    below: &Path,
    with_files: bool,
) -> anyhow::Result<ExitCode> {
    let server = Server::of(compose::address(settings.database.backup_url.as_ref())?)?;
    let (client, driver) = server.connect().await?;
    may_read_everything(&client).await?;
    server.check_tool(&client).await?;
    let stamp = Clock::System.now().format("%Y%m%dT%H%M%SZ").to_string();
    let (folder, partial) = (below.join(&stamp), below.join(format!("{stamp}.partial")));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&partial)
        .with_context(|| partial.display().to_string())?;
    let mut manifest = dumped(&server, &client, &partial, stamp).await?;
    drop(client);
    driver.abort();
    manifest.secret =
        HeadBook::new(PathBuf::new(), &compose::master_secret(settings)?).public_key();
    if with_files && settings.storage.bucket.is_none() {
        let copied = files::copy(&settings.files(), &partial.join(FILES))?;
        manifest.files = Some(copied.files);
    }
    manifest.write(&partial)?;
    std::fs::rename(&partial, &folder)?;
    tell(settings, &manifest, &folder);
    Ok(ExitCode::SUCCESS)
}

/// Dumps the database and counts what is in it, in one snapshot.
async fn dumped(
    server: &Server,
    client: &Client,
    folder: &Path,
    stamp: String,
) -> anyhow::Result<Manifest> {
    client
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let snapshot: String = client
        .query_one("SELECT pg_export_snapshot()", &[])
        .await?
        .try_get(0)?;
    let dump = folder.join(DUMP);
    server.dump(&snapshot, &dump).await?;
    let manifest = Manifest {
        made_at: stamp,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        dump_sha256: digest(&dump)?,
        tables: counts(client).await?,
        heads: heads(client).await?,
        files: None,
        secret: String::new(),
    };
    client.batch_execute("COMMIT").await?;
    Ok(manifest)
}

/// A role that row-level security holds back would make an empty backup, or none.
async fn may_read_everything(client: &Client) -> anyhow::Result<()> {
    let look = "SELECT rolsuper OR (rolbypassrls AND pg_has_role(oid, 'pg_read_all_data', 'USAGE')) \
                FROM pg_roles WHERE rolname = current_user";
    let may: bool = client.query_one(look, &[]).await?.try_get(0)?;
    if may {
        return Ok(());
    }
    let statement = "CREATE ROLE trastienda_backup LOGIN BYPASSRLS; \
                     GRANT pg_read_all_data TO trastienda_backup";
    Err(Refusal::new(
        format!("Este rol no puede leerlo todo. Como superusuario: {statement}."),
        format!("This role cannot read everything. As a superuser: {statement}."),
    )
    .into())
}

fn tell(settings: &Settings, manifest: &Manifest, folder: &Path) {
    let (tables, rows, shown) = (manifest.tables.len(), manifest.rows(), folder.display());
    let files = |none: &str| {
        manifest
            .files
            .map_or(none.to_owned(), |count| count.to_string())
    };
    let (es, en) = (files("ningún"), files("no"));
    let text = Text::new(
        format!(
            "Copia en {shown}: {tables} tablas, {rows} filas, {es} ficheros. Guarde aparte el \
             secreto maestro: sin él nadie entra."
        ),
        format!(
            "Backup in {shown}: {tables} tables, {rows} rows, {en} files. Keep the master secret \
             apart: without it nobody logs in."
        ),
    );
    say::tell(settings.language, &text);
}
