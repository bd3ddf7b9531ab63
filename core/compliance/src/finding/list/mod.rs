//! Reading findings: by who may read them in their company, and by who works them off.

mod aggregate;

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::FindingId;
use kernel::page::{Page, PageRequest};
use kernel::{Error, Predicate, Result, Tx};

use super::{Finding, FindingStatus};
use crate::permission::FINDING_READ;
use crate::rule::SeverityFilter;
use crate::schema::finding;

pub use aggregate::{FindingGroupBy, aggregate};

kernel::enum_filter! {
    /// Conditions on where a finding stands.
    FindingStatusFilter of FindingStatus
}

kernel::listing! {
    /// Conditions on findings.
    filter FindingFilter {
        /// By id.
        id: IdFilter => id,
        /// By the key of the rule, `finance.payment_too_late`.
        rule_key: TextFilter => rule_key,
        /// By where they stand.
        status: FindingStatusFilter => status,
        /// By how grave they are.
        severity: SeverityFilter => severity,
        /// By company.
        company: IdFilter => company_id,
        /// By the kind of record that they are about.
        subject_kind: TextFilter => subject_kind,
        /// By the record that they are about.
        subject: IdFilter => subject_id,
        /// By who works them off.
        assignee: IdFilter => assignee_id,
        /// By how often they came up.
        occurrences: IntFilter => occurrences,
        /// By until when they are accepted.
        accepted_until_date: DateFilter => accepted_until,
        /// By when they were first seen.
        first_seen_at: DateTimeFilter => first_seen_at,
        /// By when a scan last saw them.
        last_seen_at: DateTimeFilter => last_seen_at,
        /// By when they were opened the last time.
        opened_at: DateTimeFilter => opened_at,
        /// By when their cause was gone.
        closed_at: DateTimeFilter => closed_at,
    }
    /// An order of findings.
    sort FindingSort;
    /// What findings can be sorted by.
    by FindingSortField {
        /// By when they were opened the last time.
        OpenedAt = "OPENED_AT" => opened_at,
        /// By how grave they are.
        Severity = "SEVERITY" => gravity,
    }
    default OpenedAt Desc;
    search [subject_name, rule_key];
    from "compliance" finding as Finding;
}

/// What is asked of the findings.
pub type FindingRequest = PageRequest<FindingFilter, FindingSortField>;

/// A page of the findings that the actor may see.
pub async fn page(tx: &mut Tx, request: FindingRequest) -> Result<Page<Finding>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many findings of the request the actor may see.
pub async fn count(tx: &mut Tx, request: FindingRequest) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The findings of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[FindingId]) -> Result<Vec<Finding>> {
    let visible = visible(tx)?;
    Ok(finding::table
        .filter(finding::organisation_id.eq(tx.organisation()))
        .filter(finding::id.eq_any(ids))
        .filter(visible)
        .select(Finding::as_select())
        .load(tx.conn())
        .await?)
}

/// One finding, if the actor may see it.
pub async fn find(tx: &mut Tx, id: FindingId) -> Result<Option<Finding>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// How many findings of each rule are open and accepted, as far as the actor may see them.
pub(crate) async fn counts_by_rule(tx: &mut Tx) -> Result<HashMap<String, (i64, i64)>> {
    let visible = match visible(tx) {
        Err(Error::Denied(_)) => return Ok(HashMap::new()),
        other => other?,
    };
    let rows: Vec<(String, FindingStatus, i64)> = finding::table
        .filter(finding::organisation_id.eq(tx.organisation()))
        .filter(finding::status.ne(FindingStatus::Closed))
        .filter(visible)
        .group_by((finding::rule_key, finding::status))
        .select((
            finding::rule_key,
            finding::status,
            diesel::dsl::count_star(),
        ))
        .load(tx.conn())
        .await?;
    let mut counts: HashMap<String, (i64, i64)> = HashMap::new();
    for (rule, status, count) in rows {
        let (open, accepted) = counts.entry(rule).or_default();
        match status {
            FindingStatus::Open => *open += count,
            FindingStatus::Accepted => *accepted += count,
            FindingStatus::Closed => {}
        }
    }
    Ok(counts)
}

/// What the actor may see of findings: those in their scope, and those that they work off.
pub(crate) fn visible(tx: &Tx) -> Result<Predicate> {
    let column = |name| kernel::page::quoted("compliance", "finding", name);
    let scope = tx.actor().scope(FINDING_READ);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    let read = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    match tx.actor().principal.user() {
        _ if scope.everywhere => Ok(here),
        Some(me) => Ok(here.and(read.or(Predicate::equal(&column("assignee_id"), me.0)))),
        None if scope.is_nowhere() => Err(Error::Denied(FINDING_READ)),
        None => Ok(here.and(read)),
    }
}
