//! What checks saw, kept for ninety days.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{CheckId, CheckResultId, CompanyId, OrganisationId, SystemId};
use kernel::page::{Page, PageRequest};
use kernel::{Result, Tx, listing};
use serde_json::{Value, json};

use crate::check::SystemCheck;
use crate::permission::{SYSTEM_READ, visible};
use crate::probe::Finding;
use crate::schema::check_result;

/// Days that what was seen is kept.
pub const RETENTION_DAYS: i64 = 90;

/// What a check saw.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = check_result, check_for_backend(diesel::pg::Pg))]
pub struct CheckResult {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The result.
    pub id: CheckResultId,
    /// The company of the system.
    pub company_id: CompanyId,
    /// The system.
    pub system_id: SystemId,
    /// The check.
    pub check_id: CheckId,
    /// When it looked.
    pub at: DateTime<Utc>,
    /// Whether all was well.
    pub passed: bool,
    /// Milliseconds until the answer; none without one.
    pub latency_ms: Option<i32>,
    /// What was wrong, as a reason; none when all was well.
    pub reason: Option<String>,
    /// What the reason's sentence speaks of.
    pub args: Value,
}

listing! {
    /// Conditions on what checks saw.
    filter CheckResultFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By system.
        system: IdFilter => system_id,
        /// By check.
        check: IdFilter => check_id,
        /// By whether all was well.
        passed: BooleanFilter => passed,
        /// By what was wrong.
        reason: TextFilter => reason,
        /// By when they looked.
        at: DateTimeFilter => at,
    }
    /// An order of what checks saw.
    sort CheckResultSort;
    /// What results of checks can be sorted by.
    by CheckResultSortField {
        /// By when they looked.
        At = "AT" => at,
    }
    default At Desc;
    search [reason];
    from "technology" check_result as CheckResult;
}

/// A page of the results that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<CheckResultFilter, CheckResultSortField>,
) -> Result<Page<CheckResult>> {
    let visible = visible(tx, SYSTEM_READ, "check_result")?;
    list(tx, request, visible).await
}

/// How many results of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<CheckResultFilter, CheckResultSortField>,
) -> Result<i64> {
    let visible = visible(tx, SYSTEM_READ, "check_result")?;
    tally(tx, request, visible).await
}

/// Those among some results that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[CheckResultId]) -> Result<Vec<CheckResult>> {
    let visible = visible(tx, SYSTEM_READ, "check_result")?;
    Ok(check_result::table
        .filter(check_result::organisation_id.eq(tx.organisation()))
        .filter(check_result::id.eq_any(ids))
        .filter(visible)
        .select(CheckResult::as_select())
        .load(tx.conn())
        .await?)
}

/// Keeps what a check saw.
pub(crate) async fn record(
    tx: &mut Tx,
    check: &SystemCheck,
    finding: Option<&Finding>,
    latency_ms: Option<i32>,
    at: DateTime<Utc>,
) -> Result<()> {
    let row = CheckResult {
        organisation_id: check.organisation_id,
        id: CheckResultId::generate(),
        company_id: check.company_id,
        system_id: check.system_id,
        check_id: check.id,
        at,
        passed: finding.is_none(),
        latency_ms,
        reason: finding.map(|finding| finding.reason.to_owned()),
        args: finding.map_or_else(|| json!({}), Finding::kept),
    };
    diesel::insert_into(check_result::table)
        .values(&row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Removes what was seen longer ago than it is kept; gives how much.
pub(crate) async fn prune(tx: &mut Tx, now: DateTime<Utc>) -> Result<usize> {
    let before = now - TimeDelta::days(RETENTION_DAYS);
    Ok(diesel::delete(
        check_result::table
            .filter(check_result::organisation_id.eq(tx.organisation()))
            .filter(check_result::at.lt(before)),
    )
    .execute(tx.conn())
    .await?)
}
