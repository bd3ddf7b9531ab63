//! Delegations: one decides for another within bounds of time.
//!
//! A delegate decides by the delegator's authority as it is at that moment; what was delegated to
//! the delegator is not passed on. Both count as having decided, see [`crate::rules::hand`].

use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{DelegationId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Fault, Faults, Predicate, Result, Tx};
use serde::Serialize;

use crate::authority::{self, Named};
use crate::notification::{self, Notify};
use crate::permission::{APPROVAL_DECIDE, DELEGATION_MANAGE};
use crate::rules::{is_kind, subject_kind_fault};
use crate::schema::delegation;
use crate::sentence::Sentence;
use crate::{event, fault};

/// Days that a delegation lasts at most.
const MOST_DAYS: i64 = 366;

/// One decides for another within bounds of time.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = delegation, check_for_backend(diesel::pg::Pg))]
pub struct Delegation {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The delegation.
    pub id: DelegationId,
    /// Whose part it is.
    pub delegator_id: UserId,
    /// Who takes it.
    pub delegate_id: UserId,
    /// For which kind of record only; every kind when absent.
    pub subject_kind: Option<String>,
    /// From when, inclusive.
    pub starts_at: DateTime<Utc>,
    /// Until when, exclusive.
    pub ends_at: DateTime<Utc>,
    /// Why.
    pub reason: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    pub version: i32,
}

impl Delegation {
    /// Whether it counts at an instant.
    pub fn is_in_force(&self, at: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.starts_at <= at && at < self.ends_at
    }
}

/// Delegates one's part in approvals, or, with the permission, somebody else's.
#[derive(Clone, Debug, InputObject)]
pub struct DelegationCreateInput {
    /// An id made by the client.
    pub id: Option<DelegationId>,
    /// Whose part; one's own when absent.
    pub delegator_id: Option<UserId>,
    /// Who takes it.
    pub delegate_id: UserId,
    /// For which kind of record only, `PayrollRun`; every kind when absent.
    pub subject_kind: Option<String>,
    /// From when, inclusive; from now when absent.
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when, exclusive; at most 366 days after the start.
    pub ends_at: DateTime<Utc>,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
}

/// Revokes a delegation; decisions made by it stand.
#[derive(Clone, Debug, InputObject)]
pub struct DelegationRevokeInput {
    /// The delegation.
    pub id: DelegationId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

kernel::listing! {
    /// Conditions on delegations.
    filter DelegationFilter {
        /// By whose part it is.
        delegator: IdFilter => delegator_id,
        /// By who takes it.
        delegate: IdFilter => delegate_id,
        /// By kind of record, `PayrollRun`.
        subject_kind: TextFilter => subject_kind,
        /// By when it starts.
        starts_at: DateTimeFilter => starts_at,
        /// By when it ends.
        ends_at: DateTimeFilter => ends_at,
        /// By when it was revoked.
        revoked_at: DateTimeFilter => revoked_at,
    }
    /// An order of delegations.
    sort DelegationSort;
    /// What delegations can be sorted by.
    by DelegationSortField {
        /// By when they start.
        StartsAt = "STARTS_AT" => starts_at,
        /// By when they end.
        EndsAt = "ENDS_AT" => ends_at,
    }
    default StartsAt Desc;
    search [reason];
    from "processes" delegation as Delegation;
}

/// Makes a delegation and tells the delegate.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: DelegationCreateInput) -> Result<Delegation> {
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| fault::forbidden(fault::ONLY_PEOPLE_DECIDE))?;
    let delegator = command.delegator_id.unwrap_or(me);
    if delegator == me {
        tx.require(APPROVAL_DECIDE)?;
    } else {
        tx.actor().require_everywhere(DELEGATION_MANAGE)?;
    }
    check(tx, &command, delegator).await?;
    let row = Delegation {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(DelegationId::generate),
        delegator_id: delegator,
        delegate_id: command.delegate_id,
        subject_kind: command.subject_kind,
        starts_at: command.starts_at.unwrap_or_else(|| tx.now()),
        ends_at: command.ends_at,
        reason: command.reason.as_deref().and_then(trimmed),
        created_by: me,
        created_at: tx.now(),
        revoked_at: None,
        version: 1,
    };
    let written = diesel::insert_into(delegation::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    if written == 0 {
        return Err(Fault::conflict("kernel.id_taken").at(["id"]).into());
    }
    tx.emit(event::delegation(event::DELEGATION_CREATED, &row))
        .await?;
    tell_delegate(tx, &row).await?;
    Ok(row)
}

