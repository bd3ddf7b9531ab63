//! Incidents: something that went wrong, from its beginning to its end.

mod act;
mod aggregate;
mod automatic;
mod note;

pub use act::{
    IncidentAcknowledgeInput, IncidentAssignInput, IncidentNoteAddInput, IncidentOpenInput,
    IncidentReopenInput, IncidentResolveInput, acknowledge, add_note, assign, open, reopen,
    resolve,
};
pub use aggregate::{IncidentGroupBy, aggregate};
pub(crate) use automatic::{close_by_check, go_on, open_by_check, open_of};
pub use note::{IncidentNote, IncidentNoteKind, MOST_NOTES, notes_of};

use chrono::{DateTime, Datelike, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CheckId, CompanyId, IncidentId, OrganisationId, SystemId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Event, Result, Tx, listing};
use processes::sentence::Sentence;
use serde_json::Value;

use crate::check::{IncidentSeverity, IncidentSeverityFilter};
use crate::fault;
use crate::permission::{INCIDENT_READ, visible};
use crate::schema::incident;
use crate::system::SystemFilter;

/// What numbers incidents.
pub const SEQUENCE: &str = "technology.incident";

kernel::text_enum! {
    /// Where an incident stands.
    pub enum IncidentStatus {
        /// Nobody has taken it on.
        Open = "OPEN",
        /// Somebody has.
        Acknowledged = "ACKNOWLEDGED",
        /// It is over.
        Resolved = "RESOLVED",
    }
}

kernel::enum_filter! {
    /// Conditions on where an incident stands.
    IncidentStatusFilter of IncidentStatus
}

/// Something that went wrong with a system.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = incident,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Incident {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The incident.
    pub id: IncidentId,
    /// The company of the system.
    pub company_id: CompanyId,
    /// The system.
    pub system_id: SystemId,
    /// The check that opened it; none when a person did.
    pub check_id: Option<CheckId>,
    /// Its number in the company.
    pub number: String,
    /// What it is about, in a person's words; none when a check opened it.
    pub title: Option<String>,
    /// How bad it is.
    pub severity: IncidentSeverity,
    /// Where it stands.
    pub status: IncidentStatus,
    /// What the check last found, as a reason; none when a person opened it.
    pub reason: Option<String>,
    /// What the reason's sentence speaks of.
    pub args: Value,
    /// Failures of the check so far.
    pub failures: i32,
    /// When it began: the first failure, or what the person says.
    pub began_at: DateTime<Utc>,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Who opened it; none when a check did.
    pub opened_by: Option<UserId>,
    /// When somebody took it on.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who took it on.
    pub acknowledged_by: Option<UserId>,
    /// Who works on it.
    pub assignee_id: Option<UserId>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// Who resolved it; none when its check recovered.
    pub resolved_by: Option<UserId>,
    /// How it was resolved.
    pub resolution: Option<String>,
    /// Notes so far.
    pub notes: i32,
    /// Counts the changes.
    pub version: i32,
}

impl Incident {
    /// What it is about, to be spoken in the reader's language.
    pub fn cause(&self) -> Sentence {
        match (&self.reason, &self.title) {
            (Some(reason), _) => Sentence {
                key: reason.clone(),
                args: self.args.clone(),
            },
            (None, title) => Sentence::new("technology.by_hand").with("title", title),
        }
    }

    /// Whether it is over.
    pub fn is_resolved(&self) -> bool {
        self.status == IncidentStatus::Resolved
    }
}

listing! {
    /// Conditions on incidents.
    filter IncidentFilter {
        /// By id.
        id: IdFilter => id,
        /// By number.
        number: TextFilter => number,
        /// By company.
        company: IdFilter => company_id,
        /// By the check that opened them.
        check: IdFilter => check_id,
        /// By how bad they are.
        severity: IncidentSeverityFilter => severity,
        /// By where they stand.
        status: IncidentStatusFilter => status,
        /// By who works on them.
        assignee: IdFilter => assignee_id,
        /// By what a check found.
        reason: TextFilter => reason,
        /// By when they began.
        began_at: DateTimeFilter => began_at,
        /// By when they were opened.
        opened_at: DateTimeFilter => opened_at,
        /// By when they were resolved; `isNull` finds those that are not over.
        resolved_at: DateTimeFilter => resolved_at,
    }
    related {
        /// By system.
        system: SystemFilter => system_id in ("technology", "system", "id"),
    }
    /// An order of incidents.
    sort IncidentSort;
    /// What incidents can be sorted by.
    by IncidentSortField {
        /// By when they were opened.
        OpenedAt = "OPENED_AT" => opened_at,
        /// By number.
        Number = "NUMBER" => number,
    }
    default OpenedAt Desc;
    search [number, title, resolution];
    from "technology" incident as Incident;
}

/// A page of the incidents that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<IncidentFilter, IncidentSortField>,
) -> Result<Page<Incident>> {
    let visible = visible(tx, INCIDENT_READ, "incident")?;
    list(tx, request, visible).await
}

/// How many incidents of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<IncidentFilter, IncidentSortField>,
) -> Result<i64> {
    let visible = visible(tx, INCIDENT_READ, "incident")?;
    tally(tx, request, visible).await
}

/// Those among some incidents that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[IncidentId]) -> Result<Vec<Incident>> {
    let visible = visible(tx, INCIDENT_READ, "incident")?;
    Ok(incident::table
        .filter(incident::organisation_id.eq(tx.organisation()))
        .filter(incident::id.eq_any(ids))
        .filter(visible)
        .select(Incident::as_select())
        .load(tx.conn())
        .await?)
}

/// One incident, if the actor may see it.
pub async fn find(tx: &mut Tx, id: IncidentId) -> Result<Option<Incident>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// The next number of a company's incidents. Taken last, when nothing else can fail.
async fn number(tx: &mut Tx, company: CompanyId, at: DateTime<Utc>) -> Result<String> {
    directory::numbering::next(tx, SEQUENCE, Some(company), at.year()).await
}

async fn insert(tx: &mut Tx, row: &Incident) -> Result<()> {
    diesel::insert_into(incident::table)
        .values(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into()))?;
    Ok(())
}

async fn store(tx: &mut Tx, row: &Incident) -> Result<()> {
    diesel::update(incident::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await
        .map_err(|error| told(error.into()))?;
    Ok(())
}

fn told(error: kernel::Error) -> kernel::Error {
    use directory::check::taken;
    let error = taken(error, "incident_pkey", "kernel.id_taken", "id");
    taken(error, "incident_open_check", fault::INCIDENT_OPEN, "id")
}

/// What happened to an incident.
fn event(action: &'static str, row: &Incident) -> Event {
    Event::new(action, "Incident", row.id, INCIDENT_READ)
        .company(row.company_id)
        .set("number", &row.number)
        .set("system", row.system_id)
}
