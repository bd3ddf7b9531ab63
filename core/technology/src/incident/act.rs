//! What people do about incidents: open them by hand, take them on, hand them over, say something,
//! resolve and reopen them. Locks go from the check to its incident, as the job takes them.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self as input, Input};
use kernel::ids::{CheckId, IncidentId, SystemId, UserId};
use kernel::{Fault, Faults, Result, Tx};
use serde_json::json;

use super::automatic::{ASSIGNED, OPENED, RESOLVED, tell, tell_owner};
use super::note::{self, IncidentNoteKind};
use super::{Incident, IncidentStatus, event, insert, number, store};
use crate::check::IncidentSeverity;
use crate::permission::INCIDENT_MANAGE;
use crate::schema::{incident, system_check};
use crate::system::{self, is_active};
use crate::{check, fault};

/// Opens an incident by hand.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentOpenInput {
    /// An id made by the client, `icd_…`.
    pub id: Option<IncidentId>,
    /// The system that it is about.
    pub system: SystemId,
    /// What it is about, in at most 200 characters.
    pub title: String,
    /// How bad it is.
    #[graphql(default_with = "IncidentSeverity::Major")]
    pub severity: IncidentSeverity,
    /// When it began; now when absent.
    pub began_at: Option<DateTime<Utc>>,
    /// Who is to work on it.
    pub assignee: Option<UserId>,
    /// A first note, in at most 2,000 characters.
    pub note: Option<String>,
}

/// Takes an incident on.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentAcknowledgeInput {
    /// The incident.
    pub id: IncidentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Gives an incident to somebody.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentAssignInput {
    /// The incident.
    pub id: IncidentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Who is to work on it; nobody when absent.
    pub assignee: Option<UserId>,
}

/// Says something about an incident.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentNoteAddInput {
    /// The incident.
    pub id: IncidentId,
    /// What, in at most 2,000 characters.
    pub text: String,
}

/// Resolves an incident.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentResolveInput {
    /// The incident.
    pub id: IncidentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// How, in at most 2,000 characters.
    pub resolution: String,
}

/// Reopens an incident that was not over after all.
#[derive(Clone, Debug, InputObject)]
pub struct IncidentReopenInput {
    /// The incident.
    pub id: IncidentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Why, in at most 2,000 characters.
    pub reason: String,
}

/// Opens an incident by hand and tells who answers for the system.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, fields(system.id = %command.system), err)]
pub async fn open(tx: &mut Tx, command: IncidentOpenInput) -> Result<Incident> {
    let system = system::lock_for(tx, command.system, INCIDENT_MANAGE, "system").await?;
    system::in_use(&system, "system")?;
    let now = tx.now();
    let mut input = Input::new();
    let title = input.take("title", input::text(&command.title, 200));
    let note = input.take("note", input::optional(command.note.as_deref(), 2_000));
    let began_at = command.began_at.unwrap_or(now);
    input.check(began_at <= now, || {
        Fault::invalid(fault::BEGAN_IN_FUTURE).at(["beganAt"])
    });
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(require_user(tx, command.assignee).await)?;
    faults.finish()?;
    let mut row = Incident {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(IncidentId::generate),
        company_id: system.company_id,
        system_id: system.id,
        check_id: None,
        number: number(tx, system.company_id, now).await?,
        title: Some(title),
        severity: command.severity,
        status: IncidentStatus::Open,
        reason: None,
        args: json!({}),
        failures: 0,
        began_at,
        opened_at: now,
        opened_by: tx.actor().principal.user(),
        acknowledged_at: None,
        acknowledged_by: None,
        assignee_id: command.assignee,
        resolved_at: None,
        resolved_by: None,
        resolution: None,
        notes: 1,
        version: 1,
    };
    insert(tx, &row).await?;
    row.notes = 0;
    note::add(tx, &mut row, IncidentNoteKind::Opened, note).await?;
    let told = event("technology.incident.opened", &row).set("severity", row.severity);
    tx.emit(told.set("title", &row.title)).await?;
    tell_owner(tx, &row, OPENED).await?;
    Ok(row)
}

/// Takes an incident on: the actor has seen it, and works on it unless somebody else does.
#[tracing::instrument(skip_all, fields(incident.id = %command.id), err)]
pub async fn acknowledge(tx: &mut Tx, command: IncidentAcknowledgeInput) -> Result<Incident> {
    let mut row = lock(tx, command.id, command.expected_version).await?;
    require_status(&row, &[IncidentStatus::Open])?;
    let me = tx.actor().principal.user();
    row.status = IncidentStatus::Acknowledged;
    row.acknowledged_at = Some(tx.now());
    row.acknowledged_by = me;
    row.assignee_id = row.assignee_id.or(me);
    note::add(tx, &mut row, IncidentNoteKind::Acknowledged, None).await?;
    settle(tx, row, "technology.incident.acknowledged").await
}

