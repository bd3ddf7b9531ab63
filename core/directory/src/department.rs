//! Departments: the tree of a company. A grant on one covers those below it.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{CompanyId, DepartmentId, OrganisationId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Fault, Predicate, Result, Tx, listing};

use crate::check::{self, Input, taken};
use crate::company::CompanyFilter;
use crate::permission::{DEPARTMENT_MANAGE, DEPARTMENT_READ};
use crate::schema::department;

/// A department of a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = department,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Department {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The department.
    pub id: DepartmentId,
    /// Its company.
    pub company_id: CompanyId,
    /// The department above it.
    pub parent_id: Option<DepartmentId>,
    /// Its short code, unique in the company.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The user who leads it.
    pub manager_id: Option<UserId>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on departments.
    filter DepartmentFilter {
        /// By id.
        id: IdFilter => id,
        /// By code.
        code: TextFilter => code,
        /// By name.
        name: TextFilter => name,
        /// By the department above.
        parent: IdFilter => parent_id,
        /// By who leads it.
        manager: IdFilter => manager_id,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    related {
        /// By company.
        company: CompanyFilter => company_id in ("directory", "company", "id")
            [requires crate::permission::COMPANY_READ],
    }
    /// An order of departments.
    sort DepartmentSort;
    /// What departments can be sorted by.
    by DepartmentSortField {
        /// By name.
        Name = "NAME" => name,
        /// By code.
        Code = "CODE" => code,
    }
    default Name Asc;
    search [code, name];
    archived archived_at;
    from "directory" department as Department;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(DEPARTMENT_READ)?;
    let organisation = tx.organisation().uuid();
    Ok(Predicate::equal(
        "\"directory\".\"department\".\"organisation_id\"",
        organisation,
    )
    .and(Predicate::in_scope(
        &scope,
        Some("\"directory\".\"department\".\"company_id\""),
        Some("\"directory\".\"department\".\"id\""),
    )))
}

/// A page of the departments that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<DepartmentFilter, DepartmentSortField>,
) -> Result<Page<Department>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many departments the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<DepartmentFilter, DepartmentSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some departments.
pub async fn by_ids(tx: &mut Tx, ids: &[DepartmentId]) -> Result<Vec<Department>> {
    let visible = visible(tx)?;
    Ok(department::table
        .filter(department::organisation_id.eq(tx.organisation()))
        .filter(department::id.eq_any(ids))
        .filter(visible)
        .select(Department::as_select())
        .load(tx.conn())
        .await?)
}

/// A department that the actor may see.
pub async fn find(tx: &mut Tx, id: DepartmentId) -> Result<Option<Department>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The visible departments right below some others, for the tree.
pub async fn children_of(tx: &mut Tx, parents: &[DepartmentId]) -> Result<Vec<Department>> {
    let visible = visible(tx)?;
    Ok(department::table
        .filter(department::organisation_id.eq(tx.organisation()))
        .filter(department::parent_id.eq_any(parents))
        .filter(department::archived_at.is_null())
        .filter(visible)
        .order((department::name, department::id))
        .select(Department::as_select())
        .load(tx.conn())
        .await?)
}

/// Makes a department.
#[derive(Clone, Debug, InputObject)]
pub struct DepartmentCreateInput {
    /// An id made by the client, `dep_…`.
    pub id: Option<DepartmentId>,
    /// Its company.
    pub company: CompanyId,
    /// The department above it.
    pub parent: Option<DepartmentId>,
    /// A short code, unique in the company.
    pub code: String,
    /// The name.
    pub name: String,
    /// The user who leads it.
    pub manager: Option<UserId>,
}

/// Makes a department.
pub async fn create(tx: &mut Tx, command: DepartmentCreateInput) -> Result<Department> {
    tx.require_in(DEPARTMENT_MANAGE, command.company, None)?;
    let mut input = Input::new();
    let row = Department {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(DepartmentId::generate),
        company_id: command.company,
        parent_id: command.parent,
        code: input.take("code", check::code(&command.code)),
        name: input.take("name", check::text(&command.name, 200)),
        manager_id: command.manager,
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    crate::company::load(tx, row.company_id)
        .await
        .map_err(|e| at(e, "company"))?;
    require_references(tx, &row, "").await?;
    diesel::insert_into(department::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), ""))?;
    let made = Event::new(
        "directory.department.created",
        "Department",
        row.id,
        DEPARTMENT_READ,
    )
    .company(row.company_id)
    .department(Some(row.id))
    .set("code", &row.code)
    .set("name", &row.name);
    tx.emit(made).await?;
    Ok(row)
}

/// Changes a department.
#[derive(Clone, Debug, InputObject)]
pub struct DepartmentUpdateInput {
    /// The department.
    pub id: DepartmentId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: DepartmentPatch,
}

