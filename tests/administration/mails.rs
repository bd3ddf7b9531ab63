//! Mail over SMTP: handed over once, tried again while the server is away, given up with its
//! reason where it refuses, and sent when a person tries it again.

use ::kernel::job::JobStatus;
use ::kernel::{Clock, Db};
use chrono::TimeDelta;
use serde_json::{Value, json};
use trastienda_core::administration::report::{ReportFormat, ReportRunInput, produce};
use trastienda_core::demo::Cast;
use trastienda_core::kernel::report::ReportParameters;
use trastienda_core::mail::MailSettings;

use super::mails_server::{Mood, POST_OFFICE, PostOffice, settings};
use super::stage::{Desk, attempt, run_of, until, waiting, worker};
use crate::app::{App, run};
use crate::client::Client;
use crate::people::stage::{act, done, follow, reasons, text};

const MAIL: &str = "id address subject text redactedFields attachmentCount status attempts \
    lastError sentAt record { __typename id } job { id status userErrors { reason message } } \
    viewerCan { retry { allowed reason } } user { name }";

/// Has the trial balance produced and mailed to the accountant; gives the produced report.
async fn mailed(desk: &Desk) -> Value {
    let mut input = desk.trial_balance("CSV");
    input["mailTo"] = json!([desk.user("lucia.fernandez").await]);
    desk.produced(input).await
}

/// The mails that a client sees.
async fn mails(client: &Client) -> Vec<Value> {
    let query = format!("{{ mails {{ totalCount nodes {{ {MAIL} }} }} }}");
    let data = client.ask(&query).await;
    data["mails"]["nodes"].as_array().expect("mails").clone()
}

/// The one mail of a desk, once it stands somewhere.
async fn mail_in(client: &Client, status: &str) -> Value {
    until(status, || async {
        let found = mails(client).await;
        assert!(found.len() <= 1, "{found:?}");
        let own = found.into_iter().next()?;
        (own["status"] == status).then_some(own)
    })
    .await
}

#[test]
fn a_report_goes_by_mail_once_with_its_file() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let made = mailed(&desk).await;
        let mail = mail_in(&desk.accountant, "SENT").await;
        assert_eq!(
            (&mail["attempts"], &mail["lastError"]),
            (&json!(1), &Value::Null)
        );
        assert_eq!(mail["subject"], "Balance de sumas y saldos");
        assert_eq!(mail["attachmentCount"], 1);
        assert_eq!(mail["record"]["id"], made["id"]);
        assert!(text(&mail["text"]).contains("balance-de-sumas-y-saldos-2026-12-31.csv"));
        let letters = POST_OFFICE.letters(&desk.address("lucia.fernandez"));
        assert_eq!(letters.len(), 1, "{letters:?}");
        for part in [
            "Auto-Submitted: auto-generated",
            "Message-ID: <",
            "multipart/mixed",
            "balance-de-sumas-y-saldos-2026-12-31.csv",
        ] {
            assert!(letters[0].contains(part), "{part}: {}", letters[0]);
        }
        let again = run_of(&desk.accountant, &text(&made["id"])).await;
        assert_eq!(again["mail"]["id"], mail["id"]);
        let stranger = desk.login(app, "andres.fuentes").await;
        assert_eq!(mails(&stranger).await, Vec::<Value>::new());
    });
}

#[test]
fn a_server_that_is_busy_is_tried_again() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let address = desk.address("lucia.fernandez");
        POST_OFFICE.meet(&address, Mood::Busy);
        mailed(&desk).await;
        let waiting = until("an attempt", || async {
            let found = mails(&desk.accountant).await.into_iter().next()?;
            (found["lastError"].is_string() && found["status"] == "WAITING").then_some(found)
        })
        .await;
        assert!(text(&waiting["lastError"]).contains("451"), "{waiting}");
        assert_eq!(waiting["viewerCan"]["retry"]["allowed"], json!(false));
        let support = desk.login(app, "leo.marin").await;
        let input = json!({ "id": waiting["id"] });
        let refused = act(&support, "mailRetry", input, "mail { id }").await;
        assert_eq!(reasons(&refused), ["administration.mail_under_way"]);
        assert!(POST_OFFICE.letters(&address).is_empty());
        POST_OFFICE.meet(&address, Mood::Taking);
        let sent = mail_in(&desk.accountant, "SENT").await;
        assert!(sent["attempts"].as_i64() >= Some(2), "{sent}");
        assert_eq!(sent["lastError"], Value::Null);
        assert_eq!(POST_OFFICE.letters(&address).len(), 1);
    });
}

