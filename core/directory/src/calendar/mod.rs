//! Calendars: weekends and holidays, and the arithmetic of working days. The national holidays of
//! Spain come as data, from the Resolución of 17 October 2025 of the Dirección General de Trabajo
//! (BOE of 28 October 2025); regional and local ones an organisation adds itself.

mod holiday;
mod working;

use async_graphql::InputObject;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, IdFilter, TextFilter};
use kernel::id::TypedId;
use kernel::ids::{CalendarId, HolidayId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Event, Fault, Predicate, Result, Tx, listing};

pub use holiday::{
    Holiday, HolidayAddInput, HolidayRemoveInput, add_holiday, holidays_by_ids, holidays_of,
    remove_holiday,
};
pub use working::Working;

use holiday::holidays;

use crate::check::{self, Input, taken};
use crate::permission::{CALENDAR_MANAGE, CALENDAR_READ};
use crate::schema::calendar;

/// The national holidays of Spain in 2026: date, Spanish name, English name.
const SPAIN_2026: &str = include_str!("../../calendars/es-2026.csv");

/// A working calendar.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = calendar,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Calendar {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The calendar.
    pub id: CalendarId,
    /// Its name.
    pub name: String,
    /// The country, ISO 3166-1.
    pub country: String,
    /// The region or city.
    pub region: Option<String>,
    /// The days off of every week, from 1 (Monday) to 7 (Sunday).
    pub weekend: Vec<i32>,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Its version.
    pub version: i32,
}

listing! {
    /// Conditions on calendars.
    filter CalendarFilter {
        /// By id.
        id: IdFilter => id,
        /// By name.
        name: TextFilter => name,
        /// By country.
        country: TextFilter => country,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of calendars.
    sort CalendarSort;
    /// What calendars can be sorted by.
    by CalendarSortField {
        /// By name.
        Name = "NAME" => name,
    }
    default Name Asc;
    search [name, region];
    archived archived_at;
    from "directory" calendar as Calendar;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    tx.require(CALENDAR_READ)?;
    let organisation = tx.organisation().uuid();
    Ok(Predicate::equal(
        "\"directory\".\"calendar\".\"organisation_id\"",
        organisation,
    ))
}

/// A page of the calendars.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<CalendarFilter, CalendarSortField>,
) -> Result<Page<Calendar>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many calendars there are.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<CalendarFilter, CalendarSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some calendars.
pub async fn by_ids(tx: &mut Tx, ids: &[CalendarId]) -> Result<Vec<Calendar>> {
    let visible = visible(tx)?;
    Ok(calendar::table
        .filter(calendar::organisation_id.eq(tx.organisation()))
        .filter(calendar::id.eq_any(ids))
        .filter(visible)
        .select(Calendar::as_select())
        .load(tx.conn())
        .await?)
}

kernel::text_enum! {
    /// Holidays that come with Trastienda.
    pub enum HolidayPreset {
        /// The national holidays of Spain in 2026.
        Spain2026 = "SPAIN_2026",
    }
}

/// Makes a calendar.
#[derive(Clone, Debug, InputObject)]
pub struct CalendarCreateInput {
    /// An id made by the client, `cal_…`.
    pub id: Option<CalendarId>,
    /// The name, unique in the organisation.
    pub name: String,
    /// The country, ISO 3166-1.
    pub country: String,
    /// The region or city.
    pub region: Option<String>,
    /// The days off of every week, from 1 (Monday) to 7 (Sunday); Saturday and Sunday when absent.
    pub weekend: Option<Vec<i32>>,
    /// Holidays that it starts with.
    pub preset: Option<HolidayPreset>,
}

