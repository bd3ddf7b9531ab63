//! Any number of schedulers make one run a tick, across the change to summer time too.

use ::kernel::Clock;
use ::kernel::ids::OrganisationId;
use ::kernel::job::{self, JobFilter, JobRow};
use ::kernel::page::PageRequest;
use ::kernel::schedule::{self, CatchUp, ScheduleCreateInput, ScheduleRow, tick};
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};

use super::jobs::{Rehearsal, registry};
use crate::app::{App, run, system};

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
