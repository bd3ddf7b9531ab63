//! Scans: the runs of rules, what each looked at, and what is covered.

mod job;
mod list;
mod measure;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ComplianceRuleId, JobId, OrganisationId, ScanId, UserId};
use kernel::job::{Enqueue, JobRow};
use kernel::{Fault, Faults, Result, Tx};
use serde_json::Value;

pub use job::RunScan;
pub use list::{
    ComplianceScanFilter, ComplianceScanSort, ComplianceScanSortField, Coverage, by_ids, count,
    coverage, find, page, results_of,
};
pub use measure::{Breach, MOST_BREACHES, Measured};

use crate::fault;
use crate::permission::SCAN_RUN;
use crate::rule::{self, ComplianceRule};
use crate::schema::{scan, scan_rule};

/// A run of rules.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = scan, check_for_backend(diesel::pg::Pg))]
pub struct Scan {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The scan.
    pub id: ScanId,
    /// The job that ran it.
    pub job_id: JobId,
    /// The company that it was limited to.
    pub company_id: Option<CompanyId>,
    /// Who asked for it; absent for a schedule.
    pub requested_by: Option<UserId>,
    /// Rules that were run.
    pub rules: i32,
    /// Those of them that failed.
    pub failed: i32,
    /// Subjects that were looked at.
    pub scanned: i64,
    /// Breaches that were found.
    pub found: i64,
    /// Findings that were opened, or reopened.
    pub opened: i64,
    /// Findings that were closed.
    pub closed: i64,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

kernel::text_enum! {
    /// How a rule came through a scan.
    pub enum ScanRuleStatus {
        /// It looked at everything.
        Done = "DONE",
        /// It found more breaches than a scan takes: the first of them were settled, and what was
        /// found before is as it was.
        Partial = "PARTIAL",
        /// Its query failed; its findings are as they were.
        Failed = "FAILED",
    }
}

/// What one rule of a scan did.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = scan_rule, check_for_backend(diesel::pg::Pg))]
pub struct ScanRule {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The scan.
    pub scan_id: ScanId,
    /// The rule.
    pub rule_key: String,
    /// The version of the rule.
    pub rule_version: String,
    /// The parameters that it ran with.
    pub parameters: Value,
    /// The company that it was limited to.
    pub company_id: Option<CompanyId>,
    /// How it came through.
    pub status: ScanRuleStatus,
    /// Subjects that it looked at.
    pub scanned: i64,
    /// Breaches that it found.
    pub found: i64,
    /// Findings that it opened.
    pub opened: i64,
    /// Findings that it reopened.
    pub reopened: i64,
    /// Findings that it closed.
    pub closed: i64,
    /// Breaches that somebody has accepted.
    pub accepted: i64,
    /// How long it took.
    pub duration_ms: i32,
    /// Why it failed.
    pub error: Option<String>,
    /// When it ran.
    pub at: DateTime<Utc>,
}

/// Runs rules.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ComplianceScanRunInput {
    /// Which; every rule that is turned on when absent.
    pub rules: Option<Vec<ComplianceRuleId>>,
    /// Only what is of this company; rules that look at the whole organisation are left out.
    pub company: Option<CompanyId>,
    /// Only tells what would be found, as the job's result.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Wants a scan: the job that runs it.
///
/// # Errors
/// Rules that don't exist, are turned off or don't look at one company; an unknown company.
#[tracing::instrument(skip_all, err)]
pub async fn run(tx: &mut Tx, command: ComplianceScanRunInput) -> Result<JobRow> {
    match command.company {
        Some(company) => tx.require_in(SCAN_RUN, company, None)?,
        None => tx.actor().require_everywhere(SCAN_RUN)?,
    }
    let mut faults = Faults::new();
    if let Some(company) = command.company {
        let known = knows_company(tx, company).await?;
        faults.check(known, || {
            Fault::not_found(fault::COMPANY_UNKNOWN).at(["company"])
        });
    }
    let rules = chosen(tx, &command, &mut faults).await?;
    faults.finish()?;
    let wanted = RunScan {
        rules: command.rules.map(|_| rules),
        company: command.company,
    };
    let how = Enqueue {
        company: command.company,
        dry_run: command.dry_run,
        ..Enqueue::default()
    };
    kernel::job::enqueue(tx, &wanted, how).await
}

/// The keys of the rules that were asked for.
async fn chosen(
    tx: &mut Tx,
    command: &ComplianceScanRunInput,
    faults: &mut Faults,
) -> Result<Vec<String>> {
    let known = rule::in_force(tx).await?;
    let mut keys = Vec::new();
    for (index, id) in command.rules.iter().flatten().enumerate() {
        let at = ["rules".to_owned(), index.to_string()];
        let Some(rule) = known.iter().find(|rule| rule.id == *id) else {
            let fault = Fault::not_found(fault::RULE_UNKNOWN).with("rule", id);
            faults.push(fault.at(at));
            continue;
        };
        if let Some(reason) = unfit(rule, command.company) {
            let fault = Fault::not_allowed(reason).with("rule", &rule.rule.key);
            faults.push(fault.at(at));
        }
        keys.push(rule.rule.key.clone());
    }
    Ok(keys)
}

/// Why a rule can't be part of a scan.
fn unfit(rule: &ComplianceRule, company: Option<CompanyId>) -> Option<&'static str> {
    if !rule.enabled {
        return Some(fault::RULE_OFF);
    }
    (company.is_some() && !rule.rule.per_company).then_some(fault::RULE_NOT_OF_COMPANY)
}

async fn knows_company(tx: &mut Tx, company: CompanyId) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        known: bool,
    }
    let found: Known = diesel::sql_query(
        "SELECT EXISTS (SELECT FROM directory.company \
         WHERE organisation_id = $1 AND id = $2) AS known",
    )
    .bind::<diesel::sql_types::Uuid, _>(tx.organisation())
    .bind::<diesel::sql_types::Uuid, _>(company)
    .get_result(tx.conn())
    .await?;
    Ok(found.known)
}
