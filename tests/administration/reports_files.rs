//! Reports as files: in every format and both languages, for each reader with what they may see,
//! and for that reader alone.

use std::io::Cursor;

use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::stage::{Desk, report, run_of, runs_of, until};
use crate::app::run;
use crate::client::Client;
use crate::people::stage::{act, count, decimal, done, fetch_by, follow, reasons, text};

/// The cells of a workbook's sheet, row by row.
fn sheet(bytes: Vec<u8>) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(bytes)).expect("a workbook");
    let name = book.sheet_names().first().expect("a sheet").clone();
    let range = book.worksheet_range(&name).expect("cells");
    range.rows().map(<[Data]>::to_vec).collect()
}

/// The records of a CSV file for a spreadsheet.
fn records(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).expect("a mark");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(text);
    let record = |record: Result<csv::StringRecord, _>| {
        let record = record.expect("a record");
        record.iter().map(str::to_owned).collect()
    };
    reader.records().map(record).collect()
}

/// The trial balance as the API says it: each row's code and its numbers.
async fn said(desk: &Desk) -> Vec<(String, Vec<Decimal>)> {
    let year = desk.range("2026-01-01", "2026-12-31");
    let seen = report(&desk.accountant, "ledger.trial_balance", &year).await;
    let rows = seen["rows"]["rows"].as_array().expect("rows").clone();
    rows.iter()
        .map(|row| {
            let cells = row["cells"].as_array().expect("cells");
            let numbers = cells.iter().skip(2).map(|cell| decimal(&cell["number"]));
            (text(&cells[0]["text"]), numbers.collect())
        })
        .collect()
}

async fn made(desk: &Desk, format: &str, locale: &str) -> (Value, Vec<u8>) {
    let mut input = desk.trial_balance(format);
    input["locale"] = json!(locale);
    let made = desk.produced(input).await;
    assert_eq!(made["status"], "DONE", "{made}");
    assert_eq!(
        (&made["format"], &made["locale"]),
        (&json!(format), &json!(locale))
    );
    let bytes = fetch_by(&desk.accountant, &made["file"]).await;
    (made, bytes)
}

#[test]
fn a_workbook_holds_the_same_figures_in_both_languages() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let rows = said(&desk).await;
        for (locale, title, name) in [
            (
                "ES",
                "Balance de sumas y saldos",
                "balance-de-sumas-y-saldos-2026-12-31.xlsx",
            ),
            ("EN", "Trial balance", "trial-balance-2026-12-31.xlsx"),
        ] {
            let (made, bytes) = made(&desk, "XLSX", locale).await;
            assert_eq!(made["file"]["name"], name);
            assert_eq!(made["rowCount"], json!(rows.len()));
            let cells = sheet(bytes);
            assert_eq!(cells[0][0], Data::String(title.to_owned()));
            for (code, numbers) in &rows {
                let own = |row: &&Vec<Data>| row[0] == Data::String(code.clone());
                let row = cells
                    .iter()
                    .find(own)
                    .unwrap_or_else(|| panic!("no {code}"));
                for (cell, number) in row.iter().skip(2).zip(numbers) {
                    let Data::Float(seen) = cell else {
                        panic!("{cell:?} is no number");
                    };
                    assert_eq!(
                        seen.to_string().parse::<Decimal>().unwrap(),
                        number.normalize()
                    );
                }
            }
        }
    });
}

#[test]
fn a_table_as_text_is_written_as_the_readers_spreadsheet_reads_it() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let rows = said(&desk).await;
        for (locale, delimiter, comma) in [("ES", b';', ','), ("EN", b',', '.')] {
            let (made, bytes) = made(&desk, "CSV", locale).await;
            assert_eq!(made["file"]["mediaType"], "text/csv");
            let all = records(&bytes, delimiter);
            assert_eq!(all.len(), rows.len() + 2, "titles, rows, totals: {all:?}");
            for (record, (code, numbers)) in all.iter().skip(1).zip(&rows) {
                assert_eq!(&record[0], code);
                let seen = record.iter().skip(2);
                let seen = seen.map(|cell| cell.replace(comma, ".").parse::<Decimal>().unwrap());
                assert_eq!(seen.collect::<Vec<_>>(), *numbers, "{record:?}");
            }
        }
    });
}

