//! A migration waits for a lock as long as the setting says, and no longer.

use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use url::Url;

use crate::app::run;

#[test]
fn a_migration_gives_up_on_a_lock_and_goes_through_once_it_is_free() {
    run(|app| async move {
        let name = format!("scratch_{}", uuid::Uuid::now_v7().simple());
        let mut owner = app.owner().await;
        owner
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        let mut url = Url::parse(&app.urls.owner).unwrap();
        url.set_path(&name);
        let mut other = AsyncPgConnection::establish(url.as_str()).await.unwrap();
        other
            .batch_execute(
                "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, \
                 run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP); \
                 BEGIN; LOCK TABLE __diesel_schema_migrations IN ACCESS EXCLUSIVE MODE",
            )
            .await
            .unwrap();
        let begun = Instant::now();
        let refused = ::kernel::migrate::up_within(url.as_str(), 300).await;
        assert!(refused.is_err(), "{refused:?}");
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
        other.batch_execute("ROLLBACK").await.unwrap();
        let applied = ::kernel::migrate::up_within(url.as_str(), 300)
            .await
            .unwrap();
        assert!(!applied.is_empty());
        drop(other);
        owner
            .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
            .await
            .unwrap();
    });
}
