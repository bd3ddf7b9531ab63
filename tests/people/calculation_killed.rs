//! A worker that is killed in mid-calculation: another one goes on where it stood.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ::kernel::job::{self, JobRow, JobStatus};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;

use super::apart::Apart;
use super::figures::SUM_NAMES;
use super::importing::{import, people};
use super::stage::{Month, RUN, amount, count, done, follow, text};
use crate::app::{App, run, system};
use crate::client::Tenant;

/// Employees besides the demo company's: enough for several transactions.
const MORE: u32 = 126;
const ALL: i64 = 150;
/// How long the middle of a calculation is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_worker_killed_in_mid_calculation_loses_and_doubles_nothing() {
    run(|shared| async {
        let apart = Apart::new(shared).await;
        let app = &apart.app;
        let mut victim = apart.worker();
        let month = crowded(app).await;
        let (job, kept) = loop {
            let job = wanted(&month).await;
            if let Some(kept) = held_in_the_middle(app, &month, &victim, &job).await {
                break (job, kept);
            }
            // It was faster than our look: it may finish, and calculates anew.
            victim.release();
            follow(&month.clerk, &job).await;
        };
        let before = row(app, &month.tenant, &job).await;
        assert_eq!((before.status, before.attempt), (JobStatus::Running, 1));
        drop(victim);
        victim = apart.worker();
        follow(&month.clerk, &job).await;
        let after = row(app, &month.tenant, &job).await;
        assert_eq!((after.attempt, after.done, after.total), (2, ALL, ALL));
        assert_ne!(after.worker, before.worker, "another worker ended it");
        everything_is_there_once(app, &month, &kept).await;
        let resumed = sums(&month).await;
        follow(&month.clerk, &wanted(&month).await).await;
        assert_eq!(sums(&month).await, resumed, "as if nothing had happened");
        drop(victim);
        apart.end(shared).await;
    });
}

/// The month of a company of a hundred and fifty.
async fn crowded(app: &App) -> Month {
    let month = Month::drafted(app).await;
    let manager = month.tenant.login(app, "carmen.molina").await;
    let company = month.tenant.demo.company.to_string();
    let job = import(&manager, &company, &people(MORE), false).await;
    follow(&manager, &job).await;
    assert_eq!(count(app, &month.tenant, "people.employee").await, ALL);
    month
}

/// Wants the calculation; the id of its job.
async fn wanted(month: &Month) -> String {
    let selection = format!("{RUN} job {{ id }}");
    let input = serde_json::json!({ "id": month.run });
    let payload = done(&month.clerk, "payrollRunCalculate", input, &selection).await;
    text(&payload["job"]["id"])
}

/// Holds the worker while some employees are calculated and others are not, and gives the payslips
/// that are there; `None` when the calculation was over before.
async fn held_in_the_middle(
    app: &App,
    month: &Month,
    victim: &super::apart::WorkerProcess,
    job: &str,
) -> Option<BTreeSet<uuid::Uuid>> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let seen = row(app, &month.tenant, job).await;
        if seen.finished_at.is_some() {
            return None;
        }
        if seen.done > 0 {
            victim.hold();
            let seen = row(app, &month.tenant, job).await;
            let middle = seen.status == JobStatus::Running && seen.done < ALL;
            return if middle {
                Some(payslips(app, month).await)
            } else {
                None
            };
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("nobody calculates");
}

async fn row(app: &App, tenant: &Tenant, id: &str) -> JobRow {
    let id = ::kernel::id::parse(id).expect("a job's id");
    let context = system(tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    job::find(&mut tx, id).await.unwrap().expect("the job")
}

async fn payslips(app: &App, month: &Month) -> BTreeSet<uuid::Uuid> {
    #[derive(diesel::QueryableByName)]
    struct Id {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        id: uuid::Uuid,
    }
    let context = system(month.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let ids: Vec<Id> = diesel::sql_query("SELECT id FROM people.payslip")
        .load(tx.conn())
        .await
        .unwrap();
    ids.into_iter().map(|row| row.id).collect()
}

async fn everything_is_there_once(app: &App, month: &Month, kept: &BTreeSet<uuid::Uuid>) {
    let now = payslips(app, month).await;
    assert!(!kept.is_empty() && kept.len() < now.len());
    assert!(kept.is_subset(&now), "what was done is not done again");
    for (what, rows) in [
        ("people.payslip", ALL),
        (
            "(SELECT DISTINCT employee_id FROM people.payslip) AS paid",
            ALL,
        ),
        ("people.payroll_failure", 0),
        (
            "kernel.job_item i JOIN people.payroll_run r ON r.job_id = i.job_id \
          WHERE i.status = 'DONE'",
            ALL,
        ),
        (
            "kernel.job_item i JOIN people.payroll_run r ON r.job_id = i.job_id \
          WHERE i.status <> 'DONE'",
            0,
        ),
        (
            "kernel.event e JOIN people.payroll_run r ON r.id = e.subject_id \
          WHERE e.action = 'people.payroll_run.calculated' AND e.at >= r.calculated_at",
            1,
        ),
    ] {
        assert_eq!(count(app, &month.tenant, what).await, rows, "{what}");
    }
    let run = month.look("status totals { employeeCount }").await;
    assert_eq!(run["status"], "CALCULATED");
    assert_eq!(run["totals"]["employeeCount"], ALL);
}

/// The totals of the run, each of which is the sum of its payslips.
async fn sums(month: &Month) -> BTreeMap<&'static str, Decimal> {
    let fields = SUM_NAMES
        .map(|name| format!("{name} {{ amount }}"))
        .join(" ");
    let run = month.look(&format!("totals {{ {fields} }}")).await;
    let sum = |name: &'static str| (name, amount(&run["totals"][name]));
    SUM_NAMES.map(sum).into_iter().collect()
}
