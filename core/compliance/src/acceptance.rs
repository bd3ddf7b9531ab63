//! Acceptances: people live with a finding, for a reason and a time. One proposes; another, who may
//! accept, grants or refuses. Its day over, the next scan opens the finding again.
//!
//! The second person is an approval of [`processes::approval`], so that a proposal waits in the
//! inbox of who may grant it, and delegations and policies hold.

use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check;
use kernel::ids::{AcceptanceId, ApprovalId, CompanyId, FindingId, OrganisationId, UserId};
use kernel::{Date, Event, Fault, Faults, Predicate, Result, Tx};
use processes::Sentence;
use processes::approval::{self, ApprovalDecideInput, ApprovalVerdict, Decided, RequestApproval};
use serde_json::json;

use crate::fault;
use crate::finding::{self, Finding, FindingStatus};
use crate::permission::{FINDING_ACCEPT, FINDING_MANAGE, FINDING_READ};
use crate::rule;
use crate::schema::acceptance;

/// The GraphQL type of what is approved.
pub const SUBJECT: &str = "Acceptance";
/// Days that an acceptance lasts at most.
const MOST_DAYS: i64 = 366;

kernel::text_enum! {
    /// Where an acceptance stands.
    pub enum AcceptanceStatus {
        /// It waits for a second person.
        Proposed = "PROPOSED",
        /// A second person has granted it.
        Granted = "GRANTED",
        /// A second person has refused it.
        Refused = "REFUSED",
        /// The cause of the finding was gone before anybody decided.
        Withdrawn = "WITHDRAWN",
        /// It was granted, and its time is over, or the cause of the finding is gone.
        Ended = "ENDED",
    }
}

/// Living with a finding.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = acceptance,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Acceptance {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The acceptance.
    pub id: AcceptanceId,
    /// The finding.
    pub finding_id: FindingId,
    /// Its company.
    pub company_id: Option<CompanyId>,
    /// Why people live with it.
    pub reason: String,
    /// Until which day, inclusive.
    pub expires_on: Date,
    /// Where it stands.
    pub status: AcceptanceStatus,
    /// The approval that it waits for.
    pub approval_id: Option<ApprovalId>,
    /// Who proposed it, and therefore never grants it.
    pub proposed_by: UserId,
    /// When.
    pub proposed_at: DateTime<Utc>,
    /// Who granted or refused it.
    pub decided_by: Option<UserId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// What they said about it.
    pub comment: Option<String>,
    /// Counts the changes.
    pub version: i32,
}

impl Acceptance {
    fn event(&self, action: &'static str) -> Event {
        let event = Event::new(action, SUBJECT, self.id, FINDING_READ)
            .owner(Some(self.proposed_by))
            .set("finding", self.finding_id)
            .set("status", self.status);
        match self.company_id {
            Some(company) => event.company(company),
            None => event,
        }
    }
}

/// Proposes to live with a finding.
#[derive(Clone, Debug, InputObject)]
pub struct FindingAcceptInput {
    /// The finding.
    pub id: FindingId,
    /// Why, in at most 2,000 characters.
    pub reason: String,
    /// Until which day, inclusive; in the future, at most 366 days away.
    pub expires_on: Date,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Proposes to live with a finding; it stays open until a second person grants it.
///
/// # Errors
/// Every fault of the input at once; a finding that is not open, or has a proposal already.
#[tracing::instrument(skip_all, fields(finding.id = %command.id), err)]
pub async fn propose(tx: &mut Tx, command: FindingAcceptInput) -> Result<(Finding, Acceptance)> {
    let row = finding::lock(tx, command.id, FINDING_MANAGE, command.expected_version).await?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| processes::fault::forbidden(fault::ONLY_PEOPLE_ACCEPT))?;
    let reason = check_proposal(tx, &row, &command)?;
    let mut proposed = Acceptance {
        organisation_id: tx.organisation(),
        id: AcceptanceId::generate(),
        finding_id: row.id,
        company_id: row.company_id,
        reason,
        expires_on: command.expires_on,
        status: AcceptanceStatus::Proposed,
        approval_id: None,
        proposed_by: me,
        proposed_at: tx.now(),
        decided_by: None,
        decided_at: None,
        comment: None,
        version: 1,
    };
    if open_of(tx, row.id).await?.is_some() {
        return Err(Fault::conflict(fault::ACCEPTANCE_PROPOSED)
            .at(["id"])
            .into());
    }
    proposed.approval_id = Some(ask(tx, &row, &proposed).await?);
    diesel::insert_into(acceptance::table)
        .values(&proposed)
        .execute(tx.conn())
        .await?;
    tx.emit(proposed.event("compliance.acceptance.proposed"))
        .await?;
    Ok((row, proposed))
}

