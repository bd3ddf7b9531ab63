//! The owner of one organisation asks for everything of another.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::{OWN_ACCOUNT, Pair, pair};
use crate::app::run;
use crate::client::Client;

/// Ids asked for at once by `nodes`.
const IDS: usize = 200;
/// Aliases of one query.
const ALIASES: usize = 10;

fn ids(pair: &Pair) -> HashSet<&str> {
    pair.records.iter().map(|(_, id)| id.as_str()).collect()
}

/// Every text of a response, at any depth.
fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => found.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

fn assert_nothing_of(foreign: &HashSet<&str>, response: &Value, what: &str) {
    let mut found = Vec::new();
    texts(response, &mut found);
    let crossed: Vec<_> = found
        .into_iter()
        .filter(|text| foreign.contains(text))
        .collect();
    assert!(
        crossed.is_empty(),
        "{what} gives {crossed:?} of another organisation"
    );
}

#[test]
fn the_other_organisation_has_enough_to_steal() {
    run(|app| async move {
        let pair = pair(app).await;
        let kinds: BTreeSet<&str> = pair.records.iter().map(|(kind, _)| kind.as_str()).collect();
        for kind in [
            "Employee",
            "Contract",
            "Entry",
            "Party",
            "PayrollRun",
            "Job",
            "User",
        ] {
            assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
        }
        assert!(kinds.len() >= 15, "{kinds:?}");
        assert!(pair.catalogue.lists.len() >= 30 && pair.catalogue.nouns.len() >= 30);
    });
}

#[test]
fn no_root_list_shows_or_counts_a_record_of_another_organisation() {
    run(|app| async move {
        let pair = pair(app).await;
        let foreign = ids(pair);
        let mut counted = 0;
        for list in &pair.catalogue.lists {
            let page = list.page(&pair.owner_b, &Value::Null).await;
            assert_nothing_of(&foreign, &page, &list.name);
            let of_kind: Vec<&str> = pair
                .records
                .iter()
                .filter(|(kind, _)| *kind == list.item)
                .map(|(_, id)| id.as_str())
                .take(50)
                .collect();
            if let Some(count) = list.count_among(&pair.owner_b, &of_kind).await {
                assert_eq!(
                    count, 0,
                    "{} counts records of another organisation",
                    list.name
                );
                let own = list.count_among(&pair.owner_a, &of_kind).await;
                counted += usize::from(own.is_some_and(|own| own > 0));
            }
        }
        assert!(
            counted >= 12,
            "the filter finds what is one's own in {counted} lists"
        );
    });
}

#[test]
fn no_id_of_another_organisation_is_found_by_node() {
    run(|app| async move {
        let pair = pair(app).await;
        let all: Vec<&str> = pair.records.iter().map(|(_, id)| id.as_str()).collect();
        let text = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
        for some in all.chunks(IDS) {
            let data = pair.owner_b.run(text, json!({ "ids": some })).await;
            let found = data["nodes"].as_array().expect("nodes");
            assert_eq!(found.len(), some.len());
            assert!(found.iter().all(Value::is_null), "{data}");
            let own = pair.owner_a.run(text, json!({ "ids": some })).await;
            let missing = own["nodes"]
                .as_array()
                .expect("nodes")
                .iter()
                .any(Value::is_null);
            assert!(!missing, "the owner finds what is theirs");
        }
        let one = "query ($id: ID!) { node(id: $id) { id } }";
        let data = pair
            .owner_b
            .run(one, json!({ "id": pair.a.demo.company.to_string() }))
            .await;
        assert_eq!(data["node"], Value::Null);
    });
}

