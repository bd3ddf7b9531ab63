//! Checks: what is looked at, how often, and when it becomes a matter of concern.

mod aim;
mod command;
pub mod rules;
mod run;

pub use aim::{
    HttpProbeInput, ProbeInput, QueueProbeInput, ScheduleProbeInput, TcpProbeInput,
    TlsExpiryProbeInput,
};
pub use command::{
    SystemCheckCreateInput, SystemCheckPatch, SystemCheckPauseInput, SystemCheckResumeInput,
    SystemCheckUpdateInput, create, pause, resume, update,
};
pub(crate) use command::{lock_any, rest_all};
pub use run::{CheckSystems, SystemCheckRunInput, enqueue_run};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CheckId, CompanyId, OrganisationId, ScheduleId, SystemId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Result, Tx, listing};

use crate::permission::{SYSTEM_READ, visible};
use crate::schema::system_check;
use crate::system::SystemFilter;

kernel::text_enum! {
    /// What a check looks at.
    pub enum CheckKind {
        /// The answer to an HTTP request.
        Http = "HTTP",
        /// Whether somebody listens at a port.
        Tcp = "TCP",
        /// When a certificate ends.
        TlsExpiry = "TLS_EXPIRY",
        /// How many jobs wait, and for how long.
        Queue = "QUEUE",
        /// Whether a schedule's jobs are done in time.
        Schedule = "SCHEDULE",
    }
}

kernel::text_enum! {
    /// How an HTTP check asks.
    pub enum CheckMethod {
        /// For the headers alone.
        Head = "HEAD",
        /// For the whole answer.
        Get = "GET",
    }
}

kernel::text_enum! {
    /// How a check stands.
    pub enum CheckStatus {
        /// It has not looked yet.
        Unknown = "UNKNOWN",
        /// All was well when it last looked.
        Passing = "PASSING",
        /// Something was wrong when it last looked.
        Failing = "FAILING",
        /// It was not allowed to look: its address may not be reached.
        Refused = "REFUSED",
    }
}

kernel::text_enum! {
    /// How bad an incident is.
    pub enum IncidentSeverity {
        /// The system works; somebody should look.
        Minor = "MINOR",
        /// The system is down, or as good as.
        Major = "MAJOR",
        /// The system is down, and the company with it.
        Critical = "CRITICAL",
    }
}

kernel::enum_filter! {
    /// Conditions on what a check looks at.
    CheckKindFilter of CheckKind
}

kernel::enum_filter! {
    /// Conditions on how a check stands.
    CheckStatusFilter of CheckStatus
}

kernel::enum_filter! {
    /// Conditions on how bad an incident is.
    IncidentSeverityFilter of IncidentSeverity
}

/// A check of a system.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = system_check,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct SystemCheck {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The check.
    pub id: CheckId,
    /// The company of its system.
    pub company_id: CompanyId,
    /// Its system.
    pub system_id: SystemId,
    /// Its name.
    pub name: String,
    /// What it looks at.
    pub kind: CheckKind,
    /// Where: a URL, or a host with its port. Of HTTP, TCP and TLS.
    pub target: Option<String>,
    /// How it asks. Of HTTP.
    pub method: Option<CheckMethod>,
    /// The status that it expects; any of success when absent. Of HTTP.
    pub expected_status: Option<i32>,
    /// The text that it expects in the answer. Of HTTP.
    pub expected_text: Option<String>,
    /// Days before the end of a certificate that it warns. Of TLS.
    pub warn_days: Option<i32>,
    /// The queue; all queues when absent. Of queues.
    pub queue: Option<String>,
    /// Jobs that may wait. Of queues.
    pub most_waiting: Option<i32>,
    /// Minutes that a job may wait, or be late. Of queues and schedules.
    pub most_minutes: Option<i32>,
    /// The schedule. Of schedules.
    pub schedule_id: Option<ScheduleId>,
    /// How bad its incidents are.
    pub severity: IncidentSeverity,
    /// Minutes between looks.
    pub every_minutes: i32,
    /// Milliseconds that a look may take.
    pub timeout_ms: i32,
    /// Failures in a row that open an incident.
    pub failures_to_open: i32,
    /// Recoveries in a row that close it.
    pub recoveries_to_close: i32,
    /// Whether it looks.
    pub enabled: bool,
    /// How it stands.
    pub status: CheckStatus,
    /// Failures in a row so far.
    pub failures: i32,
    /// Recoveries in a row so far, counted up to those that close.
    pub recoveries: i32,
    /// Since when it fails.
    pub failing_since: Option<DateTime<Utc>>,
    /// When it last looked.
    pub checked_at: Option<DateTime<Utc>>,
    /// When it looks next.
    pub next_due_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes by people.
    pub version: i32,
}

listing! {
    /// Conditions on checks.
    filter SystemCheckFilter {
        /// By id.
        id: IdFilter => id,
        /// By name.
        name: TextFilter => name,
        /// By company.
        company: IdFilter => company_id,
        /// By what they look at.
        kind: CheckKindFilter => kind,
        /// By how they stand.
        status: CheckStatusFilter => status,
        /// By whether they look.
        enabled: BooleanFilter => enabled,
        /// By when they look next.
        next_due_at: DateTimeFilter => next_due_at,
    }
    related {
        /// By system.
        system: SystemFilter => system_id in ("technology", "system", "id"),
    }
    /// An order of checks.
    sort SystemCheckSort;
    /// What checks can be sorted by.
    by SystemCheckSortField {
        /// By name.
        Name = "NAME" => name,
        /// By when they look next.
        NextDueAt = "NEXT_DUE_AT" => next_due_at,
    }
    default Name Asc;
    search [name, target];
    from "technology" system_check as SystemCheck;
}

/// A page of the checks that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<SystemCheckFilter, SystemCheckSortField>,
) -> Result<Page<SystemCheck>> {
    let visible = visible(tx, SYSTEM_READ, "system_check")?;
    list(tx, request, visible).await
}

/// How many checks of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<SystemCheckFilter, SystemCheckSortField>,
) -> Result<i64> {
    let visible = visible(tx, SYSTEM_READ, "system_check")?;
    tally(tx, request, visible).await
}

/// Those among some checks that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[CheckId]) -> Result<Vec<SystemCheck>> {
    let visible = visible(tx, SYSTEM_READ, "system_check")?;
    Ok(system_check::table
        .filter(system_check::organisation_id.eq(tx.organisation()))
        .filter(system_check::id.eq_any(ids))
        .filter(visible)
        .select(SystemCheck::as_select())
        .load(tx.conn())
        .await?)
}

/// One check, if the actor may see it.
pub async fn find(tx: &mut Tx, id: CheckId) -> Result<Option<SystemCheck>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// What happened to a check.
pub(crate) fn event(action: &'static str, row: &SystemCheck) -> Event {
    Event::new(action, "SystemCheck", row.id, SYSTEM_READ)
        .company(row.company_id)
        .set("system", row.system_id)
}
