//! What the table says on paper and in files.

use std::io::Read;

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, dec};

use super::pdf::TableView;
use super::{Cell, Column, Dialect, Orientation, Row, RowStyle, Table};
use crate::engine::{TABLE, seen};
use crate::payslip::sample::day;
use crate::{DocumentError, Engine, Language};

fn trial_balance(language: Language) -> Table {
    let account = |code: &str, name: &str, debit: Decimal, credit: Decimal| {
        let balance = Cell::Number(debit - credit);
        let mut row = Row::plain(vec![
            code.into(),
            name.into(),
            debit.into(),
            credit.into(),
            balance,
        ]);
        row.level = 1;
        row
    };
    let group = |name: &str| Row {
        cells: vec![
            "64".into(),
            name.into(),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
        ],
        style: RowStyle::Heading,
        level: 0,
    };
    let mut rows = vec![
        group("Gastos de personal"),
        account("640", "Sueldos y salarios", dec!(2365), dec!(0)),
        account(
            "642",
            "Seguridad Social a cargo de la empresa",
            dec!(851.98),
            dec!(0),
        ),
        account(
            "4751",
            "Hacienda Pública, acreedora por retenciones",
            dec!(0),
            dec!(344.81),
        ),
        account(
            "465",
            "Remuneraciones pendientes de pago",
            dec!(0),
            dec!(1847.93),
        ),
    ];
    rows.push(Row {
        cells: vec![
            Cell::Empty,
            "Suma".into(),
            dec!(3216.98).into(),
            dec!(2192.74).into(),
            dec!(1024.24).into(),
        ],
        style: RowStyle::Subtotal,
        level: 0,
    });
    Table {
        language,
        title: "Balance de sumas y saldos".to_owned(),
        subtitle: "Enero de 2026".to_owned(),
        author: "Ferretería La Concordia, S.L.".to_owned(),
        footnote: "Asientos hasta el 31/01/2026".to_owned(),
        orientation: Orientation::Portrait,
        columns: vec![
            Column::code("Cuenta"),
            Column::text("Nombre"),
            Column::amount("Debe"),
            Column::amount("Haber"),
            Column::amount("Saldo"),
        ],
        rows,
        totals: vec![
            Cell::Empty,
            "Total".into(),
            dec!(3216.98).into(),
            dec!(2192.74).into(),
            dec!(1024.24).into(),
        ],
        created_at: created(),
    }
}

fn created() -> DateTime<Utc> {
    day(2026, 2, 1).and_hms_opt(8, 0, 0).unwrap().and_utc()
}

fn one_column(cells: Vec<Cell>) -> Table {
    let rows = cells
        .into_iter()
        .map(|cell| Row::plain(vec![cell]))
        .collect();
    let columns = vec![Column::text("=title")];
    Table {
        columns,
        rows,
        totals: vec![],
        ..trial_balance(Language::Es)
    }
}

fn pages(table: &Table) -> Vec<Vec<String>> {
    let engine = Engine::shared().unwrap();
    seen::pages(&engine.layout(TABLE, &TableView::new(table)).unwrap())
}

#[test]
fn a_report_prints_in_spanish_and_in_english() {
    insta::assert_snapshot!(
        "table_es",
        pages(&trial_balance(Language::Es))[0].join("\n")
    );
    let english = pages(&trial_balance(Language::En))[0].join("\n");
    assert!(english.contains("1,847.93") && english.contains("Page"));
}

#[test]
fn a_long_report_repeats_its_head_and_counts_its_pages() {
    let mut table = trial_balance(Language::Es);
    table.orientation = Orientation::Landscape;
    let row = table.rows[1].clone();
    table.rows.extend(std::iter::repeat_n(row, 120));
    let pages = pages(&table);
    assert!(pages.len() > 2);
    let last = format!("de {}", pages.len());
    for page in &pages {
        let text = page.join(" ");
        assert!(text.contains("Cuenta") && text.contains(&last), "{text}");
    }
    let pdf = table.pdf(Engine::shared().unwrap()).unwrap();
    assert_eq!(pdf, table.pdf(Engine::shared().unwrap()).unwrap());
    if let Ok(folder) = std::env::var("DOCUMENTS_KEEP") {
        std::fs::write(format!("{folder}/table.pdf"), pdf).unwrap();
    }
}

