//! Notifications: what somebody is told, in the inbox or by mail as they prefer.
//!
//! A notification is stored as a key with values and spoken when it is read, in the reader's
//! language: `<kind>.title` and `<kind>.body` of the message files. Whoever sends mail takes the
//! rows with `mail` and no `mailed_at`.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{NotificationId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Fault, Faults, Locale, Predicate, Result, Speaker, Tx};
use serde::Serialize;
use uuid::Uuid;

use crate::fault;
use crate::permission::INBOX_READ;
use crate::schema::notification;
use crate::sentence::{self, Sentence};

/// Everything was approved.
pub const APPROVAL_APPROVED: &str = "processes.approval_approved";
/// Somebody rejected.
pub const APPROVAL_REJECTED: &str = "processes.approval_rejected";
/// The subject changed before all had decided.
pub const APPROVAL_WITHDRAWN: &str = "processes.approval_withdrawn";
/// Nobody decided in time.
pub const APPROVAL_ESCALATED: &str = "processes.approval_escalated";
/// Somebody's part in approvals was delegated to the reader.
pub const DELEGATION_CREATED: &str = "processes.delegation_created";
/// Somebody has a task to do.
pub const TASK_ASSIGNED: &str = "processes.task_assigned";
/// A task waits in the queue of a role that the reader holds.
pub const TASK_QUEUED: &str = "processes.task_queued";
/// A task can't go on.
pub const TASK_BLOCKED: &str = "processes.task_blocked";
/// A task is done.
pub const TASK_DONE: &str = "processes.task_done";
/// A task was given up.
pub const TASK_CANCELLED: &str = "processes.task_cancelled";
/// The cause of a task is gone.
pub const TASK_SETTLED: &str = "processes.task_settled";
/// Somebody said something about a task.
pub const TASK_COMMENTED: &str = "processes.task_commented";
/// Somebody named the reader in a comment.
pub const TASK_MENTIONED: &str = "processes.task_mentioned";
/// The time of a task is over.
pub const TASK_ESCALATED: &str = "processes.task_escalated";

/// The kinds of notification that processes sends.
pub const KINDS: &[&str] = &[
    APPROVAL_APPROVED,
    APPROVAL_REJECTED,
    APPROVAL_WITHDRAWN,
    APPROVAL_ESCALATED,
    DELEGATION_CREATED,
    TASK_ASSIGNED,
    TASK_QUEUED,
    TASK_BLOCKED,
    TASK_DONE,
    TASK_CANCELLED,
    TASK_SETTLED,
    TASK_COMMENTED,
    TASK_MENTIONED,
    TASK_ESCALATED,
];

/// Rows of one insert at most.
const BATCH: usize = 5_000;
/// Notifications named in one call at most.
const MOST_IDS: usize = 250;

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = notification, check_for_backend(diesel::pg::Pg))]
pub struct Notification {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The notification.
    pub id: NotificationId,
    /// Who is told.
    pub user_id: UserId,
    /// What kind it is, and the key of its sentences: `people.payslip_ready`.
    pub kind: String,
    /// The values that its sentences speak of.
    pub args: serde_json::Value,
    /// The GraphQL type of the record that it is about.
    pub subject_kind: String,
    /// The record that it is about.
    pub subject_id: Uuid,
    /// Whether it can't wait.
    pub urgent: bool,
    /// Whether it is in the inbox.
    pub in_app: bool,
    /// Whether it goes by mail.
    pub mail: bool,
    /// What makes it one and the same, however often it is told.
    pub key: Option<String>,
    /// When it was told.
    pub created_at: DateTime<Utc>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
    /// When it went by mail.
    pub mailed_at: Option<DateTime<Utc>>,
}

impl Notification {
    /// Its title in a language.
    pub fn title(&self, speaker: &Speaker, locale: Locale) -> String {
        sentence::say(speaker, locale, &format!("{}.title", self.kind), &self.args)
    }

    /// Its text in a language.
    pub fn body(&self, speaker: &Speaker, locale: Locale) -> String {
        sentence::say(speaker, locale, &format!("{}.body", self.kind), &self.args)
    }
}

/// Tells users something about one record.
#[derive(Clone, Debug)]
pub struct Notify {
    /// Whom; each is told once.
    pub users: Vec<UserId>,
    /// What kind it is, and the key of its sentences.
    pub kind: &'static str,
    /// The values that its sentences speak of: a JSON object, see
    /// [`Sentence::args`].
    pub args: serde_json::Value,
    /// The GraphQL type of the record.
    pub subject_kind: &'static str,
    /// The record.
    pub subject_id: Uuid,
    /// Whether it can't wait; it is in the inbox then, whatever the reader prefers.
    pub urgent: bool,
    /// What makes it one and the same: a user is told once by a key, however often it is tried.
    pub key: Option<String>,
}

