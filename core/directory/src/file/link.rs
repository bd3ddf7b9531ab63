//! Links to files: signed, for one user, good for minutes. Whoever opens one is checked again: a
//! right that was taken away in the meantime is gone.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::ids::{FileId, OrganisationId, UserId};
use kernel::{Actor, Context, Db, Fault, Principal, Result, Tx};
use uuid::Uuid;

use super::{File, FileStore, constant, find, told};
use crate::auth::{bare_actor, grants_of};

/// Minutes that a link is good for.
pub const LINK_MINUTES: i64 = 5;

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

/// A link to a file that the actor may read; call it for files that were found visible.
pub fn link(tx: &Tx, store: &FileStore, file: &File) -> Result<FileLink> {
    if !file.is_visible_to(tx.actor()) || file.organisation_id != tx.organisation() {
        return Err(Fault::not_found("kernel.not_found").into());
    }
    let expires_at = tx.now() + TimeDelta::minutes(LINK_MINUTES);
    let fields = [
        file.organisation_id.0.simple().to_string(),
        file.id.0.simple().to_string(),
        tx.actor().principal.kind().to_owned(),
        tx.actor().principal.uuid().simple().to_string(),
        expires_at.timestamp().to_string(),
    ];
    let signature = store.keys().sign(&signed(&fields));
    Ok(FileLink {
        path: format!("/files/{}.{signature}", fields.join(".")),
        expires_at,
    })
}

fn signed(fields: &[String; 5]) -> [&str; 6] {
    let [organisation, file, kind, principal, expires] = fields;
    ["download", organisation, file, kind, principal, expires]
}

/// Opens a link: the last part of the path that [`link`] gave.
pub async fn open(db: &Db, store: &FileStore, ticket: &str) -> Result<Download> {
    let bad = || Fault::not_found("directory.file_link_invalid");
    let now = db.clock().now();
    let (organisation, id, principal) = read(store, ticket, now).ok_or_else(bad)?;
    let context = |actor: Actor| Arc::new(Context::new(Arc::new(actor), now));
    let actor = match principal {
        Some(user) => {
            let mut tx = db.begin(&context(Actor::system(organisation))).await?;
            let actor = actor_of(&mut tx, organisation, user).await?;
            tx.commit().await?;
            actor.ok_or_else(bad)?
        }
        None => Actor::system(organisation),
    };
    let mut tx = db.begin(&context(actor)).await?;
    let file = find(&mut tx, id).await?.ok_or_else(bad)?;
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

/// What a link says, when it is signed and still good; the user is `None` for automations and
/// Trastienda itself.
fn read(
    store: &FileStore,
    ticket: &str,
    now: DateTime<Utc>,
) -> Option<(OrganisationId, FileId, Option<UserId>)> {
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
    let user = if kind == "user" {
        Some(UserId(uuid(&principal)?))
    } else {
        None
    };
    Some((
        OrganisationId(uuid(&organisation)?),
        FileId(uuid(&file)?),
        user,
    ))
}

/// The user of a link with what they may do now; `None` when they are no longer active.
async fn actor_of(
    tx: &mut Tx,
    organisation: OrganisationId,
    user: UserId,
) -> Result<Option<Actor>> {
    let found = crate::user::by_ids(tx, &[user]).await?.into_iter().next();
    let Some(found) = found.filter(|user| user.active) else {
        return Ok(None);
    };
    let grants = grants_of(tx, user).await?;
    let actor = bare_actor(organisation, user, found.display_name);
    debug_assert_eq!(actor.principal, Principal::User(user));
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
        let (seen, _, who) = read(&store, &ticket, now).unwrap();
        assert_eq!((seen.0, who), (organisation, Some(UserId(user))));
        assert!(read(&store, &ticket, now + TimeDelta::seconds(300)).is_none());
        assert!(read(&store, &ticket.replace(".1300.", ".9300."), now).is_none());
        assert!(read(&store, &ticket.replace(".user.", ".system."), now).is_none());
        assert!(read(&store, "x", now).is_none());
    }
}
