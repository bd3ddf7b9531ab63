//! Whom an announcement addresses, and the condition that somebody is among them.

use async_graphql::OneofObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::schema::{company, department, role};
use kernel::ids::{CompanyId, DepartmentId, RoleId, UserId};
use kernel::page::quoted;
use kernel::{Fault, Faults, Predicate, Result, Scope, Tx};

use super::Announcement;
use crate::fault;

/// Companies, departments or roles that an announcement names at most.
const MOST: usize = 100;

kernel::text_enum! {
    /// How those are named whom an announcement addresses.
    pub enum AnnouncementAudience {
        /// Everybody.
        All = "ALL",
        /// Who has a role in one of some companies, or in all.
        Companies = "COMPANIES",
        /// Who has a role in one of some departments or below it, or leads it.
        Departments = "DEPARTMENTS",
        /// Who has one of some roles.
        Roles = "ROLES",
    }
}

/// Whom an announcement addresses.
#[derive(Clone, Debug, PartialEq, Eq, OneofObject)]
#[graphql(name = "AnnouncementAudienceInput")]
pub enum AudienceInput {
    /// Everybody: `true`.
    All(bool),
    /// Who has a role in one of these companies, or in all.
    Companies(Vec<CompanyId>),
    /// Who has a role in one of these departments or below it, or leads it.
    Departments(Vec<DepartmentId>),
    /// Who has one of these roles.
    Roles(Vec<RoleId>),
}

/// Writes an audience into an announcement.
pub(super) fn write(row: &mut Announcement, audience: AudienceInput) {
    row.company_ids = Vec::new();
    row.department_ids = Vec::new();
    row.role_ids = Vec::new();
    match audience {
        AudienceInput::All(_) => row.audience = AnnouncementAudience::All,
        AudienceInput::Companies(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            row.audience = AnnouncementAudience::Companies;
            row.company_ids = ids;
        }
        AudienceInput::Departments(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            row.audience = AnnouncementAudience::Departments;
            row.department_ids = ids;
        }
        AudienceInput::Roles(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            row.audience = AnnouncementAudience::Roles;
            row.role_ids = ids;
        }
    }
}

/// That everything an audience names exists, and that the scope of the actor's right covers it:
/// everybody and roles take the whole organisation.
pub(super) async fn check(tx: &mut Tx, scope: &Scope, row: &Announcement) -> Result<()> {
    let mut faults = Faults::new();
    let named = match row.audience {
        AnnouncementAudience::All => 1,
        AnnouncementAudience::Companies => row.company_ids.len(),
        AnnouncementAudience::Departments => row.department_ids.len(),
        AnnouncementAudience::Roles => row.role_ids.len(),
    };
    faults.check((1..=MOST).contains(&named), || {
        Fault::invalid(fault::AUDIENCE_OUT_OF_RANGE)
            .with("most", MOST)
            .at(["audience"])
    });
    let (known, covered) = reach(tx, scope, row).await?;
    faults.check(known, || {
        Fault::not_found(fault::AUDIENCE_UNKNOWN).at(["audience"])
    });
    faults.check(covered, || {
        Fault::not_allowed(fault::AUDIENCE_TOO_WIDE).at(["audience"])
    });
    faults.finish()
}

/// Whether all that is named exists, and whether the scope covers it.
async fn reach(tx: &mut Tx, scope: &Scope, row: &Announcement) -> Result<(bool, bool)> {
    let organisation = tx.organisation();
    Ok(match row.audience {
        AnnouncementAudience::All => (true, scope.everywhere),
        AnnouncementAudience::Companies => {
            let found: Vec<CompanyId> = company::table
                .filter(company::organisation_id.eq(organisation))
                .filter(company::id.eq_any(&row.company_ids))
                .select(company::id)
                .load(tx.conn())
                .await?;
            let covers = |id: &CompanyId| scope.covers(Some(*id), None);
            (
                found.len() == row.company_ids.len(),
                found.iter().all(covers),
            )
        }
        AnnouncementAudience::Departments => {
            let found: Vec<(CompanyId, DepartmentId)> = department::table
                .filter(department::organisation_id.eq(organisation))
                .filter(department::id.eq_any(&row.department_ids))
                .select((department::company_id, department::id))
                .load(tx.conn())
                .await?;
            let covers =
                |(company, id): &(CompanyId, DepartmentId)| scope.covers(Some(*company), Some(*id));
            (
                found.len() == row.department_ids.len(),
                found.iter().all(covers),
            )
        }
        AnnouncementAudience::Roles => {
            let found: Vec<RoleId> = role::table
                .filter(role::organisation_id.eq(organisation))
                .filter(role::id.eq_any(&row.role_ids))
                .select(role::id)
                .load(tx.conn())
                .await?;
            (found.len() == row.role_ids.len(), scope.everywhere)
        }
    })
}

/// The condition, in SQL of ours, that the user of one alias is addressed by the announcement of
/// another.
pub(super) fn addressed(user: &str, announcement: &str) -> String {
    let given = format!(
        "EXISTS (SELECT FROM directory.role_assignment given \
         WHERE given.organisation_id = {announcement}.organisation_id \
         AND given.user_id = {user}.id AND "
    );
    let below = format!(
        "WITH RECURSIVE below AS (SELECT unnest({announcement}.department_ids) AS id \
         UNION SELECT d.id FROM directory.department d JOIN below ON d.parent_id = below.id \
         WHERE d.organisation_id = {announcement}.organisation_id) SELECT id FROM below"
    );
    format!(
        "({user}.active AND CASE {announcement}.audience \
         WHEN 'ALL' THEN true \
         WHEN 'COMPANIES' THEN {given} (given.company_id IS NULL \
             OR given.company_id = ANY({announcement}.company_ids))) \
         WHEN 'DEPARTMENTS' THEN {given} given.department_id IN ({below})) \
             OR EXISTS (SELECT FROM directory.department led \
                 WHERE led.organisation_id = {announcement}.organisation_id \
                 AND led.manager_id = {user}.id AND led.id IN ({below})) \
         ELSE {given} given.role_id = ANY({announcement}.role_ids)) END)"
    )
}

/// The condition on announcements that they address a user.
pub(super) fn addresses(user: UserId) -> Predicate {
    let own = "\"administration\".\"announcement\"";
    Predicate::sql(format!(
        "EXISTS (SELECT FROM directory.\"user\" reader WHERE reader.organisation_id = {} \
         AND reader.id = ",
        quoted("administration", "announcement", "organisation_id")
    ))
    .bind(user.0)
    .then(format!(" AND {})", addressed("reader", own)))
}
