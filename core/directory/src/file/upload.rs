//! Staged uploads: announced in GraphQL, put by HTTP at a signed address, then attached.

use async_graphql::InputObject;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{FileId, OrganisationId, StagedUploadId, UserId};
use kernel::{Actor, Context, Db, Fault, Result, Tx};
use std::sync::Arc;
use uuid::Uuid;

use super::attachable::{self, Attachables, AttachmentSubject};
use super::{File, FileStore, MAX_BYTES, insert, sniff};
use crate::auth::own_user;
use crate::check::Input;
use crate::permission::{FILE_MANAGE, FILE_READ};
use crate::schema::staged_upload;

/// Minutes in which an announced file must arrive and be attached.
const UPLOAD_MINUTES: i64 = 30;

/// A file on its way in.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = staged_upload, check_for_backend(diesel::pg::Pg))]
pub struct StagedUpload {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The upload.
    pub id: StagedUploadId,
    /// Who announced it.
    pub user_id: UserId,
    /// The name of the file.
    pub name: String,
    /// The announced size in bytes.
    pub size: i64,
    /// The media type, by its bytes, once they are there.
    pub media_type: Option<String>,
    /// The SHA-256 of the bytes, once they are there.
    pub sha256: Option<Vec<u8>>,
    /// Until when it must be put and attached.
    pub expires_at: DateTime<Utc>,
    /// When the bytes arrived.
    pub received_at: Option<DateTime<Utc>>,
    /// The file that it became.
    pub file_id: Option<FileId>,
    /// When it was announced.
    pub created_at: DateTime<Utc>,
}

/// Announces a file.
#[derive(Clone, Debug, InputObject)]
pub struct StagedUploadCreateInput {
    /// An id made by the client, `upl_…`.
    pub id: Option<StagedUploadId>,
    /// The file's name, with its ending.
    pub name: String,
    /// Its exact size in bytes; 25 MiB at most.
    pub size: i64,
}

/// Announces a file and gives the path to PUT its bytes at.
pub async fn stage(
    tx: &mut Tx,
    store: &FileStore,
    command: StagedUploadCreateInput,
) -> Result<(StagedUpload, String)> {
    tx.require(FILE_MANAGE)?;
    let user = own_user(tx)?;
    let mut input = Input::new();
    let name = input.take("name", sniff::name(&command.name));
    let most = i64::try_from(MAX_BYTES).unwrap_or(i64::MAX);
    let too_large = || Fault::invalid("directory.file_too_large").with("most", MAX_BYTES >> 20);
    input.check(command.size <= most, || too_large().at(["size"]));
    input.check(command.size > 0, || {
        Fault::invalid("directory.file_empty").at(["size"])
    });
    input.finish()?;
    let row: StagedUpload = diesel::insert_into(staged_upload::table)
        .values((
            staged_upload::organisation_id.eq(tx.organisation()),
            staged_upload::id.eq(command.id.unwrap_or_else(StagedUploadId::generate)),
            staged_upload::user_id.eq(user),
            staged_upload::name.eq(name),
            staged_upload::size.eq(command.size),
            staged_upload::expires_at.eq(tx.now() + TimeDelta::minutes(UPLOAD_MINUTES)),
            staged_upload::created_at.eq(tx.now()),
        ))
        .returning(StagedUpload::as_returning())
        .get_result(tx.conn())
        .await?;
    let path = format!("/uploads/{}", ticket(store, &row));
    Ok((row, path))
}

/// `organisation.upload.signature`: the row itself knows when it expires.
fn ticket(store: &FileStore, row: &StagedUpload) -> String {
    let (organisation, id) = (row.organisation_id.0.simple(), row.id.0.simple());
    let parts = [organisation.to_string(), id.to_string()];
    let signature = store.keys().sign(&["upload", &parts[0], &parts[1]]);
    format!("{organisation}.{id}.{signature}")
}

fn opened(store: &FileStore, ticket: &str) -> Result<(OrganisationId, StagedUploadId)> {
    let bad = || Fault::not_found("directory.upload_unknown");
    let mut parts = ticket.splitn(3, '.');
    let mut next = || parts.next().ok_or_else(bad);
    let (organisation, id, signature) = (next()?, next()?, next()?);
    if !store
        .keys()
        .is_signed(&["upload", organisation, id], signature)
    {
        return Err(bad().into());
    }
    let uuid = |text: &str| Uuid::try_parse(text).map_err(|_| bad());
    Ok((
        OrganisationId(uuid(organisation)?),
        StagedUploadId(uuid(id)?),
    ))
}

