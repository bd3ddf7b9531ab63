//! What has happened: one row that is the audit entry and the entry of the feed.
//!
//! An event is written in the transaction of the change that it tells of. It gets its place in the
//! organisation's chain right after the commit, by [`crate::audit`], so that writers of one
//! organisation never wait for each other at the head of the chain.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::actor::{Actor, Permission};
use crate::error::Result;
use crate::filter::{DateTimeFilter, IdFilter, TextFilter};
use crate::id::TypedId;
use crate::ids::{CompanyId, DepartmentId, EventId, OrganisationId, RequestId, UserId};
use crate::kept::Keep as _;
use crate::page::{Page, PageRequest, quoted};
use crate::predicate::{Predicate, Value};
use crate::schema::event;
use crate::tx::Tx;

/// A change of one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The field, in the words of the API.
    pub field: String,
    /// What it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<serde_json::Value>,
    /// What it is now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<serde_json::Value>,
    /// What one must be allowed to see this change; the event's own permission when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub permission: Option<String>,
}

/// Something that has happened to a record. Made by [`Event::new`] and told by [`Tx::emit`].
#[derive(Clone, Debug)]
pub struct Event {
    action: &'static str,
    subject_kind: &'static str,
    subject_id: Uuid,
    permission: Permission,
    company: Option<CompanyId>,
    department: Option<DepartmentId>,
    owner: Option<UserId>,
    changes: Vec<Change>,
}

impl Event {
    /// An event: `action` is `domain.noun.verbed`, `kind` the GraphQL type of its subject, and
    /// `permission` what one needs to read the subject.
    pub fn new(
        action: &'static str,
        kind: &'static str,
        subject: impl TypedId,
        permission: Permission,
    ) -> Self {
        Self {
            action,
            subject_kind: kind,
            subject_id: subject.uuid(),
            permission,
            company: None,
            department: None,
            owner: None,
            changes: Vec::new(),
        }
    }

    /// The company whose record it is.
    pub fn company(mut self, company: CompanyId) -> Self {
        self.company = Some(company);
        self
    }

    /// The department whose record it is.
    pub fn department(mut self, department: Option<DepartmentId>) -> Self {
        self.department = department;
        self
    }

    /// The user whose own record it is, and who therefore may see it.
    pub fn owner(mut self, owner: Option<UserId>) -> Self {
        self.owner = owner;
        self
    }

    /// A field got a value.
    pub fn set(self, field: &str, to: impl Serialize) -> Self {
        self.change(field, None, Some(json!(to)), None)
    }

    /// A field changed; an unchanged one is left out.
    pub fn changed<T: Serialize + PartialEq>(self, field: &str, from: &T, to: &T) -> Self {
        if from == to {
            return self;
        }
        self.change(field, Some(json!(from)), Some(json!(to)), None)
    }

    /// A field that needs a permission of its own to be seen got a value.
    pub fn set_guarded(self, field: &str, to: impl Serialize, permission: Permission) -> Self {
        self.change(field, None, Some(json!(to)), Some(permission))
    }

    fn change(
        mut self,
        field: &str,
        from: Option<serde_json::Value>,
        to: Option<serde_json::Value>,
        permission: Option<Permission>,
    ) -> Self {
        self.changes.push(Change {
            field: field.to_owned(),
            from,
            to,
            permission: permission.map(str::to_owned),
        });
        self
    }
}

/// An event as recorded.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = event, check_for_backend(diesel::pg::Pg))]
pub struct EventRow {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The event.
    pub id: EventId,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// `user`, `api_key` or `system`.
    pub actor_kind: String,
    /// Who did it.
    pub actor_id: Uuid,
    /// Their name at the time.
    pub actor_name: String,
    /// `domain.noun.verbed`.
    pub action: String,
    /// The GraphQL type of the record.
    pub subject_kind: String,
    /// The record.
    pub subject_id: Uuid,
    /// Its company.
    pub company_id: Option<CompanyId>,
    /// Its department.
    pub department_id: Option<DepartmentId>,
    /// The user whose own record it is.
    pub owner_id: Option<UserId>,
    /// What one needs to read it.
    pub permission: String,
    /// The fields that changed.
    pub changes: serde_json::Value,
    /// The request or job run that did it.
    pub request_id: RequestId,
    /// The idempotency key of the request.
    pub idempotency_key: Option<String>,
    /// The trace that it was part of.
    pub trace: Option<String>,
}

