//! The reports of the ledger as tables: they come from the balances, agree with each other, and
//! lead from a sum to what it is made of.

use rust_decimal::Decimal;
use trastienda_core::kernel::report::{ReportCell, ReportParameters, ReportRow, ReportTable};
use trastienda_core::kernel::{Date, Error, Result};

use super::Books;
use crate::app::{App, run, system};

async fn books(app: &App) -> (Books, Vec<String>) {
    let books = Books::new(app).await;
    let mut entries = Vec::new();
    for (day, lines) in [
        ("2026-02-10", [("4300", "50.00"), ("100", "-50.00")]),
        ("2026-03-15", [("4300", "5.00"), ("100", "-5.00")]),
        ("2026-03-20", [("100", "2.50"), ("4300", "-2.50")]),
        ("2026-04-02", [("4300", "900.00"), ("101", "-900.00")]),
    ] {
        entries.push(books.posted(day, &lines).await);
    }
    (books, entries)
}

async fn table(
    app: &App,
    books: &Books,
    key: &str,
    asked: &ReportParameters,
) -> Result<ReportTable> {
    let demo = books.tenant.demo;
    let mut tx = app.db.begin(&system(demo.organisation, &app.db)).await?;
    let reports = trastienda_core::reports();
    let report = reports.find(key).expect("the report");
    let asked = ReportParameters {
        company: Some(demo.company),
        ..asked.clone()
    };
    report.run(&mut tx, &asked).await
}

fn day(text: &str) -> Option<Date> {
    Some(Date(text.parse().expect("a day")))
}

fn march() -> ReportParameters {
    ReportParameters {
        from: day("2026-03-01"),
        to: day("2026-03-31"),
        ..ReportParameters::default()
    }
}

/// The row of an account's code.
fn row<'t>(table: &'t ReportTable, code: &str) -> &'t ReportRow {
    let code = ReportCell::from(code);
    let found = table.rows.iter().find(|row| row.cells[0] == code);
    found.unwrap_or_else(|| panic!("no {code:?}: {table:?}"))
}

fn numbers(cells: &[ReportCell]) -> Vec<Option<Decimal>> {
    let number = |cell: &ReportCell| match cell {
        ReportCell::Number(number) => Some(number.normalize()),
        _ => None,
    };
    cells.iter().map(number).collect()
}

fn cents(values: &[i64]) -> Vec<Option<Decimal>> {
    let number = |value: &i64| Some(Decimal::new(*value, 2).normalize());
    values.iter().map(number).collect()
}

#[test]
fn the_trial_balance_leads_to_the_lines_that_it_sums() {
    run(|app| async move {
        let (books, entries) = books(app).await;
        let balance = table(app, &books, "ledger.trial_balance", &march())
            .await
            .unwrap();
        let customers = row(&balance, "4300");
        assert_eq!(
            numbers(&customers.cells[2..]),
            cents(&[50_00, 5_00, 2_50, 52_50])
        );
        assert_eq!(numbers(&balance.totals[2..]), cents(&[0, 7_50, 7_50, 0]));
        let parent = row(&balance, "430");
        assert_eq!(numbers(&parent.cells[2..]), numbers(&customers.cells[2..]));
        assert!(parent.level < customers.level && parent.drill.is_none());
        let drill = customers.drill.clone().expect("a way down");
        let ledger = table(app, &books, drill.report, &drill.parameters)
            .await
            .unwrap();
        let shown: Vec<_> = ledger
            .rows
            .iter()
            .map(|row| (row.node.clone(), numbers(&row.cells[3..])))
            .collect();
        let none = |mut values: Vec<Option<Decimal>>, at: usize| {
            values[at] = None;
            values
        };
        let opening = none(none(cents(&[0, 0, 50_00]), 0), 1);
        assert_eq!(shown[0], (customers.node.clone(), opening));
        assert_eq!(
            shown[1],
            (Some(entries[1].clone()), none(cents(&[5_00, 0, 55_00]), 1))
        );
        assert_eq!(
            shown[2],
            (Some(entries[2].clone()), none(cents(&[0, 2_50, 52_50]), 0))
        );
        assert_eq!(shown[3], (None, cents(&[5_00, 2_50, 52_50])));
        assert_eq!(shown.len(), 4);
        assert_eq!(ledger.rows[1].cells[2], ReportCell::from("Prueba"));
    });
}

#[test]
fn the_whole_general_ledger_closes_as_the_trial_balance_does() {
    run(|app| async move {
        let (books, _) = books(app).await;
        let balance = table(app, &books, "ledger.trial_balance", &march())
            .await
            .unwrap();
        let ledger = table(app, &books, "ledger.general_ledger", &march())
            .await
            .unwrap();
        let closings: Vec<_> = ledger
            .rows
            .iter()
            .filter(|row| matches!(row.cells[2], ReportCell::Said(_)))
            .map(|row| (row.cells[0].clone(), row.cells[5].clone()))
            .collect();
        let leaves: Vec<_> = balance
            .rows
            .iter()
            .filter(|row| row.drill.is_some())
            .map(|row| (row.cells[0].clone(), row.cells[5].clone()))
            .collect();
        assert_eq!(closings, leaves);
        assert_eq!(leaves.len(), 2);
        assert_eq!(numbers(&ledger.totals[3..]), cents(&[7_50, 7_50, 0]));
    });
}

#[test]
fn as_of_a_day_the_trial_balance_has_the_fiscal_year_so_far() {
    run(|app| async move {
        let (books, _) = books(app).await;
        let asked = ReportParameters {
            as_of: day("2026-03-15"),
            ..ReportParameters::default()
        };
        let balance = table(app, &books, "ledger.trial_balance", &asked)
            .await
            .unwrap();
        let customers = row(&balance, "4300");
        assert_eq!(numbers(&customers.cells[2..]), cents(&[0, 55_00, 0, 55_00]));
        let drill = customers.drill.clone().expect("a way down");
        assert_eq!(drill.parameters.from, day("2026-01-01"));
        assert_eq!(drill.parameters.to, day("2026-03-15"));
    });
}

#[test]
fn impossible_parameters_are_all_told_at_once() {
    run(|app| async move {
        let (books, _) = books(app).await;
        let asked = ReportParameters {
            to: day("2026-03-31"),
            as_of: day("2026-03-31"),
            ..ReportParameters::default()
        };
        let refused = table(app, &books, "ledger.trial_balance", &asked).await;
        let Err(Error::Refused(faults)) = refused else {
            panic!("{refused:?}");
        };
        let told: Vec<_> = faults.iter().map(|fault| fault.reason).collect();
        assert_eq!(
            told,
            [
                "kernel.report_parameter_not_taken",
                "kernel.report_parameter_missing"
            ]
        );
        let asked = ReportParameters {
            account: Some(trastienda_core::kernel::ids::AccountId::generate()),
            ..march()
        };
        let refused = table(app, &books, "ledger.general_ledger", &asked).await;
        let Err(Error::Refused(faults)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(faults[0].reason, "ledger.account_unknown");
    });
}
