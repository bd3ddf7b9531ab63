//! The GraphQL in the README and in the other documents: every document fits the schema, and what
//! the README sends by curl is answered.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trastienda_core::demo::Demo;

use super::script::{Block, blocks, docs, markdown, text};
use crate::app::run;
use crate::client::{Client, Tenant};

/// A document somewhere in the documentation.
struct Example {
    place: String,
    document: String,
    variables: Value,
    /// Whether it is sent as it stands, so that it must be answered.
    complete: bool,
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    for folder in [docs(), docs().join("adr"), docs().join("walkthroughs")] {
        files.extend(markdown(&folder).unwrap());
    }
    files
}

fn examples(path: &Path) -> Vec<Example> {
    let all = blocks(&text(path).unwrap());
    all.iter()
        .flat_map(|block| {
            let place = format!("{}:{}", path.display(), block.line);
            documents(block)
                .into_iter()
                .map(move |(document, variables)| Example {
                    place: place.clone(),
                    document,
                    complete: !variables.is_null(),
                    variables,
                })
        })
        .collect()
}

/// The documents of a block, with the variables of those that are sent as they stand.
fn documents(block: &Block) -> Vec<(String, Value)> {
    let alone = |text: &str| (text.to_owned(), Value::Null);
    match block.language.as_str() {
        "graphql" => vec![alone(&block.text)],
        "ts" => between(&block.text, "graphql(`", "`)").map(alone).collect(),
        "python" => {
            let long = between(&block.text, "\"\"\"", "\"\"\"");
            let short = between(&block.text, "= \"{", "\"\n");
            let short = short.map(|text| alone(&format!("{{{text}")));
            long.map(alone).chain(short).collect()
        }
        "sh" => between(&block.text, "-d '", "'")
            .map(|body| {
                let body: Value = serde_json::from_str(body).expect("JSON for curl");
                let document = body["query"].as_str().expect("a query").to_owned();
                let variables = body.get("variables").cloned();
                (document, variables.unwrap_or_else(|| json!({})))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What stands between two marks, each time.
fn between<'t>(text: &'t str, from: &'t str, to: &'t str) -> impl Iterator<Item = &'t str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(from)?;
        let (found, after) = after.split_once(to)?;
        rest = after;
        Some(found)
    })
}

#[test]
fn every_example_fits_the_schema_and_those_of_curl_are_answered() {
    run(|app| async move {
        let tenant = Tenant::new(app).await;
        let clerk = tenant.login(app, "marta.ruiz").await;
        let all: Vec<Example> = files().iter().flat_map(|path| examples(path)).collect();
        assert!(all.len() >= 5, "{} examples", all.len());
        assert!(all.iter().filter(|one| one.complete).count() >= 2);
        for example in &all {
            fits(&clerk, example, &tenant.slug).await;
        }
    });
}

async fn fits(client: &Client, example: &Example, slug: &str) {
    let address = |name: &str| Demo::email(slug, name);
    let variables = example.variables.to_string();
    let variables = variables.replace("marta.ruiz@demo.example", &address("marta.ruiz"));
    let variables = serde_json::from_str(&variables).unwrap();
    let answer = client.send(&example.document, variables, None).await;
    let place = &example.place;
    if example.complete {
        assert!(answer.get("errors").is_none(), "{place}: {answer}");
        let data = answer["data"].as_object().expect("data");
        for (name, payload) in data {
            let errors = payload.get("userErrors");
            let none = errors.is_none_or(|errors| errors.as_array().is_some_and(Vec::is_empty));
            assert!(none, "{place}: {name}: {payload}");
        }
        return;
    }
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    let wrong = code.is_some_and(|code| code.starts_with("GRAPHQL_"));
    assert!(!wrong, "{place}: {answer}");
}
