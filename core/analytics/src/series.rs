//! Series: what a measure was, by day, week or month.

use chrono::{Datelike, Days, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::{CurrencyCode, Date, Dec, Error, Fault, Result, Tx};
use rust_decimal::Decimal;

use crate::fault;
use crate::measure::{MeasureAggregation, MeasureGrain, MeasureKey};
use crate::model::Steps;
use crate::permission::MEASURE_READ;

/// Days that a series is read for at most.
pub const MOST_DAYS: i64 = 3_660;
/// Points that it has at most.
pub const MOST_POINTS: i64 = 1_100;
/// Days that are analysed: three years show the year twice and a little more.
const ANALYSED_DAYS: u64 = 1_100;

/// A point of a series.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct SeriesPoint {
    /// The first day that it is made of.
    #[diesel(sql_type = sql::Date)]
    pub first_day: Date,
    /// The last one.
    #[diesel(sql_type = sql::Date)]
    pub last_day: Date,
    /// How many days it is made of.
    #[diesel(sql_type = sql::Integer)]
    pub days: i32,
    /// Its value.
    #[diesel(sql_type = sql::Numeric)]
    pub value: Dec,
}

/// What is known of a measure in a company.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Coverage {
    /// The company.
    #[diesel(sql_type = sql::Uuid)]
    pub company_id: CompanyId,
    /// The measure.
    #[diesel(sql_type = sql::Text)]
    pub measure: MeasureKey,
    /// The first day.
    #[diesel(sql_type = sql::Date)]
    pub first_day: Date,
    /// The last day.
    #[diesel(sql_type = sql::Date)]
    pub last_day: Date,
    /// Its value.
    #[diesel(sql_type = sql::Numeric)]
    pub last_value: Dec,
}

/// A measure from a day to another, both inclusive, in steps; steps of which nothing is known are
/// left out.
///
/// # Errors
/// A measure that is not the actor's to see; days out of order or too many.
pub async fn read(
    tx: &mut Tx,
    key: MeasureKey,
    company: CompanyId,
    (from, to): (Date, Date),
    grain: MeasureGrain,
) -> Result<Vec<SeriesPoint>> {
    require(tx, key, company)?;
    check_range(from, to, grain)?;
    points(tx, key, company, (from, to), grain).await
}