#[test]
fn an_empty_report_and_markup_in_cells_print() {
    let engine = Engine::shared().unwrap();
    one_column(vec![]).pdf(engine).unwrap();
    let text = pages(&one_column(vec!["#panic(\"x\") *b*".into()]))
        .concat()
        .concat();
    assert!(text.replace(' ', "").contains("#panic(\"x\")*b*"));
}

#[test]
fn a_row_of_another_width_is_refused_by_every_writer() {
    let mut table = trial_balance(Language::Es);
    table.rows[0].cells.pop();
    table.totals.pop();
    let engine = Engine::shared().unwrap();
    let answers = [table.pdf(engine), table.csv(Dialect::Program), table.xlsx()];
    for answer in answers {
        let Err(DocumentError::Invalid(problems)) = answer else {
            panic!()
        };
        assert_eq!(problems.len(), 2);
        assert_eq!(problems[0].field, "rows[0]");
    }
}

#[test]
fn csv_follows_its_reader() {
    let cells = vec![
        "a;b".into(),
        dec!(-1234.50).into(),
        day(2026, 1, 31).into(),
        Cell::Empty,
    ];
    let table = one_column(cells);
    let text = |dialect| String::from_utf8(table.csv(dialect).unwrap()).unwrap();
    assert_eq!(
        text(Dialect::Program),
        "'=title\r\na;b\r\n-1234.50\r\n2026-01-31\r\n\"\"\r\n"
    );
    assert_eq!(
        text(Dialect::Spreadsheet(Language::Es)),
        "\u{feff}'=title\r\n\"a;b\"\r\n-1234,50\r\n2026-01-31\r\n\"\"\r\n"
    );
}

const FORMULAS: [&str; 8] = [
    "=1+1",
    "+34600111222",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "--5",
    "＝1",
];

#[test]
fn csv_turns_formulas_into_text_and_leaves_negative_numbers() {
    for formula in FORMULAS {
        let csv = one_column(vec![formula.into()])
            .csv(Dialect::Program)
            .unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_slice());
        let record = reader.records().next().unwrap().unwrap();
        assert_eq!(&record[0], format!("'{formula}"));
    }
    for plain in ["-12.50", "-1.234,56", "a=b", "", "50-60"] {
        assert!(!super::csv::looks_like_formula(plain), "{plain}");
    }
}

fn part(xlsx: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(xlsx)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn xlsx_holds_typed_cells_and_no_formula() {
    let mut cells: Vec<Cell> = FORMULAS.iter().map(|&text| text.into()).collect();
    cells.push(dec!(-1234.56).into());
    cells.push(dec!(12345678901234567.89).into());
    cells.push(day(2026, 1, 31).into());
    let xlsx = one_column(cells).xlsx().unwrap();
    let sheet = part(&xlsx, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>"), "{sheet}");
    assert!(
        sheet.contains("<v>-1234.56</v>") && sheet.contains("<v>46053</v>"),
        "{sheet}"
    );
    assert!(part(&xlsx, "xl/sharedStrings.xml").contains("12345678901234567.89"));
    assert!(part(&xlsx, "xl/styles.xml").contains("quotePrefix=\"1\""));
}

#[test]
fn xlsx_is_the_same_every_time() {
    let first = trial_balance(Language::Es).xlsx().unwrap();
    assert_eq!(first, trial_balance(Language::Es).xlsx().unwrap());
    assert!(part(&first, "docProps/core.xml").contains("2026-02-01T08:00:00Z"));
}
