//! The job `compliance.scan`: an item a rule, each in a transaction of its own.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::id::TypedId;
use kernel::ids::{CompanyId, ScanId};
use kernel::job::{Job, JobRun};
use kernel::{Event, Fault, Permission, Result, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::measure::{self, Frame};
use super::{Scan, ScanRule, ScanRuleStatus, unfit};
use crate::finding::{self, Settled};
use crate::permission::{RULE_READ, SCAN_RUN};
use crate::rule::{self, ComplianceRule};
use crate::schema::{scan, scan_rule};

/// Runs rules.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunScan {
    /// The keys of the rules; every rule that is turned on when absent.
    pub rules: Option<Vec<String>>,
    /// Only what is of this company.
    pub company: Option<CompanyId>,
}

impl Job for RunScan {
    const KIND: &'static str = "compliance.scan";
    const QUEUE: &'static str = "compliance";
    const PERMISSION: Permission = SCAN_RUN;
    const SCHEDULABLE: bool = true;

    fn company(&self) -> Option<CompanyId> {
        self.company
    }

    /// Gives the totals, and under `perRule` what each rule did.
    async fn run(self, run: JobRun) -> Result<Value> {
        let wanted = self.clone();
        let rules = run
            .read(move |tx| async move { wanted.rules(tx).await }.boxed())
            .await?;
        if run.is_dry_run() {
            return self.rehearse(&run, rules).await;
        }
        let (company, job) = (self.company, run.id());
        let scan = run
            .write(move |tx| {
                async move {
                    sweep(tx).await?;
                    begin(tx, job, company).await
                }
                .boxed()
            })
            .await?;
        let keys: Vec<Uuid> = rules.iter().map(|rule| rule.id.uuid()).collect();
        for key in run.pending(&keys).await? {
            let Some(rule) = rules.iter().find(|rule| rule.id.uuid() == key) else {
                continue;
            };
            let (rule, clock) = (rule.clone(), run.db().clock().clone());
            run.items(&[key], move |tx| {
                async move {
                    let begun = clock.now();
                    let outcome = settle(tx, &rule, company, scan).await?;
                    let took = clock.now() - begun;
                    let fault = outcome.fault.clone();
                    record(tx, scan, &rule, company, outcome, took).await?;
                    Ok(fault.map(|fault| (key, vec![fault])).into_iter().collect())
                }
                .boxed()
            })
            .await?;
        }
        run.finish(move |tx| async move { finish(tx, scan).await }.boxed())
            .await
    }
}

/// What came of a rule.
#[derive(Clone, Debug, Default)]
struct Outcome {
    scanned: i64,
    has_more: bool,
    settled: Settled,
    fault: Option<Fault>,
}

impl Outcome {
    fn status(&self) -> ScanRuleStatus {
        match (&self.fault, self.has_more) {
            (Some(_), _) => ScanRuleStatus::Failed,
            (None, true) => ScanRuleStatus::Partial,
            (None, false) => ScanRuleStatus::Done,
        }
    }
}

impl RunScan {
    /// The rules that are to be run now: those asked for, as far as they are still turned on.
    async fn rules(&self, tx: &mut Tx) -> Result<Vec<ComplianceRule>> {
        let mut rules = rule::in_force(tx).await?;
        rules.retain(|rule| {
            let asked = self.rules.as_ref();
            unfit(rule, self.company).is_none()
                && asked.is_none_or(|keys| keys.contains(&rule.rule.key))
        });
        Ok(rules)
    }

    /// Looks and tells, and writes nothing.
    async fn rehearse(&self, run: &JobRun, rules: Vec<ComplianceRule>) -> Result<Value> {
        let total = i64::try_from(rules.len()).unwrap_or(i64::MAX);
        let mut told = Vec::new();
        for (rule, done) in rules.into_iter().zip(1_i64..) {
            let company = self.company;
            let shown = run
                .read(move |tx| async move { preview(tx, &rule, company).await }.boxed())
                .await?;
            told.push(shown);
            run.progress(done, total).await?;
        }
        Ok(summary(told))
    }
}

