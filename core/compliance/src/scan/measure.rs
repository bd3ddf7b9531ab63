//! Running the queries of one rule: in the application's role, under the tenant's row-level
//! security, within a time limit, with everything bound.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::BoxedSqlQuery;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::{Error, Fault, Result, Tx};
use serde_json::Value;
use uuid::Uuid;

use crate::fault;
use crate::rule::{Bind, Compiled, ComplianceRule, ParameterValue};

/// Breaches of one rule that a scan takes at most.
pub const MOST_BREACHES: usize = 10_000;
/// Seconds that a query of a rule may take.
const QUERY_SECONDS: u32 = 30;
/// Seconds that a rule waits for another scan that is at it.
const TURN_SECONDS: u32 = 45;

/// A breach as a rule's query tells it.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Breach {
    /// What makes it one and the same from scan to scan.
    #[diesel(sql_type = sql::Text)]
    pub subject_key: String,
    /// The record that it is about.
    #[diesel(sql_type = sql::Uuid)]
    pub subject_id: Uuid,
    /// What that record is called.
    #[diesel(sql_type = sql::Text)]
    pub subject_name: String,
    /// Its company.
    #[diesel(sql_type = sql::Nullable<sql::Uuid>)]
    pub company_id: Option<CompanyId>,
    /// The evidence: texts by column.
    #[diesel(sql_type = sql::Jsonb)]
    pub evidence: Value,
}

/// What a rule saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// Subjects that it looked at.
    pub scanned: i64,
    /// Breaches, by key.
    pub breaches: Vec<Breach>,
    /// Whether there are more than these.
    pub has_more: bool,
}

/// When a scan takes place, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// The company that it is limited to.
    pub company: Option<CompanyId>,
    /// The instant.
    pub now: DateTime<Utc>,
    /// The day, where the company is.
    pub today: NaiveDate,
}

/// The frame of a scan: the day is that of the company, or of the oldest company.
pub(super) async fn frame(tx: &mut Tx, company: Option<CompanyId>) -> Result<Frame> {
    #[derive(QueryableByName)]
    struct Day {
        #[diesel(sql_type = sql::Date)]
        today: NaiveDate,
    }
    let now = tx.now();
    let day: Option<Day> = diesel::sql_query(
        "SELECT ($3 AT TIME ZONE c.zone)::date AS today FROM directory.company c \
         WHERE c.organisation_id = $1 AND ($2 IS NULL OR c.id = $2) \
         ORDER BY c.created_at, c.id LIMIT 1",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Nullable<sql::Uuid>, _>(company)
    .bind::<sql::Timestamptz, _>(now)
    .get_result(tx.conn())
    .await
    .optional()?;
    Ok(Frame {
        company,
        now,
        today: day.map_or(now.date_naive(), |day| day.today),
    })
}

/// Waits for the rule's turn: two scans of an organisation never settle the same rule at once, so
/// that what is read afterwards is what the other has left.
pub(super) async fn take_turn(tx: &mut Tx, rule: &ComplianceRule) -> Result<()> {
    diesel::sql_query(
        "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $1, true)",
    )
    .bind::<sql::Text, _>(format!("{TURN_SECONDS}s"))
    .execute(tx.conn())
    .await?;
    diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 131))")
        .bind::<sql::Text, _>(format!("{}:{}", tx.organisation().0, rule.rule.key))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a rule sees now. A failure of its queries is undone to where it began and given as the
/// fault that it is; the transaction goes on.
///
/// # Errors
/// What is no fault of the rule: the database is away, the lease is lost.
pub(super) async fn measure(
    tx: &mut Tx,
    rule: &ComplianceRule,
    frame: &Frame,
) -> Result<Result<Measured, Fault>> {
    tx.savepoint().await?;
    let measured = match limit_time(tx).await {
        Ok(()) => look(tx, rule, frame).await,
        Err(error) => Err(error),
    };
    match measured {
        Ok(measured) => Ok(Ok(measured)),
        Err(error) => {
            let fault = fault_of(rule, error)?;
            tx.undo_to_savepoint().await?;
            Ok(Err(fault))
        }
    }
}

