//! Looking: over the network by the rules of `outbound`, and into Trastienda's own jobs.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::ScheduleId;
use kernel::{Error, Fault, Result, Tx};
use outbound::http::{Answer, Method, Request};
use outbound::target::{Target, url};
use outbound::tls::Certificate;
use outbound::{Policy, http, tcp, tls};
use serde_json::{Map, Value, json};

use crate::check::{CheckKind, CheckMethod, SystemCheck};
use crate::fault;

/// Bytes of an answer that are searched.
const MOST_BYTES: usize = 64 * 1_024;

/// What is wrong: a reason of this crate and what its sentence speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The reason, one of [`fault::REASONS`].
    pub reason: &'static str,
    /// The values of its sentence.
    pub args: Vec<(&'static str, String)>,
}

impl Finding {
    fn new(reason: &'static str) -> Self {
        Self {
            reason,
            args: Vec::new(),
        }
    }

    fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// The values as a row keeps them.
    pub fn kept(&self) -> Value {
        let args = self.args.iter();
        let args: Map<String, Value> = args
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        Value::Object(args)
    }
}

/// What came of a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It took place: what is wrong, if anything, and how long the answer took.
    Seen {
        /// What is wrong; none when all is well.
        finding: Option<Finding>,
        /// Milliseconds until the answer; none for looks into our own jobs.
        latency_ms: Option<i32>,
    },
    /// It was not allowed, and says nothing about the system.
    Refused(Fault),
}

/// Looks over the network.
///
/// # Errors
/// A check that does not look over the network, which is a defect.
pub async fn network(check: &SystemCheck, policy: &Policy, now: DateTime<Utc>) -> Result<Look> {
    let begun = Instant::now();
    let timeout = Duration::from_millis(u64::try_from(check.timeout_ms).unwrap_or(1_000));
    let address = check.target.as_deref().unwrap_or_default();
    let seen = match check.kind {
        CheckKind::Http => ask(check, policy, address, timeout).await,
        CheckKind::Tcp => knock(policy, address, timeout).await,
        CheckKind::TlsExpiry => certificate(check, policy, address, timeout, now).await,
        CheckKind::Queue | CheckKind::Schedule => {
            return Err(Error::bug("a look into our own jobs went over the network"));
        }
    };
    let latency_ms = i32::try_from(begun.elapsed().as_millis()).ok();
    Ok(match seen {
        Ok(finding) => Look::Seen {
            finding,
            latency_ms,
        },
        Err(error) => failed(error, check.timeout_ms),
    })
}

async fn ask(
    check: &SystemCheck,
    policy: &Policy,
    address: &str,
    timeout: Duration,
) -> outbound::Result<Option<Finding>> {
    let method = match check.method {
        Some(CheckMethod::Head) => Method::Head,
        Some(CheckMethod::Get) | None => Method::Get,
    };
    let request = Request {
        url: url(address)?,
        method,
        timeout,
        most_bytes: MOST_BYTES,
    };
    let answer = http::call(policy, &request).await?;
    Ok(judge(
        &answer,
        check.expected_status,
        check.expected_text.as_deref(),
    ))
}

async fn knock(
    policy: &Policy,
    address: &str,
    timeout: Duration,
) -> outbound::Result<Option<Finding>> {
    let target = Target::parse(address, None)?;
    tcp::knock(policy, &target, timeout).await.map(|()| None)
}

async fn certificate(
    check: &SystemCheck,
    policy: &Policy,
    address: &str,
    timeout: Duration,
    now: DateTime<Utc>,
) -> outbound::Result<Option<Finding>> {
    let target = Target::parse(address, Some(443))?;
    let seen = tls::look(policy, &target, timeout).await?;
    Ok(expiry(&seen, check.warn_days.unwrap_or_default(), now))
}

/// Judges an answer: the status that is expected, or any of success; and the text.
fn judge(answer: &Answer, status: Option<i32>, text: Option<&str>) -> Option<Finding> {
    let got = i32::from(answer.status);
    let fits = status.map_or((200..300).contains(&got), |status| status == got);
    if !fits {
        let expected = status.map_or_else(|| "2xx".to_owned(), |status| status.to_string());
        let finding = Finding::new(fault::SEEN_STATUS);
        return Some(finding.with("status", got).with("expected", expected));
    }
    let has_text = text.is_none_or(|text| {
        let body = String::from_utf8_lossy(&answer.body);
        body.contains(text)
    });
    (!has_text).then(|| Finding::new(fault::SEEN_NO_TEXT))
}

/// Judges a certificate: of the host, and not near its end.
fn expiry(seen: &Certificate, warn_days: i32, now: DateTime<Utc>) -> Option<Finding> {
    let date = seen.expires_at.date_naive();
    if seen.expires_at <= now {
        return Some(Finding::new(fault::SEEN_EXPIRED).with("date", date));
    }
    if !seen.names_host {
        return Some(Finding::new(fault::SEEN_OTHER_NAME));
    }
    let left = seen.expires_at - now;
    (left < TimeDelta::days(i64::from(warn_days))).then(|| {
        Finding::new(fault::SEEN_EXPIRES)
            .with("date", date)
            .with("days", left.num_days())
    })
}

