//! Announcements: written, published, told once, read once, acknowledged for good; seen by those
//! whom they address and by who manages them.

use ::kernel::ids::AnnouncementId;
use ::kernel::job::relay::Ticket;
use ::kernel::job::{self, Enqueue, JobStatus, execute};
use serde_json::{Value, json};
use trastienda_core::administration::announcement::AnnouncementTell;

use super::office::{Office, fields, until};
use crate::app::{App, registry, run, system};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, count, done, keyed, reasons, text};

pub const SHOWN: &str = "announcement { id version status title titleEs titleEn myReceipt { readAt \
    acknowledgedAt } viewerCan { update { allowed } publish { allowed reason } \
    acknowledge { allowed } } }";

pub fn draft(audience: Value) -> Value {
    json!({
        "titleEs": "Código de conducta", "bodyEs": "Léalo entero.",
        "titleEn": "Code of conduct", "bodyEn": "Read all of it.",
        "audience": audience, "requiresAcknowledgement": true,
    })
}

/// Writes and publishes: the id.
pub async fn publish(client: &Client, input: Value) -> String {
    let made = done(client, "announcementCreate", input, SHOWN).await;
    let id = text(&made["announcement"]["id"]);
    let published = done(client, "announcementPublish", json!({ "id": id }), SHOWN).await;
    assert_eq!(published["announcement"]["status"], "PUBLISHED");
    id
}

pub async fn seen(client: &Client, id: &str, selection: &str) -> Value {
    let query = format!("query ($id: ID!) {{ announcement(id: $id) {{ {selection} }} }}");
    let mut data = client.run(&query, json!({ "id": id })).await;
    data["announcement"].take()
}

/// Every way in which a record could show itself to a reader.
pub async fn every_way(client: &Client, id: &str) -> Value {
    let query = "query ($id: ID!) { one: announcement(id: $id) { id } node(id: $id) { id } \
        list: announcements(includeArchived: true) { totalCount nodes { id } } \
        search: announcements(search: \"conducta\") { totalCount } \
        filter: announcements(filter: { id: { eq: $id } }) { totalCount } }";
    client.run(query, json!({ "id": id })).await
}

pub fn assert_unseen(data: &Value) {
    assert_eq!(data["one"], Value::Null, "{data}");
    assert_eq!(data["node"], Value::Null, "{data}");
    for list in ["list", "search", "filter"] {
        assert_eq!(data[list]["totalCount"], 0, "{list}: {data}");
    }
}

async fn told(client: &Client, id: &str) -> i64 {
    let query =
        "query ($id: ID!) { notifications(filter: { subject: { eq: $id } }) { totalCount } }";
    let data = client.run(query, json!({ "id": id })).await;
    data["notifications"]["totalCount"]
        .as_i64()
        .expect("a count")
}