async fn limit_time(tx: &mut Tx) -> Result<()> {
    diesel::sql_query("SELECT set_config('statement_timeout', $1, true)")
        .bind::<sql::Text, _>(format!("{QUERY_SECONDS}s"))
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn look(tx: &mut Tx, rule: &ComplianceRule, frame: &Frame) -> Result<Measured> {
    #[derive(QueryableByName)]
    struct Scanned {
        #[diesel(sql_type = sql::BigInt)]
        count: i64,
    }
    let count = statement(tx, &rule.rule.scanned, String::new(), rule, frame)?;
    let scanned: Scanned = count.get_result(tx.conn()).await?;
    let most = format!(" LIMIT {}", MOST_BREACHES + 1);
    let query = statement(tx, &rule.rule.breaches, most, rule, frame)?;
    let mut breaches: Vec<Breach> = query.load(tx.conn()).await?;
    let has_more = breaches.len() > MOST_BREACHES;
    breaches.truncate(MOST_BREACHES);
    let mut seen = HashSet::new();
    breaches.retain(|breach| seen.insert(breach.subject_key.clone()));
    Ok(Measured {
        scanned: scanned.count,
        breaches,
        has_more,
    })
}

/// A statement of a rule with its values bound.
fn statement<'f>(
    tx: &Tx,
    compiled: &Compiled,
    ending: String,
    rule: &ComplianceRule,
    frame: &Frame,
) -> Result<BoxedSqlQuery<'f, Pg, diesel::query_builder::SqlQuery>> {
    let mut query = diesel::sql_query(format!("{}{ending}", compiled.text)).into_boxed::<Pg>();
    for bind in &compiled.binds {
        query = match bind {
            Bind::Organisation => query.bind::<sql::Uuid, _>(tx.organisation()),
            Bind::Company => query.bind::<sql::Nullable<sql::Uuid>, _>(frame.company),
            Bind::Now => query.bind::<sql::Timestamptz, _>(frame.now),
            Bind::Today => query.bind::<sql::Date, _>(frame.today),
            Bind::Parameter(name) => match rule.parameters.get(name).cloned() {
                Some(ParameterValue::Integer(value)) => query.bind::<sql::BigInt, _>(value),
                Some(ParameterValue::Decimal(value)) => {
                    query.bind::<sql::Numeric, _>(kernel::Dec(value))
                }
                Some(ParameterValue::Text(value)) => query.bind::<sql::Text, _>(value),
                Some(ParameterValue::Texts(values)) => {
                    query.bind::<sql::Array<sql::Text>, _>(values)
                }
                Some(ParameterValue::Boolean(value)) => query.bind::<sql::Bool, _>(value),
                None => return Err(Error::bug(format!("the parameter {name} has no value"))),
            },
        };
    }
    Ok(query)
}

/// The fault behind a query that failed; an error that is not the rule's passes through.
fn fault_of(rule: &ComplianceRule, error: Error) -> Result<Fault> {
    let key = &rule.rule.key;
    match error {
        Error::Refused(faults) => match faults.into_iter().next() {
            Some(fault) => Ok(fault),
            None => Err(Error::bug("a refusal without a fault")),
        },
        Error::Unavailable(why) if why.contains("statement timeout") => {
            Ok(Fault::not_allowed(fault::RULE_TOO_SLOW)
                .with("rule", key)
                .with("seconds", QUERY_SECONDS))
        }
        Error::Bug(why) => {
            tracing::warn!(rule.key = key, why, "The query of a rule failed.");
            let detail: String = why.chars().take(300).collect();
            Ok(Fault::not_allowed(fault::RULE_FAILED)
                .with("rule", key)
                .with("detail", detail))
        }
        other => Err(other),
    }
}