/// Takes the bytes of an announced file, put at the path that [`stage`] gave. The signed path is
/// the credential; the bytes are sniffed before anything is kept.
pub async fn receive(db: &Db, store: &FileStore, ticket: &str, bytes: Bytes) -> Result<()> {
    let (organisation, id) = opened(store, ticket)?;
    let actor = Arc::new(Actor::system(organisation));
    let context = Arc::new(Context::new(actor, db.clock().now()));
    let mut tx = db.begin(&context).await?;
    let row = lock(&mut tx, id).await?;
    if row.received_at.is_some() || row.expires_at <= tx.now() {
        return Err(Fault::not_allowed("directory.upload_over").into());
    }
    let received = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    if received != row.size {
        return Err(Fault::invalid("directory.file_size_differs")
            .with("announced", row.size)
            .with("received", received)
            .into());
    }
    let media_type = sniff::media_type(&row.name, &bytes)?;
    let hash = store.put(organisation, bytes).await?;
    diesel::update(staged_upload::table.find((organisation, id)))
        .set((
            staged_upload::media_type.eq(Some(media_type)),
            staged_upload::sha256.eq(Some(hash)),
            staged_upload::received_at.eq(Some(tx.now())),
        ))
        .execute(tx.conn())
        .await?;
    tx.commit().await
}

async fn lock(tx: &mut Tx, id: StagedUploadId) -> Result<StagedUpload> {
    staged_upload::table
        .find((tx.organisation(), id))
        .select(StagedUpload::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found("directory.upload_unknown")
                .at(["upload"])
                .into()
        })
}

/// Makes a file of a received upload.
#[derive(Clone, Debug, InputObject)]
pub struct AttachmentCreateInput {
    /// The upload.
    pub upload: StagedUploadId,
    /// The record that it is attached to; none keeps it a file of one's own.
    pub subject: Option<AttachmentSubject>,
}

/// An upload of the actor's own that has arrived and is no file yet, with its hash and its type.
pub(super) async fn arrived(
    tx: &mut Tx,
    id: StagedUploadId,
) -> Result<(StagedUpload, Vec<u8>, String)> {
    let user = own_user(tx)?;
    let mut upload = lock(tx, id).await?;
    if upload.user_id != user {
        return Err(Fault::not_found("directory.upload_unknown")
            .at(["upload"])
            .into());
    }
    if upload.file_id.is_some() || upload.expires_at <= tx.now() {
        return Err(Fault::not_allowed("directory.upload_over")
            .at(["upload"])
            .into());
    }
    match (upload.sha256.take(), upload.media_type.take()) {
        (Some(sha256), Some(media_type)) => Ok((upload, sha256, media_type)),
        _ => Err(Fault::not_allowed("directory.upload_not_received")
            .at(["upload"])
            .into()),
    }
}

/// Records the file that an upload became.
pub(super) async fn became(tx: &mut Tx, id: StagedUploadId, row: &File) -> Result<()> {
    diesel::update(staged_upload::table.find((row.organisation_id, id)))
        .set(staged_upload::file_id.eq(Some(row.id)))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Makes a file of an upload of one's own that has arrived. Once. A file that is attached to a
/// record takes the right to change the record, and is from then on seen by who sees it.
///
/// # Errors
/// `kernel.not_found` at `subject` for a record that may not be seen, denied for one that may not
/// be changed, `directory.too_many_attachments`; what is wrong with the upload at `upload`.
pub async fn attach(
    tx: &mut Tx,
    kinds: Attachables,
    command: AttachmentCreateInput,
) -> Result<File> {
    tx.require(FILE_MANAGE)?;
    let place = match command.subject {
        Some(subject) => Some(attachable::place(tx, kinds, subject).await?),
        None => None,
    };
    let (upload, sha256, media_type) = arrived(tx, command.upload).await?;
    let permission = place.as_ref().map_or(FILE_READ, |place| place.kind.read);
    let row = File {
        organisation_id: upload.organisation_id,
        id: FileId::generate(),
        name: upload.name,
        media_type,
        size: upload.size,
        sha256,
        permission: permission.to_owned(),
        owner_user: place.is_none().then_some(upload.user_id),
        company_id: place.as_ref().and_then(|place| place.company),
        subject_kind: place.as_ref().map(|place| place.kind.kind.to_owned()),
        subject_id: place.as_ref().map(|place| place.record),
        attached: place.is_some(),
        created_by: upload.user_id.0,
        created_at: tx.now(),
        archived_at: None,
        version: 1,
    };
    insert(tx, &row, permission).await?;
    became(tx, upload.id, &row).await?;
    let told = attachable::told_of_record("directory.attachment.created", kinds, &row);
    tx.emit_all(told.into_iter().collect()).await?;
    Ok(row)
}