#[test]
fn an_announcement_is_written_published_told_read_and_acknowledged() {
    run(|app| async {
        let office = Office::new(app).await;
        let reader = office.tenant.login(app, "pablo.serrano").await;
        let made = done(
            &office.owner,
            "announcementCreate",
            draft(json!({ "all": true })),
            SHOWN,
        );
        let made = made.await["announcement"].take();
        let id = text(&made["id"]);
        assert_eq!(
            (&made["status"], &made["version"]),
            (&json!("DRAFT"), &json!(1))
        );
        assert_unseen(&every_way(&reader, &id).await);
        let published = done(
            &office.owner,
            "announcementPublish",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        assert_eq!(published["announcement"]["status"], "PUBLISHED");

        let spanish = seen(&reader, &id, "title body myReceipt { readAt } isShown").await;
        assert_eq!(spanish["title"], "Código de conducta");
        assert_eq!(spanish["myReceipt"], Value::Null);
        assert_eq!(
            seen(&reader.in_english(), &id, "title").await["title"],
            "Code of conduct"
        );
        let counts = "{ unreadAnnouncementCount owedAcknowledgementCount }";
        let one = json!({ "unreadAnnouncementCount": 1, "owedAcknowledgementCount": 1 });
        assert_eq!(reader.ask(counts).await, one);

        until(
            "the notification",
            || async { json!(told(&reader, &id).await) },
            |seen| *seen == 1,
        )
        .await;
        let query = "{ notifications(filter: { subjectKind: { eq: \"Announcement\" } }) { \
                     nodes { title subject { ... on Announcement { title } } } } }";
        let notice = reader.ask(query).await["notifications"]["nodes"][0].take();
        assert_eq!(notice["title"], "Comunicado: Código de conducta");
        assert_eq!(notice["subject"]["title"], "Código de conducta");

        let read = done(&reader, "announcementRead", json!({ "id": id }), SHOWN).await;
        let first = read["announcement"]["myReceipt"].clone();
        assert!(
            first["readAt"].is_string() && first["acknowledgedAt"].is_null(),
            "{first}"
        );
        let again = done(&reader, "announcementRead", json!({ "id": id }), SHOWN).await;
        assert_eq!(again["announcement"]["myReceipt"], first);
        let agreed = done(
            &reader,
            "announcementAcknowledge",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        let kept = agreed["announcement"]["myReceipt"].clone();
        assert_eq!(kept["readAt"], first["readAt"]);
        assert!(kept["acknowledgedAt"].is_string(), "{kept}");
        let again = done(
            &reader,
            "announcementAcknowledge",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        assert_eq!(again["announcement"]["myReceipt"], kept);
        let none = json!({ "unreadAnnouncementCount": 0, "owedAcknowledgementCount": 0 });
        assert_eq!(reader.ask(counts).await, none);
        let receipts = count(app, &office.tenant, "administration.announcement_receipt").await;
        assert_eq!(receipts, 1);
    });
}

#[test]
fn everything_wrong_with_an_announcement_is_said_at_once_and_nothing_is_written() {
    run(|app| async {
        let office = Office::new(app).await;
        let input = json!({
            "titleEs": " ", "bodyEs": "x".repeat(20_001), "titleEn": "Only a title",
            "audience": { "companies": [] },
            "publishAt": "2026-12-02T08:00:00Z", "expiresAt": "2026-12-01T08:00:00Z",
        });
        let refused = act(&office.owner, "announcementCreate", input, SHOWN).await;
        let mut places = fields(&refused);
        places.sort_unstable();
        assert_eq!(
            places,
            ["audience", "bodyEn", "bodyEs", "expiresAt", "titleEs"],
            "{refused}"
        );
        let nowhere = json!({ "departments": ["dep_01h455vb4pex5vsknk084sn02q"] });
        let refused = act(&office.owner, "announcementCreate", draft(nowhere), SHOWN).await;
        assert_eq!(reasons(&refused), ["administration.audience_unknown"]);
        assert_eq!(
            count(app, &office.tenant, "administration.announcement").await,
            0
        );

        let made = done(
            &office.owner,
            "announcementCreate",
            draft(json!({ "all": true })),
            SHOWN,
        )
        .await;
        let id = text(&made["announcement"]["id"]);
        let patch = json!({ "titleEs": "", "bodyEn": null, "audience": { "roles": [] } });
        let input = json!({ "id": id, "expectedVersion": 1, "patch": patch });
        let refused = act(&office.owner, "announcementUpdate", input, SHOWN).await;
        let mut places = fields(&refused);
        places.sort_unstable();
        assert_eq!(
            places,
            ["patch.audience", "patch.bodyEn", "patch.titleEs"],
            "{refused}"
        );
    });
}

#[test]
fn a_draft_changes_on_its_version_and_what_was_published_keeps_its_words() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let made = done(
            owner,
            "announcementCreate",
            draft(json!({ "all": true })),
            SHOWN,
        )
        .await;
        let id = text(&made["announcement"]["id"]);
        let change = |version: i32, patch: Value| {
            let seen = json!(version);
            json!({ "id": id, "expectedVersion": seen, "patch": patch })
        };
        let changed = done(
            owner,
            "announcementUpdate",
            change(1, json!({ "titleEs": "Otro" })),
            SHOWN,
        );
        assert_eq!(changed.await["announcement"]["version"], 2);
        let stale = act(
            owner,
            "announcementUpdate",
            change(1, json!({ "titleEs": "Tarde" })),
            SHOWN,
        );
        let stale = stale.await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE");
        assert_eq!(stale["announcement"]["titleEs"], "Otro", "{stale}");
        done(
            owner,
            "announcementPublish",
            json!({ "id": id, "expectedVersion": 2 }),
            SHOWN,
        )
        .await;
        let late = act(
            owner,
            "announcementUpdate",
            change(3, json!({ "titleEs": "Más" })),
            SHOWN,
        )
        .await;
        assert_eq!(
            reasons(&late),
            ["administration.announcement_published_already"]
        );
        done(
            owner,
            "announcementUpdate",
            change(3, json!({ "pinned": true })),
            SHOWN,
        )
        .await;
        done(
            owner,
            "announcementArchive",
            json!({ "id": id, "expectedVersion": 4 }),
            SHOWN,
        )
        .await;
        let over = act(
            owner,
            "announcementUpdate",
            change(5, json!({ "pinned": false })),
            SHOWN,
        )
        .await;
        assert_eq!(reasons(&over), ["administration.archived"]);
        let reader = office.tenant.login(app, "pablo.serrano").await;
        let late = act(
            &reader,
            "announcementAcknowledge",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        assert_eq!(reasons(&late), ["administration.announcement_not_found"]);

        let plain = json!({
            "titleEs": "Aviso", "bodyEs": "Sin más.", "audience": { "all": true },
        });
        let id = publish(owner, plain).await;
        let refused = act(
            &reader,
            "announcementAcknowledge",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        assert_eq!(
            reasons(&refused),
            ["administration.acknowledgement_not_asked"]
        );
        assert_eq!(
            seen(&reader.in_english(), &id, "title").await["title"],
            "Aviso"
        );
    });
}

#[test]
fn the_same_key_writes_one_announcement() {
    run(|app| async {
        let office = Office::new(app).await;
        let input = draft(json!({ "all": true }));
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = keyed(
                &office.owner,
                "announcementCreate",
                input.clone(),
                SHOWN,
                "announcement-1",
            )
            .await;
            ids.push(text(&made["announcement"]["id"]));
        }
        assert_eq!(ids[0], ids[1]);
        assert_eq!(
            count(app, &office.tenant, "administration.announcement").await,
            1
        );
    });
}

#[test]
fn a_receipt_is_never_taken_back() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = publish(&office.owner, draft(json!({ "all": true }))).await;
        let reader = office.tenant.login(app, "pablo.serrano").await;
        done(
            &reader,
            "announcementAcknowledge",
            json!({ "id": id }),
            SHOWN,
        )
        .await;
        for statement in [
            "UPDATE administration.announcement_receipt SET acknowledged_at = NULL",
            "UPDATE administration.announcement_receipt SET read_at = read_at - interval '1 day'",
            "DELETE FROM administration.announcement_receipt",
        ] {
            let refused = office.raw(app, statement).await;
            assert!(refused.is_err(), "{statement}: {refused:?}");
        }
        let twice = "INSERT INTO administration.announcement_receipt (organisation_id, id, \
            announcement_id, user_id, read_at) SELECT organisation_id, gen_random_uuid(), \
            announcement_id, user_id, read_at FROM administration.announcement_receipt";
        let refused = office.raw(app, twice).await;
        assert!(refused.unwrap_err().contains("announcement_receipt_once"));
    });
}