impl EventRow {
    /// The changes; what an actor may not see of them, by the change's own permission or else by
    /// the event's, loses its values.
    pub fn visible_changes(&self, actor: &crate::actor::Actor) -> Vec<Change> {
        let changes: Vec<Change> = serde_json::from_value(self.changes.clone()).unwrap_or_default();
        changes
            .into_iter()
            .map(
                |change| match change.permission.as_deref().unwrap_or(&self.permission) {
                    permission if !self.may_see(actor, permission) => Change {
                        from: None,
                        to: None,
                        ..change
                    },
                    _ => change,
                },
            )
            .collect()
    }

    /// Whether an actor may see that this happened.
    pub fn is_visible_to(&self, actor: &crate::actor::Actor) -> bool {
        self.may_see(actor, &self.permission)
    }

    fn may_see(&self, actor: &crate::actor::Actor, permission: &str) -> bool {
        let own = self.owner_id.is_some() && self.owner_id == actor.principal.user();
        let scope = actor.scope(permission);
        own || scope.covers(self.company_id, self.department_id)
    }
}

impl Tx {
    /// Tells that something happened: the audit entry and the outbox entry of this change.
    pub async fn emit(&mut self, event: Event) -> Result<EventId> {
        let ids = self.emit_all(vec![event]).await?;
        Ok(ids.into_iter().next().unwrap_or_else(EventId::generate))
    }

    /// Tells that many things happened, in two statements.
    pub async fn emit_all(&mut self, events: Vec<Event>) -> Result<Vec<EventId>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<EventRow> = events.into_iter().map(|event| self.row_of(event)).collect();
        let ids: Vec<EventId> = rows.iter().map(|row| row.id).collect();
        self.record(&rows).await?;
        let organisation = self.organisation();
        diesel::sql_query(
            "INSERT INTO kernel.outbox (organisation_id, event_id) SELECT $1, unnest($2::uuid[])",
        )
        .bind::<SqlUuid, _>(organisation)
        .bind::<Array<SqlUuid>, _>(&ids)
        .kept()
        .execute(self.conn())
        .await?;
        self.wake(crate::tx::Wake::Feed);
        Ok(ids)
    }

    async fn record(&mut self, rows: &[EventRow]) -> Result<()> {
        if let [row] = rows {
            let insert = diesel::insert_into(event::table).values(row);
            insert.kept().execute(self.conn()).await?;
            return Ok(());
        }
        for rows in rows.chunks(1_000) {
            diesel::insert_into(event::table)
                .values(rows)
                .execute(self.conn())
                .await?;
        }
        Ok(())
    }

    fn row_of(&self, event: Event) -> EventRow {
        let context = self.context();
        EventRow {
            organisation_id: context.organisation(),
            id: EventId::generate(),
            at: context.now,
            actor_kind: context.actor.principal.kind().to_owned(),
            actor_id: context.actor.principal.uuid(),
            actor_name: context.actor.name.clone(),
            action: event.action.to_owned(),
            subject_kind: event.subject_kind.to_owned(),
            subject_id: event.subject_id,
            company_id: event.company,
            department_id: event.department,
            owner_id: event.owner,
            permission: event.permission.to_owned(),
            changes: json!(event.changes),
            request_id: context.request,
            idempotency_key: context.idempotency_key.clone(),
            trace: context.trace.clone(),
        }
    }
}

crate::listing! {
    /// Conditions on entries of the audit trail.
    filter AuditEntryFilter {
        /// By action, `domain.noun.verbed`.
        action: TextFilter => action,
        /// By the type of the record.
        subject_kind: TextFilter => subject_kind,
        /// By the record.
        subject: IdFilter => subject_id,
        /// By who did it.
        actor: IdFilter => actor_id,
        /// By their name at the time.
        actor_name: TextFilter => actor_name,
        /// By company.
        company: IdFilter => company_id,
        /// By the request that did it.
        request: IdFilter => request_id,
        /// By when it happened.
        at: DateTimeFilter => at,
    }
    /// An order of entries of the audit trail.
    sort AuditEntrySort;
    /// What entries of the audit trail can be sorted by.
    by AuditEntrySortField {
        /// By when it happened.
        At = "AT" => at,
    }
    default At Desc;
    search [action, actor_name];
    from "kernel" event as EventRow;
}

