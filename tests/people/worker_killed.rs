//! A worker that is killed in mid-payroll: another one goes on, and everything is there once.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::stage::{Month, count};
use crate::app::{App, MASTER, run};

/// How long the worker is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A worker in a process of its own, with queues of its own.
fn worker(app: &App) -> Child {
    let master = String::from_utf8_lossy(MASTER).into_owned();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("worker-data");
    Command::new(env!("CARGO_BIN_EXE_trastienda"))
        .arg("work")
        .env("DATABASE_URL", &app.urls.app)
        .env("DATABASE_OWNER_URL", &app.urls.owner)
        .env("DATABASE_RELAY_URL", &app.urls.relay)
        .env("REDIS_URL", &app.urls.redis)
        .env("TRASTIENDA__DATA", folder)
        .env(
            "TRASTIENDA__WORK__PREFIX",
            format!("killed-{}", uuid::Uuid::new_v4().simple()),
        )
        .env("TRASTIENDA__WORK__LEASE_S", "2")
        .env("TRASTIENDA__WORK__BEAT_MS", "50")
        .env("TRASTIENDA__STORAGE__FOLDER", app.files())
        .env("TRASTIENDA__SECURITY__MASTER_SECRET", master)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a worker")
}

/// Waits until the bank file is made: the payslips are being printed then.
async fn wait_for_the_middle(app: &App, month: &Month) {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if count(app, &month.tenant, "people.payroll_bank_file").await > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody delivers");
}

#[test]
fn a_worker_killed_in_mid_payroll_loses_and_doubles_nothing() {
    run(|app| async {
        let mut victims = [worker(app), worker(app), worker(app)];
        let month = Month::approved(app).await;
        month.post().await;
        wait_for_the_middle(app, &month).await;
        for victim in &mut victims {
            victim.kill().expect("SIGKILL");
            victim.wait().expect("an end");
        }
        month.deliver().await;
        for (table, rows) in [
            ("people.payslip", 24),
            ("people.payroll_bank_file", 1),
            ("people.payslip_document", 24),
            (
                "processes.notification WHERE kind = 'people.payslip_ready'",
                24,
            ),
            ("ledger.entry WHERE source_kind = 'people.payroll_run'", 1),
            ("kernel.event WHERE action = 'people.payslip.issued'", 24),
            (
                "kernel.event WHERE action = 'people.payroll_run.delivered'",
                1,
            ),
        ] {
            assert_eq!(count(app, &month.tenant, table).await, rows, "{table}");
        }
    });
}