/// Closes what a scan that was under way left open of rules that were turned off meanwhile.
async fn sweep(tx: &mut Tx) -> Result<()> {
    let rules = rule::in_force(tx).await?.into_iter();
    let off = rules.filter(|rule| !rule.enabled);
    let keys: Vec<String> = off.map(|rule| rule.rule.key.clone()).collect();
    finding::close_turned_off(tx, &keys).await?;
    Ok(())
}

/// The scan of a job; a second attempt goes on with the one that the first has made.
async fn begin(tx: &mut Tx, job: kernel::ids::JobId, company: Option<CompanyId>) -> Result<ScanId> {
    let row = Scan {
        organisation_id: tx.organisation(),
        id: ScanId::generate(),
        job_id: job,
        company_id: company,
        requested_by: tx.actor().principal.user(),
        rules: 0,
        failed: 0,
        scanned: 0,
        found: 0,
        opened: 0,
        closed: 0,
        started_at: tx.now(),
        finished_at: None,
    };
    diesel::insert_into(scan::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(scan::table
        .filter(scan::organisation_id.eq(tx.organisation()))
        .filter(scan::job_id.eq(job))
        .select(scan::id)
        .first(tx.conn())
        .await?)
}

/// Runs one rule and brings its findings in line with what it saw.
async fn settle(
    tx: &mut Tx,
    rule: &ComplianceRule,
    company: Option<CompanyId>,
    scan: ScanId,
) -> Result<Outcome> {
    measure::take_turn(tx, rule).await?;
    let frame: Frame = measure::frame(tx, company).await?;
    let measured = match measure::measure(tx, rule, &frame).await? {
        Ok(measured) => measured,
        Err(fault) => {
            return Ok(Outcome {
                fault: Some(fault),
                ..Outcome::default()
            });
        }
    };
    let (scanned, has_more) = (measured.scanned, measured.has_more);
    let settled = finding::settle(
        tx,
        rule,
        measured,
        finding::Round {
            scan,
            company,
            today: frame.today,
        },
    )
    .await?;
    Ok(Outcome {
        scanned,
        has_more,
        settled,
        fault: None,
    })
}

/// What one rule would do.
async fn preview(tx: &mut Tx, rule: &ComplianceRule, company: Option<CompanyId>) -> Result<Value> {
    let frame = measure::frame(tx, company).await?;
    let measured = match measure::measure(tx, rule, &frame).await? {
        Ok(measured) => measured,
        Err(fault) => {
            let failed = Outcome {
                fault: Some(fault),
                ..Outcome::default()
            };
            return Ok(line(&rule.rule.key, &failed));
        }
    };
    let round = finding::Round {
        scan: ScanId::generate(),
        company,
        today: frame.today,
    };
    let (scanned, has_more) = (measured.scanned, measured.has_more);
    let outcome = Outcome {
        scanned,
        has_more,
        settled: finding::preview(tx, rule, measured, round).await?,
        fault: None,
    };
    Ok(line(&rule.rule.key, &outcome))
}

async fn record(
    tx: &mut Tx,
    scan: ScanId,
    rule: &ComplianceRule,
    company: Option<CompanyId>,
    outcome: Outcome,
    took: chrono::TimeDelta,
) -> Result<()> {
    let settled = outcome.settled;
    let row = ScanRule {
        organisation_id: tx.organisation(),
        scan_id: scan,
        rule_key: rule.rule.key.clone(),
        rule_version: rule.rule.version.clone(),
        parameters: rule.kept_parameters(),
        company_id: company,
        status: outcome.status(),
        scanned: outcome.scanned,
        found: settled.found,
        opened: settled.opened,
        reopened: settled.reopened,
        closed: settled.closed,
        accepted: settled.accepted,
        duration_ms: i32::try_from(took.num_milliseconds().max(0)).unwrap_or(i32::MAX),
        error: outcome.fault.as_ref().map(told),
        at: tx.now(),
    };
    diesel::insert_into(scan_rule::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A fault as it is kept beside its rule.
fn told(fault: &Fault) -> String {
    let detail = fault.args.iter().find(|(name, _)| *name == "detail");
    let text = match detail {
        Some((_, detail)) => format!("{}: {detail}", fault.reason),
        None => fault.reason.to_owned(),
    };
    text.chars().take(500).collect()
}

/// Adds the rules of a scan up, and ends it.
async fn finish(tx: &mut Tx, id: ScanId) -> Result<Value> {
    diesel::sql_query(
        "UPDATE compliance.scan s SET rules = r.rules, failed = r.failed, scanned = r.scanned, \
            found = r.found, opened = r.opened, closed = r.closed, finished_at = $3 \
         FROM (SELECT count(*)::int AS rules, \
                count(*) FILTER (WHERE status = 'FAILED')::int AS failed, \
                coalesce(sum(scanned), 0)::bigint AS scanned, \
                coalesce(sum(found), 0)::bigint AS found, \
                coalesce(sum(opened + reopened), 0)::bigint AS opened, \
                coalesce(sum(closed), 0)::bigint AS closed \
            FROM compliance.scan_rule WHERE organisation_id = $1 AND scan_id = $2) r \
         WHERE s.organisation_id = $1 AND s.id = $2",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(id)
    .bind::<sql::Timestamptz, _>(tx.now())
    .execute(tx.conn())
    .await?;
    let results: Vec<ScanRule> = scan_rule::table
        .filter(scan_rule::organisation_id.eq(tx.organisation()))
        .filter(scan_rule::scan_id.eq(id))
        .order(scan_rule::rule_key)
        .select(ScanRule::as_select())
        .load(tx.conn())
        .await?;
    let event = Event::new("compliance.scan.finished", "ComplianceScan", id, RULE_READ);
    tx.emit(event.set("rules", results.len())).await?;
    Ok(summary(results.iter().map(kept).collect()))
}

/// What a rule would do.
fn line(rule: &str, outcome: &Outcome) -> Value {
    let error = outcome.fault.as_ref().map(told);
    let result = (outcome.status(), error.as_deref(), 0);
    told_of(rule, outcome.scanned, &outcome.settled, result)
}

/// What a rule did, as it is kept.
fn kept(row: &ScanRule) -> Value {
    let settled = Settled {
        found: row.found,
        opened: row.opened,
        reopened: row.reopened,
        closed: row.closed,
        accepted: row.accepted,
    };
    let result = (row.status, row.error.as_deref(), row.duration_ms);
    told_of(&row.rule_key, row.scanned, &settled, result)
}

/// A line of the result; `PARTIAL` for a rule that found more than a scan takes.
fn told_of(
    rule: &str,
    scanned: i64,
    settled: &Settled,
    (status, error, duration_ms): (ScanRuleStatus, Option<&str>, i32),
) -> Value {
    json!({
        "rule": rule,
        "status": status.text(),
        "scanned": scanned,
        "found": settled.found,
        "opened": settled.opened,
        "reopened": settled.reopened,
        "closed": settled.closed,
        "accepted": settled.accepted,
        "durationMs": duration_ms,
        "error": error,
    })
}

/// The totals of some rules, with what each did.
fn summary(lines: Vec<Value>) -> Value {
    let sum = |name: &str| -> i64 {
        let values = lines.iter().filter_map(|line| line.get(name)?.as_i64());
        values.sum()
    };
    let failed = lines
        .iter()
        .filter(|line| line.get("status").and_then(Value::as_str) == Some("FAILED"));
    json!({
        "rules": lines.len(),
        "failed": failed.count(),
        "scanned": sum("scanned"),
        "found": sum("found"),
        "opened": sum("opened"),
        "reopened": sum("reopened"),
        "closed": sum("closed"),
        "accepted": sum("accepted"),
        "perRule": lines,
    })
}
