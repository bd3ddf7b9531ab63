//! Documents found by their words: in Spanish and English, in every kind of file, by the newest
//! version alone; and files that can't be read.

use serde_json::{Value, json};
use trastienda_core::documents::table::{Column, Orientation, Row, Table};
use trastienda_core::documents::{Engine, Language};

use super::documents::{KEPT, keep, paper, read, seen};
use super::office::{Office, put, until, upload};
use crate::app::run;
use crate::client::Client;
use crate::people::stage::{done, end_of, text};

/// The titles of what some words find, the best first.
async fn titles(client: &Client, words: &str) -> Vec<String> {
    let query = "query ($text: String!) { documentSearch(text: $text) { rows { \
                 document { title } } } }";
    let data = client.run(query, json!({ "text": words })).await;
    let rows = data["documentSearch"]["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| text(&row["document"]["title"]))
        .collect()
}

/// What is shown of the first hit: the text around, and what of it was looked for.
async fn headline(client: &Client, words: &str) -> (String, Vec<String>) {
    let query = "query ($text: String!) { documentSearch(text: $text, first: 1) { rows { \
                 headline { text isMatch } } } }";
    let data = client.run(query, json!({ "text": words })).await;
    let parts = data["documentSearch"]["rows"][0]["headline"]
        .as_array()
        .unwrap()
        .clone();
    let all: String = parts.iter().map(|part| text(&part["text"])).collect();
    let found = parts.iter().filter(|part| part["isMatch"] == true);
    (all, found.map(|part| text(&part["text"])).collect())
}

#[test]
fn documents_are_found_in_every_form_of_their_words_with_and_without_accents() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let everybody = || json!({ "organisation": true });
        let spanish = "Las vacaciones anuales se solicitan por escrito. <b>Las nóminas</b> se \
                       pagan el día 25; la compañía entrega un recibo.";
        let english = "Passwords are never shared. Lost devices are reported to support.";
        let both = [
            ("Vacaciones y pagas", spanish),
            ("Security policy", english),
        ];
        for (title, words) in both {
            let id = keep(owner, title, everybody(), words).await;
            assert_eq!(read(owner, &id).await, "READ");
        }
        for (words, wanted) in [
            ("vacación", vec!["Vacaciones y pagas"]),
            ("solicitar", vec!["Vacaciones y pagas"]),
            ("nomina", vec!["Vacaciones y pagas"]),
            ("NÓMINAS", vec!["Vacaciones y pagas"]),
            ("compañia", vec!["Vacaciones y pagas"]),
            (
                "\"recibo\" OR devices",
                vec!["Security policy", "Vacaciones y pagas"],
            ),
            ("\"vacaciones anuales\"", vec!["Vacaciones y pagas"]),
            ("\"anuales vacaciones\"", vec![]),
            ("vacaciones -recibo", vec![]),
            ("policies", vec!["Security policy"]),
            ("reporting device", vec!["Security policy"]),
            ("password", vec!["Security policy"]),
            ("el la de", vec![]),
            ("' OR 1=1 --", vec![]),
        ] {
            let mut found = titles(owner, words).await;
            found.sort_unstable();
            assert_eq!(found, wanted, "{words}");
            let query = "query ($text: String!) { documents(search: $text) { totalCount } }";
            let listed = owner.run(query, json!({ "text": words })).await;
            assert_eq!(
                listed["documents"]["totalCount"],
                json!(wanted.len()),
                "{words}"
            );
        }
        let (all, found) = headline(owner, "nomina").await;
        assert_eq!(found, ["nóminas"], "{all}");
        assert!(!all.contains(['<', '>', '\u{2}', '\u{3}']), "{all}");
        let (all, found) = headline(owner, "lost device").await;
        assert_eq!(found, ["Lost", "devices"], "{all}");
        let query = "query ($text: String!) { documentSearch(text: $text) { totalCount } }";
        for bad in [" ".to_owned(), "a".repeat(201)] {
            assert_eq!(
                owner.refused(query, json!({ "text": bad })).await,
                "BAD_USER_INPUT"
            );
        }
    });
}

