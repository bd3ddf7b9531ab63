//! Mails on their way out: recorded before they leave and after, one row a person and key.
//!
//! [`post`] records a mail and wants the job that sends it, in the transaction that wanted the
//! mail. A server that is away is tried again with waits; after the last attempt the mail and its
//! job have failed with the reason, and [`retry`] sends it. A mail names the one job that sends it.

mod letter;
mod retry;
mod send;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{FileId, JobId, MailId, OrganisationId, UserId};
use kernel::job::{self, Enqueue, JOB_MANAGE};
use kernel::page::{Page, PageRequest, quoted};
use kernel::{Event, Fault, Predicate, Result, Tx};
use uuid::Uuid;

pub(crate) use letter::{html_of, one_line};
pub use retry::{MailRetryInput, retry};
pub use send::MailSend;

use crate::schema::mail;

kernel::text_enum! {
    /// Where a mail stands.
    pub enum MailStatus {
        /// It waits to be sent, or to be tried again.
        Waiting = "WAITING",
        /// It is being handed over.
        Sending = "SENDING",
        /// The server took it, or the folder of files.
        Sent = "SENT",
        /// It was refused, or the server was away too long.
        Failed = "FAILED",
    }
}

/// A mail to one person.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail, check_for_backend(diesel::pg::Pg))]
pub struct Mail {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The mail.
    pub id: MailId,
    /// What makes it one and the same.
    pub key: String,
    /// The user it goes to.
    pub user_id: Option<UserId>,
    /// The address, as it was when the mail was written.
    pub address: String,
    /// The name to show.
    pub name: Option<String>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub body_text: String,
    /// The same as HTML.
    pub body_html: Option<String>,
    /// The files that go with it.
    pub file_ids: Vec<FileId>,
    /// The GraphQL type of the record that it is about.
    pub subject_kind: Option<String>,
    /// The record that it is about.
    pub subject_id: Option<Uuid>,
    /// Where it stands.
    pub status: MailStatus,
    /// Attempts begun.
    pub attempts: i32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The job that sends it.
    pub job_id: Option<JobId>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last tried.
    pub tried_at: Option<DateTime<Utc>>,
    /// When it was handed over.
    pub sent_at: Option<DateTime<Utc>>,
}

kernel::enum_filter! {
    /// Conditions on where a mail stands.
    MailStatusFilter of MailStatus
}

kernel::listing! {
    /// Conditions on mails.
    filter MailFilter {
        /// By id.
        id: IdFilter => id,
        /// By where they stand.
        status: MailStatusFilter => status,
        /// By address.
        address: TextFilter => address,
        /// By the user they go to.
        user: IdFilter => user_id,
        /// By the record that they are about.
        subject_record: IdFilter => subject_id,
        /// By the job that sends them.
        job: IdFilter => job_id,
        /// By attempts begun.
        attempts: IntFilter => attempts,
        /// By when they were written.
        created_at: DateTimeFilter => created_at,
        /// By when they were handed over.
        sent_at: DateTimeFilter => sent_at,
    }
    /// An order of mails.
    sort MailSort;
    /// What mails can be sorted by.
    by MailSortField {
        /// By when they were written.
        CreatedAt = "CREATED_AT" => created_at,
        /// By address.
        Address = "ADDRESS" => address,
    }
    default CreatedAt Desc;
    search [address, name, subject];
    from "administration" mail as Mail;
}

/// A mail to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewMail {
    /// What makes it one and the same.
    pub(crate) key: String,
    /// The user it goes to.
    pub(crate) user: UserId,
    /// Their address.
    pub(crate) address: String,
    /// Their name.
    pub(crate) name: String,
    /// The subject.
    pub(crate) subject: String,
    /// The text.
    pub(crate) text: String,
    /// The files that go with it.
    pub(crate) files: Vec<FileId>,
    /// The record that it is about.
    pub(crate) about: (String, Uuid),
}

