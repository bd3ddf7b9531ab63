//! Documents: kept in versions that never change, open to their readers and to nobody else.

use serde_json::{Value, json};

use super::office::{Office, fields, put, until, upload};
use crate::app::run;
use crate::client::{Client, Tenant};
use crate::people::stage::{act, count, done, fetch_by, keyed, mutation_of, reasons, text};

/// What a payload tells of a document.
pub const KEPT: &str = "document { id version title category tags visibility versionCount \
    archivedAt owner { name } company { id } department { id } roles { name } \
    newestVersion { id number note fileName mediaType size textStatus } \
    viewerCan { update { allowed } addVersion { allowed } archive { allowed } } }";

/// A document with these readers, without a version.
pub fn paper(title: &str, readers: Value) -> Value {
    json!({ "title": title, "category": "Políticas", "readers": readers })
}

/// Adds a document with a text as its first version: its id.
pub async fn keep(client: &Client, title: &str, readers: Value, words: &str) -> String {
    let mut input = paper(title, readers);
    input["upload"] = json!(upload(client, "texto.txt", words.as_bytes()).await);
    let made = done(client, "documentCreate", input, KEPT).await;
    text(&made["document"]["id"])
}

/// A document as somebody sees it.
pub async fn seen(client: &Client, id: &str, selection: &str) -> Value {
    let query = format!("query ($id: ID!) {{ document(id: $id) {{ {selection} }} }}");
    let mut data = client.run(&query, json!({ "id": id })).await;
    data["document"].take()
}

/// Waits until the newest version was read, or could not be.
pub async fn read(client: &Client, id: &str) -> String {
    let look = || seen(client, id, "newestVersion { textStatus }");
    let status = |seen: &Value| seen["newestVersion"]["textStatus"].clone();
    let found = until("the reading", look, |seen| status(seen) != "WAITING").await;
    text(&status(&found))
}

#[test]
fn a_document_is_kept_in_versions_and_opened_by_links() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let id = keep(
            owner,
            "Manual",
            json!({ "organisation": true }),
            "Primera edición",
        )
        .await;
        let first = seen(
            owner,
            &id,
            "version newestVersion { id number fileName mediaType size \
            sha256 createdBy { name } }",
        )
        .await;
        assert_eq!(first["newestVersion"]["number"], 1);
        assert_eq!(first["newestVersion"]["fileName"], "texto.txt");
        assert_eq!(first["newestVersion"]["mediaType"], "text/plain");
        assert_eq!(
            first["newestVersion"]["size"],
            json!("Primera edición".len())
        );
        assert_eq!(
            first["newestVersion"]["createdBy"]["name"],
            "Elena Campos Ruiz"
        );
        let second = upload(owner, "manual-2.txt", b"Segunda").await;
        let input = json!({
            "document": id, "expectedVersion": first["version"], "upload": second,
            "note": "Corregida",
        });
        let selection = format!("{KEPT} documentVersion {{ id number note }}");
        let added = done(owner, "documentVersionAdd", input, &selection).await;
        assert_eq!(added["documentVersion"]["number"], 2);
        assert_eq!(added["document"]["newestVersion"]["note"], "Corregida");
        assert_eq!(added["document"]["versionCount"], 2);

        let reader = office.tenant.login(app, "pablo.serrano").await;
        let listed = seen(
            &reader,
            &id,
            "versions { totalCount nodes { id number document { id } \
            download { path expiresAt } } } viewerCan { update { allowed reason } }",
        )
        .await;
        assert_eq!(listed["versions"]["totalCount"], 2);
        assert_eq!(listed["viewerCan"]["update"]["allowed"], false);
        let nodes = listed["versions"]["nodes"].as_array().unwrap();
        assert_eq!(
            (&nodes[0]["number"], &nodes[1]["number"]),
            (&json!(2), &json!(1))
        );
        assert_eq!(nodes[0]["document"]["id"], json!(id));
        assert_eq!(fetch_by(&reader, &nodes[0]).await, b"Segunda");
        assert_eq!(
            fetch_by(&reader, &nodes[1]).await,
            "Primera edición".as_bytes()
        );
        let again = "query ($id: ID!) { documentVersion(id: $id) { number } node(id: $id) { \
                     __typename } }";
        let found = reader.run(again, json!({ "id": nodes[1]["id"] })).await;
        assert_eq!(found["documentVersion"]["number"], 1);
        assert_eq!(found["node"]["__typename"], "DocumentVersion");

        let trail = "{ auditEntries(filter: { action: { eq: \"directory.file.downloaded\" } }) { \
                     nodes { actorName } } }";
        let entries = owner.ask(trail).await["auditEntries"]["nodes"].take();
        let by_reader = json!({ "actorName": "Pablo Serrano Cano" });
        assert_eq!(entries, json!([by_reader, by_reader]));
        let colleague = office.tenant.login(app, "hugo.santos").await;
        let history = seen(&colleague, &id, "history { nodes { action } }").await;
        let actions: Vec<String> = history["history"]["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| text(&node["action"]))
            .collect();
        let added = "administration.document.version_added";
        assert_eq!(actions, [added, added, "administration.document.created"]);
    });
}

