//! Any number of schedulers make one run a tick, across the change to summer time too.

use ::kernel::Clock;
use ::kernel::ids::{CompanyId, OrganisationId};
use ::kernel::job::{self, JobFilter, JobRow};
use ::kernel::page::PageRequest;
use ::kernel::schedule::{self, CatchUp, ScheduleCreateInput, ScheduleRow, tick};
use ::kernel::schema::schedule as schedule_table;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::jobs::{Rehearsal, registry};
use crate::app::{App, run, system};
use crate::client::Tenant;

async fn make(app: &App, organisation: OrganisationId, cron: &str, clock: &Clock) -> ScheduleRow {
    let db = app.db_at(clock.clone());
    let mut tx = db.begin(&system(organisation, &db)).await.unwrap();
    let input = ScheduleCreateInput {
        id: None,
        name: "Ensayo".into(),
        kind: "test.rehearsal".into(),
        payload: serde_json::to_string(&Rehearsal::default()).unwrap(),
        company_id: None,
        cron: cron.into(),
        zone: "Europe/Madrid".into(),
        catch_up: CatchUp::All,
        expected_within_minutes: Some(30),
    };
    let row = schedule::create(&mut tx, &registry(), input).await.unwrap();
    tx.commit().await.unwrap();
    row
}

async fn jobs_of(app: &App, organisation: OrganisationId) -> Vec<JobRow> {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    let request: PageRequest<JobFilter, _> = PageRequest {
        first: Some(250),
        ..PageRequest::default()
    };
    job::page(&mut tx, request).await.unwrap().into_rows()
}

#[test]
fn a_schedule_that_cannot_go_on_holds_up_no_other_and_raises_its_alarm() {
    run(|app| async move {
        let start: DateTime<Utc> = "2027-05-03T12:10:00Z".parse().unwrap();
        let organisation = OrganisationId::generate();
        let clock = Clock::fixed(start);
        let broken = make(app, organisation, "20 * * * *", &clock).await;
        make(app, organisation, "20 * * * *", &clock).await;
        // A day that never comes: what was good once may be no more, as after a change of parser.
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        diesel::update(schedule_table::table.find((organisation, broken.id)))
            .set(schedule_table::cron.eq("0 0 31 2 *"))
            .execute(tx.conn())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        clock.advance(TimeDelta::minutes(20));
        let mut registry = registry();
        registry.register::<schedule::ScheduleAlarm>();
        let mut relay = AsyncPgConnection::establish(&app.urls.relay).await.unwrap();
        tick::tick(&mut relay, &registry, clock.now())
            .await
            .unwrap();
        let made = jobs_of(app, organisation).await;
        let kinds = |kind: &str| made.iter().filter(|row| row.kind == kind).count();
        assert_eq!(kinds("test.rehearsal"), 1, "{made:?}");
        assert_eq!(kinds("kernel.schedule_alarm"), 1, "{made:?}");
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        let rows = schedule::by_ids(&mut tx, &[broken.id]).await.unwrap();
        assert!(rows[0].paused_at.is_some());
    });
}

#[test]
fn only_fit_kinds_are_scheduled_and_for_their_own_company_alone() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let data = owner.ask("{ jobKinds }").await;
        let kinds = data["jobKinds"].as_array().unwrap();
        assert!(kinds.contains(&json!("people.payroll_month")), "{data}");
        let unfit = |kind: &&Value| kind.as_str().is_some_and(|it| it.starts_with("kernel."));
        assert_eq!(kinds.iter().find(unfit), None, "{data}");

        let create = "mutation ($input: ScheduleCreateInput!) { scheduleCreate(input: $input) { \
             schedule { id } userErrors { reason field } } }";
        let refused = async |kind: &str, payload: Value, company: Value| {
            let input = json!({
                "name": "Prueba", "kind": kind, "payload": payload.to_string(),
                "companyId": company, "cron": "0 3 * * *",
            });
            let data = owner.run(create, json!({ "input": input })).await;
            data["scheduleCreate"]["userErrors"][0]["reason"].clone()
        };
        // An import would run with all rights, on a file of whoever asks for it.
        let import = json!({ "mutation": "mutation { __typename }", "file": Uuid::now_v7() });
        let reason = refused("kernel.bulk_import", import, Value::Null).await;
        assert_eq!(reason, "kernel.schedule_kind_unknown");
        let elsewhere = json!({ "company": CompanyId::generate() });
        let own = json!(tenant.demo.company.to_string());
        let reason = refused("people.payroll_month", elsewhere, own).await;
        assert_eq!(reason, "kernel.schedule_company_differs");
    });
}

#[test]
fn three_schedulers_make_one_run_a_tick_across_the_change_to_summer_time() {
    run(|app| async move {
        let start: DateTime<Utc> = "2027-03-27T12:00:00Z".parse().unwrap();
        let organisation = OrganisationId::generate();
        let clock = Clock::fixed(start);
        make(app, organisation, "30 * * * *", &clock).await;
        for _ in 0..24 {
            clock.advance(TimeDelta::hours(1));
            let now = clock.now();
            let ticks = (0..3).map(|_| async move {
                let mut relay = AsyncPgConnection::establish(&app.urls.relay).await.unwrap();
                tick::tick(&mut relay, &registry(), now).await
            });
            for made in futures::future::join_all(ticks).await {
                made.unwrap();
            }
        }
        let runs = jobs_of(app, organisation).await;
        let runs: Vec<_> = runs
            .iter()
            .filter(|row| row.kind == "test.rehearsal")
            .collect();
        assert_eq!(
            runs.len(),
            24,
            "one run a tick of the clock on the wall and in UTC alike"
        );
        let mut keys: Vec<_> = runs.iter().map(|row| row.key.clone()).collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 24);
    });
}

#[test]
fn a_tick_whose_job_does_not_succeed_in_time_raises_one_alarm() {
    run(|app| async {
        let start: DateTime<Utc> = "2027-05-01T05:59:00Z".parse().unwrap();
        let organisation = OrganisationId::generate();
        let clock = Clock::fixed(start);
        make(app, organisation, "0 8 * * *", &clock).await;
        let mut relay = app.relay().await;
        for minutes in [2, 20, 20, 20] {
            clock.advance(TimeDelta::minutes(minutes));
            tick::tick(&mut relay, &registry(), clock.now())
                .await
                .unwrap();
        }
        let alarms = jobs_of(app, organisation).await;
        let alarms = alarms
            .iter()
            .filter(|row| row.kind == "kernel.schedule_alarm")
            .count();
        assert_eq!(alarms, 1);
    });
}
