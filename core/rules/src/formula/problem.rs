//! What can be wrong with a formula, and where.

use thiserror::Error;

use crate::fault::{Locale, Text};

/// The kinds of trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing to compute.
    Empty,
    /// The text is longer than the limit.
    TooLong,
    /// Brackets or signs nest deeper than the limit.
    TooDeep,
    /// The text is not a formula; the reader's reason.
    Syntax(String),
    /// A construct of the library that this language leaves out.
    NotAllowed(String),
    /// Nothing is known under this name.
    UnknownVariable(String),
    /// A divisor was zero.
    DivisionByZero,
    /// A number left the range of exact decimals.
    Overflow,
    /// A number was needed.
    NotANumber,
    /// A condition was needed.
    NotACondition,
}

/// A problem at a place of a formula.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.message(Locale::En))]
pub struct FormulaError {
    /// What is wrong.
    pub problem: Problem,
    /// Where: characters from the start of the formula, from 1.
    pub position: usize,
    /// The formula from that place on, at most 30 characters.
    pub fragment: String,
}

impl FormulaError {
    /// Makes an error from a place in bytes.
    pub(crate) fn new(text: &str, byte: usize, problem: Problem) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let after = text.get(byte..).unwrap_or_default();
        Self {
            problem,
            position: before.chars().count().saturating_add(1),
            fragment: after.chars().take(30).collect(),
        }
    }

    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self.problem {
            Problem::Empty => "formula.empty",
            Problem::TooLong => "formula.too_long",
            Problem::TooDeep => "formula.too_deep",
            Problem::Syntax(_) => "formula.syntax",
            Problem::NotAllowed(_) => "formula.not_allowed",
            Problem::UnknownVariable(_) => "formula.unknown_variable",
            Problem::DivisionByZero => "formula.division_by_zero",
            Problem::Overflow => "formula.overflow",
            Problem::NotANumber => "formula.not_a_number",
            Problem::NotACondition => "formula.not_a_condition",
        }
    }

    /// The sentence in both languages.
    pub fn text(&self) -> Text {
        let Text { es, en } = self.reason();
        let place = self.position;
        if self.fragment.is_empty() {
            return Text::new(
                format!("{es}, en el carácter {place}."),
                format!("{en}, at character {place}."),
            );
        }
        let fragment = &self.fragment;
        Text::new(
            format!("{es}, en el carácter {place}: «{fragment}»."),
            format!("{en}, at character {place}: “{fragment}”."),
        )
    }

    /// The sentence in one language.
    pub fn message(&self, locale: Locale) -> String {
        self.text().get(locale).to_owned()
    }

    fn reason(&self) -> Text {
        match &self.problem {
            Problem::Empty => Text::new("La fórmula está vacía", "The formula is empty"),
            Problem::TooLong => {
                Text::new("La fórmula es demasiado larga", "The formula is too long")
            }
            Problem::TooDeep => Text::new(
                "La fórmula tiene demasiados niveles de paréntesis",
                "The formula nests too deep",
            ),
            Problem::Syntax(reason) => Text::new(
                format!("La fórmula no se entiende ({reason})"),
                format!("The formula can't be read ({reason})"),
            ),
            Problem::NotAllowed(what) => Text::new(
                format!("Esto no se admite en una fórmula ({what})"),
                format!("This is not allowed in a formula ({what})"),
            ),
            Problem::UnknownVariable(name) => Text::new(
                format!("No se conoce ningún valor llamado {name}"),
                format!("There is no value called {name}"),
            ),
            Problem::DivisionByZero => Text::new("División por cero", "Division by zero"),
            Problem::Overflow => Text::new(
                "El resultado es demasiado grande",
                "The result is too large",
            ),
            Problem::NotANumber => Text::new("Se esperaba un número", "A number was expected"),
            Problem::NotACondition => {
                Text::new("Se esperaba una condición", "A condition was expected")
            }
        }
    }
}
