//! How people register systems, change and retire them.

use async_graphql::{InputObject, MaybeUndefined};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self as input, Input, taken};
use kernel::ids::{CompanyId, DepartmentId, SystemId, UserId};
use kernel::{Event, Fault, Faults, Permission, Result, Tx};

use super::{System, SystemCriticality, SystemEnvironment, SystemKind};
use crate::fault;
use crate::permission::{SYSTEM_MANAGE, SYSTEM_READ};
use crate::schema::system;

/// Registers a system.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCreateInput {
    /// An id made by the client, `sys_…`.
    pub id: Option<SystemId>,
    /// The company that depends on it.
    pub company: CompanyId,
    /// Its name, unlike any other of the company's systems in use.
    pub name: String,
    /// What it is.
    pub kind: SystemKind,
    /// How much depends on it.
    #[graphql(default_with = "SystemCriticality::Medium")]
    pub criticality: SystemCriticality,
    /// What it is for.
    #[graphql(default_with = "SystemEnvironment::Production")]
    pub environment: SystemEnvironment,
    /// The team that owns it.
    pub department: Option<DepartmentId>,
    /// Who answers for it, and is told of incidents.
    pub owner: Option<UserId>,
    /// Where it is: a URL or a host, in at most 500 characters.
    pub address: Option<String>,
    /// What people should know about it, in at most 2,000 characters.
    pub description: Option<String>,
}

/// Changes a system.
#[derive(Clone, Debug, InputObject)]
pub struct SystemUpdateInput {
    /// The system.
    pub id: SystemId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: SystemPatch,
}

/// What of a system may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct SystemPatch {
    /// Its name.
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<SystemKind>,
    /// How much depends on it.
    pub criticality: Option<SystemCriticality>,
    /// What it is for.
    pub environment: Option<SystemEnvironment>,
    /// The team that owns it.
    pub department: MaybeUndefined<DepartmentId>,
    /// Who answers for it.
    pub owner: MaybeUndefined<UserId>,
    /// Where it is.
    pub address: MaybeUndefined<String>,
    /// What people should know about it.
    pub description: MaybeUndefined<String>,
}

/// Retires a system: its checks rest, its open incidents stay for people to close.
#[derive(Clone, Debug, InputObject)]
pub struct SystemRetireInput {
    /// The system.
    pub id: SystemId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Registers a system.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: SystemCreateInput) -> Result<System> {
    tx.require_in(SYSTEM_MANAGE, command.company, None)?;
    directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let row = System {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(SystemId::generate),
        company_id: command.company,
        department_id: command.department,
        owner_id: command.owner,
        name: input.take("name", input::text(&command.name, 120)),
        kind: command.kind,
        criticality: command.criticality,
        environment: command.environment,
        address: input.take("address", input::optional(command.address.as_deref(), 500)),
        description: input.take(
            "description",
            input::optional(command.description.as_deref(), 2_000),
        ),
        retired_at: None,
        created_at: tx.now(),
        version: 1,
    };
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(require_named(tx, &row, "").await)?;
    faults.finish()?;
    diesel::insert_into(system::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into(), "name"))?;
    let event = event("technology.system.created", &row).set("name", &row.name);
    tx.emit(event).await?;
    Ok(row)
}

/// Changes a system.
#[tracing::instrument(skip_all, fields(system.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: SystemUpdateInput) -> Result<System> {
    let seen = lock(tx, command.id, "id").await?;
    input::version(seen.version, command.expected_version)?;
    in_use(&seen, "id")?;
    let mut faults = Faults::new();
    let next = faults.take(patched(&seen, command.patch))?;
    let named = next.as_ref().unwrap_or(&seen).clone();
    faults.take(require_named(tx, &named, "patch.").await)?;
    faults.finish()?;
    store(tx, &named)
        .await
        .map_err(|error| told(error, "patch.name"))?;
    tx.emit(changes(&seen, &named)).await?;
    Ok(named)
}

