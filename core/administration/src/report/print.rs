//! A report on paper and as a spreadsheet, in its reader's language.

use chrono::{DateTime, Utc};
use documents::table::{Cell, Column, ColumnKind, Dialect, Orientation, Row, RowStyle, Table};
use documents::{DocumentError, Engine, Language};
use kernel::report::{
    ReportCell, ReportColumnKind, ReportParameters, ReportRow, ReportRowStyle, ReportTable,
};
use kernel::{Error, Fault, Locale, Result, Speaker};
use rust_decimal::Decimal;

use super::{column_title, title};
use crate::fault;

/// Rows that are set on paper at most: some 400 pages.
const PAPER_ROWS: usize = 20_000;

kernel::text_enum! {
    /// What a report is produced as.
    pub enum ReportFormat {
        /// Pages to print.
        Pdf = "PDF",
        /// A workbook.
        Xlsx = "XLSX",
        /// A table as text, for a spreadsheet of the reader's language.
        Csv = "CSV",
    }
}

impl ReportFormat {
    /// The ending of its files' names.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
        }
    }
}

/// What a report says about itself on paper.
pub(super) struct Cover<'a> {
    pub(super) report: &'a str,
    pub(super) parameters: &'a ReportParameters,
    /// The name of the company that it is about.
    pub(super) company: Option<&'a str>,
    /// The name of its reader.
    pub(super) reader: &'a str,
    pub(super) locale: Locale,
    pub(super) now: DateTime<Utc>,
}

/// The report as a table of a document.
pub(super) fn table(speaker: &Speaker, cover: &Cover<'_>, report: &ReportTable) -> Table {
    let locale = cover.locale;
    let language = match locale {
        Locale::Es => Language::Es,
        Locale::En => Language::En,
    };
    let columns = report.columns.iter().enumerate();
    let columns = columns.map(|(at, column)| Column {
        title: column_title(speaker, locale, cover.report, column.key),
        kind: kind(report, at, column.kind),
    });
    let said = |cell: &ReportCell| printed(speaker, locale, cell);
    Table {
        language,
        title: title(speaker, locale, cover.report),
        subtitle: subtitle(speaker, cover, report, language),
        author: cover.company.unwrap_or("Trastienda").to_owned(),
        footnote: footnote(speaker, cover, report),
        orientation: if report.columns.len() > 6 {
            Orientation::Landscape
        } else {
            Orientation::Portrait
        },
        columns: columns.collect(),
        rows: report.rows.iter().map(|row| line(row, &said)).collect(),
        totals: report.totals.iter().map(said).collect(),
        created_at: cover.now,
    }
}

fn line(row: &ReportRow, said: &impl Fn(&ReportCell) -> Cell) -> Row {
    Row {
        cells: row.cells.iter().map(said).collect(),
        style: match row.style {
            ReportRowStyle::Plain => RowStyle::Plain,
            ReportRowStyle::Heading => RowStyle::Heading,
            ReportRowStyle::Subtotal => RowStyle::Subtotal,
        },
        level: row.level,
    }
}

fn printed(speaker: &Speaker, locale: Locale, cell: &ReportCell) -> Cell {
    match cell {
        ReportCell::Empty => Cell::Empty,
        ReportCell::Text(text) => Cell::Text(text.clone()),
        ReportCell::Said(key) => Cell::Text(speaker.say(locale, key, &[])),
        ReportCell::Date(day) => Cell::Date(*day),
        ReportCell::Number(number) => Cell::Number(*number),
    }
}

/// How a column is set: amounts with the decimals of the currency, quantities with as many as the
/// longest of them.
fn kind(report: &ReportTable, at: usize, kind: ReportColumnKind) -> ColumnKind {
    match kind {
        ReportColumnKind::Text => ColumnKind::Text,
        ReportColumnKind::Code => ColumnKind::Code,
        ReportColumnKind::Date => ColumnKind::Date,
        ReportColumnKind::Percent => ColumnKind::Percent,
        ReportColumnKind::Count => ColumnKind::Number { decimals: 0 },
        ReportColumnKind::Amount => ColumnKind::Number {
            decimals: report.currency.map_or(2, kernel::CurrencyCode::places),
        },
        ReportColumnKind::Quantity => {
            let scale = |cells: &[ReportCell]| match cells.get(at) {
                Some(ReportCell::Number(number)) => number.normalize().scale(),
                _ => 0,
            };
            let longest = report.rows.iter().map(|row| scale(&row.cells)).max();
            ColumnKind::Number {
                decimals: longest.unwrap_or_default().max(scale(&report.totals)),
            }
        }
    }
}

fn subtitle(
    speaker: &Speaker,
    cover: &Cover<'_>,
    report: &ReportTable,
    language: Language,
) -> String {
    let period = match (cover.parameters.from, cover.parameters.to) {
        (Some(from), Some(to)) => {
            let days = [("from", language.date(from.0)), ("to", language.date(to.0))];
            speaker.say(cover.locale, "administration.report_period", &days)
        }
        _ => {
            let day = [("day", language.date(report.as_of))];
            speaker.say(cover.locale, "administration.report_as_of", &day)
        }
    };
    match cover.company {
        Some(company) => format!("{company} · {period}"),
        None => period,
    }
}

