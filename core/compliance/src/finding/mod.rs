//! Findings: a breach of a rule by one subject, from when it was first seen to when its cause is
//! gone, and again.
//!
//! A scan settles a rule by [`settle`]: one read that locks the rule's findings, a decision in
//! memory, one insert, one update. Grave findings make a task each, or one for all when a rule
//! opens many at once.

mod act;
mod decide;
mod list;
mod settle;
mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::ids::{CompanyId, FindingId, OrganisationId, ScanId, UserId};
use kernel::{Date, Event};
use serde_json::Value;
use uuid::Uuid;

pub use act::{
    FindingAssignInput, FindingComment, FindingCommentId, FindingCommentInput, assign, comment,
    comments_of,
};
pub use list::{
    FindingFilter, FindingGroupBy, FindingSort, FindingSortField, FindingStatusFilter, aggregate,
    by_ids, count, find, page,
};
pub(crate) use list::{counts_by_rule, visible};
pub use settle::{Round, Settled};
pub(crate) use settle::{close_turned_off, preview, settle};
pub(crate) use store::{lock, save};

use crate::permission::FINDING_READ;
use crate::rule::Severity;
use crate::schema::finding;

kernel::text_enum! {
    /// Where a finding stands.
    pub enum FindingStatus {
        /// It is to be mended.
        Open = "OPEN",
        /// People live with it, for a time.
        Accepted = "ACCEPTED",
        /// Its cause is gone.
        Closed = "CLOSED",
    }
}

/// A breach of a rule by one subject.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = finding,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Finding {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The finding.
    pub id: FindingId,
    /// The rule.
    pub rule_key: String,
    /// The version of the rule that last saw it.
    pub rule_version: String,
    /// What makes the breach one and the same.
    pub subject_key: String,
    /// The GraphQL type of the record that it is about.
    pub subject_kind: String,
    /// The record that it is about.
    pub subject_id: Uuid,
    /// What that record was called when it was last seen.
    pub subject_name: String,
    /// Its company.
    pub company_id: Option<CompanyId>,
    /// How grave it is.
    pub severity: Severity,
    /// The severity as a number.
    pub gravity: i16,
    /// Where it stands.
    pub status: FindingStatus,
    /// The evidence, as texts by column of the rule.
    pub evidence: Value,
    /// How often it came up.
    pub occurrences: i32,
    /// When it was seen for the first time.
    pub first_seen_at: DateTime<Utc>,
    /// When a scan last saw it.
    pub last_seen_at: DateTime<Utc>,
    /// When it was opened the last time.
    pub opened_at: DateTime<Utc>,
    /// When its cause was gone.
    pub closed_at: Option<DateTime<Utc>>,
    /// Until which day it is accepted, inclusive.
    pub accepted_until: Option<Date>,
    /// Who works it off.
    pub assignee_id: Option<UserId>,
    /// The scan that last settled it.
    pub scan_id: ScanId,
    /// Counts the changes.
    pub version: i32,
}

impl Finding {
    /// The key of the task of its last opening.
    pub fn task_key(&self) -> String {
        format!("finding:{}:{}", self.id, self.opened_at.timestamp_micros())
    }

    /// An event of it, seen by who may read findings of its company, and by who works it off.
    pub(crate) fn event(&self, action: &'static str) -> Event {
        let event = Event::new(action, "Finding", self.id, FINDING_READ)
            .owner(self.assignee_id)
            .set("rule", &self.rule_key);
        match self.company_id {
            Some(company) => event.company(company),
            None => event,
        }
    }
}