/// Retires a system; its checks rest.
#[tracing::instrument(skip_all, fields(system.id = %command.id), err)]
pub async fn retire(tx: &mut Tx, command: SystemRetireInput) -> Result<System> {
    let seen = lock(tx, command.id, "id").await?;
    input::version(seen.version, command.expected_version)?;
    in_use(&seen, "id")?;
    let next = System {
        retired_at: Some(tx.now()),
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    crate::check::rest_all(tx, next.id).await?;
    tx.emit(event("technology.system.retired", &next)).await?;
    Ok(next)
}

/// Locks a system that the actor may manage.
pub(crate) async fn lock(tx: &mut Tx, id: SystemId, field: &str) -> Result<System> {
    lock_for(tx, id, SYSTEM_MANAGE, field).await
}

/// Locks a system where the actor holds a permission.
pub(crate) async fn lock_for(
    tx: &mut Tx,
    id: SystemId,
    permission: Permission,
    field: &str,
) -> Result<System> {
    let scope = tx.require(permission)?;
    let row: Option<System> = system::table
        .find((tx.organisation(), id))
        .for_update()
        .select(System::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let row = row.filter(|row| scope.covers(Some(row.company_id), None));
    Ok(row.ok_or_else(|| Fault::not_found(fault::SYSTEM_NOT_FOUND).at([field]))?)
}

/// That a system is not retired.
pub(crate) fn in_use(row: &System, field: &str) -> Result<()> {
    if row.retired_at.is_none() {
        return Ok(());
    }
    Err(Fault::not_allowed(fault::SYSTEM_RETIRED).at([field]).into())
}

fn patched(seen: &System, patch: SystemPatch) -> Result<System> {
    let mut next = seen.clone();
    let mut input = Input::new();
    if let Some(name) = &patch.name {
        next.name = input.take("patch.name", input::text(name, 120));
    }
    next.kind = patch.kind.unwrap_or(seen.kind);
    next.criticality = patch.criticality.unwrap_or(seen.criticality);
    next.environment = patch.environment.unwrap_or(seen.environment);
    if !patch.department.is_undefined() {
        next.department_id = patch.department.take();
    }
    if !patch.owner.is_undefined() {
        next.owner_id = patch.owner.take();
    }
    let texts = [
        (&patch.address, &mut next.address, "patch.address", 500),
        (
            &patch.description,
            &mut next.description,
            "patch.description",
            2_000,
        ),
    ];
    for (value, target, field, most) in texts {
        if !value.is_undefined() {
            let value = value.as_opt_ref().flatten().map(String::as_str);
            *target = input.take(field, input::optional(value, most));
        }
    }
    input.finish()?;
    next.version += 1;
    Ok(next)
}

/// That the team is one of the company's, and who answers an active user.
async fn require_named(tx: &mut Tx, row: &System, under: &str) -> Result<()> {
    use directory::schema::department;
    let mut faults = Faults::new();
    if let Some(wanted) = row.department_id {
        let known: i64 = department::table
            .filter(department::organisation_id.eq(tx.organisation()))
            .filter(department::company_id.eq(row.company_id))
            .filter(department::id.eq(wanted))
            .filter(department::archived_at.is_null())
            .count()
            .get_result(tx.conn())
            .await?;
        faults.check(known == 1, || {
            let path = format!("{under}department");
            Fault::not_found(fault::DEPARTMENT_NOT_FOUND).at(path.split('.'))
        });
    }
    if let Some(wanted) = row.owner_id {
        let known = is_active(tx, wanted).await?;
        faults.check(known, || {
            let path = format!("{under}owner");
            Fault::not_found(fault::USER_NOT_FOUND).at(path.split('.'))
        });
    }
    faults.finish()
}

/// Whether there is such a user who can act.
pub(crate) async fn is_active(tx: &mut Tx, id: UserId) -> Result<bool> {
    use directory::schema::user;
    let known: i64 = user::table
        .filter(user::organisation_id.eq(tx.organisation()))
        .filter(user::id.eq(id))
        .filter(user::active)
        .count()
        .get_result(tx.conn())
        .await?;
    Ok(known == 1)
}

async fn store(tx: &mut Tx, row: &System) -> Result<()> {
    diesel::update(system::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

fn told(error: kernel::Error, field: &str) -> kernel::Error {
    let error = taken(error, "system_pkey", "kernel.id_taken", "id");
    taken(error, "system_name", fault::SYSTEM_NAME_TAKEN, field)
}

fn event(action: &'static str, row: &System) -> Event {
    Event::new(action, "System", row.id, SYSTEM_READ)
        .company(row.company_id)
        .department(row.department_id)
}

fn changes(from: &System, to: &System) -> Event {
    event("technology.system.updated", to)
        .changed("name", &from.name, &to.name)
        .changed("kind", &from.kind, &to.kind)
        .changed("criticality", &from.criticality, &to.criticality)
        .changed("environment", &from.environment, &to.environment)
        .changed("department", &from.department_id, &to.department_id)
        .changed("owner", &from.owner_id, &to.owner_id)
        .changed("address", &from.address, &to.address)
        .changed("description", &from.description, &to.description)
}
