//! Versions of documents through the API: stored files that open to who may see the document.

use std::sync::Arc;

use administration::document::{
    self, DocumentTextStatus, DocumentVersion as VersionRow, DocumentVersionFilter,
    DocumentVersionSortField,
};
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use directory::file::{File as FileRow, FileStore};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::{DocumentId, DocumentVersionId, JobId};

use crate::administration::document::Document;
use crate::call::Call;
use crate::connection::find;
use crate::directory::file::FileDownload;
use crate::failure;
use crate::kernel::job::Job;
use crate::loader::Part;
use crate::noun;
use crate::processes::named::NamedUser;

/// Versions as loaders want them.
mod versions {
    pub use administration::document::{
        version_by_ids as by_ids, version_count as count, version_page as page,
    };
}

noun! {
    /// A version of a document.
    DocumentVersion of crate::administration::document_version::versions as VersionRow,
        DocumentVersionId;
    listed by DocumentVersionFilter, DocumentVersionSortField
}

/// A version of a document: a stored file. It never changes.
#[Object]
impl DocumentVersion {
    /// The version.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The document.
    async fn document(&self, graph: &Context<'_>) -> Result<Option<Document>> {
        Call::of(graph)?.load(self.0.document_id).await
    }

    /// Its number, from 1.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// What is new in it: plain text.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// The name of its file.
    async fn file_name(&self, graph: &Context<'_>) -> Result<Option<String>> {
        Ok(self.file(graph).await?.map(|file| file.name))
    }

    /// The media type of its file, by its bytes.
    async fn media_type(&self, graph: &Context<'_>) -> Result<Option<String>> {
        Ok(self.file(graph).await?.map(|file| file.media_type))
    }

    /// The size of its file in bytes.
    async fn size(&self, graph: &Context<'_>) -> Result<Option<i64>> {
        Ok(self.file(graph).await?.map(|file| file.size))
    }

    /// The SHA-256 of its bytes, in hexadecimal.
    async fn sha256(&self, graph: &Context<'_>) -> Result<Option<String>> {
        let hex = |file: FileRow| {
            let bytes = file.sha256.iter();
            bytes.map(|byte| format!("{byte:02x}")).collect()
        };
        Ok(self.file(graph).await?.map(hex))
    }

    /// Where to fetch it from. Whoever does is noted in the audit trail.
    async fn download(&self, graph: &Context<'_>) -> Result<Option<FileDownload>> {
        let call = Call::of(graph)?;
        let store = store(call)?;
        let id = self.0.id;
        let made = call
            .read(move |tx| async move { document::download(tx, &store, id).await }.boxed())
            .await?;
        Ok(made.map(FileDownload::from))
    }

    /// What became of its text.
    async fn text_status(&self) -> DocumentTextStatus {
        self.0.text_status
    }

    /// The job that reads its text, to see why it failed and to try it again; null for those who
    /// may not see it.
    async fn reading_job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        let call = Call::of(graph)?;
        let jobs = call.parts::<ReadingJob>(self.0.id).await?;
        call.load_some(jobs.into_iter().next().map(|job| job.0))
            .await
    }

    /// Who added it.
    async fn created_by(&self) -> NamedUser {
        NamedUser(self.0.created_by)
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

impl DocumentVersion {
    async fn file(&self, graph: &Context<'_>) -> Result<Option<FileRow>> {
        let files = Call::of(graph)?.parts::<Stored>(self.0.id).await?;
        Ok(files.into_iter().next().map(|stored| stored.0))
    }
}

fn store(call: &Call) -> Result<Arc<FileStore>> {
    let found = call.core().services.get::<FileStore>();
    found.map_err(|error| failure::of(call, error))
}

/// The file of a version.
#[derive(Clone, Debug)]
struct Stored(FileRow);

impl Part for Stored {
    type Of = DocumentVersionId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [DocumentVersionId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(DocumentVersionId, Self)>>> {
        async move {
            let files = document::version_files(tx, ids).await?;
            Ok(files
                .into_iter()
                .map(|(id, file)| (id, Self(file)))
                .collect())
        }
        .boxed()
    }
}

/// The job that reads a version.
#[derive(Clone, Debug)]
struct ReadingJob(JobId);

impl Part for ReadingJob {
    type Of = DocumentVersionId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [DocumentVersionId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(DocumentVersionId, Self)>>> {
        async move {
            let jobs = document::reading_jobs(tx, ids).await?;
            Ok(jobs.into_iter().map(|(id, job)| (id, Self(job))).collect())
        }
        .boxed()
    }
}

/// The newest version of a document.
#[derive(Clone, Debug)]
pub struct Newest(pub DocumentVersion);

impl Part for Newest {
    type Of = DocumentId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [DocumentId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(DocumentId, Self)>>> {
        async move {
            let rows = document::newest(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.document_id, Self(DocumentVersion(row))))
                .collect())
        }
        .boxed()
    }
}

/// Looks at versions of documents.
#[derive(Default)]
pub struct DocumentVersionQuery;

#[Object]
impl DocumentVersionQuery {
    /// A version of a document that is open to the viewer. Needs `administration.document.read`.
    async fn document_version(
        &self,
        graph: &Context<'_>,
        id: DocumentVersionId,
    ) -> Result<Option<DocumentVersion>> {
        find(graph, id).await
    }
}
