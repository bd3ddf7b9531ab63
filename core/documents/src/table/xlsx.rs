//! The table as a spreadsheet of Excel (Office Open XML).
//!
//! Words are written as strings, never as formulas, and those that look like one are marked
//! as text, so that editing the cell does not turn them into one.

use rust_decimal::Decimal;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};

use super::csv::looks_like_formula;
use super::{Cell, Column, ColumnKind, Orientation, Row, RowStyle, Table};
use crate::error::{Problem, settle};
use crate::{DocumentError, Language, Result};

/// What a sheet of Excel holds at most.
const ROWS: usize = 1_048_576;
const COLUMNS: usize = 16_384;
const CHARACTERS: usize = 32_767;

/// The digits that Excel keeps of a number; a longer one is written as text.
const DIGITS: usize = 15;

/// Title, subtitle and an empty row stand above the heads of the columns.
const HEAD_ROW: u32 = 3;

const ACCENT: Color = Color::RGB(0x000F_5E5C);
const TINT: Color = Color::RGB(0x00EA_F2F1);

impl Table {
    /// Writes the table as XLSX with typed cells, a frozen head and ready to print. The same
    /// table gives the same bytes.
    ///
    /// # Errors
    /// [`DocumentError::Invalid`] when a row has not one cell a column, or the table is too
    /// large for a sheet.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let mut problems = self.problems();
        problems.extend(too_large(self));
        settle(problems)?;
        self.workbook()
            .and_then(|mut workbook| workbook.save_to_buffer())
            .map_err(|error| DocumentError::writer("xlsx", error))
    }

    fn workbook(&self) -> Result<Workbook, XlsxError> {
        let mut workbook = Workbook::new();
        let created = self.created_at.format("%Y-%m-%dT%H:%M:%S").to_string();
        let properties = DocProperties::new()
            .set_title(&self.title)
            .set_subject(&self.subtitle)
            .set_author(&self.author)
            .set_creation_datetime(&ExcelDateTime::parse_from_str(&created)?);
        workbook.set_properties(&properties);
        let sheet = workbook.add_worksheet();
        sheet.set_name(sheet_name(&self.title))?;
        self.write_head(sheet)?;
        self.write_body(sheet)?;
        self.set_up_page(sheet)?;
        Ok(workbook)
    }

    fn write_head(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let title = Format::new()
            .set_bold()
            .set_font_size(14)
            .set_font_color(ACCENT);
        sheet.write_string_with_format(0, 0, cut(&self.title), &title)?;
        sheet.write_string(1, 0, cut(&self.subtitle))?;
        for (at, column) in (0_u16..).zip(&self.columns) {
            let format = Format::new()
                .set_bold()
                .set_font_color(Color::White)
                .set_background_color(ACCENT)
                .set_align(if is_number(column) {
                    FormatAlign::Right
                } else {
                    FormatAlign::Left
                });
            sheet.write_string_with_format(HEAD_ROW, at, cut(&column.title), &format)?;
            sheet.set_column_width(at, self.width(at.into(), column))?;
        }
        Ok(())
    }

    fn write_body(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let formats = Formats::new(&self.columns);
        let totals = Row::plain(self.totals.clone());
        let totals = Some((&totals, Look::Totals)).filter(|_| !self.totals.is_empty());
        let rows = self
            .rows
            .iter()
            .map(|row| (row, Look::from(row.style)))
            .chain(totals);
        for (at, (row, look)) in (HEAD_ROW + 1..).zip(rows) {
            for (column, cell) in (0_u16..).zip(&row.cells) {
                let Some(format) = formats.find(column.into(), look) else {
                    continue;
                };
                write_cell(sheet, at, column, cell, format)?;
            }
        }
        Ok(())
    }

    fn set_up_page(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_freeze_panes(HEAD_ROW + 1, 0)?;
        sheet.set_repeat_rows(HEAD_ROW, HEAD_ROW)?;
        sheet.set_paper_size(9).set_print_fit_to_pages(1, 0);
        if self.orientation == Orientation::Landscape {
            sheet.set_landscape();
        }
        sheet.set_footer(match self.language {
            Language::Es => "&RPágina &P de &N",
            Language::En => "&RPage &P of &N",
        });
        Ok(())
    }

    /// As wide as the longest of the first hundred values, between 8 and 60 characters.
    fn width(&self, at: usize, column: &Column) -> u8 {
        let cells = self
            .rows
            .iter()
            .take(100)
            .filter_map(|row| row.cells.get(at));
        let cells = cells.chain(self.totals.get(at));
        let longest = cells
            .map(|cell| self.written(column, cell).chars().count())
            .max();
        let longest = longest.unwrap_or(0).max(column.title.chars().count()) + 2;
        u8::try_from(longest).unwrap_or(u8::MAX).clamp(8, 60)
    }
}