#[test]
fn titles_and_tags_are_found_before_texts_and_hits_come_in_pages() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        for (title, words) in [
            ("Otra cosa", "Aquí se habla una vez del inventario."),
            ("Inventario anual", "Se cuenta todo."),
        ] {
            let id = keep(owner, title, json!({ "organisation": true }), words).await;
            assert_eq!(read(owner, &id).await, "READ");
        }
        let mut tagged = paper("Hojas", json!({ "organisation": true }));
        tagged["tags"] = json!(["inventario"]);
        done(owner, "documentCreate", tagged, KEPT).await;
        let all = titles(owner, "inventarios").await;
        assert_eq!(all.len(), 3);
        assert_eq!(all[2], "Otra cosa");
        let mut walked = Vec::new();
        let mut after = Value::Null;
        for _ in 0..3 {
            let query = "query ($after: String) { documentSearch(text: \"inventario\", first: 1, \
                         after: $after) { totalCount rows { document { title } } pageInfo { \
                         hasNextPage endCursor } } }";
            let page = owner.run(query, json!({ "after": after })).await["documentSearch"].take();
            assert_eq!(page["totalCount"], 3);
            walked.push(text(&page["rows"][0]["document"]["title"]));
            after = page["pageInfo"]["endCursor"].clone();
            assert_eq!(page["pageInfo"]["hasNextPage"], json!(walked.len() < 3));
        }
        assert_eq!(walked, all);
    });
}

#[test]
fn a_document_is_found_by_its_newest_version_alone() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let id = keep(
            owner,
            "Norma",
            json!({ "organisation": true }),
            "melocotones",
        )
        .await;
        assert_eq!(read(owner, &id).await, "READ");
        assert_eq!(titles(owner, "melocotón").await, ["Norma"]);
        for (name, bytes, status, finds) in [
            (
                "dos.docx",
                docx("albaricoques &amp; ciruelas"),
                "READ",
                Some("ciruela"),
            ),
            ("tres.pdf", pdf("naranjas"), "READ", Some("naranja")),
            (
                "cuatro.png",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
                "NONE",
                None,
            ),
        ] {
            let input = json!({ "document": id, "upload": upload(owner, name, &bytes).await });
            done(owner, "documentVersionAdd", input, KEPT).await;
            assert_eq!(read(owner, &id).await, status, "{name}");
            for words in ["melocotón", "albaricoque", "ciruela", "naranja"] {
                let found = titles(owner, words).await.len();
                assert_eq!(
                    found == 1,
                    finds == Some(words) || words == "albaricoque" && finds == Some("ciruela"),
                    "{name}: {words}"
                );
            }
        }
        assert_eq!(titles(owner, "normas").await, ["Norma"]);
        let patch = json!({ "id": id, "patch": { "title": "Reglamento" } });
        done(owner, "documentUpdate", patch, KEPT).await;
        assert_eq!(titles(owner, "reglamento").await, ["Reglamento"]);
        assert!(titles(owner, "normas").await.is_empty());
    });
}

