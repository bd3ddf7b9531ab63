//! Signed heads in an object store, and entries that slipped past the chain.

use std::sync::Arc;

use ::kernel::audit::{self, HeadBook};
use ::kernel::ids::{JobId, OrganisationId};
use ::kernel::{Clock, Event};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::app::{App, MASTER, registry, run, system};

async fn write(app: &App, organisation: OrganisationId, count: i32) {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    for number in 0..count {
        let event = Event::new("test.thing.changed", "Job", JobId::generate(), "test.read");
        tx.emit(event.set("number", number)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut relay = app.relay().await;
    while audit::seal_waiting(&mut relay, &registry()).await.unwrap() > 0 {}
}

fn book(store: &Arc<InMemory>) -> HeadBook {
    let store: Arc<dyn ObjectStore> = store.clone();
    HeadBook::in_objects(store, Path::from("heads"), MASTER)
}

async fn contradicted(app: &App, book: &HeadBook, organisation: OrganisationId) -> (usize, bool) {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    let (count, found) = book.contradicted(&mut tx).await.unwrap();
    (count, found.is_some())
}

#[test]
fn heads_go_to_an_object_store_and_show_what_was_cut_off() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let store = Arc::new(InMemory::new());
        let mut relay = app.relay().await;
        let now = Clock::System.now();
        write(app, organisation, 3).await;
        assert!(book(&store).export(&mut relay, now).await.unwrap() > 0);
        write(app, organisation, 2).await;
        // A book that begins anew finds by itself where the last one stopped.
        book(&store).export(&mut relay, now).await.unwrap();
        let first = Path::from(format!("heads/{organisation}/{:020}.json", 3));
        let second = Path::from(format!("heads/{organisation}/{:020}.json", 5));
        assert!(store.head(&first).await.is_ok() && store.head(&second).await.is_ok());
        assert_eq!(
            contradicted(app, &book(&store), organisation).await,
            (2, false)
        );
        let cut = format!(
            "SELECT set_config('app.organisation', '{0}', true); \
             ALTER TABLE kernel.seal DISABLE TRIGGER seal_append_only; \
             DELETE FROM kernel.seal WHERE organisation_id = '{0}' AND position = 5; \
             ALTER TABLE kernel.seal ENABLE TRIGGER seal_append_only",
            organisation.0
        );
        app.owner().await.batch_execute(&cut).await.unwrap();
        assert_eq!(
            contradicted(app, &book(&store), organisation).await,
            (2, true)
        );
    });
}

#[test]
fn a_forged_head_is_noticed() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let store = Arc::new(InMemory::new());
        write(app, organisation, 1).await;
        book(&store)
            .export(&mut app.relay().await, Clock::System.now())
            .await
            .unwrap();
        assert_eq!(
            contradicted(app, &book(&store), organisation).await,
            (1, false)
        );
        let other = HeadBook::in_objects(store, Path::from("heads"), b"another master secret");
        assert_eq!(contradicted(app, &other, organisation).await, (1, true));
    });
}

#[test]
fn an_entry_that_neither_stands_in_the_chain_nor_waits_for_it_is_noticed() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        write(app, organisation, 2).await;
        let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
        assert_eq!(audit::verify(&mut tx).await.unwrap().adrift, 0);
        diesel::sql_query(
            "INSERT INTO kernel.event SELECT organisation_id, gen_random_uuid(), at, actor_kind, \
                 actor_id, actor_name, action, subject_kind, subject_id, company_id, \
                 department_id, owner_id, permission, changes, request_id, idempotency_key, trace \
             FROM kernel.event LIMIT 1",
        )
        .execute(tx.conn())
        .await
        .unwrap();
        let verdict = audit::verify(&mut tx).await.unwrap();
        assert_eq!((verdict.adrift, verdict.broken_at), (1, None));
    });
}