fn check_proposal(tx: &Tx, row: &Finding, command: &FindingAcceptInput) -> Result<String> {
    let today = tx.now().date_naive();
    let mut faults = Faults::new();
    match row.status {
        FindingStatus::Open => {}
        FindingStatus::Closed => {
            faults.push(Fault::not_allowed(fault::FINDING_CLOSED).at(["id"]));
        }
        FindingStatus::Accepted => {
            let until = row.accepted_until.map(|day| day.0.to_string());
            let fault = Fault::not_allowed(fault::FINDING_ACCEPTED);
            faults.push(fault.with("until", until.unwrap_or_default()).at(["id"]));
        }
    }
    faults.check(command.expires_on.0 > today, || {
        Fault::invalid(fault::ACCEPTANCE_OVER).at(["expiresOn"])
    });
    let latest = today + TimeDelta::days(MOST_DAYS);
    faults.check(command.expires_on.0 <= latest, || {
        Fault::invalid(fault::ACCEPTANCE_TOO_LONG)
            .with("most", MOST_DAYS)
            .at(["expiresOn"])
    });
    let reason = match check::text(&command.reason, 2_000) {
        Ok(reason) => reason,
        Err(fault) => {
            faults.push(fault.at(["reason"]));
            String::new()
        }
    };
    faults.finish()?;
    Ok(reason)
}

async fn ask(tx: &mut Tx, row: &Finding, proposed: &Acceptance) -> Result<ApprovalId> {
    let known = rule::find_key(&row.rule_key)?;
    let rule = known.map_or_else(
        || json!(row.rule_key),
        |rule| json!({ "es": rule.title.es, "en": rule.title.en }),
    );
    let title = Sentence::new("compliance.acceptance_title")
        .with("rule", rule)
        .with("subject", &row.subject_name);
    let wanted = RequestApproval {
        company: row.company_id,
        prepared_by: vec![proposed.proposed_by],
        ..RequestApproval::new(SUBJECT, proposed.id, title, FINDING_ACCEPT)
    };
    Ok(approval::request(tx, wanted).await?.id)
}

