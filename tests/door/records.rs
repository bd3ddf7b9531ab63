//! Records by their ids, their versions, and the language they are spoken of in.

use serde_json::{Value, json};

use crate::app::run;
use crate::client::{Client, Tenant};

const UPDATE: &str = "mutation ($input: PartyUpdateInput!) { partyUpdate(input: $input) { \
    party { name version } userErrors { code reason message field } } }";

/// A new party's id and version.
async fn party(client: &Client, name: &str) -> (String, i64) {
    let data = client
        .run(
            "mutation ($input: PartyCreateInput!) { partyCreate(input: $input) { \
             party { id version } userErrors { code reason message } } }",
            json!({ "input": { "kind": "ORGANISATION", "name": name } }),
        )
        .await;
    let party = &data["partyCreate"]["party"];
    let id = party["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{data}"))
        .to_owned();
    (id, party["version"].as_i64().expect("a version"))
}

#[test]
fn node_gives_each_kind_by_its_id_and_a_noun_gives_its_own_kind_alone() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let data = owner
            .ask(
                "{ companies { nodes { id } } employees(first: 1) { nodes { id } } \
                 users(first: 1) { nodes { id } } accounts(first: 1) { nodes { id } } \
                 schedules { nodes { id } } periods(first: 1) { nodes { id } } }",
            )
            .await;
        let id = |list: &str| data[list]["nodes"][0]["id"].clone();
        let wanted = [
            ("companies", "Company"),
            ("employees", "Employee"),
            ("users", "User"),
            ("accounts", "Account"),
            ("schedules", "Schedule"),
            ("periods", "Period"),
        ];
        let ids: Vec<Value> = wanted.iter().map(|(list, _)| id(list)).collect();
        let text = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
        let found = owner.run(text, json!({ "ids": ids })).await;
        for (at, (_, kind)) in wanted.iter().enumerate() {
            assert_eq!(
                found["nodes"][at],
                json!({ "__typename": kind, "id": ids[at] })
            );
        }
        let text = "query ($id: ID!) { node(id: $id) { id } }";
        for strange in ["", "nonsense", "com_", "xyz_01h455vb4pex5vsknk084sn02q"] {
            let data = owner.run(text, json!({ "id": strange })).await;
            assert_eq!(data["node"], Value::Null, "{strange}");
        }
        let text = "query ($id: ID!) { employee(id: $id) { id } }";
        let response = owner
            .send(text, json!({ "id": id("companies") }), None)
            .await;
        assert!(response["data"]["employee"].is_null(), "{response}");
    });
}

#[test]
fn a_change_on_an_old_version_is_stale() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let (id, version) = party(&owner, "Primera").await;
        let change = |name: &str| {
            json!({ "input": {
            "id": id, "expectedVersion": version, "patch": { "name": name },
        } })
        };
        let first = owner.run(UPDATE, change("Segunda")).await;
        assert_eq!(first["partyUpdate"]["party"]["name"], "Segunda", "{first}");
        let late = owner.run(UPDATE, change("Tercera")).await;
        let error = &late["partyUpdate"]["userErrors"][0];
        assert_eq!(error["code"], "STALE", "{late}");
        assert_eq!(error["field"], json!(["input", "expectedVersion"]));
        let text = "query ($id: ID!) { party(id: $id) { name } }";
        let now = owner.run(text, json!({ "id": id })).await;
        assert_eq!(now["party"]["name"], "Segunda");
    });
}

#[test]
fn sentences_come_in_the_language_asked_for() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let (id, version) = party(&owner, "Primera").await;
        let late = json!({ "input": {
            "id": id, "expectedVersion": version + 7, "patch": { "name": "Otra" },
        } });
        let mut said = Vec::new();
        for client in [owner.clone(), owner.in_english()] {
            let data = client.run(UPDATE, late.clone()).await;
            let error = &data["partyUpdate"]["userErrors"][0];
            let sentence = error["message"].as_str().expect("a sentence").to_owned();
            assert!(
                sentence.contains(' ') && sentence != error["reason"],
                "{sentence}"
            );
            said.push(sentence);
        }
        assert_ne!(said[0], said[1]);
        let aliases: String = (0..16).map(|at| format!("a{at}: __typename ")).collect();
        let text = format!("{{ viewer {{ {aliases} }} }}");
        let spanish = owner.send(&text, json!({}), None).await;
        let english = owner.in_english().send(&text, json!({}), None).await;
        let sentence = |response: &Value| response["errors"][0]["message"].to_string();
        assert!(
            sentence(&spanish).contains("La consulta pasa del límite"),
            "{spanish}"
        );
        assert!(
            sentence(&english).contains("The query exceeds the limit"),
            "{english}"
        );
    });
}
