//! Roles: named sets of permissions, the built-in ones and those an organisation makes.

mod assignment;
mod templates;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{OrganisationId, RoleId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Locale, Predicate, Result, Tx, listing};

pub use assignment::{
    RoleAssignInput, RoleAssignment, RoleAssignmentFilter, RoleAssignmentSort,
    RoleAssignmentSortField, RoleUnassignInput, assign, assignments_by_ids, assignments_count,
    assignments_of_roles, assignments_of_users, assignments_page, may_act_for, require_other_owner,
    unassign,
};
pub use templates::{TEMPLATES, Template};

use crate::check::{self, Input, taken};
use crate::permission::{APART, ROLE_MANAGE, ROLE_READ, is_known};
use crate::schema::role;

/// A named set of permissions.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = role,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Role {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The role.
    pub id: RoleId,
    /// Its unchanging key, unique in the organisation.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Vec<String>,
    /// Whether it came with the organisation.
    pub built_in: bool,
    /// When it was archived: it allows nothing from then on.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on roles.
    filter RoleFilter {
        /// By id.
        id: IdFilter => id,
        /// By key.
        key: TextFilter => key,
        /// By name.
        name: TextFilter => name,
        /// By whether it came with the organisation.
        built_in: BooleanFilter => built_in,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of roles.
    sort RoleSort;
    /// What roles can be sorted by.
    by RoleSortField {
        /// By name.
        Name = "NAME" => name,
        /// By key.
        Key = "KEY" => key,
    }
    default Name Asc;
    search [key, name, description];
    archived archived_at;
    from "directory" role as Role;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(ROLE_READ)?;
    let organisation = tx.organisation().uuid();
    Ok(Predicate::equal(
        "\"directory\".\"role\".\"organisation_id\"",
        organisation,
    ))
}

/// A page of the roles.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<RoleFilter, RoleSortField>,
) -> Result<Page<Role>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many roles there are.
pub async fn count(tx: &mut Tx, request: PageRequest<RoleFilter, RoleSortField>) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some roles.
pub async fn by_ids(tx: &mut Tx, ids: &[RoleId]) -> Result<Vec<Role>> {
    let visible = visible(tx)?;
    Ok(role::table
        .filter(role::organisation_id.eq(tx.organisation()))
        .filter(role::id.eq_any(ids))
        .filter(visible)
        .select(Role::as_select())
        .load(tx.conn())
        .await?)
}

