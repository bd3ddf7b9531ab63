//! The job that looks: one item a check that is due, several at a time.
//!
//! Round trips of a check: look (over the network: none), hold the check 1, its incident 1, write
//! 2 and a mark; where an incident opens or closes, its number, row, note, event and notices. What
//! a check saw, its streak and its incident commit together, and only if nobody else has looked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_graphql::InputObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures::{FutureExt, TryStreamExt, stream};
use kernel::id::TypedId;
use kernel::ids::CheckId;
use kernel::job::{Enqueue, Job, JobRow, JobRun};
use kernel::{Fault, Permission, Result, Tx};
use outbound::Policy;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::rules::{self, Act, Streak, Thresholds};
use super::{CheckKind, CheckStatus, SystemCheck, command};
use crate::permission::SYSTEM_MANAGE;
use crate::probe::{self, Finding, Look};
use crate::schema::{system, system_check};
use crate::{fault, incident, result};

/// Looks at once: a slow system makes few others wait, and few connections are needed.
const AT_ONCE: usize = 8;

/// Looks at whatever is due.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckSystems {
    /// These alone, due or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckId>,
}

/// Has a check look now.
#[derive(Clone, Debug, InputObject)]
pub struct SystemCheckRunInput {
    /// The check.
    pub id: CheckId,
}

/// Has a check look now, due or not.
#[tracing::instrument(skip_all, fields(check.id = %command.id), err)]
pub async fn enqueue_run(tx: &mut Tx, command: SystemCheckRunInput) -> Result<JobRow> {
    let scope = tx.require(SYSTEM_MANAGE)?;
    let check = command::lock_any(tx, command.id).await?;
    let check = check
        .filter(|check| scope.covers(Some(check.company_id), None))
        .ok_or_else(|| Fault::not_found(fault::CHECK_NOT_FOUND).at(["id"]))?;
    if !check.enabled {
        return Err(Fault::not_allowed(fault::CHECK_STATE).at(["id"]).into());
    }
    let wanted = CheckSystems {
        checks: vec![check.id],
    };
    let how = Enqueue {
        company: Some(check.company_id),
        ..Enqueue::default()
    };
    kernel::job::enqueue(tx, &wanted, how).await
}

impl Job for CheckSystems {
    const KIND: &'static str = "technology.check";
    const QUEUE: &'static str = "technology";
    const PERMISSION: Permission = SYSTEM_MANAGE;
    const PRIORITY: i16 = 20;
    const SCHEDULABLE: bool = true;

    /// Gives how many checks were due, passed, failed and were refused, how many incidents opened
    /// and closed, and how many old results were removed.
    async fn run(self, job: JobRun) -> Result<Value> {
        let now = job.db().clock().now();
        let wanted = self.checks;
        let due = job
            .read(move |tx| async move { due(tx, &wanted, now).await }.boxed())
            .await?;
        if job.is_dry_run() {
            return Ok(json!({ "due": due.len() }));
        }
        let keys: Vec<Uuid> = due.iter().map(|check| check.id.uuid()).collect();
        let open = job.pending(&keys).await?;
        let policy = job.service::<Policy>().unwrap_or_default();
        let tally = Arc::new(Tally::default());
        let open = due.into_iter().filter(|it| open.contains(&it.id.uuid()));
        stream::iter(open.map(Ok::<_, kernel::Error>))
            .try_for_each_concurrent(AT_ONCE, |check| {
                look(job.clone(), policy.clone(), tally.clone(), check)
            })
            .await?;
        let told = tally.told(keys.len());
        job.finish(move |tx| async move { finish(tx, told, now).await }.boxed())
            .await
    }
}

async fn finish(tx: &mut Tx, mut told: Value, now: DateTime<Utc>) -> Result<Value> {
    let removed = result::prune(tx, now).await?;
    if let Some(told) = told.as_object_mut() {
        told.insert("resultsRemoved".to_owned(), json!(removed));
    }
    Ok(told)
}

/// What a run has come to.
#[derive(Debug, Default)]
struct Tally {
    passed: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
}

impl Tally {
    fn told(&self, due: usize) -> Value {
        let of = |number: &AtomicU64| number.load(Ordering::Relaxed);
        json!({
            "due": due,
            "passed": of(&self.passed),
            "failed": of(&self.failed),
            "refused": of(&self.refused),
            "incidentsOpened": of(&self.opened),
            "incidentsClosed": of(&self.closed),
        })
    }
}

/// The checks to look at: those that are due of systems in use, or those named.
async fn due(tx: &mut Tx, wanted: &[CheckId], now: DateTime<Utc>) -> Result<Vec<SystemCheck>> {
    let scope = tx.require(SYSTEM_MANAGE)?;
    let on = system::organisation_id
        .eq(system_check::organisation_id)
        .and(system::id.eq(system_check::system_id));
    let mut query = system_check::table
        .inner_join(system::table.on(on))
        .filter(system_check::organisation_id.eq(tx.organisation()))
        .filter(system_check::enabled)
        .filter(system::retired_at.is_null())
        .order((system_check::next_due_at, system_check::id))
        .select(SystemCheck::as_select())
        .into_boxed();
    query = if wanted.is_empty() {
        query.filter(system_check::next_due_at.le(now))
    } else {
        query.filter(system_check::id.eq_any(wanted.to_vec()))
    };
    let mut rows: Vec<SystemCheck> = query.load(tx.conn()).await?;
    rows.retain(|row| scope.covers(Some(row.company_id), None));
    Ok(rows)
}

