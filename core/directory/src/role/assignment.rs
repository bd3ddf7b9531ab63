//! Roles given to users, everywhere or in one company or department.
//!
//! Nobody gives a role to themselves. A role is given only within the giver's own right to give,
//! and the one that stands for all only by who has it.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::filter::{DateTimeFilter, IdFilter};
use kernel::ids::{CompanyId, DepartmentId, OrganisationId, RoleAssignmentId, RoleId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Event, Fault, Predicate, Result, Scope, Tx, listing};
use uuid::Uuid;

use super::Role;
use crate::auth::{grants_of, own_user, require_proof};
use crate::check::taken;
use crate::permission::{ROLE_MANAGE, ROLE_READ};
use crate::schema::{department, role, role_assignment, user};

/// A role given to a user.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = role_assignment, check_for_backend(diesel::pg::Pg))]
pub struct RoleAssignment {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The assignment.
    pub id: RoleAssignmentId,
    /// The role.
    pub role_id: RoleId,
    /// Who has it.
    pub user_id: UserId,
    /// In this company alone.
    pub company_id: Option<CompanyId>,
    /// In this department of the company, and those below it, alone.
    pub department_id: Option<DepartmentId>,
    /// Who gave it; all zeros for Trastienda itself.
    pub created_by: Uuid,
    /// When it was given.
    pub created_at: DateTime<Utc>,
}

impl RoleAssignment {
    /// Where it holds.
    pub fn scope(&self) -> Scope {
        Scope {
            everywhere: self.company_id.is_none(),
            companies: self
                .company_id
                .filter(|_| self.department_id.is_none())
                .into_iter()
                .collect(),
            departments: self.department_id.into_iter().collect(),
        }
    }
}

