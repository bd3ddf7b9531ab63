//! What a scan makes of a rule's findings: pure.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::Date;
use kernel::ids::{FindingId, OrganisationId, ScanId};

use super::{Finding, FindingStatus};
use crate::rule::{Rule, Severity};
use crate::scan::Breach;

/// What happened to a finding in a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It was not known.
    Opened,
    /// It had been closed, and its cause came back.
    Reopened,
    /// Its acceptance is over.
    Expired,
    /// It is there as before, perhaps with other evidence or another severity.
    Seen,
    /// It is there, and people live with it.
    Accepted,
    /// Its cause is gone.
    Closed,
}

/// By what a scan settles findings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub organisation: OrganisationId,
    pub scan: ScanId,
    pub now: DateTime<Utc>,
    pub today: NaiveDate,
    pub severity: Severity,
}

/// What becomes of the findings of a rule, given the breaches that it saw: those to add, and those
/// that change, with what happened to each.
pub(super) fn decide(
    rule: &Rule,
    known: Vec<Finding>,
    breaches: Vec<Breach>,
    stamp: &Stamp,
) -> Vec<(Change, Finding)> {
    let mut known: HashMap<String, Finding> = known
        .into_iter()
        .map(|finding| (finding.subject_key.clone(), finding))
        .collect();
    let mut changes: Vec<(Change, Finding)> = breaches
        .into_iter()
        .map(|breach| match known.remove(&breach.subject_key) {
            None => (Change::Opened, opened(rule, breach, stamp)),
            Some(seen) => again(rule, seen, breach, stamp),
        })
        .collect();
    let gone = known
        .into_values()
        .filter(|finding| finding.status != FindingStatus::Closed)
        .map(|finding| (Change::Closed, closed(finding, stamp)));
    changes.extend(gone);
    changes.sort_by_key(|(_, finding)| finding.id);
    changes
}

fn opened(rule: &Rule, breach: Breach, stamp: &Stamp) -> Finding {
    Finding {
        organisation_id: stamp.organisation,
        id: FindingId::generate(),
        rule_key: rule.key.clone(),
        rule_version: rule.version.clone(),
        subject_key: breach.subject_key,
        subject_kind: rule.subject.clone(),
        subject_id: breach.subject_id,
        subject_name: breach.subject_name,
        company_id: breach.company_id,
        severity: stamp.severity,
        gravity: stamp.severity.gravity(),
        status: FindingStatus::Open,
        evidence: breach.evidence,
        occurrences: 1,
        first_seen_at: stamp.now,
        last_seen_at: stamp.now,
        opened_at: stamp.now,
        closed_at: None,
        accepted_until: None,
        assignee_id: None,
        scan_id: stamp.scan,
        version: 1,
    }
}

fn again(rule: &Rule, seen: Finding, breach: Breach, stamp: &Stamp) -> (Change, Finding) {
    let changed = seen.severity != stamp.severity
        || seen.evidence != breach.evidence
        || seen.subject_name != breach.subject_name;
    let mut next = Finding {
        rule_version: rule.version.clone(),
        subject_id: breach.subject_id,
        subject_name: breach.subject_name,
        company_id: breach.company_id,
        severity: stamp.severity,
        gravity: stamp.severity.gravity(),
        evidence: breach.evidence,
        last_seen_at: stamp.now.max(seen.last_seen_at),
        scan_id: stamp.scan,
        ..seen.clone()
    };
    let over = seen
        .accepted_until
        .is_some_and(|until| until < Date(stamp.today));
    let change = match seen.status {
        FindingStatus::Closed => Change::Reopened,
        FindingStatus::Accepted if over => Change::Expired,
        FindingStatus::Accepted => Change::Accepted,
        FindingStatus::Open => Change::Seen,
    };
    match change {
        Change::Reopened => {
            next.status = FindingStatus::Open;
            next.occurrences += 1;
            next.opened_at = stamp.now;
            next.closed_at = None;
        }
        Change::Expired => {
            next.status = FindingStatus::Open;
            next.accepted_until = None;
            next.opened_at = stamp.now;
        }
        _ => {}
    }
    if changed || matches!(change, Change::Reopened | Change::Expired) {
        next.version += 1;
    }
    (change, next)
}

