//! What one job of the demo did, as a table.

use std::path::PathBuf;

use comfy_table::{Attribute, Cell, CellAlignment, Table, presets};

use crate::say::{Language, Text};

/// The figures and files of one job.
#[derive(Clone, Debug)]
pub struct Outcome {
    title: Text,
    rows: Vec<(Text, String)>,
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

    /// Adds a figure, already formatted, with its unit or currency.
    #[must_use]
    pub fn row(mut self, label: Text, value: impl Into<String>) -> Self {
        self.rows.push((label, value.into()));
        self
    }

    /// Adds a file that the job wrote.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(path.into());
        self
    }

    /// Draws title, figures and the paths of the files.
    pub fn table(&self, language: Language) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        let title = Cell::new(self.title.read(language)).add_attribute(Attribute::Bold);
        table.set_header(vec![title, Cell::new("")]);
        for (label, value) in &self.rows {
            let value = Cell::new(value).set_alignment(CellAlignment::Right);
            table.add_row(vec![Cell::new(label.read(language)), value]);
        }
        let files = self
            .files
            .iter()
            .map(|file| format!("  {}", file.display()));
        [table.to_string()]
            .into_iter()
            .chain(files)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_every_figure_and_every_file() {
        let outcome = Outcome::new(Text::new("Nómina", "Payroll"))
            .row(Text::new("Líquido", "Net"), "1.234,56 EUR")
            .file("demo/nomina.pdf");
        let text = outcome.table(Language::Spanish);
        for part in ["Nómina", "Líquido", "1.234,56 EUR", "demo/nomina.pdf"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
