//! The job that hands a mail over: recorded before, tried, recorded after.

use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::file::FileStore;
use futures::FutureExt;
use kernel::ids::MailId;
use kernel::job::{JOB_MANAGE, Job, JobRun};
use kernel::{Error, Fault, Permission, Result, Tx};
use mail::{Attachment, MailError, Mailer, Message, Recipient};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Mail, MailStatus, load, told};
use crate::fault;
use crate::job::QUEUE;
use crate::reader::key_of;
use crate::schema::mail as table;

/// Sends a mail.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailSend {
    /// The mail.
    pub mail: MailId,
}

impl Job for MailSend {
    const KIND: &'static str = "administration.mail_send";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = JOB_MANAGE;
    /// With the waits between, about twenty minutes.
    const MAX_ATTEMPTS: i32 = 7;

    async fn run(self, run: JobRun) -> Result<Value> {
        let mailer = run.service::<Mailer>()?;
        let store = run.service::<FileStore>()?;
        let id = self.mail;
        let (mail, message) = run
            .read(move |tx| async move { message_of(tx, &store, id).await }.boxed())
            .await?;
        if mail.status == MailStatus::Sent || run.is_dry_run() {
            return Ok(json!({ "sent": mail.status == MailStatus::Sent }));
        }
        run.write(move |tx| async move { begun(tx, id).await }.boxed())
            .await?;
        let handed = mailer.send(&message).await;
        match handed {
            Ok(_) => {
                let message_id = mailer.id_of(&message);
                run.finish(move |tx| async move { sent(tx, &mail, &message_id).await }.boxed())
                    .await
            }
            Err(error) => Err(failed(&run, &mail, &error).await?),
        }
    }
}

/// The mail with its attachments, as the mailer takes it.
async fn message_of(tx: &mut Tx, store: &Arc<FileStore>, id: MailId) -> Result<(Mail, Message)> {
    let mail = load(tx, id).await?;
    let mut attachments = Vec::with_capacity(mail.file_ids.len());
    for file in directory::file::load(tx, &mail.file_ids).await? {
        let bytes = directory::file::content(store, &file).await?;
        attachments.push(Attachment {
            name: file.name,
            media_type: file.media_type,
            bytes: bytes.to_vec(),
        });
    }
    let message = Message {
        key: key_of(mail.organisation_id, &mail.key),
        to: Recipient {
            address: mail.address.clone(),
            name: mail.name.clone(),
        },
        subject: mail.subject.clone(),
        text: mail.body_text.clone(),
        html: mail.body_html.clone(),
        attachments,
        at: mail.created_at,
    };
    Ok((mail, message))
}

async fn begun(tx: &mut Tx, id: MailId) -> Result<()> {
    let now = tx.now();
    diesel::update(table::table.find((tx.organisation(), id)))
        .set((
            table::status.eq(MailStatus::Sending),
            table::attempts.eq(table::attempts + 1),
            table::tried_at.eq(Some(now)),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn sent(tx: &mut Tx, mail: &Mail, message_id: &str) -> Result<Value> {
    let now = tx.now();
    diesel::update(table::table.find((mail.organisation_id, mail.id)))
        .set((
            table::status.eq(MailStatus::Sent),
            table::last_error.eq(None::<String>),
            table::sent_at.eq(Some(now)),
        ))
        .execute(tx.conn())
        .await?;
    tx.emit(told("administration.mail.sent", mail)).await?;
    Ok(json!({ "sent": true, "messageId": message_id }))
}

/// Records why a mail was not handed over. While another attempt is left and can help, the mail
/// waits for it; else it has failed, and so has the job, with the reason.
async fn failed(run: &JobRun, mail: &Mail, error: &MailError) -> Result<Error> {
    let again = error.is_passing() && run.row().attempt < run.row().max_attempts;
    let status = if again {
        MailStatus::Waiting
    } else {
        MailStatus::Failed
    };
    let (key, reason) = ((mail.organisation_id, mail.id), error.to_string());
    let row = mail.clone();
    run.write(move |tx| {
        async move {
            diesel::update(table::table.find(key))
                .set((table::status.eq(status), table::last_error.eq(Some(reason))))
                .execute(tx.conn())
                .await?;
            if status == MailStatus::Failed {
                tx.emit(told("administration.mail.failed", &row)).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(match error {
        MailError::Passing(what) if again => Error::Unavailable(what.clone()),
        MailError::Passing(what) => Fault::not_allowed(fault::MAIL_SERVER_AWAY)
            .with("detail", what)
            .into(),
        MailError::Rejected(what) => Fault::not_allowed(fault::MAIL_REJECTED)
            .with("detail", what)
            .into(),
        MailError::Impossible { part } => Fault::invalid(fault::MAIL_IMPOSSIBLE)
            .with("part", part)
            .into(),
        MailError::Settings(what) => Error::bug(what.clone()),
    })
}
