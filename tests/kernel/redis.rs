//! Losing Redis loses nothing and doubles nothing.

use std::time::Duration;

use ::kernel::ids::OrganisationId;
use ::kernel::job::{JobStatus, Services};
use ::kernel::{Clock, DbSettings};
use tokio_util::sync::CancellationToken;
use trastienda_worker::Settings;

use super::jobs::{Rehearsal, effects, enqueue, keys, registry, wait_for};
use crate::app::{App, run};

/// A worker process's inside, with queues of its own in Redis.
struct Shift {
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
}

impl Shift {
    fn begin(app: &App, prefix: &str) -> Self {
        let mut settings = Settings::new(
            DbSettings::new(&app.urls.app),
            app.urls.relay.clone(),
            app.urls.redis.clone(),
        );
        settings.prefix = prefix.to_owned();
        settings.tell_again = Duration::from_millis(700);
        settings.beat = Duration::from_millis(100);
        let stop = CancellationToken::new();
        let token = stop.clone();
        let ended = tokio::spawn(async move {
            let services = Services::new();
            trastienda_worker::run(settings, registry(), services, Clock::System, token)
                .await
                .expect("the worker runs");
        });
        Self { stop, ended }
    }

    async fn end(self) {
        self.stop.cancel();
        self.ended.await.expect("the worker ends in peace");
    }
}

#[test]
fn a_job_goes_through_redis_and_back() {
    run(|app| async {
        let shift = Shift::begin(app, &format!("t{}", uuid::Uuid::new_v4().simple()));
        let wanted = Rehearsal {
            items: keys(3),
            ..Rehearsal::default()
        };
        let row = enqueue(&app.db, OrganisationId::generate(), &wanted).await;
        wait_for(app, &row, |row| row.status == JobStatus::Succeeded).await;
        shift.end().await;
    });
}

#[test]
fn a_redis_that_forgets_everything_loses_and_doubles_nothing() {
    run(|app| async {
        let prefix = format!("t{}", uuid::Uuid::new_v4().simple());
        let organisation = OrganisationId::generate();
        let shift = Shift::begin(app, &prefix);
        let mut rows = Vec::new();
        for _ in 0..20 {
            let wanted = Rehearsal {
                items: keys(4),
                pause_ms: 20,
                ..Rehearsal::default()
            };
            rows.push(enqueue(&app.db, organisation, &wanted).await);
        }
        wait_for(app, rows.first().unwrap(), |row| row.done >= 1).await;
        forget(app, &prefix).await;
        for row in &rows {
            wait_for(app, row, |row| row.status == JobStatus::Succeeded).await;
        }
        let seen = effects(app, organisation).await;
        assert_eq!(seen.len(), 80);
        assert!(seen.iter().all(|(_, times)| *times == 1));
        shift.end().await;
    });
}

/// Deletes every key of these queues, as FLUSHALL would, without disturbing other tests.
async fn forget(app: &App, prefix: &str) {
    let mut redis = trastienda_worker::connect(&app.urls.redis).await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{prefix}:*"))
        .query_async(&mut redis)
        .await
        .unwrap();
    assert!(!keys.is_empty(), "there was something to forget");
    let _: i64 = redis::cmd("DEL")
        .arg(keys)
        .query_async(&mut redis)
        .await
        .unwrap();
}
