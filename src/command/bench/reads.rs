//! Reads: one record, a page of entries with their lines, and a page far down.

use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Bench;
use super::books::{self, COMPANY};
use super::door::{Door, at};
use super::load::{Measured, Meters};

/// Pages that are walked to get far down.
const DEEP: u32 = 40;

const POINT: &str = "query ($id: ID!) { entry(id: $id) { id memo postedOn total { amount } } }";
const PAGE: &str = "query ($filter: EntryFilter, $after: String) { \
    entries(first: 50, after: $after, filter: $filter) { nodes { id memo postedOn \
    journal { code } total { amount currencyCode } lines(first: 10) { rows { \
    account { code name } amount { document { amount currencyCode } } } } } \
    pageInfo { hasNextPage endCursor } } }";
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
    let point = move |number| {
        let index = usize::try_from(number).unwrap_or_default() % ids.len().max(1);
        json!({ "id": ids.get(index) })
    };
    read(bench, "a point read", POINT, point).await?;
    let first = json!({ "filter": filter });
    read(bench, "50 entries with ten lines each", PAGE, move |_| {
        first.clone()
    })
    .await?;
    let far = json!({ "filter": filter, "after": cursor });
    let name = format!("the same, {} entries down", DEEP * 250);
    read(bench, &name, PAGE, move |_| far.clone()).await
}

/// Asks one query again and again, and the rival for the same, whose answer must be the same.
pub async fn read(
    bench: &mut Bench,
    name: &str,
    query: &'static str,
    variables: impl Fn(u64) -> Value + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let variables = Arc::new(variables);
    let ours = once(bench, &bench.door, bench.meters, query, &variables).await?;
    bench.sheet.add(name, &ours);
    let Some(rival) = &bench.rival else {
        return Ok(());
    };
    let here = bench.door.ask(query, variables(0)).await?;
    let there = rival.door.ask(query, variables(0)).await?;
    anyhow::ensure!(
        here == there,
        "{name}: the rival answers {there}, not {here}"
    );
    let theirs = once(bench, &rival.door, rival.meters, query, &variables).await?;
    bench.sheet.add(&format!("{name}, by the rival"), &theirs);
    let times = ours.a_second / theirs.a_second;
    let said = format!("{times:.2} times the rate of the rival");
    bench.sheet.note(&format!("{name}, compared"), &said);
    Ok(())
}

async fn once<V>(
    bench: &Bench,
    door: &Door,
    meters: Meters,
    query: &'static str,
    variables: &Arc<V>,
) -> anyhow::Result<Measured>
where
    V: Fn(u64) -> Value + Send + Sync + 'static,
{
    let (door, variables) = (door.clone(), variables.clone());
    let ask = move |number| {
        let (door, variables) = (door.clone(), variables(number));
        async move { door.ask(query, variables).await.map(drop) }
    };
    bench.load.run(meters, ask).await
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
