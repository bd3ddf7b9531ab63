//! What the tests of compliance act by: a company where breaches are planted, and scans.

use std::time::Duration;

use ::kernel::Db;
use ::kernel::job::relay::Ticket;
use ::kernel::job::{self, Enqueue, JobRow, JobStatus, execute};
use diesel::QueryableByName;
use diesel::sql_types as sql;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::Value;
use trastienda_core::compliance::scan::RunScan;
use uuid::Uuid;

use super::breach::Ground;
use crate::app::{App, registry, system};
use crate::client::Tenant;

/// How long a scan may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A finding as it is kept.
#[derive(Clone, Debug, PartialEq, QueryableByName)]
pub struct Kept {
    #[diesel(sql_type = sql::Uuid)]
    pub id: Uuid,
    #[diesel(sql_type = sql::Text)]
    pub status: String,
    #[diesel(sql_type = sql::Integer)]
    pub occurrences: i32,
    #[diesel(sql_type = sql::Jsonb)]
    pub evidence: Value,
}

/// A tenant whose data breaches are planted in.
pub struct Field {
    pub tenant: Tenant,
    pub ground: Ground,
}

impl Field {
    /// The demo company, and what breaches stand on.
    pub async fn new(app: &App) -> Self {
        let tenant = Tenant::new(app).await;
        let user = one_id(
            app,
            &tenant,
            "(SELECT id FROM directory.\"user\" WHERE display_name = 'Marta Ruiz Soler')",
        )
        .await;
        let ground = Ground::new(
            tenant.demo.organisation.0.to_string(),
            tenant.demo.company.0.to_string(),
            user.to_string(),
            Uuid::new_v4().simple().to_string(),
        );
        Self { tenant, ground }
    }

    /// The findings of a rule about a record.
    pub async fn findings(&self, app: &App, rule: &str, subject: Uuid) -> Vec<Kept> {
        let mut tx = app.db.begin(&self.system(app)).await.unwrap();
        diesel::sql_query(
            "SELECT id, status, occurrences, evidence FROM compliance.finding \
             WHERE rule_key = $1 AND subject_id = $2",
        )
        .bind::<sql::Text, _>(rule)
        .bind::<sql::Uuid, _>(subject)
        .load(tx.conn())
        .await
        .unwrap()
    }

    /// Runs some rules, now, and gives the result of the job.
    pub async fn scan(&self, app: &App, rules: &[&str]) -> Value {
        let row = scan_by(app, &app.db, &self.tenant, rules, false).await;
        assert_eq!(row.status, JobStatus::Succeeded, "{:?}", row.error);
        row.result.unwrap()
    }

    /// Plants what is needed, or mends it.
    pub async fn write(&self, app: &App, text: &str) {
        let mut tx = app.db.begin(&self.system(app)).await.unwrap();
        let done = tx.conn().batch_execute(text).await;
        done.unwrap_or_else(|error| panic!("{error}: {text}"));
        tx.commit().await.unwrap();
    }

    /// The id that an expression gives.
    pub async fn id(&self, app: &App, expression: &str) -> Uuid {
        one_id(app, &self.tenant, expression).await
    }

    /// How many rows a condition finds.
    pub async fn count(&self, app: &App, of: &str) -> i64 {
        crate::people::stage::count(app, &self.tenant, of).await
    }

    fn system(&self, app: &App) -> std::sync::Arc<::kernel::Context> {
        system(self.tenant.demo.organisation, &app.db)
    }
}

async fn one_id(app: &App, tenant: &Tenant, expression: &str) -> Uuid {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = sql::Uuid)]
        id: Uuid,
    }
    let context = system(tenant.demo.organisation, &app.db);
    let mut tx = app.db.begin(&context).await.unwrap();
    let found: Found = diesel::sql_query(format!("SELECT ({expression}) AS id"))
        .get_result(tx.conn())
        .await
        .unwrap();
    found.id
}

/// Runs some rules by a worker of the test at the time of a database; waits until it has ended,
/// whoever ran it.
pub async fn scan_by(app: &App, db: &Db, tenant: &Tenant, rules: &[&str], dry_run: bool) -> JobRow {
    let context = system(tenant.demo.organisation, db);
    let wanted = RunScan {
        rules: Some(rules.iter().map(|rule| (*rule).to_owned()).collect()),
        company: None,
    };
    let how = Enqueue {
        dry_run,
        ..Enqueue::default()
    };
    let mut tx = db.begin(&context).await.unwrap();
    let row = job::enqueue(&mut tx, &wanted, how).await.unwrap();
    tx.commit().await.unwrap();
    let ticket = Ticket {
        organisation: row.organisation_id,
        job: row.id,
        queue: row.queue.clone(),
        attempt: row.attempt,
    };
    execute(&app.worker(db, registry()), ticket).await.unwrap();
    let begun = std::time::Instant::now();
    loop {
        let mut tx = db.begin(&context).await.unwrap();
        let seen = job::find(&mut tx, row.id).await.unwrap().unwrap();
        tx.rollback().await.unwrap();
        if seen.finished_at.is_some() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
