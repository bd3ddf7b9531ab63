//! What the door refuses, each with its code.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;
use url::Url;

use crate::app::run;
use crate::client::{Client, Tenant};

/// A document of fragments that each name the next one twice: 2^24 fields.
fn bomb() -> String {
    let mut text = String::from("{ viewer { ...f0 } } ");
    for at in 0..24 {
        let next = at + 1;
        write!(
            text,
            "fragment f{at} on Viewer {{ ...f{next} ...f{next} }} "
        )
        .unwrap();
    }
    text.push_str("fragment f24 on Viewer { name }");
    text
}

#[test]
fn a_fragment_bomb_is_refused_in_milliseconds_by_its_size_alone() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        anonymous.send("{ __typename }", json!({}), None).await;
        let begun = Instant::now();
        let response = anonymous.send(&bomb(), json!({}), None).await;
        let taken = begun.elapsed();
        let error = &response["errors"][0];
        assert_eq!(
            error["extensions"]["code"], "TOO_MANY_SELECTIONS",
            "{response}"
        );
        assert!(
            response.get("data").is_none(),
            "nothing was executed: {response}"
        );
        assert!(taken < Duration::from_millis(250), "{taken:?}");
    });
}

#[test]
fn a_fragment_that_names_itself_is_refused() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        let text =
            "{ viewer { ...a } } fragment a on Viewer { ...b } fragment b on Viewer { ...a }";
        let response = anonymous.send(text, json!({}), None).await;
        assert!(response.get("data").is_none(), "{response}");
        assert!(
            response["errors"][0]["extensions"]["code"].is_string(),
            "{response}"
        );
    });
}

#[test]
fn too_many_aliases_and_too_much_depth_have_codes_of_their_own() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        let aliases: String = (0..16).map(|at| format!("a{at}: __typename ")).collect();
        let code = anonymous
            .refused(&format!("{{ viewer {{ {aliases} }} }}"), json!({}))
            .await;
        assert_eq!(code, "TOO_MANY_ALIASES");
        let deep = "{ employees { nodes { department { company { departments { nodes { company { \
                    departments { nodes { id } } } } } } } } } }";
        assert_eq!(anonymous.refused(deep, json!({})).await, "DEPTH_EXCEEDED");
    });
}

#[test]
fn a_mutation_over_get_is_not_allowed_and_does_nothing() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let owner = tenant.login(app, "elena.campos").await;
        let text = "mutation { partyCreate(input: {kind: ORGANISATION, name: \"Por GET\"}) { \
                    userErrors { code } } }";
        let url = Url::parse_with_params(owner.url(), [("query", text)]).unwrap();
        let request = reqwest::Client::new()
            .get(url.as_str())
            .bearer_auth(owner.token());
        let response = request
            .header("accept", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), 405);
        assert_eq!(response.headers()["allow"], "POST");
        let filter = json!({ "filter": { "name": { "eq": "Por GET" } } });
        let count = "query ($filter: PartyFilter) { parties(filter: $filter) { totalCount } }";
        assert_eq!(owner.run(count, filter).await["parties"]["totalCount"], 0);
        let url = Url::parse_with_params(owner.url(), [("query", "{ viewer { name } }")]).unwrap();
        let request = reqwest::Client::new()
            .get(url.as_str())
            .bearer_auth(owner.token());
        let response = request
            .header("accept", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), 200, "a query may come by GET");
    });
}

#[test]
fn nobody_gets_nothing() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        for text in [
            "{ viewer { name } }",
            "{ employees { totalCount } }",
            "{ node(id: \"com_01h455vb4pex5vsknk084sn02q\") { id } }",
            "{ auditEntries { totalCount } }",
            "{ changes { cursor } }",
            "{ payslips { nodes { id } } }",
        ] {
            assert_eq!(
                anonymous.refused(text, json!({})).await,
                "UNAUTHENTICATED",
                "{text}"
            );
        }
        let text = "mutation { partyCreate(input: {kind: PERSON, name: \"Nadie\"}) { \
                    userErrors { code } } }";
        assert_eq!(anonymous.refused(text, json!({})).await, "UNAUTHENTICATED");
    });
}

#[test]
fn a_wrong_token_is_refused_whatever_is_asked() {
    run(|app| async move {
        let url = Client::anonymous(app).await.url().to_owned();
        let request = reqwest::Client::new()
            .post(url)
            .bearer_auth("no-es-de-nadie")
            .header("content-type", "application/json")
            .body(json!({ "query": "{ __typename }" }).to_string());
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert!(response.text().await.unwrap().contains("UNAUTHENTICATED"));
    });
}
