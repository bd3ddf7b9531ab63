//! What a series says: its trend, its seasons, what stands out and what lies ahead. Pure: days and
//! numbers in, findings out. Floats are for statistics alone and leave as decimals of four places.
//!
//! A daily series is taken apart by robust STL (Cleveland et al. 1990; several seasons: MSTL,
//! Bandara et al. 2021) into a level, the effect of the day of the week, with two years of days
//! also that of the time of the year, and a remainder; what lies ahead is forecast by ETS
//! (Hyndman et al. 2002) on the series without its seasons. Both are `augurs`' work.

mod decompose;
mod trend;

use chrono::{Datelike, Days, Months, NaiveDate};
use kernel::{Date, Dec};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::{Deserialize, Serialize};

use crate::measure::MeasureGrain;
use decompose::Parts;

/// Steps that a series needs to say anything.
pub const LEAST_STEPS: usize = 12;
/// Robust standard deviations from what is expected at which a step stands out. With normal
/// remainders one of sixteen thousand days would.
pub const STANDS_OUT: f64 = 4.0;
/// Of a hundred: how sure a trend must be to be one.
pub const SURE: f64 = 95.0;
/// Days, or months, that are forecast.
const AHEAD_DAYS: usize = 90;
const AHEAD_MONTHS: usize = 6;
/// The share of forecasts that lie in their interval.
pub const FORECAST_LEVEL: f64 = 0.95;

kernel::text_enum! {
    /// Where a series goes.
    pub enum TrendDirection {
        /// It rises.
        Up = "UP",
        /// It falls.
        Down = "DOWN",
        /// Neither, as far as can be told.
        Flat = "FLAT",
    }
}

kernel::text_enum! {
    /// What repeats itself.
    pub enum SeasonCycle {
        /// The week.
        Weekly = "WEEKLY",
        /// The year.
        Yearly = "YEARLY",
    }
}

/// A series without gaps: one value a day, or a month.
#[derive(Clone, Debug)]
pub struct Steps {
    /// Days or months.
    pub grain: MeasureGrain,
    /// The first day of each step, in order.
    pub days: Vec<NaiveDate>,
    /// Its value.
    pub values: Vec<Decimal>,
}

impl Steps {
    /// The first days of the first and the last step; none of an empty series.
    pub fn ends(&self) -> Option<(Date, Date)> {
        Some((Date(*self.days.first()?), Date(*self.days.last()?)))
    }
}

/// What a series says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Where it goes; none for a series that is too short.
    pub trend: Option<Trend>,
    /// What repeats itself in it.
    pub seasons: Vec<Season>,
    /// What stands out, the earliest first.
    pub outliers: Vec<Outlier>,
    /// What lies ahead.
    pub forecast: Vec<Ahead>,
}

/// Where a series goes: over the last half year of weeks, or two years of months, without seasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Where.
    pub direction: TrendDirection,
    /// By how much a step: the median of the slopes between any two (Theil–Sen).
    pub slope: Dec,
    /// The step: weeks or months.
    pub step: MeasureGrain,
    /// Steps that were looked at.
    pub steps: u32,
    /// Of a hundred, how sure it is that it goes anywhere (Mann–Kendall).
    pub confidence: Dec,
}

/// What repeats itself in a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Season {
    /// Week or year.
    pub cycle: SeasonCycle,
    /// How much of the movement it explains: 0 nothing, 1 all (Wang, Smith, Hyndman 2006).
    pub strength: Dec,
    /// The mean effect of each day of the week (1 is Monday) or month of the year.
    pub effects: Vec<SeasonEffect>,
}

/// The mean effect of a day of the week or a month of the year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeasonEffect {
    /// Which: 1 is Monday, or January.
    pub position: u32,
    /// By how much it lies above or below the level.
    pub effect: Dec,
}

/// A step that is not as the series would have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// The first day of the step.
    pub day: Date,
    /// What it was.
    pub value: Dec,
    /// What was expected.
    pub expected: Dec,
    /// From how much on it would not have stood out.
    pub lower: Dec,
    /// Up to how much it would not have stood out.
    pub upper: Dec,
    /// How many robust standard deviations it is away.
    pub score: Dec,
    /// The level at the time.
    pub level: Dec,
    /// The effect of the day of the week, where the series has one.
    pub weekday_effect: Option<Dec>,
    /// The effect of the time of the year, where the series has one.
    pub season_effect: Option<Dec>,
}

/// A step that lies ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ahead {
    /// The first day of the step.
    pub day: Date,
    /// What is expected.
    pub value: Dec,
    /// The lower end of the interval that holds nineteen of twenty.
    pub lower: Dec,
    /// Its upper end.
    pub upper: Dec,
}

/// What a series says; nothing when it is too short or never moves.
pub fn study(steps: &Steps) -> Findings {
    let values: Vec<f64> = steps.values.iter().map(float).collect();
    let moves = values.windows(2).any(|pair| pair.first() != pair.last());
    if values.len() < LEAST_STEPS || values.len() != steps.days.len() || !moves {
        return Findings::default();
    }
    let cycles = cycles(steps.grain, values.len());
    let horizon = match steps.grain {
        MeasureGrain::Month => AHEAD_MONTHS,
        _ => AHEAD_DAYS,
    };
    let Some(parts) = decompose::decompose(&values, &cycles, horizon) else {
        return Findings::default();
    };
    Findings {
        trend: trend::trend(&parts.without_seasons(), steps.grain),
        seasons: seasons(steps, &cycles, &parts),
        outliers: outliers(steps, &cycles, &parts),
        forecast: forecast(steps, &parts),
    }
}

