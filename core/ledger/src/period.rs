//! Periods: open, soft-closed (only those who manage periods post), closed (nobody posts).
//!
//! Posting holds its period by a shared lock until it commits, so that closing waits for the
//! postings on their way, and these see the closing that came first.

use async_graphql::InputObject;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, IdFilter, IntFilter};
use kernel::ids::{CompanyId, FiscalYearId, OrganisationId, PeriodId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Event, Fault, Faults, Result, Tx};

use crate::permission::{ACCOUNT_READ, PERIOD_MANAGE, visible};
use crate::schema::period;

kernel::text_enum! {
    /// Whether one may post in a period.
    pub enum PeriodStatus {
        /// Everyone who may post may.
        Open = "OPEN",
        /// Only those who manage periods may.
        SoftClosed = "SOFT_CLOSED",
        /// Nobody may.
        Closed = "CLOSED",
    }
}

kernel::text_enum! {
    /// How firmly a period is closed.
    pub enum PeriodClosing {
        /// Those who manage periods still post.
        Soft = "SOFT",
        /// Nobody posts; all periods before must be closed too.
        Firm = "FIRM",
    }
}

kernel::enum_filter! {
    /// Conditions on the status of a period.
    PeriodStatusFilter of PeriodStatus
}

/// A period of a fiscal year.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = period, check_for_backend(diesel::pg::Pg))]
pub struct Period {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The period.
    pub id: PeriodId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its year.
    pub fiscal_year_id: FiscalYearId,
    /// Its place in the year, from 1.
    pub number: i32,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day.
    pub ends_on: Date,
    /// Whether one may post in it.
    pub status: PeriodStatus,
    /// Counts its changes.
    pub version: i32,
}

kernel::listing! {
    /// Conditions on periods.
    filter PeriodFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By fiscal year.
        fiscal_year: IdFilter => fiscal_year_id,
        /// By place in the year.
        number: IntFilter => number,
        /// By first day.
        starts_on: DateFilter => starts_on,
        /// By last day.
        ends_on: DateFilter => ends_on,
        /// By status.
        status: PeriodStatusFilter => status,
    }
    /// An order of periods.
    sort PeriodSort;
    /// What periods can be sorted by.
    by PeriodSortField {
        /// By first day.
        StartsOn = "STARTS_ON" => starts_on,
    }
    default StartsOn Asc;
    search [status];
    from "ledger" period as Period;
}

/// Closes a period.
#[derive(Clone, Debug, InputObject)]
pub struct PeriodCloseInput {
    /// The period.
    pub id: PeriodId,
    /// The version that the change is based on.
    pub expected_version: Option<i32>,
    /// How firmly.
    pub closing: PeriodClosing,
}

/// Opens a closed or soft-closed period again.
#[derive(Clone, Debug, InputObject)]
pub struct PeriodReopenInput {
    /// The period.
    pub id: PeriodId,
    /// The version that the change is based on.
    pub expected_version: Option<i32>,
}

/// The periods of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PeriodFilter, PeriodSortField>,
) -> Result<Page<Period>> {
    let visible = visible(tx, ACCOUNT_READ, "period")?;
    list(tx, request, visible).await
}

/// How many periods of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PeriodFilter, PeriodSortField>,
) -> Result<i64> {
    let visible = visible(tx, ACCOUNT_READ, "period")?;
    tally(tx, request, visible).await
}

/// The visible ones of some periods.
pub async fn by_ids(tx: &mut Tx, ids: &[PeriodId]) -> Result<Vec<Period>> {
    let visible = visible(tx, ACCOUNT_READ, "period")?;
    Ok(period::table
        .filter(period::organisation_id.eq(tx.organisation()))
        .filter(period::id.eq_any(ids))
        .filter(visible)
        .select(Period::as_select())
        .load(tx.conn())
        .await?)
}

/// Closes a period, softly or firmly; waits for postings on their way.
pub async fn close(tx: &mut Tx, command: PeriodCloseInput) -> Result<Period> {
    let before = locked(tx, command.id, command.expected_version).await?;
    let target = match command.closing {
        PeriodClosing::Soft => PeriodStatus::SoftClosed,
        PeriodClosing::Firm => PeriodStatus::Closed,
    };
    let neighbours = neighbours(tx, &before).await?;
    check_close(&before, target, &neighbours)?;
    record(tx, before, target, "ledger.period.closed").await
}

/// Opens a period again; those after it must not be firmly closed.
pub async fn reopen(tx: &mut Tx, command: PeriodReopenInput) -> Result<Period> {
    let before = locked(tx, command.id, command.expected_version).await?;
    let neighbours = neighbours(tx, &before).await?;
    check_reopen(&before, &neighbours)?;
    record(tx, before, PeriodStatus::Open, "ledger.period.reopened").await
}

