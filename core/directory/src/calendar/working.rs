//! The arithmetic of working days: pure, and the same for every calendar.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate};

/// Which days are worked. Made by [`super::working`], or by hand for tests.
#[derive(Clone, Debug, Default)]
pub struct Working {
    /// The days off of every week, from 1 (Monday) to 7 (Sunday).
    pub weekend: BTreeSet<u32>,
    /// The other days off.
    pub holidays: BTreeSet<NaiveDate>,
}

impl Working {
    /// Every day from Monday to Friday.
    pub fn monday_to_friday() -> Self {
        Self {
            weekend: BTreeSet::from([6, 7]),
            holidays: BTreeSet::new(),
        }
    }

    /// Whether a day is worked.
    pub fn is_worked(&self, date: NaiveDate) -> bool {
        !self.weekend.contains(&date.weekday().number_from_monday())
            && !self.holidays.contains(&date)
    }

    /// The day itself when it is worked, otherwise the next one that is. Gives the day itself if
    /// within ten years none is.
    pub fn on_or_after(&self, date: NaiveDate) -> NaiveDate {
        date.iter_days()
            .take(3_660)
            .find(|day| self.is_worked(*day))
            .unwrap_or(date)
    }

    /// The day itself when it is worked, otherwise the last one before it that is.
    pub fn on_or_before(&self, date: NaiveDate) -> NaiveDate {
        let before = (0..3_660).filter_map(|days| date.checked_sub_days(Days::new(days)));
        before
            .into_iter()
            .find(|day| self.is_worked(*day))
            .unwrap_or(date)
    }

    /// So many working days later; before, when negative. Zero gives the day itself.
    pub fn plus(&self, date: NaiveDate, days: i32) -> NaiveDate {
        let mut at = date;
        for _ in 0..days.unsigned_abs() {
            let next = if days > 0 {
                at.succ_opt()
            } else {
                at.pred_opt()
            };
            let Some(next) = next else { return at };
            at = if days > 0 {
                self.on_or_after(next)
            } else {
                self.on_or_before(next)
            };
        }
        at
    }

    /// Working days from one day to another, both counted; none when they are out of order.
    pub fn between(&self, from: NaiveDate, to: NaiveDate) -> usize {
        from.iter_days()
            .take_while(|day| *day <= to)
            .filter(|day| self.is_worked(*day))
            .count()
    }
}