/// A role that the actor may see.
pub async fn find(tx: &mut Tx, id: RoleId) -> Result<Option<Role>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A role by its key, for code that gives built-in ones.
pub async fn find_by_key(tx: &mut Tx, key: &str) -> Result<Option<Role>> {
    Ok(role::table
        .filter(role::organisation_id.eq(tx.organisation()))
        .filter(role::key.eq(key))
        .select(Role::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// Makes a role.
#[derive(Clone, Debug, InputObject)]
pub struct RoleCreateInput {
    /// An id made by the client, `rol_…`.
    pub id: Option<RoleId>,
    /// The key: small letters, digits and underscores, unique in the organisation.
    pub key: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub permissions: Vec<String>,
}

/// Makes a role. Needs a fresh proof of identity.
pub async fn create(tx: &mut Tx, command: RoleCreateInput) -> Result<Role> {
    tx.actor().require_everywhere(ROLE_MANAGE)?;
    crate::auth::require_proof(tx)?;
    let mut input = Input::new();
    let row = Role {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(RoleId::generate),
        key: input.take("key", check::key(&command.key)),
        name: input.take("name", check::text(&command.name, 100)),
        description: input.take(
            "description",
            check::optional(command.description.as_deref(), 1_000),
        ),
        permissions: input.take("permissions", permissions(&command.permissions)),
        built_in: false,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    diesel::insert_into(role::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(error.into(), "role_key", "directory.key_taken", "key");
            taken(error, "role_pkey", "kernel.id_taken", "id")
        })?;
    let made = Event::new("directory.role.created", "Role", row.id, ROLE_READ)
        .set("name", &row.name)
        .set("permissions", &row.permissions);
    tx.emit(made).await?;
    Ok(row)
}

/// Changes a role that the organisation made.
#[derive(Clone, Debug, InputObject)]
pub struct RoleUpdateInput {
    /// The role.
    pub id: RoleId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: RolePatch,
}

/// What of a role may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct RolePatch {
    /// The name.
    pub name: Option<String>,
    /// What it is for.
    pub description: MaybeUndefined<String>,
    /// What it allows.
    pub permissions: Option<Vec<String>>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

/// Changes a role that the organisation made, for everybody who has it; not one that the actor
/// has. Needs a fresh proof of identity.
pub async fn update(tx: &mut Tx, command: RoleUpdateInput) -> Result<Role> {
    tx.actor().require_everywhere(ROLE_MANAGE)?;
    crate::auth::require_proof(tx)?;
    let seen: Role = role::table
        .find((tx.organisation(), command.id))
        .select(Role::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.role_unknown").at(["id"]))?;
    check::version(seen.version, command.expected_version)?;
    if seen.built_in {
        return Err(Fault::not_allowed("directory.role_built_in")
            .at(["id"])
            .into());
    }
    assignment::require_not_own(tx, seen.id).await?;
    let next = patched(tx, &seen, command.patch)?;
    diesel::update(role::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    let changed = Event::new("directory.role.updated", "Role", next.id, ROLE_READ)
        .changed("name", &seen.name, &next.name)
        .changed("description", &seen.description, &next.description)
        .changed("permissions", &seen.permissions, &next.permissions)
        .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(changed).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Role, patch: RolePatch) -> Result<Role> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 100));
    }
    if !patch.description.is_undefined() {
        let text = patch.description.as_opt_ref().flatten().map(String::as_str);
        next.description = input.take("patch.description", check::optional(text, 1_000));
    }
    if let Some(names) = &patch.permissions {
        next.permissions = input.take("patch.permissions", permissions(names));
    }
    if let Some(archived) = patch.archived {
        next.archived_at = archived.then(|| seen.archived_at.unwrap_or(tx.now()));
    }
    input.finish()?;
    next.version += 1;
    Ok(next)
}

/// Permissions that exist, sorted, without the one that stands for all and without two that no one
/// role may hold.
fn permissions(names: &[String]) -> Result<Vec<String>, Fault> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let name = unknown.chars().take(100).collect::<String>();
        return Err(Fault::invalid("directory.permission_unknown").with("permission", name));
    }
    let has = |name: &str| names.iter().any(|held| held == name);
    match APART.iter().find(|(left, right)| has(left) && has(right)) {
        Some((left, right)) => Err(Fault::invalid("directory.permissions_apart")
            .with("left", left)
            .with("right", right)),
        None => Ok(names),
    }
}

/// Installs the built-in roles that an organisation lacks, and brings their permissions up to date.
pub async fn install_templates(tx: &mut Tx, locale: Locale) -> Result<()> {
    tx.actor().require_everywhere(EVERYTHING)?;
    let rows: Vec<Role> = TEMPLATES
        .iter()
        .map(|template| built_in(tx, template, locale))
        .collect();
    for row in rows {
        diesel::insert_into(role::table)
            .values(&row)
            .on_conflict((role::organisation_id, role::key))
            .do_update()
            .set((
                role::permissions.eq(&row.permissions),
                role::version.eq(role::version + 1),
            ))
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

fn built_in(tx: &Tx, template: &Template, locale: Locale) -> Role {
    let (name, description) = match locale {
        Locale::Es => (template.name_es, template.description_es),
        Locale::En => (template.name_en, template.description_en),
    };
    Role {
        organisation_id: tx.organisation(),
        id: RoleId::generate(),
        key: template.key.to_owned(),
        name: name.to_owned(),
        description: Some(description.to_owned()),
        permissions: template
            .permissions
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        built_in: true,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Result<Vec<String>, Fault> {
        permissions(
            &names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn a_role_holds_known_permissions_alone() {
        assert_eq!(
            named(&["people.pay.read", "people.pay.read"])
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            named(&["people.pay.eat"]).unwrap_err().reason,
            "directory.permission_unknown"
        );
        assert_eq!(
            named(&["*"]).unwrap_err().reason,
            "directory.permission_unknown"
        );
    }

    #[test]
    fn no_role_prepares_and_approves() {
        let both = named(&["people.payroll.run", "people.payroll.approve"]);
        assert_eq!(both.unwrap_err().reason, "directory.permissions_apart");
    }
}
