//! What can be wrong with a pack, a formula or an input, said in Spanish and English.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::formula::FormulaError;

/// The languages of every message and label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locale {
    /// Spanish, the default.
    Es,
    /// English.
    En,
}

impl Locale {
    /// Reads a language tag such as `en-GB`; whatever is not English is Spanish.
    pub fn from_tag(tag: &str) -> Self {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("en") {
            Self::En
        } else {
            Self::Es
        }
    }
}

/// One sentence or label in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
}

impl Text {
    /// Both languages at once.
    pub fn new(es: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            es: es.into(),
            en: en.into(),
        }
    }

    /// The text in one language.
    pub fn get(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.es,
            Locale::En => &self.en,
        }
    }
}

/// Something a person can mend: a stable code, perhaps a field, and a sentence.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{}: {}", self.code(), self.message(Locale::En))]
pub enum RuleError {
    /// No pack of the country is valid on the date.
    NoPackFor {
        /// ISO 3166 country code.
        country: String,
        /// The date that was asked for.
        date: NaiveDate,
    },
    /// The pack is valid on the date, but doesn't hold the procedure.
    NoProcedure {
        /// Id of the pack.
        pack: String,
        /// The procedure that is missing.
        procedure: String,
    },
    /// A value of the caller's input is not acceptable.
    Input {
        /// Stable code, such as `payroll.unknown_group`.
        code: String,
        /// Path of the field, such as `earnings[2].amount`.
        field: String,
        /// The sentence.
        text: Text,
    },
    /// A formula can't be read or computed.
    Formula {
        /// Where the formula stands: a step of a pack, or a field.
        place: String,
        /// What is wrong, and where in the formula.
        problem: FormulaError,
    },
    /// A table has no row for a key, or none of its brackets holds the value.
    NoRow {
        /// Pack and step that asked.
        place: String,
        /// The table.
        table: String,
        /// The key that is missing.
        key: String,
    },
    /// The pack itself is malformed.
    Pack {
        /// Where in the pack.
        place: String,
        /// What is wrong.
        text: Text,
    },
}

impl RuleError {
    /// An input error of the field.
    pub fn input(code: &str, field: impl Into<String>, es: String, en: String) -> Self {
        Self::Input {
            code: code.to_owned(),
            field: field.into(),
            text: Text { es, en },
        }
    }

    /// An error of the pack's own text.
    pub(crate) fn pack(place: impl Into<String>, es: String, en: String) -> Self {
        Self::Pack {
            place: place.into(),
            text: Text { es, en },
        }
    }

    /// The stable code, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::NoPackFor { .. } => "rules.no_pack",
            Self::NoProcedure { .. } => "rules.no_procedure",
            Self::Input { code, .. } => code,
            Self::Formula { problem, .. } => problem.code(),
            Self::NoRow { .. } => "rules.no_row",
            Self::Pack { .. } => "rules.malformed_pack",
        }
    }

    /// The path of the field to mend, when the caller's input is at fault.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Input { field, .. } => Some(field),
            Self::Formula { place, .. } => Some(place),
            Self::NoPackFor { .. } => Some("period"),
            _ => None,
        }
    }

    /// The sentence in both languages.
    pub fn text(&self) -> Text {
        match self {
            Self::NoPackFor { country, date } => Text::new(
                format!("No hay reglas de {country} para el {date}."),
                format!("There are no rules of {country} for {date}."),
            ),
            Self::NoProcedure { pack, procedure } => Text::new(
                format!("Las reglas {pack} no contienen el cálculo {procedure}."),
                format!("The rules {pack} do not hold the calculation {procedure}."),
            ),
            Self::Input { text, .. } => text.clone(),
            Self::Formula { place, problem } => {
                let text = problem.text();
                Text::new(
                    format!("{place}: {}", text.es),
                    format!("{place}: {}", text.en),
                )
            }
            Self::NoRow { place, table, key } => Text::new(
                format!("{place}: la tabla {table} no tiene fila para {key}."),
                format!("{place}: the table {table} has no row for {key}."),
            ),
            Self::Pack { place, text } => Text::new(
                format!("Reglas mal formadas en {place}: {}", text.es),
                format!("Malformed rules at {place}: {}", text.en),
            ),
        }
    }

    /// The sentence in one language.
    pub fn message(&self, locale: Locale) -> String {
        let Text { es, en } = self.text();
        match locale {
            Locale::Es => es,
            Locale::En => en,
        }
    }
}

/// An amount that must not be negative.
pub(crate) fn below_zero(field: String, value: Decimal) -> RuleError {
    RuleError::input(
        "payroll.below_zero",
        field,
        format!("El importe no puede ser negativo: {value}."),
        format!("The amount cannot be below zero: {value}."),
    )
}
