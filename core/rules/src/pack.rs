//! A rule pack: the figures, tables and procedures of one country for one span of time.
//!
//! A pack is a TOML document. `figures` are single values, perhaps changing within the span;
//! `tables` have rows found by key, or brackets of a cumulative scale; `procedures` are ordered
//! steps, each one value by a formula, a lookup, a scale, a sum over a list or a total of lines,
//! with limits and rounding. Every figure and table names its norm, article and certainty.
//! Reading a pack checks it whole: every name a formula uses exists before it, brackets ascend and
//! agree with their gathered bases, and nothing is defined twice.

mod compile;
mod document;
mod table;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::explained::{Certainty, Explained, Side};
use crate::fault::{RuleError, Text};
use crate::formula::Formula;

pub use table::{Share, Table};

/// Where a figure or a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Citation {
    /// The norm, such as `Orden PJC/297/2026`.
    pub norm: String,
    /// Its public reference, such as its number in the official gazette.
    pub reference: String,
    /// Article or section.
    pub article: String,
    /// Since when it is in force.
    pub in_force: NaiveDate,
    /// How well it is attested.
    pub certainty: Certainty,
}

impl std::fmt::Display for Citation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbered = self
            .article
            .starts_with(|first: char| first.is_ascii_digit());
        let art = if numbered { "art. " } else { "" };
        write!(
            out,
            "{} ({}), {art}{}",
            self.norm, self.reference, self.article
        )
    }
}

/// A value of a figure from a date on.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedValue {
    /// First day.
    pub from: NaiveDate,
    /// The value: an amount, a rate in per cent, or a count.
    pub value: Decimal,
    /// Its source.
    pub citation: Citation,
}

/// A named value of the law.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What it is.
    pub label: Text,
    /// Its values in order of date; the first holds from the pack's first day.
    pub values: Vec<DatedValue>,
}

impl Figure {
    /// The value on a day.
    pub fn on(&self, date: NaiveDate) -> Option<&DatedValue> {
        self.values.iter().rev().find(|value| value.from <= date)
    }
}

/// How a step rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// The rule for what lies between.
    pub strategy: RoundingStrategy,
    /// Decimals kept.
    pub places: u32,
}

/// What a step does to get its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    Formula(Formula),
    Lookup {
        table: String,
        key: Formula,
        column: String,
    },
    Scale {
        table: String,
        of: Formula,
        unit: Option<Formula>,
        column: String,
    },
    Each {
        list: String,
        only: Option<Formula>,
        value: Formula,
    },
    Total(Side),
}

/// The line a step leaves on the payslip.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineShape {
    pub side: Side,
    pub base: Option<String>,
    pub rate: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub code: String,
    pub label: Text,
    pub citation: Option<Citation>,
    pub when: Option<Formula>,
    pub action: Action,
    pub at_least: Option<Formula>,
    pub at_most: Option<Formula>,
    pub round: Option<Rounding>,
    pub line: Option<LineShape>,
}

impl Step {
    /// Every formula of the step, but those that read the items of a list.
    pub fn formulas(&self) -> impl Iterator<Item = &Formula> {
        let (first, second) = match &self.action {
            Action::Formula(formula) => (Some(formula), None),
            Action::Lookup { key, .. } => (Some(key), None),
            Action::Scale { of, unit, .. } => (Some(of), unit.as_ref()),
            Action::Each { .. } | Action::Total(_) => (None, None),
        };
        [
            self.when.as_ref(),
            first,
            second,
            self.at_least.as_ref(),
            self.at_most.as_ref(),
        ]
        .into_iter()
        .flatten()
    }
}

/// A condition under which the input is refused (with a field), or remarked upon (without).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remark {
    pub when: Formula,
    pub code: String,
    pub field: String,
    pub text: Text,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Procedure {
    pub checks: Vec<Remark>,
    pub steps: Vec<Step>,
    pub notices: Vec<Remark>,
}

/// The rules of one country for one span of time.
#[derive(Clone, Debug, PartialEq)]
pub struct RulePack {
    /// Stable id, such as `es-payroll-2026`.
    pub id: String,
    /// ISO 3166 country code.
    pub country: String,
    /// Version of the text; it changes with every correction.
    pub version: String,
    /// First day.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: NaiveDate,
    /// What a person reads.
    pub title: Text,
    pub(crate) figures: BTreeMap<String, Figure>,
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) procedures: BTreeMap<String, Procedure>,
}

impl RulePack {
    /// Reads a pack and checks it whole; every fault found is in the list.
    pub fn parse(text: &str) -> Result<Self, Vec<RuleError>> {
        let document = toml::from_str(text).map_err(|error| {
            let reason = error.to_string();
            vec![RuleError::pack("toml", reason.clone(), reason)]
        })?;
        compile::compile(document)
    }

    /// Whether the pack speaks for the date.
    pub fn covers(&self, date: NaiveDate) -> bool {
        self.valid_from <= date && date <= self.valid_to
    }

    /// Fails unless the pack speaks for the date.
    pub fn require(&self, date: NaiveDate) -> Result<(), RuleError> {
        if self.covers(date) {
            return Ok(());
        }
        Err(RuleError::NoPackFor {
            country: self.country.clone(),
            date,
        })
    }

    /// Whether the pack holds a procedure.
    pub fn has_procedure(&self, name: &str) -> bool {
        self.procedures.contains_key(name)
    }

    /// A figure on a day, explained: `minimum_wage_month` is the minimum wage.
    pub fn figure(&self, name: &str, date: NaiveDate) -> Result<Explained, RuleError> {
        self.require(date)?;
        let found = self
            .figures
            .get(name)
            .and_then(|figure| Some((figure, figure.on(date)?)));
        let (figure, dated) = found.ok_or_else(|| RuleError::NoRow {
            place: self.id.clone(),
            table: "figures".to_owned(),
            key: name.to_owned(),
        })?;
        Ok(Explained {
            code: name.to_owned(),
            label: figure.label.clone(),
            amount: dated.value,
            rule: format!("{}/figures.{name}", self.id),
            expression: name.to_owned(),
            version: self.version.clone(),
            source: dated.citation.to_string(),
            certainty: dated.citation.certainty,
            inputs: Vec::new(),
        })
    }

    /// The names of the figures, for listing.
    pub fn figure_names(&self) -> impl Iterator<Item = &str> {
        self.figures.keys().map(String::as_str)
    }

    /// A table by name, for listing and for looking up.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }
}

#[cfg(test)]
mod tests;
