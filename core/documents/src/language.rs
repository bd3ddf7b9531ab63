//! The two languages of every document, and how each writes numbers and dates.

use chrono::{Datelike, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// The language of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Spanish: `1.234,56` and `31/01/2026`.
    #[default]
    Es,
    /// English: `1,234.56` and `31 Jan 2026`.
    En,
}

const MONTHS_ES: [&str; 12] = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
];

impl Language {
    /// The ISO 639-1 code: `es` or `en`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Es => "es",
            Self::En => "en",
        }
    }

    /// An amount with two decimals and grouped thousands: `1.234,56`.
    pub fn amount(self, value: Decimal) -> String {
        self.number(value, 2)
    }

    /// A number with exactly so many decimals, half away from zero, with grouped thousands.
    pub fn number(self, value: Decimal, decimals: u32) -> String {
        let strategy = RoundingStrategy::MidpointAwayFromZero;
        let mut rounded = value.round_dp_with_strategy(decimals, strategy);
        rounded.rescale(decimals);
        let sign = if rounded.is_sign_negative() && !rounded.is_zero() {
            "-"
        } else {
            ""
        };
        let digits = rounded.abs().to_string();
        let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
        let (group, point) = self.separators();
        let mut text = format!("{sign}{}", grouped(whole, group));
        if !fraction.is_empty() {
            text.push(point);
            text.push_str(fraction);
        }
        text
    }

    /// A rate in per cent with two decimals, or with more where it has more: `4,70 %`.
    pub fn percent(self, value: Decimal) -> String {
        let decimals = value.normalize().scale().max(2);
        let number = self.number(value, decimals);
        match self {
            Self::Es => format!("{number}\u{a0}%"),
            Self::En => format!("{number}%"),
        }
    }

    /// A count with no more decimals than it needs: `30`, `7,5`.
    pub fn quantity(self, value: Decimal) -> String {
        self.number(value, value.normalize().scale())
    }

    /// A date in short: `31/01/2026`, `31 Jan 2026`.
    pub fn date(self, date: NaiveDate) -> String {
        match self {
            Self::Es => date.format("%d/%m/%Y").to_string(),
            Self::En => date.format("%-d %b %Y").to_string(),
        }
    }

    /// A date in full: `31 de enero de 2026`, `31 January 2026`.
    pub fn long_date(self, date: NaiveDate) -> String {
        match self {
            Self::Es => {
                let month = usize::try_from(date.month0())
                    .ok()
                    .and_then(|at| MONTHS_ES.get(at));
                let month = month.copied().unwrap_or_default();
                format!("{} de {month} de {}", date.day(), date.year())
            }
            Self::En => date.format("%-d %B %Y").to_string(),
        }
    }

    /// The separators of thousands and of decimals.
    pub(crate) fn separators(self) -> (char, char) {
        match self {
            Self::Es => ('.', ','),
            Self::En => (',', '.'),
        }
    }
}

/// A phrase in both languages, so that one payslip prints in either.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
}

impl Text {
    /// A phrase and its translation.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            es: es.into(),
            en: en.into(),
        }
    }

    /// A phrase that reads the same in both, such as a name.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            es: text.clone(),
            en: text,
        }
    }

    /// The phrase in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Es => &self.es,
            Language::En => &self.en,
        }
    }
}

fn grouped(whole: &str, separator: char) -> String {
    let mut text = String::with_capacity(whole.len() * 4 / 3 + 1);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    #[test]
    fn numbers_follow_the_language() {
        for (value, es, en) in [
            (dec!(1234.56), "1.234,56", "1,234.56"),
            (dec!(-1234567.5), "-1.234.567,50", "-1,234,567.50"),
            (dec!(0), "0,00", "0.00"),
            (dec!(-0.001), "0,00", "0.00"),
            (dec!(999.995), "1.000,00", "1,000.00"),
            (dec!(-0.005), "-0,01", "-0.01"),
            (dec!(100), "100,00", "100.00"),
        ] {
            assert_eq!(Language::Es.amount(value), es);
            assert_eq!(Language::En.amount(value), en);
        }
    }

    #[test]
    fn rates_keep_their_decimals() {
        assert_eq!(Language::Es.percent(dec!(4.7)), "4,70\u{a0}%");
        assert_eq!(Language::En.percent(dec!(0.125)), "0.125%");
        assert_eq!(Language::Es.quantity(dec!(30.00)), "30");
        assert_eq!(Language::Es.quantity(dec!(7.50)), "7,5");
    }

    #[test]
    fn dates_follow_the_language() {
        let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
        assert_eq!(Language::Es.date(date), "05/01/2026");
        assert_eq!(Language::En.date(date), "5 Jan 2026");
        assert_eq!(Language::Es.long_date(date), "5 de enero de 2026");
        assert_eq!(Language::En.long_date(date), "5 January 2026");
    }
}
