//! What can be asked for at the root of the schema, as the schema itself tells.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::client::Client;

/// Items asked for at once.
const PAGE: i32 = 250;
/// Pages of a list that are read.
const PAGES: usize = 3;

/// The roots of the schema.
pub struct Catalogue {
    pub lists: Vec<List>,
    pub nouns: Vec<Noun>,
}

/// A root field that gives a page of a list.
pub struct List {
    pub name: String,
    /// The type of its items.
    pub item: String,
    has_ids: bool,
    is_rows: bool,
}

/// A root field that gives a record by its id.
pub struct Noun {
    pub name: String,
    pub item: String,
}

impl Catalogue {
    /// Reads the schema.
    pub async fn read(client: &Client) -> Self {
        let data = client
            .ask(
                "{ __schema { queryType { fields { name args { name defaultValue type { kind } } \
                 type { kind name ofType { kind name } } } } } \
                 __type(name: \"Node\") { possibleTypes { name } } }",
            )
            .await;
        let possible = data["__type"]["possibleTypes"]
            .as_array()
            .expect("types of nodes");
        let nodes: HashSet<&str> = possible
            .iter()
            .map(|kind| kind["name"].as_str().expect("a name"))
            .collect();
        let fields = data["__schema"]["queryType"]["fields"]
            .as_array()
            .expect("root fields");
        Self {
            lists: fields
                .iter()
                .filter_map(|field| List::of(field, &nodes))
                .collect(),
            nouns: fields.iter().filter_map(Noun::of).collect(),
        }
    }
}

impl List {
    fn of(field: &Value, nodes: &HashSet<&str>) -> Option<Self> {
        let args = field["args"].as_array()?;
        let needed =
            |arg: &Value| arg["type"]["kind"] == "NON_NULL" && arg["defaultValue"] == Value::Null;
        if args.iter().any(needed) {
            return None;
        }
        let kind = field["type"]["ofType"]["name"].as_str()?;
        let is_rows = kind.ends_with("Page");
        let item = kind
            .strip_suffix("Connection")
            .or_else(|| kind.strip_suffix("Page"))?;
        Some(Self {
            name: field["name"].as_str()?.to_owned(),
            item: item.to_owned(),
            has_ids: nodes.contains(item),
            is_rows,
        })
    }

    /// A page of the list, with all that names its items.
    pub async fn page(&self, client: &Client, after: &Value) -> Value {
        let items = if self.is_rows { "rows" } else { "nodes" };
        let id = if self.has_ids { "id" } else { "" };
        let text = format!(
            "query ($first: Int, $after: String) {{ page: {}(first: $first, after: $after) {{ \
             totalCount items: {items} {{ __typename {id} }} \
             pageInfo {{ hasNextPage endCursor }} }} }}",
            self.name
        );
        let mut data = client
            .run(&text, json!({ "first": PAGE, "after": after }))
            .await;
        data["page"].take()
    }

    /// The ids of the items that a client finds in it.
    pub async fn ids(&self, client: &Client) -> Vec<String> {
        let mut found = Vec::new();
        let mut after = Value::Null;
        for _ in 0..PAGES {
            let page = self.page(client, &after).await;
            let items = page["items"].as_array().expect("items");
            found.extend(
                items
                    .iter()
                    .filter_map(|item| item["id"].as_str().map(str::to_owned)),
            );
            if page["pageInfo"]["hasNextPage"] != true {
                break;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
        found
    }

    /// How many items a client counts among those of some ids; `None` when it can't filter by id.
    pub async fn count_among(&self, client: &Client, ids: &[&str]) -> Option<i64> {
        let filter = format!("{}Filter", self.item);
        let text = "query ($name: String!) { __type(name: $name) { inputFields { name } } }";
        let data = client.run(text, json!({ "name": filter })).await;
        if !data["__type"]["inputFields"]
            .as_array()?
            .iter()
            .any(|field| field["name"] == "id")
        {
            return None;
        }
        let text = format!(
            "query ($filter: {filter}) {{ {}(filter: $filter) {{ totalCount }} }}",
            self.name
        );
        let chosen = json!({ "filter": { "id": { "in": ids } } });
        let data = client.run(&text, chosen).await;
        data[&self.name]["totalCount"].as_i64()
    }
}

impl Noun {
    fn of(field: &Value) -> Option<Self> {
        let args = field["args"].as_array()?;
        let by_id = matches!(args.as_slice(), [one] if one["name"] == "id");
        let item = field["type"]["name"].as_str()?;
        (by_id && field["type"]["kind"] == "OBJECT").then(|| Self {
            name: field["name"].as_str().unwrap_or_default().to_owned(),
            item: item.to_owned(),
        })
    }
}
