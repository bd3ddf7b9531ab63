//! Why something stands out, in sentences: what was expected of such a day and of what that is
//! made up, and whether a single record explains the difference.

use chrono::Datelike;
use kernel::ids::EntryId;
use kernel::{Date, Dec};
use processes::sentence::Sentence;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::analysis::shown;
use crate::measure::{MeasureGrain, MeasureKey};
use crate::model::Outlier;
use crate::source;

/// Of a hundred: from which share on one record explains a difference.
const EXPLAINS: i64 = 30;

/// An entry that moved a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contributor {
    /// The entry.
    pub entry: EntryId,
    /// By how much.
    pub amount: Dec,
}

/// A day as `2026-11-24`, a month as `2026-11`.
pub(super) fn date(grain: MeasureGrain, day: Date) -> String {
    match grain {
        MeasureGrain::Month => day.0.format("%Y-%m").to_string(),
        _ => day.0.to_string(),
    }
}

/// Why something stands out, the most telling first.
pub(super) fn reasons(
    key: MeasureKey,
    grain: MeasureGrain,
    outlier: &Outlier,
    contributors: &[Contributor],
) -> Vec<Sentence> {
    let month = Sentence::new(format!("analytics.month_{}", outlier.day.0.month()));
    let place = outlier.day.0.weekday().number_from_monday();
    let weekday = Sentence::new(format!("analytics.weekday_{place}"));
    let usual = match grain {
        MeasureGrain::Month => "analytics.because_month",
        _ => "analytics.because_day",
    };
    let usual = Sentence::new(usual)
        .with("weekday", &weekday)
        .with("month", &month)
        .with("expected", shown(key, outlier.expected))
        .with("lower", shown(key, outlier.lower))
        .with("upper", shown(key, outlier.upper));
    let mut reasons = vec![usual];
    reasons.extend(largest(key, outlier, contributors));
    if source::has_entries(key) && outlier.value.0.is_zero() && contributors.is_empty() {
        reasons.push(Sentence::new("analytics.because_nothing"));
    }
    let level = Sentence::new("analytics.because_level");
    reasons.push(level.with("level", shown(key, outlier.level)));
    let effect = |name: &str, effect: Dec| Sentence::new(name).with("effect", signed(key, effect));
    if let Some(by) = outlier.weekday_effect {
        reasons.push(effect("analytics.because_weekday", by).with("weekday", &weekday));
    }
    if let Some(by) = outlier.season_effect {
        reasons.push(effect("analytics.because_season", by).with("month", &month));
    }
    reasons
}

/// That the largest record explains much of the difference, where it does.
fn largest(key: MeasureKey, outlier: &Outlier, all: &[Contributor]) -> Option<Sentence> {
    let gap = outlier.value.0 - outlier.expected.0;
    let first = all.first()?;
    if gap.is_zero() {
        return None;
    }
    let share = first.amount.0.checked_div(gap)? * Decimal::ONE_HUNDRED;
    (share >= Decimal::from(EXPLAINS)).then(|| {
        Sentence::new("analytics.because_largest")
            .with("amount", shown(key, first.amount))
            .with("share", share.round_dp(0).normalize().to_string())
    })
}

fn signed(key: MeasureKey, value: Dec) -> String {
    let sign = if value.0.is_sign_negative() { "" } else { "+" };
    format!("{sign}{}", shown(key, value))
}

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};
    use processes::sentence::say;

    use super::*;

    fn dec(value: i64) -> Dec {
        Dec(Decimal::from(value))
    }

    fn outlier() -> Outlier {
        Outlier {
            day: Date("2026-04-14".parse().unwrap()),
            value: dec(6_000),
            expected: dec(1_000),
            lower: dec(800),
            upper: dec(1_200),
            score: dec(100),
            level: dec(950),
            weekday_effect: Some(dec(50)),
            season_effect: None,
        }
    }

    fn said(reasons: &[Sentence], locale: Locale) -> Vec<String> {
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let each = reasons.iter();
        each.map(|it| say(&speaker, locale, &it.key, &it.args))
            .collect()
    }

    #[test]
    fn it_says_what_was_usual_what_that_is_made_of_and_which_record_explains_it() {
        let contributors = [Contributor {
            entry: EntryId::generate(),
            amount: dec(4_800),
        }];
        let reasons = reasons(
            MeasureKey::Revenue,
            MeasureGrain::Day,
            &outlier(),
            &contributors,
        );
        assert_eq!(
            said(&reasons, Locale::En),
            [
                "On a Tuesday in April 1000.00 was expected, between 800.00 and 1200.00.",
                "A single entry of 4800.00 explains 96 % of the difference.",
                "The level at the time was 950.00.",
                "A Tuesday usually changes that by +50.00.",
            ]
        );
        assert_eq!(
            said(&reasons, Locale::Es).first().map(String::as_str),
            Some("Un martes de abril se esperaba 1000.00, entre 800.00 y 1200.00.")
        );
    }

    #[test]
    fn a_small_record_explains_nothing() {
        let contributors = [Contributor {
            entry: EntryId::generate(),
            amount: dec(1_000),
        }];
        assert_eq!(
            largest(MeasureKey::Revenue, &outlier(), &contributors),
            None
        );
        assert_eq!(largest(MeasureKey::Revenue, &outlier(), &[]), None);
    }
}