#[test]
fn a_link_opens_for_minutes_and_a_changed_one_never() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = keep(
            &office.owner,
            "Acta",
            json!({ "private": true }),
            "Reservado",
        )
        .await;
        let seen = seen(
            &office.owner,
            &id,
            "newestVersion { download { path expiresAt } }",
        )
        .await;
        let link = &seen["newestVersion"]["download"];
        let expires: chrono::DateTime<chrono::Utc> = text(&link["expiresAt"]).parse().unwrap();
        let left = expires - ::kernel::Clock::System.now();
        assert!(
            left.num_seconds() <= 300 && left.num_seconds() > 200,
            "{left}"
        );
        let host = office.owner.url().trim_end_matches("/graphql");
        let path = text(&link["path"]);
        let later = path.replace(
            &expires.timestamp().to_string(),
            &(expires.timestamp() + 86_400).to_string(),
        );
        assert_ne!(later, path);
        for (path, status) in [(path, 200), (later, 404)] {
            let answer = reqwest::get(format!("{host}{path}")).await.unwrap();
            assert_eq!(answer.status().as_u16(), status);
        }
        let files = "{ files { totalCount } }";
        let keeper = office.tenant.login(app, "nora.ibarra").await;
        assert_eq!(keeper.ask(files).await["files"]["totalCount"], 0);
    });
}

/// Every way in which a document could show itself.
async fn every_way(client: &Client, id: &str) -> Value {
    let query = "query ($id: ID!) { one: document(id: $id) { id } node(id: $id) { id } \
        list: documents(includeArchived: true, filter: { id: { eq: $id } }) { totalCount } \
        filter: documents(filter: { id: { eq: $id } }) { totalCount } \
        sorted: documents(sort: { field: TITLE }) { totalCount } \
        words: documents(search: \"confidencial\") { totalCount } \
        found: documentSearch(text: \"confidencial\") { totalCount rows { document { id } } } }";
    client.run(query, json!({ "id": id })).await
}

fn assert_seen(data: &Value, id: &str, shows: bool, what: &str) {
    let one = if shows { json!(id) } else { Value::Null };
    assert_eq!(data["one"]["id"], one, "{what}: {data}");
    assert_eq!(data["node"]["id"], one, "{what}: {data}");
    for list in ["list", "filter", "sorted", "words", "found"] {
        let wanted = json!(i32::from(shows));
        assert_eq!(data[list]["totalCount"], wanted, "{what} {list}: {data}");
    }
}

#[test]
fn who_may_not_see_a_document_finds_nothing_of_it() {
    run(|app| async {
        let office = Office::new(app).await;
        let (stores, sales) = (
            office.department("ALM").await,
            office.department("VEN").await,
        );
        let second = office.second_company().await;
        let (inside, _) = office
            .newcomer(app, "dentro", "employee", (None, Some(&stores)))
            .await;
        let (beside, _) = office
            .newcomer(app, "al-lado", "employee", (None, Some(&sales)))
            .await;
        let (abroad, _) = office
            .newcomer(app, "fuera", "employee", (Some(&second), None))
            .await;
        let (keeper, _) = office
            .newcomer(app, "guarda", "administrator", (None, None))
            .await;
        let buyer = office.tenant.login(app, "hugo.santos").await;
        let stranger = Tenant::new(app).await.login(app, "elena.campos").await;
        let buyers = office.role("buyer").await;
        for (readers, shows, hides) in [
            (
                json!({ "organisation": true }),
                vec![&inside, &beside, &abroad, &buyer],
                vec![],
            ),
            (
                json!({ "company": office.shop() }),
                vec![&inside, &beside],
                vec![&abroad],
            ),
            (
                json!({ "department": stores }),
                vec![&inside],
                vec![&beside, &abroad],
            ),
            (
                json!({ "roles": [buyers] }),
                vec![&buyer],
                vec![&inside, &beside, &abroad],
            ),
            (
                json!({ "private": true }),
                vec![],
                vec![&inside, &abroad, &buyer],
            ),
        ] {
            let what = readers.to_string();
            let id = keep(&keeper, "Asunto", readers, "Esto es confidencial.").await;
            assert_eq!(read(&keeper, &id).await, "READ");
            let newest = seen(&keeper, &id, "newestVersion { id }").await["newestVersion"].take();
            for client in shows.into_iter().chain([&keeper, &office.owner]) {
                assert_seen(&every_way(client, &id).await, &id, true, &what);
            }
            for client in hides.into_iter().chain([&stranger]) {
                assert_seen(&every_way(client, &id).await, &id, false, &what);
                let query =
                    "query ($id: ID!) { documentVersion(id: $id) { id } node(id: $id) { id } }";
                let version = client.run(query, json!({ "id": newest["id"] })).await;
                assert_eq!(
                    version,
                    json!({ "documentVersion": null, "node": null }),
                    "{what}"
                );
            }
            let input = json!({ "id": id });
            done(&keeper, "documentArchive", input, KEPT).await;
            let gone = every_way(&keeper, &id).await;
            assert_eq!(gone["filter"]["totalCount"], 0, "{gone}");
            assert_eq!(gone["found"]["totalCount"], 0, "{gone}");
            assert_eq!(gone["one"]["id"], json!(id));
            let input = json!({ "id": id, "patch": { "readers": { "private": true } } });
            let over = act(&keeper, "documentUpdate", input, KEPT).await;
            assert_eq!(reasons(&over), ["administration.archived"]);
        }
    });
}