impl Notify {
    /// Something that can wait, with no values.
    pub fn new(
        kind: &'static str,
        subject_kind: &'static str,
        subject: impl TypedId,
        users: Vec<UserId>,
    ) -> Self {
        Self {
            users,
            kind,
            args: serde_json::json!({}),
            subject_kind,
            subject_id: subject.uuid(),
            urgent: false,
            key: None,
        }
    }
}

/// Marks notifications of one's own as read: those named, or all.
#[derive(Clone, Debug, Default, InputObject)]
pub struct NotificationReadInput {
    /// Which; at most 250.
    pub ids: Option<Vec<NotificationId>>,
    /// All of them.
    #[graphql(default)]
    pub all: bool,
}

/// What marking did.
#[derive(Clone, Debug, Default)]
pub struct NotificationsRead {
    /// Those named, as they are now; empty for all.
    pub notifications: Vec<Notification>,
    /// How many were unread before.
    pub marked: usize,
    /// How many are unread now.
    pub unread: i64,
}

kernel::listing! {
    /// Conditions on notifications.
    filter NotificationFilter {
        /// By kind, `people.payslip_ready`.
        kind: TextFilter => kind,
        /// By the kind of record, `Payslip`.
        subject_kind: TextFilter => subject_kind,
        /// By record.
        subject: IdFilter => subject_id,
        /// By whether they can wait.
        urgent: BooleanFilter => urgent,
        /// By when they were told.
        created_at: DateTimeFilter => created_at,
        /// By when they were read; `isNull` finds the unread.
        read_at: DateTimeFilter => read_at,
    }
    /// An order of notifications.
    sort NotificationSort;
    /// What notifications can be sorted by.
    by NotificationSortField {
        /// By when they were told.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default CreatedAt Desc;
    search [kind];
    from "processes" notification as Notification;
}

/// Tells users something about one record. Checks no permission of its own.
pub async fn notify(tx: &mut Tx, notice: Notify) -> Result<()> {
    notify_all(tx, vec![notice]).await.map(|_| ())
}

/// Tells many things at once, in one statement a 5,000, each user as they prefer; gives how many
/// notifications were made. Checks no permission of its own.
pub async fn notify_all(tx: &mut Tx, notices: Vec<Notify>) -> Result<usize> {
    let mut rows = Vec::new();
    for mut notice in notices {
        Sentence {
            key: notice.kind.to_owned(),
            args: notice.args.clone(),
        }
        .check()?;
        notice.users.sort_unstable();
        notice.users.dedup();
        let users = std::mem::take(&mut notice.users);
        rows.extend(users.into_iter().map(|user| (user, notice.clone())));
    }
    let mut made = 0;
    for chunk in rows.chunks(BATCH) {
        made += insert(tx, chunk).await?;
    }
    Ok(made)
}

/// Marks notifications of the actor's own as read.
///
/// # Errors
/// Not found, with its path, for each that is not the actor's.
#[tracing::instrument(skip_all, err)]
pub async fn read(tx: &mut Tx, command: NotificationReadInput) -> Result<NotificationsRead> {
    let me = own(tx)?;
    if command.ids.is_some() == command.all {
        return Err(Fault::invalid(fault::NOTIFICATIONS_SOME_OR_ALL)
            .at(["ids"])
            .into());
    }
    let ids = command.ids.unwrap_or_default();
    if ids.len() > MOST_IDS {
        let fault = Fault::invalid("kernel.filter_too_long").with("most", MOST_IDS);
        return Err(fault.at(["ids"]).into());
    }
    let found = by_ids(tx, &ids).await?;
    let mut faults = Faults::new();
    for (index, id) in ids.iter().enumerate() {
        faults.check(found.iter().any(|row| row.id == *id), || {
            let path = ["ids".to_owned(), index.to_string()];
            Fault::not_found(fault::NOTIFICATION_NOT_FOUND).at(path)
        });
    }
    faults.finish()?;
    let marked = mark(tx, me, (!command.all).then_some(&ids)).await?;
    let notifications = if ids.is_empty() {
        Vec::new()
    } else {
        by_ids(tx, &ids).await?
    };
    Ok(NotificationsRead {
        notifications,
        marked,
        unread: unread_count(tx).await?,
    })
}

/// How many notifications of the actor's own are unread.
pub async fn unread_count(tx: &mut Tx) -> Result<i64> {
    let me = own(tx)?;
    Ok(notification::table
        .filter(notification::organisation_id.eq(tx.organisation()))
        .filter(notification::user_id.eq(me))
        .filter(notification::in_app)
        .filter(notification::read_at.is_null())
        .count()
        .get_result(tx.conn())
        .await?)
}

/// A page of the actor's own notifications.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<NotificationFilter, NotificationSortField>,
) -> Result<Page<Notification>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many notifications of the request are the actor's own.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<NotificationFilter, NotificationSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The notifications of these ids that are the actor's own.
pub async fn by_ids(tx: &mut Tx, ids: &[NotificationId]) -> Result<Vec<Notification>> {
    let visible = visible(tx)?;
    Ok(notification::table
        .filter(notification::organisation_id.eq(tx.organisation()))
        .filter(notification::id.eq_any(ids))
        .filter(visible)
        .select(Notification::as_select())
        .load(tx.conn())
        .await?)
}

