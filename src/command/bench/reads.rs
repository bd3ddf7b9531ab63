//! Reads: one record, a page of entries with their lines, and a page far down.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Bench;
use super::books::{self, COMPANY};
use super::door::at;

/// Pages that are walked to get far down.
const DEEP: u32 = 40;

const POINT: &str = "query ($id: ID!) { entry(id: $id) { id memo postedOn total { amount } } }";
const PAGE: &str = "query ($filter: EntryFilter, $after: String) { \
    entries(first: 50, after: $after, filter: $filter) { nodes { id memo postedOn \
    journal { code } total { amount currencyCode } lines(first: 10) { rows { \
    account { code name } debit { amount } credit { amount } } } } pageInfo { endCursor } } }";
const WALK: &str = "query ($filter: EntryFilter, $after: String) { \
    entries(first: 250, after: $after, filter: $filter) { nodes { id } \
    pageInfo { endCursor hasNextPage } } }";

/// Measures the reads.
///
/// # Errors
/// A request that fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let company = bench.stage.company(COMPANY.0, COMPANY.1).await?;
    let lines = bench.scaled(books::LINES);
    books::fill(bench, company, lines).await?;
    let filter = json!({ "company": { "eq": company } });
    let (ids, cursor) = walk(bench, &filter).await?;
    let point = once(bench, POINT, move |number| {
        let index = usize::try_from(number).unwrap_or_default() % ids.len().max(1);
        json!({ "id": ids.get(index) })
    });
    let point = point.await?;
    bench.sheet.add("a point read", &point);
    let first = json!({ "filter": filter });
    let page = once(bench, PAGE, move |_| first.clone()).await?;
    bench.sheet.add("50 entries with ten lines each", &page);
    let far = json!({ "filter": filter, "after": cursor });
    let deep = once(bench, PAGE, move |_| far.clone()).await?;
    bench
        .sheet
        .add(&format!("the same, {} entries down", DEEP * 250), &deep);
    Ok(())
}

/// One query again and again.
async fn once(
    bench: &Bench,
    query: &'static str,
    variables: impl Fn(u64) -> Value + Send + Sync + 'static,
) -> anyhow::Result<super::load::Measured> {
    let (door, variables) = (bench.door.clone(), Arc::new(variables));
    let ask = move |number| {
        let (door, variables) = (door.clone(), variables(number));
        async move { door.ask(query, variables).await.map(drop) }
    };
    bench.load.run(bench.serve, ask).await
}

/// Ids of entries, and the cursor far down.
async fn walk(bench: &Bench, filter: &Value) -> anyhow::Result<(Vec<String>, Value)> {
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    for _ in 0..DEEP {
        let asked = json!({ "filter": filter, "after": after });
        let data = bench.door.ask(WALK, asked).await?;
        let page = at(&data, "/entries");
        let nodes = at(page, "/nodes").as_array().context("entries")?;
        let found = nodes.iter().filter_map(|node| at(node, "/id").as_str());
        ids.extend(found.map(str::to_owned));
        if *at(page, "/pageInfo/hasNextPage") != Value::Bool(true) {
            break;
        }
        after = at(page, "/pageInfo/endCursor").clone();
    }
    anyhow::ensure!(!ids.is_empty(), "no entries were loaded");
    Ok((ids, after))
}
