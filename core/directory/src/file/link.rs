//! Links to files: signed, for one user or API key, good for minutes. Whoever opens one is checked
//! again: a right that was taken away in the meantime is gone.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::ids::{ApiKeyId, FileId, OrganisationId, UserId};
use kernel::{Actor, Context, Db, Fault, Principal, Result, Tx};
use uuid::Uuid;

use super::{Attachables, File, FileStore, by_ids, constant, told};
use crate::auth::{bare_actor, grants_of, key_actor};

/// Minutes that a link is good for.
pub const LINK_MINUTES: i64 = 5;
/// What a link begins its reader's kind with when a domain decided on them.
const GRANTED: &str = "granted_";

/// A link to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLink {
    /// The path to GET it at.
    pub path: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A file with its bytes. Serve it as an attachment, with `nosniff` and a policy that runs nothing.
#[derive(Clone, Debug)]
pub struct Download {
    /// The file.
    pub file: File,
    /// Its bytes.
    pub bytes: Bytes,
}

/// A link to a file that the actor may read; call it for files that were found visible, as of what
/// is attached to a record the record decides, which is asked again when the link is opened.
pub fn link(tx: &Tx, store: &FileStore, file: &File) -> Result<FileLink> {
    let visible = file.attached || file.is_visible_to(tx.actor());
    if !visible || file.organisation_id != tx.organisation() {
        return Err(Fault::not_found("kernel.not_found").into());
    }
    Ok(signed_link(
        tx,
        store,
        file,
        tx.actor().principal.kind().to_owned(),
    ))
}

/// A link to a file whose reader a domain has just decided on: for a file that belongs to a record
/// with rules of its own, such as a document. It opens for this reader, as long as they may log in,
/// without asking for the permission that the file carries.
pub fn link_granted(tx: &Tx, store: &FileStore, file: &File) -> Result<FileLink> {
    if file.organisation_id != tx.organisation() {
        return Err(Fault::not_found("kernel.not_found").into());
    }
    let kind = format!("{GRANTED}{}", tx.actor().principal.kind());
    Ok(signed_link(tx, store, file, kind))
}

fn signed_link(tx: &Tx, store: &FileStore, file: &File, kind: String) -> FileLink {
    let expires_at = tx.now() + TimeDelta::minutes(LINK_MINUTES);
    let fields = [
        file.organisation_id.0.simple().to_string(),
        file.id.0.simple().to_string(),
        kind,
        tx.actor().principal.uuid().simple().to_string(),
        expires_at.timestamp().to_string(),
    ];
    let signature = store.keys().sign(&signed(&fields));
    FileLink {
        path: format!("/files/{}.{signature}", fields.join(".")),
        expires_at,
    }
}

fn signed(fields: &[String; 5]) -> [&str; 6] {
    let [organisation, file, kind, principal, expires] = fields;
    ["download", organisation, file, kind, principal, expires]
}

/// Opens a link: the last part of the path that [`link`] gave.
pub async fn open(
    db: &Db,
    store: &FileStore,
    kinds: Attachables,
    ticket: &str,
) -> Result<Download> {
    let bad = || Fault::not_found("directory.file_link_invalid");
    let now = db.clock().now();
    let (organisation, id, principal, granted) = read(store, ticket, now).ok_or_else(bad)?;
    let context = |actor: Actor| Arc::new(Context::new(Arc::new(actor), now));
    let mut tx = db.begin(&context(Actor::system(organisation))).await?;
    let actor = actor_of(&mut tx, organisation, principal).await?;
    tx.commit().await?;
    let actor = actor.ok_or_else(bad)?;
    let mut tx = db.begin(&context(actor)).await?;
    let found = if granted {
        super::load(&mut tx, &[id]).await?
    } else {
        by_ids(&mut tx, kinds, &[id]).await?
    };
    let file = found.into_iter().next().ok_or_else(bad)?;
    tx.emit(told(
        "directory.file.downloaded",
        &file,
        constant(&file.permission),
    ))
    .await?;
    tx.commit().await?;
    let bytes = store.get(organisation, &file.sha256).await?;
    Ok(Download { file, bytes })
}

/// What a link says, when it is signed and still good. The last part says whether a domain decided
/// on the reader.
fn read(
    store: &FileStore,
    ticket: &str,
    now: DateTime<Utc>,
) -> Option<(OrganisationId, FileId, Principal, bool)> {
    let mut parts = ticket.splitn(6, '.').map(str::to_owned);
    let mut next = || parts.next();
    let fields = [next()?, next()?, next()?, next()?, next()?];
    let signature = next()?;
    if !store.keys().is_signed(&signed(&fields), &signature) {
        return None;
    }
    let [organisation, file, kind, principal, expires] = fields;
    if expires.parse::<i64>().ok()? <= now.timestamp() {
        return None;
    }
    let uuid = |text: &str| Uuid::try_parse(text).ok();
    let granted = kind.starts_with(GRANTED);
    let kind = kind.strip_prefix(GRANTED).unwrap_or(&kind);
    let id = uuid(&principal)?;
    let principals = [
        Principal::User(UserId(id)),
        Principal::ApiKey(ApiKeyId(id)),
        Principal::System,
    ];
    Some((
        OrganisationId(uuid(&organisation)?),
        FileId(uuid(&file)?),
        principals.into_iter().find(|known| known.kind() == kind)?,
        granted,
    ))
}

/// Whose link it is, with what they may do now; `None` for a user who is no longer active and a
/// key that is no longer good.
async fn actor_of(
    tx: &mut Tx,
    organisation: OrganisationId,
    principal: Principal,
) -> Result<Option<Actor>> {
    let user = match principal {
        Principal::User(user) => user,
        Principal::ApiKey(key) => return key_actor(tx, key).await,
        Principal::System => return Ok(Some(Actor::system(organisation))),
    };
    let found = crate::user::by_ids(tx, &[user]).await?.into_iter().next();
    let Some(found) = found.filter(|user| user.active) else {
        return Ok(None);
    };
    let grants = grants_of(tx, user).await?;
    let actor = bare_actor(organisation, user, found.display_name);
    Ok(Some(Actor { grants, ..actor }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Keys;

    #[test]
    fn a_link_is_read_as_it_was_signed_and_only_in_time() {
        let store = FileStore::memory(Keys::new(&[1; 32]).unwrap());
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let (organisation, user) = (Uuid::now_v7(), Uuid::now_v7());
        let fields = [
            organisation.simple().to_string(),
            Uuid::now_v7().simple().to_string(),
            "user".to_owned(),
            user.simple().to_string(),
            "1300".to_owned(),
        ];
        let ticket = format!(
            "{}.{}",
            fields.join("."),
            store.keys().sign(&signed(&fields))
        );
        let (seen, _, who, granted) = read(&store, &ticket, now).unwrap();
        assert_eq!((seen.0, who), (organisation, Principal::User(UserId(user))));
        assert!(!granted);
        assert!(read(&store, &ticket.replace(".user.", ".granted_user."), now).is_none());
        assert!(read(&store, &ticket, now + TimeDelta::seconds(300)).is_none());
        assert!(read(&store, &ticket.replace(".1300.", ".9300."), now).is_none());
        assert!(read(&store, &ticket.replace(".user.", ".system."), now).is_none());
        assert!(read(&store, "x", now).is_none());
        let key = fields.map(|field| field.replace("user", "api_key"));
        let ticket = format!("{}.{}", key.join("."), store.keys().sign(&signed(&key)));
        let (_, _, who, _) = read(&store, &ticket, now).unwrap();
        assert_eq!(who, Principal::ApiKey(ApiKeyId(user)));
    }
}
