//! Reading scans, their results, and what is covered.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, IntFilter};
use kernel::ids::ScanId;
use kernel::page::{Page, PageRequest};
use kernel::{Predicate, Result, Tx};

use super::{Scan, ScanRule, ScanRuleStatus};
use crate::finding;
use crate::permission::RULE_READ;
use crate::rule::{self, ComplianceRule};
use crate::schema::{scan, scan_rule};

kernel::listing! {
    /// Conditions on scans.
    filter ComplianceScanFilter {
        /// By id.
        id: IdFilter => id,
        /// By the company that they were limited to.
        company: IdFilter => company_id,
        /// By rules that failed.
        failed_count: IntFilter => failed,
        /// By breaches that were found.
        found_count: IntFilter => found,
        /// By when they began.
        started_at: DateTimeFilter => started_at,
        /// By when they ended; `isNull` finds those that have not.
        finished_at: DateTimeFilter => finished_at,
    }
    /// An order of scans.
    sort ComplianceScanSort;
    /// What scans can be sorted by.
    by ComplianceScanSortField {
        /// By when they began.
        StartedAt = "STARTED_AT" => started_at,
    }
    default StartedAt Desc;
    search [];
    from "compliance" scan as Scan;
}

/// What is asked of the scans.
pub type ScanRequest = PageRequest<ComplianceScanFilter, ComplianceScanSortField>;

/// A page of the scans that the actor may see.
pub async fn page(tx: &mut Tx, request: ScanRequest) -> Result<Page<Scan>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many scans of the request the actor may see.
pub async fn count(tx: &mut Tx, request: ScanRequest) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The scans of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[ScanId]) -> Result<Vec<Scan>> {
    let visible = visible(tx)?;
    Ok(scan::table
        .filter(scan::organisation_id.eq(tx.organisation()))
        .filter(scan::id.eq_any(ids))
        .filter(visible)
        .select(Scan::as_select())
        .load(tx.conn())
        .await?)
}

/// One scan, if the actor may see it.
pub async fn find(tx: &mut Tx, id: ScanId) -> Result<Option<Scan>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// What each rule of some scans did, as far as the actor may see the scans.
pub async fn results_of(tx: &mut Tx, ids: &[ScanId]) -> Result<Vec<ScanRule>> {
    let ids: Vec<ScanId> = by_ids(tx, ids).await?.iter().map(|scan| scan.id).collect();
    Ok(scan_rule::table
        .filter(scan_rule::organisation_id.eq(tx.organisation()))
        .filter(scan_rule::scan_id.eq_any(ids))
        .order((scan_rule::scan_id, scan_rule::rule_key))
        .select(ScanRule::as_select())
        .load(tx.conn())
        .await?)
}

/// What is covered by a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Coverage {
    /// The rule.
    pub rule: ComplianceRule,
    /// Its newest run, of the whole organisation or of a company.
    pub last: Option<ScanRule>,
    /// When it last came through.
    pub last_done_at: Option<DateTime<Utc>>,
    /// Its open findings, as far as the actor may see them.
    pub open: i64,
    /// Its accepted findings, as far as the actor may see them.
    pub accepted: i64,
}

/// What is covered, rule by rule: what was looked at, when, how much, and what is open.
pub async fn coverage(tx: &mut Tx) -> Result<Vec<Coverage>> {
    #[derive(QueryableByName)]
    struct Done {
        #[diesel(sql_type = sql::Text)]
        rule_key: String,
        #[diesel(sql_type = sql::Timestamptz)]
        at: DateTime<Utc>,
    }
    tx.require(RULE_READ)?;
    let rules = rule::in_force(tx).await?;
    let newest: Vec<ScanRule> = scan_rule::table
        .filter(scan_rule::organisation_id.eq(tx.organisation()))
        .distinct_on(scan_rule::rule_key)
        .order((scan_rule::rule_key, scan_rule::at.desc()))
        .select(ScanRule::as_select())
        .load(tx.conn())
        .await?;
    let done: Vec<Done> = diesel::sql_query(
        "SELECT rule_key, max(at) AS at FROM compliance.scan_rule \
         WHERE organisation_id = $1 AND status = $2 GROUP BY rule_key",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Text, _>(ScanRuleStatus::Done.text())
    .load(tx.conn())
    .await?;
    let counts = finding::counts_by_rule(tx).await?;
    let covered = rules.into_iter().map(|rule| {
        let key = &rule.rule.key;
        let (open, accepted) = counts.get(key).copied().unwrap_or_default();
        Coverage {
            last: newest.iter().find(|row| row.rule_key == *key).cloned(),
            last_done_at: done
                .iter()
                .find(|row| row.rule_key == *key)
                .map(|row| row.at),
            open,
            accepted,
            rule,
        }
    });
    Ok(covered.collect())
}

/// Scans are seen by who may see rules: those of the whole organisation by who may everywhere.
fn visible(tx: &Tx) -> Result<Predicate> {
    let column = |name| kernel::page::quoted("compliance", "scan", name);
    let scope = tx.require(RULE_READ)?;
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    Ok(here.and(Predicate::in_scope(
        &scope,
        Some(&column("company_id")),
        None,
    )))
}
