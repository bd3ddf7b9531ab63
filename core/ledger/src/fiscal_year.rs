//! Fiscal years: opened with their periods, a month each; years of a company never overlap.
//!
//! A year lasts twelve months at most (Ley 27/2014, art. 27.1); the first may be shorter.

use async_graphql::InputObject;
use chrono::{Datelike, Months, NaiveDate};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, FiscalYearId, OrganisationId, PeriodId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Event, Fault, Faults, Result, Tx};

use crate::period::{Period, PeriodStatus};
use crate::permission::{ACCOUNT_READ, PERIOD_MANAGE, visible};
use crate::schema::{fiscal_year, period};

/// A fiscal year.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = fiscal_year, check_for_backend(diesel::pg::Pg))]
pub struct FiscalYear {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The year.
    pub id: FiscalYearId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its name, such as 2026.
    pub name: String,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day.
    pub ends_on: Date,
    /// Counts its changes.
    pub version: i32,
}

kernel::listing! {
    /// Conditions on fiscal years.
    filter FiscalYearFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By name.
        name: TextFilter => name,
        /// By first day.
        starts_on: DateFilter => starts_on,
        /// By last day.
        ends_on: DateFilter => ends_on,
    }
    /// An order of fiscal years.
    sort FiscalYearSort;
    /// What fiscal years can be sorted by.
    by FiscalYearSortField {
        /// By first day.
        StartsOn = "STARTS_ON" => starts_on,
        /// By name.
        Name = "NAME" => name,
    }
    default StartsOn Desc;
    search [name];
    from "ledger" fiscal_year as FiscalYear;
}

/// Opens a fiscal year with its monthly periods.
#[derive(Clone, Debug, InputObject)]
pub struct FiscalYearOpenInput {
    /// Its id, when the client makes it.
    pub id: Option<FiscalYearId>,
    /// Its company.
    pub company_id: CompanyId,
    /// Its name; the year of its last day when absent.
    pub name: Option<String>,
    /// Its first day.
    pub starts_on: Date,
    /// Its last day.
    pub ends_on: Date,
}

/// The fiscal years of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<FiscalYearFilter, FiscalYearSortField>,
) -> Result<Page<FiscalYear>> {
    let visible = visible(tx, ACCOUNT_READ, "fiscal_year")?;
    list(tx, request, visible).await
}

/// How many fiscal years of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<FiscalYearFilter, FiscalYearSortField>,
) -> Result<i64> {
    let visible = visible(tx, ACCOUNT_READ, "fiscal_year")?;
    tally(tx, request, visible).await
}

/// The visible ones of some fiscal years.
pub async fn by_ids(tx: &mut Tx, ids: &[FiscalYearId]) -> Result<Vec<FiscalYear>> {
    let visible = visible(tx, ACCOUNT_READ, "fiscal_year")?;
    Ok(fiscal_year::table
        .filter(fiscal_year::organisation_id.eq(tx.organisation()))
        .filter(fiscal_year::id.eq_any(ids))
        .filter(visible)
        .select(FiscalYear::as_select())
        .load(tx.conn())
        .await?)
}

/// Opens a fiscal year by a person's wish.
pub async fn open(tx: &mut Tx, command: FiscalYearOpenInput) -> Result<FiscalYear> {
    tx.require_in(PERIOD_MANAGE, command.company_id, None)?;
    crate::chart::require_book(tx, command.company_id).await?;
    let others = of_company(tx, command.company_id).await?;
    let name = command
        .name
        .unwrap_or_else(|| command.ends_on.year().to_string());
    let year = FiscalYear {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(FiscalYearId::generate),
        company_id: command.company_id,
        name,
        starts_on: command.starts_on,
        ends_on: command.ends_on,
        version: 1,
    };
    check(&year, &others)?;
    let periods = periods_of(&year);
    diesel::insert_into(fiscal_year::table)
        .values(&year)
        .execute(tx.conn())
        .await?;
    diesel::insert_into(period::table)
        .values(&periods)
        .execute(tx.conn())
        .await?;
    let event = Event::new(
        "ledger.fiscal_year.opened",
        "FiscalYear",
        year.id,
        ACCOUNT_READ,
    )
    .company(year.company_id)
    .set("name", &year.name)
    .set("startsOn", year.starts_on)
    .set("endsOn", year.ends_on);
    tx.emit(event).await?;
    Ok(year)
}

