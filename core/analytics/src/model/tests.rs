use super::*;

/// A number that looks random and is always the same: between -1 and 1.
fn noise(step: u32) -> f64 {
    let mixed = step.wrapping_mul(2_654_435_761).rotate_left(13) ^ step.wrapping_mul(40_503);
    let mixed = mixed.wrapping_mul(2_246_822_519);
    f64::from(mixed) / f64::from(u32::MAX) * 2.0 - 1.0
}

fn steps(grain: MeasureGrain, length: u32, value: impl Fn(u32, NaiveDate) -> f64) -> Steps {
    let begin = NaiveDate::from_ymd_opt(2025, 1, 1).unwrap();
    let day = |step: u32| match grain {
        MeasureGrain::Month => begin + Months::new(step),
        _ => begin + Days::new(u64::from(step)),
    };
    let days: Vec<NaiveDate> = (0..length).map(day).collect();
    let values = (0..length).map(|step| dec(value(step, day(step))).0);
    Steps {
        grain,
        values: values.collect(),
        days,
    }
}

/// Sales of a shop that is closed on Sundays and busy on Saturdays.
fn shop(step: u32, day: NaiveDate) -> f64 {
    let weekday = match day.weekday().number_from_monday() {
        7 => -1_000.0,
        6 => 700.0,
        _ => 60.0,
    };
    1_000.0 + weekday + 40.0 * noise(step)
}

#[test]
fn a_planted_day_stands_out_and_is_explained() {
    let wild = NaiveDate::from_ymd_opt(2025, 4, 15).unwrap();
    let series = steps(MeasureGrain::Day, 180, |step, day| {
        shop(step, day) + if day == wild { 5_000.0 } else { 0.0 }
    });
    let found = study(&series);
    assert_eq!(found.outliers.len(), 1, "{:?}", found.outliers);
    let outlier = &found.outliers[0];
    assert_eq!(outlier.day, Date(wild));
    let about = |value: Dec, expected: f64, by: f64| (float(&value.0) - expected).abs() < by;
    assert!(about(outlier.expected, 1_060.0, 80.0), "{outlier:?}");
    assert!(outlier.lower < outlier.expected && outlier.expected < outlier.upper);
    assert!(outlier.value > outlier.upper && float(&outlier.score.0) > 20.0);
    assert!(outlier.weekday_effect.is_some() && outlier.season_effect.is_none());
}

#[test]
fn a_quiet_series_has_no_outliers() {
    let found = study(&steps(MeasureGrain::Day, 365, shop));
    assert_eq!(found.outliers, []);
}

#[test]
fn the_week_is_seen_and_goes_on_ahead() {
    let found = study(&steps(MeasureGrain::Day, 180, shop));
    let week = &found.seasons[0];
    assert_eq!(week.cycle, SeasonCycle::Weekly);
    assert!(float(&week.strength.0) > 0.9, "{:?}", week.strength);
    let effect = |position: usize| float(&week.effects[position - 1].effect.0);
    assert!(effect(7) < -800.0 && effect(6) > 500.0, "{week:?}");
    assert_eq!(found.forecast.len(), AHEAD_DAYS);
    assert_eq!(found.trend.unwrap().direction, TrendDirection::Flat);
    for ahead in &found.forecast {
        assert!(ahead.lower < ahead.value && ahead.value < ahead.upper);
        let is_sunday = ahead.day.0.weekday().number_from_monday() == 7;
        assert_eq!(float(&ahead.value.0) < 300.0, is_sunday, "{ahead:?}");
    }
}

#[test]
fn growth_is_a_trend_and_no_outlier() {
    let series = steps(MeasureGrain::Day, 200, |step, day| {
        shop(step, day) + 3.0 * f64::from(step)
    });
    let found = study(&series);
    let trend = found.trend.unwrap();
    assert_eq!(trend.direction, TrendDirection::Up);
    assert!((float(&trend.slope.0) - 21.0).abs() < 3.0, "{trend:?}");
    assert_eq!(found.outliers, []);
}

#[test]
fn a_month_of_double_wages_stands_out_among_few_months() {
    let series = steps(MeasureGrain::Month, 20, |step, _| {
        let double = if step == 13 { 45_000.0 } else { 0.0 };
        50_000.0 + 200.0 * f64::from(step) + 300.0 * noise(step) + double
    });
    let found = study(&series);
    let days: Vec<Date> = found.outliers.iter().map(|one| one.day).collect();
    assert_eq!(days, [Date(NaiveDate::from_ymd_opt(2026, 2, 1).unwrap())]);
    assert_eq!(found.seasons, []);
}

#[test]
fn a_series_that_is_short_or_still_says_nothing() {
    let short = study(&steps(MeasureGrain::Day, 11, shop));
    assert_eq!(short, Findings::default());
    let still = study(&steps(MeasureGrain::Day, 200, |_, _| 7.0));
    assert_eq!(still, Findings::default());
}

#[test]
fn two_years_of_days_show_the_year() {
    let series = steps(MeasureGrain::Day, 760, |step, day| {
        let christmas = if day.month() == 12 { 800.0 } else { 0.0 };
        shop(step, day) + christmas
    });
    let found = study(&series);
    let year = found
        .seasons
        .iter()
        .find(|one| one.cycle == SeasonCycle::Yearly);
    let effects = &year.unwrap().effects;
    let december = float(&effects[11].effect.0);
    assert!(
        effects[..11]
            .iter()
            .all(|one| float(&one.effect.0) < december)
    );
    assert!(december > 300.0, "{effects:?}");
}

#[test]
fn the_same_series_says_the_same() {
    let series = steps(MeasureGrain::Day, 120, shop);
    assert_eq!(study(&series), study(&series));
}
