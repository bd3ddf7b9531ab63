//! What can go wrong when a document is made, and how it is said to a person.

use std::fmt;

use crate::Language;

/// Why no document was made.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The input breaks rules; holds every broken rule, never none.
    #[error("{}", sentences(.0))]
    Invalid(Vec<Problem>),
    /// A template failed: a defect of the program, not of the input.
    #[error("the template `{template}` failed: {reason}")]
    Template {
        /// The file of the template.
        template: &'static str,
        /// What the typesetter said.
        reason: String,
    },
    /// An embedded font or template can't be read: a defect of the build.
    #[error("the embedded asset `{0}` is broken")]
    Asset(&'static str),
    /// A writer of CSV, XLSX or XML refused.
    #[error("the {format} writer failed: {reason}")]
    Writer {
        /// `csv`, `xlsx` or `xml`.
        format: &'static str,
        /// What the writer said.
        reason: String,
    },
}

impl DocumentError {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "document.invalid",
            Self::Template { .. } => "document.template",
            Self::Asset(_) => "document.asset",
            Self::Writer { .. } => "document.writer",
        }
    }

    /// The problems that a person can mend; empty for a defect of the program.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) => problems,
            _ => &[],
        }
    }

    pub(crate) fn writer(format: &'static str, reason: impl fmt::Display) -> Self {
        Self::Writer {
            format,
            reason: reason.to_string(),
        }
    }
}

/// One broken rule of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable code, such as `transfer.iban_invalid`.
    pub code: &'static str,
    /// Where, as a path: `transfers[3].iban`.
    pub field: String,
    /// The sentence in Spanish.
    pub es: String,
    /// The sentence in English.
    pub en: String,
}

impl Problem {
    pub(crate) fn new(
        code: &'static str,
        field: impl Into<String>,
        es: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self {
            code,
            field: field.into(),
            es: es.into(),
            en: en.into(),
        }
    }

    /// The sentence in the reader's language.
    pub fn message(&self, language: Language) -> &str {
        match language {
            Language::Es => &self.es,
            Language::En => &self.en,
        }
    }
}

/// Ok when nothing is wrong, else every problem at once.
pub(crate) fn settle(problems: Vec<Problem>) -> crate::Result<()> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(DocumentError::Invalid(problems))
    }
}

fn sentences(problems: &[Problem]) -> String {
    let sentences: Vec<_> = problems
        .iter()
        .map(|it| format!("{}: {}", it.field, it.en))
        .collect();
    sentences.join("; ")
}
