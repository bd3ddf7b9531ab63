//! The office of the demo company: announcements and documents, made once however often it is run.

use serde_json::{Value, json};
use trastienda_core::demo::furnish;
use trastienda_core::directory::file::FileStore;

use super::office::until;
use crate::app::run;
use crate::client::Tenant;
use crate::people::stage::count;

/// What the office holds, table by table.
const HOLDS: &[(&str, i64)] = &[
    ("administration.announcement", 4),
    ("administration.announcement WHERE status = 'PUBLISHED'", 3),
    ("administration.announcement_receipt", 11),
    (
        "administration.announcement_receipt WHERE acknowledged_at IS NOT NULL",
        5,
    ),
    ("administration.document", 5),
    ("administration.document_version", 8),
];

#[test]
fn the_office_of_the_demo_is_furnished_once_and_its_papers_are_found() {
    run(|app| async {
        let tenant = Tenant::new(app).await;
        let store = FileStore::local(&app.files(), app.keys.clone()).unwrap();
        for _ in 0..2 {
            furnish(&app.db, &app.keys, &store, &tenant.slug)
                .await
                .unwrap();
            for (table, wanted) in HOLDS {
                assert_eq!(count(app, &tenant, table).await, *wanted, "{table}");
            }
        }
        let reader = tenant.login(app, "pablo.serrano").await;
        let read = "administration.document_version WHERE text_status = 'READ'";
        let look = || async { json!(count(app, &tenant, read).await) };
        until("the reading", look, |seen| *seen == 8).await;
        for (words, title) in [
            ("irregularidades", "Código de conducta"),
            ("parental", "Manual de acogida de la ferretería"),
            ("authenticator", "Information security policy"),
        ] {
            let query = "query ($text: String!) { documentSearch(text: $text) { rows { \
                         document { title } } } }";
            let data = reader.run(query, json!({ "text": words })).await;
            let rows = json!([{ "document": { "title": title } }]);
            assert_eq!(data["documentSearch"]["rows"], rows, "{words}");
        }
        let hidden = "{ documents { totalCount } announcements { nodes { title myReceipt { \
                      acknowledgedAt } } } }";
        let data = reader.ask(hidden).await;
        assert_eq!(data["documents"]["totalCount"], 3, "{data}");
        let words = data["announcements"]["nodes"].as_array().unwrap();
        assert_eq!(words.len(), 2, "{data}");
        assert!(
            words
                .iter()
                .any(|word| word["myReceipt"]["acknowledgedAt"] != Value::Null)
        );
    });
}
