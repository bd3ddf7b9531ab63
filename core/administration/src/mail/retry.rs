//! Trying a mail again that was given up, or whose job is gone.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::MailId;
use kernel::job::{self, Enqueue, JOB_MANAGE, JobRow, JobStatus};
use kernel::{Fault, Result, Tx};

use super::{Mail, MailSend, MailStatus, told, visible};
use crate::fault;
use crate::schema::mail;

/// Sends a mail again that was given up.
#[derive(Clone, Debug, InputObject)]
pub struct MailRetryInput {
    /// The mail.
    pub id: MailId,
}

/// Has a mail sent that was given up, or whose job was called off. It gets a job of its own; the
/// one before can't send it any more. Gives the mail and its job.
///
/// # Errors
/// `administration.mail_sent_already` for one that was sent, `administration.mail_under_way` while
/// its job is still at it.
#[tracing::instrument(skip_all, fields(mail.id = %command.id), err)]
pub async fn retry(tx: &mut Tx, command: MailRetryInput) -> Result<(Mail, JobRow)> {
    tx.actor().require_everywhere(JOB_MANAGE)?;
    let seen = locked(tx, command.id).await?;
    check(&seen, is_under_way(tx, &seen).await?)?;
    let wanted = job::enqueue(tx, &MailSend { mail: seen.id }, Enqueue::default()).await?;
    diesel::update(mail::table.find((seen.organisation_id, seen.id)))
        .set((
            mail::status.eq(MailStatus::Waiting),
            mail::job_id.eq(Some(wanted.id)),
        ))
        .execute(tx.conn())
        .await?;
    let next = Mail {
        status: MailStatus::Waiting,
        job_id: Some(wanted.id),
        ..seen
    };
    tx.emit(told("administration.mail.retried", &next)).await?;
    Ok((next, wanted))
}

fn check(mail: &Mail, is_under_way: bool) -> Result<(), Fault> {
    let fault = match mail.status {
        MailStatus::Sent => fault::MAIL_SENT_ALREADY,
        _ if is_under_way => fault::MAIL_UNDER_WAY,
        _ => return Ok(()),
    };
    Err(Fault::not_allowed(fault).at(["id"]))
}

/// Whether the job of a mail is still at it.
async fn is_under_way(tx: &mut Tx, of: &Mail) -> Result<bool> {
    use kernel::schema::job as table;
    let Some(id) = of.job_id else {
        return Ok(false);
    };
    let status: Option<JobStatus> = table::table
        .find((of.organisation_id, id))
        .select(table::status)
        .first(tx.conn())
        .await
        .optional()?;
    Ok(matches!(
        status,
        Some(JobStatus::Queued | JobStatus::Running)
    ))
}

async fn locked(tx: &mut Tx, id: MailId) -> Result<Mail> {
    let visible = visible(tx);
    let found: Option<Mail> = mail::table
        .find((tx.organisation(), id))
        .filter(visible)
        .select(Mail::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found.ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?)
}