/// How a cell looks, by the row it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Heading,
    Subtotal,
    Totals,
}

impl From<RowStyle> for Look {
    fn from(style: RowStyle) -> Self {
        match style {
            RowStyle::Plain => Self::Plain,
            RowStyle::Heading => Self::Heading,
            RowStyle::Subtotal => Self::Subtotal,
        }
    }
}

/// The formats of every column in every look, made once a sheet.
struct Formats(Vec<[(Look, Format); 4]>);

impl Formats {
    fn new(columns: &[Column]) -> Self {
        let looks = [Look::Plain, Look::Heading, Look::Subtotal, Look::Totals];
        Self(
            columns
                .iter()
                .map(|column| looks.map(|look| (look, format(column, look))))
                .collect(),
        )
    }

    fn find(&self, column: usize, look: Look) -> Option<&Format> {
        self.0
            .get(column)?
            .iter()
            .find(|(of, _)| *of == look)
            .map(|(_, format)| format)
    }
}

fn format(column: &Column, look: Look) -> Format {
    let plain = match column.kind {
        ColumnKind::Text | ColumnKind::Code => Format::new(),
        ColumnKind::Number { decimals: 0 } => Format::new().set_num_format("#,##0"),
        ColumnKind::Number { decimals } => {
            let places = "0".repeat(usize::try_from(decimals.min(28)).unwrap_or(2));
            Format::new().set_num_format(format!("#,##0.{places}"))
        }
        ColumnKind::Percent => Format::new().set_num_format("0.00##\" %\""),
        ColumnKind::Date => Format::new().set_num_format("yyyy-mm-dd"),
    };
    match look {
        Look::Plain => plain,
        Look::Heading => plain.set_bold().set_font_color(ACCENT),
        Look::Subtotal => plain.set_bold().set_background_color(TINT),
        Look::Totals => plain
            .set_bold()
            .set_background_color(TINT)
            .set_border_top(FormatBorder::Medium),
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => sheet.write_blank(row, column, format)?,
        Cell::Text(text) if looks_like_formula(text) => {
            let format = format.clone().set_quote_prefix();
            sheet.write_string_with_format(row, column, cut(text), &format)?
        }
        Cell::Text(text) => sheet.write_string_with_format(row, column, cut(text), format)?,
        Cell::Date(date) => {
            let date = ExcelDateTime::parse_from_str(&date.format("%Y-%m-%d").to_string())?;
            sheet.write_datetime_with_format(row, column, &date, format)?
        }
        Cell::Number(number) => match exact(*number) {
            Some(value) => sheet.write_number_with_format(row, column, value, format)?,
            None => sheet.write_string_with_format(row, column, number.to_string(), format)?,
        },
    };
    Ok(())
}

/// The number as the format stores it, when that loses no digit. Excel keeps 15 digits.
fn exact(number: Decimal) -> Option<f64> {
    let text = number.normalize().to_string();
    let digits = text
        .chars()
        .filter(char::is_ascii_digit)
        .collect::<String>();
    let significant = digits.trim_start_matches('0').len();
    if significant > DIGITS {
        None
    } else {
        text.parse().ok()
    }
}

fn is_number(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::Number { .. } | ColumnKind::Percent)
}

/// A name that Excel takes for a sheet: 31 characters, without the ones it forbids.
fn sheet_name(title: &str) -> String {
    let allowed = |char: char| {
        if "[]:*?/\\'".contains(char) {
            ' '
        } else {
            char
        }
    };
    let printable = title.chars().filter(|char| !char.is_control());
    let name: String = printable.map(allowed).take(31).collect();
    let name = name.trim();
    if name.is_empty() {
        "1".to_owned()
    } else {
        name.to_owned()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(CHARACTERS).collect()
}

fn too_large(table: &Table) -> Option<Problem> {
    let reserved = 5;
    let fits = table.rows.len() <= ROWS - reserved && table.columns.len() <= COLUMNS;
    (!fits).then(|| {
        Problem::new(
            "table.too_large",
            "rows",
            format!("Una hoja de cálculo admite {ROWS} filas y {COLUMNS} columnas."),
            format!("A sheet holds {ROWS} rows and {COLUMNS} columns."),
        )
    })
}