/// Looks once and keeps what was seen. A refused look fails its item, and the rest goes on.
async fn look(
    job: JobRun,
    policy: Arc<Policy>,
    tally: Arc<Tally>,
    check: SystemCheck,
) -> Result<()> {
    let now = job.db().clock().now();
    let key = check.id.uuid();
    let seen = match check.kind {
        CheckKind::Http | CheckKind::Tcp | CheckKind::TlsExpiry => {
            probe::network(&check, &policy, now).await?
        }
        CheckKind::Queue | CheckKind::Schedule => {
            let of = check.clone();
            job.read(move |tx| async move { probe::own(tx, &of, now).await }.boxed())
                .await?
        }
    };
    match seen {
        Look::Refused(fault) => {
            tally.refused.fetch_add(1, Ordering::Relaxed);
            job.items(&[key], move |tx| {
                async move {
                    refuse(tx, &check, now).await?;
                    Ok(vec![(key, vec![fault])])
                }
                .boxed()
            })
            .await
        }
        Look::Seen {
            finding,
            latency_ms,
        } => {
            let sight = Sight {
                finding,
                latency_ms,
                at: now,
            };
            job.item(key, move |tx| {
                async move { keep(tx, &check, &sight, &tally).await }.boxed()
            })
            .await
        }
    }
}

/// A look that took place.
struct Sight {
    finding: Option<Finding>,
    latency_ms: Option<i32>,
    at: DateTime<Utc>,
}

/// Keeps what was seen, with the check's streak and its incident.
async fn keep(tx: &mut Tx, seen: &SystemCheck, sight: &Sight, tally: &Tally) -> Result<()> {
    let Some(mut check) = hold(tx, seen).await? else {
        return Ok(());
    };
    let open = incident::open_of(tx, check.id).await?;
    let streak = Streak {
        failures: check.failures,
        recoveries: check.recoveries,
    };
    let at = Thresholds {
        failures: check.failures_to_open,
        recoveries: check.recoveries_to_close,
    };
    let passed = sight.finding.is_none();
    let (streak, act) = rules::step(streak, open.is_some(), passed, at);
    check.failures = streak.failures;
    check.recoveries = streak.recoveries;
    let since = check.failing_since.unwrap_or(sight.at);
    check.failing_since = (streak.failures > 0).then_some(since);
    check.status = rules::status(passed);
    check.checked_at = Some(sight.at);
    check.next_due_at = next_due(check.next_due_at, check.every_minutes, sight.at);
    command::store(tx, &check).await?;
    let finding = sight.finding.as_ref();
    result::record(tx, &check, finding, sight.latency_ms, sight.at).await?;
    let counted = match (act, open, finding) {
        (Act::Open, None, Some(finding)) => {
            incident::open_by_check(tx, &check, finding, sight.at).await?;
            Some(&tally.opened)
        }
        (Act::GoOn, Some(open), Some(finding)) => {
            incident::go_on(tx, open, finding).await?;
            None
        }
        (Act::Close, Some(open), _) => {
            incident::close_by_check(tx, open, sight.at).await?;
            Some(&tally.closed)
        }
        _ => None,
    };
    let looked = if passed { &tally.passed } else { &tally.failed };
    for counter in [Some(looked), counted].into_iter().flatten() {
        counter.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Notes that a check was not allowed to look: that says nothing about its system.
async fn refuse(tx: &mut Tx, seen: &SystemCheck, at: DateTime<Utc>) -> Result<()> {
    let Some(mut check) = hold(tx, seen).await? else {
        return Ok(());
    };
    check.status = CheckStatus::Refused;
    check.checked_at = Some(at);
    check.next_due_at = next_due(check.next_due_at, check.every_minutes, at);
    command::store(tx, &check).await
}

/// Locks a check, unless somebody has changed it or looked since it was read.
async fn hold(tx: &mut Tx, seen: &SystemCheck) -> Result<Option<SystemCheck>> {
    let held = command::lock_any(tx, seen.id).await?;
    Ok(held.filter(|held| {
        held.enabled && held.version == seen.version && held.next_due_at == seen.next_due_at
    }))
}

/// The next look: on the grid of the check's own rhythm, after now.
fn next_due(due: DateTime<Utc>, every_minutes: i32, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = TimeDelta::minutes(i64::from(every_minutes.max(1)));
    let behind = (now - due).num_minutes().max(0);
    let missed = behind / i64::from(every_minutes.max(1));
    let next = due + step * i32::try_from(missed).unwrap_or_default();
    if next > now { next } else { next + step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_look_keeps_the_rhythm_however_late_this_one_was() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let due = at("2026-11-24T10:00:00Z");
        let next = |now: &str| next_due(due, 5, at(now));
        assert_eq!(next("2026-11-24T10:00:00Z"), at("2026-11-24T10:05:00Z"));
        assert_eq!(next("2026-11-24T10:00:40Z"), at("2026-11-24T10:05:00Z"));
        assert_eq!(next("2026-11-24T10:05:00Z"), at("2026-11-24T10:10:00Z"));
        assert_eq!(next("2026-11-24T13:07:30Z"), at("2026-11-24T13:10:00Z"));
        assert_eq!(next("2026-11-24T09:59:00Z"), due);
    }
}