#[test]
fn a_mail_that_is_refused_is_given_up_with_its_reason_and_sent_when_tried_again() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let address = desk.address("lucia.fernandez");
        POST_OFFICE.meet(&address, Mood::Refusing);
        let made = mailed(&desk).await;
        assert_eq!(made["status"], "DONE", "the report is there all the same");
        let support = desk.login(app, "leo.marin").await;
        let failed = mail_in(&support, "FAILED").await;
        let reason = text(&failed["lastError"]);
        assert!(reason.contains("550"), "{reason}");
        assert_eq!(
            (&failed["text"], &failed["redactedFields"]),
            (&Value::Null, &json!(["text"]))
        );
        assert_eq!(failed["user"]["name"], "Lucía Fernández Gil");
        until("the end of the job", || async {
            let own = mails(&support).await.remove(0);
            let error = &own["job"]["userErrors"][0]["reason"];
            (error == "administration.mail_rejected").then_some(())
        })
        .await;
        let input = json!({ "id": failed["id"] });
        let mutation = crate::people::stage::mutation_of("mailRetry", "mail { id }");
        let variables = json!({ "input": input });
        assert_eq!(
            desk.accountant.refused(&mutation, variables).await,
            "FORBIDDEN"
        );
        POST_OFFICE.meet(&address, Mood::Taking);
        let selection = "mail { id status } job { id }";
        let payload = done(&support, "mailRetry", input.clone(), selection).await;
        assert_eq!(payload["mail"]["status"], "WAITING");
        follow(&support, &text(&payload["job"]["id"])).await;
        let sent = mail_in(&support, "SENT").await;
        assert_eq!(sent["attempts"], 2);
        let again = act(&support, "mailRetry", input, selection).await;
        assert_eq!(reasons(&again), ["administration.mail_sent_already"]);
        assert_eq!(POST_OFFICE.letters(&address).len(), 1);
    });
}

/// Has a report produced and mailed to the accountant tomorrow, when no worker of the suite looks.
async fn mailed_tomorrow(app: &App, desk: &Desk, db: &Db, settings: &MailSettings) {
    let tenant = &desk.books.tenant;
    let cast = Cast::of(&app.db, &app.keys, &tenant.slug).await.unwrap();
    let context = cast.at("lucia.fernandez", db.clock().now()).unwrap();
    let lucia = context.actor.principal.user().expect("a user");
    let mut tx = db.begin(&context).await.unwrap();
    let input = ReportRunInput {
        id: None,
        key: "ledger.trial_balance".to_owned(),
        parameters: ReportParameters {
            company: Some(tenant.demo.company),
            ..ReportParameters::default()
        },
        format: ReportFormat::Csv,
        locale: None,
        mail_to: vec![lucia],
        dry_run: false,
    };
    let reports = trastienda_core::reports();
    let (_, job) = produce(&mut tx, &reports, input).await.unwrap();
    tx.commit().await.unwrap();
    let made = attempt(&worker(app, db, settings), &job).await;
    assert_eq!(made.status, JobStatus::Succeeded, "{:?}", made.error);
}

#[test]
fn a_server_that_is_down_leaves_the_mail_waiting_until_it_is_up() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let clock = Clock::fixed(Clock::System.now() + TimeDelta::days(1));
        let db = app.db_at(clock.clone());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let down = settings(port);
        mailed_tomorrow(app, &desk, &db, &down).await;
        let job = waiting(&db, &desk, "administration.mail_send")
            .await
            .remove(0);
        let worker = worker(app, &db, &down);
        let queued = attempt(&worker, &job).await;
        assert_eq!((queued.status, queued.attempt), (JobStatus::Queued, 1));
        let mail = mails(&desk.accountant).await.remove(0);
        assert_eq!(
            (&mail["status"], &mail["attempts"]),
            (&json!("WAITING"), &json!(1))
        );
        assert!(mail["lastError"].is_string(), "{mail}");
        let office = PostOffice::open(port);
        clock.advance(TimeDelta::minutes(1));
        let sent = attempt(&worker, &queued).await;
        assert_eq!(
            (sent.status, sent.attempt),
            (JobStatus::Succeeded, 2),
            "{:?}",
            sent.error
        );
        let address = desk.address("lucia.fernandez");
        assert_eq!(office.letters(&address).len(), 1);
        let mail = mails(&desk.accountant).await.remove(0);
        assert_eq!(
            (&mail["status"], &mail["attempts"]),
            (&json!("SENT"), &json!(2))
        );
    });
}

#[test]
fn without_a_server_mails_are_files_in_a_folder() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let db = app.db_at(Clock::fixed(Clock::System.now() + TimeDelta::days(1)));
        let folder = app.files().join("mail").join(&desk.books.tenant.slug);
        let settings = MailSettings {
            folder: Some(folder.clone()),
            ..MailSettings::default()
        };
        mailed_tomorrow(app, &desk, &db, &settings).await;
        let job = waiting(&db, &desk, "administration.mail_send")
            .await
            .remove(0);
        let sent = attempt(&worker(app, &db, &settings), &job).await;
        assert_eq!(sent.status, JobStatus::Succeeded, "{:?}", sent.error);
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1);
        let path = files[0].path();
        assert!(
            path.extension().is_some_and(|ending| ending == "eml"),
            "{path:?}"
        );
        let letter = std::fs::read_to_string(&path).unwrap();
        assert!(
            letter.contains(&desk.address("lucia.fernandez")),
            "{letter}"
        );
    });
}