fn failed(error: outbound::Error, timeout_ms: i32) -> Look {
    use outbound::Error as Outbound;
    let finding = match error {
        Outbound::Malformed(_) => {
            return Look::Refused(Fault::invalid(fault::ADDRESS_MALFORMED));
        }
        Outbound::Forbidden { host, kind } => {
            let fault = Fault::not_allowed(fault::ADDRESS_FORBIDDEN);
            return Look::Refused(fault.with("host", host).with("kind", kind));
        }
        Outbound::Unresolved => Finding::new(fault::SEEN_UNRESOLVED),
        Outbound::TimedOut => Finding::new(fault::SEEN_TIMED_OUT).with("timeout", timeout_ms),
        Outbound::Unreachable => Finding::new(fault::SEEN_UNREACHABLE),
        Outbound::Tls(detail) => Finding::new(fault::SEEN_TLS).with("detail", detail),
        Outbound::Answer(detail) => Finding::new(fault::SEEN_ANSWER).with("detail", detail),
    };
    Look::Seen {
        finding: Some(finding),
        latency_ms: None,
    }
}

/// Looks into the organisation's own jobs and schedules.
///
/// # Errors
/// A check that looks over the network, which is a defect.
pub async fn own(tx: &mut Tx, check: &SystemCheck, now: DateTime<Utc>) -> Result<Look> {
    let finding = match check.kind {
        CheckKind::Queue => {
            let waiting = waiting(tx, check.queue.as_deref(), now).await?;
            crowded(&waiting, check, now)
        }
        CheckKind::Schedule => match rhythm(tx, check.schedule_id, now).await? {
            Some(rhythm) => late(&rhythm, check.most_minutes.unwrap_or_default(), now),
            None => return Ok(Look::Refused(Fault::not_found(fault::SCHEDULE_NOT_FOUND))),
        },
        _ => return Err(Error::bug("a look over the network went into our own jobs")),
    };
    Ok(Look::Seen {
        finding,
        latency_ms: None,
    })
}

/// The jobs that wait for a worker.
#[derive(Clone, Debug, Default, QueryableByName)]
struct Waiting {
    #[diesel(sql_type = sql::BigInt)]
    jobs: i64,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    since: Option<DateTime<Utc>>,
}

async fn waiting(tx: &mut Tx, queue: Option<&str>, now: DateTime<Utc>) -> Result<Waiting> {
    Ok(diesel::sql_query(
        "SELECT count(*) AS jobs, min(run_at) AS since FROM kernel.job \
         WHERE organisation_id = $1 AND status = 'QUEUED' AND run_at <= $2 \
            AND ($3 IS NULL OR queue = $3)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Timestamptz, _>(now)
    .bind::<sql::Nullable<sql::Text>, _>(queue)
    .get_result(tx.conn())
    .await?)
}

fn crowded(waiting: &Waiting, check: &SystemCheck, now: DateTime<Utc>) -> Option<Finding> {
    let most = i64::from(check.most_waiting.unwrap_or_default());
    if waiting.jobs > most {
        let finding = Finding::new(fault::SEEN_WAITING);
        return Some(finding.with("waiting", waiting.jobs).with("most", most));
    }
    let most = i64::from(check.most_minutes.unwrap_or_default());
    let minutes = (now - waiting.since?).num_minutes();
    (minutes > most).then(|| {
        Finding::new(fault::SEEN_OLDEST)
            .with("minutes", minutes)
            .with("most", most)
    })
}

/// A schedule's ticks and what became of the latest.
#[derive(Clone, Debug, QueryableByName)]
struct Rhythm {
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::Bool)]
    paused: bool,
    #[diesel(sql_type = sql::Timestamptz)]
    next_due_at: DateTime<Utc>,
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    last_due_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = sql::Nullable<sql::Integer>)]
    expected_within_minutes: Option<i32>,
    #[diesel(sql_type = sql::Bool)]
    done: bool,
}

