//! What the jobs of the demo did, as one table.

use std::path::PathBuf;

use comfy_table::{Attribute, Cell, CellAlignment, Table, presets};
use kernel::Locale;
use rust_decimal::Decimal;
use trastienda_core::{documents, kernel};

use crate::say::{Language, Text};

/// A value of the table, written as the reader's language writes it.
#[derive(Clone, Debug)]
pub enum Figure {
    /// A count.
    Count(Decimal),
    /// An amount, with its currency.
    Amount(Decimal, String),
    /// Words, or a number that is a name.
    Said(String),
}

impl Figure {
    /// A figure of a job's result, by its name: a number is a count, and what is absent a dash.
    pub fn of(result: &serde_json::Value, name: &str) -> Self {
        match result.get(name) {
            Some(serde_json::Value::String(text)) => Self::Said(text.clone()),
            Some(serde_json::Value::Number(number)) => number
                .as_i64()
                .map_or_else(|| Self::Said(number.to_string()), Self::from),
            _ => Self::Said("-".to_owned()),
        }
    }

    fn read(&self, language: Language) -> String {
        let written = match language.locale() {
            Locale::Es => documents::Language::Es,
            Locale::En => documents::Language::En,
        };
        match self {
            Self::Count(count) => written.number(*count, 0),
            Self::Amount(amount, currency) => format!("{} {currency}", written.amount(*amount)),
            Self::Said(text) => text.clone(),
        }
    }
}

impl From<i64> for Figure {
    fn from(count: i64) -> Self {
        Self::Count(Decimal::from(count))
    }
}

impl From<i32> for Figure {
    fn from(count: i32) -> Self {
        Self::from(i64::from(count))
    }
}

impl From<String> for Figure {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}

impl From<&str> for Figure {
    fn from(text: &str) -> Self {
        Self::Said(text.to_owned())
    }
}

/// The figures and files of one job.
#[derive(Clone, Debug)]
pub struct Outcome {
    title: Text,
    rows: Vec<(Text, Figure)>,
    files: Vec<PathBuf>,
}

impl Outcome {
    /// An outcome without figures yet; the title names job, company and period.
    pub fn new(title: Text) -> Self {
        Self {
            title,
            rows: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds a figure.
    #[must_use]
    pub fn row(mut self, label: Text, value: impl Into<Figure>) -> Self {
        self.rows.push((label, value.into()));
        self
    }

    /// Adds a file that the job wrote.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    fn add_to(&self, table: &mut Table, language: Language) {
        let title = Cell::new(self.title.read(language)).add_attribute(Attribute::Bold);
        table.add_row(vec![title, Cell::new("")]);
        for (label, value) in &self.rows {
            let value = Cell::new(value.read(language)).set_alignment(CellAlignment::Right);
            table.add_row(vec![
                Cell::new(format!("  {}", label.read(language))),
                value,
            ]);
        }
    }
}

/// Draws what every job did as one table, with the paths of all files below it.
pub fn table(outcomes: &[Outcome], language: Language) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    for (place, outcome) in outcomes.iter().enumerate() {
        if place > 0 {
            table.add_row(vec![Cell::new(""), Cell::new("")]);
        }
        outcome.add_to(&mut table, language);
    }
    let files = outcomes.iter().flat_map(|outcome| &outcome.files);
    let files = files.map(|file| format!("  {}", file.display()));
    let lines: Vec<String> = [table.to_string()].into_iter().chain(files).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_holds_every_figure_and_every_file_of_all_jobs() {
        let net = Figure::Amount(Decimal::new(1_234_560, 3), "EUR".to_owned());
        let payroll = Outcome::new(Text::new("Nómina", "Payroll"))
            .row(Text::new("Líquido", "Net"), net)
            .file("demo/nomina.pdf");
        let result = serde_json::json!({ "lookedAt": 1500 });
        let reorder = Outcome::new(Text::new("Reposición", "Stock reorder"))
            .row(
                Text::new("Miradas", "Looked at"),
                Figure::of(&result, "lookedAt"),
            )
            .row(Text::new("Nada", "None"), Figure::of(&result, "absent"));
        let text = table(&[payroll.clone(), reorder], Language::Spanish);
        for part in [
            "Nómina",
            "Líquido",
            "1.234,56 EUR",
            "demo/nomina.pdf",
            "1.500",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(text.matches('╭').count() + text.matches('┌').count(), 1);
        assert!(table(&[payroll], Language::English).contains("1,234.56 EUR"));
    }
}