fn footnote(speaker: &Speaker, cover: &Cover<'_>, report: &ReportTable) -> String {
    let args = [("reader", cover.reader.to_owned())];
    let made = speaker.say(cover.locale, "administration.report_made_for", &args);
    match report.currency {
        Some(currency) => {
            let args = [("currency", currency.code().to_owned())];
            let amounts = speaker.say(cover.locale, "administration.report_amounts_in", &args);
            format!("{made} {amounts}")
        }
        None => made,
    }
}

/// The bytes of a table in a format. Takes its time: call it off the runtime's threads.
///
/// # Errors
/// `administration.report_too_long` for more rows than paper takes,
/// `administration.report_unprintable` for what the writer refuses.
pub(super) fn bytes(table: &Table, format: ReportFormat) -> Result<Vec<u8>> {
    let written = match format {
        ReportFormat::Pdf if table.rows.len() > PAPER_ROWS => {
            return Err(Fault::invalid(fault::REPORT_TOO_LONG)
                .with("rows", table.rows.len())
                .with("most", PAPER_ROWS)
                .into());
        }
        ReportFormat::Pdf => Engine::shared().and_then(|engine| table.pdf(engine)),
        ReportFormat::Xlsx => table.xlsx(),
        ReportFormat::Csv => table.csv(Dialect::Spreadsheet(table.language)),
    };
    written.map_err(refused)
}

fn refused(error: DocumentError) -> Error {
    if error.problems().is_empty() {
        return Error::bug(error.to_string());
    }
    let faults = error.problems().iter().map(|problem| {
        Fault::invalid(fault::REPORT_UNPRINTABLE)
            .with("detail_es", &problem.es)
            .with("detail_en", &problem.en)
    });
    Error::Refused(faults.collect())
}

/// The name of a report's file: `balance-de-sumas-y-saldos-2026-01-31.pdf`.
pub(super) fn file_name(title: &str, report: &ReportTable, format: ReportFormat) -> String {
    let plain = title.to_lowercase();
    let words: Vec<String> = plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let name: String = words.join("-").chars().take(100).collect();
    format!("{name}-{}.{}", report.as_of, format.ending())
}

/// What the mail of a report says: that it is attached, and that there is nothing in it where that
/// is so, lest anybody take it for a failure.
pub(super) fn covering(
    speaker: &Speaker,
    locale: Locale,
    name: &str,
    report: &ReportTable,
) -> String {
    let args = [("name", name.to_owned())];
    let text = speaker.say(locale, "administration.report_attached", &args);
    if !is_empty(report) {
        return text;
    }
    let nothing = speaker.say(locale, "administration.report_without_rows", &[]);
    format!("{text}\n\n{nothing}")
}

/// Whether a report has no figure.
fn is_empty(report: &ReportTable) -> bool {
    let zero = |cell: &ReportCell| !matches!(cell, ReportCell::Number(n) if *n != Decimal::ZERO);
    report.rows.is_empty() && report.totals.iter().all(zero)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::report::ReportColumn;

    fn report(rows: usize) -> ReportTable {
        let row = ReportRow::plain(vec![
            "=1+1".into(),
            Decimal::new(-1250, 2).into(),
            Decimal::new(1500, 3).into(),
        ]);
        ReportTable {
            as_of: "2026-01-31".parse().unwrap(),
            currency: Some(kernel::CurrencyCode::EUR),
            columns: vec![
                ReportColumn::new("name", ReportColumnKind::Text),
                ReportColumn::new("amount", ReportColumnKind::Amount),
                ReportColumn::new("quantity", ReportColumnKind::Quantity),
            ],
            rows: vec![row; rows],
            totals: Vec::new(),
        }
    }

    fn drawn(rows: usize) -> Table {
        let speaker = Speaker::new(&[crate::MESSAGES]).unwrap();
        let cover = Cover {
            report: "test.report",
            parameters: &ReportParameters::default(),
            company: Some("Ferretería Ana"),
            reader: "Ana",
            locale: Locale::Es,
            now: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
        };
        table(&speaker, &cover, &report(rows))
    }

    #[test]
    fn quantities_have_the_decimals_that_they_need_and_amounts_those_of_the_currency() {
        let table = drawn(2);
        assert_eq!(table.columns[1].kind, ColumnKind::Number { decimals: 2 });
        assert_eq!(table.columns[2].kind, ColumnKind::Number { decimals: 1 });
        assert!(table.subtitle.starts_with("Ferretería Ana · "));
        assert!(table.footnote.contains("EUR"));
    }

    #[test]
    fn a_formula_stays_text_and_a_negative_amount_a_number() {
        let csv = String::from_utf8(bytes(&drawn(1), ReportFormat::Csv).unwrap()).unwrap();
        assert!(csv.contains("'=1+1"), "{csv}");
        assert!(csv.contains("-12,50") && !csv.contains("'-12,50"), "{csv}");
    }

    #[test]
    fn paper_takes_so_many_rows_and_no_more() {
        let refused = bytes(&drawn(PAPER_ROWS + 1), ReportFormat::Pdf).unwrap_err();
        assert_eq!(refused.summary(), fault::REPORT_TOO_LONG);
    }

    #[test]
    fn a_file_is_named_for_its_title_and_day() {
        let name = file_name("Balance de sumas y saldos", &report(0), ReportFormat::Xlsx);
        assert_eq!(name, "balance-de-sumas-y-saldos-2026-01-31.xlsx");
    }
}
