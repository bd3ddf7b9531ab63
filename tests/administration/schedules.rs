//! Reports by the clock: a tick makes one report a reader, of the days that its period says; a
//! worker that dies half-way loses and doubles nothing.

use std::time::{Duration, Instant};

use ::kernel::Clock;
use ::kernel::job::relay::sweep;
use ::kernel::job::{JobRow, JobStatus, execute};
use ::kernel::schedule::tick;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use trastienda_core::kernel::schema::job as job_table;

use super::mails_server::POST_OFFICE;
use super::stage::{Desk, attempt, runs_of, ticket, until, waiting, worker};
use crate::app::{App, registry, run};
use crate::people::stage::{act, count, done, follow, text};

const SCHEDULE: &str = "reportSchedule { id key title period cron zone byMail version archivedAt \
    recipients { name } company { id } parameters { company { id } fromDate } \
    schedule { id pausedAt nextDueAt } viewerCan { update { allowed } run { allowed reason } } }";

/// The input of a schedule of last month's trial balance for some readers.
async fn monthly(desk: &Desk, readers: &[&str], format: &str, by_mail: bool) -> Value {
    let mut recipients = Vec::new();
    for name in readers {
        recipients.push(desk.user(name).await);
    }
    json!({
        "name": "Balance mensual", "key": "ledger.trial_balance", "format": format,
        "period": "PREVIOUS_MONTH", "parameters": { "company": desk.company },
        "cron": soon(), "zone": "UTC", "recipients": recipients, "byMail": by_mail,
    })
}

/// A time in half an hour: before any other schedule of the suite, and after every test.
fn soon() -> String {
    let then = Clock::System.now() + TimeDelta::minutes(30);
    then.format("%M %H %d %m *").to_string()
}

/// Makes a schedule as the accountant.
async fn scheduled(desk: &Desk, input: Value) -> Value {
    let mut made = done(&desk.accountant, "reportScheduleCreate", input, SCHEDULE).await;
    made["reportSchedule"].take()
}

/// The next tick of a schedule.
fn due(schedule: &Value) -> DateTime<Utc> {
    text(&schedule["schedule"]["nextDueAt"])
        .parse()
        .expect("an instant")
}

#[test]
fn a_tick_makes_one_report_a_reader_of_the_month_before_it() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let readers = ["lucia.fernandez", "andres.fuentes", "lucia.fernandez"];
        let made = scheduled(&desk, monthly(&desk, &readers, "CSV", false).await).await;
        let names = json!([{ "name": "Lucía Fernández Gil" }, { "name": "Andrés Fuentes Marín" }]);
        assert_eq!(made["recipients"], names, "each once");
        let at = due(&made);
        let ticks = (0..3).map(|_| async {
            let mut relay = AsyncPgConnection::establish(&app.urls.relay).await.unwrap();
            tick::tick(&mut relay, &registry(), at).await.unwrap();
        });
        futures::future::join_all(ticks).await;
        let db = app.db_at(Clock::fixed(at + TimeDelta::seconds(1)));
        let worker = worker(app, &db, &POST_OFFICE.settings());
        for kind in ["administration.report_tick", "administration.report"] {
            let jobs = waiting(&db, &desk, kind).await;
            assert_eq!(jobs.len(), 1, "one a tick: {jobs:?}");
            let over = attempt(&worker, &jobs[0]).await;
            assert_eq!(over.status, JobStatus::Succeeded, "{:?}", over.error);
            assert_eq!(execute(&worker, ticket(&jobs[0])).await.unwrap(), None);
        }
        let runs = runs_of(
            &desk.accountant,
            json!({ "schedule": { "eq": made["id"] } }),
        )
        .await;
        assert_eq!(runs.len(), 2, "{runs:?}");
        let (first, last) = month_before(at);
        for run in &runs {
            assert_eq!(run["status"], "DONE", "{run}");
            assert_eq!(run["parameters"]["fromDate"], json!(first), "{run}");
            assert_eq!(run["parameters"]["toDate"], json!(last), "{run}");
            assert_eq!(
                run["parameters"]["asOf"],
                Value::Null,
                "a range or a day: {run}"
            );
            assert_eq!(run["requestedBy"], Value::Null);
        }
    });
}

/// The first and last day of the month before an instant.
fn month_before(at: DateTime<Utc>) -> (String, String) {
    let last = at.date_naive().with_day(1).unwrap().pred_opt().unwrap();
    (last.with_day(1).unwrap().to_string(), last.to_string())
}