/// What can repeat itself in a series of a length: its cycle and how many steps that is.
fn cycles(grain: MeasureGrain, length: usize) -> Vec<(SeasonCycle, usize)> {
    let known = match grain {
        MeasureGrain::Day => vec![(SeasonCycle::Weekly, 7, 4), (SeasonCycle::Yearly, 365, 2)],
        MeasureGrain::Week => vec![(SeasonCycle::Yearly, 52, 2)],
        MeasureGrain::Month => vec![(SeasonCycle::Yearly, 12, 3)],
    };
    let long_enough = |(_, steps, times): &(SeasonCycle, usize, usize)| length >= steps * times;
    let known = known.into_iter().filter(long_enough);
    known.map(|(cycle, steps, _)| (cycle, steps)).collect()
}

fn seasons(steps: &Steps, cycles: &[(SeasonCycle, usize)], parts: &Parts) -> Vec<Season> {
    let each = cycles.iter().zip(&parts.seasons).zip(&parts.strengths);
    each.map(|(((cycle, _), effects), strength)| Season {
        cycle: *cycle,
        strength: dec(strength.clamp(0.0, 1.0)),
        effects: means(&steps.days, effects, *cycle),
    })
    .collect()
}

/// The mean effect at each place of a cycle.
fn means(days: &[NaiveDate], effects: &[f64], cycle: SeasonCycle) -> Vec<SeasonEffect> {
    let (places, place): (u32, fn(&NaiveDate) -> u32) = match cycle {
        SeasonCycle::Weekly => (7, |day| day.weekday().number_from_monday()),
        SeasonCycle::Yearly => (12, |day| day.month()),
    };
    (1..=places)
        .map(|position| {
            let here = days.iter().zip(effects);
            let here = here.filter(|(day, _)| place(day) == position);
            let here: Vec<f64> = here.map(|(_, effect)| *effect).collect();
            SeasonEffect {
                position,
                effect: dec(mean(&here)),
            }
        })
        .collect()
}

fn outliers(steps: &Steps, cycles: &[(SeasonCycle, usize)], parts: &Parts) -> Vec<Outlier> {
    let Some(scale) = scale(&parts.remainder) else {
        return Vec::new();
    };
    let reach = STANDS_OUT * scale;
    let effect = |wanted: SeasonCycle, index: usize| {
        let place = cycles.iter().position(|(cycle, _)| *cycle == wanted)?;
        parts.seasons.get(place)?.get(index).copied().map(dec)
    };
    let rows = steps.days.iter().zip(&steps.values);
    let rows = rows.zip(parts.remainder.iter().zip(&parts.level));
    rows.enumerate()
        .filter(|(_, (_, (remainder, _)))| remainder.abs() > reach)
        .filter_map(|(index, ((day, value), (remainder, level)))| {
            let expected = float(value) - remainder;
            let found = Outlier {
                day: Date(*day),
                value: Dec(*value),
                expected: dec(expected),
                lower: dec(expected - reach),
                upper: dec(expected + reach),
                score: dec(remainder.abs() / scale),
                level: dec(*level),
                weekday_effect: effect(SeasonCycle::Weekly, index),
                season_effect: effect(SeasonCycle::Yearly, index),
            };
            let is_out = found.value > found.upper || found.value < found.lower;
            is_out.then_some(found)
        })
        .collect()
}

fn forecast(steps: &Steps, parts: &Parts) -> Vec<Ahead> {
    let Some(last) = steps.days.last() else {
        return Vec::new();
    };
    let ahead = parts.ahead.iter().zip(1_u32..);
    ahead
        .filter_map(|((value, lower, upper), step)| {
            let day = match steps.grain {
                MeasureGrain::Day => last.checked_add_days(Days::new(u64::from(step))),
                MeasureGrain::Week => last.checked_add_days(Days::new(u64::from(step) * 7)),
                MeasureGrain::Month => last.checked_add_months(Months::new(step)),
            };
            Some(Ahead {
                day: Date(day?),
                value: dec(*value),
                lower: dec(*lower),
                upper: dec(*upper),
            })
        })
        .collect()
}

/// How far remainders usually lie from their middle, whatever single ones do: the median absolute
/// deviation as of a normal distribution; their root mean square where most are the same. None
/// where nothing moves.
fn scale(remainders: &[f64]) -> Option<f64> {
    let middle = median(remainders);
    let away: Vec<f64> = remainders.iter().map(|one| (one - middle).abs()).collect();
    let robust = 1.4826 * median(&away);
    let squares: Vec<f64> = away.iter().map(|one| one * one).collect();
    let spread = mean(&squares).sqrt();
    let usual = if robust > spread * 1e-3 {
        robust
    } else {
        spread
    };
    (usual > 1e-9).then_some(usual)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied().unwrap_or_default();
    if sorted.len() % 2 == 1 {
        return upper;
    }
    let lower = half.checked_sub(1).and_then(|at| sorted.get(at)).copied();
    (lower.unwrap_or_default() + upper) / 2.0
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / count(values.len())
}

pub(crate) fn count(items: usize) -> f64 {
    f64::from(u32::try_from(items).unwrap_or(u32::MAX))
}

fn float(value: &Decimal) -> f64 {
    value.to_f64().unwrap_or_default()
}

pub(crate) fn dec(value: f64) -> Dec {
    Dec(Decimal::from_f64(value).unwrap_or_default().round_dp(4))
}

#[cfg(test)]
mod tests;