/// The measures that are known of some companies, as far as the actor may see them.
pub async fn coverage(tx: &mut Tx, companies: &[CompanyId]) -> Result<Vec<Coverage>> {
    let mut known: Vec<Coverage> = diesel::sql_query(
        "SELECT company_id, measure, min(day) AS first_day, max(day) AS last_day, \
            (array_agg(value ORDER BY day DESC))[1] AS last_value \
         FROM analytics.observation WHERE organisation_id = $1 AND company_id = ANY($2) \
         GROUP BY company_id, measure",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .load(tx.conn())
    .await?;
    known.retain(|one| one.measure.is_open_to(tx.actor(), one.company_id));
    Ok(known)
}

/// The currencies of the books of some companies; those without books are left out. For those who
/// see measures there; checks no permission.
pub async fn currencies(
    tx: &mut Tx,
    companies: &[CompanyId],
) -> Result<Vec<(CompanyId, CurrencyCode)>> {
    #[derive(QueryableByName)]
    struct Book {
        #[diesel(sql_type = sql::Uuid)]
        company_id: CompanyId,
        #[diesel(sql_type = sql::Text)]
        currency: CurrencyCode,
    }
    let books: Vec<Book> = diesel::sql_query(
        "SELECT company_id, currency FROM ledger.book \
         WHERE organisation_id = $1 AND company_id = ANY($2)",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .load(tx.conn())
    .await?;
    let each = books.into_iter();
    Ok(each.map(|book| (book.company_id, book.currency)).collect())
}

/// That an actor may see a measure in a company.
///
/// # Errors
/// The permission that is missing.
pub fn require(tx: &Tx, key: MeasureKey, company: CompanyId) -> Result<()> {
    tx.require_in(MEASURE_READ, company, None)?;
    match key.also_needs() {
        Some(permission) => tx.require_in(permission, company, None),
        None => Ok(()),
    }
}

fn check_range(from: Date, to: Date, grain: MeasureGrain) -> Result<()> {
    if from > to {
        return Err(Fault::invalid("kernel.dates_out_of_order")
            .at(["toDate"])
            .into());
    }
    let days = (to.0 - from.0).num_days() + 1;
    let most = match grain {
        MeasureGrain::Day => MOST_POINTS,
        _ => MOST_DAYS,
    };
    if days > most {
        return Err(Fault::invalid(fault::RANGE_TOO_LONG)
            .with("most", most)
            .at(["toDate"])
            .into());
    }
    Ok(())
}

async fn points(
    tx: &mut Tx,
    key: MeasureKey,
    company: CompanyId,
    (from, to): (Date, Date),
    grain: MeasureGrain,
) -> Result<Vec<SeriesPoint>> {
    let step = match grain {
        MeasureGrain::Day => "day",
        MeasureGrain::Week => "week",
        MeasureGrain::Month => "month",
    };
    Ok(diesel::sql_query(
        "SELECT min(day) AS first_day, max(day) AS last_day, count(*)::int AS days, \
            round(CASE $6 WHEN 'SUM' THEN sum(value) WHEN 'MEAN' THEN avg(value) \
                ELSE (array_agg(value ORDER BY day DESC))[1] END, 6) AS value \
         FROM analytics.observation \
         WHERE organisation_id = $1 AND company_id = $2 AND measure = $3 \
            AND day BETWEEN $4 AND $5 \
         GROUP BY date_trunc($7, day::timestamp) ORDER BY 1",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Text, _>(key)
    .bind::<sql::Date, _>(from)
    .bind::<sql::Date, _>(to)
    .bind::<sql::Text, _>(key.aggregation().text())
    .bind::<sql::Text, _>(step)
    .load(tx.conn())
    .await?)
}

/// A measure as it is analysed: without gaps, in whole steps.
pub(crate) async fn steps(tx: &mut Tx, key: MeasureKey, company: CompanyId) -> Result<Steps> {
    let known = span(tx, key, company).await?;
    let Some((first, last)) = known else {
        return Ok(whole(Vec::new(), key));
    };
    let earliest = last.0.checked_sub_days(Days::new(ANALYSED_DAYS - 1));
    let first = Date(earliest.unwrap_or(first.0).max(first.0));
    let found = points(tx, key, company, (first, last), key.grain()).await?;
    Ok(whole(found, key))
}

async fn span(tx: &mut Tx, key: MeasureKey, company: CompanyId) -> Result<Option<(Date, Date)>> {
    use crate::schema::observation;
    use diesel::dsl::{max, min};
    let span: (Option<Date>, Option<Date>) = observation::table
        .filter(observation::organisation_id.eq(tx.organisation()))
        .filter(observation::company_id.eq(company))
        .filter(observation::measure.eq(key))
        .select((min(observation::day), max(observation::day)))
        .first(tx.conn())
        .await?;
    match span {
        (Some(first), Some(last)) => Ok(Some((first, last))),
        (None, None) => Ok(None),
        _ => Err(Error::bug("a series has one end")),
    }
}

/// Points as steps: of months only whole ones; a day of which nothing is known is as the day
/// before it.
fn whole(points: Vec<SeriesPoint>, key: MeasureKey) -> Steps {
    let grain = key.grain();
    let mut steps = Steps {
        grain,
        days: Vec::with_capacity(points.len()),
        values: Vec::with_capacity(points.len()),
    };
    for point in points {
        if grain == MeasureGrain::Month && !is_whole_month(&point) {
            continue;
        }
        while let (MeasureGrain::Day, Some(missing), Some(value)) = (
            grain,
            steps.days.last().and_then(NaiveDate::succ_opt),
            steps.values.last().copied(),
        ) && missing < point.first_day.0
        {
            steps.days.push(missing);
            steps.values.push(carried(key, value));
        }
        steps.days.push(point.first_day.0);
        steps.values.push(point.value.0);
    }
    steps
}

/// What a day is of which nothing is known: nothing of what is added up, else as the day before.
fn carried(key: MeasureKey, before: Decimal) -> Decimal {
    match key.aggregation() {
        MeasureAggregation::Sum => Decimal::ZERO,
        MeasureAggregation::Last | MeasureAggregation::Mean => before,
    }
}

fn is_whole_month(point: &SeriesPoint) -> bool {
    let next = point.last_day.0.succ_opt();
    point.first_day.0.day() == 1 && next.is_some_and(|day| day.day() == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date(text.parse().unwrap())
    }

    fn point(first: &str, last: &str, value: i64) -> SeriesPoint {
        SeriesPoint {
            first_day: day(first),
            last_day: day(last),
            days: 1,
            value: Dec(Decimal::from(value)),
        }
    }

    #[test]
    fn a_day_of_which_nothing_is_known_is_as_the_day_before_or_empty() {
        let found = || {
            vec![
                point("2026-01-01", "2026-01-01", 90),
                point("2026-01-04", "2026-01-04", 50),
            ]
        };
        let values = |key| whole(found(), key).values;
        let of = |values: [i64; 4]| values.map(Decimal::from).to_vec();
        assert_eq!(values(MeasureKey::JobSuccess), of([90, 90, 90, 50]));
        assert_eq!(values(MeasureKey::Revenue), of([90, 0, 0, 50]));
    }

    #[test]
    fn a_month_that_is_not_over_says_nothing() {
        let found = vec![
            point("2026-01-15", "2026-01-31", 1),
            point("2026-02-01", "2026-02-28", 2),
            point("2026-03-01", "2026-03-30", 3),
        ];
        let steps = whole(found, MeasureKey::HeadcountCost);
        assert_eq!(steps.days, [day("2026-02-01").0]);
    }

    #[test]
    fn a_range_is_in_order_and_not_too_long() {
        let check = |from, to, grain| check_range(day(from), day(to), grain).is_ok();
        assert!(check("2026-01-01", "2026-01-01", MeasureGrain::Day));
        assert!(!check("2026-01-02", "2026-01-01", MeasureGrain::Day));
        assert!(!check("2020-01-01", "2026-01-01", MeasureGrain::Day));
        assert!(check("2020-01-01", "2026-01-01", MeasureGrain::Month));
    }
}
