//! The table on paper.

use serde::Serialize;

use super::{Cell, Column, ColumnKind, Orientation, Row, RowStyle, Table};
use crate::error::settle;
use crate::{Engine, Result, engine};

/// The data of `table.typ`.
#[derive(Debug, Serialize)]
pub(super) struct TableView<'a> {
    language: &'static str,
    title: &'a str,
    subtitle: &'a str,
    author: &'a str,
    footnote: &'a str,
    landscape: bool,
    /// In points; many columns get a smaller one.
    text_size: f32,
    columns: Vec<ColumnView<'a>>,
    rows: Vec<RowView>,
    totals: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ColumnView<'a> {
    title: &'a str,
    right: bool,
    /// Shares of the free width; 0 takes the width of its content.
    share: u8,
}

#[derive(Debug, Serialize)]
struct RowView {
    cells: Vec<String>,
    style: &'static str,
    level: u8,
    /// The column that the level shifts.
    shift_at: usize,
}

impl Table {
    /// Prints the table as PDF, A4, its head repeated on every page. The same table gives the
    /// same bytes.
    ///
    /// # Errors
    /// [`crate::DocumentError::Invalid`] when a row has not one cell a column.
    pub fn pdf(&self, engine: &Engine) -> Result<Vec<u8>> {
        settle(self.problems())?;
        let view = TableView::new(self);
        let identity = format!("table:{}:{}", self.title, self.subtitle);
        engine.pdf(engine::TABLE, &view, &identity, self.created_at)
    }

    /// The value as the reader's language writes it.
    pub(super) fn written(&self, column: &Column, cell: &Cell) -> String {
        match (cell, column.kind) {
            (Cell::Empty, _) => String::new(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Date(date), _) => self.language.date(*date),
            (Cell::Number(number), ColumnKind::Number { decimals }) => {
                self.language.number(*number, decimals.min(28))
            }
            (Cell::Number(number), ColumnKind::Percent) => self.language.percent(*number),
            (Cell::Number(number), _) => self.language.quantity(*number),
        }
    }

    fn all_written(&self, cells: &[Cell]) -> Vec<String> {
        self.columns
            .iter()
            .zip(cells)
            .map(|(column, cell)| self.written(column, cell))
            .collect()
    }
}

impl<'a> TableView<'a> {
    pub(super) fn new(table: &'a Table) -> Self {
        let landscape = table.orientation == Orientation::Landscape;
        let roomy = if landscape { 10 } else { 7 };
        let is_text = |column: &Column| column.kind == ColumnKind::Text;
        let shift_at = table.columns.iter().position(is_text).unwrap_or(0);
        Self {
            language: table.language.code(),
            title: &table.title,
            subtitle: &table.subtitle,
            author: &table.author,
            footnote: &table.footnote,
            landscape,
            text_size: if table.columns.len() > roomy {
                6.2
            } else {
                7.4
            },
            columns: table.columns.iter().map(ColumnView::new).collect(),
            rows: table
                .rows
                .iter()
                .map(|row| RowView::new(table, row, shift_at))
                .collect(),
            totals: table.all_written(&table.totals),
        }
    }
}

impl<'a> ColumnView<'a> {
    fn new(column: &'a Column) -> Self {
        let right = matches!(column.kind, ColumnKind::Number { .. } | ColumnKind::Percent);
        Self {
            title: &column.title,
            right,
            share: u8::from(column.kind == ColumnKind::Text),
        }
    }
}

impl RowView {
    fn new(table: &Table, row: &Row, shift_at: usize) -> Self {
        let style = match row.style {
            RowStyle::Plain => "plain",
            RowStyle::Heading => "heading",
            RowStyle::Subtotal => "subtotal",
        };
        Self {
            cells: table.all_written(&row.cells),
            style,
            level: row.level,
            shift_at,
        }
    }
}