#[test]
fn an_announcement_waits_for_its_time() {
    run(|app| async {
        let office = Office::new(app).await;
        let mut input = draft(json!({ "all": true }));
        input["publishAt"] = json!("2126-01-01T08:00:00Z");
        let id = publish(&office.owner, input).await;
        let reader = office.tenant.login(app, "pablo.serrano").await;
        assert_unseen(&every_way(&reader, &id).await);
        assert_eq!(seen(&office.owner, &id, "isShown").await["isShown"], false);
        let waits = "kernel.job WHERE kind = 'administration.announcement_tell' \
                     AND status = 'QUEUED' AND run_at > now() + interval '1 year'";
        assert_eq!(count(app, &office.tenant, waits).await, 1);
        let mut input = draft(json!({ "all": true }));
        input["publishAt"] = json!("2020-01-01T08:00:00Z");
        input["expiresAt"] = json!("2020-02-01T08:00:00Z");
        let made = done(&office.owner, "announcementCreate", input, SHOWN).await;
        let input = json!({ "id": made["announcement"]["id"] });
        let over = act(&office.owner, "announcementPublish", input, SHOWN).await;
        assert_eq!(reasons(&over), ["administration.announcement_over"]);
    });
}

/// Runs the telling of an announcement once more, under a key of its own.
async fn tell_again(app: &App, tenant: &Tenant, id: &str, dry_run: bool) -> Value {
    let (_, uuid) = ::kernel::id::decode(id).expect("an id");
    let context = system(tenant.demo.organisation, &app.db);
    let wanted = AnnouncementTell {
        announcement: AnnouncementId(uuid),
    };
    let how = Enqueue {
        dry_run,
        ..Enqueue::default()
    };
    let mut tx = app.db.begin(&context).await.unwrap();
    let row = job::enqueue(&mut tx, &wanted, how).await.unwrap();
    tx.commit().await.unwrap();
    let ticket = Ticket {
        organisation: row.organisation_id,
        job: row.id,
        queue: row.queue.clone(),
        attempt: row.attempt,
    };
    execute(&app.worker(&app.db, registry()), ticket)
        .await
        .unwrap();
    let look = || async {
        let mut tx = app.db.begin(&context).await.unwrap();
        let seen = job::find(&mut tx, row.id).await.unwrap().unwrap();
        tx.rollback().await.unwrap();
        json!({ "done": seen.status == JobStatus::Succeeded, "result": seen.result })
    };
    let mut ended = until("the telling", look, |seen| seen["done"] == true).await;
    ended["result"].take()
}

#[test]
fn each_addressee_is_told_once_however_often_the_job_runs() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = publish(&office.owner, draft(json!({ "all": true }))).await;
        let users = count(app, &office.tenant, "directory.\"user\" WHERE active").await;
        let notices = "processes.notification WHERE kind = 'administration.announcement_published'";
        let all = || async { json!(count(app, &office.tenant, notices).await) };
        until("the notices", all, |seen| *seen == json!(users)).await;
        let dry = tell_again(app, &office.tenant, &id, true).await;
        assert_eq!(dry["told"], json!(users));
        let again = tell_again(app, &office.tenant, &id, false).await;
        assert_eq!(again["told"], 0);
        assert_eq!(count(app, &office.tenant, notices).await, users);
        let most = "(SELECT user_id FROM processes.notification WHERE kind = \
            'administration.announcement_published' GROUP BY user_id HAVING count(*) > 1) AS twice";
        assert_eq!(count(app, &office.tenant, most).await, 0);
    });
}
