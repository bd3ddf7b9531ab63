//! A worker process that is killed in the middle of a reorder run: another one goes on where it
//! stood, and a run after it has nothing left to do.

use std::time::{Duration, Instant};

use trastienda_core::kernel::job::{self, JobRow, JobStatus};

use super::reorder_cut::many;
use super::shop::{Shop, figures};
use crate::app::{App, run, system};
use crate::people::apart::{Apart, WorkerProcess};
use crate::people::stage::{count, follow};
use serde_json::json;

/// Items with policies: more than two chunks of a run; one in ten is to be ordered.
const ITEMS: i64 = 12_000;
const WANTED: i64 = ITEMS / 10;
/// How long the middle of a run is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

async fn row(app: &App, shop: &Shop, id: &str) -> JobRow {
    let id = trastienda_core::kernel::id::parse(id).expect("a job's id");
    let context = system(shop.store.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    job::find(&mut tx, id).await.unwrap().expect("the job")
}

/// Holds the worker while some items were looked at and others were not.
async fn hold_in_the_middle(app: &App, shop: &Shop, victim: &WorkerProcess, job: &str) -> JobRow {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if row(app, shop, job).await.done > 0 {
            victim.hold();
            return row(app, shop, job).await;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("nobody looks");
}

async fn everything_is_there_once(app: &App, shop: &Shop) {
    for (table, rows) in [
        ("inventory.proposal", WANTED),
        ("inventory.stock_alert WHERE kind = 'OUT'", WANTED),
        (
            "kernel.event WHERE action = 'inventory.proposal.made'",
            WANTED,
        ),
        ("processes.task WHERE source_key LIKE 'proposals:%'", 1),
        (
            "processes.notification n JOIN directory.\"user\" u ON u.id = n.user_id \
             WHERE n.kind = 'inventory.replenishment_digest' AND u.email LIKE 'hugo.%'",
            1,
        ),
    ] {
        assert_eq!(count(app, &shop.store.tenant, table).await, rows, "{table}");
    }
}

#[test]
fn a_worker_killed_in_mid_run_loses_and_doubles_nothing() {
    run(|shared| async {
        let apart = Apart::new(shared).await;
        let app = &apart.app;
        let mut victim = apart.worker();
        let shop = Shop::new(app).await;
        // Makes the units, which the first item brings with it.
        shop.item("PRIMERO", 0).await;
        many(app, &shop, i32::try_from(ITEMS).unwrap()).await;
        let job = shop.want(json!({})).await;
        let before = hold_in_the_middle(app, &shop, &victim, &job).await;
        assert_eq!((before.status, before.attempt), (JobStatus::Running, 1));
        assert!(before.done < ITEMS, "{} were looked at", before.done);
        drop(victim);
        victim = apart.worker();
        follow(&shop.buyer, &job).await;
        let after = row(app, &shop, &job).await;
        assert_eq!((after.attempt, after.done), (2, ITEMS));
        let told = figures(&shop.buyer, &job).await;
        assert_eq!(told["proposed"], WANTED.to_string(), "{told:?}");
        everything_is_there_once(app, &shop).await;
        let again = shop.run(json!({})).await;
        let seen = (&*again["proposed"], &*again["raised"], &*again["out"]);
        assert_eq!(seen, ("0", "0", "0"), "{again:?}");
        everything_is_there_once(app, &shop).await;
        drop(victim);
        apart.end(shared).await;
    });
}
