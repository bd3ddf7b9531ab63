//! The relay tells each queue no more than it has room for, the most urgent first.

use std::time::{Duration, Instant};

use ::kernel::ids::OrganisationId;
use ::kernel::job::relay::{Room, due, outstanding};
use ::kernel::job::{Job, JobRun, Registry, Services};
use ::kernel::{Clock, DbSettings, Permission};
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::app::{App, run, system};

/// A job that takes its time, in a queue that no other test has.
#[derive(Serialize, Deserialize)]
struct Slow;

impl Job for Slow {
    const KIND: &'static str = "test.slow";
    const QUEUE: &'static str = "deep";
    const PERMISSION: Permission = "test.run";

    async fn run(self, _: JobRun) -> ::kernel::Result<Value> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        Ok(json!({}))
    }
}

/// Waiting jobs, the later ones the more urgent.
async fn fill(app: &App, organisation: OrganisationId, queue: &str, count: i64) {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    diesel::sql_query(
        "INSERT INTO kernel.job (organisation_id, id, kind, queue, payload, actor, status, \
             priority, max_attempts, run_at, request_id, locale, created_at) \
         SELECT $1, gen_random_uuid(), 'test.slow', $2, 'null', $3, 'QUEUED', n % 100, 5, \
             now() - interval '1 minute', gen_random_uuid(), 'ES', now() \
         FROM generate_series(1, $4) AS n",
    )
    .bind::<diesel::sql_types::Uuid, _>(organisation.0)
    .bind::<diesel::sql_types::Text, _>(queue)
    .bind::<diesel::sql_types::Jsonb, _>(json!(::kernel::Actor::system(organisation)))
    .bind::<diesel::sql_types::BigInt, _>(count)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn empty(relay: &mut AsyncPgConnection, queue: &str) {
    diesel::sql_query("DELETE FROM kernel.job WHERE queue = $1")
        .bind::<diesel::sql_types::Text, _>(queue)
        .execute(relay)
        .await
        .unwrap();
}

fn room(queue: &str, tickets: i64) -> Room {
    Room {
        queue: queue.to_owned(),
        tickets,
        again: None,
    }
}

#[test]
fn a_queue_is_told_what_it_has_room_for_and_the_most_urgent_first() {
    run(|app| async {
        let mut relay = app.relay().await;
        let organisation = OrganisationId::generate();
        let (full, free) = (name("full"), name("free"));
        fill(app, organisation, &full, 150).await;
        fill(app, organisation, &free, 5).await;
        let rooms = [room(&full, 3), room(&free, 100)];
        let told = due(&mut relay, now(), &rooms).await.unwrap();
        let of = |queue: &str| told.iter().filter(|ticket| ticket.queue == queue).count();
        assert_eq!(
            (of(&full), of(&free)),
            (3, 5),
            "neither queue takes the other's room"
        );
        let counted = outstanding(&mut relay).await.unwrap();
        assert!(counted.contains(&(full.clone(), 3)), "{counted:?}");
        let lowest = lowest_told(&mut relay, &full).await;
        assert!(lowest >= 97, "the most urgent went first: {lowest}");
        let none = due(&mut relay, now(), &[room(&full, 0)]).await.unwrap();
        assert_eq!(none, []);
        let later = now() + TimeDelta::seconds(20);
        let lost = Room {
            again: Some(later - TimeDelta::seconds(10)),
            ..room(&free, 100)
        };
        assert_eq!(
            due(&mut relay, later, &[lost]).await.unwrap().len(),
            5,
            "lost tickets"
        );
        empty(&mut relay, &full).await;
        empty(&mut relay, &free).await;
    });
}

fn name(what: &str) -> String {
    format!("{what}-{}", uuid::Uuid::new_v4().simple())
}

async fn lowest_told(relay: &mut AsyncPgConnection, queue: &str) -> i16 {
    #[derive(diesel::QueryableByName)]
    struct Lowest {
        #[diesel(sql_type = diesel::sql_types::SmallInt)]
        priority: i16,
    }
    let query = diesel::sql_query(
        "SELECT min(priority) AS priority FROM kernel.job \
         WHERE queue = $1 AND dispatched_at IS NOT NULL",
    );
    let query = query.bind::<diesel::sql_types::Text, _>(queue);
    query.get_result::<Lowest>(relay).await.unwrap().priority
}

#[test]
fn redis_never_holds_more_than_five_thousand_tickets_of_a_queue() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let mut registry = Registry::new();
        registry.register::<Slow>();
        let mut settings = trastienda_worker::Settings::new(
            DbSettings::new(&app.urls.app),
            app.urls.relay.clone(),
            app.urls.redis.clone(),
        );
        settings.prefix = name("deep");
        settings.concurrency = 1;
        settings.beat = Duration::from_millis(50);
        settings.tell_again = Duration::from_millis(300);
        let active = format!("{}:deep:active", settings.prefix);
        let scheduled = format!("{}:deep:scheduled", settings.prefix);
        fill(app, organisation, "deep", 6_000).await;
        let stop = CancellationToken::new();
        let running = tokio::spawn(trastienda_worker::run(
            settings,
            registry,
            Services::new(),
            Clock::System,
            stop.clone(),
        ));
        let mut redis = trastienda_worker::connect(&app.urls.redis).await.unwrap();
        let (begun, mut deepest) = (Instant::now(), 0_i64);
        while begun.elapsed() < Duration::from_secs(5) {
            // Both at once: what a fetch moves from one to the other must not count twice.
            let (waiting, active): (i64, i64) = redis::pipe()
                .atomic()
                .zcard(&scheduled)
                .llen(&active)
                .query_async(&mut redis)
                .await
                .unwrap();
            deepest = deepest.max(waiting + active);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();
        running.await.unwrap().unwrap();
        let mut relay = app.relay().await;
        empty(&mut relay, "deep").await;
        let most = trastienda_worker::relay::DEPTH;
        assert!(deepest <= most, "{deepest} tickets of at most {most}");
        assert!(deepest > most / 2, "there was a backlog: {deepest}");
    });
}

fn now() -> DateTime<Utc> {
    Clock::System.now()
}
