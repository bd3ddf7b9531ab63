//! Bringing the findings of a rule in line with what a scan saw.

use std::collections::HashSet;

use chrono::{NaiveDate, TimeDelta};
use kernel::ids::{CompanyId, FindingId, ScanId};
use kernel::{Event, Result, Tx};
use processes::Sentence;
use processes::task::{self, ForSubject, Task, TaskPriority};
use serde_json::json;

use super::decide::{Change, Stamp, decide, ended};
use super::{Finding, FindingStatus, store};
use crate::rule::{self, ComplianceRule, Severity};
use crate::scan::Measured;
use crate::{acceptance, fault};

/// New grave findings of one rule and scan that make a task each; more make one for all.
const MOST_TASKS: usize = 20;
/// The GraphQL type of what a task over many findings is about.
const RULE_KIND: &str = "ComplianceRule";
/// The role in whose queue such tasks wait.
const OFFICER: &str = "compliance_officer";

/// By which scan, of what, and on which day.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The scan.
    pub scan: ScanId,
    /// The company that it is limited to.
    pub company: Option<CompanyId>,
    /// The day.
    pub today: NaiveDate,
}

/// What a scan made of a rule's findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Breaches that were found.
    pub found: i64,
    /// Findings that were opened.
    pub opened: i64,
    /// Findings that were reopened: their cause came back, or their acceptance is over.
    pub reopened: i64,
    /// Findings that were closed.
    pub closed: i64,
    /// Breaches that somebody has accepted.
    pub accepted: i64,
}

impl Settled {
    fn of(changes: &[(Change, Finding)]) -> Self {
        let count = |wanted: &[Change]| {
            let those = changes.iter().filter(|(change, _)| wanted.contains(change));
            i64::try_from(those.count()).unwrap_or(i64::MAX)
        };
        let (opened, closed) = (count(&[Change::Opened]), count(&[Change::Closed]));
        Self {
            found: i64::try_from(changes.len()).unwrap_or(i64::MAX) - closed,
            opened,
            reopened: count(&[Change::Reopened, Change::Expired]),
            closed,
            accepted: count(&[Change::Accepted]),
        }
    }
}

/// Opens, reopens and closes the findings of a rule, tells of it, and makes and ends their tasks.
/// For the holder of the rule's turn.
pub(crate) async fn settle(
    tx: &mut Tx,
    rule: &ComplianceRule,
    measured: Measured,
    round: Round,
) -> Result<Settled> {
    let changes = changes(tx, rule, measured, round).await?;
    store::write(tx, &changes).await?;
    tx.emit_all(events(&changes)).await?;
    let of = |wanted: &[Change]| -> Vec<Finding> {
        let those = changes.iter().filter(|(change, _)| wanted.contains(change));
        those.map(|(_, finding)| finding.clone()).collect()
    };
    let closed = of(&[Change::Closed]);
    acceptance::end(tx, &ids(&closed)).await?;
    acceptance::end(tx, &ids(&of(&[Change::Expired]))).await?;
    let keys: Vec<String> = closed.iter().map(Finding::task_key).collect();
    task::settle(tx, &keys).await?;
    let fresh = of(&[Change::Opened, Change::Reopened, Change::Expired]);
    make_tasks(tx, rule, fresh, round.scan).await?;
    end_common_task(tx, &rule.rule.key).await?;
    Ok(Settled::of(&changes))
}

/// Closes what is left of the findings of rules that are turned off, with their acceptances and
/// tasks; the event says why. Gives how many there were.
pub(crate) async fn close_turned_off(tx: &mut Tx, rules: &[String]) -> Result<usize> {
    let live = store::live(tx, rules).await?;
    if live.is_empty() {
        return Ok(0);
    }
    let now = tx.now();
    let closed: Vec<(Change, Finding)> = live
        .into_iter()
        .map(|seen| (Change::Closed, ended(seen, now)))
        .collect();
    store::write(tx, &closed).await?;
    let told = events(&closed).into_iter();
    let told = told.map(|event| event.set("reason", fault::RULE_OFF));
    tx.emit_all(told.collect()).await?;
    let closed: Vec<Finding> = closed.into_iter().map(|(_, finding)| finding).collect();
    acceptance::end(tx, &ids(&closed)).await?;
    let keys: Vec<String> = closed.iter().map(Finding::task_key).collect();
    task::settle(tx, &keys).await?;
    for rule in rules {
        end_common_task(tx, rule).await?;
    }
    Ok(closed.len())
}

/// What [`settle`] would do.
pub(crate) async fn preview(
    tx: &mut Tx,
    rule: &ComplianceRule,
    measured: Measured,
    round: Round,
) -> Result<Settled> {
    Ok(Settled::of(&changes(tx, rule, measured, round).await?))
}

