//! Systems, what watches them, and what goes wrong with them.

mod bounds;
mod incidents;
mod outage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use ::kernel::ids::{CheckId, SystemId, UserId};
use ::kernel::job::relay::Ticket;
use ::kernel::job::{self, Enqueue, JobRow, JobStatus, Services, execute};
use ::kernel::{Clock, Db, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use trastienda_core::directory::schema::user;
use trastienda_core::technology::check::{
    self, CheckMethod, CheckSystems, HttpProbeInput, IncidentSeverity, ProbeInput, SystemCheck,
    SystemCheckCreateInput,
};
use trastienda_core::technology::incident::{self, Incident, IncidentFilter};
use trastienda_core::technology::result::{self, CheckResult, CheckResultFilter};
use trastienda_core::technology::system::{
    self, SystemCreateInput, SystemCriticality, SystemEnvironment, SystemKind,
};
use trastienda_core::technology::{Policy, fault};

use crate::app::{App, system as acting};
use crate::client::Tenant;

/// A system of a demo company that is watched by a clock of its own, which lies ahead of the
/// system's, so that no other worker takes its jobs.
pub struct Watch {
    pub app: &'static App,
    pub tenant: Tenant,
    pub clock: Clock,
    pub db: Db,
    pub policy: Policy,
    pub system: SystemId,
    pub owner: UserId,
}

impl Watch {
    /// A system that the auditor answers for; inner addresses are reached as listed.
    pub async fn new(app: &'static App, listed: &[&str]) -> Self {
        let tenant = Tenant::new(app).await;
        let begin: DateTime<Utc> = "2027-02-01T10:00:00Z".parse().unwrap();
        let clock = Clock::fixed(begin);
        let db = app.db_at(clock.clone());
        let mut watch = Self {
            app,
            clock,
            db,
            policy: Policy::listing(listed).unwrap(),
            system: SystemId::generate(),
            owner: UserId::generate(),
            tenant,
        };
        watch.owner = watch.user("raquel.iglesias").await;
        let input = SystemCreateInput {
            id: Some(watch.system),
            company: watch.tenant.demo.company,
            name: "Tienda en línea".into(),
            kind: SystemKind::Website,
            criticality: SystemCriticality::High,
            environment: SystemEnvironment::Production,
            department: None,
            owner: Some(watch.owner),
            address: Some("https://tienda.example".into()),
            description: None,
        };
        let mut tx = watch.begin().await;
        system::create(&mut tx, input).await.unwrap();
        tx.commit().await.unwrap();
        watch
    }

    /// A transaction of the system's actor at the watch's instant.
    pub async fn begin(&self) -> Tx {
        let context = acting(self.tenant.demo.organisation, &self.db);
        self.db.begin(&context).await.unwrap()
    }

    /// The id of a user of the demo by their name.
    pub async fn user(&self, name: &str) -> UserId {
        let email = trastienda_core::demo::Demo::email(&self.tenant.slug, name);
        let mut tx = self.begin().await;
        user::table
            .filter(user::email.eq(email))
            .select(user::id)
            .first(tx.conn())
            .await
            .unwrap()
    }

    /// Sets up a check that looks every minute, opens after three failures and closes after two
    /// recoveries.
    pub async fn check(&self, name: &str, probe: ProbeInput) -> CheckId {
        let input = SystemCheckCreateInput {
            id: None,
            system: self.system,
            name: name.into(),
            probe,
            severity: IncidentSeverity::Major,
            every_minutes: 1,
            timeout_ms: 5_000,
            failures_to_open: 3,
            recoveries_to_close: 2,
        };
        let mut tx = self.begin().await;
        let check = check::create(&mut tx, input).await.unwrap();
        tx.commit().await.unwrap();
        check.id
    }

    /// Wants a look at whatever is due.
    pub async fn wanted(&self) -> Ticket {
        let mut tx = self.begin().await;
        let row = job::enqueue(&mut tx, &CheckSystems::default(), Enqueue::default())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        Ticket {
            organisation: row.organisation_id,
            job: row.id,
            queue: row.queue,
            attempt: row.attempt,
        }
    }

    /// Runs a ticket by a worker that knows the policy.
    pub async fn work(&self, ticket: Ticket) -> Option<JobStatus> {
        let mut worker = self.app.worker(&self.db, trastienda_core::registry());
        worker.services = Services::new().with(self.policy.clone());
        execute(&worker, ticket).await.unwrap()
    }

    /// Looks at whatever is due, and gives the job; then a minute passes.
    pub async fn look(&self) -> JobRow {
        let ticket = self.wanted().await;
        let id = ticket.job;
        assert_eq!(self.work(ticket).await, Some(JobStatus::Succeeded));
        let mut tx = self.begin().await;
        let row = job::find(&mut tx, id).await.unwrap().unwrap();
        drop(tx);
        self.clock.advance(TimeDelta::minutes(1));
        row
    }

    /// Looks several times, a minute apart.
    pub async fn look_times(&self, times: usize) {
        for _ in 0..times {
            self.look().await;
        }
    }

    /// The incidents there are, the latest first.
    pub async fn incidents(&self) -> Vec<Incident> {
        let request = ::kernel::page::PageRequest::<IncidentFilter, _>::default();
        let mut tx = self.begin().await;
        incident::page(&mut tx, request).await.unwrap().into_rows()
    }

    /// What was seen, the latest first.
    pub async fn results(&self) -> Vec<CheckResult> {
        let request = ::kernel::page::PageRequest::<CheckResultFilter, _>::default();
        let mut tx = self.begin().await;
        result::page(&mut tx, request).await.unwrap().into_rows()
    }

    /// A check as it stands.
    pub async fn look_at(&self, id: CheckId) -> SystemCheck {
        let mut tx = self.begin().await;
        check::find(&mut tx, id).await.unwrap().unwrap()
    }

    /// What the owner was told, the latest first: kinds of notification.
    pub async fn told(&self, user: UserId) -> Vec<String> {
        use trastienda_core::processes::schema::notification;
        let mut tx = self.begin().await;
        notification::table
            .filter(notification::user_id.eq(user))
            .order(notification::id.desc())
            .select(notification::kind)
            .load(tx.conn())
            .await
            .unwrap()
    }
}

/// A server on this machine whose answers are set by hand.
pub struct Server {
    pub port: u16,
    status: Arc<AtomicU16>,
}

impl Server {
    /// One that answers with 200.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let status = Arc::new(AtomicU16::new(200));
        let kept = status.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let status = AtomicU16::load(&kept, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut asked = [0; 2_048];
                    let _ = stream.read(&mut asked).await;
                    let answer = format!(
                        "HTTP/1.1 {status} Said\r\ncontent-length: 10\r\nconnection: close\r\n\r\n\
                         estado: ok"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { port, status }
    }

    /// Answers with a status from now on.
    pub fn answer(&self, status: u16) {
        AtomicU16::store(&self.status, status, Ordering::Relaxed);
    }

    /// A probe of it that expects its text.
    pub fn probe(&self) -> ProbeInput {
        ProbeInput::Http(HttpProbeInput {
            url: format!("http://127.0.0.1:{}/salud", self.port),
            method: CheckMethod::Get,
            expected_status: None,
            expected_text: Some("estado: ok".into()),
        })
    }
}

/// The reasons of the failed items of a job.
pub async fn failures(watch: &Watch, row: &JobRow) -> Vec<String> {
    let mut tx = watch.begin().await;
    let items = job::item_failures(&mut tx, row.id).await.unwrap();
    let reason = |(_, faults): &(uuid::Uuid, serde_json::Value)| {
        faults[0]["reason"].as_str().unwrap().to_owned()
    };
    items.iter().map(reason).collect()
}

/// The reason of a forbidden address.
pub const FORBIDDEN: &str = fault::ADDRESS_FORBIDDEN;