async fn rhythm(
    tx: &mut Tx,
    schedule: Option<ScheduleId>,
    now: DateTime<Utc>,
) -> Result<Option<Rhythm>> {
    Ok(diesel::sql_query(
        "SELECT s.name, s.paused_at IS NOT NULL AS paused, s.next_due_at, s.last_due_at, \
            s.expected_within_minutes, EXISTS (SELECT FROM kernel.job j \
                WHERE j.organisation_id = s.organisation_id AND j.schedule_id = s.id \
                    AND j.status = 'SUCCEEDED' AND j.finished_at >= s.last_due_at \
                    AND j.created_at <= $3) AS done \
         FROM kernel.schedule s WHERE s.organisation_id = $1 AND s.id = $2",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Nullable<sql::Uuid>, _>(schedule)
    .bind::<sql::Timestamptz, _>(now)
    .get_result(tx.conn())
    .await
    .optional()?)
}

fn late(rhythm: &Rhythm, most_minutes: i32, now: DateTime<Utc>) -> Option<Finding> {
    if rhythm.paused {
        return None;
    }
    let shown = |at: DateTime<Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let minutes = |minutes: i32| TimeDelta::minutes(i64::from(minutes));
    if now > rhythm.next_due_at + minutes(most_minutes) {
        let finding = Finding::new(fault::SEEN_NO_TICK).with("schedule", &rhythm.name);
        return Some(finding.with("due", shown(rhythm.next_due_at)));
    }
    let due = rhythm.last_due_at?;
    let within = rhythm.expected_within_minutes.unwrap_or(most_minutes);
    (!rhythm.done && now > due + minutes(within)).then(|| {
        Finding::new(fault::SEEN_MISSED)
            .with("schedule", &rhythm.name)
            .with("due", shown(due))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn reason(finding: Option<Finding>) -> Option<&'static str> {
        finding.map(|finding| finding.reason)
    }

    #[test]
    fn an_answer_is_judged_by_status_and_text() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.as_bytes().to_vec(),
        };
        assert_eq!(judge(&answer(204, ""), None, None), None);
        assert_eq!(judge(&answer(401, ""), Some(401), None), None);
        let wrong = judge(&answer(503, ""), None, None).unwrap();
        assert_eq!(wrong.kept(), json!({ "status": "503", "expected": "2xx" }));
        let redirected = judge(&answer(302, ""), None, None);
        assert_eq!(reason(redirected), Some(fault::SEEN_STATUS));
        assert_eq!(judge(&answer(200, "status: ok"), None, Some("ok")), None);
        let missing = judge(&answer(200, "status: no"), None, Some("ok"));
        assert_eq!(reason(missing), Some(fault::SEEN_NO_TEXT));
    }

    #[test]
    fn a_certificate_is_judged_by_its_end_and_its_name() {
        let now = at("2026-11-24T12:00:00Z");
        let seen = |end: &str, names_host| Certificate {
            begins_at: at("2026-01-01T00:00:00Z"),
            expires_at: at(end),
            names_host,
        };
        assert_eq!(expiry(&seen("2026-12-24T12:00:01Z", true), 30, now), None);
        let soon = expiry(&seen("2026-12-24T11:59:59Z", true), 30, now).unwrap();
        assert_eq!(soon.kept(), json!({ "date": "2026-12-24", "days": "29" }));
        let over = expiry(&seen("2026-11-24T11:59:59Z", true), 30, now);
        assert_eq!(reason(over), Some(fault::SEEN_EXPIRED));
        let other = expiry(&seen("2027-11-24T11:59:59Z", false), 30, now);
        assert_eq!(reason(other), Some(fault::SEEN_OTHER_NAME));
    }

    #[test]
    fn a_schedule_is_late_when_its_tick_or_its_job_is() {
        let rhythm = Rhythm {
            name: "Nóminas".into(),
            paused: false,
            next_due_at: at("2026-11-25T06:00:00Z"),
            last_due_at: Some(at("2026-11-24T06:00:00Z")),
            expected_within_minutes: None,
            done: false,
        };
        let of = |rhythm: &Rhythm, now: &str| reason(late(rhythm, 60, at(now)));
        assert_eq!(of(&rhythm, "2026-11-24T07:00:00Z"), None);
        let missed = Some(fault::SEEN_MISSED);
        assert_eq!(of(&rhythm, "2026-11-24T07:00:01Z"), missed);
        let done = Rhythm {
            done: true,
            ..rhythm.clone()
        };
        assert_eq!(of(&done, "2026-11-24T09:00:00Z"), None);
        assert_eq!(of(&done, "2026-11-25T07:00:01Z"), Some(fault::SEEN_NO_TICK));
        let patient = Rhythm {
            expected_within_minutes: Some(180),
            ..rhythm.clone()
        };
        assert_eq!(of(&patient, "2026-11-24T08:59:00Z"), None);
        let paused = Rhythm {
            paused: true,
            ..rhythm
        };
        assert_eq!(of(&paused, "2026-12-24T09:00:00Z"), None);
    }

    #[test]
    fn a_forbidden_address_says_nothing_about_the_system() {
        let forbidden = outbound::Error::Forbidden {
            host: "db".into(),
            kind: outbound::address::Kind::Private,
        };
        assert!(matches!(failed(forbidden, 100), Look::Refused(_)));
        let unreachable = failed(outbound::Error::Unreachable, 100);
        assert!(matches!(
            unreachable,
            Look::Seen {
                finding: Some(_),
                ..
            }
        ));
    }
}