/// What is asked of the audit trail.
pub type EventRequest = PageRequest<AuditEntryFilter, AuditEntrySortField>;

/// A page of the audit trail, for those who may read it.
pub async fn page(tx: &mut Tx, request: EventRequest) -> Result<Page<EventRow>> {
    let visible = audited(tx)?;
    list(tx, request, visible).await
}

/// How many entries of the audit trail a request finds.
pub async fn count(tx: &mut Tx, request: EventRequest) -> Result<i64> {
    let visible = audited(tx)?;
    tally(tx, request, visible).await
}

/// A page of the history of one record, as far as the actor may see it.
pub async fn history(tx: &mut Tx, subject: Uuid, request: EventRequest) -> Result<Page<EventRow>> {
    let visible = about(tx.actor(), subject);
    list(tx, request, visible).await
}

/// How many entries the history of one record has.
pub async fn history_count(tx: &mut Tx, subject: Uuid, request: EventRequest) -> Result<i64> {
    let visible = about(tx.actor(), subject);
    tally(tx, request, visible).await
}

/// Some entries of the audit trail; none without the right.
pub async fn by_ids(tx: &mut Tx, ids: &[EventId]) -> Result<Vec<EventRow>> {
    let Ok(visible) = audited(tx) else {
        return Ok(Vec::new());
    };
    Ok(event::table
        .filter(event::organisation_id.eq(tx.organisation()))
        .filter(event::id.eq_any(ids))
        .filter(visible)
        .select(EventRow::as_select())
        .load(tx.conn())
        .await?)
}

fn audited(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(crate::job::AUDIT_READ)?;
    let column = |name: &str| quoted("kernel", "event", name);
    Ok(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        Some(&column("department_id")),
    ))
}

/// The events of a record that an actor may see: those of permissions that they hold where it
/// happened, and those of their own records.
fn about(actor: &Actor, subject: Uuid) -> Predicate {
    let column = |name: &str| quoted("kernel", "event", name);
    let (company, department) = (column("company_id"), column("department_id"));
    let mut seen: Vec<Predicate> = Vec::new();
    if let Some(user) = actor.principal.user() {
        seen.push(Predicate::equal(&column("owner_id"), user.uuid()));
    }
    let (everywhere, limited): (Vec<_>, Vec<_>) =
        actor.grants.iter().partition(|(_, scope)| scope.everywhere);
    if everywhere
        .iter()
        .any(|(name, _)| name.as_str() == crate::actor::EVERYTHING)
    {
        seen.push(Predicate::all());
    }
    let names = everywhere
        .into_iter()
        .map(|(name, _)| name.clone())
        .collect();
    seen.push(Predicate::any(&column("permission"), Value::Texts(names)));
    for (name, scope) in limited {
        let held = Predicate::equal(&column("permission"), name.as_str());
        seen.push(held.and(Predicate::in_scope(
            scope,
            Some(&company),
            Some(&department),
        )));
    }
    Predicate::equal(&column("subject_id"), subject).and(Predicate::some(seen))
}

/// The feed after a position of the chain, oldest first, with each event's position.
pub async fn feed(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<(i64, EventRow)>> {
    use crate::schema::seal;
    let on = seal::organisation_id
        .eq(event::organisation_id)
        .and(seal::event_id.eq(event::id));
    Ok(seal::table
        .inner_join(event::table.on(on))
        .filter(seal::organisation_id.eq(tx.organisation()))
        .filter(seal::position.gt(after))
        .order(seal::position)
        .limit(limit)
        .select((seal::position, EventRow::as_select()))
        .load(tx.conn())
        .await?)
}

/// The position of the newest sealed event; 0 when there is none.
pub async fn feed_head(tx: &mut Tx) -> Result<i64> {
    use crate::schema::chain;
    Ok(chain::table
        .find(tx.organisation())
        .select(chain::position)
        .first(tx.conn())
        .await
        .optional()?
        .unwrap_or_default())
}
