//! The inbox: what waits for somebody, of every kind, in one order by time: open approvals that
//! they could decide, tasks that are theirs or in a queue of theirs, and notifications that they
//! have not read.
//!
//! The view `processes.inbox_entry` unites the kinds; whatever else may wait joins there, and in
//! [`InboxKind`] and [`visible`].

use chrono::{DateTime, Utc};
use diesel::{Queryable, Selectable};
use kernel::filter::{BooleanFilter, DateTimeFilter, TextFilter};
use kernel::ids::{ApprovalId, NotificationId, OrganisationId, TaskId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Predicate, Result, Tx};
use serde::Serialize;
use uuid::Uuid;

use crate::authority;
use crate::notification::own;
use crate::schema::inbox_entry;

kernel::typed_id! {
    /// What waits for somebody: the id of the approval, notification or task.
    InboxEntryId = "inb";
}

kernel::text_enum! {
    /// What kind of thing waits.
    pub enum InboxKind {
        /// A decision.
        Approval = "APPROVAL",
        /// A notification that was not read yet.
        Notification = "NOTIFICATION",
        /// A task that is not closed.
        Task = "TASK",
    }
}

kernel::enum_filter! {
    /// Conditions on what kind of thing waits.
    InboxKindFilter of InboxKind
}

/// What waits for somebody.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Serialize)]
#[diesel(table_name = inbox_entry, check_for_backend(diesel::pg::Pg))]
pub struct InboxEntry {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The raw id of what waits; see [`InboxEntry::waits`].
    pub id: InboxEntryId,
    /// What kind of thing it is.
    pub kind: InboxKind,
    /// Whom it waits for alone; absent where several could act.
    pub user_id: Option<UserId>,
    /// The GraphQL type of the record that it is about.
    pub subject_kind: String,
    /// The record that it is about.
    pub subject_id: Uuid,
    /// Since when it waits.
    pub at: DateTime<Utc>,
    /// Until when it can.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether it can't wait.
    pub urgent: bool,
}

/// What waits, by its typed id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// A decision on an approval.
    Approval(ApprovalId),
    /// A notification.
    Notification(NotificationId),
    /// A task.
    Task(TaskId),
}

impl InboxEntry {
    /// What waits, by its typed id.
    pub fn waits(&self) -> Waits {
        match self.kind {
            InboxKind::Approval => Waits::Approval(ApprovalId(self.id.0)),
            InboxKind::Notification => Waits::Notification(NotificationId(self.id.0)),
            InboxKind::Task => Waits::Task(TaskId(self.id.0)),
        }
    }
}

kernel::listing! {
    /// Conditions on what waits in the inbox.
    filter InboxFilter {
        /// By what kind of thing it is.
        kind: InboxKindFilter => kind,
        /// By the kind of record, `PayrollRun`.
        subject_kind: TextFilter => subject_kind,
        /// By since when it waits.
        at: DateTimeFilter => at,
        /// By until when it can.
        due_at: DateTimeFilter => due_at,
        /// By whether it can wait.
        urgent: BooleanFilter => urgent,
    }
    /// An order of the inbox.
    sort InboxSort;
    /// What the inbox can be sorted by.
    by InboxSortField {
        /// By since when it waits.
        At = "AT" => at,
    }
    default At Desc;
    search [subject_kind];
    from "processes" inbox_entry as InboxEntry;
}

/// A page of what waits for the actor.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<InboxFilter, InboxSortField>,
) -> Result<Page<InboxEntry>> {
    let visible = visible(tx).await?;
    list(tx, request, visible).await
}

/// How much of the request waits for the actor.
pub async fn count(tx: &mut Tx, request: PageRequest<InboxFilter, InboxSortField>) -> Result<i64> {
    let visible = visible(tx).await?;
    tally(tx, request, visible).await
}

async fn visible(tx: &mut Tx) -> Result<Predicate> {
    let me = own(tx)?;
    let column = |name| kernel::page::quoted("processes", "inbox_entry", name);
    let mut ways = vec![Predicate::equal(&column("user_id"), me.0)];
    if let Some(mandate) = authority::of_actor(tx).await? {
        let approval = Predicate::equal(&column("kind"), InboxKind::Approval.text());
        let decidable = authority::decidable(tx.organisation(), &mandate, &column("id"));
        ways.push(approval.and(decidable));
    }
    let queued = Predicate::sql(format!("{} IS NULL", column("user_id")))
        .and(Predicate::equal(&column("kind"), InboxKind::Task.text()))
        .and(crate::task::queued(me, &column("id")));
    ways.push(queued);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(here.and(Predicate::some(ways)))
}
