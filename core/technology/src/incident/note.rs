//! The notes of an incident: what was done and said about it, in order; never changed.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{IncidentId, OrganisationId, UserId};
use kernel::{Fault, Result, Tx};
use processes::sentence::Sentence;
use serde_json::{Value, json};

use super::Incident;
use crate::fault;
use crate::schema::incident_note;

/// Notes of an incident at most.
pub const MOST_NOTES: i32 = 1_000;

kernel::text_enum! {
    /// What a note tells of.
    pub enum IncidentNoteKind {
        /// It was opened.
        Opened = "OPENED",
        /// Its check found something else.
        Changed = "CHANGED",
        /// Somebody took it on.
        Acknowledged = "ACKNOWLEDGED",
        /// Somebody else is to work on it.
        Assigned = "ASSIGNED",
        /// Somebody said something.
        Noted = "NOTED",
        /// It was resolved.
        Resolved = "RESOLVED",
        /// It was not over after all.
        Reopened = "REOPENED",
    }
}

/// A note of an incident.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = incident_note, check_for_backend(diesel::pg::Pg))]
pub struct IncidentNote {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The incident.
    pub incident_id: IncidentId,
    /// Its place, from 1.
    pub position: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Whose it is; none when a check's.
    pub author_id: Option<UserId>,
    /// What it tells of.
    pub kind: IncidentNoteKind,
    /// What somebody said.
    pub text: Option<String>,
    /// What a check found, as a reason.
    pub reason: Option<String>,
    /// What the reason's sentence speaks of.
    pub args: Value,
}

/// The notes of some incidents, in order within each. For those who see the incidents; checks no
/// permission.
pub async fn notes_of(tx: &mut Tx, ids: &[IncidentId]) -> Result<Vec<IncidentNote>> {
    Ok(incident_note::table
        .filter(incident_note::organisation_id.eq(tx.organisation()))
        .filter(incident_note::incident_id.eq_any(ids))
        .order((incident_note::incident_id, incident_note::position))
        .select(IncidentNote::as_select())
        .load(tx.conn())
        .await?)
}

/// Adds a note of the actor's to an incident that is locked, and counts it in the incident's row,
/// which the caller stores.
///
/// # Errors
/// An incident that has as many as it can have.
pub(super) async fn add(
    tx: &mut Tx,
    incident: &mut Incident,
    kind: IncidentNoteKind,
    text: Option<String>,
) -> Result<()> {
    let row = IncidentNote {
        author_id: tx.actor().principal.user(),
        text,
        ..blank(tx, incident, kind)
    };
    append(tx, incident, row).await
}

/// Like [`add`], for what a check says: it has no author, whoever had the check look.
///
/// # Errors
/// An incident that has as many as it can have.
pub(super) async fn add_by_check(
    tx: &mut Tx,
    incident: &mut Incident,
    kind: IncidentNoteKind,
    found: Option<Sentence>,
) -> Result<()> {
    let mut row = blank(tx, incident, kind);
    if let Some(found) = found {
        row.reason = Some(found.key);
        row.args = found.args;
    }
    append(tx, incident, row).await
}

fn blank(tx: &Tx, incident: &Incident, kind: IncidentNoteKind) -> IncidentNote {
    IncidentNote {
        organisation_id: incident.organisation_id,
        incident_id: incident.id,
        position: incident.notes.saturating_add(1),
        at: tx.now(),
        author_id: None,
        kind,
        text: None,
        reason: None,
        args: json!({}),
    }
}

async fn append(tx: &mut Tx, incident: &mut Incident, row: IncidentNote) -> Result<()> {
    if incident.notes >= MOST_NOTES {
        return Err(Fault::not_allowed(fault::INCIDENT_FULL)
            .with("most", MOST_NOTES)
            .at(["id"])
            .into());
    }
    incident.notes = row.position;
    diesel::insert_into(incident_note::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    Ok(())
}