#[test]
fn no_id_of_another_organisation_is_found_by_its_noun() {
    run(|app| async move {
        let pair = pair(app).await;
        let mut asked = 0;
        for noun in &pair.catalogue.nouns {
            let own = pair.records.iter().filter(|(kind, _)| *kind == noun.item);
            let own: Vec<&str> = own.map(|(_, id)| id.as_str()).take(60).collect();
            for some in own.chunks(ALIASES) {
                let fields: String = some
                    .iter()
                    .enumerate()
                    .map(|(at, id)| format!("r{at}: {}(id: \"{id}\") {{ id }} ", noun.name))
                    .collect();
                let data = pair.owner_b.ask(&format!("{{ {fields} }}")).await;
                let found = data.as_object().expect("data");
                assert_eq!(found.len(), some.len());
                assert!(found.values().all(Value::is_null), "{}: {data}", noun.name);
                asked += some.len();
            }
        }
        assert!(asked > 100, "{asked}");
    });
}

/// The feed of a client from its beginning, as the subjects' ids.
async fn feed(client: &Client) -> Vec<String> {
    let text = "query ($after: String) { changes(after: $after, first: 250) { \
                events { kind subjectId subject { id } } cursor hasMore } }";
    let mut found = Vec::new();
    let mut after = Value::Null;
    loop {
        let data = client.run(text, json!({ "after": after })).await;
        let mut texts_of = Vec::new();
        texts(&data["changes"]["events"], &mut texts_of);
        found.extend(texts_of.into_iter().map(str::to_owned));
        if data["changes"]["hasMore"] != true {
            return found;
        }
        after = data["changes"]["cursor"].clone();
    }
}

#[test]
fn the_feed_tells_nothing_of_another_organisation() {
    run(|app| async move {
        let pair = pair(app).await;
        let foreign = ids(pair);
        let mut told = false;
        for _ in 0..100 {
            let own = feed(&pair.owner_a).await;
            told = own.iter().any(|text| text == "ledger.entry.posted")
                && own.iter().any(|text| foreign.contains(text.as_str()));
            if told {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(told, "the feed never tells its own organisation");
        let other = feed(&pair.owner_b).await;
        assert!(other.iter().all(|text| !foreign.contains(text.as_str())));
        assert!(!other.iter().any(|text| text == "ledger.entry.posted"));
    });
}

#[test]
fn reports_and_acts_know_no_record_of_another_organisation() {
    run(|app| async move {
        let pair = pair(app).await;
        let company = pair.a.demo.company.to_string();
        let of = |kind: &str| {
            let found = pair.records.iter().find(|(one, _)| one == kind);
            found.map(|(_, id)| id.clone()).expect("a record")
        };
        let query = "query ($company: ID!) { payrollAccounts(company: $company) { accountCode } }";
        let refused = pair
            .owner_b
            .refused(query, json!({ "company": company }))
            .await;
        assert_eq!(refused, "BAD_USER_INPUT");
        let data = pair.owner_a.run(query, json!({ "company": company })).await;
        assert!(data.to_string().contains(OWN_ACCOUNT), "{data}");
        let query = "query ($company: ID!) { trialBalance(companyId: $company, \
                     fromDate: \"2026-01-01\", toDate: \"2026-12-31\") { rows { depth } } }";
        let response = pair
            .owner_b
            .send(query, json!({ "company": company }), None)
            .await;
        assert!(response["data"]["trialBalance"].is_null(), "{response}");
        assert_eq!(
            response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{response}"
        );
        let own = pair.owner_a.run(query, json!({ "company": company })).await;
        assert_ne!(own["trialBalance"]["rows"], json!([]));
        for (name, input, value) in [
            (
                "partyUpdate",
                "PartyUpdateInput",
                json!({ "id": of("Party"), "patch": { "name": "Robada" } }),
            ),
            (
                "scheduleRun",
                "ScheduleRunInput",
                json!({ "id": of("Schedule") }),
            ),
            (
                "entryReverse",
                "EntryReverseInput",
                json!({ "id": of("Entry"), "date": "2026-05-01", "memo": "Robado" }),
            ),
        ] {
            let text = format!(
                "mutation ($input: {input}!) {{ {name}(input: $input) {{ \
                 userErrors {{ code reason }} }} }}"
            );
            let data = pair.owner_b.run(&text, json!({ "input": value })).await;
            assert_eq!(
                data[name]["userErrors"][0]["code"], "NOT_FOUND",
                "{name}: {data}"
            );
        }
    });
}