/// Has a tick to come want a report for three readers by mail, which no worker of the suite takes
/// before its time.
async fn wanted_later(app: &App, desk: &Desk) -> (JobRow, ::kernel::Db) {
    let readers = ["lucia.fernandez", "andres.fuentes", "raquel.iglesias"];
    let made = scheduled(desk, monthly(desk, &readers, "PDF", true).await).await;
    let at = due(&made);
    let mut relay = app.relay().await;
    tick::tick(&mut relay, &registry(), at).await.unwrap();
    let db = app.db_at(Clock::fixed(at + TimeDelta::seconds(1)));
    let ticks = waiting(&db, desk, "administration.report_tick").await;
    let worker = worker(app, &db, &POST_OFFICE.settings());
    attempt(&worker, &ticks[0]).await;
    let mut jobs = waiting(&db, desk, "administration.report").await;
    (jobs.remove(0), db)
}

#[test]
fn a_worker_that_dies_between_two_reports_loses_and_doubles_nothing() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let (job, db) = wanted_later(app, &desk).await;
        let tenant = &desk.books.tenant;
        let made = "administration.report_run WHERE status = 'DONE'";
        let first = worker(app, &db, &POST_OFFICE.settings());
        let taken = ticket(&job);
        let working = tokio::spawn(async move { execute(&first, taken).await });
        let begun = Instant::now();
        while count(app, tenant, made).await == 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(120),
                "nothing is made"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        working.abort();
        assert!(working.await.is_err(), "it was cut off before its end");
        let before = count(app, tenant, made).await;
        assert!((1..3).contains(&before), "{before} were made");
        lose_the_lease(app, &job).await;
        let second = worker(app, &db, &POST_OFFICE.settings());
        let over = attempt(&second, &job).await;
        assert_eq!(
            (over.status, over.attempt),
            (JobStatus::Succeeded, 2),
            "{:?}",
            over.error
        );
        assert_eq!((over.done, over.total), (3, 3));
        for (rows, times) in [
            (made, 3),
            ("directory.file WHERE subject_kind = 'ReportRun'", 3),
            ("administration.mail WHERE subject_kind = 'ReportRun'", 3),
            ("kernel.job WHERE kind = 'administration.mail_send'", 3),
            (
                "processes.notification WHERE kind = 'administration.report_ready'",
                3,
            ),
            (
                "kernel.event WHERE action = 'administration.report_run.produced'",
                3,
            ),
        ] {
            assert_eq!(count(app, tenant, rows).await, times, "{rows}");
        }
    });
}

/// The lease of the dead worker runs out, and the job is queued again.
async fn lose_the_lease(app: &App, row: &JobRow) {
    let long_ago = Clock::System.now() - TimeDelta::hours(1);
    let mut relay = app.relay().await;
    diesel::update(job_table::table.filter(job_table::id.eq(row.id)))
        .set(job_table::lease_until.eq(long_ago))
        .execute(&mut relay)
        .await
        .unwrap();
    sweep(&mut relay, Clock::System.now()).await.unwrap();
    diesel::update(job_table::table.filter(job_table::id.eq(row.id)))
        .set(job_table::run_at.eq(row.run_at))
        .execute(&mut relay)
        .await
        .unwrap();
}

#[test]
fn a_change_keeps_the_pause_and_an_archived_schedule_is_over() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let made = scheduled(
            &desk,
            monthly(&desk, &["lucia.fernandez"], "CSV", false).await,
        )
        .await;
        let owner = desk.login_owner(app).await;
        let input = json!({ "id": made["schedule"]["id"] });
        done(&owner, "schedulePause", input, "schedule { id }").await;
        let patch = json!({ "id": made["id"], "expectedVersion": 1, "patch": {
            "name": "Balance de cada mes", "period": "PREVIOUS_YEAR", "cron": "0 7 2 * *" } });
        let changed = done(
            &desk.accountant,
            "reportScheduleUpdate",
            patch.clone(),
            SCHEDULE,
        )
        .await;
        let changed = &changed["reportSchedule"];
        assert_eq!(
            (&changed["version"], &changed["period"]),
            (&json!(2), &json!("PREVIOUS_YEAR"))
        );
        assert!(changed["schedule"]["pausedAt"].is_string(), "{changed}");
        assert_ne!(
            changed["schedule"]["nextDueAt"],
            made["schedule"]["nextDueAt"]
        );
        let stale = act(&desk.accountant, "reportScheduleUpdate", patch, SCHEDULE).await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE", "{stale}");
        let input = json!({ "id": made["id"] });
        done(
            &desk.accountant,
            "reportScheduleArchive",
            input.clone(),
            SCHEDULE,
        )
        .await;
        let again = act(&desk.accountant, "reportScheduleRun", input, "job { id }").await;
        assert_eq!(again["userErrors"][0]["reason"], "administration.archived");
        let query = "query ($all: Boolean!) { reportSchedules(includeArchived: $all) { totalCount \
                     nodes { viewerCan { run { allowed } } } } }";
        for (all, seen) in [(false, 0), (true, 1)] {
            let data = desk.accountant.run(query, json!({ "all": all })).await;
            assert_eq!(data["reportSchedules"]["totalCount"], seen);
        }
    });
}

