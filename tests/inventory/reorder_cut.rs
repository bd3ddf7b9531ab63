//! A run that is cut off in the middle: another worker goes on, and everything is there once.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use trastienda_core::inventory::replenish::Reorder;
use trastienda_core::kernel::job::relay::{Ticket, sweep};
use trastienda_core::kernel::job::{self, Enqueue, JobRow, execute};
use trastienda_core::kernel::schema::job as job_table;
use trastienda_core::kernel::{Clock, Db};

use super::shop::{Shop, figures};
use crate::app::{App, run, system};
use crate::people::stage::{count, follow};

/// Items with policies, of which one in ten is to be ordered; more than two chunks of a run.
pub async fn many(app: &App, shop: &Shop, items: i32) {
    let context = system(shop.store.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let (organisation, company) = (context.organisation().0, shop.store.company_id().0);
    let warehouse: trastienda_core::kernel::ids::WarehouseId = shop.warehouse.parse().unwrap();
    for text in [
        format!(
            "INSERT INTO inventory.item (organisation_id, id, company_id, code, name, unit_id, \
                is_tracked, valuation, created_at) \
             SELECT '{organisation}', gen_random_uuid(), '{company}', 'MANY-' || n, 'Many', \
                (SELECT id FROM inventory.unit WHERE organisation_id = '{organisation}' \
                 AND code = 'UN'), true, 'FIFO', now() FROM generate_series(1, {items}) AS n"
        ),
        format!(
            "INSERT INTO inventory.stock_policy (organisation_id, id, company_id, item_id, \
                warehouse_id, method, reorder_point, target_quantity, demand_days, review_days, \
                active, created_at) \
             SELECT organisation_id, gen_random_uuid(), company_id, id, '{}', 'FIXED', \
                CASE WHEN code LIKE '%0' THEN 5 ELSE 0 END, \
                CASE WHEN code LIKE '%0' THEN 9 ELSE 0 END, 90, 7, true, now() \
             FROM inventory.item WHERE organisation_id = '{organisation}' \
                AND code LIKE 'MANY-%'",
            warehouse.0
        ),
    ] {
        diesel::sql_query(text)
            .execute(tx.conn())
            .await
            .expect("many");
    }
    tx.commit().await.unwrap();
}

/// Wants a run in two hours, so that no worker of the suite takes it before it is queued again.
async fn wanted(app: &App, shop: &Shop) -> JobRow {
    let context = system(shop.store.tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let wish = Reorder {
        company: Some(shop.store.company_id()),
        ..Reorder::default()
    };
    let how = Enqueue {
        run_at: Some(context.now + chrono::TimeDelta::hours(2)),
        company: wish.company,
        ..Enqueue::default()
    };
    let row = job::enqueue(&mut tx, &wish, how).await.unwrap();
    tx.commit().await.unwrap();
    row
}

/// Begins the run by a worker three hours ahead, and cuts it off as soon as a part of it is done.
async fn begin_and_cut(app: &App, shop: &Shop, row: &JobRow, done: &str) {
    let ahead = Clock::System.now() + chrono::TimeDelta::hours(3);
    let db: Db = app.db_at(Clock::fixed(ahead));
    let worker = app.worker(&db, trastienda_core::registry());
    let ticket = Ticket {
        organisation: row.organisation_id,
        job: row.id,
        queue: row.queue.clone(),
        attempt: row.attempt,
    };
    let begun = Instant::now();
    let working = tokio::spawn(async move { execute(&worker, ticket).await });
    while count(app, &shop.store.tenant, done).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "nobody looks");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    working.abort();
    assert!(working.await.is_err(), "it was cut off before its end");
}

/// The lease of the dead worker runs out, and the job is queued again.
async fn lose_the_lease(app: &App, row: &JobRow) {
    let long_ago = Clock::System.now() - chrono::TimeDelta::hours(1);
    let mut relay = app.relay().await;
    diesel::update(job_table::table.filter(job_table::id.eq(row.id)))
        .set(job_table::lease_until.eq(long_ago))
        .execute(&mut relay)
        .await
        .unwrap();
    sweep(&mut relay, Clock::System.now()).await.unwrap();
    diesel::update(job_table::table.filter(job_table::id.eq(row.id)))
        .set(job_table::run_at.eq(long_ago))
        .execute(&mut relay)
        .await
        .unwrap();
}

#[test]
fn a_run_that_is_cut_off_loses_and_doubles_nothing() {
    run(|app| async {
        let shop = Shop::new(app).await;
        // Makes the units, which the first item brings with it.
        shop.item("PRIMERO", 0).await;
        many(app, &shop, 12_000).await;
        let row = wanted(app, &shop).await;
        let done = "kernel.job_item WHERE status = 'DONE'";
        begin_and_cut(app, &shop, &row, done).await;
        let half = count(app, &shop.store.tenant, done).await;
        assert!((1..12_000).contains(&half), "{half} were done");
        lose_the_lease(app, &row).await;
        let job = row.id.to_string();
        follow(&shop.buyer, &job).await;
        let told = figures(&shop.buyer, &job).await;
        let seen = (&*told["lookedAt"], &*told["proposed"]);
        assert_eq!(seen, ("12000", "1200"), "{told:?}");
        for (table, rows) in [
            (done, 12_000),
            (
                "kernel.job WHERE kind = 'inventory.reorder' AND attempt > 1",
                1,
            ),
            ("inventory.proposal WHERE problem = 'NO_SUPPLIER'", 1_200),
            ("inventory.stock_alert WHERE kind = 'OUT'", 1_200),
            (
                "kernel.event WHERE action = 'inventory.proposal.made'",
                1_200,
            ),
            (
                "processes.notification n JOIN directory.\"user\" u ON u.id = n.user_id \
                 WHERE n.kind = 'inventory.replenishment_digest' AND u.email LIKE 'hugo.%'",
                1,
            ),
        ] {
            assert_eq!(count(app, &shop.store.tenant, table).await, rows, "{table}");
        }
    });
}
