//! Systems: what a company depends on, who owns it, and how critical it is.

mod command;

pub use command::{
    SystemCreateInput, SystemPatch, SystemRetireInput, SystemUpdateInput, create, retire, update,
};
pub(crate) use command::{in_use, is_active, lock, lock_for};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, DepartmentId, OrganisationId, SystemId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Result, Tx, listing};

use crate::permission::{SYSTEM_READ, visible};
use crate::schema::system;

kernel::text_enum! {
    /// What a system is.
    pub enum SystemKind {
        /// A program that people work with.
        Application = "APPLICATION",
        /// A site on the web.
        Website = "WEBSITE",
        /// A database.
        Database = "DATABASE",
        /// A server.
        Server = "SERVER",
        /// A network or a line.
        Network = "NETWORK",
        /// A device: a printer, a till, a scale.
        Device = "DEVICE",
        /// A service of somebody else's.
        Service = "SERVICE",
    }
}

kernel::text_enum! {
    /// How much depends on a system.
    pub enum SystemCriticality {
        /// Nobody is stopped by its absence.
        Low = "LOW",
        /// Some are slowed down.
        Medium = "MEDIUM",
        /// A department stands still.
        High = "HIGH",
        /// The company stands still.
        Critical = "CRITICAL",
    }
}

kernel::text_enum! {
    /// What a system is for.
    pub enum SystemEnvironment {
        /// The work itself.
        Production = "PRODUCTION",
        /// The rehearsal of what comes next.
        Staging = "STAGING",
        /// Trying out.
        Test = "TEST",
    }
}

kernel::enum_filter! {
    /// Conditions on what a system is.
    SystemKindFilter of SystemKind
}

kernel::enum_filter! {
    /// Conditions on how much depends on a system.
    SystemCriticalityFilter of SystemCriticality
}

kernel::enum_filter! {
    /// Conditions on what a system is for.
    SystemEnvironmentFilter of SystemEnvironment
}

/// Something that a company depends on.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = system,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct System {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The system.
    pub id: SystemId,
    /// The company that depends on it.
    pub company_id: CompanyId,
    /// The team that owns it.
    pub department_id: Option<DepartmentId>,
    /// Who answers for it, and is told of incidents.
    pub owner_id: Option<UserId>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: SystemKind,
    /// How much depends on it.
    pub criticality: SystemCriticality,
    /// What it is for.
    pub environment: SystemEnvironment,
    /// Where it is: a URL or a host, for people to read.
    pub address: Option<String>,
    /// What people should know about it.
    pub description: Option<String>,
    /// When it was retired.
    pub retired_at: Option<DateTime<Utc>>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on systems.
    filter SystemFilter {
        /// By id.
        id: IdFilter => id,
        /// By name.
        name: TextFilter => name,
        /// By company.
        company: IdFilter => company_id,
        /// By the team that owns them.
        department: IdFilter => department_id,
        /// By who answers for them.
        owner: IdFilter => owner_id,
        /// By what they are.
        kind: SystemKindFilter => kind,
        /// By how much depends on them.
        criticality: SystemCriticalityFilter => criticality,
        /// By what they are for.
        environment: SystemEnvironmentFilter => environment,
        /// By when they were retired; `isNull` finds those in use.
        retired_at: DateTimeFilter => retired_at,
    }
    /// An order of systems.
    sort SystemSort;
    /// What systems can be sorted by.
    by SystemSortField {
        /// By name.
        Name = "NAME" => name,
        /// By when they were registered.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Name Asc;
    search [name, address, description];
    from "technology" system as System;
}

/// A page of the systems that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<SystemFilter, SystemSortField>,
) -> Result<Page<System>> {
    let visible = visible(tx, SYSTEM_READ, "system")?;
    list(tx, request, visible).await
}

/// How many systems of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<SystemFilter, SystemSortField>,
) -> Result<i64> {
    let visible = visible(tx, SYSTEM_READ, "system")?;
    tally(tx, request, visible).await
}

/// Those among some systems that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[SystemId]) -> Result<Vec<System>> {
    let visible = visible(tx, SYSTEM_READ, "system")?;
    Ok(system::table
        .filter(system::organisation_id.eq(tx.organisation()))
        .filter(system::id.eq_any(ids))
        .filter(visible)
        .select(System::as_select())
        .load(tx.conn())
        .await?)
}

/// One system, if the actor may see it.
pub async fn find(tx: &mut Tx, id: SystemId) -> Result<Option<System>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}
