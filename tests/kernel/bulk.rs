//! Work in bulk: exports that show what their wanter may see, and imports that do each line once.

use serde_json::{Value, json};

use crate::app::{App, run};
use crate::client::{Client, Tenant};
use crate::people::stage::{act, follow, reasons};

const EXPORTED: &str = "{ employees(sort: { field: LAST_NAME }) { \
    nodes { id fullName contract { salary { amount } } redactedFields } } }";
const PARTY: &str = "mutation ($input: PartyCreateInput!) { \
    partyCreate(input: $input) { party { id } } }";

/// Wants an export and gives its records.
async fn export(client: &Client, query: &str) -> Vec<Value> {
    let input = json!({ "query": query });
    let wanted = act(client, "bulkExportRun", input, "job { id }").await;
    assert_eq!(wanted["userErrors"], json!([]), "{wanted}");
    let job = wanted["job"]["id"].as_str().unwrap();
    follow(client, job).await;
    files(client, job)
        .await
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The texts of the files that a job made.
async fn files(client: &Client, job: &str) -> Vec<String> {
    let query = "query ($id: ID!) { job(id: $id) { \
        results(first: 50) { nodes { name download { path } } } } }";
    let data = client.run(query, json!({ "id": job })).await;
    let mut texts = Vec::new();
    for file in data["job"]["results"]["nodes"].as_array().unwrap() {
        let path = file["download"]["path"].as_str().unwrap();
        let url = format!("{}{path}", client.url().trim_end_matches("/graphql"));
        let response = reqwest::get(url).await.unwrap();
        assert!(response.status().is_success(), "{response:?}");
        texts.push(response.text().await.unwrap());
    }
    texts
}

/// Uploads lines and wants them imported.
async fn import(client: &Client, lines: &str, key: &str) -> Value {
    let input = json!({ "name": "alta.jsonl", "size": lines.len() });
    let staged = act(client, "stagedUploadCreate", input, "stagedUploadId path").await;
    let path = staged["path"].as_str().unwrap();
    let url = format!("{}{path}", client.url().trim_end_matches("/graphql"));
    let put = reqwest::Client::new().put(url).body(lines.to_owned());
    assert!(put.send().await.unwrap().status().is_success());
    let input = json!({ "mutation": PARTY, "stagedUpload": staged["stagedUploadId"] });
    let query = "mutation ($input: BulkImportRunInput!) { bulkImportRun(input: $input) { \
        job { id } userErrors { code reason message field } } }";
    let response = client
        .send(query, json!({ "input": input }), Some(key))
        .await;
    response["data"]["bulkImportRun"].clone()
}

#[test]
fn an_export_shows_its_wanter_what_the_list_would() {
    run(async |app: &App| {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let all = export(&clerk, EXPORTED).await;
        assert_eq!(all.len(), 24);
        assert!(
            all.iter()
                .all(|person| person["contract"]["salary"].is_object())
        );
        let auditor = tenant.login(app, "raquel.iglesias").await;
        assert_eq!(export(&auditor, EXPORTED).await, all);
        let employee = tenant.login(app, "pablo.serrano").await;
        let input = json!({ "query": EXPORTED });
        let refused = clerk_of(&employee, input).await;
        assert_eq!(refused, "FORBIDDEN");
    });
}

/// The code of the error that wanting an export ends with.
async fn clerk_of(client: &Client, input: Value) -> String {
    let query = "mutation ($input: BulkExportRunInput!) { bulkExportRun(input: $input) { \
        job { id } userErrors { reason } } }";
    client.refused(query, json!({ "input": input })).await
}

#[test]
fn an_export_is_its_wanters_alone() {
    run(async |app: &App| {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let input = json!({ "query": EXPORTED });
        let wanted = act(&clerk, "bulkExportRun", input, "job { id }").await;
        let job = wanted["job"]["id"].as_str().unwrap();
        follow(&clerk, job).await;
        assert_eq!(files(&clerk, job).await.len(), 1);
        let query = "query ($id: ID!) { job(id: $id) { results { totalCount } } }";
        let administrator = tenant.login(app, "ines.roldan").await;
        let data = administrator.run(query, json!({ "id": job })).await;
        assert_eq!(data["job"]["results"]["totalCount"], json!(0), "{data}");
        let accountant = tenant.login(app, "lucia.fernandez").await;
        let data = accountant.run(query, json!({ "id": job })).await;
        assert_eq!(data["job"], Value::Null);
    });
}

#[test]
fn what_is_no_list_is_refused_at_once() {
    run(async |app: &App| {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        for (query, reason) in [
            ("{ viewer { id } }", "kernel.bulk_query_shape"),
            (
                "{ employees { nodes { wage } } }",
                "kernel.bulk_query_invalid",
            ),
            ("{ employees {", "kernel.bulk_query_invalid"),
        ] {
            let input = json!({ "query": query });
            let refused = act(&clerk, "bulkExportRun", input, "job { id }").await;
            assert_eq!(reasons(&refused), [reason], "{query}: {refused}");
        }
    });
}

#[test]
fn an_import_does_each_line_once_and_tells_which_were_refused() {
    run(async |app: &App| {
        let tenant = Tenant::new(app).await;
        let accountant = tenant.login(app, "lucia.fernandez").await;
        let line = |name: &str| json!({ "kind": "ORGANISATION", "name": name }).to_string();
        let lines = ["Tornillos Norte, S.A.", "", "Pinturas <Sur>, S.L."].map(line);
        let wanted = import(&accountant, &lines.join("\n"), "alta-de-proveedores").await;
        assert_eq!(wanted["userErrors"], json!([]), "{wanted}");
        let job = wanted["job"]["id"].as_str().unwrap();
        follow(&accountant, job).await;
        let query = "query ($id: ID!) { job(id: $id) { progress { done total } \
            itemErrors { userErrors { reason message field } } figures { name value } } }";
        let data = accountant.run(query, json!({ "id": job })).await;
        let errors = data["job"]["itemErrors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{data}");
        assert_eq!(
            errors[0]["userErrors"][0]["reason"],
            "kernel.bulk_line_refused"
        );
        let message = errors[0]["userErrors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("Línea 2:"), "{message}");
        let texts = files(&accountant, job).await;
        assert_eq!(texts.len(), 1);
        assert!(texts[0].contains("\"line\":2"), "{}", texts[0]);
        let found = "{ parties(search: \"Norte\") { totalCount } }";
        assert_eq!(
            accountant.ask(found).await["parties"]["totalCount"],
            json!(1)
        );
        let again = import(&accountant, "{}", "alta-de-proveedores").await;
        assert_eq!(reasons(&again), ["kernel.idempotency_conflict"], "{again}");
    });
}

#[test]
fn a_file_that_is_no_json_lines_is_refused_whole() {
    run(async |app: &App| {
        let tenant = Tenant::new(app).await;
        let accountant = tenant.login(app, "lucia.fernandez").await;
        let refused = import(&accountant, "{}\nnombre;país\n", "alta-rota-0001").await;
        assert_eq!(
            reasons(&refused),
            ["kernel.bulk_line_not_json"],
            "{refused}"
        );
    });
}
