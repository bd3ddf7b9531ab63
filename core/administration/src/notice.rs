//! Notifications by mail, for those who prefer it: each in its reader's language.

use futures::FutureExt;
use kernel::event::EventRow;
use kernel::id::TypedId;
use kernel::ids::NotificationId;
use kernel::job::{JOB_MANAGE, Job, JobRun, Reaction};
use kernel::{Permission, Result, Speaker, Tx};
use processes::mailing;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::job::QUEUE;
use crate::mail::{self, NewMail};
use crate::reader;

/// Writes the mail of a notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotificationMail {
    /// The notification.
    pub notification: NotificationId,
}

impl Reaction for NotificationMail {
    const ON: &'static [&'static str] = &[mailing::MAIL_WANTED];

    fn of(event: &EventRow) -> Option<Self> {
        Some(Self {
            notification: NotificationId::from_uuid(event.subject_id),
        })
    }
}

impl Job for NotificationMail {
    const KIND: &'static str = "administration.notification_mail";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = JOB_MANAGE;

    async fn run(self, run: JobRun) -> Result<Value> {
        let speaker = run.service::<Speaker>()?;
        let id = self.notification;
        if run.is_dry_run() {
            return Ok(json!({ "mail": null }));
        }
        run.finish(move |tx| async move { write(tx, &speaker, id).await }.boxed())
            .await
    }
}

/// Writes the mail, unless it was written before or its reader is gone.
async fn write(tx: &mut Tx, speaker: &Speaker, id: NotificationId) -> Result<Value> {
    let Some(notification) = mailing::take(tx, id).await? else {
        return Ok(json!({ "mail": null }));
    };
    let readers = reader::active(tx, &[notification.user_id]).await?;
    let Some(reader) = readers.get(&notification.user_id) else {
        return Ok(json!({ "mail": null }));
    };
    let new = NewMail {
        key: format!("notification:{id}"),
        user: reader.id,
        address: reader.email.clone(),
        name: reader.name.clone(),
        subject: notification.title(speaker, reader.locale),
        text: notification.body(speaker, reader.locale),
        files: Vec::new(),
        about: (notification.subject_kind.clone(), notification.subject_id),
    };
    let written = mail::post(tx, new).await?;
    mailing::mark(tx, id).await?;
    Ok(json!({ "mail": written }))
}
