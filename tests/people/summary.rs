//! The summary of payroll: its figures are the run's, and it shows what payslips would, no more.

use std::collections::BTreeMap;
use std::sync::Arc;

use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use trastienda_core::kernel::ids::{DepartmentId, PayrollRunId};
use trastienda_core::kernel::report::{ReportCell, ReportParameters, ReportRowStyle, ReportTable};
use trastienda_core::kernel::{Actor, Context, Date, Error, Result, Scope};

use super::figures::{SUM_NAMES, SUMS};
use super::stage::{Month, amount};
use crate::app::{App, run, system};

const KEY: &str = "people.payroll_summary";

/// The right to others' payslips where a scope says.
fn reader(app: &App, month: &Month, permission: &str, scope: Scope) -> Arc<Context> {
    let actor = Actor {
        grants: BTreeMap::from([(permission.to_owned(), scope)]),
        ..Actor::system(month.tenant.demo.organisation)
    };
    Arc::new(Context::new(Arc::new(actor), app.db.clock().now()))
}

async fn table(
    app: &App,
    month: &Month,
    context: &Arc<Context>,
    asked: ReportParameters,
) -> Result<ReportTable> {
    let mut tx = app.db.begin(context).await?;
    let reports = trastienda_core::reports();
    let asked = ReportParameters {
        company: Some(month.tenant.demo.company),
        ..asked
    };
    reports
        .find(KEY)
        .expect("the report")
        .run(&mut tx, &asked)
        .await
}

fn of_run(month: &Month) -> ReportParameters {
    let run: PayrollRunId = trastienda_core::kernel::id::parse(&month.run).expect("an id");
    ReportParameters {
        payroll_run: Some(run),
        ..ReportParameters::default()
    }
}

fn november() -> ReportParameters {
    let day = |text: &str| Some(Date(text.parse().expect("a day")));
    ReportParameters {
        from: day("2026-11-01"),
        to: day("2026-11-30"),
        ..ReportParameters::default()
    }
}

fn sum(table: &ReportTable, column: usize) -> Decimal {
    let plain = table
        .rows
        .iter()
        .filter(|row| row.style == ReportRowStyle::Plain);
    plain.map(|row| number(&row.cells[column])).sum()
}

fn number(cell: &ReportCell) -> Decimal {
    match cell {
        ReportCell::Number(number) => *number,
        other => panic!("no number: {other:?}"),
    }
}

async fn sales(app: &App, month: &Month) -> DepartmentId {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: DepartmentId,
    }
    let context = system(month.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let query = "SELECT id FROM directory.department WHERE code = 'VEN'";
    let found: Found = diesel::sql_query(query)
        .get_result(tx.conn())
        .await
        .unwrap();
    found.id
}

#[test]
fn the_summary_has_the_figures_of_the_run_and_of_its_month() {
    run(|app| async move {
        let month = Month::approved(app).await;
        let all = reader(app, &month, "people.payslip.read", Scope::everywhere());
        let early = table(app, &month, &all, november()).await.unwrap();
        assert_eq!(early.rows.len(), 0, "a range has posted runs alone");
        month.post().await;
        let run = table(app, &month, &all, of_run(&month)).await.unwrap();
        let range = table(app, &month, &all, november()).await.unwrap();
        let told = month.look(&format!("totals {{ {SUMS} }}")).await;
        let totals: Vec<Decimal> = SUM_NAMES
            .iter()
            .map(|name| amount(&told["totals"][name]))
            .collect();
        for seen in [&run, &range] {
            for (at, total) in totals.iter().enumerate() {
                assert_eq!(number(&seen.totals[at + 2]), *total, "{}", SUM_NAMES[at]);
                assert_eq!(sum(seen, at + 2), *total, "{}", SUM_NAMES[at]);
            }
            let cost = totals[0] + totals[5];
            assert_eq!((number(&seen.totals[8]), sum(seen, 8)), (cost, cost));
        }
        assert_eq!((run.rows.len(), range.rows.len()), (24, 25));
        let subtotal = range.rows.last().unwrap();
        assert_eq!(subtotal.node, Some(month.run.clone()));
        assert_eq!(subtotal.cells[0], ReportCell::from("2026-11"));
        let drill = subtotal.drill.clone().expect("a way down");
        assert_eq!(drill.report, KEY);
        let below = table(app, &month, &all, drill.parameters).await.unwrap();
        assert_eq!(below, run);
    });
}

#[test]
fn the_summary_shows_what_payslips_would_and_no_more() {
    run(|app| async move {
        let month = Month::calculated(app).await;
        let sales = sales(app, &month).await;
        let scope = Scope {
            departments: vec![sales],
            ..Scope::default()
        };
        let limited = reader(app, &month, "people.payslip.read", scope);
        let seen = table(app, &month, &limited, of_run(&month)).await.unwrap();
        assert_eq!(seen.rows.len(), 7, "the people of sales");
        let all = reader(app, &month, "people.payslip.read", Scope::everywhere());
        let narrowed = ReportParameters {
            department: Some(sales),
            ..of_run(&month)
        };
        let same = table(app, &month, &all, narrowed).await.unwrap();
        assert_eq!(same, seen);
        assert_eq!(number(&seen.totals[6]), sum(&seen, 6));
        let others = Scope {
            companies: vec![month.tenant.demo.carrier],
            ..Scope::default()
        };
        let elsewhere = reader(app, &month, "people.payslip.read", others);
        let none = table(app, &month, &elsewhere, of_run(&month))
            .await
            .unwrap();
        assert_eq!(none.rows.len(), 0);
        for permission in [
            "people.payroll.read",
            "people.payslip.read_own",
            "people.pay.read",
        ] {
            let without = reader(app, &month, permission, Scope::everywhere());
            let refused = table(app, &month, &without, of_run(&month)).await;
            assert!(
                matches!(refused, Err(Error::Denied(_))),
                "{permission}: {refused:?}"
            );
        }
    });
}

#[test]
fn the_summary_wants_a_run_or_a_range() {
    run(|app| async move {
        let month = Month::drafted(app).await;
        let all = reader(app, &month, "people.payslip.read", Scope::everywhere());
        let faults = async |asked: ReportParameters| -> Vec<String> {
            match table(app, &month, &all, asked).await {
                Err(Error::Refused(faults)) => faults
                    .iter()
                    .map(|fault| fault.reason.to_string())
                    .collect(),
                other => panic!("{other:?}"),
            }
        };
        let missing = "kernel.report_parameter_missing";
        assert_eq!(faults(ReportParameters::default()).await, [missing; 2]);
        let both = ReportParameters {
            payroll_run: of_run(&month).payroll_run,
            ..november()
        };
        assert_eq!(faults(both).await, ["kernel.report_parameter_not_taken"; 2]);
        let unknown = ReportParameters {
            payroll_run: Some(PayrollRunId::generate()),
            ..ReportParameters::default()
        };
        assert_eq!(faults(unknown).await, ["people.run_not_found"]);
    });
}