#[test]
fn a_keeper_of_one_company_keeps_nothing_for_others() {
    run(|app| async {
        let office = Office::new(app).await;
        let second = office.second_company().await;
        let keeper = office.tenant.login(app, "carmen.molina").await;
        let too_wide = "administration.readers_too_wide";
        let role = office.role("buyer").await;
        let stores = office.department("ALM").await;
        for (readers, wanted) in [
            (json!({ "organisation": true }), vec![too_wide]),
            (json!({ "company": second }), vec![too_wide]),
            (json!({ "roles": [role] }), vec![too_wide]),
            (json!({ "company": office.shop() }), vec![]),
            (json!({ "department": stores }), vec![]),
            (json!({ "private": true }), vec![]),
        ] {
            let made = act(
                &keeper,
                "documentCreate",
                paper("Norma", readers.clone()),
                KEPT,
            )
            .await;
            assert_eq!(reasons(&made), wanted, "{readers}");
        }
        let foreign = keep(&office.owner, "Ajeno", json!({ "organisation": true }), "x").await;
        let document = mutation_of("documentUpdate", KEPT);
        let input = json!({ "input": { "id": foreign, "patch": { "title": "Mío" } } });
        assert_eq!(keeper.refused(&document, input).await, "FORBIDDEN");
        let reader = office.tenant.login(app, "pablo.serrano").await;
        let document = mutation_of("documentCreate", KEPT);
        let input = json!({ "input": paper("Nota", json!({ "private": true })) });
        assert_eq!(reader.refused(&document, input).await, "FORBIDDEN");
        let away = json!({ "id": "doc_01h455vb4pex5vsknk084sn02q" });
        let unknown = act(&keeper, "documentArchive", away, KEPT).await;
        assert_eq!(reasons(&unknown), ["administration.document_not_found"]);
    });
}

#[test]
fn everything_wrong_with_a_document_is_said_at_once_and_nothing_is_written() {
    run(|app| async {
        let office = Office::new(app).await;
        let tags: Vec<String> = (0..21).map(|at| format!("t{at}")).collect();
        let input = json!({
            "title": "", "category": "c".repeat(61), "description": "d".repeat(2_001),
            "tags": tags, "readers": { "department": "dep_01h455vb4pex5vsknk084sn02q" },
            "company": "com_01h455vb4pex5vsknk084sn02q",
            "upload": "upl_01h455vb4pex5vsknk084sn02q",
        });
        let refused = act(&office.owner, "documentCreate", input, KEPT).await;
        let mut places = fields(&refused);
        places.sort_unstable();
        let wanted = [
            "category",
            "company",
            "description",
            "readers",
            "tags",
            "title",
            "upload",
        ];
        assert_eq!(places, wanted, "{refused}");
        let input = json!({
            "title": "Bien", "category": "c", "tags": ["", "t".repeat(41)],
            "readers": { "company": office.shop() }, "company": office.second_company().await,
        });
        let refused = act(&office.owner, "documentCreate", input, KEPT).await;
        assert_eq!(
            fields(&refused),
            ["tags.0", "tags.1", "company"],
            "{refused}"
        );
        for table in ["document", "document_version", "document_index"] {
            let table = format!("administration.{table}");
            assert_eq!(count(app, &office.tenant, &table).await, 0, "{table}");
        }
        assert_eq!(count(app, &office.tenant, "directory.file").await, 0);

        let id = keep(
            &office.owner,
            "Uno",
            json!({ "company": office.shop() }),
            "uno",
        )
        .await;
        let patch =
            json!({ "title": " ", "company": null, "owner": "usr_01h455vb4pex5vsknk084sn02q" });
        let input = json!({ "id": id, "patch": patch });
        let refused = act(&office.owner, "documentUpdate", input, KEPT).await;
        let mut places = fields(&refused);
        places.sort_unstable();
        assert_eq!(
            places,
            ["patch.company", "patch.owner", "patch.title"],
            "{refused}"
        );
        let input = json!({
            "document": id, "note": "n".repeat(501), "upload": "upl_01h455vb4pex5vsknk084sn02q",
        });
        let refused = act(&office.owner, "documentVersionAdd", input, KEPT).await;
        assert_eq!(fields(&refused), ["note", "upload"], "{refused}");
    });
}

