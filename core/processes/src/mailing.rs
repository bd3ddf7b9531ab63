//! Notifications that go by mail: which wait for it, and that it was taken over.
//!
//! Whoever sends mail reacts to [`MAIL_WANTED`], speaks the notification and marks it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{NotificationId, UserId};
use kernel::{Event, Result, Tx};

use crate::notification::Notification;
use crate::permission::INBOX_READ;
use crate::schema::notification;

/// Somebody wants to be told by mail.
pub const MAIL_WANTED: &str = "processes.notification.mail_wanted";

/// Tells of those among new notifications whose readers want them by mail.
pub(crate) async fn announce(tx: &mut Tx, ids: &[NotificationId]) -> Result<()> {
    let wanted: Vec<(NotificationId, UserId, String)> = notification::table
        .filter(notification::organisation_id.eq(tx.organisation()))
        .filter(notification::id.eq_any(ids))
        .filter(notification::mail)
        .select((notification::id, notification::user_id, notification::kind))
        .load(tx.conn())
        .await?;
    let events = wanted.into_iter().map(|(id, user, kind)| {
        Event::new(MAIL_WANTED, "Notification", id, INBOX_READ)
            .owner(Some(user))
            .set("kind", kind)
    });
    tx.emit_all(events.collect()).await?;
    Ok(())
}

/// A notification that still waits for its mail; locked, so that it is taken over once. For whoever
/// sends mail: checks no permission.
pub async fn take(tx: &mut Tx, id: NotificationId) -> Result<Option<Notification>> {
    Ok(notification::table
        .find((tx.organisation(), id))
        .filter(notification::mail)
        .filter(notification::mailed_at.is_null())
        .select(Notification::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?)
}

/// Records that a notification went by mail, now.
pub async fn mark(tx: &mut Tx, id: NotificationId) -> Result<()> {
    diesel::update(notification::table.find((tx.organisation(), id)))
        .set(notification::mailed_at.eq(Some(tx.now())))
        .execute(tx.conn())
        .await?;
    Ok(())
}
