//! Files through the API: announced, put by HTTP, attached, and read through links that expire.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::file::{
    self, AttachmentCreateInput, File as FileRow, FileArchiveInput, FileFilter, FileLink, FileSort,
    FileSortField, FileStore, StagedUploadCreateInput,
};
use directory::permission::{COMPANY_READ, FILE_MANAGE};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::{FileId, StagedUploadId};
use serde::{Deserialize, Serialize};

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::{ATTACHABLE, Archivable};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::directory::user::User;
use crate::failure::{self, UserError};
use crate::kernel::audit::{AuditEntry, history};
use crate::node::{self, Node};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A stored file.
    File of crate::directory::attachment::files as FileRow, FileId; listed by FileFilter, FileSortField
}

/// Where a file can be fetched from, for a few minutes and by the viewer alone.
#[derive(SimpleObject)]
pub struct FileDownload {
    /// The path to GET on this host; a secret of the viewer's.
    path: String,
    /// Until when it is good.
    expires_at: DateTime<Utc>,
}

impl From<FileLink> for FileDownload {
    fn from(link: FileLink) -> Self {
        Self {
            path: link.path,
            expires_at: link.expires_at,
        }
    }
}

/// What the viewer may do with a file.
#[derive(SimpleObject)]
pub struct FileViewerCan {
    /// Archive it.
    archive: Permission,
}

/// A stored file.
#[Object]
impl File {
    /// The file.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its media type, by its bytes.
    async fn media_type(&self) -> &str {
        &self.0.media_type
    }

    /// Its size in bytes.
    async fn size(&self) -> i64 {
        self.0.size
    }

    /// The SHA-256 of its bytes, in hexadecimal.
    async fn sha256(&self) -> String {
        self.0
            .sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Where to fetch it from.
    async fn download(&self, graph: &Context<'_>) -> Result<FileDownload> {
        let call = Call::of(graph)?;
        let store = store(call)?;
        let row = self.0.clone();
        let made = call.read(move |tx| async move { file::link(tx, &store, &row) }.boxed());
        Ok(made.await?.into())
    }

    /// The company that it concerns.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, self.0.company_id).await
    }

    /// The user whose own it is; null when there is none or the viewer may not see them.
    async fn owner(&self, graph: &Context<'_>) -> Result<Option<User>> {
        Call::of(graph)?.load_some(self.0.owner_user).await
    }

    /// The record that it belongs to; null when there is none or the viewer may not see it.
    async fn subject(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        let (Some(kind), Some(uuid)) = (&self.0.subject_kind, self.0.subject_id) else {
            return Ok(None);
        };
        match node::id_of(kind, uuid) {
            Some(id) => node::find(Call::of(graph)?, &id).await,
            None => Ok(None),
        }
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was stored.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<FileViewerCan> {
        let call = Call::of(graph)?;
        let may = !call.parts::<Archivable>(self.0.id).await?.is_empty();
        let archive = Permission::held(call, FILE_MANAGE, |_| may);
        Ok(FileViewerCan { archive })
    }

    /// What happened to it, downloads included.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

/// An upload that was announced.
#[derive(Clone, Serialize, Deserialize)]
pub struct Staged {
    id: StagedUploadId,
    path: String,
    expires_at: DateTime<Utc>,
}

impl Kept for Staged {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self)
    }

    fn again<'t>(
        _: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        async move { Ok(serde_json::from_value(kept.clone())?) }.boxed()
    }
}

/// What announcing an upload gives.
#[derive(SimpleObject)]
pub struct StagedUploadCreatePayload {
    /// The upload, for `attachmentCreate` and imports.
    staged_upload_id: Option<ID>,
    /// The path on this host to PUT the bytes at, once.
    path: Option<String>,
    /// Until when it is good.
    expires_at: Option<DateTime<Utc>>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for StagedUploadCreatePayload {
    type Record = Staged;

    fn done(staged: Staged) -> Self {
        Self {
            staged_upload_id: Some(staged.id.into()),
            path: Some(staged.path),
            expires_at: Some(staged.expires_at),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            staged_upload_id: None,
            path: None,
            expires_at: None,
            user_errors,
        }
    }
}

payload! {
    /// What attaching an upload gives.
    AttachmentCreatePayload {
        /// The file.
        file: File
    }
    /// What archiving a file gives.
    FileArchivePayload {
        /// The file.
        file: File
    }
}

/// Looks at files.
#[derive(Default)]
pub struct FileQuery;

#[Object]
impl FileQuery {
    /// A file. Needs the permission that the file carries, or the record that it is attached to.
    async fn file(&self, graph: &Context<'_>, id: FileId) -> Result<Option<File>> {
        find(graph, id).await
    }

    /// Files, each under the permission that it carries or the record that it is attached to.
    async fn files(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<FileFilter>,
        sort: Option<FileSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on files.
#[derive(Default)]
pub struct FileMutation;

#[Object]
impl FileMutation {
    /// Announces a file: gives the path to PUT its bytes at. Needs `directory.file.manage`.
    async fn staged_upload_create(
        &self,
        graph: &Context<'_>,
        input: StagedUploadCreateInput,
    ) -> Result<StagedUploadCreatePayload> {
        let store = store(Call::of(graph)?)?;
        act(graph, false, move |tx| {
            Box::pin(async move {
                let (row, path) = file::stage(tx, &store, input).await?;
                Ok(Staged {
                    id: row.id,
                    path,
                    expires_at: row.expires_at,
                })
            })
        })
        .await
    }

    /// Makes a file of an upload whose bytes have arrived. Needs `directory.file.manage`; for a
    /// record the right to change it besides. Who sees the record sees the file from then on.
    async fn attachment_create(
        &self,
        graph: &Context<'_>,
        input: AttachmentCreateInput,
    ) -> Result<AttachmentCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(File(file::attach(tx, ATTACHABLE, input).await?)) })
        })
        .await
    }

    /// Hides a file from lists; its bytes stay, as retention asks. Needs `directory.file.manage`;
    /// for a file that is attached to a record the right to change the record besides.
    async fn file_archive(
        &self,
        graph: &Context<'_>,
        input: FileArchiveInput,
    ) -> Result<FileArchivePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(File(file::archive(tx, ATTACHABLE, input).await?)) })
        })
        .await
    }
}

fn store(call: &Call) -> Result<std::sync::Arc<FileStore>> {
    call.core()
        .services
        .get::<FileStore>()
        .map_err(|error| failure::of(call, error))
}