/// Writes a mail and wants the job that sends it; one of a key that was used before is left as it
/// is. Checks no permission of its own.
pub(crate) async fn post(tx: &mut Tx, new: NewMail) -> Result<Option<MailId>> {
    let id = MailId::generate();
    let row = Mail {
        organisation_id: tx.organisation(),
        id,
        key: new.key,
        user_id: Some(new.user),
        address: new.address,
        name: Some(one_line(&new.name)),
        subject: one_line(&new.subject),
        body_html: Some(html_of(&new.text)),
        body_text: new.text,
        file_ids: new.files,
        subject_kind: Some(new.about.0),
        subject_id: Some(new.about.1),
        status: MailStatus::Waiting,
        attempts: 0,
        last_error: None,
        job_id: None,
        created_at: tx.now(),
        tried_at: None,
        sent_at: None,
    };
    let made = diesel::insert_into(mail::table)
        .values(&row)
        .on_conflict((mail::organisation_id, mail::key))
        .do_nothing()
        .execute(tx.conn())
        .await?;
    if made == 0 {
        return Ok(None);
    }
    let how = Enqueue {
        key: Some(format!("administration.mail_send:{id}")),
        ..Enqueue::default()
    };
    let wanted = job::enqueue(tx, &MailSend { mail: id }, how).await?;
    diesel::update(mail::table.find((row.organisation_id, id)))
        .set(mail::job_id.eq(Some(wanted.id)))
        .execute(tx.conn())
        .await?;
    tx.emit(told("administration.mail.written", &row)).await?;
    Ok(Some(id))
}

/// What of a mail is told: never what it says.
fn told(action: &'static str, row: &Mail) -> Event {
    Event::new(action, "Mail", row.id, JOB_MANAGE).owner(row.user_id)
}

/// All mails for who manages the jobs of the whole organisation; else those to oneself.
fn visible(tx: &Tx) -> Predicate {
    if tx.actor().scope(JOB_MANAGE).everywhere {
        return Predicate::all();
    }
    match tx.actor().principal.user() {
        Some(me) => Predicate::equal(&quoted("administration", "mail", "user_id"), me.0),
        None => Predicate::none(),
    }
}

/// A page of the mails that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<MailFilter, MailSortField>,
) -> Result<Page<Mail>> {
    let visible = visible(tx);
    list(tx, request, visible).await
}

/// How many mails of a request the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<MailFilter, MailSortField>) -> Result<i64> {
    let visible = visible(tx);
    tally(tx, request, visible).await
}

/// The visible ones of some mails.
pub async fn by_ids(tx: &mut Tx, ids: &[MailId]) -> Result<Vec<Mail>> {
    let visible = visible(tx);
    Ok(mail::table
        .filter(mail::organisation_id.eq(tx.organisation()))
        .filter(mail::id.eq_any(ids))
        .filter(visible)
        .select(Mail::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible mails about some records of a GraphQL type, the oldest first.
pub async fn about(tx: &mut Tx, kind: &str, ids: &[Uuid]) -> Result<Vec<Mail>> {
    let visible = visible(tx);
    Ok(mail::table
        .filter(mail::organisation_id.eq(tx.organisation()))
        .filter(mail::subject_kind.eq(kind))
        .filter(mail::subject_id.eq_any(ids.iter().copied().map(Some)))
        .filter(visible)
        .order((mail::created_at, mail::id))
        .select(Mail::as_select())
        .load(tx.conn())
        .await?)
}

/// A mail that the actor may see.
pub async fn find(tx: &mut Tx, id: MailId) -> Result<Option<Mail>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A mail by its id, for the job that sends it.
async fn load(tx: &mut Tx, id: MailId) -> Result<Mail> {
    let found: Option<Mail> = mail::table
        .find((tx.organisation(), id))
        .select(Mail::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found.ok_or_else(|| Fault::not_found("kernel.not_found").at(["mail"]))?)
}
