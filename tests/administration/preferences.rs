//! Preferences: each is told as they asked to be, in the inbox, by mail, or not at all.

use serde_json::{Value, json};

use super::announcements::{draft, publish};
use super::office::{Office, until};
use crate::app::{App, run};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, count, done, reasons};

const KIND: &str = "administration.announcement_published";
const KEPT: &str = "notificationPreference { kind inApp mail }";

/// Says how somebody wants to be told of announcements.
async fn prefer(client: &Client, in_app: bool, mail: bool) -> Value {
    let input = json!({ "kind": KIND, "inApp": in_app, "mail": mail });
    let said = done(client, "notificationPreferenceChange", input, KEPT).await;
    said["notificationPreference"].clone()
}

/// How many rows of a table somebody has.
async fn rows(app: &App, tenant: &Tenant, name: &str, of: &str) -> i64 {
    let whose = format!(
        "{of} AND user_id = (SELECT id FROM directory.\"user\" WHERE display_name = '{name}')"
    );
    count(app, tenant, &whose).await
}

#[test]
fn a_preference_is_ones_own_a_kind_and_changes() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let reader = tenant.login(app, "pablo.serrano").await;
        let mine = "{ notificationPreferences { kind inApp mail } }";
        let none = json!({ "notificationPreferences": [] });
        assert_eq!(reader.ask(mine).await, none);
        for (in_app, mail) in [(true, true), (false, true)] {
            let wanted = json!({ "kind": KIND, "inApp": in_app, "mail": mail });
            assert_eq!(prefer(&reader, in_app, mail).await, wanted);
            let seen = reader.ask(mine).await;
            assert_eq!(seen["notificationPreferences"], json!([wanted]));
        }
        let other = tenant.login(app, "hugo.santos").await;
        assert_eq!(other.ask(mine).await, none);
        let bad = json!({ "kind": "no such kind" });
        let refused = act(&other, "notificationPreferenceChange", bad, KEPT).await;
        assert_eq!(reasons(&refused), ["processes.notification_kind_invalid"]);
    });
}

#[test]
fn each_is_told_as_they_asked_to_be_and_mailed_once() {
    run(|app| async {
        let office = Office::new(app).await;
        let tenant = &office.tenant;
        let people = [
            ("marta.ruiz", "Marta Ruiz Soler", Some((true, true)), (1, 1)),
            (
                "javier.ortega",
                "Javier Ortega Vidal",
                Some((false, true)),
                (0, 1),
            ),
            (
                "lucia.fernandez",
                "Lucía Fernández Gil",
                Some((false, false)),
                (0, 0),
            ),
            ("pablo.serrano", "Pablo Serrano Cano", None, (1, 0)),
        ];
        let mut clients = Vec::new();
        for (name, _, preference, _) in people {
            let client = tenant.login(app, name).await;
            if let Some((in_app, mail)) = preference {
                prefer(&client, in_app, mail).await;
            }
            clients.push(client);
        }
        let id = publish(&office.owner, draft(json!({ "all": true }))).await;
        let sent = "administration.mail WHERE status = 'SENT'";
        let look = || async { json!(count(app, tenant, sent).await) };
        until("the mails", look, |seen| *seen == 2).await;
        for ((_, name, _, (inbox, mails)), client) in people.iter().zip(&clients) {
            let of_kind = format!("processes.notification WHERE kind = '{KIND}' AND in_app");
            assert_eq!(rows(app, tenant, name, &of_kind).await, *inbox, "{name}");
            let query = "query ($id: ID!) { notifications(filter: { subject: { eq: $id } }) { \
                         totalCount nodes { mailedAt } } unreadNotificationCount }";
            let seen = client.run(query, json!({ "id": id })).await;
            assert_eq!(
                seen["notifications"]["totalCount"],
                json!(inbox),
                "{name}: {seen}"
            );
            assert_eq!(
                seen["unreadNotificationCount"],
                json!(inbox),
                "{name}: {seen}"
            );
            if *inbox == 1 {
                let mailed = seen["notifications"]["nodes"][0]["mailedAt"].is_string();
                assert_eq!(mailed, *mails == 1, "{name}: {seen}");
            }
            let written = "administration.mail WHERE subject_kind = 'Announcement'";
            assert_eq!(rows(app, tenant, name, written).await, *mails, "{name}");
        }
        assert_eq!(count(app, tenant, "administration.mail").await, 2);
        let spoken = "administration.mail WHERE subject = 'Comunicado: Código de conducta' \
                      AND body_html NOT LIKE '%<script%'";
        assert_eq!(count(app, tenant, spoken).await, 2);
    });
}

#[test]
fn a_mail_is_in_its_readers_language() {
    run(|app| async {
        let office = Office::new(app).await;
        let (reader, user) = office
            .newcomer(app, "reader", "employee", (None, None))
            .await;
        let query = "query ($id: ID!) { user(id: $id) { version } }";
        let seen = office.owner.run(query, json!({ "id": user })).await;
        let input = json!({
            "id": user, "expectedVersion": seen["user"]["version"], "patch": { "locale": "EN" },
        });
        done(&office.owner, "userUpdate", input, "user { id }").await;
        prefer(&reader, true, true).await;
        publish(&office.owner, draft(json!({ "all": true }))).await;
        let english = "administration.mail WHERE subject = 'Announcement: Code of conduct'";
        let look = || async { json!(count(app, &office.tenant, english).await) };
        until("the mail", look, |seen| *seen == 1).await;
        assert_eq!(count(app, &office.tenant, "administration.mail").await, 1);
    });
}
