//! Versions of a document: stored files, opened through links of minutes.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check;
use directory::file::{File, FileLink, FileStore, Keep};
use kernel::actor::EVERYTHING;
use kernel::filter::{DateTimeFilter, IdFilter, IntFilter};
use kernel::id::TypedId;
use kernel::ids::{
    DocumentId, DocumentVersionId, FileId, JobId, OrganisationId, StagedUploadId, UserId,
};
use kernel::job::{self, Enqueue};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Fault, Faults, Predicate, Result, Tx};
use uuid::Uuid;

use super::act::{locked, store};
use super::list::visible;
use super::{Document, DocumentRead, told};
use crate::fault;
use crate::schema::{document, document_version};

kernel::text_enum! {
    /// What became of the text of a version.
    pub enum DocumentTextStatus {
        /// It is still to be read.
        Waiting = "WAITING",
        /// It was read; the document is found by it.
        Read = "READ",
        /// There is none: a picture, or pages that were scanned.
        None = "NONE",
        /// It could not be read.
        Failed = "FAILED",
    }
}

/// A version of a document.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = document_version, check_for_backend(diesel::pg::Pg))]
pub struct DocumentVersion {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The version.
    pub id: DocumentVersionId,
    /// The document.
    pub document_id: DocumentId,
    /// Its number, from 1.
    pub number: i32,
    /// Its file.
    pub file_id: FileId,
    /// What is new in it.
    pub note: Option<String>,
    /// What became of its text.
    pub text_status: DocumentTextStatus,
    /// Who added it.
    pub created_by: UserId,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

kernel::listing! {
    /// Conditions on versions of documents.
    filter DocumentVersionFilter {
        /// By id.
        id: IdFilter => id,
        /// By document.
        document: IdFilter => document_id,
        /// By number.
        number: IntFilter => number,
        /// By who added them.
        created_by: IdFilter => created_by,
        /// By when they were added.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of versions of documents.
    sort DocumentVersionSort;
    /// What versions of documents can be sorted by.
    by DocumentVersionSortField {
        /// By number.
        Number = "NUMBER" => number,
        /// By when they were added.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Number Desc;
    search [note];
    from "administration" document_version as DocumentVersion;
}

/// Adds a version to a document.
#[derive(Clone, Debug, InputObject)]
pub struct DocumentVersionAddInput {
    /// The document.
    pub document: DocumentId,
    /// The version of the document that was read.
    pub expected_version: Option<i32>,
    /// An upload of one's own that has arrived.
    pub upload: StagedUploadId,
    /// What is new in it, in at most 500 characters.
    pub note: Option<String>,
}

/// Adds a version to a document; a job reads its text.
///
/// # Errors
/// `directory.upload_…` at `upload` for what is no arrived upload of one's own.
#[tracing::instrument(skip_all, fields(document.id = %command.document), err)]
pub async fn add(
    tx: &mut Tx,
    command: DocumentVersionAddInput,
) -> Result<(Document, DocumentVersion)> {
    let seen = locked(tx, command.document, command.expected_version, "document").await?;
    let mut faults = Faults::new();
    let note = check::optional(command.note.as_deref(), 500);
    let note = faults.take(note.map_err(|fault| fault.at(["note"]).into()))?;
    let file = faults.take(kept(tx, command.upload, Some(&seen)).await)?;
    faults.finish()?;
    let file = file.ok_or_else(|| Error::bug("a file without faults is there"))?;
    attach(tx, seen, &file, note.flatten()).await
}

/// The file of an upload, kept for a document. The document alone says who reads it: by itself the
/// file is open to nobody, not even to who brought it. For a document that is refused anyway the
/// faults of the upload are still told.
pub(super) async fn kept(
    tx: &mut Tx,
    upload: StagedUploadId,
    of: Option<&Document>,
) -> Result<File> {
    let how = Keep {
        permission: EVERYTHING,
        owner_user: None,
        company: of.and_then(|document| document.company_id),
        subject: (
            "Document",
            of.map_or_else(Uuid::nil, |document| document.id.uuid()),
        ),
    };
    directory::file::keep(tx, upload, how).await
}

/// Adds a kept file to a locked document as its next version.
pub(super) async fn attach(
    tx: &mut Tx,
    seen: Document,
    file: &File,
    note: Option<String>,
) -> Result<(Document, DocumentVersion)> {
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::PEOPLE_KEEP))?;
    let versions = seen.versions + 1;
    let next = store(tx, Document { versions, ..seen }).await?;
    let row = DocumentVersion {
        organisation_id: next.organisation_id,
        id: DocumentVersionId::generate(),
        document_id: next.id,
        number: next.versions,
        file_id: file.id,
        note,
        text_status: DocumentTextStatus::Waiting,
        created_by: me,
        created_at: tx.now(),
    };
    diesel::insert_into(document_version::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    let how = Enqueue {
        key: Some(key_of(row.id)),
        ..Enqueue::default()
    };
    job::enqueue(tx, &DocumentRead { version: row.id }, how).await?;
    let event = told("administration.document.version_added", &next).set("number", row.number);
    tx.emit(event).await?;
    Ok((next, row))
}

/// A link to the bytes of a version whose document the actor may see, good for minutes and for the
/// actor alone.
pub async fn download(
    tx: &mut Tx,
    files: &FileStore,
    id: DocumentVersionId,
) -> Result<Option<FileLink>> {
    let Some(row) = version_by_ids(tx, &[id]).await?.into_iter().next() else {
        return Ok(None);
    };
    let found = directory::file::load(tx, &[row.file_id]).await?;
    match found.into_iter().next() {
        Some(file) => directory::file::link_granted(tx, files, &file).map(Some),
        None => Ok(None),
    }
}

/// The files of some versions whose documents the actor may see: their names, types and sizes.
pub async fn version_files(
    tx: &mut Tx,
    ids: &[DocumentVersionId],
) -> Result<Vec<(DocumentVersionId, File)>> {
    let rows = version_by_ids(tx, ids).await?;
    let files: Vec<FileId> = rows.iter().map(|row| row.file_id).collect();
    let files = directory::file::load(tx, &files).await?;
    let of = |row: &DocumentVersion| {
        let file = files.iter().find(|file| file.id == row.file_id)?;
        Some((row.id, file.clone()))
    };
    Ok(rows.iter().filter_map(of).collect())
}

/// The versions of the documents that the actor may see.
fn of_visible(tx: &Tx) -> Result<Predicate> {
    Ok(Predicate::sql(
        "\"administration\".\"document_version\".\"document_id\" IN \
         (SELECT \"administration\".\"document\".\"id\" \
         FROM \"administration\".\"document\" WHERE ",
    )
    .then_all(visible(tx)?)
    .then(")"))
}

/// A page of the versions of documents that the actor may see.
pub async fn version_page(
    tx: &mut Tx,
    request: PageRequest<DocumentVersionFilter, DocumentVersionSortField>,
) -> Result<Page<DocumentVersion>> {
    let visible = of_visible(tx)?;
    list(tx, request, visible).await
}

/// How many versions of a request the actor may see.
pub async fn version_count(
    tx: &mut Tx,
    request: PageRequest<DocumentVersionFilter, DocumentVersionSortField>,
) -> Result<i64> {
    let visible = of_visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones of some versions.
pub async fn version_by_ids(
    tx: &mut Tx,
    ids: &[DocumentVersionId],
) -> Result<Vec<DocumentVersion>> {
    let visible = of_visible(tx)?;
    Ok(document_version::table
        .filter(document_version::organisation_id.eq(tx.organisation()))
        .filter(document_version::id.eq_any(ids))
        .filter(visible)
        .select(DocumentVersion::as_select())
        .load(tx.conn())
        .await?)
}

/// The newest versions of some documents that the actor may see.
pub async fn newest(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<DocumentVersion>> {
    let visible = of_visible(tx)?;
    let is_last = document_version::organisation_id
        .eq(document::organisation_id)
        .and(document_version::document_id.eq(document::id))
        .and(document_version::number.eq(document::versions));
    Ok(document_version::table
        .inner_join(document::table.on(is_last))
        .filter(document_version::organisation_id.eq(tx.organisation()))
        .filter(document_version::document_id.eq_any(ids))
        .filter(visible)
        .select(DocumentVersion::as_select())
        .load(tx.conn())
        .await?)
}

/// The jobs that read the texts of some versions. Tells ids alone: who may see a job the kernel
/// decides.
pub async fn reading_jobs(
    tx: &mut Tx,
    ids: &[DocumentVersionId],
) -> Result<Vec<(DocumentVersionId, JobId)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: JobId,
        #[diesel(sql_type = diesel::sql_types::Text)]
        key: String,
    }
    let keys: Vec<String> = ids.iter().map(|id| key_of(*id)).collect();
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT id, key FROM kernel.job WHERE organisation_id = $1 AND key = ANY($2)",
    )
    .bind::<diesel::sql_types::Uuid, _>(tx.organisation())
    .bind::<diesel::sql_types::Array<diesel::sql_types::Text>, _>(&keys)
    .load(tx.conn())
    .await?;
    let job_of = |(id, key): (&DocumentVersionId, &String)| {
        let job = rows.iter().find(|row| row.key == *key)?;
        Some((*id, job.id))
    };
    Ok(ids.iter().zip(&keys).filter_map(job_of).collect())
}

/// The key of the job that reads a version.
fn key_of(id: DocumentVersionId) -> String {
    format!("administration.document_read:{id}")
}
