//! What is known of an approval: its row, its steps and its decisions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::ids::{
    ApprovalId, ApprovalPolicyId, ApprovalStepId, CompanyId, DelegationId, OrganisationId, RoleId,
    UserId,
};
use kernel::scalar::Dec;
use kernel::{CurrencyCode, Money};
use serde::Serialize;
use uuid::Uuid;

use crate::schema::{approval, approval_decision, approval_step};
use crate::sentence::Sentence;

kernel::typed_id! {
    /// A decision on a step of an approval.
    ApprovalDecisionId = "apd";
}

kernel::text_enum! {
    /// Where an approval stands.
    pub enum ApprovalStatus {
        /// It waits for decisions.
        Open = "OPEN",
        /// Every step was approved.
        Approved = "APPROVED",
        /// Somebody rejected it.
        Rejected = "REJECTED",
        /// Its subject changed before all had decided.
        Withdrawn = "WITHDRAWN",
    }
}

kernel::text_enum! {
    /// Where a step of an approval stands.
    pub enum ApprovalStepStatus {
        /// Steps before it are not done.
        Waiting = "WAITING",
        /// It waits for decisions.
        Open = "OPEN",
        /// It has the approvals it needs.
        Approved = "APPROVED",
        /// Somebody rejected it.
        Rejected = "REJECTED",
        /// The approval closed before it was decided.
        Cancelled = "CANCELLED",
    }
}

kernel::text_enum! {
    /// What somebody decides.
    pub enum ApprovalVerdict {
        /// Yes.
        Approve = "APPROVE",
        /// No; ends the whole approval.
        Reject = "REJECT",
    }
}

/// A request for approval of one record.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = approval, check_for_backend(diesel::pg::Pg))]
pub struct Approval {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The approval.
    pub id: ApprovalId,
    /// The GraphQL type of the record, `PayrollRun`.
    pub subject_kind: String,
    /// The record.
    pub subject_id: Uuid,
    /// Its company, if it is one company's.
    pub company_id: Option<CompanyId>,
    /// The key of its title in the message files.
    pub title_key: String,
    /// The values that the title speaks of; see [`crate::sentence::say`].
    pub title_args: serde_json::Value,
    /// What it is about in money, in units of the currency.
    pub amount: Option<Dec>,
    /// The currency of the amount.
    pub currency_code: Option<CurrencyCode>,
    /// The policy that its steps come from; none when the default was taken.
    pub policy_id: Option<ApprovalPolicyId>,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// The position of the open step, or of the one that closed it.
    pub current_step: i32,
    /// How many steps it has.
    pub steps: i32,
    /// Who asked, if it was a person.
    pub requested_by: Option<UserId>,
    /// When they asked.
    pub requested_at: DateTime<Utc>,
    /// When the open step has to be decided.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    pub version: i32,
}

impl Approval {
    /// Its title, to be spoken in the reader's language.
    pub fn title(&self) -> Sentence {
        Sentence {
            key: self.title_key.clone(),
            args: self.title_args.clone(),
        }
    }

    /// What it is about in money.
    pub fn money(&self) -> Option<Money> {
        Some(Money {
            amount: self.amount?,
            currency_code: self.currency_code?,
        })
    }
}

/// A step of an approval, as the policy had it when approval was asked for.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = approval_step, check_for_backend(diesel::pg::Pg))]
pub struct ApprovalStep {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The step.
    pub id: ApprovalStepId,
    /// Its approval.
    pub approval_id: ApprovalId,
    /// Its place, from 1.
    pub position: i32,
    /// What the policy calls it.
    pub name: Option<String>,
    /// What one must be allowed to do in order to decide.
    pub permission: Option<String>,
    /// The roles whose holders decide.
    pub role_ids: Vec<RoleId>,
    /// The people who decide, beside the roles' holders.
    pub user_ids: Vec<UserId>,
    /// Approvals by different people that it takes.
    pub approvals_needed: i32,
    /// Approvals that it has.
    pub approvals: i32,
    /// Hours to decide, from when it opens.
    pub due_hours: Option<i32>,
    /// The roles whose holders may decide, too, once it is escalated.
    pub escalation_role_ids: Vec<RoleId>,
    /// The people who may decide, too, once it is escalated.
    pub escalation_user_ids: Vec<UserId>,
    /// Whether deciding takes a fresh proof of identity.
    pub step_up: bool,
    /// Where it stands.
    pub status: ApprovalStepStatus,
    /// When it opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When it has to be decided.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was escalated.
    pub escalated_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
}

impl ApprovalStep {
    pub(crate) fn close(&mut self, status: ApprovalStepStatus, now: DateTime<Utc>) {
        self.status = status;
        self.closed_at = Some(now);
    }
}

/// What somebody decided in a step.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = approval_decision, check_for_backend(diesel::pg::Pg))]
pub struct ApprovalDecision {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The decision.
    pub id: ApprovalDecisionId,
    /// The approval.
    pub approval_id: ApprovalId,
    /// The step.
    pub step_id: ApprovalStepId,
    /// Who decided.
    pub decided_by: UserId,
    /// For whom, if they stood in for somebody.
    pub on_behalf_of: Option<UserId>,
    /// By which delegation.
    pub delegation_id: Option<DelegationId>,
    /// What.
    pub decision: ApprovalVerdict,
    /// Why.
    pub comment: Option<String>,
    /// When.
    pub decided_at: DateTime<Utc>,
}