#[test]
fn an_upload_is_used_once_by_who_brought_it_and_only_when_it_has_arrived() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let used = upload(owner, "uno.txt", b"uno").await;
        let with = |upload: &str| {
            let mut input = paper("Con archivo", json!({ "organisation": true }));
            input["upload"] = json!(upload);
            input
        };
        done(owner, "documentCreate", with(&used), KEPT).await;
        let again = act(owner, "documentCreate", with(&used), KEPT).await;
        assert_eq!(reasons(&again), ["directory.upload_over"]);
        let keeper = office.tenant.login(app, "nora.ibarra").await;
        let foreign = upload(&keeper, "dos.txt", b"dos").await;
        let stolen = act(owner, "documentCreate", with(&foreign), KEPT).await;
        assert_eq!(reasons(&stolen), ["directory.upload_unknown"]);
        let (refused, status) = put(owner, "programa.txt", b"#!/bin/sh\nrm -rf /").await;
        assert_eq!(status, 422);
        let missing = act(owner, "documentCreate", with(&refused), KEPT).await;
        assert_eq!(reasons(&missing), ["directory.upload_not_received"]);
        let large = json!({ "name": "grande.pdf", "size": 26_214_401 });
        let large = act(owner, "stagedUploadCreate", large, "path").await;
        assert_eq!(reasons(&large), ["directory.file_too_large"]);
        let (_, status) = put(owner, "hoja.exe", b"MZ").await;
        assert_eq!(status, 422);
        assert_eq!(
            count(app, &office.tenant, "administration.document").await,
            1
        );
    });
}

#[test]
fn a_document_changes_on_its_version_and_is_added_once_a_key() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let mut ids = Vec::new();
        for _ in 0..2 {
            let input = paper("Norma", json!({ "organisation": true }));
            let made = keyed(owner, "documentCreate", input, KEPT, "document-1").await;
            ids.push(text(&made["document"]["id"]));
        }
        assert_eq!(ids[0], ids[1]);
        let change = |version: i32, patch: Value| {
            let seen = json!(version);
            json!({ "id": ids[0], "expectedVersion": seen, "patch": patch })
        };
        let patch = json!({ "title": "Norma de compras", "readers": { "company": office.shop() } });
        let changed = done(owner, "documentUpdate", change(1, patch), KEPT).await;
        assert_eq!(changed["document"]["visibility"], "COMPANY");
        assert_eq!(changed["document"]["company"]["id"], json!(office.shop()));
        let stale = act(
            owner,
            "documentUpdate",
            change(1, json!({ "title": "Tarde" })),
            KEPT,
        )
        .await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE");
        assert_eq!(stale["document"]["title"], "Norma de compras", "{stale}");
        let input = json!({
            "document": ids[0], "expectedVersion": 1, "upload": upload(owner, "a.txt", b"a").await,
        });
        let stale = act(owner, "documentVersionAdd", input, KEPT).await;
        assert_eq!(stale["userErrors"][0]["code"], "STALE");
        assert_eq!(stale["document"]["version"], 2, "{stale}");
        assert_eq!(
            count(app, &office.tenant, "administration.document").await,
            1
        );
    });
}

#[test]
fn a_version_never_changes_not_even_by_raw_sql() {
    run(|app| async {
        let office = Office::new(app).await;
        let id = keep(
            &office.owner,
            "Fijo",
            json!({ "organisation": true }),
            "palabras",
        )
        .await;
        assert_eq!(read(&office.owner, &id).await, "READ");
        for statement in [
            "UPDATE administration.document_version SET note = 'otra'",
            "UPDATE administration.document_version SET number = 7",
            "UPDATE administration.document_version SET file_id = gen_random_uuid()",
            "UPDATE administration.document_version SET created_at = now()",
            "DELETE FROM administration.document_version",
            "DELETE FROM administration.document",
        ] {
            let refused = office.raw(app, statement).await;
            assert!(refused.is_err(), "{statement}: {refused:?}");
        }
        let versions = seen(&office.owner, &id, "versions { nodes { number note } }").await;
        let wanted = json!([{ "number": 1, "note": null }]);
        assert_eq!(versions["versions"]["nodes"], wanted);
    });
}
