//! What the command line says to a person: every sentence in Spanish and in English.

use std::fmt;
use std::io::{self, Write};

/// The language of messages. Spanish unless the environment asks for English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
pub enum Language {
    /// Español.
    #[default]
    #[serde(rename = "es")]
    #[value(name = "es")]
    Spanish,
    /// English.
    #[serde(rename = "en")]
    #[value(name = "en")]
    English,
}

impl Language {
    /// The language of the suite's own messages.
    pub fn locale(self) -> trastienda_core::kernel::Locale {
        match self {
            Self::Spanish => trastienda_core::kernel::Locale::Es,
            Self::English => trastienda_core::kernel::Locale::En,
        }
    }

    /// Reads the language from the locale variables in their POSIX order of precedence.
    pub fn from_environment() -> Self {
        ["TRASTIENDA__LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .map_or(Self::Spanish, |value| Self::from_locale(&value))
    }

    fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("en") {
            Self::English
        } else {
            Self::Spanish
        }
    }
}

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    es: String,
    en: String,
}

impl Text {
    /// Joins the Spanish and the English wording of the same sentence.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            es: es.into(),
            en: en.into(),
        }
    }

    /// The wording in one language.
    pub fn read(&self, language: Language) -> &str {
        match language {
            Language::Spanish => &self.es,
            Language::English => &self.en,
        }
    }
}

/// A condition that the person at the terminal must mend: one clear line and exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Text);

impl Refusal {
    /// A refusal with its sentence in Spanish and in English.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Text::new(es, en))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.read(Language::from_environment()))
    }
}

impl std::error::Error for Refusal {}

/// Writes one line to standard output. A closed pipe is no error for a person who ran `head`.
pub fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Writes one sentence to standard output in the given language.
pub fn tell(language: Language, text: &Text) {
    line(text.read(language));
}

/// Writes one line to standard error: progress, warnings and refusals.
pub fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spanish_unless_the_locale_is_english() {
        for (locale, expected) in [
            ("es_ES.UTF-8", Language::Spanish),
            ("C.UTF-8", Language::Spanish),
            ("POSIX", Language::Spanish),
            ("en_GB.UTF-8", Language::English),
            ("EN", Language::English),
        ] {
            assert_eq!(Language::from_locale(locale), expected, "{locale}");
        }
    }
}
