//! Periods that move along with the day on which a report is made.

use chrono::{Datelike, Days, Months, NaiveDate};
use kernel::Date;
use kernel::report::{ReportKind, ReportParameter, ReportParameters};

kernel::text_enum! {
    /// The days that a scheduled report covers, counted from the day on which it is made.
    pub enum ReportPeriod {
        /// The day before.
        PreviousDay = "PREVIOUS_DAY",
        /// The week before, from Monday to Sunday.
        PreviousWeek = "PREVIOUS_WEEK",
        /// From the first of the month to the day itself.
        MonthToDate = "MONTH_TO_DATE",
        /// The month before.
        PreviousMonth = "PREVIOUS_MONTH",
        /// From the first of January to the day itself.
        YearToDate = "YEAR_TO_DATE",
        /// The year before.
        PreviousYear = "PREVIOUS_YEAR",
    }
}

impl ReportPeriod {
    /// The first and the last day, as seen from a day.
    pub fn days(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let month = today.with_day(1).unwrap_or(today);
        let year = month.with_month(1).unwrap_or(month);
        let eve = |day: NaiveDate| day.pred_opt().unwrap_or(day);
        match self {
            Self::PreviousDay => (eve(today), eve(today)),
            Self::PreviousWeek => {
                let since = u64::from(today.weekday().num_days_from_monday());
                let monday = today.checked_sub_days(Days::new(since)).unwrap_or(today);
                let before = monday.checked_sub_days(Days::new(7)).unwrap_or(monday);
                (before, eve(monday))
            }
            Self::MonthToDate => (month, today),
            Self::PreviousMonth => {
                let before = month.checked_sub_months(Months::new(1)).unwrap_or(month);
                (before, eve(month))
            }
            Self::YearToDate => (year, today),
            Self::PreviousYear => {
                let before = year.checked_sub_months(Months::new(12)).unwrap_or(year);
                (before, eve(year))
            }
        }
    }
}

/// The parameters of a report with the days of a period, as far as the report takes them: a range,
/// or the last day of it for a report that knows no range.
pub(super) fn resolved(
    kind: &ReportKind,
    given: &ReportParameters,
    period: Option<ReportPeriod>,
    today: NaiveDate,
) -> ReportParameters {
    let takes = |name: ReportParameter| kind.parameters.iter().any(|own| own.name == name);
    let mut parameters = given.clone();
    let Some((from, to)) = period.map(|period| period.days(today)) else {
        return parameters;
    };
    if takes(ReportParameter::From) {
        parameters.from = Some(Date(from));
    }
    if takes(ReportParameter::To) {
        parameters.to = Some(Date(to));
    } else if takes(ReportParameter::AsOf) {
        parameters.as_of = Some(Date(to));
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn periods_are_counted_from_the_day_of_making() {
        for (period, today, from, to) in [
            (
                ReportPeriod::PreviousDay,
                "2026-03-01",
                "2026-02-28",
                "2026-02-28",
            ),
            (
                ReportPeriod::PreviousWeek,
                "2026-11-24",
                "2026-11-16",
                "2026-11-22",
            ),
            (
                ReportPeriod::PreviousWeek,
                "2026-11-23",
                "2026-11-16",
                "2026-11-22",
            ),
            (
                ReportPeriod::MonthToDate,
                "2026-11-24",
                "2026-11-01",
                "2026-11-24",
            ),
            (
                ReportPeriod::PreviousMonth,
                "2026-03-31",
                "2026-02-01",
                "2026-02-28",
            ),
            (
                ReportPeriod::PreviousMonth,
                "2026-01-01",
                "2025-12-01",
                "2025-12-31",
            ),
            (
                ReportPeriod::YearToDate,
                "2026-01-01",
                "2026-01-01",
                "2026-01-01",
            ),
            (
                ReportPeriod::PreviousYear,
                "2024-02-29",
                "2023-01-01",
                "2023-12-31",
            ),
        ] {
            assert_eq!(
                period.days(day(today)),
                (day(from), day(to)),
                "{period} {today}"
            );
        }
    }
}