/// One notification, if it is the actor's own.
pub async fn find(tx: &mut Tx, id: NotificationId) -> Result<Option<Notification>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// Whose inbox is spoken of: the actor's, who must be a person and allowed to have one.
pub(crate) fn own(tx: &Tx) -> Result<UserId> {
    tx.require(INBOX_READ)?;
    let me = tx.actor().principal.user();
    Ok(me.ok_or_else(|| fault::forbidden(fault::INBOX_OF_PEOPLE))?)
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let me = own(tx)?;
    let column = |name| kernel::page::quoted("processes", "notification", name);
    Ok(
        Predicate::equal(&column("organisation_id"), tx.organisation().0)
            .and(Predicate::equal(&column("user_id"), me.0))
            .and(Predicate::sql(column("in_app"))),
    )
}

async fn mark(tx: &mut Tx, me: UserId, ids: Option<&Vec<NotificationId>>) -> Result<usize> {
    let unread = notification::table
        .filter(notification::organisation_id.eq(tx.organisation()))
        .filter(notification::user_id.eq(me))
        .filter(notification::in_app)
        .filter(notification::read_at.is_null());
    let now = notification::read_at.eq(Some(tx.now()));
    Ok(match ids {
        Some(ids) => {
            let some = unread.filter(notification::id.eq_any(ids));
            diesel::update(some).set(now).execute(tx.conn()).await?
        }
        None => diesel::update(unread).set(now).execute(tx.conn()).await?,
    })
}

/// One row a user, with the channels that they prefer; none for who wants neither.
const INSERT: &str = "\
INSERT INTO processes.notification (organisation_id, id, user_id, kind, args, subject_kind, \
    subject_id, urgent, in_app, mail, key, created_at) \
SELECT $1, n.id, n.user_id, n.kind, n.args, n.subject_kind, n.subject_id, n.urgent, \
    coalesce(p.in_app, true) OR n.urgent, coalesce(p.mail, false), n.key, $2 \
FROM unnest($3, $4, $5, $6, $7, $8, $9, $10) \
    AS n(id, user_id, kind, args, subject_kind, subject_id, urgent, key) \
LEFT JOIN processes.notification_preference p \
    ON p.organisation_id = $1 AND p.user_id = n.user_id AND p.kind = n.kind \
WHERE coalesce(p.in_app, true) OR n.urgent OR coalesce(p.mail, false) \
ON CONFLICT (organisation_id, user_id, key) WHERE key IS NOT NULL DO NOTHING";

async fn insert(tx: &mut Tx, rows: &[(UserId, Notify)]) -> Result<usize> {
    let ids: Vec<NotificationId> = rows.iter().map(|_| NotificationId::generate()).collect();
    let users: Vec<UserId> = rows.iter().map(|(user, _)| *user).collect();
    let kinds: Vec<&str> = rows.iter().map(|(_, notice)| notice.kind).collect();
    let args: Vec<serde_json::Value> = rows.iter().map(|(_, notice)| notice.args.clone()).collect();
    let subject_kinds: Vec<&str> = rows.iter().map(|(_, notice)| notice.subject_kind).collect();
    let subjects: Vec<Uuid> = rows.iter().map(|(_, notice)| notice.subject_id).collect();
    let urgent: Vec<bool> = rows.iter().map(|(_, notice)| notice.urgent).collect();
    let keys: Vec<Option<&str>> = rows
        .iter()
        .map(|(_, notice)| notice.key.as_deref())
        .collect();
    let made = diesel::sql_query(INSERT)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Timestamptz, _>(tx.now())
        .bind::<sql::Array<sql::Uuid>, _>(&ids)
        .bind::<sql::Array<sql::Uuid>, _>(users)
        .bind::<sql::Array<sql::Text>, _>(kinds)
        .bind::<sql::Array<sql::Jsonb>, _>(args)
        .bind::<sql::Array<sql::Text>, _>(subject_kinds)
        .bind::<sql::Array<sql::Uuid>, _>(subjects)
        .bind::<sql::Array<sql::Bool>, _>(urgent)
        .bind::<sql::Array<sql::Nullable<sql::Text>>, _>(keys)
        .execute(tx.conn())
        .await?;
    crate::mailing::announce(tx, &ids).await?;
    Ok(made)
}
