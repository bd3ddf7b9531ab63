//! A job is done once, as far as its effect goes, whatever happens to those who do it.

use std::sync::Arc;

use ::kernel::actor::{Principal, Scope};
use ::kernel::error::{Error, Result};
use ::kernel::ids::{JobId, OrganisationId, UserId};
use ::kernel::job::relay::{Ticket, sweep};
use ::kernel::job::{self, Enqueue, Job, JobRow, JobRun, JobStatus, Registry, Worker, execute};
use ::kernel::schedule::ScheduleAlarm;
use ::kernel::{Actor, Clock, Context, Db, Event, Fault, Permission};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use futures::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{App, run, system};

/// A job whose items each leave an event; it can be told to go wrong.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rehearsal {
    pub items: Vec<Uuid>,
    pub refuse: Option<Uuid>,
    pub fail: bool,
    pub panic: bool,
    pub pause_ms: u64,
}

/// The subject of the events.
const ACTION: &str = "test.item.done";

impl Job for Rehearsal {
    const KIND: &'static str = "test.rehearsal";
    const QUEUE: &'static str = "test";
    const PERMISSION: Permission = "test.run";
    const MAX_ATTEMPTS: i32 = 3;
    const SCHEDULABLE: bool = true;
    const REDOES_ITEMS: bool = true;

    async fn run(self, run: JobRun) -> Result<Value> {
        assert!(!self.panic, "told to panic");
        if self.fail {
            return Err(Error::bug("told to fail"));
        }
        for key in run.pending(&self.items).await? {
            tokio::time::sleep(std::time::Duration::from_millis(self.pause_ms)).await;
            let refused = self.refuse == Some(key);
            run.item(key, move |tx| {
                async move {
                    if refused {
                        return Err(Fault::invalid("test.refused").with("key", key).into());
                    }
                    tx.emit(Event::new(ACTION, "Job", JobId(key), "test.run"))
                        .await?;
                    Ok(())
                }
                .boxed()
            })
            .await?;
        }
        let count = self.items.len();
        run.finish(move |_| async move { Ok(json!({ "items": count })) }.boxed())
            .await
    }
}

pub fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register::<Rehearsal>().register::<ScheduleAlarm>();
    registry
}

pub async fn enqueue(db: &Db, organisation: OrganisationId, wanted: &Rehearsal) -> JobRow {
    let mut tx = db.begin(&system(organisation, db)).await.unwrap();
    let row = job::enqueue(&mut tx, wanted, Enqueue::default())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    row
}

pub fn ticket(row: &JobRow) -> Ticket {
    Ticket {
        organisation: row.organisation_id,
        job: row.id,
        queue: row.queue.clone(),
        attempt: row.attempt,
    }
}

pub async fn look(db: &Db, row: &JobRow) -> JobRow {
    let mut tx = db.begin(&system(row.organisation_id, db)).await.unwrap();
    job::find(&mut tx, row.id).await.unwrap().unwrap()
}

/// How often each item of an organisation left its event.
pub async fn effects(app: &App, organisation: OrganisationId) -> Vec<(Uuid, i64)> {
    use ::kernel::schema::event;
    use diesel_async::RunQueryDsl;
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    event::table
        .filter(event::action.eq(ACTION))
        .group_by(event::subject_id)
        .select((event::subject_id, diesel::dsl::count_star()))
        .load(tx.conn())
        .await
        .unwrap()
}

pub fn keys(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::now_v7()).collect()
}

fn worker(app: &App, db: &Db) -> Worker {
    app.worker(db, registry())
}

#[test]
fn a_job_runs_its_items_and_keeps_its_result() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let wanted = Rehearsal {
            items: keys(5),
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        let status = execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert_eq!(status, Some(JobStatus::Succeeded));
        let row = look(&app.db, &row).await;
        assert_eq!((row.done, row.total, row.attempt), (5, 5, 1));
        assert_eq!(row.result, Some(json!({ "items": 5 })));
        assert_eq!(effects(app, organisation).await.len(), 5);
    });
}

