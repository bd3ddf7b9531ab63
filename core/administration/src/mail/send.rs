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

/// Characters of a reason at most.
const LONGEST: usize = 1_000;

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

    /// Only the job that a mail names sends it, so that no two do.
    async fn run(self, run: JobRun) -> Result<Value> {
        let mailer = run.service::<Mailer>()?;
        let store = run.service::<FileStore>()?;
        let id = self.mail;
        let mail = run
            .read(move |tx| async move { load(tx, id).await }.boxed())
            .await?;
        let mine = mail.job_id == Some(run.id());
        if mail.status == MailStatus::Sent || !mine || run.is_dry_run() {
            return Ok(json!({ "sent": mail.status == MailStatus::Sent }));
        }
        run.write(move |tx| async move { begun(tx, id).await }.boxed())
            .await?;
        let row = mail.clone();
        let written = run
            .read(move |tx| async move { message_of(tx, &store, &row).await }.boxed())
            .await;
        let handed = match written {
            Ok(message) => hand_over(&mailer, &message).await,
            Err(error) => Err(error),
        };
        match handed {
            Ok(message_id) => {
                run.finish(move |tx| async move { sent(tx, &mail, &message_id).await }.boxed())
                    .await
            }
            Err(error) => Err(failed(&run, mail, error).await?),
        }
    }
}

/// The mail with its attachments, as the mailer takes it.
async fn message_of(tx: &mut Tx, store: &Arc<FileStore>, mail: &Mail) -> Result<Message> {
    let mut attachments = Vec::with_capacity(mail.file_ids.len());
    for file in directory::file::load(tx, &mail.file_ids).await? {
        let bytes = directory::file::content(store, &file).await?;
        attachments.push(Attachment {
            name: file.name,
            media_type: file.media_type,
            bytes: bytes.to_vec(),
        });
    }
    Ok(Message {
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
    })
}

/// Hands a message over and gives its Message-ID. A server that is away can pass; what it refuses
/// or what can't be written is final.
async fn hand_over(mailer: &Mailer, message: &Message) -> Result<String> {
    match mailer.send(message).await {
        Ok(_) => Ok(mailer.id_of(message)),
        Err(MailError::Passing(what)) => Err(Error::Unavailable(what)),
        Err(MailError::Rejected(what)) => Err(Fault::not_allowed(fault::MAIL_REJECTED)
            .with("detail", what)
            .into()),
        Err(MailError::Impossible { part }) => Err(Fault::invalid(fault::MAIL_IMPOSSIBLE)
            .with("part", part)
            .into()),
        Err(MailError::Settings(what)) => Err(Error::bug(what)),
    }
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
/// waits for it; else it has failed, and so has the job, with the reason. Gives the error that the
/// job ends with.
async fn failed(run: &JobRun, mail: Mail, error: Error) -> Result<Error> {
    let left = run.row().attempt < run.row().max_attempts;
    let again = left && matches!(error, Error::Unavailable(_) | Error::Bug(_));
    let status = if again {
        MailStatus::Waiting
    } else {
        MailStatus::Failed
    };
    let reason = reason_of(&error);
    run.write(move |tx| {
        async move {
            diesel::update(table::table.find((mail.organisation_id, mail.id)))
                .set((table::status.eq(status), table::last_error.eq(Some(reason))))
                .execute(tx.conn())
                .await?;
            if status == MailStatus::Failed {
                tx.emit(told("administration.mail.failed", &mail)).await?;
            }
            Ok(())
        }
        .boxed()
    })
    .await?;
    Ok(match error {
        Error::Unavailable(what) if !again => Fault::not_allowed(fault::MAIL_SERVER_AWAY)
            .with("detail", what)
            .into(),
        other => other,
    })
}

/// What went wrong, for who looks after the mail.
fn reason_of(error: &Error) -> String {
    let text = match error {
        Error::Unavailable(what) => what.clone(),
        Error::Refused(faults) => {
            let told = faults.iter().map(|fault| {
                let values = fault.args.iter().map(|(_, value)| value.as_str());
                [fault.reason].into_iter().chain(values).collect::<Vec<_>>()
            });
            told.map(|parts| parts.join(": "))
                .collect::<Vec<_>>()
                .join("; ")
        }
        other => other.summary(),
    };
    let flat = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST);
    flat.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_fits() {
        let long = "x\r\n".repeat(LONGEST);
        let reason = reason_of(&Error::Unavailable(long));
        assert_eq!(reason.chars().count(), LONGEST);
        assert!(!reason.contains('\n'));
        let refused = Fault::not_allowed(fault::MAIL_REJECTED).with("detail", "550 no");
        assert_eq!(
            reason_of(&refused.into()),
            "administration.mail_rejected: 550 no"
        );
    }
}
