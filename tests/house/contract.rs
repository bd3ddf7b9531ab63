//! The schema in the repository is the one that is served, and all of it is described.

use serde_json::{Value, json};

use crate::app::run;
use crate::client::Client;

/// Scalars that GraphQL itself defines.
const BUILT_IN: &[&str] = &["Boolean", "Float", "ID", "Int", "String"];

#[test]
fn the_schema_in_the_repository_is_the_one_that_is_served() {
    let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql"));
    let in_step = kept.expect("schema.graphql") == trastienda_api::schema::sdl();
    assert!(
        in_step,
        "schema.graphql is behind: run `cargo run -- schema`"
    );
}

#[test]
fn every_type_field_and_input_is_described() {
    run(|app| async move {
        let anonymous = Client::anonymous(app).await;
        let data = anonymous
            .ask(
                "{ __schema { types { name description fields(includeDeprecated: true) { \
                 name description } inputFields { name description } \
                 enumValues(includeDeprecated: true) { name description } } } }",
            )
            .await;
        let mut silent = Vec::new();
        for kind in data["__schema"]["types"].as_array().expect("types") {
            let name = kind["name"].as_str().expect("a name");
            if name.starts_with("__") || BUILT_IN.contains(&name) {
                continue;
            }
            hear(kind, name, &mut silent);
            for part in ["fields", "inputFields", "enumValues"] {
                for one in kind[part].as_array().unwrap_or(&Vec::new()) {
                    hear(one, &format!("{name}.{}", one["name"]), &mut silent);
                }
            }
        }
        // The roots are merged from the domains' parts and speak for themselves.
        silent.retain(|name| !["Query", "Mutation", "Subscription"].contains(&name.as_str()));
        assert_eq!(json!(silent), json!([]));
    });
}

fn hear(one: &Value, name: &str, silent: &mut Vec<String>) {
    if one["description"]
        .as_str()
        .is_none_or(|text| text.trim().is_empty())
    {
        silent.push(name.to_owned());
    }
}
