//! Whom announcements address: they alone see them, and who manages them sees who has read.

use serde_json::{Value, json};

use super::announcements::{SHOWN, assert_unseen, draft, every_way, publish, seen};
use super::office::Office;
use crate::app::run;
use crate::client::Tenant;
use crate::people::stage::{act, count, done, mutation_of, reasons, text};

#[test]
fn who_manages_sees_who_has_read_and_readers_see_their_own_receipt_alone() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = publish(&office.owner, draft(json!({ "all": true }))).await;
        for (name, mutation) in [
            ("pablo.serrano", "announcementAcknowledge"),
            ("diego.navarro", "announcementRead"),
        ] {
            let reader = office.tenant.login(app, name).await;
            done(&reader, mutation, json!({ "id": id }), SHOWN).await;
        }
        let wanted = "progress { addressedCount readCount acknowledgedCount } redactedFields \
            readers(first: 250) { totalCount rows { reader { name } readAt acknowledgedAt } } \
            open: readers(outstanding: true, first: 250) { totalCount rows { reader { name } } }";
        let managed = seen(&office.owner, &id, wanted).await;
        let users = count(app, &office.tenant, "directory.\"user\" WHERE active").await;
        let progress = json!({
            "addressedCount": users, "readCount": 2, "acknowledgedCount": 1,
        });
        assert_eq!(managed["progress"], progress);
        assert_eq!(managed["redactedFields"], json!([]));
        assert_eq!(managed["readers"]["totalCount"], json!(users));
        assert_eq!(managed["open"]["totalCount"], json!(users - 1));
        let rows = managed["readers"]["rows"].as_array().unwrap();
        let row = |name: &str| {
            rows.iter()
                .find(|row| row["reader"]["name"] == name)
                .unwrap()
        };
        assert!(row("Pablo Serrano Cano")["acknowledgedAt"].is_string());
        assert!(row("Diego Navarro Peña")["readAt"].is_string());
        assert!(row("Diego Navarro Peña")["acknowledgedAt"].is_null());
        assert!(row("Nora Ibarra Quiroga")["readAt"].is_null());

        let reader = office.tenant.login(app, "pablo.serrano").await;
        let own = seen(
            &reader,
            &id,
            "progress { readCount } readers { totalCount } redactedFields \
            history { nodes { action } }",
        )
        .await;
        assert_eq!(
            (&own["progress"], &own["readers"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(own["redactedFields"], json!(["progress", "readers"]));
        let other = office.tenant.login(app, "hugo.santos").await;
        let history = seen(&other, &id, "history { nodes { action } }").await;
        let actions: Vec<String> = history["history"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| text(&node["action"]))
            .collect();
        assert_eq!(actions, ["administration.announcement.published"]);
    });
}

#[test]
fn readers_come_in_pages_from_either_end() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = publish(&office.owner, draft(json!({ "all": true }))).await;
        let all = seen(
            &office.owner,
            &id,
            "readers(first: 250) { rows { reader { name } } }",
        )
        .await;
        let names = |page: &Value| -> Vec<String> {
            let rows = page["readers"]["rows"].as_array().unwrap();
            rows.iter()
                .map(|row| text(&row["reader"]["name"]))
                .collect()
        };
        let all = names(&all);
        let page = "rows { reader { name } } pageInfo { hasNextPage hasPreviousPage startCursor \
                    endCursor }";
        let mut walked = Vec::new();
        let mut after = Value::Null;
        loop {
            let query = format!(
                "query ($id: ID!, $after: String) {{ announcement(id: $id) {{ \
                 readers(first: 7, after: $after) {{ {page} }} }} }}"
            );
            let data = office
                .owner
                .run(&query, json!({ "id": id, "after": after }))
                .await;
            let seen = &data["announcement"];
            walked.extend(names(seen));
            if seen["readers"]["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = seen["readers"]["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(walked, all);
        let last = seen(
            &office.owner,
            &id,
            &format!("readers(last: 3) {{ {page} }}"),
        )
        .await;
        assert_eq!(names(&last), all[all.len() - 3..]);
        assert_eq!(last["readers"]["pageInfo"]["hasPreviousPage"], true);
        let query = "query ($id: ID!) { announcement(id: $id) { readers(after: \"x\") { \
                     totalCount } } }";
        assert_eq!(
            office.owner.refused(query, json!({ "id": id })).await,
            "BAD_USER_INPUT"
        );
    });
}