#[test]
fn a_file_that_cannot_be_read_says_why_and_is_tried_again_when_asked() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let mut broken = b"PK\x03\x04".to_vec();
        broken.extend([0; 26]);
        broken.extend(b"word/nonsense");
        let mut input = paper("Roto", json!({ "organisation": true }));
        input["upload"] = json!(upload(owner, "roto.docx", &broken).await);
        let made = done(owner, "documentCreate", input, KEPT).await;
        let id = text(&made["document"]["id"]);
        assert_eq!(read(owner, &id).await, "FAILED");
        let job = "newestVersion { textStatus readingJob { id status attempt userErrors { reason \
                   message } } }";
        let failed = |seen: &Value| seen["newestVersion"]["readingJob"]["status"] == "FAILED";
        let seen_now = until("the job", || seen(owner, &id, job), failed).await;
        let first = &seen_now["newestVersion"]["readingJob"];
        assert_eq!(
            first["userErrors"][0]["reason"],
            "administration.document_unreadable"
        );
        assert_eq!(titles(owner, "roto").await, ["Roto"]);
        done(
            owner,
            "jobRetry",
            json!({ "id": first["id"] }),
            "job { id }",
        )
        .await;
        assert_eq!(end_of(owner, &text(&first["id"])).await, "FAILED");
        let reader = office.tenant.login(app, "pablo.serrano").await;
        let hidden = seen(&reader, &id, job).await;
        assert_eq!(hidden["newestVersion"]["readingJob"], Value::Null);
        assert_eq!(hidden["newestVersion"]["textStatus"], "FAILED");
    });
}

#[test]
fn a_reading_that_failed_for_the_stores_sake_succeeds_when_tried_again() {
    run(|app| async {
        let office = Office::new(app).await;
        let owner = &office.owner;
        let (id, status) = put(owner, "lejos.txt", "frambuesas".as_bytes()).await;
        assert_eq!(status, 204);
        let organisation = office.tenant.demo.organisation.0.simple().to_string();
        let folder = app.files().join(organisation);
        let away = folder.with_extension("away");
        std::fs::rename(&folder, &away).unwrap();
        let mut input = paper("Lejos", json!({ "organisation": true }));
        input["upload"] = json!(id);
        let made = done(owner, "documentCreate", input, KEPT).await;
        let id = text(&made["document"]["id"]);
        let job = seen(owner, &id, "newestVersion { readingJob { id } }").await;
        let job = text(&job["newestVersion"]["readingJob"]["id"]);
        assert_eq!(end_of(owner, &job).await, "FAILED");
        assert!(titles(owner, "frambuesa").await.is_empty());
        std::fs::rename(&away, &folder).unwrap();
        done(owner, "jobRetry", json!({ "id": job }), "job { id }").await;
        assert_eq!(end_of(owner, &job).await, "SUCCEEDED");
        assert_eq!(read(owner, &id).await, "READ");
        assert_eq!(titles(owner, "frambuesa").await, ["Lejos"]);
    });
}

/// A PDF that we print.
fn pdf(words: &str) -> Vec<u8> {
    let table = Table {
        language: Language::Es,
        title: "Norma".to_owned(),
        subtitle: String::new(),
        author: "Pruebas".to_owned(),
        footnote: String::new(),
        orientation: Orientation::Portrait,
        columns: vec![Column::text("Texto")],
        rows: vec![Row::plain(vec![words.into()])],
        totals: Vec::new(),
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    table.pdf(Engine::shared().unwrap()).unwrap()
}

/// An office document of one stored part.
fn docx(words: &str) -> Vec<u8> {
    let name = b"word/document.xml";
    let body = format!("<w:document><w:p><w:t>{words}</w:t></w:p></w:document>").into_bytes();
    let size = u32::try_from(body.len()).unwrap().to_le_bytes();
    let mut fixed = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5a];
    fixed.extend(crc32(&body).to_le_bytes());
    fixed.extend(size);
    fixed.extend(size);
    fixed.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
    let mut file = b"PK\x03\x04".to_vec();
    file.extend(&fixed);
    file.extend(name);
    file.extend(&body);
    let directory = u32::try_from(file.len()).unwrap();
    file.extend(b"PK\x01\x02\x14\0");
    file.extend(&fixed);
    file.extend([0; 14]);
    file.extend(name);
    let length = u32::try_from(file.len()).unwrap() - directory;
    file.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    file.extend(length.to_le_bytes());
    file.extend(directory.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// The check sum of a part of an archive (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0xEDB8_8320
        } else {
            crc >> 1
        }
    };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !bytes.iter().fold(!0, byte)
}
