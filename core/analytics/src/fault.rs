//! What analytics refuses, and the sentences it speaks.

use kernel::Messages;

/// The sentences of this crate.
pub const MESSAGES: Messages = Messages {
    es: include_str!("../locales/es.ftl"),
    en: include_str!("../locales/en.ftl"),
};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        $($(#[doc = $doc])+ pub const $name: &str = $text;)*

        /// Every reason for which this crate refuses.
        pub const REASONS: &[&str] = &[$($name),*];
    };
}

reasons! {
    /// A range of days is too long.
    RANGE_TOO_LONG = "analytics.range_too_long";
    /// A day is not over yet.
    NOT_OVER = "analytics.not_over";
    /// There is no such company, or its measures are not the reader's to see.
    COMPANY_NOT_FOUND = "analytics.company_not_found";
    /// There is no such anomaly, or it is not the reader's to see.
    ANOMALY_NOT_FOUND = "analytics.anomaly_not_found";
    /// The anomaly was dismissed before.
    DISMISSED_ALREADY = "analytics.dismissed_already";
}

/// The keys of what is said about measures, beside the reasons.
pub const SENTENCES: &[&str] = &[
    "analytics.trend_up",
    "analytics.trend_down",
    "analytics.trend_flat",
    "analytics.per_week",
    "analytics.per_month",
    "analytics.season_weekly",
    "analytics.season_yearly",
    "analytics.anomaly_up",
    "analytics.anomaly_down",
    "analytics.because_day",
    "analytics.because_month",
    "analytics.because_level",
    "analytics.because_weekday",
    "analytics.because_season",
    "analytics.because_largest",
    "analytics.because_nothing",
];

#[cfg(test)]
mod tests {
    use kernel::{Locale, Speaker};

    use super::*;
    use crate::measure::MeasureKey;

    #[test]
    fn every_reason_sentence_and_measure_speaks_both_languages() {
        let speaker = Speaker::new(&[kernel::message::MESSAGES, MESSAGES]).unwrap();
        let measures = MeasureKey::ALL
            .iter()
            .flat_map(|key| [key.title(), key.about()]);
        let names = (1..=7).map(|day| format!("analytics.weekday_{day}"));
        let months = (1..=12).map(|month| format!("analytics.month_{month}"));
        let fixed = REASONS.iter().chain(SENTENCES).map(|key| (*key).to_owned());
        for key in fixed.chain(measures).chain(names).chain(months) {
            for locale in Locale::ALL {
                assert!(speaker.knows(*locale, &key), "{key} in {locale}");
            }
        }
    }
}