#[test]
fn paper_is_set_in_both_languages() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let mut both = Vec::new();
        for locale in ["ES", "EN"] {
            let (made, bytes) = made(&desk, "PDF", locale).await;
            assert!(bytes.starts_with(b"%PDF-"), "{made}");
            assert_eq!(made["file"]["mediaType"], "application/pdf");
            assert_eq!(made["asOf"], "2026-12-31");
            both.push(bytes);
        }
        assert_ne!(both[0], both[1]);
    });
}

/// The notifications of a kind that somebody has.
async fn notices(client: &Client, kind: &str) -> Vec<Value> {
    let query = "query ($kind: String!) { notifications(filter: { kind: { eq: $kind } }) { nodes { \
        title body subject { __typename id } } } }";
    let data = client.run(query, json!({ "kind": kind })).await;
    data["notifications"]["nodes"]
        .as_array()
        .expect("notices")
        .clone()
}

#[test]
fn each_reader_gets_a_copy_with_what_they_may_see_and_opens_it_alone() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let buyer = desk.login(app, "hugo.santos").await;
        let hugo = desk.user("hugo.santos").await;
        let own = desk
            .produced(json!({
                "key": "inventory.stock_valuation", "format": "CSV", "locale": "ES",
                "parameters": { "company": desk.company }, "mailTo": [hugo],
            }))
            .await;
        assert_eq!(own["status"], "DONE", "{own}");
        let with_books = fetch_by(&desk.accountant, &own["file"]).await;
        let his = until("his mail", || async {
            let his = runs_of(&buyer, json!({})).await;
            assert_eq!(his.len(), 1, "{his:?}");
            (his[0]["mail"]["status"] == "SENT").then_some(his)
        })
        .await;
        let without = fetch_by(&buyer, &his[0]["file"]).await;
        // Titles and totals for both; the balance of the books and the difference for who may
        // read the books.
        assert_eq!(records(&with_books, b';').len(), 4);
        assert_eq!(records(&without, b';').len(), 2);
        assert_eq!(his[0]["requestedBy"]["name"], "Lucía Fernández Gil");
        let told = notices(&buyer, "administration.report_ready").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["title"], "Informe listo: Valoración de existencias");
        assert_eq!(told[0]["subject"]["id"], his[0]["id"]);
        nobody_else_opens(&desk, &own, &his[0], &buyer).await;
    });
}

/// The one who asked sees that a copy was made for another, and does not open it; the other does
/// not even see the asker's.
async fn nobody_else_opens(desk: &Desk, own: &Value, his: &Value, buyer: &Client) {
    let seen = run_of(&desk.accountant, &text(&his["id"])).await;
    assert_eq!(
        (&seen["status"], &seen["file"]),
        (&json!("DONE"), &Value::Null)
    );
    assert_eq!(seen["viewerCan"]["open"]["allowed"], json!(false));
    assert_eq!(his["viewerCan"]["open"]["allowed"], json!(true));
    assert_eq!(run_of(buyer, &text(&own["id"])).await, Value::Null);
    let query = "query ($id: ID!) { reportRun(id: $id) { file { id } } }";
    let variables = json!({ "id": his["id"] });
    let file = buyer.run(query, variables).await["reportRun"]["file"]["id"].clone();
    let query = "query ($id: ID!) { file(id: $id) { name } node(id: $id) { id } }";
    let seen = desk.accountant.run(query, json!({ "id": file })).await;
    assert_eq!(seen, json!({ "file": null, "node": null }));
}

