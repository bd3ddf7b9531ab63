//! A Redis that forgets everything, again and again, while a payroll goes through it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use super::apart::Apart;
use super::stage::{Month, count};
use crate::app::run;

/// How often Redis forgets.
const EVERY: Duration = Duration::from_millis(120);

#[test]
fn a_redis_flushed_under_a_running_payroll_loses_and_doubles_nothing() {
    run(|shared| async {
        let apart = Apart::new(shared).await;
        let app = &apart.app;
        let worker = apart.worker();
        let month = Month::drafted(app).await;
        let (stop, flushes, keys) = (flag(), counter(), counter());
        let forgetting = tokio::spawn(forget(
            apart.redis().await,
            stop.clone(),
            flushes.clone(),
            keys.clone(),
        ));
        month.calculate().await;
        let calculated = flushes.load(Ordering::Relaxed);
        month.approve(app).await;
        month.post().await;
        month.deliver().await;
        stop.store(true, Ordering::Relaxed);
        forgetting.await.expect("it forgot");
        let all = flushes.load(Ordering::Relaxed);
        assert!(calculated >= 1 && all >= 5, "{calculated} of {all} flushes");
        assert!(
            keys.load(Ordering::Relaxed) > 0,
            "there was something to forget"
        );
        for (what, rows) in [
            ("people.payslip", 24),
            (
                "(SELECT DISTINCT employee_id FROM people.payslip) AS paid",
                24,
            ),
            ("people.payroll_bank_file", 1),
            ("people.payslip_document", 24),
            (
                "processes.notification WHERE kind = 'people.payslip_ready'",
                24,
            ),
            ("ledger.entry WHERE source_kind = 'people.payroll_run'", 1),
            (
                "kernel.job WHERE kind LIKE 'people.payroll%' AND status = 'SUCCEEDED'",
                2,
            ),
            (
                "kernel.job WHERE kind LIKE 'people.%' AND status <> 'SUCCEEDED'",
                0,
            ),
            ("kernel.event WHERE action = 'people.payslip.issued'", 24),
            (
                "kernel.event WHERE action = 'people.payroll_run.delivered'",
                1,
            ),
        ] {
            assert_eq!(count(app, &month.tenant, what).await, rows, "{what}");
        }
        drop(worker);
        apart.end(shared).await;
    });
}

/// FLUSHALL until it is told to stop; counts how often, and the keys that were there.
async fn forget(
    mut redis: redis::aio::ConnectionManager,
    stop: Arc<AtomicBool>,
    flushes: Arc<AtomicI64>,
    keys: Arc<AtomicI64>,
) {
    while !stop.load(Ordering::Relaxed) {
        let there: i64 = redis::cmd("DBSIZE")
            .query_async(&mut redis)
            .await
            .expect("a count");
        let _: String = redis::cmd("FLUSHALL")
            .query_async(&mut redis)
            .await
            .expect("it forgets");
        keys.fetch_add(there, Ordering::Relaxed);
        flushes.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(EVERY).await;
    }
}

fn flag() -> Arc<AtomicBool> {
    Arc::new(AtomicBool::new(false))
}

fn counter() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(0))
}
