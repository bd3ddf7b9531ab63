//! What a person may decide: their grants, their roles, and those they act for.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, DelegationId, DepartmentId, OrganisationId, RoleId, UserId};
use kernel::predicate::Value;
use kernel::{Actor, Fault, Faults, Permission, Predicate, Result, Scope, Tx};
use uuid::Uuid;

use crate::permission::APPROVAL_DECIDE;
use crate::{delegation, fault};

/// The permission that stands for all.
const EVERYTHING: &str = kernel::actor::EVERYTHING;

/// What one person may decide.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The person.
    pub user: UserId,
    /// Their roles.
    pub roles: Vec<RoleId>,
    /// Where each of their permissions holds.
    pub grants: BTreeMap<String, Scope>,
}

impl Authority {
    /// Whether a permission holds for records of a company; for records of none, only a permission
    /// in the whole organisation does.
    pub fn holds(&self, permission: &str, company: Option<CompanyId>) -> bool {
        [permission, EVERYTHING]
            .iter()
            .filter_map(|name| self.grants.get(*name))
            .any(|scope| scope.covers(company, None))
    }
}

/// The authority of somebody whom the actor stands in for.
#[derive(Clone, Debug)]
pub struct Delegated {
    /// By which delegation.
    pub delegation: DelegationId,
    /// For which kind of record only; every kind when absent.
    pub subject_kind: Option<String>,
    /// Whose authority, and which.
    pub authority: Authority,
}

/// All the authority that an actor can decide by: their own, then what was delegated to them.
#[derive(Clone, Debug)]
pub struct Mandate {
    /// Their own.
    pub own: Authority,
    /// Delegated to them, the oldest delegation first.
    pub delegated: Vec<Delegated>,
}

impl Mandate {
    /// As far as it rests on a permission in a company: the authority of whoever lacks it counts
    /// for nothing.
    pub(crate) fn resting_on(mut self, permission: &str, company: Option<CompanyId>) -> Self {
        if !self.own.holds(permission, company) {
            self.own.grants.clear();
            self.own.roles.clear();
        }
        self.delegated
            .retain(|delegated| delegated.authority.holds(permission, company));
        self
    }

    /// Where those for whom the actor stands in hold a permission, for a kind of record.
    pub(crate) fn lent(&self, kind: &str, permission: &str) -> Scope {
        let mut scope = Scope::default();
        let lent = self.delegated.iter().filter(|delegated| {
            let limited = delegated.subject_kind.as_deref();
            limited.is_none_or(|limited| limited == kind)
        });
        for delegated in lent {
            for name in [permission, EVERYTHING] {
                if let Some(grant) = delegated.authority.grants.get(name) {
                    scope.widen(grant);
                }
            }
        }
        scope
    }
}

#[derive(QueryableByName)]
struct Assignment {
    #[diesel(sql_type = sql::Uuid)]
    user_id: UserId,
    #[diesel(sql_type = sql::Uuid)]
    role_id: RoleId,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    company_id: Option<CompanyId>,
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = sql::Array<sql::Text>)]
    permissions: Vec<String>,
}

/// The mandate of the actor; `None` when it is no person. One read, two with delegations.
pub(crate) async fn of_actor(tx: &mut Tx) -> Result<Option<Mandate>> {
    let Some(user) = tx.actor().principal.user() else {
        return Ok(None);
    };
    let delegations = delegation::in_force(tx, user).await?;
    let mut users: Vec<UserId> = delegations.iter().map(|row| row.delegator_id).collect();
    users.push(user);
    let assignments = assignments(tx, &users).await?;
    let mut own = authority(user, &assignments);
    own.grants = tx.actor().grants.clone();
    let delegated = delegations
        .into_iter()
        .map(|row| Delegated {
            delegation: row.id,
            authority: authority(row.delegator_id, &assignments),
            subject_kind: row.subject_kind,
        })
        .collect();
    Ok(Some(Mandate { own, delegated }))
}

/// Where those for whom the actor stands in now hold a permission, for a kind of record; nowhere
/// for who stands in for nobody. It lends no right by itself: the approval says whose hand counts.
pub async fn lent_scope(tx: &mut Tx, kind: &str, permission: Permission) -> Result<Scope> {
    let mandate = of_actor(tx).await?;
    Ok(mandate.map_or_else(Scope::default, |it| it.lent(kind, permission)))
}

