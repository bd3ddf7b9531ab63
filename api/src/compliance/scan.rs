//! Scans through the API: runs of rules, what each did, and what is covered.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use compliance::rule;
use compliance::scan::{
    self, ComplianceScanFilter, ComplianceScanRunInput, ComplianceScanSort,
    ComplianceScanSortField, Coverage, Scan as ScanRow, ScanRule as ResultRow, ScanRuleStatus,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::ScanId;

use crate::act::act;
use crate::call::Call;
use crate::compliance::reach::none_if_denied;
use crate::compliance::rule::ComplianceRule;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::loader::Part;
use crate::processes::named::{self, NamedUser};
use crate::{noun, payload};

noun! {
    /// A run of rules.
    ComplianceScan of crate::compliance::reach::scans as ScanRow, ScanId;
    listed by ComplianceScanFilter, ComplianceScanSortField
}

/// A run of rules: what was looked at, when, how much, and what came of it.
#[Object]
impl ComplianceScan {
    /// The scan.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The job that ran it; null for those who may not see it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load(self.0.job_id).await
    }

    /// The company that it was limited to; null for the whole organisation.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// Who asked for it; null for a schedule.
    async fn requested_by(&self) -> Option<NamedUser> {
        self.0.requested_by.map(NamedUser)
    }

    /// Rules that were run.
    async fn rule_count(&self) -> i32 {
        self.0.rules
    }

    /// Rules whose queries failed; their findings are as they were.
    async fn failed_count(&self) -> i32 {
        self.0.failed
    }

    /// Subjects that were looked at.
    async fn scanned_count(&self) -> i64 {
        self.0.scanned
    }

    /// Breaches that were found.
    async fn found_count(&self) -> i64 {
        self.0.found
    }

    /// Findings that were opened or reopened.
    async fn opened_count(&self) -> i64 {
        self.0.opened
    }

    /// Findings that were closed.
    async fn closed_count(&self) -> i64 {
        self.0.closed
    }

    /// What each rule did, by key.
    async fn results(&self, graph: &Context<'_>) -> Result<Vec<ComplianceScanResult>> {
        Call::of(graph)?.parts(self.0.id).await
    }

    /// When it began.
    async fn started_at(&self) -> DateTime<Utc> {
        self.0.started_at
    }

    /// When it ended; null while it runs, or when it was given up.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

/// What one rule of a scan did.
#[derive(Clone, Debug)]
pub struct ComplianceScanResult(ResultRow);

/// What one rule of a scan did. It never changes.
#[Object]
impl ComplianceScanResult {
    /// The rule; null when the program no longer has it.
    async fn rule(&self, graph: &Context<'_>) -> Result<Option<ComplianceRule>> {
        Call::of(graph)?
            .load(rule::id_of(self.0.organisation_id, &self.0.rule_key))
            .await
    }

    /// The key of the rule.
    async fn rule_key(&self) -> &str {
        &self.0.rule_key
    }

    /// The version of the rule.
    async fn rule_version(&self) -> &str {
        &self.0.rule_version
    }

    /// How it came through.
    async fn status(&self) -> ScanRuleStatus {
        self.0.status
    }

    /// Subjects that it looked at.
    async fn scanned_count(&self) -> i64 {
        self.0.scanned
    }

    /// Breaches that it found.
    async fn found_count(&self) -> i64 {
        self.0.found
    }

    /// Findings that it opened.
    async fn opened_count(&self) -> i64 {
        self.0.opened
    }

    /// Findings that it reopened.
    async fn reopened_count(&self) -> i64 {
        self.0.reopened
    }

    /// Findings that it closed.
    async fn closed_count(&self) -> i64 {
        self.0.closed
    }

    /// Breaches that somebody has accepted.
    async fn accepted_count(&self) -> i64 {
        self.0.accepted
    }

    /// How long it took, in milliseconds.
    async fn took_milliseconds(&self) -> i64 {
        i64::from(self.0.duration_ms)
    }

    /// Why it failed, for who looks after the program.
    async fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// When it ran.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }
}

impl Part for ComplianceScanResult {
    type Of = ScanId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [ScanId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(ScanId, Self)>>> {
        async move {
            let rows = none_if_denied(scan::results_of(tx, ids).await)?;
            Ok(rows
                .into_iter()
                .map(|row| (row.scan_id, Self(row)))
                .collect())
        }
        .boxed()
    }
}

/// What is covered by a rule.
pub struct ComplianceCoverage(Coverage);

/// What is covered by a rule: what was looked at, when, how much, and what is open.
#[Object]
impl ComplianceCoverage {
    /// The rule.
    async fn rule(&self) -> ComplianceRule {
        ComplianceRule(self.0.rule.clone())
    }

    /// Whether it has come through since it was last changed.
    async fn is_covered(&self) -> bool {
        let changed = self.0.rule.updated_at;
        self.0.rule.enabled
            && self
                .0
                .last_done_at
                .is_some_and(|done| changed.is_none_or(|changed| changed <= done))
    }

    /// What its newest run did, of the whole organisation or of a company; null when it never ran.
    async fn last_result(&self) -> Option<ComplianceScanResult> {
        self.0.last.clone().map(ComplianceScanResult)
    }

    /// When it last came through.
    async fn last_done_at(&self) -> Option<DateTime<Utc>> {
        self.0.last_done_at
    }

    /// Its open findings that the viewer may see.
    async fn open_count(&self) -> i64 {
        self.0.open
    }

    /// Its accepted findings that the viewer may see.
    async fn accepted_count(&self) -> i64 {
        self.0.accepted
    }
}

payload! {
    /// What asking for a scan gives.
    ComplianceScanRunPayload {
        /// The job that runs it.
        job: Job
    }
}

/// Looks at scans.
#[derive(Default)]
pub struct ComplianceScanQuery;

#[Object]
impl ComplianceScanQuery {
    /// A scan. Needs `compliance.rule.read`.
    async fn compliance_scan(
        &self,
        graph: &Context<'_>,
        id: ScanId,
    ) -> Result<Option<ComplianceScan>> {
        find(graph, id).await
    }

    /// Scans, the newest first. Needs `compliance.rule.read`.
    async fn compliance_scans(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ComplianceScanFilter>,
        sort: Option<ComplianceScanSort>,
        search: Option<String>,
    ) -> Result<Connection<ComplianceScan>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }

    /// What is covered, rule by rule: what was looked at, when, how much, and what is open. Needs
    /// `compliance.rule.read`.
    async fn compliance_coverage(&self, graph: &Context<'_>) -> Result<Vec<ComplianceCoverage>> {
        let covered = Call::of(graph)?
            .read(|tx| Box::pin(scan::coverage(tx)))
            .await?;
        Ok(covered.into_iter().map(ComplianceCoverage).collect())
    }
}

/// Acts on scans.
#[derive(Default)]
pub struct ComplianceScanMutation;

#[Object]
impl ComplianceScanMutation {
    /// Runs rules as a job: every one that is turned on, or those named; of the whole organisation
    /// or of one company. A dry run tells what would be found. Needs `compliance.scan.run` there.
    async fn compliance_scan_run(
        &self,
        graph: &Context<'_>,
        input: ComplianceScanRunInput,
    ) -> Result<ComplianceScanRunPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Job(scan::run(tx, input).await?)) })
        })
        .await
    }
}