/// Grants or refuses an acceptance.
#[derive(Clone, Debug, InputObject)]
pub struct FindingAcceptanceDecideInput {
    /// The acceptance.
    pub id: AcceptanceId,
    /// Yes or no.
    pub decision: ApprovalVerdict,
    /// Why; needed for a no. At most 2,000 characters.
    pub comment: Option<String>,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Grants or refuses an acceptance that somebody else proposed. Granted, the finding is accepted
/// until its day is over.
///
/// # Errors
/// Who proposed it can't; one that was decided before; a finding that closed meanwhile.
#[tracing::instrument(skip_all, fields(acceptance.id = %command.id), err)]
pub async fn decide(
    tx: &mut Tx,
    command: FindingAcceptanceDecideInput,
) -> Result<(Finding, Acceptance)> {
    let (mut row, mut proposed) = lock(tx, command.id).await?;
    check::version(proposed.version, command.expected_version)?;
    if proposed.status != AcceptanceStatus::Proposed {
        let fault = Fault::not_allowed(fault::ACCEPTANCE_DECIDED);
        return Err(fault.with("status", proposed.status).at(["id"]).into());
    }
    let me = tx.actor().principal.user();
    if me == Some(proposed.proposed_by) {
        return Err(processes::fault::forbidden(fault::ACCEPTANCE_OWN)
            .at(["id"])
            .into());
    }
    if proposed.expires_on.0 <= tx.now().date_naive()
        && command.decision == ApprovalVerdict::Approve
    {
        return Err(Fault::not_allowed(fault::ACCEPTANCE_OVER).at(["id"]).into());
    }
    let approval = proposed
        .approval_id
        .ok_or_else(|| kernel::Error::bug("an acceptance has no approval"))?;
    let decided = approval::decide_holding(
        tx,
        ApprovalDecideInput {
            id: approval,
            decision: command.decision,
            comment: command.comment.clone(),
            expected_version: None,
        },
        FINDING_ACCEPT,
    )
    .await?;
    take(tx, &mut row, &mut proposed, decided, command).await?;
    Ok((row, proposed))
}

async fn take(
    tx: &mut Tx,
    row: &mut Finding,
    proposed: &mut Acceptance,
    decided: Decided,
    command: FindingAcceptanceDecideInput,
) -> Result<()> {
    let action = match command.decision {
        ApprovalVerdict::Reject => {
            proposed.status = AcceptanceStatus::Refused;
            "compliance.acceptance.refused"
        }
        ApprovalVerdict::Approve if decided.completed => {
            proposed.status = AcceptanceStatus::Granted;
            "compliance.acceptance.granted"
        }
        ApprovalVerdict::Approve => return Ok(()),
    };
    proposed.decided_by = tx.actor().principal.user();
    proposed.decided_at = Some(tx.now());
    proposed.comment = command.comment.filter(|text| !text.trim().is_empty());
    save(tx, proposed).await?;
    tx.emit(proposed.event(action)).await?;
    if proposed.status == AcceptanceStatus::Granted {
        row.status = FindingStatus::Accepted;
        row.accepted_until = Some(proposed.expires_on);
        finding::save(tx, row).await?;
        let event = row.event("compliance.finding.accepted");
        tx.emit(event.set("acceptedUntilDate", proposed.expires_on))
            .await?;
        processes::task::settle(tx, &[row.task_key()]).await?;
    }
    Ok(())
}

/// Locks an acceptance and its finding, the finding first, as everybody does.
async fn lock(tx: &mut Tx, id: AcceptanceId) -> Result<(Finding, Acceptance)> {
    let not_found = || Fault::not_found(fault::ACCEPTANCE_NOT_FOUND).at(["id"]);
    let found: Option<FindingId> = acceptance::table
        .find((tx.organisation(), id))
        .select(acceptance::finding_id)
        .first(tx.conn())
        .await
        .optional()?;
    let finding = found.ok_or_else(not_found)?;
    let row = match finding::lock(tx, finding, FINDING_ACCEPT, None).await {
        Err(kernel::Error::Refused(_)) => return Err(not_found().into()),
        other => other?,
    };
    let proposed = acceptance::table
        .find((tx.organisation(), id))
        .select(Acceptance::as_select())
        .for_update()
        .first(tx.conn())
        .await?;
    Ok((row, proposed))
}

async fn open_of(tx: &mut Tx, finding: FindingId) -> Result<Option<Acceptance>> {
    Ok(acceptance::table
        .filter(acceptance::organisation_id.eq(tx.organisation()))
        .filter(acceptance::finding_id.eq(finding))
        .filter(acceptance::status.eq(AcceptanceStatus::Proposed))
        .select(Acceptance::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

async fn save(tx: &mut Tx, row: &mut Acceptance) -> Result<()> {
    row.version += 1;
    diesel::update(acceptance::table.find((row.organisation_id, row.id)))
        .set(&*row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends what was granted and takes back what was proposed for findings that are closed or open
/// again. For the scan that holds their locks.
pub(crate) async fn end(tx: &mut Tx, findings: &[FindingId]) -> Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    let rows: Vec<Acceptance> = acceptance::table
        .filter(acceptance::organisation_id.eq(tx.organisation()))
        .filter(acceptance::finding_id.eq_any(findings))
        .filter(acceptance::status.eq_any([AcceptanceStatus::Proposed, AcceptanceStatus::Granted]))
        .order(acceptance::id)
        .select(Acceptance::as_select())
        .for_update()
        .load(tx.conn())
        .await?;
    for mut row in rows {
        let action = if row.status == AcceptanceStatus::Granted {
            row.status = AcceptanceStatus::Ended;
            "compliance.acceptance.ended"
        } else {
            approval::withdraw(tx, SUBJECT, row.id).await?;
            row.status = AcceptanceStatus::Withdrawn;
            "compliance.acceptance.withdrawn"
        };
        save(tx, &mut row).await?;
        tx.emit(row.event(action)).await?;
    }
    Ok(())
}

/// The acceptances of these ids whose findings the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[AcceptanceId]) -> Result<Vec<Acceptance>> {
    let visible = visible(tx)?;
    Ok(acceptance::table
        .filter(acceptance::organisation_id.eq(tx.organisation()))
        .filter(acceptance::id.eq_any(ids))
        .filter(visible)
        .select(Acceptance::as_select())
        .load(tx.conn())
        .await?)
}

/// The acceptances of findings, the newest first, as far as the actor may see the findings.
pub async fn of_findings(tx: &mut Tx, ids: &[FindingId]) -> Result<Vec<Acceptance>> {
    let visible = visible(tx)?;
    Ok(acceptance::table
        .filter(acceptance::organisation_id.eq(tx.organisation()))
        .filter(acceptance::finding_id.eq_any(ids))
        .filter(visible)
        .order((acceptance::finding_id, acceptance::id.desc()))
        .select(Acceptance::as_select())
        .load(tx.conn())
        .await?)
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let column = kernel::page::quoted("compliance", "acceptance", "finding_id");
    Ok(Predicate::sql(format!(
        "{column} IN (SELECT \"compliance\".\"finding\".\"id\" FROM compliance.finding WHERE "
    ))
    .then_all(finding::visible(tx)?)
    .then(")"))
}