/// The active users who hold any of the roles.
pub(crate) async fn holders(tx: &mut Tx, roles: &[RoleId]) -> Result<Vec<(RoleId, UserId)>> {
    #[derive(QueryableByName)]
    struct Holder {
        #[diesel(sql_type = sql::Uuid)]
        role_id: RoleId,
        #[diesel(sql_type = sql::Uuid)]
        user_id: UserId,
    }
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Holder> = diesel::sql_query(
        "SELECT DISTINCT a.role_id, a.user_id FROM directory.role_assignment a \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND u.id = a.user_id \
         WHERE a.organisation_id = $1 AND a.role_id = ANY($2) AND u.active \
         ORDER BY a.role_id, a.user_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(roles)
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.role_id, row.user_id))
        .collect())
}

/// A user or role named in an input, and where.
pub(crate) struct Named<Id> {
    /// Which.
    pub id: Id,
    /// The path in the input.
    pub path: Vec<String>,
}

/// Faults for the users that are not there or not active.
pub(crate) async fn check_users(
    tx: &mut Tx,
    named: &[Named<UserId>],
    faults: &mut Faults,
) -> Result<()> {
    let ids = named.iter().map(|user| user.id.0).collect();
    let text = "SELECT id FROM directory.\"user\" \
                WHERE organisation_id = $1 AND id = ANY($2) AND active";
    let known = known(tx, text, ids).await?;
    for Named { id, path } in named {
        let unknown = || {
            Fault::not_found(fault::USER_UNKNOWN)
                .with("id", id)
                .at(path.clone())
        };
        faults.check(known.contains(&id.0), unknown);
    }
    Ok(())
}

/// Faults for the roles that are not there or not in use.
pub(crate) async fn check_roles(
    tx: &mut Tx,
    named: &[Named<RoleId>],
    faults: &mut Faults,
) -> Result<()> {
    let ids = named.iter().map(|role| role.id.0).collect();
    let text = "SELECT id FROM directory.role \
                WHERE organisation_id = $1 AND id = ANY($2) AND archived_at IS NULL";
    let known = known(tx, text, ids).await?;
    for Named { id, path } in named {
        let unknown = || {
            Fault::not_found(fault::ROLE_UNKNOWN)
                .with("id", id)
                .at(path.clone())
        };
        faults.check(known.contains(&id.0), unknown);
    }
    Ok(())
}

/// The name of a user, to be spoken of.
pub(crate) async fn name_of(tx: &mut Tx, user: UserId) -> Result<String> {
    let names = user_names(tx, &[user]).await?;
    Ok(names
        .into_iter()
        .next()
        .map(|(_, name)| name)
        .unwrap_or_default())
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = sql::Uuid)]
    id: Uuid,
    #[diesel(sql_type = sql::Text)]
    name: String,
}