fn closed(seen: Finding, stamp: &Stamp) -> Finding {
    Finding {
        scan_id: stamp.scan,
        ..ended(seen, stamp.now)
    }
}

/// A finding that is over.
pub(super) fn ended(seen: Finding, now: DateTime<Utc>) -> Finding {
    Finding {
        status: FindingStatus::Closed,
        closed_at: Some(now),
        accepted_until: None,
        version: seen.version + 1,
        ..seen
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::rule;

    fn rule() -> &'static Rule {
        rule::find_key("inventory.negative_stock").unwrap().unwrap()
    }

    fn stamp(day: u32) -> Stamp {
        let now = Utc.with_ymd_and_hms(2026, 11, day, 3, 0, 0).unwrap();
        Stamp {
            organisation: OrganisationId(Uuid::nil()),
            scan: ScanId::generate(),
            now,
            today: now.date_naive(),
            severity: Severity::Medium,
        }
    }

    fn breach(key: &str) -> Breach {
        Breach {
            subject_key: key.into(),
            subject_id: Uuid::nil(),
            subject_name: key.into(),
            company_id: None,
            evidence: json!({ "quantity": "-3" }),
        }
    }

    fn one(known: Vec<Finding>, breaches: Vec<Breach>, day: u32) -> (Change, Finding) {
        let mut changes = decide(rule(), known, breaches, &stamp(day));
        assert_eq!(changes.len(), 1, "{changes:?}");
        changes.remove(0)
    }

    #[test]
    fn a_breach_opens_once_closes_and_comes_back_as_the_same_finding() {
        let (change, first) = one(vec![], vec![breach("a")], 1);
        assert_eq!((change, first.occurrences), (Change::Opened, 1));
        let (change, seen) = one(vec![first.clone()], vec![breach("a")], 2);
        assert_eq!((change, seen.id), (Change::Seen, first.id));
        assert_eq!((seen.version, seen.first_seen_at), (1, first.first_seen_at));
        assert!(seen.last_seen_at > first.last_seen_at);
        let (change, gone) = one(vec![seen], vec![], 3);
        assert_eq!(
            (change, gone.status),
            (Change::Closed, FindingStatus::Closed)
        );
        assert!(decide(rule(), vec![gone.clone()], vec![], &stamp(4)).is_empty());
        let (change, back) = one(vec![gone], vec![breach("a")], 5);
        assert_eq!((change, back.id), (Change::Reopened, first.id));
        assert_eq!((back.occurrences, back.status), (2, FindingStatus::Open));
    }

    #[test]
    fn what_is_accepted_stays_so_until_its_day_is_over() {
        let (_, mut finding) = one(vec![], vec![breach("a")], 1);
        finding.status = FindingStatus::Accepted;
        finding.accepted_until = Some(Date(stamp(10).today));
        let (change, same) = one(vec![finding.clone()], vec![breach("a")], 10);
        assert_eq!(
            (change, same.status),
            (Change::Accepted, FindingStatus::Accepted)
        );
        let (change, over) = one(vec![finding.clone()], vec![breach("a")], 11);
        assert_eq!(
            (change, over.status),
            (Change::Expired, FindingStatus::Open)
        );
        assert_eq!((over.accepted_until, over.occurrences), (None, 1));
        let (change, gone) = one(vec![finding], vec![], 5);
        assert_eq!((change, gone.accepted_until), (Change::Closed, None));
    }

    #[test]
    fn other_evidence_or_severity_is_a_change_and_nothing_else_is() {
        let (_, finding) = one(vec![], vec![breach("a")], 1);
        let mut worse = breach("a");
        worse.evidence = json!({ "quantity": "-9" });
        let (_, changed) = one(vec![finding.clone()], vec![worse], 2);
        assert_eq!(changed.version, 2);
        let graver = Stamp {
            severity: Severity::Critical,
            ..stamp(2)
        };
        let changes = decide(rule(), vec![finding], vec![breach("a")], &graver);
        assert_eq!((changes[0].1.version, changes[0].1.gravity), (2, 3));
    }
}
