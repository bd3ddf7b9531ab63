//! A report of one table: typed columns and cells, printed as PDF or written as CSV or XLSX.
//!
//! Cells are values and not text, so that an amount is a number in a spreadsheet, is written
//! in the reader's language on paper, and can never be taken for a formula.

mod csv;
mod pdf;
mod xlsx;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

pub use csv::Dialect;

use crate::Language;
use crate::error::Problem;

/// A report ready to be printed or exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The language of numbers, dates and page numbers; titles come in it already.
    pub language: Language,
    /// The title, also of the PDF.
    pub title: String,
    /// A second line, such as the period; may be empty.
    pub subtitle: String,
    /// Whose report it is: the company.
    pub author: String,
    /// Printed at the foot of every page; may be empty.
    pub footnote: String,
    /// How the paper lies.
    pub orientation: Orientation,
    /// The columns, at least one.
    pub columns: Vec<Column>,
    /// The rows, each with one cell a column.
    pub rows: Vec<Row>,
    /// One cell a column below the rows, or nothing.
    pub totals: Vec<Cell>,
    /// When the report was made: the creation date in PDF and XLSX.
    pub created_at: DateTime<Utc>,
}

/// How the A4 sheet lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Orientation {
    /// Upright.
    #[default]
    Portrait,
    /// Across.
    Landscape,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What a column holds; decides its side, its width and its number format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Words; takes a share of the width that other columns leave.
    Text,
    /// A short code or a name that takes just its own width.
    Code,
    /// Numbers with so many decimals: 2 for amounts, 0 for counts.
    Number {
        /// Decimals printed, at most 28.
        decimals: u32,
    },
    /// Rates in per cent: `21` for 21 %.
    Percent,
    /// Dates.
    Date,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// One cell a column.
    pub cells: Vec<Cell>,
    /// How it stands out.
    pub style: RowStyle,
    /// How deep it is nested; shifts its first text column on paper.
    pub level: u8,
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowStyle {
    /// As all others.
    #[default]
    Plain,
    /// The name of what follows.
    Heading,
    /// The sum of what went before.
    Subtotal,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Words.
    Text(String),
    /// An exact number.
    Number(Decimal),
    /// A day.
    Date(NaiveDate),
}

impl Column {
    /// A column of words that takes its share of the width.
    pub fn text(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Text,
        }
    }

    /// A column of short codes.
    pub fn code(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Code,
        }
    }

    /// A column of amounts with two decimals.
    pub fn amount(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Number { decimals: 2 },
        }
    }

    /// A column of whole numbers.
    pub fn count(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Number { decimals: 0 },
        }
    }

    /// A column of rates in per cent.
    pub fn percent(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Percent,
        }
    }

    /// A column of dates.
    pub fn date(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: ColumnKind::Date,
        }
    }
}

impl Row {
    /// A row like all others.
    pub fn plain(cells: Vec<Cell>) -> Self {
        Self {
            cells,
            style: RowStyle::Plain,
            level: 0,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Decimal> for Cell {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<NaiveDate> for Cell {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl Table {
    /// Every rule of shape that the table breaks.
    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.columns.is_empty() {
            problems.push(Problem::new(
                "table.no_columns",
                "columns",
                "La tabla no tiene columnas.",
                "The table has no columns.",
            ));
        }
        for (at, row) in self.rows.iter().enumerate() {
            self.check_width(format!("rows[{at}]"), row.cells.len(), &mut problems);
        }
        if !self.totals.is_empty() {
            self.check_width("totals".to_owned(), self.totals.len(), &mut problems);
        }
        problems
    }

    fn check_width(&self, field: String, cells: usize, problems: &mut Vec<Problem>) {
        let columns = self.columns.len();
        if cells != columns {
            problems.push(Problem::new(
                "table.row_width",
                field,
                format!("La fila tiene {cells} celdas y la tabla {columns} columnas."),
                format!("The row has {cells} cells and the table {columns} columns."),
            ));
        }
    }
}

#[cfg(test)]
mod tests;
