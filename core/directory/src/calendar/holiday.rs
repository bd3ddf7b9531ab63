//! The holidays of calendars.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CalendarId, HolidayId, OrganisationId};
use kernel::{Date, Event, Fault, Result, Tx};

use super::Calendar;
use crate::check::{self, Input, taken};
use crate::permission::{CALENDAR_MANAGE, CALENDAR_READ};
use crate::schema::{calendar, holiday};

/// A day off of a calendar.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = holiday, check_for_backend(diesel::pg::Pg))]
pub struct Holiday {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The holiday.
    pub id: HolidayId,
    /// Its calendar.
    pub calendar_id: CalendarId,
    /// The day.
    pub date: Date,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English.
    pub name_en: String,
}

/// The holidays of some calendars, in order.
pub async fn holidays_of(tx: &mut Tx, calendars: &[CalendarId]) -> Result<Vec<Holiday>> {
    tx.require(CALENDAR_READ)?;
    holidays(tx, calendars).await
}

/// The holidays of some calendars, whatever the actor may see.
pub(super) async fn holidays(tx: &mut Tx, calendars: &[CalendarId]) -> Result<Vec<Holiday>> {
    Ok(holiday::table
        .filter(holiday::organisation_id.eq(tx.organisation()))
        .filter(holiday::calendar_id.eq_any(calendars))
        .order((holiday::calendar_id, holiday::date))
        .select(Holiday::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible ones among some holidays.
pub async fn holidays_by_ids(tx: &mut Tx, ids: &[HolidayId]) -> Result<Vec<Holiday>> {
    tx.require(CALENDAR_READ)?;
    Ok(holiday::table
        .filter(holiday::organisation_id.eq(tx.organisation()))
        .filter(holiday::id.eq_any(ids))
        .select(Holiday::as_select())
        .load(tx.conn())
        .await?)
}

/// Adds a holiday to a calendar.
#[derive(Clone, Debug, InputObject)]
pub struct HolidayAddInput {
    /// An id made by the client, `hol_…`.
    pub id: Option<HolidayId>,
    /// The calendar.
    pub calendar: CalendarId,
    /// The day.
    pub date: Date,
    /// Its name in Spanish.
    pub name_es: String,
    /// Its name in English; the Spanish one when absent.
    pub name_en: Option<String>,
}

/// Adds a holiday to a calendar.
pub async fn add_holiday(tx: &mut Tx, command: HolidayAddInput) -> Result<(Calendar, Holiday)> {
    let calendar = lock(tx, command.calendar, "calendar").await?;
    let mut input = Input::new();
    let name_en = command.name_en.as_deref().unwrap_or(&command.name_es);
    let row = Holiday {
        organisation_id: calendar.organisation_id,
        id: command.id.unwrap_or_else(HolidayId::generate),
        calendar_id: calendar.id,
        date: command.date,
        name_es: input.take("nameEs", check::text(&command.name_es, 100)),
        name_en: input.take("nameEn", check::text(name_en, 100)),
    };
    input.finish()?;
    diesel::insert_into(holiday::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "holiday_once",
                "directory.holiday_taken",
                "date",
            );
            taken(error, "holiday_pkey", "kernel.id_taken", "id")
        })?;
    let calendar = touched(tx, calendar, "directory.holiday.added", &row).await?;
    Ok((calendar, row))
}

/// Removes a holiday.
#[derive(Clone, Debug, InputObject)]
pub struct HolidayRemoveInput {
    /// The holiday.
    pub id: HolidayId,
}

/// Removes a holiday from its calendar.
pub async fn remove_holiday(
    tx: &mut Tx,
    command: HolidayRemoveInput,
) -> Result<(Calendar, HolidayId)> {
    let seen = holidays_by_ids(tx, &[command.id]).await?.into_iter().next();
    let seen = seen.ok_or_else(|| Fault::not_found("kernel.not_found").at(["id"]))?;
    let calendar = lock(tx, seen.calendar_id, "id").await?;
    diesel::delete(holiday::table.find((seen.organisation_id, seen.id)))
        .execute(tx.conn())
        .await?;
    let calendar = touched(tx, calendar, "directory.holiday.removed", &seen).await?;
    Ok((calendar, seen.id))
}

async fn lock(tx: &mut Tx, id: CalendarId, field: &str) -> Result<Calendar> {
    tx.require(CALENDAR_MANAGE)?;
    calendar::table
        .find((tx.organisation(), id))
        .select(Calendar::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?
        .ok_or_else(|| {
            Fault::not_found("directory.calendar_unknown")
                .at([field])
                .into()
        })
}

async fn touched(
    tx: &mut Tx,
    mut calendar: Calendar,
    action: &'static str,
    row: &Holiday,
) -> Result<Calendar> {
    calendar.version += 1;
    diesel::update(calendar::table.find((calendar.organisation_id, calendar.id)))
        .set(&calendar)
        .execute(tx.conn())
        .await?;
    let event = Event::new(action, "Calendar", calendar.id, CALENDAR_READ)
        .set("date", row.date)
        .set("nameEs", &row.name_es);
    tx.emit(event).await?;
    Ok(calendar)
}