#[test]
fn an_announcement_shows_itself_to_those_whom_it_addresses_and_to_nobody_else() {
    run(|app| async {
        let office = Office::new(app).await;
        let (stores, sales) = (
            office.department("ALM").await,
            office.department("VEN").await,
        );
        let second = office.second_company().await;
        let shop = office.shop();
        let (inside, _) = office
            .newcomer(app, "dentro", "employee", (None, Some(&stores)))
            .await;
        let (beside, _) = office
            .newcomer(app, "al-lado", "employee", (None, Some(&sales)))
            .await;
        let (abroad, _) = office
            .newcomer(app, "fuera", "employee", (Some(&second), None))
            .await;
        let buyer = office.tenant.login(app, "hugo.santos").await;
        let buyers = office.role("buyer").await;
        let stranger = Tenant::new(app).await.login(app, "elena.campos").await;
        for (audience, shows, hides) in [
            (
                json!({ "departments": [stores] }),
                vec![&inside],
                vec![&beside, &abroad],
            ),
            (
                json!({ "companies": [shop] }),
                vec![&inside, &beside],
                vec![&abroad],
            ),
            (
                json!({ "companies": [second] }),
                vec![&abroad],
                vec![&inside, &beside],
            ),
            (
                json!({ "roles": [buyers] }),
                vec![&buyer],
                vec![&inside, &abroad],
            ),
        ] {
            let id = publish(&office.owner, draft(audience.clone())).await;
            for client in shows {
                let data = every_way(client, &id).await;
                assert_eq!(data["one"]["id"], json!(id), "{audience}: {data}");
                assert_eq!(data["filter"]["totalCount"], 1, "{audience}");
            }
            for client in hides.into_iter().chain([&stranger]) {
                assert_unseen(&every_way(client, &id).await);
                let read = act(client, "announcementRead", json!({ "id": id }), SHOWN).await;
                assert_eq!(reasons(&read), ["administration.announcement_not_found"]);
            }
            done(
                &office.owner,
                "announcementArchive",
                json!({ "id": id }),
                SHOWN,
            )
            .await;
        }
        assert_eq!(
            inside.ask("{ announcements { totalCount } }").await["announcements"]["totalCount"],
            0
        );
        let all = "{ announcements(includeArchived: true) { totalCount } announcements_: \
                   announcements { totalCount } }";
        let managed = office.owner.ask(all).await;
        assert_eq!(managed["announcements"]["totalCount"], 4, "{managed}");
        assert_eq!(managed["announcements_"]["totalCount"], 0, "{managed}");
    });
}

#[test]
fn who_may_announce_in_one_company_announces_there_alone() {
    run(|app| async {
        let office = Office::new(app).await;
        let second = office.second_company().await;
        let clerk = office.tenant.login(app, "carmen.molina").await;
        for (audience, wanted) in [
            (
                json!({ "all": true }),
                vec!["administration.audience_too_wide"],
            ),
            (
                json!({ "companies": [second] }),
                vec!["administration.audience_too_wide"],
            ),
            (json!({ "companies": [office.shop()] }), vec![]),
            (
                json!({ "departments": [office.department("ALM").await] }),
                vec![],
            ),
        ] {
            let made = act(&clerk, "announcementCreate", draft(audience.clone()), SHOWN).await;
            assert_eq!(reasons(&made), wanted, "{audience}");
        }
        let foreign = publish(&office.owner, draft(json!({ "companies": [second] }))).await;
        for mutation in ["announcementPublish", "announcementArchive"] {
            let refused = act(&clerk, mutation, json!({ "id": foreign }), SHOWN).await;
            assert_eq!(reasons(&refused), ["administration.announcement_not_found"]);
        }
        let own = publish(
            &office.owner,
            draft(json!({ "departments": [office.department("VEN").await] })),
        );
        let can = seen(&clerk, &own.await, "viewerCan { archive { allowed } }").await;
        assert_eq!(can["viewerCan"]["archive"]["allowed"], true);
        let employee = office.tenant.login(app, "pablo.serrano").await;
        let input = draft(json!({ "all": true }));
        let document = mutation_of("announcementCreate", SHOWN);
        let code = employee.refused(&document, json!({ "input": input })).await;
        assert_eq!(code, "FORBIDDEN");
    });
}
