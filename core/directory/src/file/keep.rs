//! What a domain keeps of an upload, under readers of its own choice.

use bytes::Bytes;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, FileId, StagedUploadId, UserId};
use kernel::{Permission, Result, Tx};
use uuid::Uuid;

use super::upload::{arrived, became};
use super::{File, FileStore, insert};
use crate::schema::file;

/// How a domain keeps an upload.
#[derive(Clone, Debug)]
pub struct Keep {
    /// What one needs to read the file by itself.
    pub permission: Permission,
    /// The user whose own it is.
    pub owner_user: Option<UserId>,
    /// The company that it concerns.
    pub company: Option<CompanyId>,
    /// The GraphQL type and id of the record that it belongs to.
    pub subject: (&'static str, Uuid),
}

/// Makes a file of an upload of the actor's own that has arrived, for a record of a domain, which
/// has already decided that the act is allowed. Once.
///
/// # Errors
/// `directory.upload_unknown`, `directory.upload_over` and `directory.upload_not_received` at
/// `upload`.
pub async fn keep(tx: &mut Tx, upload: StagedUploadId, how: Keep) -> Result<File> {
    let (upload, sha256, media_type) = arrived(tx, upload).await?;
    let (kind, subject) = how.subject;
    let row = File {
        organisation_id: upload.organisation_id,
        id: FileId::generate(),
        name: upload.name,
        media_type,
        size: upload.size,
        sha256,
        permission: how.permission.to_owned(),
        owner_user: how.owner_user,
        company_id: how.company,
        subject_kind: Some(kind.to_owned()),
        subject_id: Some(subject),
        attached: false,
        created_by: upload.user_id.0,
        created_at: tx.now(),
        archived_at: None,
        version: 1,
    };
    insert(tx, &row, how.permission).await?;
    became(tx, upload.id, &row).await?;
    Ok(row)
}

/// Some files, whoever may read them: for the domain whose records they belong to.
pub async fn load(tx: &mut Tx, ids: &[FileId]) -> Result<Vec<File>> {
    Ok(file::table
        .filter(file::organisation_id.eq(tx.organisation()))
        .filter(file::id.eq_any(ids))
        .select(File::as_select())
        .load(tx.conn())
        .await?)
}

/// The bytes of a file, whoever may read it: for the domain whose record it belongs to.
pub async fn content(store: &FileStore, file: &File) -> Result<Bytes> {
    store.get(file.organisation_id, &file.sha256).await
}
