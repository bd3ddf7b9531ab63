//! The job that reads the text of a version, so that its document is found by it.

use std::time::Duration;

use diesel::prelude::*;
use diesel::sql_types as types;
use diesel_async::RunQueryDsl;
use directory::file::FileStore;
use futures::FutureExt;
use kernel::ids::DocumentVersionId;
use kernel::job::{Job, JobRun};
use kernel::{Error, Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::text::{self, Found};
use super::version::{DocumentTextStatus, DocumentVersion};
use crate::fault;
use crate::job::QUEUE;
use crate::permission::DOCUMENT_MANAGE;
use crate::schema::{document, document_version};

/// How long a parser may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads the text of a version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DocumentRead {
    /// The version.
    pub version: DocumentVersionId,
}

impl Job for DocumentRead {
    const KIND: &'static str = "administration.document_read";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = DOCUMENT_MANAGE;
    const MAX_ATTEMPTS: i32 = 3;
    const PRIORITY: i16 = -10;

    async fn run(self, run: JobRun) -> Result<Value> {
        let store = run.service::<FileStore>()?;
        let id = self.version;
        let (row, media_type, bytes) = run
            .read(move |tx| async move { load(tx, &store, id).await }.boxed())
            .await?;
        let reading = tokio::task::spawn_blocking(move || text::read(&media_type, &bytes));
        // A parser that panics or hangs on a stranger's bytes is a text that can't be read.
        let found = match tokio::time::timeout(PATIENCE, reading).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) | Err(_) => Found::Unreadable,
        };
        if run.is_dry_run() {
            return Ok(json!({ "characters": found.text().chars().count() }));
        }
        if matches!(found, Found::Unreadable) {
            run.write(move |tx| async move { keep(tx, &row, &found).await }.boxed())
                .await?;
            return Err(Fault::invalid(fault::DOCUMENT_UNREADABLE).into());
        }
        run.finish(move |tx| async move { keep(tx, &row, &found).await }.boxed())
            .await
    }
}

async fn load(
    tx: &mut Tx,
    store: &FileStore,
    id: DocumentVersionId,
) -> Result<(DocumentVersion, String, bytes::Bytes)> {
    let row: DocumentVersion = document_version::table
        .find((tx.organisation(), id))
        .select(DocumentVersion::as_select())
        .first(tx.conn())
        .await?;
    let files = directory::file::load(tx, &[row.file_id]).await?;
    let gone = || Error::bug("a version's file is gone");
    let file = files.into_iter().next().ok_or_else(gone)?;
    let bytes = directory::file::content(store, &file).await?;
    Ok((row, file.media_type, bytes))
}

async fn mark(tx: &mut Tx, row: &DocumentVersion, status: DocumentTextStatus) -> Result<()> {
    diesel::update(document_version::table.find((row.organisation_id, row.id)))
        .set(document_version::text_status.eq(status))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps the text, unless a newer version has come meanwhile: that one's counts. Without a text the
/// document is no longer found by that of an older version either.
async fn keep(tx: &mut Tx, row: &DocumentVersion, found: &Found) -> Result<Value> {
    let text = found.text();
    let status = match found {
        Found::Text(_) => DocumentTextStatus::Read,
        Found::Nothing => DocumentTextStatus::None,
        Found::Unreadable => DocumentTextStatus::Failed,
    };
    mark(tx, row, status).await?;
    let newest: i32 = document::table
        .find((row.organisation_id, row.document_id))
        .select(document::versions)
        .for_update()
        .first(tx.conn())
        .await?;
    if newest == row.number {
        diesel::sql_query(
            "UPDATE administration.document_index SET body = $3 \
             WHERE organisation_id = $1 AND document_id = $2",
        )
        .bind::<types::Uuid, _>(row.organisation_id)
        .bind::<types::Uuid, _>(row.document_id)
        .bind::<types::Text, _>(text)
        .execute(tx.conn())
        .await?;
    }
    Ok(json!({ "characters": text.chars().count(), "newest": newest == row.number }))
}