/// The names of users whom a record names. For those who may see that record; checks no
/// permission.
pub async fn user_names(tx: &mut Tx, users: &[UserId]) -> Result<Vec<(UserId, String)>> {
    let rows: Vec<Name> = diesel::sql_query(
        "SELECT id, display_name AS name FROM directory.\"user\" \
         WHERE organisation_id = $1 AND id = ANY($2)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(users)
    .load(tx.conn())
    .await?;
    let named = |row: Name| (UserId(row.id), row.name);
    Ok(rows.into_iter().map(named).collect())
}

/// The names of roles that a record names. For those who may see that record; checks no
/// permission.
pub async fn role_names(tx: &mut Tx, roles: &[RoleId]) -> Result<Vec<(RoleId, String)>> {
    let rows: Vec<Name> = diesel::sql_query(
        "SELECT id, name FROM directory.role WHERE organisation_id = $1 AND id = ANY($2)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(roles)
    .load(tx.conn())
    .await?;
    let named = |row: Name| (RoleId(row.id), row.name);
    Ok(rows.into_iter().map(named).collect())
}

async fn known(tx: &mut Tx, text: &'static str, ids: Vec<Uuid>) -> Result<Vec<Uuid>> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Known> = diesel::sql_query(text)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Array<sql::Uuid>, _>(ids)
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

async fn assignments(tx: &mut Tx, users: &[UserId]) -> Result<Vec<Assignment>> {
    Ok(diesel::sql_query(
        "SELECT a.user_id, a.role_id, a.company_id, a.department_id, r.permissions \
         FROM directory.role_assignment a \
         JOIN directory.role r ON r.organisation_id = a.organisation_id AND r.id = a.role_id \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND u.id = a.user_id \
         WHERE a.organisation_id = $1 AND a.user_id = ANY($2) AND r.archived_at IS NULL \
         AND u.active",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(users)
    .load(tx.conn())
    .await?)
}

fn authority(user: UserId, assignments: &[Assignment]) -> Authority {
    let mut roles = Vec::new();
    let mut grants: BTreeMap<String, Scope> = BTreeMap::new();
    for row in assignments.iter().filter(|row| row.user_id == user) {
        if !roles.contains(&row.role_id) {
            roles.push(row.role_id);
        }
        let scope = scope_of(row);
        for permission in &row.permissions {
            grants.entry(permission.clone()).or_default().widen(&scope);
        }
    }
    Authority {
        user,
        roles,
        grants,
    }
}

/// An assignment to a department counts there alone, not in its whole company.
fn scope_of(row: &Assignment) -> Scope {
    match (row.company_id, row.department_id) {
        (_, Some(department)) => Scope {
            departments: vec![department],
            ..Scope::default()
        },
        (Some(company), None) => Scope {
            companies: vec![company],
            ..Scope::default()
        },
        (None, None) => Scope::everywhere(),
    }
}

/// That an approval, by the column of its id, waits for a decision that the mandate allows. Says
/// in SQL what [`crate::rules::hand`] says of one approval.
pub(crate) fn decidable(organisation: OrganisationId, mandate: &Mandate, id: &str) -> Predicate {
    let own = &mandate.own;
    let by_delegation = mandate.delegated.iter().map(|delegated| {
        let kind = match &delegated.subject_kind {
            Some(kind) => Predicate::equal("a.subject_kind", kind.as_str()),
            None => Predicate::all(),
        };
        kind.and(untouched(delegated.authority.user))
            .and(meets(&delegated.authority))
    });
    let ways = std::iter::once(meets(own)).chain(by_delegation).collect();
    Predicate::sql(format!(
        "{id} IN (SELECT s.approval_id FROM processes.approval_step s \
         JOIN processes.approval a ON a.organisation_id = s.organisation_id \
         AND a.id = s.approval_id WHERE s.status = 'OPEN' AND s.organisation_id = "
    ))
    .bind(organisation.0)
    .then(" AND ")
    .then_all(untouched(own.user).and(Predicate::some(ways)))
    .then(")")
}

/// Neither prepared by the person nor decided in this step with their hand.
fn untouched(user: UserId) -> Predicate {
    Predicate::sql(
        "NOT EXISTS (SELECT FROM processes.approval_preparer p \
         WHERE p.organisation_id = s.organisation_id AND p.approval_id = s.approval_id \
         AND p.user_id = ",
    )
    .bind(user.0)
    .then(
        ") AND NOT EXISTS (SELECT FROM processes.approval_hand h \
         WHERE h.organisation_id = s.organisation_id AND h.step_id = s.id AND h.user_id = ",
    )
    .bind(user.0)
    .then(")")
}

/// The step asks for what this authority has.
fn meets(who: &Authority) -> Predicate {
    let decide = holding(who, Predicate::sql("TRUE"), |name| {
        (name == APPROVAL_DECIDE).then(Predicate::all)
    });
    let named = Predicate::sql("s.permission IS NULL").or(holding(who, Predicate::all(), |name| {
        Some(Predicate::equal("s.permission", name))
    }));
    decide.and(named).and(circle(who))
}

/// For any grant, where it holds: `of` says for which permission, and `all` for that of everything.
fn holding(who: &Authority, all: Predicate, of: impl Fn(&str) -> Option<Predicate>) -> Predicate {
    let ways = who.grants.iter().filter_map(|(name, scope)| {
        let asked = if name == EVERYTHING {
            Some(all.clone())
        } else {
            of(name)
        }?;
        Some(asked.and(Predicate::in_scope(scope, Some("a.company_id"), None)))
    });
    Predicate::some(ways.collect())
}

fn circle(who: &Authority) -> Predicate {
    let (user, roles) = (who.user.0, || {
        Value::Uuids(who.roles.iter().map(|id| id.0).collect())
    });
    Predicate::sql("cardinality(s.role_ids) + cardinality(s.user_ids) = 0 OR ")
        .bind(user)
        .then(" = ANY(s.user_ids) OR s.role_ids && ")
        .bind(roles())
        .then(" OR (s.escalated_at IS NOT NULL AND (")
        .bind(user)
        .then(" = ANY(s.escalation_user_ids) OR s.escalation_role_ids && ")
        .bind(roles())
        .then("))")
}

/// Whether the actor may see records of a company by a permission; of none, only everywhere.
pub(crate) fn covers(actor: &Actor, permission: &'static str, company: Option<CompanyId>) -> bool {
    actor.scope(permission).covers(company, None)
}
