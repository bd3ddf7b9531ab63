//! Working calendars and their holidays through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::calendar::{
    self, Calendar as CalendarRow, CalendarCreateInput, CalendarFilter, CalendarSort,
    CalendarSortField, Holiday as HolidayRow, HolidayAddInput, HolidayRemoveInput, holidays_of,
};
use directory::permission::{CALENDAR_MANAGE, CALENDAR_READ};
use kernel::ids::{CalendarId, HolidayId};
use kernel::{Date, Locale};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::children::{children, connected};
use crate::directory::link::link;
use crate::directory::sealed::Removed;
use crate::failure::UserError;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

/// What holidays are loaded by.
mod holidays {
    pub use directory::calendar::holidays_by_ids as by_ids;
}

noun! {
    /// A working calendar.
    Calendar of directory::calendar as CalendarRow, CalendarId;
    listed by CalendarFilter, CalendarSortField
}

noun! {
    /// A day off of a calendar.
    Holiday of self::holidays as HolidayRow, HolidayId
}

children! {
    HolidaysOfCalendar: Holiday of CalendarId; by holidays_of, |row| Some(row.calendar_id)
}

/// What the viewer may do with a calendar.
#[derive(SimpleObject)]
pub struct CalendarViewerCan {
    /// Change its holidays.
    update: Permission,
}

/// A working calendar.
#[Object]
impl Calendar {
    /// The calendar.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The country, ISO 3166-1.
    async fn country(&self) -> &str {
        &self.0.country
    }

    /// The region or city.
    async fn region(&self) -> Option<&str> {
        self.0.region.as_deref()
    }

    /// The days off of every week, from 1 (Monday) to 7 (Sunday).
    async fn weekend(&self) -> &[i32] {
        &self.0.weekend
    }

    /// The other days off, in order.
    async fn holidays(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Holiday>> {
        let slice = Slice::new(first, after, last, before);
        connected::<HolidaysOfCalendar>(graph, self.0.id, slice).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, which moves with its holidays.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<CalendarViewerCan> {
        let call = Call::of(graph)?;
        let update = Permission::held(call, CALENDAR_MANAGE, |scope| !scope.is_nowhere());
        Ok(CalendarViewerCan { update })
    }

    /// What happened to it and its holidays.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

/// A day off of a calendar.
#[Object]
impl Holiday {
    /// The holiday.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its calendar.
    async fn calendar(&self, graph: &Context<'_>) -> Result<Option<Calendar>> {
        link(graph, CALENDAR_READ, Some(self.0.calendar_id)).await
    }

    /// The day.
    async fn date(&self) -> Date {
        self.0.date
    }

    /// Its name in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(match Call::of(graph)?.context().locale {
            Locale::Es => &self.0.name_es,
            Locale::En => &self.0.name_en,
        })
    }
}

payload! {
    /// What making a calendar gives.
    CalendarCreatePayload {
        /// The calendar.
        calendar: Calendar
    }
}

/// What adding a holiday gives.
#[derive(SimpleObject)]
pub struct HolidayAddPayload {
    /// The calendar, whose version has moved.
    calendar: Option<Calendar>,
    /// The holiday.
    holiday: Option<Holiday>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for HolidayAddPayload {
    type Record = (Calendar, Holiday);

    fn done((calendar, holiday): Self::Record) -> Self {
        let user_errors = Vec::new();
        Self {
            calendar: Some(calendar),
            holiday: Some(holiday),
            user_errors,
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            calendar: None,
            holiday: None,
            user_errors,
        }
    }
}

/// What removing a holiday gives.
#[derive(SimpleObject)]
pub struct HolidayRemovePayload {
    /// The calendar, whose version has moved.
    calendar: Option<Calendar>,
    /// The id that is gone.
    deleted_id: Option<ID>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for HolidayRemovePayload {
    type Record = Removed<Calendar, HolidayId>;

    fn done(record: Self::Record) -> Self {
        let deleted_id = Some(record.gone.into());
        Self {
            calendar: record.owner,
            deleted_id,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            calendar: None,
            deleted_id: None,
            user_errors,
        }
    }
}

/// Looks at calendars.
#[derive(Default)]
pub struct CalendarQuery;

#[Object]
impl CalendarQuery {
    /// A working calendar. Needs `directory.calendar.read`.
    async fn calendar(&self, graph: &Context<'_>, id: CalendarId) -> Result<Option<Calendar>> {
        find(graph, id).await
    }

    /// Working calendars. Needs `directory.calendar.read`.
    async fn calendars(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<CalendarFilter>,
        sort: Option<CalendarSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Calendar>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on calendars.
#[derive(Default)]
pub struct CalendarMutation;

#[Object]
impl CalendarMutation {
    /// Makes a working calendar, perhaps with the holidays of a preset. Needs
    /// `directory.calendar.manage`.
    async fn calendar_create(
        &self,
        graph: &Context<'_>,
        input: CalendarCreateInput,
    ) -> Result<CalendarCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Calendar(calendar::create(tx, input).await?)) })
        })
        .await
    }

    /// Adds a holiday to a calendar. Needs `directory.calendar.manage`.
    async fn holiday_add(
        &self,
        graph: &Context<'_>,
        input: HolidayAddInput,
    ) -> Result<HolidayAddPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (calendar, row) = calendar::add_holiday(tx, input).await?;
                Ok((Calendar(calendar), Holiday(row)))
            })
        })
        .await
    }

    /// Removes a holiday from its calendar. Needs `directory.calendar.manage`.
    async fn holiday_remove(
        &self,
        graph: &Context<'_>,
        input: HolidayRemoveInput,
    ) -> Result<HolidayRemovePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (calendar, gone) = calendar::remove_holiday(tx, input).await?;
                Ok(Removed {
                    owner: Some(Calendar(calendar)),
                    gone,
                })
            })
        })
        .await
    }
}