/// Revokes a delegation: who delegated may, and who manages delegations.
///
/// # Errors
/// Not found when it is not the actor's to revoke; stale when it has changed.
#[tracing::instrument(skip_all, fields(delegation.id = %command.id), err)]
pub async fn revoke(tx: &mut Tx, command: DelegationRevokeInput) -> Result<Delegation> {
    let found: Option<Delegation> = delegation::table
        .find((tx.organisation(), command.id))
        .select(Delegation::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let me = tx.actor().principal.user();
    let manages = authority::covers(tx.actor(), DELEGATION_MANAGE, None);
    let mut row = found
        .filter(|row| manages || Some(row.delegator_id) == me)
        .ok_or_else(|| Fault::not_found(fault::DELEGATION_NOT_FOUND).at(["id"]))?;
    if command
        .expected_version
        .is_some_and(|version| version != row.version)
    {
        return Err(Fault::stale().into());
    }
    if row.revoked_at.is_some() {
        return Err(Fault::not_allowed(fault::DELEGATION_REVOKED)
            .at(["id"])
            .into());
    }
    row.revoked_at = Some(tx.now());
    row.version += 1;
    diesel::update(delegation::table.find((row.organisation_id, row.id)))
        .set((
            delegation::revoked_at.eq(row.revoked_at),
            delegation::version.eq(row.version),
        ))
        .execute(tx.conn())
        .await?;
    tx.emit(event::delegation(event::DELEGATION_REVOKED, &row))
        .await?;
    Ok(row)
}

/// A page of the delegations that the actor may see: their own, or all who manages them.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<DelegationFilter, DelegationSortField>,
) -> Result<Page<Delegation>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many delegations of the request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<DelegationFilter, DelegationSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The delegations of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[DelegationId]) -> Result<Vec<Delegation>> {
    let visible = visible(tx)?;
    Ok(delegation::table
        .filter(delegation::organisation_id.eq(tx.organisation()))
        .filter(delegation::id.eq_any(ids))
        .filter(visible)
        .select(Delegation::as_select())
        .load(tx.conn())
        .await?)
}

/// One delegation, if the actor may see it.
pub async fn find(tx: &mut Tx, id: DelegationId) -> Result<Option<Delegation>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// What counts now for a delegate, the oldest first.
pub(crate) async fn in_force(tx: &mut Tx, delegate: UserId) -> Result<Vec<Delegation>> {
    let now = tx.now();
    Ok(delegation::table
        .filter(delegation::organisation_id.eq(tx.organisation()))
        .filter(delegation::delegate_id.eq(delegate))
        .filter(delegation::revoked_at.is_null())
        .filter(delegation::starts_at.le(now))
        .filter(delegation::ends_at.gt(now))
        .order(delegation::id)
        .select(Delegation::as_select())
        .load(tx.conn())
        .await?)
}

async fn check(tx: &mut Tx, command: &DelegationCreateInput, delegator: UserId) -> Result<()> {
    let mut faults = Faults::new();
    let starts_at = command.starts_at.unwrap_or_else(|| tx.now());
    let now = tx.now();
    faults.check(command.delegate_id != delegator, || {
        Fault::invalid(fault::DELEGATION_TO_SELF).at(["delegateId"])
    });
    faults.check(command.ends_at > starts_at, || {
        Fault::invalid("kernel.dates_out_of_order").at(["endsAt"])
    });
    faults.check(command.ends_at > now, || {
        Fault::invalid(fault::DELEGATION_OVER).at(["endsAt"])
    });
    faults.check(
        command.ends_at - starts_at <= TimeDelta::days(MOST_DAYS),
        || {
            Fault::invalid(fault::DELEGATION_TOO_LONG)
                .with("most", MOST_DAYS)
                .at(["endsAt"])
        },
    );
    let kind = command.subject_kind.as_deref();
    faults.check(kind.is_none_or(is_kind), || {
        subject_kind_fault(kind.unwrap_or_default())
    });
    let reason = command.reason.as_deref().unwrap_or_default();
    faults.check(reason.chars().count() <= 500, || {
        Fault::invalid("kernel.too_long")
            .with("most", 500)
            .at(["reason"])
    });
    let named = [
        ("delegateId", command.delegate_id),
        ("delegatorId", delegator),
    ];
    let named = named.map(|(field, id)| Named {
        id,
        path: vec![field.to_owned()],
    });
    authority::check_users(tx, &named, &mut faults).await?;
    faults.finish()
}

async fn tell_delegate(tx: &mut Tx, row: &Delegation) -> Result<()> {
    let name = authority::name_of(tx, row.delegator_id).await?;
    let sentence = Sentence::new(notification::DELEGATION_CREATED)
        .with("name", name)
        .with(
            "start",
            row.starts_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        )
        .with("end", row.ends_at.format("%Y-%m-%d %H:%M UTC").to_string());
    let kind = notification::DELEGATION_CREATED;
    let notify = Notify::new(kind, "Delegation", row.id, vec![row.delegate_id]);
    notification::notify(
        tx,
        Notify {
            args: sentence.args,
            ..notify
        },
    )
    .await
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let column = |name| kernel::page::quoted("processes", "delegation", name);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    if authority::covers(tx.actor(), DELEGATION_MANAGE, None) {
        return Ok(here);
    }
    let me = tx
        .actor()
        .principal
        .user()
        .ok_or(Error::Denied(DELEGATION_MANAGE))?;
    let delegator = Predicate::equal(&column("delegator_id"), me.0);
    Ok(here.and(delegator.or(Predicate::equal(&column("delegate_id"), me.0))))
}

fn trimmed(text: &str) -> Option<String> {
    Some(text.trim())
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