#[test]
fn all_that_is_wrong_with_a_schedule_is_told_at_once() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let pablo = desk.user("pablo.serrano").await;
        let input = json!({
            "name": " ", "key": "ledger.general_ledger", "format": "PDF", "cron": "every day",
            "parameters": { "toDate": "2026-01-31" }, "recipients": [pablo],
        });
        let refused = act(&desk.accountant, "reportScheduleCreate", input, SCHEDULE).await;
        let mut paths: Vec<String> = refused["userErrors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| error["field"].to_string())
            .collect();
        paths.sort();
        let expected = [
            r#"["input","cron"]"#,
            r#"["input","name"]"#,
            r#"["input","parameters","company"]"#,
            r#"["input","parameters","fromDate"]"#,
            r#"["input","recipients","0"]"#,
        ];
        assert_eq!(paths, expected, "{refused}");
        for table in [
            "administration.report_schedule",
            "kernel.schedule WHERE kind = \
                       'administration.report_tick'",
        ] {
            assert_eq!(count(app, &desk.books.tenant, table).await, 0, "{table}");
        }
        let keeper = desk.login(app, "oscar.diez").await;
        let query = "{ reportSchedules { totalCount } }";
        assert_eq!(keeper.refused(query, json!({})).await, "FORBIDDEN");
    });
}

#[test]
fn a_rehearsal_tells_and_a_run_now_leaves_the_ticks_alone() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let readers = ["lucia.fernandez", "andres.fuentes"];
        let mut input = monthly(&desk, &readers, "CSV", false).await;
        // So far off that no tick of another test reaches it.
        input["cron"] = json!("0 6 29 2 *");
        let made = scheduled(&desk, input).await;
        let input = json!({ "id": made["id"], "dryRun": true });
        let selection = "reportSchedule { id } job { id dryRun }";
        let payload = done(&desk.accountant, "reportScheduleRun", input, selection).await;
        follow(&desk.accountant, &text(&payload["job"]["id"])).await;
        let query = "query ($id: ID!) { job(id: $id) { figures { name value } } }";
        let job = desk
            .accountant
            .run(query, json!({ "id": payload["job"]["id"] }))
            .await;
        let figures = job["job"]["figures"].as_array().expect("figures");
        for (name, value) in [("reports", "2"), ("refused", "0")] {
            let figure = json!({ "name": name, "value": value });
            assert!(figures.contains(&figure), "{figures:?}");
        }
        assert_eq!(
            count(app, &desk.books.tenant, "administration.report_run").await,
            0
        );
        let input = json!({ "id": made["id"] });
        done(&desk.accountant, "reportScheduleRun", input, selection).await;
        let runs = desk.settled(2).await;
        assert!(runs.iter().all(|run| run["status"] == "DONE"), "{runs:?}");
        let query = "query ($id: ID!) { reportSchedule(id: $id) { schedule { nextDueAt } \
                     runs { totalCount } history { nodes { action } } } }";
        let seen = until("the history", || async {
            let data = desk
                .accountant
                .run(query, json!({ "id": made["id"] }))
                .await;
            let seen = data["reportSchedule"].clone();
            (seen["history"]["nodes"].as_array()?.len() == 3).then_some(seen)
        })
        .await;
        assert_eq!(seen["schedule"]["nextDueAt"], made["schedule"]["nextDueAt"]);
        assert_eq!(seen["runs"]["totalCount"], 2);
    });
}