async fn changes(
    tx: &mut Tx,
    rule: &ComplianceRule,
    measured: Measured,
    round: Round,
) -> Result<Vec<(Change, Finding)>> {
    let breaches = measured.breaches;
    let keys: Vec<String> = breaches
        .iter()
        .map(|breach| breach.subject_key.clone())
        .collect();
    let mut known = store::known(tx, &rule.rule.key, round.company, &keys).await?;
    if measured.has_more {
        // What was not looked at is as it was: it may be among those that were left out.
        let seen: HashSet<&str> = keys.iter().map(String::as_str).collect();
        known.retain(|finding| seen.contains(finding.subject_key.as_str()));
    }
    let stamp = Stamp {
        organisation: tx.organisation(),
        scan: round.scan,
        now: tx.now(),
        today: round.today,
        severity: rule.severity,
    };
    Ok(decide(rule.rule, known, breaches, &stamp))
}

fn ids(findings: &[Finding]) -> Vec<FindingId> {
    findings.iter().map(|finding| finding.id).collect()
}

fn events(changes: &[(Change, Finding)]) -> Vec<Event> {
    let told = changes.iter().filter_map(|(change, finding)| {
        let action = match change {
            Change::Opened => "compliance.finding.opened",
            Change::Reopened | Change::Expired => "compliance.finding.reopened",
            Change::Closed => "compliance.finding.closed",
            Change::Seen | Change::Accepted => return None,
        };
        let event = finding.event(action).set("status", finding.status);
        Some(match change {
            Change::Closed => event,
            _ => event
                .set("severity", finding.severity)
                .set("occurrences", finding.occurrences),
        })
    });
    told.collect()
}

/// A task for each new grave finding; one for all of a rule that opens many at once, unless that
/// one waits already.
async fn make_tasks(
    tx: &mut Tx,
    rule: &ComplianceRule,
    fresh: Vec<Finding>,
    scan: ScanId,
) -> Result<()> {
    if !rule.severity.is_grave() || fresh.is_empty() {
        return Ok(());
    }
    if fresh.len() > MOST_TASKS {
        if common_task(tx, &rule.rule.key).await?.is_some() {
            return Ok(());
        }
        return make_common_task(tx, rule, fresh.len(), scan).await;
    }
    for finding in &fresh {
        make_task(tx, rule, finding).await?;
    }
    Ok(())
}

/// Makes the task of a finding's present occurrence, once.
pub(super) async fn make_task(tx: &mut Tx, rule: &ComplianceRule, finding: &Finding) -> Result<()> {
    if finding.status != FindingStatus::Open {
        return Ok(());
    }
    let title = Sentence::new("compliance.finding_task")
        .with("rule", title_of(rule))
        .with("subject", &finding.subject_name);
    let wanted = ForSubject {
        source_key: finding.task_key(),
        subject_kind: "Finding",
        subject_id: finding.id.0,
        company: finding.company_id,
        department: None,
        title,
        description: None,
        assignee: finding.assignee_id,
        role: None,
        role_key: Some(OFFICER),
        priority: priority(finding.severity),
        due_at: Some(tx.now() + time_for(finding.severity)),
        watchers: Vec::new(),
    };
    task::for_subject(tx, wanted).await?;
    Ok(())
}

/// The task over many findings of a rule, as long as it is not ended.
async fn common_task(tx: &mut Tx, rule: &str) -> Result<Option<Task>> {
    let id = rule::id_of(tx.organisation(), rule);
    let newest = task::of_subjects(tx, RULE_KIND, &[id.0]).await?;
    Ok(newest.into_iter().find(|task| task.status.is_alive()))
}

/// Ends the task over many findings of a rule once none of them is to be mended any more.
async fn end_common_task(tx: &mut Tx, rule: &str) -> Result<()> {
    let Some(key) = common_task(tx, rule)
        .await?
        .and_then(|task| task.source_key)
    else {
        return Ok(());
    };
    if !store::has_open(tx, rule).await? {
        task::settle(tx, &[key]).await?;
    }
    Ok(())
}

async fn make_common_task(
    tx: &mut Tx,
    rule: &ComplianceRule,
    count: usize,
    scan: ScanId,
) -> Result<()> {
    let title = Sentence::new("compliance.rule_task")
        .with("rule", title_of(rule))
        .with("count", count.to_string());
    let wanted = ForSubject {
        source_key: format!("rule:{}:{scan}", rule.rule.key),
        subject_kind: RULE_KIND,
        subject_id: rule.id.0,
        company: None,
        department: None,
        title,
        description: None,
        assignee: None,
        role: None,
        role_key: Some(OFFICER),
        priority: priority(rule.severity),
        due_at: Some(tx.now() + time_for(rule.severity)),
        watchers: Vec::new(),
    };
    task::for_subject(tx, wanted).await?;
    Ok(())
}

fn title_of(rule: &ComplianceRule) -> serde_json::Value {
    json!({ "es": rule.rule.title.es, "en": rule.rule.title.en })
}

const fn priority(severity: Severity) -> TaskPriority {
    match severity {
        Severity::Low => TaskPriority::Low,
        Severity::Medium => TaskPriority::Normal,
        Severity::High => TaskPriority::High,
        Severity::Critical => TaskPriority::Urgent,
    }
}

/// How long there is to mend a finding.
const fn time_for(severity: Severity) -> TimeDelta {
    TimeDelta::days(match severity {
        Severity::Critical => 2,
        Severity::High => 7,
        Severity::Medium => 30,
        Severity::Low => 90,
    })
}
