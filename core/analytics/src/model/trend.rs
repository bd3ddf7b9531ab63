//! Where a series goes, and how sure that is.

use distrs::Normal;

use super::{SURE, Trend, TrendDirection, count, dec, mean, median};
use crate::measure::MeasureGrain;

/// Days of a week.
const WEEK: usize = 7;
/// Weeks or months that are looked at, and that it takes.
const MOST_WEEKS: usize = 26;
const MOST_MONTHS: usize = 24;
const LEAST: usize = 6;

/// The trend of a series without its seasons: of days by the means of its last weeks, so that one
/// day says little about the next.
pub(super) fn trend(values: &[f64], grain: MeasureGrain) -> Option<Trend> {
    let (steps, step): (Vec<f64>, _) = match grain {
        MeasureGrain::Day => {
            let weeks = values.rchunks_exact(WEEK).take(MOST_WEEKS).map(mean);
            let mut weeks: Vec<f64> = weeks.collect();
            weeks.reverse();
            (weeks, MeasureGrain::Week)
        }
        MeasureGrain::Week => (last(values, MOST_WEEKS), MeasureGrain::Week),
        MeasureGrain::Month => (last(values, MOST_MONTHS), MeasureGrain::Month),
    };
    if steps.len() < LEAST {
        return None;
    }
    let (_, slope) = line(&steps);
    let confidence = confidence(&steps);
    let direction = if confidence < SURE || slope == 0.0 {
        TrendDirection::Flat
    } else if slope > 0.0 {
        TrendDirection::Up
    } else {
        TrendDirection::Down
    };
    Some(Trend {
        direction,
        slope: dec(slope),
        step,
        steps: u32::try_from(steps.len()).unwrap_or(u32::MAX),
        confidence: dec(confidence),
    })
}

fn last(values: &[f64], most: usize) -> Vec<f64> {
    let skipped = values.len().saturating_sub(most);
    values.iter().skip(skipped).copied().collect()
}

/// Where a straight line through a series begins and how steep it is: the medians of what any two
/// values say (Theil 1950, Sen 1968), so that fewer than three of ten wild values do not bend it.
pub(super) fn line(values: &[f64]) -> (f64, f64) {
    let mut slopes = Vec::with_capacity(values.len() * values.len() / 2);
    for (first, one) in values.iter().enumerate() {
        for (ahead, other) in values.iter().skip(first + 1).enumerate() {
            slopes.push((other - one) / count(ahead + 1));
        }
    }
    let slope = median(&slopes);
    let steps = (0_u32..).map(f64::from);
    let starts = values
        .iter()
        .zip(steps)
        .map(|(value, step)| value - slope * step);
    (median(&starts.collect::<Vec<f64>>()), slope)
}

/// Of a hundred, how sure it is that a series goes anywhere: the test of Mann (1945) and Kendall
/// (1975), two-sided, by the normal distribution.
fn confidence(values: &[f64]) -> f64 {
    let mut score = 0.0;
    for (first, one) in values.iter().enumerate() {
        for other in values.iter().skip(first + 1) {
            score += match other.total_cmp(one) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Less => -1.0,
                std::cmp::Ordering::Equal => 0.0,
            };
        }
    }
    let n = count(values.len());
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    let away: f64 = f64::max(f64::abs(score) - 1.0, 0.0) / variance.sqrt();
    let chance = 2.0 * (1.0 - Normal::cdf(away, 0.0, 1.0));
    (100.0 * (1.0 - chance)).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_not_bent_by_wild_values() {
        let mut values: Vec<f64> = (0..20).map(|step| 10.0 + 2.0 * f64::from(step)).collect();
        values[5] = 10_000.0;
        values[11] = -4_000.0;
        let (start, slope) = line(&values);
        assert!((start - 10.0).abs() < 0.5 && (slope - 2.0).abs() < 0.05);
    }

    #[test]
    fn a_trend_is_one_only_when_it_is_sure() {
        let rising: Vec<f64> = (0..70).map(|day| 100.0 + f64::from(day)).collect();
        let found = trend(&rising, MeasureGrain::Day).unwrap();
        assert_eq!(found.direction, TrendDirection::Up);
        assert_eq!((found.step, found.steps), (MeasureGrain::Week, 10));
        assert_eq!(found.slope, dec(7.0));
        let wavering: Vec<f64> = (0..70)
            .map(|day| if (day / 7) % 2 == 0 { 100.0 } else { 110.0 })
            .collect();
        let found = trend(&wavering, MeasureGrain::Day).unwrap();
        assert_eq!(found.direction, TrendDirection::Flat);
        assert!(trend(&rising[..30], MeasureGrain::Day).is_none());
    }
}