/// Holds the periods of some days of companies against closing until the transaction ends, for what
/// belongs to a day of the books and posts no entry there. Checks no permission but that of posting
/// into soft-closed periods.
///
/// # Errors
/// What an entry of the day would be refused for; faults lie under `days`, the index, `date`.
pub async fn hold(tx: &mut Tx, days: &[(CompanyId, NaiveDate)]) -> Result<()> {
    let dates = days.iter().map(|(_, date)| *date);
    let (Some(first), Some(last)) = (dates.clone().min(), dates.max()) else {
        return Ok(());
    };
    let companies: Vec<CompanyId> = days.iter().map(|(company, _)| *company).collect();
    let periods: Vec<Period> = period::table
        .filter(period::organisation_id.eq(tx.organisation()))
        .filter(period::company_id.eq_any(companies))
        .filter(period::starts_on.le(Date(last)))
        .filter(period::ends_on.ge(Date(first)))
        .order(period::id)
        .for_share()
        .select(Period::as_select())
        .load(tx.conn())
        .await?;
    let scope = tx.actor().scope(PERIOD_MANAGE);
    let mut faults = Faults::new();
    for (index, (company, date)) in days.iter().enumerate() {
        let manages = scope.covers(Some(*company), None);
        if let Err(fault) = open_on(&periods, (*company, *date), manages) {
            faults.push(fault.under(["days".to_owned(), index.to_string()]));
        }
    }
    faults.finish()
}

/// The period of a company's day among some; whoever manages periods posts into soft-closed ones.
pub(crate) fn open_on(
    periods: &[Period],
    (company, date): (CompanyId, NaiveDate),
    manages: bool,
) -> Result<&Period, Fault> {
    let about = |reason| Fault::not_allowed(reason).at(["date"]).with("date", date);
    let fits = |period: &&Period| {
        period.company_id == company && (period.starts_on.0..=period.ends_on.0).contains(&date)
    };
    let period = periods
        .iter()
        .find(fits)
        .ok_or_else(|| about("ledger.period_missing"))?;
    match period.status {
        PeriodStatus::Closed => Err(about("ledger.period_closed")),
        PeriodStatus::SoftClosed if !manages => Err(about("ledger.period_soft_closed")),
        _ => Ok(period),
    }
}

fn check_close(period: &Period, target: PeriodStatus, others: &[Period]) -> Result<()> {
    if target <= period.status {
        return Err(Fault::not_allowed("ledger.period_state").at(["id"]).into());
    }
    let earlier = others
        .iter()
        .filter(|other| other.starts_on < period.starts_on);
    let waits = earlier
        .into_iter()
        .any(|other| other.status != PeriodStatus::Closed);
    if target == PeriodStatus::Closed && waits {
        return Err(Fault::not_allowed("ledger.period_order").at(["id"]).into());
    }
    Ok(())
}

fn check_reopen(period: &Period, others: &[Period]) -> Result<()> {
    if period.status == PeriodStatus::Open {
        return Err(Fault::not_allowed("ledger.period_state").at(["id"]).into());
    }
    let mut later = others
        .iter()
        .filter(|other| other.starts_on > period.starts_on);
    if later.any(|other| other.status == PeriodStatus::Closed) {
        return Err(Fault::not_allowed("ledger.period_order").at(["id"]).into());
    }
    Ok(())
}

async fn locked(tx: &mut Tx, id: PeriodId, expected: Option<i32>) -> Result<Period> {
    tx.require(PERIOD_MANAGE)?;
    let found: Option<Period> = period::table
        .find((tx.organisation(), id))
        .for_no_key_update()
        .select(Period::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let missing = || Fault::not_found("ledger.period_unknown").at(["id"]);
    let found = found.ok_or_else(missing)?;
    if !tx
        .actor()
        .scope(PERIOD_MANAGE)
        .covers(Some(found.company_id), None)
    {
        return Err(missing().into());
    }
    if expected.is_some_and(|version| version != found.version) {
        return Err(Fault::stale().into());
    }
    Ok(found)
}

async fn neighbours(tx: &mut Tx, of: &Period) -> Result<Vec<Period>> {
    Ok(period::table
        .filter(period::organisation_id.eq(tx.organisation()))
        .filter(period::company_id.eq(of.company_id))
        .select(Period::as_select())
        .load(tx.conn())
        .await?)
}

async fn record(
    tx: &mut Tx,
    before: Period,
    status: PeriodStatus,
    action: &'static str,
) -> Result<Period> {
    let after = Period {
        status,
        version: before.version + 1,
        ..before.clone()
    };
    diesel::update(period::table.find((after.organisation_id, after.id)))
        .set((
            period::status.eq(after.status),
            period::version.eq(after.version),
        ))
        .execute(tx.conn())
        .await?;
    let event = Event::new(action, "Period", after.id, ACCOUNT_READ)
        .company(after.company_id)
        .changed("status", &before.status, &after.status);
    tx.emit(event).await?;
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(month: u32, status: PeriodStatus) -> Period {
        let day = |d| Date(chrono::NaiveDate::from_ymd_opt(2026, month, d).unwrap());
        Period {
            organisation_id: OrganisationId::generate(),
            id: PeriodId::generate(),
            company_id: CompanyId::generate(),
            fiscal_year_id: FiscalYearId::generate(),
            number: 1,
            starts_on: day(1),
            ends_on: day(28),
            status,
            version: 1,
        }
    }

    #[test]
    fn firm_closing_goes_in_order_and_reopening_backwards() {
        use PeriodStatus::*;
        let (first, second) = (period(1, Open), period(2, Open));
        assert!(check_close(&second, Closed, std::slice::from_ref(&first)).is_err());
        assert!(check_close(&second, SoftClosed, std::slice::from_ref(&first)).is_ok());
        assert!(check_close(&first, Closed, &[second]).is_ok());
        assert!(check_reopen(&period(1, Closed), &[period(2, Closed)]).is_err());
        assert!(check_reopen(&period(1, Closed), &[period(2, SoftClosed)]).is_ok());
    }
}