#[test]
fn an_item_that_is_refused_does_not_stop_the_others() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let items = keys(4);
        let wanted = Rehearsal {
            refuse: items.get(1).copied(),
            items,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        let failures = job::item_failures(&mut tx, row.id).await.unwrap();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0].1[0]["reason"], "test.refused");
        assert_eq!(effects(app, organisation).await.len(), 3);
    });
}

#[test]
fn ten_workers_with_one_ticket_run_it_once() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let wanted = Rehearsal {
            items: keys(3),
            pause_ms: 5,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        let all = (0..10).map(|_| execute_owned(worker(app, &app.db), ticket(&row)));
        let ended = futures::future::join_all(all).await;
        assert_eq!(ended.iter().flatten().count(), 1, "{ended:?}");
        assert!(
            effects(app, organisation)
                .await
                .iter()
                .all(|(_, times)| *times == 1)
        );
    });
}

#[test]
fn a_poison_job_is_tried_three_times_and_set_aside() {
    run(|app| async {
        let clock = Clock::fixed(Clock::System.now());
        let db = app.db_at(clock.clone());
        let wanted = Rehearsal {
            fail: true,
            ..Rehearsal::default()
        };
        let row = enqueue(&db, OrganisationId::generate(), &wanted).await;
        let worker = worker(app, &db);
        for expected in [JobStatus::Queued, JobStatus::Queued, JobStatus::Failed] {
            assert_eq!(
                execute(&worker, ticket(&row)).await.unwrap(),
                Some(expected)
            );
            clock.advance(TimeDelta::hours(1));
        }
        assert_eq!(execute(&worker, ticket(&row)).await.unwrap(), None);
        assert_eq!(look(&db, &row).await.attempt, 3);
    });
}

#[test]
fn a_failed_attempt_waits_longer_each_time() {
    run(|app| async {
        let clock = Clock::fixed(Clock::System.now());
        let db = app.db_at(clock.clone());
        let wanted = Rehearsal {
            fail: true,
            ..Rehearsal::default()
        };
        let row = enqueue(&db, OrganisationId::generate(), &wanted).await;
        let worker = worker(app, &db);
        execute(&worker, ticket(&row)).await.unwrap();
        assert_eq!(
            execute(&worker, ticket(&row)).await.unwrap(),
            None,
            "not before its time"
        );
        let first = look(&db, &row).await.run_at - clock.now();
        clock.advance(first);
        execute(&worker, ticket(&row)).await.unwrap();
        let second = look(&db, &row).await.run_at - clock.now();
        assert!(
            first >= TimeDelta::seconds(2) && second >= first * 3,
            "{first} {second}"
        );
    });
}

#[test]
fn a_panic_is_an_attempt_that_failed() {
    run(|app| async {
        let wanted = Rehearsal {
            panic: true,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, OrganisationId::generate(), &wanted).await;
        let status = execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert_eq!(status, Some(JobStatus::Queued));
    });
}

#[test]
fn a_worker_that_lost_its_lease_commits_nothing() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let wanted = Rehearsal {
            items: keys(6),
            pause_ms: 60,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        let slow = tokio::spawn(execute_owned(worker(app, &app.db), ticket(&row)));
        wait_for(app, &row, |row| row.done >= 2).await;
        expire(app, &row).await;
        let mut relay = app.relay().await;
        assert!(sweep(&mut relay, Clock::System.now()).await.unwrap() >= 1);
        let status = execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert_eq!(status, Some(JobStatus::Succeeded));
        let _ = slow.await.unwrap();
        let seen = effects(app, organisation).await;
        assert_eq!(seen.len(), 6);
        assert!(seen.iter().all(|(_, times)| *times == 1), "{seen:?}");
        assert_eq!(look(&app.db, &row).await.status, JobStatus::Succeeded);
    });
}

#[test]
fn a_running_job_is_called_off_at_its_next_step_and_goes_on_where_it_was() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let wanted = Rehearsal {
            items: keys(6),
            pause_ms: 40,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        let running = tokio::spawn(execute_owned(worker(app, &app.db), ticket(&row)));
        wait_for(app, &row, |row| row.done >= 1).await;
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        job::cancel(&mut tx, row.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(running.await.unwrap(), Some(JobStatus::Cancelled));
        let done = effects(app, organisation).await.len();
        assert!(done < 6, "{done}");
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        job::retry(&mut tx, &registry(), row.id).await.unwrap();
        tx.commit().await.unwrap();
        execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert!(
            effects(app, organisation)
                .await
                .iter()
                .all(|(_, times)| *times == 1)
        );
        assert_eq!(effects(app, organisation).await.len(), 6);
    });
}

