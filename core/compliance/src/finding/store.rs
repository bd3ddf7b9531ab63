//! The SQL of findings.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, FindingId};
use kernel::{Date, Fault, Permission, Result, Tx};
use uuid::Uuid;

use super::decide::Change;
use super::{Finding, FindingStatus};
use crate::fault;
use crate::schema::finding;

/// Rows of one insert at most.
const BATCH: usize = 500;

/// The findings of a rule that a scan has to settle, locked: those that are not closed, and those
/// of the subjects that it saw.
pub(super) async fn known(
    tx: &mut Tx,
    rule: &str,
    company: Option<CompanyId>,
    keys: &[String],
) -> Result<Vec<Finding>> {
    let mine = finding::table
        .filter(finding::organisation_id.eq(tx.organisation()))
        .filter(finding::rule_key.eq(rule));
    let seen = finding::subject_key.eq_any(keys);
    let live = finding::status.ne(FindingStatus::Closed);
    let rows = match company {
        None => {
            mine.filter(live.or(seen))
                .order(finding::id)
                .select(Finding::as_select())
                .for_update()
                .load(tx.conn())
                .await?
        }
        Some(company) => {
            mine.filter(
                live.and(finding::company_id.eq(company))
                    .or(seen.nullable()),
            )
            .order(finding::id)
            .select(Finding::as_select())
            .for_update()
            .load(tx.conn())
            .await?
        }
    };
    Ok(rows)
}

/// The findings of some rules that are not closed, locked.
pub(super) async fn live(tx: &mut Tx, rules: &[String]) -> Result<Vec<Finding>> {
    Ok(finding::table
        .filter(finding::organisation_id.eq(tx.organisation()))
        .filter(finding::rule_key.eq_any(rules))
        .filter(finding::status.ne(FindingStatus::Closed))
        .order(finding::id)
        .select(Finding::as_select())
        .for_update()
        .load(tx.conn())
        .await?)
}

/// Whether anything of a rule is to be mended.
pub(super) async fn has_open(tx: &mut Tx, rule: &str) -> Result<bool> {
    let open = finding::table
        .filter(finding::organisation_id.eq(tx.organisation()))
        .filter(finding::rule_key.eq(rule))
        .filter(finding::status.eq(FindingStatus::Open));
    Ok(diesel::select(diesel::dsl::exists(open))
        .get_result(tx.conn())
        .await?)
}

/// Writes what a scan made of a rule's findings: new ones in one statement a 500, changed ones in
/// one.
pub(super) async fn write(tx: &mut Tx, changes: &[(Change, Finding)]) -> Result<()> {
    let of = |new: bool| {
        changes
            .iter()
            .filter(move |(change, _)| (*change == Change::Opened) == new)
            .map(|(_, finding)| finding)
    };
    let new: Vec<&Finding> = of(true).collect();
    for chunk in new.chunks(BATCH) {
        diesel::insert_into(finding::table)
            .values(chunk.to_vec())
            .execute(tx.conn())
            .await?;
    }
    let rest: Vec<&Finding> = of(false).collect();
    if rest.is_empty() {
        return Ok(());
    }
    rewrite(tx, &rest).await
}

const REWRITE: &str = "\
UPDATE compliance.finding f SET rule_version = n.rule_version, subject_id = n.subject_id, \
    subject_name = n.subject_name, company_id = n.company_id, severity = n.severity, \
    gravity = n.gravity, status = n.status, evidence = n.evidence, occurrences = n.occurrences, \
    last_seen_at = n.last_seen_at, opened_at = n.opened_at, closed_at = n.closed_at, \
    accepted_until = n.accepted_until, scan_id = n.scan_id, version = n.version \
FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
    AS n(id, rule_version, subject_id, subject_name, company_id, severity, gravity, status, \
        evidence, occurrences, last_seen_at, opened_at, closed_at, accepted_until, scan_id, \
        version) \
WHERE f.organisation_id = $1 AND f.id = n.id";

async fn rewrite(tx: &mut Tx, rows: &[&Finding]) -> Result<()> {
    fn all<T>(rows: &[&Finding], of: impl Fn(&Finding) -> T) -> Vec<T> {
        rows.iter().map(|row| of(row)).collect()
    }
    diesel::sql_query(REWRITE)
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Array<sql::Uuid>, _>(all(rows, |it| it.id))
        .bind::<sql::Array<sql::Text>, _>(all(rows, |it| it.rule_version.clone()))
        .bind::<sql::Array<sql::Uuid>, _>(all(rows, |it| it.subject_id))
        .bind::<sql::Array<sql::Text>, _>(all(rows, |it| it.subject_name.clone()))
        .bind::<sql::Array<sql::Nullable<sql::Uuid>>, _>(all::<Option<Uuid>>(rows, |it| {
            it.company_id.map(|id| id.0)
        }))
        .bind::<sql::Array<sql::Text>, _>(all(rows, |it| it.severity.text()))
        .bind::<sql::Array<sql::SmallInt>, _>(all(rows, |it| it.gravity))
        .bind::<sql::Array<sql::Text>, _>(all(rows, |it| it.status.text()))
        .bind::<sql::Array<sql::Jsonb>, _>(all(rows, |it| it.evidence.clone()))
        .bind::<sql::Array<sql::Integer>, _>(all(rows, |it| it.occurrences))
        .bind::<sql::Array<sql::Timestamptz>, _>(all(rows, |it| it.last_seen_at))
        .bind::<sql::Array<sql::Timestamptz>, _>(all(rows, |it| it.opened_at))
        .bind::<sql::Array<sql::Nullable<sql::Timestamptz>>, _>(all::<Option<DateTime<Utc>>>(
            rows,
            |it| it.closed_at,
        ))
        .bind::<sql::Array<sql::Nullable<sql::Date>>, _>(all::<Option<Date>>(rows, |it| {
            it.accepted_until
        }))
        .bind::<sql::Array<sql::Uuid>, _>(all(rows, |it| it.scan_id))
        .bind::<sql::Array<sql::Integer>, _>(all(rows, |it| it.version))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A finding in whose company the actor has a permission, locked.
pub(crate) async fn lock(
    tx: &mut Tx,
    id: FindingId,
    permission: Permission,
    version: Option<i32>,
) -> Result<Finding> {
    let scope = tx.require(permission)?;
    let found: Option<Finding> = finding::table
        .find((tx.organisation(), id))
        .select(Finding::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let row = found
        .filter(|row| scope.covers(row.company_id, None))
        .ok_or_else(|| Fault::not_found(fault::FINDING_NOT_FOUND).at(["id"]))?;
    directory::check::version(row.version, version)?;
    Ok(row)
}

/// Writes a changed finding with its next version.
pub(crate) async fn save(tx: &mut Tx, row: &mut Finding) -> Result<()> {
    row.version += 1;
    diesel::update(finding::table.find((row.organisation_id, row.id)))
        .set(&*row)
        .execute(tx.conn())
        .await?;
    Ok(())
}
