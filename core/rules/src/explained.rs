//! Amounts that say where they come from: rule, version, source, inputs.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::fault::{Locale, Text};

/// How well a figure or a rule is attested; the later, the weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Certainty {
    /// Two or more independent publications and an arithmetic cross-check.
    A,
    /// Two publications.
    B,
    /// One publication.
    C,
    /// Derived by us, unverified.
    D,
}

/// Which side of the payslip a line stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Pay.
    Earning,
    /// Social security paid by the employee.
    Employee,
    /// Tax withheld.
    Tax,
    /// Whatever else is taken from the net: garnishments, advances, company deductions.
    Deduction,
    /// Social security paid by the employer; not part of the net.
    Employer,
}

/// A computed amount and its whole reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The value's name, such as `common_employee`.
    pub code: String,
    /// What a person reads.
    pub label: Text,
    /// The amount: euros, days, per cent or a count, as the label says.
    #[serde(with = "rust_decimal::serde::str")]
    pub amount: Decimal,
    /// Pack and step, such as `es-payroll-2026/contributions.common_employee`.
    pub rule: String,
    /// The rule's expression, as it stands in the pack.
    pub expression: String,
    /// Version of the pack.
    pub version: String,
    /// The norms with their articles; empty for plain arithmetic.
    pub source: String,
    /// The weakest certainty among the sources.
    pub certainty: Certainty,
    /// Each value that entered, by name.
    pub inputs: Vec<(String, String)>,
}

impl Explained {
    /// The key under which translations and reports know this value.
    pub fn label_key(&self) -> String {
        format!("rules.{}", self.code)
    }

    /// One sentence: what, how much, by which rule, from which inputs.
    pub fn sentence(&self, locale: Locale) -> String {
        let inputs: Vec<String> = self
            .inputs
            .iter()
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let (by, source) = match locale {
            Locale::Es => ("según", "fuente"),
            Locale::En => ("by", "source"),
        };
        let label = self.label.get(locale);
        let mut sentence = format!(
            "{label}: {} {by} {} ({})",
            self.amount, self.rule, self.expression
        );
        if !inputs.is_empty() {
            sentence.push_str(&format!("; {}", inputs.join(", ")));
        }
        if !self.source.is_empty() {
            sentence.push_str(&format!("; {source}: {}", self.source));
        }
        sentence
    }
}

/// A line of a payslip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its side.
    pub side: Side,
    /// The amount the rate is applied to, where there is one.
    pub base: Option<Decimal>,
    /// The rate in per cent, where there is one.
    pub rate: Option<Decimal>,
    /// The amount, in cents of the currency, and its reason.
    pub explained: Explained,
}

impl Line {
    /// The amount.
    pub fn amount(&self) -> Decimal {
        self.explained.amount
    }

    /// The name.
    pub fn code(&self) -> &str {
        &self.explained.code
    }
}

/// Something a person should look at, that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable code.
    pub code: String,
    /// The sentence.
    pub text: Text,
}
