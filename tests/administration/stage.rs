//! What the tests of reports act by: a company with books, those who read its reports, and each
//! step through the API.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::kernel::Db;
use ::kernel::job::relay::Ticket;
use ::kernel::job::{self, JobRow, Services, Worker, execute};
use serde_json::{Value, json};
use trastienda_core::demo::Demo;
use trastienda_core::directory::file::FileStore;
use trastienda_core::mail::{MailSettings, Mailer};

use crate::app::{App, registry, system};
use crate::client::Client;
use crate::ledger::Books;
use crate::people::stage::{done, follow, text};

/// How long something may take: setting pages takes its time in an unoptimised program.
pub const PATIENCE: Duration = Duration::from_secs(120);
/// What is asked of a produced report.
pub const RUN: &str = "id key title format locale status asOf rowCount byMail finishedAt \
    parameters { fromDate toDate asOf company { id } } reader { name } requestedBy { name } \
    file { name mediaType download { path } } userErrors { code reason message } \
    mail { id status attempts lastError } viewerCan { open { allowed reason } }";

/// A company with entries in its books, and its accountant.
pub struct Desk {
    pub books: Books,
    pub accountant: Client,
    pub company: String,
    owner: Client,
}

impl Desk {
    /// The demo company with three entries.
    pub async fn new(app: &App) -> Self {
        let books = Books::new(app).await;
        let sale = [("4300", "121.00"), ("100", "-100.00"), ("101", "-21.00")];
        books.posted("2026-02-10", &sale).await;
        let paid = [("101", "21.00"), ("4300", "-21.00")];
        books.posted("2026-03-31", &paid).await;
        let late = [("102", "0.01"), ("4300", "-0.01")];
        books.posted("2026-04-01", &late).await;
        let company = books.tenant.demo.company.to_string();
        let owner = books.tenant.login(app, "elena.campos").await;
        Self {
            accountant: books.accountant.clone(),
            books,
            company,
            owner,
        }
    }

    /// Somebody of the company.
    pub async fn login(&self, app: &App, name: &str) -> Client {
        self.books.tenant.login(app, name).await
    }

    /// The owner, their identity just proved.
    pub async fn login_owner(&self, app: &App) -> Client {
        self.books.tenant.login_proved(app, "elena.campos").await
    }

    /// The produced reports that the accountant sees, once so many of them are made or refused.
    pub async fn settled(&self, how_many: usize) -> Vec<Value> {
        until("a report", || async {
            let runs = runs_of(&self.accountant, json!({})).await;
            let over = |run: &&Value| run["finishedAt"].is_string();
            (runs.iter().filter(over).count() == how_many).then_some(runs)
        })
        .await
    }

    /// The address of one of them.
    pub fn address(&self, name: &str) -> String {
        Demo::email(&self.books.tenant.slug, name)
    }

    /// The id of one of them.
    pub async fn user(&self, name: &str) -> String {
        let query = "query ($email: String!) { users(filter: { email: { eq: $email } }) { \
                     nodes { id } } }";
        let email = json!({ "email": self.address(name) });
        let data = self.owner.run(query, email).await;
        text(&data["users"]["nodes"][0]["id"])
    }

    /// The parameters of the company in a range of days.
    pub fn range(&self, from: &str, to: &str) -> Value {
        json!({ "company": self.company, "fromDate": from, "toDate": to })
    }

    /// The input that has the trial balance of the year produced.
    pub fn trial_balance(&self, format: &str) -> Value {
        json!({
            "key": "ledger.trial_balance", "format": format,
            "parameters": self.range("2026-01-01", "2026-12-31"),
        })
    }

    /// Has a report produced and waits for it; gives the accountant's own copy.
    pub async fn produced(&self, input: Value) -> Value {
        let payload = done(
            &self.accountant,
            "reportRun",
            input,
            "reportRun { id } job { id }",
        )
        .await;
        follow(&self.accountant, &text(&payload["job"]["id"])).await;
        run_of(&self.accountant, &text(&payload["reportRun"]["id"])).await
    }
}

/// A produced report as a client sees it.
pub async fn run_of(client: &Client, id: &str) -> Value {
    let query = format!("query ($id: ID!) {{ reportRun(id: $id) {{ {RUN} }} }}");
    let mut data = client.run(&query, json!({ "id": id })).await;
    data["reportRun"].take()
}

/// The produced reports that a client sees, the newest first.
pub async fn runs_of(client: &Client, filter: Value) -> Vec<Value> {
    let query = format!(
        "query ($filter: ReportRunFilter) {{ reportRuns(first: 50, filter: $filter) {{ \
         totalCount nodes {{ {RUN} }} }} }}"
    );
    let data = client.run(&query, json!({ "filter": filter })).await;
    data["reportRuns"]["nodes"]
        .as_array()
        .expect("runs")
        .clone()
}

/// A report as rows, as a client sees it.
pub async fn report(client: &Client, key: &str, parameters: &Value) -> Value {
    let query = "query ($key: String!, $parameters: ReportParametersInput) { \
        report(key: $key, parameters: $parameters) { kind { key title } asOf currencyCode \
        parameters { fromDate toDate company { id } } columns { key title kind } \
        rows(first: 250) { totalCount rows { style level cells { text date number } \
        node { __typename id } drill { key title parameters { company { id } account { id } \
        fromDate toDate } } } } totals { text number } userErrors { code reason message field } } }";
    let variables = json!({ "key": key, "parameters": parameters });
    let mut data = client.run(query, variables).await;
    data["report"].take()
}

/// Waits until something holds.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A worker of the test alone, whose mails go where the settings say.
pub fn worker(app: &App, db: &Db, mail: &MailSettings) -> Worker {
    let store = FileStore::local(&app.files(), app.keys.clone()).expect("a file store");
    let services = Services::new()
        .with(app.keys.clone())
        .with(store)
        .with(Mailer::new(mail, &app.files().join("mail")).expect("a mailer"))
        .with(trastienda_core::speaker().expect("the messages"))
        .with(trastienda_core::reports());
    Worker {
        name: format!("test-{}", uuid::Uuid::new_v4()),
        db: db.clone(),
        registry: Arc::new(registry()),
        services,
        lease: Duration::from_secs(30),
    }
}

/// The jobs of a kind that wait in an organisation, the newest first.
pub async fn waiting(db: &Db, desk: &Desk, kind: &str) -> Vec<JobRow> {
    let context = system(desk.books.tenant.demo.organisation, db);
    let mut tx = db.begin(&context).await.unwrap();
    let request = ::kernel::page::PageRequest {
        first: Some(250),
        ..::kernel::page::PageRequest::default()
    };
    let all = job::page(&mut tx, request).await.unwrap().into_rows();
    let open = |row: &JobRow| row.kind == kind && row.finished_at.is_none();
    all.into_iter().filter(open).collect()
}

/// One attempt of a job by a worker of the test; the job as it is then.
pub async fn attempt(worker: &Worker, row: &JobRow) -> JobRow {
    execute(worker, ticket(row)).await.unwrap();
    let context = system(row.organisation_id, &worker.db);
    let mut tx = worker.db.begin(&context).await.unwrap();
    job::find(&mut tx, row.id).await.unwrap().expect("the job")
}

/// The ticket of a job.
pub fn ticket(row: &JobRow) -> Ticket {
    Ticket {
        organisation: row.organisation_id,
        job: row.id,
        queue: row.queue.clone(),
        attempt: row.attempt,
    }
}