listing! {
    /// Conditions on roles given.
    filter RoleAssignmentFilter {
        /// By id.
        id: IdFilter => id,
        /// By role.
        role: IdFilter => role_id,
        /// By who has it.
        user: IdFilter => user_id,
        /// By company; `isNull` finds those that hold everywhere.
        company: IdFilter => company_id,
        /// By department.
        department: IdFilter => department_id,
        /// By when they were given.
        created_at: DateTimeFilter => created_at,
    }
    /// An order of roles given.
    sort RoleAssignmentSort;
    /// What roles given can be sorted by.
    by RoleAssignmentSortField {
        /// By when they were given.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default CreatedAt Desc;
    search [];
    from "directory" role_assignment as RoleAssignment;
}

/// Roles given to oneself, and with the right to see roles to everybody.
fn visible(tx: &Tx) -> Result<Predicate> {
    let column = |name: &str| kernel::page::quoted("directory", "role_assignment", name);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    if tx.actor().may(ROLE_READ) {
        return Ok(here);
    }
    let me = own_user(tx).map_err(|_| Error::Denied(ROLE_READ))?;
    Ok(here.and(Predicate::equal(&column("user_id"), me.0)))
}

/// A page of the roles given that the actor may see.
pub async fn assignments_page(
    tx: &mut Tx,
    request: PageRequest<RoleAssignmentFilter, RoleAssignmentSortField>,
) -> Result<Page<RoleAssignment>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many roles given the actor may see.
pub async fn assignments_count(
    tx: &mut Tx,
    request: PageRequest<RoleAssignmentFilter, RoleAssignmentSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The roles that some users have: of oneself, and with the right to see roles of everybody.
pub async fn assignments_of_users(tx: &mut Tx, users: &[UserId]) -> Result<Vec<RoleAssignment>> {
    let own = tx.actor().principal.user();
    let all = tx.actor().may(ROLE_READ);
    let seen: Vec<UserId> = users
        .iter()
        .copied()
        .filter(|user| all || Some(*user) == own)
        .collect();
    Ok(role_assignment::table
        .filter(role_assignment::organisation_id.eq(tx.organisation()))
        .filter(role_assignment::user_id.eq_any(seen))
        .order((role_assignment::user_id, role_assignment::id))
        .select(RoleAssignment::as_select())
        .load(tx.conn())
        .await?)
}

/// Who has some roles.
pub async fn assignments_of_roles(tx: &mut Tx, roles: &[RoleId]) -> Result<Vec<RoleAssignment>> {
    tx.require(ROLE_READ)?;
    Ok(role_assignment::table
        .filter(role_assignment::organisation_id.eq(tx.organisation()))
        .filter(role_assignment::role_id.eq_any(roles))
        .order((role_assignment::role_id, role_assignment::id))
        .select(RoleAssignment::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some assignments.
pub async fn assignments_by_ids(
    tx: &mut Tx,
    ids: &[RoleAssignmentId],
) -> Result<Vec<RoleAssignment>> {
    let visible = visible(tx)?;
    Ok(role_assignment::table
        .filter(role_assignment::organisation_id.eq(tx.organisation()))
        .filter(role_assignment::id.eq_any(ids))
        .filter(visible)
        .select(RoleAssignment::as_select())
        .load(tx.conn())
        .await?)
}

/// Gives a role to a user.
#[derive(Clone, Debug, InputObject)]
pub struct RoleAssignInput {
    /// The role.
    pub role: RoleId,
    /// Who gets it.
    pub user: UserId,
    /// In this company alone.
    pub company: Option<CompanyId>,
    /// In this department of the company, and those below it, alone.
    pub department: Option<DepartmentId>,
}

/// Gives a role to another user. Needs a fresh proof of identity.
pub async fn assign(tx: &mut Tx, command: RoleAssignInput) -> Result<RoleAssignment> {
    require_proof(tx)?;
    let company = company_of(tx, &command).await?;
    let row = RoleAssignment {
        organisation_id: tx.organisation(),
        id: RoleAssignmentId::generate(),
        role_id: command.role,
        user_id: command.user,
        company_id: company,
        department_id: command.department,
        created_by: tx.actor().principal.uuid(),
        created_at: tx.now(),
    };
    let role = require_giver(tx, &row).await?;
    if !crate::user::exists(tx, row.user_id).await? {
        return Err(Fault::not_found("directory.user_unknown")
            .at(["user"])
            .into());
    }
    diesel::insert_into(role_assignment::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            taken(
                error.into(),
                "role_assignment_once",
                "directory.role_given",
                "role",
            )
        })?;
    tx.emit(told("directory.role.assigned", &role, &row))
        .await?;
    Ok(row)
}

/// Takes a role from a user.
#[derive(Clone, Debug, InputObject)]
pub struct RoleUnassignInput {
    /// The assignment.
    pub id: RoleAssignmentId,
}

/// Takes a role from a user; the last owner keeps theirs. Needs a fresh proof of identity.
pub async fn unassign(tx: &mut Tx, command: RoleUnassignInput) -> Result<RoleAssignment> {
    require_proof(tx)?;
    let row: RoleAssignment = role_assignment::table
        .find((tx.organisation(), command.id))
        .select(RoleAssignment::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    let role = require_giver(tx, &row).await?;
    if is_everything(&role) {
        require_other_owner(tx, row.user_id).await?;
    }
    diesel::delete(role_assignment::table.find((row.organisation_id, row.id)))
        .execute(tx.conn())
        .await?;
    tx.emit(told("directory.role.unassigned", &role, &row))
        .await?;
    Ok(row)
}

fn told(action: &'static str, role: &Role, row: &RoleAssignment) -> Event {
    let event = Event::new(action, "User", row.user_id, ROLE_READ)
        .owner(Some(row.user_id))
        .department(row.department_id)
        .set("role", &role.name)
        .set("company", row.company_id)
        .set("department", row.department_id);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// The company that a department belongs to, or the one that was named; both must agree.
async fn company_of(tx: &mut Tx, command: &RoleAssignInput) -> Result<Option<CompanyId>> {
    let Some(id) = command.department else {
        if let Some(company) = command.company {
            crate::company::load(tx, company).await?;
        }
        return Ok(command.company);
    };
    let company: Option<CompanyId> = department::table
        .find((tx.organisation(), id))
        .select(department::company_id)
        .first(tx.conn())
        .await
        .optional()?;
    if company.is_none() || command.company.is_some_and(|named| Some(named) != company) {
        return Err(Fault::not_found("directory.department_unknown")
            .at(["department"])
            .into());
    }
    Ok(company)
}

/// The role, when the actor may give or take it there.
async fn require_giver(tx: &mut Tx, row: &RoleAssignment) -> Result<Role> {
    let scope = tx.require(ROLE_MANAGE)?;
    let covered = if row.company_id.is_none() {
        scope.everywhere
    } else {
        scope.covers(row.company_id, row.department_id)
    };
    if !covered {
        return Err(Error::Denied(ROLE_MANAGE));
    }
    if own_user(tx).ok() == Some(row.user_id) {
        return Err(Fault::not_allowed("directory.role_self")
            .at(["user"])
            .into());
    }
    let role: Role = role::table
        .find((tx.organisation(), row.role_id))
        .filter(role::archived_at.is_null())
        .select(Role::as_select())
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.role_unknown").at(["role"]))?;
    if is_everything(&role) {
        tx.actor().require_everywhere(EVERYTHING)?;
    }
    Ok(role)
}

fn is_everything(role: &Role) -> bool {
    role.permissions.iter().any(|name| name == EVERYTHING)
}

/// That the actor does not have a role: nobody changes what they themselves may do.
pub(super) async fn require_not_own(tx: &mut Tx, id: RoleId) -> Result<()> {
    let Ok(own) = own_user(tx) else { return Ok(()) };
    let held: i64 = role_assignment::table
        .filter(role_assignment::organisation_id.eq(tx.organisation()))
        .filter(role_assignment::role_id.eq(id))
        .filter(role_assignment::user_id.eq(own))
        .count()
        .get_result(tx.conn())
        .await?;
    if held > 0 && !tx.actor().may(EVERYTHING) {
        return Err(Fault::not_allowed("directory.role_self").at(["id"]).into());
    }
    Ok(())
}

/// Whether the actor may change a user's credentials: an owner may, and of a user who is none
/// everybody with the right to manage users may.
pub async fn may_act_for(tx: &mut Tx, id: UserId) -> Result<bool> {
    if tx.actor().scope(EVERYTHING).everywhere {
        return Ok(true);
    }
    Ok(!grants_of(tx, id).await?.contains_key(EVERYTHING))
}

/// That, a user apart, somebody active may do everything everywhere. Owners are locked, so that
/// two can't take each other away at once.
pub async fn require_other_owner(tx: &mut Tx, id: UserId) -> Result<()> {
    let same_role = role::organisation_id
        .eq(role_assignment::organisation_id)
        .and(role::id.eq(role_assignment::role_id));
    let organisation = tx.organisation();
    let owners: Vec<UserId> = role_assignment::table
        .inner_join(role::table.on(same_role))
        .filter(role_assignment::organisation_id.eq(organisation))
        .filter(role_assignment::company_id.is_null())
        .filter(role::permissions.contains(vec![EVERYTHING]))
        .order(role_assignment::id)
        .select(role_assignment::user_id)
        .for_update()
        .load(tx.conn())
        .await?;
    if !owners.contains(&id) {
        return Ok(());
    }
    let others: i64 = user::table
        .filter(user::organisation_id.eq(organisation))
        .filter(user::id.eq_any(owners))
        .filter(user::id.ne(id))
        .filter(user::active)
        .count()
        .get_result(tx.conn())
        .await?;
    if others == 0 {
        return Err(Fault::not_allowed("directory.last_owner").into());
    }
    Ok(())
}
