//! Cron expressions in a time zone.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};

use crate::error::Result;
use crate::fault::Fault;

/// A cron expression of five fields, read in a time zone. At a change to summer time a tick whose
/// hour is left out happens right after the gap; at the change back it happens once.
#[derive(Clone, Debug)]
pub struct Timetable {
    cron: Cron,
    zone: Tz,
}

impl Timetable {
    /// Reads an expression and a zone; says which of them is wrong.
    pub fn parse(cron: &str, zone: &str) -> Result<Self> {
        let zone = Tz::from_str(zone).map_err(|_| {
            Fault::invalid("kernel.zone_unknown")
                .at(["zone"])
                .with("zone", zone)
        })?;
        let fields = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = fields.parse(cron).map_err(unusable)?;
        Ok(Self { cron, zone })
    }

    /// The first tick after an instant; a fault when there is none.
    pub fn after(&self, instant: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let local = instant.with_timezone(&self.zone);
        let next = self.cron.find_next_occurrence(&local, false);
        Ok(next.map_err(unusable)?.with_timezone(&Utc))
    }

    /// The latest tick up to an instant, itself included; a fault when there is none.
    pub fn latest(&self, instant: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let local = instant.with_timezone(&self.zone);
        let previous = self.cron.find_previous_occurrence(&local, true);
        Ok(previous.map_err(unusable)?.with_timezone(&Utc))
    }

    /// The ticks from one due instant up to now, oldest first, at most `most`.
    pub fn missed(
        &self,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
        most: usize,
    ) -> Result<Vec<DateTime<Utc>>> {
        let mut ticks = vec![due];
        let mut next = self.after(due)?;
        while next <= now && ticks.len() < most {
            ticks.push(next);
            next = self.after(next)?;
        }
        Ok(ticks)
    }
}

fn unusable(error: CronError) -> Fault {
    Fault::invalid("kernel.cron_invalid")
        .at(["cron"])
        .with("detail", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_daily_tick_keeps_its_local_hour_across_summer_time() {
        let table = Timetable::parse("30 6 * * *", "Europe/Madrid").unwrap();
        assert_eq!(
            table.after(at("2026-03-28T00:00:00Z")).unwrap(),
            at("2026-03-28T05:30:00Z")
        );
        assert_eq!(
            table.after(at("2026-03-28T06:00:00Z")).unwrap(),
            at("2026-03-29T04:30:00Z")
        );
    }

    #[test]
    fn a_tick_in_the_hour_that_is_left_out_happens_once_that_day() {
        let table = Timetable::parse("30 2 * * *", "Europe/Madrid").unwrap();
        let first = table.after(at("2026-03-28T12:00:00Z")).unwrap();
        let second = table.after(first).unwrap();
        assert_eq!(first, at("2026-03-29T01:00:00Z"));
        assert_eq!(second, at("2026-03-30T00:30:00Z"));
    }

    #[test]
    fn a_tick_in_the_hour_that_comes_twice_happens_once() {
        let table = Timetable::parse("30 2 * * *", "Europe/Madrid").unwrap();
        let first = table.after(at("2026-10-24T12:00:00Z")).unwrap();
        let second = table.after(first).unwrap();
        assert_eq!(first, at("2026-10-25T00:30:00Z"));
        assert_eq!(second, at("2026-10-26T01:30:00Z"));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(Timetable::parse("61 * * * *", "Europe/Madrid").is_err());
        // Seconds and years are left out: a year would run out, and a second is no timetable.
        assert!(Timetable::parse("0 0 3 25 11 * 2026", "Europe/Madrid").is_err());
        assert!(Timetable::parse("*/5 * * * * *", "Europe/Madrid").is_err());
        assert!(Timetable::parse("0 6 * * *", "Europa/Madrid").is_err());
    }
}
