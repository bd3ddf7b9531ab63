//! The chain of the audit trail shows what was changed behind its back.

use ::kernel::Event;
use ::kernel::audit::{self, Verdict};
use ::kernel::ids::{JobId, OrganisationId};
use diesel_async::SimpleAsyncConnection;

use crate::app::{App, run, system};

async fn write(app: &App, organisation: OrganisationId, count: usize) {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    for number in 0..count {
        let event = Event::new("test.thing.changed", "Job", JobId::generate(), "test.read");
        tx.emit(event.set("number", number)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn verify(app: &App, organisation: OrganisationId) -> Verdict {
    let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
    audit::verify(&mut tx).await.unwrap()
}

/// Seals until nothing waits; another worker may have sealed some.
async fn seal(app: &App) {
    let mut relay = app.relay().await;
    let registry = trastienda_core::registry();
    while audit::seal_waiting(&mut relay, &registry).await.unwrap() > 0 {}
}

#[test]
fn an_untouched_chain_holds_and_a_changed_entry_breaks_it_at_its_place() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        write(app, organisation, 7).await;
        seal(app).await;
        let verdict = verify(app, organisation).await;
        assert_eq!((verdict.entries, verdict.broken_at), (7, None));
        let mut owner = app.owner().await;
        let tampering = format!(
            "SELECT set_config('app.organisation', '{0}', true); \
             ALTER TABLE kernel.event DISABLE TRIGGER event_append_only; \
             UPDATE kernel.event SET actor_name = 'Nadie' WHERE organisation_id = '{0}' \
               AND id = (SELECT event_id FROM kernel.seal \
                         WHERE organisation_id = '{0}' AND position = 4); \
             ALTER TABLE kernel.event ENABLE TRIGGER event_append_only",
            organisation.0
        );
        owner.batch_execute(&tampering).await.unwrap();
        assert_eq!(verify(app, organisation).await.broken_at, Some(4));
    });
}

#[test]
fn two_sealers_make_one_chain_without_gaps() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        let writers = (0..8).map(|_| write(app, organisation, 5));
        let sealers = (0..2).map(|_| seal(app));
        futures::join!(
            futures::future::join_all(writers),
            futures::future::join_all(sealers),
        );
        seal(app).await;
        let verdict = verify(app, organisation).await;
        assert_eq!((verdict.entries, verdict.broken_at), (40, None));
    });
}

#[test]
fn an_entry_cannot_be_changed_or_removed_in_the_role_of_the_application() {
    run(|app| async {
        let organisation = OrganisationId::generate();
        write(app, organisation, 1).await;
        for statement in [
            "UPDATE kernel.event SET actor_name = 'x'",
            "DELETE FROM kernel.event",
        ] {
            let mut tx = app.db.begin(&system(organisation, &app.db)).await.unwrap();
            assert!(
                tx.conn().batch_execute(statement).await.is_err(),
                "{statement}"
            );
        }
    });
}