#[test]
fn items_that_failed_are_tried_again_alone_after_the_job_ended_well() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let items = keys(3);
        let wanted = Rehearsal {
            refuse: Some(items[1]),
            items,
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, organisation, &wanted).await;
        let first = execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert_eq!(first, Some(JobStatus::Succeeded));
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        let again = job::retry(&mut tx, &registry(), row.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(again.status, JobStatus::Queued);
        let second = execute(&worker(app, &app.db), ticket(&row)).await.unwrap();
        assert_eq!(second, Some(JobStatus::Succeeded));
        let done = effects(app, organisation).await;
        assert_eq!(done.len(), 2, "{done:?}");
        assert!(done.iter().all(|(_, times)| *times == 1), "{done:?}");
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        assert_eq!(job::item_failures(&mut tx, row.id).await.unwrap().len(), 1);
    });
}

/// A user of an organisation with a right, or without any.
fn user_who(organisation: OrganisationId, user: UserId, may: &[&str]) -> Arc<Context> {
    let grants = may.iter().map(|it| ((*it).to_owned(), Scope::everywhere()));
    let actor = Actor {
        principal: Principal::User(user),
        grants: grants.collect(),
        ..Actor::system(organisation)
    };
    Arc::new(Context::new(Arc::new(actor), Clock::System.now()))
}

#[test]
fn a_retry_goes_on_with_the_rights_of_now() {
    run(|app| async {
        let (organisation, user) = (OrganisationId::generate(), UserId::generate());
        let strong = user_who(organisation, user, &["test.run", "test.more"]);
        let mut tx = app.db.begin(&strong).await.unwrap();
        let wanted = Rehearsal::default();
        let row = job::enqueue(&mut tx, &wanted, Enqueue::default()).await;
        let row = row.unwrap();
        job::cancel(&mut tx, row.id).await.unwrap();
        tx.commit().await.unwrap();

        let nothing = user_who(organisation, user, &[]);
        let mut tx = app.db.begin(&nothing).await.unwrap();
        let refused = job::retry(&mut tx, &registry(), row.id).await;
        assert!(matches!(refused, Err(Error::Denied("test.run"))));
        tx.rollback().await.unwrap();

        let weaker = user_who(organisation, user, &["test.run"]);
        let mut tx = app.db.begin(&weaker).await.unwrap();
        let again = job::retry(&mut tx, &registry(), row.id).await.unwrap();
        let rights = again.actor["grants"].as_object().unwrap().keys();
        assert_eq!(rights.collect::<Vec<_>>(), ["test.run"]);
    });
}

#[test]
fn a_key_makes_one_job() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let wish = || async {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            let how = Enqueue {
                key: Some("payroll:2026-11".into()),
                ..Enqueue::default()
            };
            let row = job::enqueue(&mut tx, &Rehearsal::default(), how)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            row.id
        };
        let ids = futures::future::join_all((0..8).map(|_| wish())).await;
        assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
    });
}

async fn execute_owned(worker: Worker, ticket: Ticket) -> Option<JobStatus> {
    execute(&worker, ticket).await.ok().flatten()
}

async fn expire(app: &App, row: &JobRow) {
    use ::kernel::schema::job;
    use diesel_async::RunQueryDsl;
    let long_ago: DateTime<Utc> = Clock::System.now() - TimeDelta::hours(1);
    diesel::update(job::table.filter(job::id.eq(row.id)))
        .set(job::lease_until.eq(long_ago))
        .execute(&mut app.relay().await)
        .await
        .unwrap();
}

pub async fn wait_for(app: &App, row: &JobRow, holds: impl Fn(&JobRow) -> bool) -> JobRow {
    for _ in 0..2_000 {
        let seen = look(&app.db, row).await;
        if holds(&seen) {
            return seen;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the job did not get there: {:?}", look(&app.db, row).await);
}
