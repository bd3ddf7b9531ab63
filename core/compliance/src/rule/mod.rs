//! Rules: what is looked for, why it matters, by which law or policy, and with which query.
//!
//! The rules stand in `rules/*.toml` and are built into the program. What a tenant changes of one
//! is a [`Setting`]; both together are a [`ComplianceRule`].

mod catalogue;
mod compile;
mod list;
mod parameter;
mod setting;

use kernel::{Date, Locale};
use serde::Deserialize;

pub use catalogue::{all, find_key, id_of};
pub use compile::{Bind, Compiled};
pub use list::{
    ComplianceRuleFilter, ComplianceRuleSort, ComplianceRuleSortField, SeverityFilter, by_ids,
    find, page,
};
pub use parameter::{Parameter, ParameterKind, ParameterValue};
pub(crate) use setting::in_force;
pub use setting::{
    ComplianceParameterInput, ComplianceRule, ComplianceRulePatch, ComplianceRuleUpdateInput,
    Setting, as_set, update,
};

kernel::text_enum! {
    /// How grave a breach is.
    pub enum Severity {
        /// To be mended some time.
        Low = "LOW",
        /// To be mended.
        Medium = "MEDIUM",
        /// To be mended this week.
        High = "HIGH",
        /// To be mended now.
        Critical = "CRITICAL",
    }
}

impl Severity {
    /// A number to sort by, from 0.
    pub const fn gravity(self) -> i16 {
        match self {
            Self::Low => 0,
            Self::Medium => 1,
            Self::High => 2,
            Self::Critical => 3,
        }
    }

    /// Whether a finding of it makes a task by itself.
    pub const fn is_grave(self) -> bool {
        matches!(self, Self::High | Self::Critical)
    }
}

kernel::text_enum! {
    /// What a piece of evidence is.
    pub enum EvidenceKind {
        /// Words.
        Text = "TEXT",
        /// An amount of money, in the currency of the company.
        Amount = "AMOUNT",
        /// A number.
        Number = "NUMBER",
        /// A count.
        Count = "COUNT",
        /// A day.
        Date = "DATE",
        /// An instant.
        Instant = "INSTANT",
    }
}

/// Words in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
}

impl Words {
    /// In a language.
    pub fn of(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.es,
            Locale::En => &self.en,
        }
    }
}

/// The law or policy that a rule comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The norm, with its article.
    pub norm: String,
    /// Where it was published.
    pub reference: String,
    /// Since when it is in force.
    pub in_force: Date,
}

/// A column of a rule's query that is evidence.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceColumn {
    /// The column.
    pub name: String,
    /// What it holds.
    pub kind: EvidenceKind,
    /// What one must be allowed to do to see it; what the finding takes when absent.
    #[serde(default)]
    pub requires: Option<String>,
    /// What it is called in Spanish.
    pub es: String,
    /// What it is called in English.
    pub en: String,
}

impl EvidenceColumn {
    /// What it is called in a language.
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::Es => &self.es,
            Locale::En => &self.en,
        }
    }
}

/// The queries of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// How many subjects it looks at: one number.
    pub scanned: String,
    /// One row a breach: `subject_key`, `subject_id`, `subject_name`, `company_id` and the columns
    /// of evidence. May name `:organisation`, `:company`, `:now`, `:today` and its parameters.
    pub query: String,
}

/// A rule as it was written.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its key, `domain.what`.
    pub key: String,
    /// Its version; changes with its meaning.
    pub version: String,
    /// The domain that it looks at.
    pub domain: String,
    /// How grave a breach is, unless a tenant says otherwise.
    pub severity: Severity,
    /// The GraphQL type of its subjects.
    pub subject: String,
    /// Whether its subjects are of companies, so that a scan of one company can take it.
    pub per_company: bool,
    /// What it is called.
    pub title: Words,
    /// What a breach means and how to mend it.
    pub explanation: Words,
    /// The law or policy that it comes from.
    pub source: Source,
    /// What can be tuned.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// What is told of a breach.
    #[serde(default)]
    pub evidence: Vec<EvidenceColumn>,
    /// Its queries.
    pub sql: Sql,
    /// The query of breaches, as it is sent.
    #[serde(skip)]
    pub breaches: Compiled,
    /// The query of how much is looked at, as it is sent.
    #[serde(skip)]
    pub scanned: Compiled,
}