/// Makes a calendar, with the holidays of a preset.
pub async fn create(tx: &mut Tx, command: CalendarCreateInput) -> Result<Calendar> {
    tx.require(CALENDAR_MANAGE)?;
    let mut input = Input::new();
    let row = Calendar {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(CalendarId::generate),
        name: input.take("name", check::text(&command.name, 100)),
        country: input.take("country", check::country(&command.country)),
        region: input.take("region", check::optional(command.region.as_deref(), 100)),
        weekend: input.take("weekend", weekend(command.weekend)),
        archived_at: None,
        created_at: tx.now(),
        version: 1,
    };
    input.finish()?;
    diesel::insert_into(calendar::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "calendar_name",
                "directory.name_taken",
                "name",
            );
            taken(error, "calendar_pkey", "kernel.id_taken", "id")
        })?;
    if let Some(HolidayPreset::Spain2026) = command.preset {
        let rows = preset(&row, SPAIN_2026)?;
        diesel::insert_into(crate::schema::holiday::table)
            .values(&rows)
            .execute(tx.conn())
            .await?;
    }
    let made = Event::new(
        "directory.calendar.created",
        "Calendar",
        row.id,
        CALENDAR_READ,
    )
    .set("name", &row.name)
    .set("country", &row.country);
    tx.emit(made).await?;
    Ok(row)
}

fn weekend(days: Option<Vec<i32>>) -> Result<Vec<i32>, Fault> {
    let mut days = days.unwrap_or_else(|| vec![6, 7]);
    days.sort_unstable();
    days.dedup();
    if days.len() < 7 && days.iter().all(|day| (1..=7).contains(day)) {
        Ok(days)
    } else {
        Err(Fault::invalid("directory.weekend_invalid"))
    }
}

fn preset(calendar: &Calendar, text: &str) -> Result<Vec<Holiday>> {
    let rows = text.lines().map(|line| {
        let mut fields = line.split(',');
        let date = fields.next()?.parse::<NaiveDate>().ok()?;
        Some(Holiday {
            organisation_id: calendar.organisation_id,
            id: HolidayId::generate(),
            calendar_id: calendar.id,
            date: Date(date),
            name_es: fields.next()?.to_owned(),
            name_en: fields.next()?.to_owned(),
        })
    });
    rows.collect::<Option<_>>()
        .ok_or_else(|| kernel::Error::bug("a holiday file is malformed"))
}

/// Which days are worked by a calendar, whatever the actor may see of it; Monday to Friday without
/// holidays when there is none.
pub async fn working(tx: &mut Tx, id: Option<CalendarId>) -> Result<Working> {
    let Some(id) = id else {
        return Ok(Working::monday_to_friday());
    };
    let weekend: Vec<i32> = calendar::table
        .find((tx.organisation(), id))
        .select(calendar::weekend)
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| Fault::not_found("directory.calendar_unknown"))?;
    let days = holidays(tx, &[id]).await?;
    Ok(Working {
        weekend: weekend
            .into_iter()
            .filter_map(|day| u32::try_from(day).ok())
            .collect(),
        holidays: days.into_iter().map(|day| day.date.0).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn spain() -> Working {
        let calendar = Calendar {
            organisation_id: OrganisationId::generate(),
            id: CalendarId::generate(),
            name: String::new(),
            country: "ES".to_owned(),
            region: None,
            weekend: vec![6, 7],
            archived_at: None,
            created_at: DateTime::default(),
            version: 1,
        };
        let days = preset(&calendar, SPAIN_2026).unwrap();
        Working {
            holidays: days.into_iter().map(|holiday| holiday.date.0).collect(),
            ..Working::monday_to_friday()
        }
    }

    #[test]
    fn spain_has_nine_national_holidays_in_2026() {
        assert_eq!(spain().holidays.len(), 9);
        assert!(!spain().is_worked(day("2026-10-12")) && spain().is_worked(day("2026-10-13")));
    }

    #[test]
    fn working_days_are_counted_over_weekends_and_holidays() {
        let spain = spain();
        assert_eq!(spain.plus(day("2026-04-02"), 1), day("2026-04-06"));
        assert_eq!(spain.plus(day("2026-04-06"), -1), day("2026-04-02"));
        assert_eq!(spain.plus(day("2026-04-04"), 0), day("2026-04-04"));
        assert_eq!(spain.on_or_before(day("2026-12-25")), day("2026-12-24"));
        assert_eq!(spain.between(day("2026-01-01"), day("2026-01-31")), 20);
        assert_eq!(spain.between(day("2026-01-31"), day("2026-01-01")), 0);
    }

    #[test]
    fn a_week_has_a_day_that_is_worked() {
        assert!(weekend(Some((1..=7).collect())).is_err());
        assert!(weekend(Some(vec![0])).is_err());
        assert_eq!(weekend(Some(vec![7, 5, 5])).unwrap(), [5, 7]);
    }
}
