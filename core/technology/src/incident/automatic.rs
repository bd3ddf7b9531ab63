//! Incidents as checks open, go on with and close them, in the transaction of what was seen.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CheckId, IncidentId, UserId};
use kernel::{Result, Tx};
use processes::notification::{self, Notify};
use processes::sentence::Sentence;
use serde_json::json;

use super::note::{self, IncidentNoteKind, MOST_NOTES};
use super::{Incident, IncidentStatus, event, insert, number, store};
use crate::check::SystemCheck;
use crate::probe::Finding;
use crate::schema::{incident, system};

/// An incident was opened.
pub const OPENED: &str = "technology.incident_opened";
/// An incident is over.
pub const RESOLVED: &str = "technology.incident_resolved";
/// An incident was given to somebody.
pub const ASSIGNED: &str = "technology.incident_assigned";

/// The open incident of a check, locked.
pub(crate) async fn open_of(tx: &mut Tx, check: CheckId) -> Result<Option<Incident>> {
    Ok(incident::table
        .filter(incident::organisation_id.eq(tx.organisation()))
        .filter(incident::check_id.eq(check))
        .filter(incident::resolved_at.is_null())
        .for_update()
        .select(Incident::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// Opens the incident of a check that has failed often enough.
pub(crate) async fn open_by_check(
    tx: &mut Tx,
    check: &SystemCheck,
    finding: &Finding,
    at: DateTime<Utc>,
) -> Result<Incident> {
    let mut row = Incident {
        organisation_id: check.organisation_id,
        id: IncidentId::generate(),
        company_id: check.company_id,
        system_id: check.system_id,
        check_id: Some(check.id),
        number: number(tx, check.company_id, at).await?,
        title: None,
        severity: check.severity,
        status: IncidentStatus::Open,
        reason: Some(finding.reason.to_owned()),
        args: finding.kept(),
        failures: check.failures,
        began_at: check.failing_since.unwrap_or(at).min(at),
        opened_at: at,
        opened_by: None,
        acknowledged_at: None,
        acknowledged_by: None,
        assignee_id: None,
        resolved_at: None,
        resolved_by: None,
        resolution: None,
        notes: 1,
        version: 1,
    };
    insert(tx, &row).await?;
    row.notes = 0;
    let found = row.cause();
    note::add_by_check(tx, &mut row, IncidentNoteKind::Opened, Some(found)).await?;
    let told = event("technology.incident.opened", &row).set("severity", row.severity);
    tx.emit(told.set("reason", &row.reason)).await?;
    tell_owner(tx, &row, OPENED).await?;
    Ok(row)
}

/// Goes on with an incident whose check has failed again; what is found anew is noted.
pub(crate) async fn go_on(tx: &mut Tx, mut row: Incident, finding: &Finding) -> Result<()> {
    let is_new = row.reason.as_deref() != Some(finding.reason);
    row.failures = row.failures.saturating_add(1);
    row.reason = Some(finding.reason.to_owned());
    row.args = finding.kept();
    if is_new && row.notes < MOST_NOTES - 1 {
        let found = row.cause();
        note::add_by_check(tx, &mut row, IncidentNoteKind::Changed, Some(found)).await?;
    }
    store(tx, &row).await
}

/// Closes the incident of a check that has recovered.
pub(crate) async fn close_by_check(
    tx: &mut Tx,
    mut row: Incident,
    at: DateTime<Utc>,
) -> Result<()> {
    row.status = IncidentStatus::Resolved;
    row.resolved_at = Some(at.max(row.opened_at));
    row.version += 1;
    if row.notes < MOST_NOTES {
        note::add_by_check(tx, &mut row, IncidentNoteKind::Resolved, None).await?;
    }
    store(tx, &row).await?;
    tx.emit(event("technology.incident.resolved", &row)).await?;
    tell_owner(tx, &row, RESOLVED).await
}

/// Tells who answers for the system, and who works on the incident.
pub(super) async fn tell_owner(tx: &mut Tx, row: &Incident, kind: &'static str) -> Result<()> {
    let owner: Option<UserId> = system::table
        .find((row.organisation_id, row.system_id))
        .select(system::owner_id)
        .first(tx.conn())
        .await?;
    let me = tx.actor().principal.user();
    let users = [owner, row.assignee_id].into_iter().flatten();
    tell(
        tx,
        row,
        kind,
        users.filter(|user| Some(*user) != me).collect(),
    )
    .await
}

/// Tells some users about an incident, each of them once however often it is tried.
pub(super) async fn tell(
    tx: &mut Tx,
    row: &Incident,
    kind: &'static str,
    users: Vec<UserId>,
) -> Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    let name: String = system::table
        .find((row.organisation_id, row.system_id))
        .select(system::name)
        .first(tx.conn())
        .await?;
    let args = Sentence::new(kind)
        .with("number", &row.number)
        .with("system", name)
        .with("cause", row.cause())
        .args;
    let notice = Notify {
        args: json!(args),
        urgent: kind == OPENED,
        key: Some(format!("{kind}:{}:{}", row.id, row.version)),
        ..Notify::new(kind, "Incident", row.id, users)
    };
    notification::notify(tx, notice).await
}