/// What of a department may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DepartmentPatch {
    /// The department above it, of the same company and not below it.
    pub parent: MaybeUndefined<DepartmentId>,
    /// The code.
    pub code: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The user who leads it.
    pub manager: MaybeUndefined<UserId>,
    /// Whether it is archived.
    pub archived: Option<bool>,
}

/// Changes a department.
pub async fn update(tx: &mut Tx, command: DepartmentUpdateInput) -> Result<Department> {
    tx.require(DEPARTMENT_MANAGE)?;
    let seen: Department = department::table
        .find((tx.organisation(), command.id))
        .select(Department::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.department_unknown").at(["id"]))?;
    tx.require_in(DEPARTMENT_MANAGE, seen.company_id, Some(seen.id))?;
    check::version(seen.version, command.expected_version)?;
    let next = patched(tx, &seen, command.patch)?;
    require_references(tx, &next, "patch.").await?;
    if next.parent_id != seen.parent_id {
        require_no_loop(tx, &next).await?;
    }
    diesel::update(department::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "patch."))?;
    let changed = Event::new(
        "directory.department.updated",
        "Department",
        next.id,
        DEPARTMENT_READ,
    )
    .company(next.company_id)
    .department(Some(next.id))
    .changed("parent", &seen.parent_id, &next.parent_id)
    .changed("code", &seen.code, &next.code)
    .changed("name", &seen.name, &next.name)
    .changed("manager", &seen.manager_id, &next.manager_id)
    .changed("archivedAt", &seen.archived_at, &next.archived_at);
    tx.emit(changed).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Department, patch: DepartmentPatch) -> Result<Department> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(code) = &patch.code {
        next.code = input.take("patch.code", check::code(code));
    }
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", check::text(name, 200));
    }
    patch.parent.update_to(&mut next.parent_id);
    patch.manager.update_to(&mut next.manager_id);
    if let Some(archived) = patch.archived {
        next.archived_at = archived.then(|| seen.archived_at.unwrap_or(tx.now()));
    }
    input.finish()?;
    next.version += 1;
    Ok(next)
}

/// That the department above and the leader exist.
async fn require_references(tx: &mut Tx, row: &Department, under: &str) -> Result<()> {
    let mut faults = kernel::Faults::new();
    if let Some(parent) = row.parent_id {
        let company: Option<CompanyId> = department::table
            .find((row.organisation_id, parent))
            .select(department::company_id)
            .first(tx.conn())
            .await
            .optional()?;
        faults.check(company == Some(row.company_id), || {
            Fault::not_found("directory.department_unknown").at(format!("{under}parent").split('.'))
        });
    }
    if let Some(manager) = row.manager_id {
        let known = crate::user::exists(tx, manager).await?;
        faults.check(known, || {
            Fault::not_found("directory.user_unknown").at(format!("{under}manager").split('.'))
        });
    }
    faults.finish()
}

/// That a department does not lie below itself. Moves within a company wait for each other, so
/// that two of them can't close a loop together.
async fn require_no_loop(tx: &mut Tx, row: &Department) -> Result<()> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Bool)]
        looped: bool,
    }
    department::table
        .filter(department::organisation_id.eq(row.organisation_id))
        .filter(department::company_id.eq(row.company_id))
        .order(department::id)
        .select(department::id)
        .for_update()
        .load::<DepartmentId>(tx.conn())
        .await?;
    let found: Found = diesel::sql_query(
        "WITH RECURSIVE above AS (
            SELECT parent_id, id FROM directory.department WHERE organisation_id = $1 AND id = $2
            UNION
            SELECT d.parent_id, d.id FROM directory.department d
            JOIN above ON d.id = above.parent_id WHERE d.organisation_id = $1
        ) SELECT EXISTS (SELECT FROM above WHERE id = $3) AS looped",
    )
    .bind::<SqlUuid, _>(row.organisation_id)
    .bind::<SqlUuid, _>(row.parent_id.unwrap_or(DepartmentId(uuid::Uuid::nil())))
    .bind::<SqlUuid, _>(row.id)
    .get_result(tx.conn())
    .await?;
    if found.looped {
        return Err(Fault::invalid("directory.department_loop")
            .at(["patch", "parent"])
            .into());
    }
    Ok(())
}

fn at(error: kernel::Error, field: &str) -> kernel::Error {
    match error {
        kernel::Error::Refused(faults) => kernel::Error::Refused(
            faults
                .into_iter()
                .map(|fault| fault.at(field.split('.')))
                .collect(),
        ),
        other => other,
    }
}

fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let error = taken(
        error,
        "department_code",
        "directory.code_taken",
        &format!("{under}code"),
    );
    taken(error, "department_pkey", "kernel.id_taken", "id")
}
