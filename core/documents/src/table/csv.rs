//! The table as CSV (RFC 4180), safe to open in a spreadsheet.
//!
//! A spreadsheet runs a cell that begins with `=`, `+`, `-`, `@`, tab or CR as a formula. Words
//! that begin so get an apostrophe in front, which spreadsheets take as "this is text";
//! numbers stay numbers, negative ones too.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{Cell, Table};
use crate::error::settle;
use crate::{DocumentError, Language, Result};

/// Who is going to read the CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A program: comma, decimal point, ISO dates, UTF-8 without a mark.
    Program,
    /// A spreadsheet set to this language: in Spanish semicolon and decimal comma, in English
    /// comma and decimal point; ISO dates; UTF-8 with the mark by which Excel knows it.
    Spreadsheet(Language),
}

impl Dialect {
    fn delimiter(self) -> u8 {
        match self {
            Self::Spreadsheet(Language::Es) => b';',
            Self::Program | Self::Spreadsheet(Language::En) => b',',
        }
    }

    fn number(self, number: Decimal) -> String {
        let text = number.to_string();
        match self {
            Self::Spreadsheet(Language::Es) => text.replace('.', ","),
            Self::Program | Self::Spreadsheet(Language::En) => text,
        }
    }

    fn opening(self) -> Vec<u8> {
        match self {
            Self::Program => Vec::new(),
            Self::Spreadsheet(_) => "\u{feff}".as_bytes().to_vec(),
        }
    }
}

impl Table {
    /// Writes titles of columns, rows and totals as CSV; numbers with all of their decimals
    /// and without groups.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] when a row has not one cell a column.
    pub fn csv(&self, dialect: Dialect) -> Result<Vec<u8>> {
        settle(self.problems())?;
        let mut writer = csv::WriterBuilder::new()
            .delimiter(dialect.delimiter())
            .terminator(csv::Terminator::CRLF)
            .from_writer(dialect.opening());
        let refused = |error: csv::Error| DocumentError::writer("csv", error);
        let titles = self
            .columns
            .iter()
            .map(|column| harmless(&column.title).into_owned());
        writer.write_record(titles).map_err(refused)?;
        let totals = Some(&self.totals).filter(|totals| !totals.is_empty());
        for cells in self.rows.iter().map(|row| &row.cells).chain(totals) {
            let record = cells.iter().map(|cell| field(dialect, cell));
            writer.write_record(record).map_err(refused)?;
        }
        writer
            .into_inner()
            .map_err(|error| DocumentError::writer("csv", error))
    }
}

fn field(dialect: Dialect, cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => harmless(text).into_owned(),
        Cell::Number(number) => dialect.number(*number),
        Cell::Date(date) => date.format("%Y-%m-%d").to_string(),
    }
}

/// Words that no spreadsheet takes for a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    if looks_like_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a spreadsheet would run this text; a plain negative number is none.
pub(super) fn looks_like_formula(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return false;
    };
    match first {
        '=' | '+' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' => true,
        '-' => !is_negative_number(text),
        _ => false,
    }
}

fn is_negative_number(text: &str) -> bool {
    let digits = text.trim_start_matches('-');
    digits.len() + 1 == text.len()
        && digits.starts_with(|char: char| char.is_ascii_digit())
        && digits
            .chars()
            .all(|char| char.is_ascii_digit() || char == '.' || char == ',')
}
