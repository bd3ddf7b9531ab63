//! Taking a series apart: level, seasons, remainder, and what lies ahead.

use augurs::ets::AutoETS;
use augurs::mstl::{MSTLModel, stlrs};
use augurs::{Fit, Forecast, Predict};

use super::{FORECAST_LEVEL, SeasonCycle, trend};

/// A series taken apart: level, seasons and remainder add up to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// The level without seasons and remainder.
    pub level: Vec<f64>,
    /// The effect of each season.
    pub seasons: Vec<Vec<f64>>,
    /// How much each season explains.
    pub strengths: Vec<f64>,
    /// What nothing explains.
    pub remainder: Vec<f64>,
    /// What lies ahead: value, lower and upper end of its interval.
    pub ahead: Vec<(f64, f64, f64)>,
}

impl Parts {
    /// The series without its seasons.
    pub fn without_seasons(&self) -> Vec<f64> {
        let both = self.level.iter().zip(&self.remainder);
        both.map(|(level, remainder)| level + remainder).collect()
    }
}

/// Takes a series apart by its cycles; one without cycles by its straight line. None when a model
/// does not take it.
pub(super) fn decompose(
    values: &[f64],
    cycles: &[(SeasonCycle, usize)],
    horizon: usize,
) -> Option<Parts> {
    if cycles.is_empty() {
        return Some(by_line(values, horizon));
    }
    let mut stl = stlrs::params();
    stl.robust(true);
    let mut params = stlrs::MstlParams::new();
    params.stl_params(stl);
    let periods = cycles.iter().map(|(_, steps)| *steps).collect();
    let trend = AutoETS::non_seasonal().into_trend_model();
    let model = MSTLModel::new(periods, trend).mstl_params(params);
    let fitted = model.fit(values).ok()?;
    let found = fitted.fit();
    let wide = |narrow: &[f32]| narrow.iter().copied().map(f64::from).collect::<Vec<f64>>();
    let level = wide(found.trend());
    let seasons: Vec<Vec<f64>> = found.seasonal().iter().map(|one| wide(one)).collect();
    let remainder = remainder(values, &level, &seasons);
    let ahead = fitted.predict(horizon, FORECAST_LEVEL).ok();
    Some(Parts {
        strengths: found.seasonal_strength(),
        level,
        seasons,
        remainder,
        ahead: ahead.map(ahead_of).unwrap_or_default(),
    })
}

/// What is left of the values themselves, so that the parts add up exactly.
fn remainder(values: &[f64], level: &[f64], seasons: &[Vec<f64>]) -> Vec<f64> {
    let left = values.iter().zip(level).map(|(value, level)| value - level);
    let mut left: Vec<f64> = left.collect();
    for season in seasons {
        for (value, effect) in left.iter_mut().zip(season) {
            *value -= effect;
        }
    }
    left
}

/// A short series: a straight line that single values do not bend.
fn by_line(values: &[f64], horizon: usize) -> Parts {
    let (start, slope) = trend::line(values);
    let steps = (0_u32..).map(f64::from);
    let level = values
        .iter()
        .zip(steps)
        .map(|(_, step)| start + slope * step);
    let level: Vec<f64> = level.collect();
    let ahead = AutoETS::non_seasonal().fit(values).ok();
    let ahead = ahead.and_then(|fitted| fitted.predict(horizon, FORECAST_LEVEL).ok());
    Parts {
        remainder: remainder(values, &level, &[]),
        level,
        ahead: ahead.map(ahead_of).unwrap_or_default(),
        ..Parts::default()
    }
}

/// A forecast's steps; those that are no numbers are left out with all that follow.
fn ahead_of(forecast: Forecast) -> Vec<(f64, f64, f64)> {
    let Some(intervals) = forecast.intervals else {
        return Vec::new();
    };
    let ends = intervals.lower.into_iter().zip(intervals.upper);
    let steps = forecast.point.into_iter().zip(ends);
    steps
        .map(|(value, (lower, upper))| (value, lower, upper))
        .take_while(|(value, lower, upper)| {
            value.is_finite() && lower.is_finite() && upper.is_finite()
        })
        .collect()
}
