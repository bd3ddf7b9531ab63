//! What is forgotten when its time is over, and what is not.

use ::kernel::Clock;
use ::kernel::idempotency::claim;
use chrono::TimeDelta;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use trastienda_core::demo::{Demo, PASSWORD};
use trastienda_core::directory::Sensitive;
use trastienda_core::directory::auth::{SessionStartInput, login};
use trastienda_core::directory::session::SessionKind;
use trastienda_worker::Retention;
use trastienda_worker::retention::forget;

use crate::app::{App, run, system};
use crate::client::Tenant;

/// What there is of a tenant: idempotency keys, sessions, refresh tokens, uploads, attempts.
const LEFT: &str = "SELECT \
    (SELECT count(*) FROM kernel.idempotency) AS keys, \
    (SELECT count(*) FROM directory.session) AS sessions, \
    (SELECT count(*) FROM directory.refresh_token) AS tokens, \
    (SELECT count(*) FROM directory.staged_upload) AS uploads, \
    (SELECT count(*) FROM directory.identity_attempt) AS attempts";

#[derive(diesel::QueryableByName, Debug, PartialEq, Eq)]
struct Left {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    keys: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    sessions: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    tokens: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    uploads: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    attempts: i64,
}

async fn left(app: &App, tenant: &Tenant) -> Left {
    let context = system(tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    diesel::sql_query(LEFT).get_result(tx.conn()).await.unwrap()
}

/// Leaves some of everything that is forgotten, some days ago.
async fn live(app: &App, tenant: &Tenant, days: i64, keys: usize) {
    let clock = Clock::fixed(Clock::System.now() - TimeDelta::days(days));
    let db = app.db_at(clock);
    let input = SessionStartInput {
        email: Demo::email(&tenant.slug, "marta.ruiz"),
        password: Sensitive(PASSWORD.to_owned()),
        totp: None,
        organisation: None,
        kind: SessionKind::Mobile,
        device: None,
    };
    login(&db, &app.keys, "127.0.0.9", input).await.unwrap();
    let mut tx = db
        .begin(&system(tenant.demo.organisation, &db))
        .await
        .unwrap();
    for number in 0..keys {
        let key = format!("key of {days} days {number}");
        claim(&mut tx, "test", &key, b"hash").await.unwrap();
    }
    let rows = format!(
        "INSERT INTO directory.staged_upload \
             (organisation_id, id, user_id, name, size, expires_at, created_at) \
         SELECT organisation_id, gen_random_uuid(), id, 'a.pdf', 1, now() - interval '{days} days', \
             now() FROM directory.\"user\" LIMIT 1; \
         INSERT INTO directory.identity_provider \
             (organisation_id, id, name, issuer, client_id, created_at) \
         SELECT id, gen_random_uuid(), 'p{days}', 'https://x.es', 'c', now() \
             FROM directory.organisation; \
         INSERT INTO directory.identity_attempt \
             (organisation_id, id, provider_id, state_hash, sealed, expires_at) \
         SELECT organisation_id, gen_random_uuid(), id, sha256('x'), 'x', \
             now() - interval '{days} days' FROM directory.identity_provider \
             WHERE name = 'p{days}'"
    );
    tx.conn().batch_execute(&rows).await.unwrap();
    tx.commit().await.unwrap();
}

#[test]
fn what_is_over_is_forgotten_batch_by_batch_and_nothing_else() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        live(app, &tenant, 60, 5).await;
        live(app, &tenant, 0, 2).await;
        let mut relay = app.relay().await;
        let retention = Retention {
            batch: 2,
            ..Retention::default()
        };
        let now = Clock::System.now();
        let mut rounds = 0;
        loop {
            let forgotten = forget(&mut relay, now, &retention).await.unwrap();
            assert!(forgotten.keys <= 2, "a batch at a time: {forgotten:?}");
            rounds += 1;
            if forgotten.rows() == 0 {
                break;
            }
            assert!(rounds < 100, "it ends");
        }
        let kept = Left {
            keys: 2,
            sessions: 1,
            tokens: 1,
            uploads: 1,
            attempts: 1,
        };
        assert_eq!(left(app, &tenant).await, kept);
    });
}

#[test]
fn the_relay_sees_when_sessions_end_and_nothing_of_them() {
    run(|app| async {
        let mut relay = app.relay().await;
        for column in ["access_hash", "user_id", "source", "device"] {
            let look = format!("SELECT {column} FROM directory.session LIMIT 1");
            assert!(relay.batch_execute(&look).await.is_err(), "{column}");
        }
        let look = "SELECT hash FROM directory.refresh_token LIMIT 1";
        assert!(relay.batch_execute(look).await.is_err());
        let look = "SELECT expires_at FROM directory.session LIMIT 1";
        relay.batch_execute(look).await.unwrap();
    });
}
