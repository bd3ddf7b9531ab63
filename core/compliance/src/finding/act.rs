//! What people do with findings: give them to somebody, say something about them.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use directory::check;
use kernel::ids::{FindingId, OrganisationId, UserId};
use kernel::{Error, Fault, Faults, Result, Tx};
use processes::task;

use super::settle::make_task;
use super::{Finding, FindingStatus, by_ids, store};
use crate::fault;
use crate::permission::FINDING_MANAGE;
use crate::rule;
use crate::schema::finding_comment;

kernel::typed_id! {
    /// A comment on a finding.
    FindingCommentId = "fnc";
}

/// Gives a finding to somebody.
#[derive(Clone, Debug, InputObject)]
pub struct FindingAssignInput {
    /// The finding.
    pub id: FindingId,
    /// Who works it off; null gives its task back to the queue of compliance.
    pub assignee_id: Option<UserId>,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
}

/// Gives a finding to somebody, who gets its task and sees the finding from then on.
///
/// # Errors
/// A closed finding; a user who is not there.
#[tracing::instrument(skip_all, fields(finding.id = %command.id), err)]
pub async fn assign(tx: &mut Tx, command: FindingAssignInput) -> Result<Finding> {
    let seen = store::lock(tx, command.id, FINDING_MANAGE, command.expected_version).await?;
    let mut faults = Faults::new();
    faults.check(seen.status != FindingStatus::Closed, || {
        Fault::not_allowed(fault::FINDING_CLOSED).at(["id"])
    });
    if let Some(user) = command.assignee_id {
        let known = is_active(tx, user).await?;
        faults.check(known, || {
            Fault::not_found(fault::USER_UNKNOWN).at(["assigneeId"])
        });
    }
    faults.finish()?;
    let mut next = Finding {
        assignee_id: command.assignee_id,
        ..seen.clone()
    };
    store::save(tx, &mut next).await?;
    let event = next.event("compliance.finding.assigned");
    tx.emit(event.changed("assignee", &seen.assignee_id, &next.assignee_id))
        .await?;
    if task::hand_over(tx, &next.task_key(), next.assignee_id)
        .await?
        .is_none()
        && next.assignee_id.is_some()
        && let Some(rule) = rule_of(tx, &next).await?
    {
        make_task(tx, &rule, &next).await?;
    }
    Ok(next)
}

/// The rule of a finding as it is in force; `None` when the program no longer has it.
async fn rule_of(tx: &mut Tx, finding: &Finding) -> Result<Option<rule::ComplianceRule>> {
    let rules = rule::in_force(tx).await?;
    Ok(rules
        .into_iter()
        .find(|rule| rule.rule.key == finding.rule_key))
}

async fn is_active(tx: &mut Tx, user: UserId) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = sql::Bool)]
        known: bool,
    }
    let found: Known = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM directory.\"user\" \
         WHERE organisation_id = $1 AND id = $2 AND active) AS known",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(user)
    .get_result(tx.conn())
    .await?;
    Ok(found.known)
}

/// What somebody said about a finding.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = finding_comment, check_for_backend(diesel::pg::Pg))]
pub struct FindingComment {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The comment.
    pub id: FindingCommentId,
    /// The finding.
    pub finding_id: FindingId,
    /// Who said it; absent for an automation.
    pub author_id: Option<UserId>,
    /// Their name at the time.
    pub author_name: String,
    /// What they said: plain text.
    pub text: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Says something about a finding.
#[derive(Clone, Debug, InputObject)]
pub struct FindingCommentInput {
    /// The finding.
    pub id: FindingId,
    /// What: plain text of at most 4,000 characters.
    pub text: String,
}

/// Says something about a finding: who manages findings may, and who works it off.
///
/// # Errors
/// Not theirs to see; a text that is empty or too long.
#[tracing::instrument(skip_all, fields(finding.id = %command.id), err)]
pub async fn comment(tx: &mut Tx, command: FindingCommentInput) -> Result<Finding> {
    let not_found = || Fault::not_found(fault::FINDING_NOT_FOUND).at(["id"]);
    let seen = by_ids(tx, &[command.id]).await?.pop();
    let finding = seen.ok_or_else(not_found)?;
    let me = tx.actor().principal.user();
    let own = me.is_some() && finding.assignee_id == me;
    let manages = tx.actor().scope(FINDING_MANAGE);
    if !own && !manages.covers(finding.company_id, None) {
        return Err(Error::Denied(FINDING_MANAGE));
    }
    let text = check::text(&command.text, 4_000).map_err(|fault| fault.at(["text"]))?;
    let row = FindingComment {
        organisation_id: tx.organisation(),
        id: FindingCommentId::generate(),
        finding_id: finding.id,
        author_id: me,
        author_name: tx.actor().name.chars().take(200).collect(),
        text,
        created_at: tx.now(),
    };
    diesel::insert_into(finding_comment::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    tx.emit(finding.event("compliance.finding.commented"))
        .await?;
    Ok(finding)
}

/// The comments on findings, the oldest first, as far as the actor may see the findings.
pub async fn comments_of(tx: &mut Tx, ids: &[FindingId]) -> Result<Vec<FindingComment>> {
    let found = by_ids(tx, ids).await?;
    let ids: Vec<FindingId> = found.iter().map(|finding| finding.id).collect();
    Ok(finding_comment::table
        .filter(finding_comment::organisation_id.eq(tx.organisation()))
        .filter(finding_comment::finding_id.eq_any(ids))
        .order((finding_comment::finding_id, finding_comment::id))
        .select(FindingComment::as_select())
        .load(tx.conn())
        .await?)
}