async fn of_company(tx: &mut Tx, company: CompanyId) -> Result<Vec<FiscalYear>> {
    Ok(fiscal_year::table
        .filter(fiscal_year::organisation_id.eq(tx.organisation()))
        .filter(fiscal_year::company_id.eq(company))
        .select(FiscalYear::as_select())
        .load(tx.conn())
        .await?)
}

fn check(year: &FiscalYear, others: &[FiscalYear]) -> Result<()> {
    let mut faults = Faults::new();
    crate::fault::name("name", &year.name, 40)
        .into_iter()
        .for_each(|fault| faults.push(fault));
    faults.check(!others.iter().any(|other| other.name == year.name), || {
        Fault::conflict("ledger.code_taken")
            .at(["name"])
            .with("code", &year.name)
    });
    faults.check(year.starts_on <= year.ends_on, || {
        Fault::invalid("kernel.dates_out_of_order").at(["endsOn"])
    });
    let latest = year.starts_on.checked_add_months(Months::new(12));
    faults.check(latest.is_some_and(|latest| year.ends_on.0 < latest), || {
        Fault::invalid("ledger.fiscal_year_too_long").at(["endsOn"])
    });
    let clash = others
        .iter()
        .find(|other| other.starts_on <= year.ends_on && other.ends_on >= year.starts_on);
    if let Some(other) = clash {
        faults.push(
            Fault::conflict("ledger.fiscal_year_overlap")
                .at(["startsOn"])
                .with("name", &other.name),
        );
    }
    faults.finish()
}

/// The periods of a year: one a calendar month, the first and last cut to the year.
fn periods_of(year: &FiscalYear) -> Vec<Period> {
    let mut periods = Vec::new();
    let mut starts_on = year.starts_on.0;
    let mut number = 1;
    while starts_on <= year.ends_on.0 {
        let ends_on = end_of_month(starts_on).min(year.ends_on.0);
        periods.push(Period {
            organisation_id: year.organisation_id,
            id: PeriodId::generate(),
            company_id: year.company_id,
            fiscal_year_id: year.id,
            number,
            starts_on: Date(starts_on),
            ends_on: Date(ends_on),
            status: PeriodStatus::Open,
            version: 1,
        });
        let Some(next) = ends_on.succ_opt() else {
            break;
        };
        starts_on = next;
        number += 1;
    }
    periods
}

fn end_of_month(day: NaiveDate) -> NaiveDate {
    let next = day
        .with_day(1)
        .and_then(|first| first.checked_add_months(Months::new(1)));
    next.and_then(|first| first.pred_opt()).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn year(starts_on: NaiveDate, ends_on: NaiveDate) -> FiscalYear {
        FiscalYear {
            organisation_id: OrganisationId::generate(),
            id: FiscalYearId::generate(),
            company_id: CompanyId::generate(),
            name: "2026".to_owned(),
            starts_on: Date(starts_on),
            ends_on: Date(ends_on),
            version: 1,
        }
    }

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn a_calendar_year_has_twelve_periods() {
        let periods = periods_of(&year(day(2028, 1, 1), day(2028, 12, 31)));
        assert_eq!(periods.len(), 12);
        assert_eq!(periods[1].ends_on.0, day(2028, 2, 29));
    }

    #[test]
    fn thirteen_months_and_overlaps_are_refused() {
        let first = year(day(2026, 1, 1), day(2026, 12, 31));
        assert!(check(&first, &[]).is_ok());
        assert!(check(&year(day(2026, 1, 1), day(2027, 1, 1)), &[]).is_err());
        let mut second = year(day(2026, 12, 31), day(2027, 6, 30));
        second.name = "2027".to_owned();
        assert!(check(&second, &[first]).is_err());
    }

    proptest! {
        #[test]
        fn periods_cover_every_day_once(start in 0i64..20_000, length in 0i64..366) {
            let starts_on = day(1990, 1, 1) + chrono::TimeDelta::days(start);
            let ends_on = starts_on + chrono::TimeDelta::days(length);
            let periods = periods_of(&year(starts_on, ends_on));
            prop_assert_eq!(periods[0].starts_on.0, starts_on);
            prop_assert_eq!(periods[periods.len() - 1].ends_on.0, ends_on);
            for pair in periods.windows(2) {
                prop_assert_eq!(pair[0].ends_on.succ_opt().unwrap(), pair[1].starts_on.0);
            }
        }
    }
}