#[test]
fn a_reader_whose_right_is_gone_is_refused_and_the_others_are_not() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let buyer = desk.login(app, "hugo.santos").await;
        let (hugo, lucia) = (
            desk.user("hugo.santos").await,
            desk.user("lucia.fernandez").await,
        );
        let input = json!({
            "name": "Existencias", "key": "inventory.stock_valuation", "format": "CSV",
            "parameters": { "company": desk.company }, "cron": "0 6 1 1 *",
            "recipients": [hugo, lucia], "byMail": false,
        });
        let selection = "reportSchedule { id }";
        let made = done(&desk.accountant, "reportScheduleCreate", input, selection).await;
        take_roles(&desk.login_owner(app).await, &hugo).await;
        let input = json!({ "id": made["reportSchedule"]["id"] });
        let run = done(&desk.accountant, "reportScheduleRun", input, "job { id }").await;
        follow(&desk.accountant, &text(&run["job"]["id"])).await;
        let runs = desk.settled(2).await;
        let of = |name: &str| {
            let own = runs.iter().find(|run| run["reader"]["name"] == name);
            own.unwrap_or_else(|| panic!("no {name}: {runs:?}"))
        };
        assert_eq!(of("Lucía Fernández Gil")["status"], "DONE");
        let refused = of("Hugo Santos Bravo");
        assert_eq!(refused["status"], "FAILED", "{refused}");
        assert_eq!(refused["userErrors"][0]["code"], "FORBIDDEN", "{refused}");
        assert_eq!(refused["file"], Value::Null);
        assert_eq!(
            notices(&buyer, "administration.report_failed").await.len(),
            1
        );
        assert_eq!(
            notices(&buyer, "administration.report_ready").await.len(),
            0
        );
    });
}

/// Takes every role away from somebody but that of an employee.
async fn take_roles(owner: &Client, user: &str) {
    let query = "query ($user: ID!) { roleAssignments(filter: { user: { eq: $user } }) { \
                 nodes { id role { key } } } }";
    let data = owner.run(query, json!({ "user": user })).await;
    let mut taken = 0;
    for given in data["roleAssignments"]["nodes"].as_array().expect("roles") {
        if given["role"]["key"] != "employee" {
            let input = json!({ "id": given["id"] });
            done(owner, "roleUnassign", input, "user { id }").await;
            taken += 1;
        }
    }
    assert_eq!(taken, 1, "{data}");
}

#[test]
fn a_dry_run_checks_and_makes_nothing() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let mut input = desk.trial_balance("PDF");
        input["dryRun"] = json!(true);
        let selection = "reportRun { key status format } job { id }";
        let payload = done(&desk.accountant, "reportRun", input.clone(), selection).await;
        let told = json!({ "key": "ledger.trial_balance", "status": "WAITING", "format": "PDF" });
        assert_eq!(payload["reportRun"], told);
        input["mailTo"] = json!([desk.user("pablo.serrano").await]);
        let refused = act(&desk.accountant, "reportRun", input, selection).await;
        assert_eq!(reasons(&refused), ["administration.recipient_may_not"]);
        for table in ["administration.report_run", "administration.mail"] {
            assert_eq!(count(app, &desk.books.tenant, table).await, 0, "{table}");
        }
        let jobs = "kernel.job WHERE kind = 'administration.report'";
        assert_eq!(count(app, &desk.books.tenant, jobs).await, 0);
    });
}

#[test]
fn the_same_wish_under_a_key_is_made_once() {
    run(|app| async {
        let desk = Desk::new(app).await;
        let input = desk.trial_balance("CSV");
        let mut seen = Vec::new();
        for _ in 0..2 {
            let selection = "reportRun { id } job { id }";
            let client = &desk.accountant;
            let wanted = input.clone();
            let payload = crate::people::stage::keyed(
                client,
                "reportRun",
                wanted,
                selection,
                "informe-de-enero",
            )
            .await;
            assert_eq!(payload["userErrors"], json!([]), "{payload}");
            follow(client, &text(&payload["job"]["id"])).await;
            seen.push((
                payload["reportRun"]["id"].clone(),
                payload["job"]["id"].clone(),
            ));
        }
        assert_eq!(seen[0], seen[1]);
        let kept = count(app, &desk.books.tenant, "administration.report_run").await;
        assert_eq!(kept, 1);
        let id = ::kernel::ids::ReportRunId::generate().to_string();
        let mut own = input;
        own["id"] = json!(id);
        let made = desk.produced(own.clone()).await;
        assert_eq!(made["id"], json!(id));
        let again = act(&desk.accountant, "reportRun", own, "reportRun { id }").await;
        assert_eq!(reasons(&again), ["kernel.id_taken"]);
    });
}