/// Gives an incident to somebody, and tells them.
#[tracing::instrument(skip_all, fields(incident.id = %command.id), err)]
pub async fn assign(tx: &mut Tx, command: IncidentAssignInput) -> Result<Incident> {
    let mut row = lock(tx, command.id, command.expected_version).await?;
    require_status(&row, &[IncidentStatus::Open, IncidentStatus::Acknowledged])?;
    require_user(tx, command.assignee).await?;
    row.assignee_id = command.assignee;
    note::add(tx, &mut row, IncidentNoteKind::Assigned, None).await?;
    let row = settle(tx, row, "technology.incident.assigned").await?;
    let me = tx.actor().principal.user();
    let told = row.assignee_id.filter(|user| Some(*user) != me);
    tell(tx, &row, ASSIGNED, told.into_iter().collect()).await?;
    Ok(row)
}

/// Says something about an incident, also about one that is over.
#[tracing::instrument(skip_all, fields(incident.id = %command.id), err)]
pub async fn add_note(tx: &mut Tx, command: IncidentNoteAddInput) -> Result<Incident> {
    let mut row = lock(tx, command.id, None).await?;
    let mut input = Input::new();
    let text = input.take("text", input::text(&command.text, 2_000));
    input.finish()?;
    note::add(tx, &mut row, IncidentNoteKind::Noted, Some(text)).await?;
    settle(tx, row, "technology.incident.noted").await
}

/// Resolves an incident. Its check, if it has one, begins to count anew: it opens another incident
/// only after as many failures as it takes.
#[tracing::instrument(skip_all, fields(incident.id = %command.id), err)]
pub async fn resolve(tx: &mut Tx, command: IncidentResolveInput) -> Result<Incident> {
    let mut row = lock(tx, command.id, command.expected_version).await?;
    require_status(&row, &[IncidentStatus::Open, IncidentStatus::Acknowledged])?;
    let mut input = Input::new();
    let how = input.take("resolution", input::text(&command.resolution, 2_000));
    input.finish()?;
    row.status = IncidentStatus::Resolved;
    row.resolved_at = Some(tx.now().max(row.opened_at));
    row.resolved_by = tx.actor().principal.user();
    row.resolution = Some(how.clone());
    note::add(tx, &mut row, IncidentNoteKind::Resolved, Some(how)).await?;
    if let Some(check) = row.check_id {
        forget_streak(tx, check).await?;
    }
    let row = settle(tx, row, "technology.incident.resolved").await?;
    tell_owner(tx, &row, RESOLVED).await?;
    Ok(row)
}

/// Reopens an incident.
///
/// # Errors
/// One that is not resolved, and one whose check has another open.
#[tracing::instrument(skip_all, fields(incident.id = %command.id), err)]
pub async fn reopen(tx: &mut Tx, command: IncidentReopenInput) -> Result<Incident> {
    let mut row = lock(tx, command.id, command.expected_version).await?;
    require_status(&row, &[IncidentStatus::Resolved])?;
    let mut input = Input::new();
    let why = input.take("reason", input::text(&command.reason, 2_000));
    input.finish()?;
    row.status = match row.acknowledged_at {
        Some(_) => IncidentStatus::Acknowledged,
        None => IncidentStatus::Open,
    };
    row.resolved_at = None;
    row.resolved_by = None;
    row.resolution = None;
    note::add(tx, &mut row, IncidentNoteKind::Reopened, Some(why)).await?;
    settle(tx, row, "technology.incident.reopened").await
}

/// Locks an incident that the actor may work on, after its check.
async fn lock(tx: &mut Tx, id: IncidentId, expected_version: Option<i32>) -> Result<Incident> {
    let scope = tx.require(INCIDENT_MANAGE)?;
    let not_found = || Fault::not_found(fault::INCIDENT_NOT_FOUND).at(["id"]);
    let check: Option<Option<CheckId>> = incident::table
        .find((tx.organisation(), id))
        .select(incident::check_id)
        .first(tx.conn())
        .await
        .optional()?;
    if let Some(check) = check.ok_or_else(not_found)? {
        check::lock_any(tx, check).await?;
    }
    let row: Incident = incident::table
        .find((tx.organisation(), id))
        .for_update()
        .select(Incident::as_select())
        .first(tx.conn())
        .await?;
    if !scope.covers(Some(row.company_id), None) {
        return Err(not_found().into());
    }
    input::version(row.version, expected_version)?;
    Ok(row)
}

fn require_status(row: &Incident, any: &[IncidentStatus]) -> Result<()> {
    if any.contains(&row.status) {
        return Ok(());
    }
    Err(Fault::not_allowed(fault::INCIDENT_STATE).at(["id"]).into())
}

async fn require_user(tx: &mut Tx, user: Option<UserId>) -> Result<()> {
    match user {
        Some(user) if !is_active(tx, user).await? => Err(Fault::not_found(fault::USER_NOT_FOUND)
            .at(["assignee"])
            .into()),
        _ => Ok(()),
    }
}

/// Stores an incident that somebody changed, and tells of it.
async fn settle(tx: &mut Tx, mut row: Incident, action: &'static str) -> Result<Incident> {
    row.version += 1;
    store(tx, &row).await?;
    let told = event(action, &row).set("status", row.status);
    tx.emit(told.set("assignee", row.assignee_id)).await?;
    Ok(row)
}

async fn forget_streak(tx: &mut Tx, id: CheckId) -> Result<()> {
    diesel::update(system_check::table.find((tx.organisation(), id)))
        .set((
            system_check::failures.eq(0),
            system_check::recoveries.eq(0),
            system_check::failing_since.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}
