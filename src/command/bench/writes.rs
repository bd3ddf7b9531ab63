//! Posting entries through GraphQL, one at a time and many at once.

use kernel::ids::CompanyId;
use serde_json::{Value, json};
use trastienda_core::kernel;

use super::Bench;
use super::books::COMPANY;
use super::load::Load;
use super::plain;

/// Entries of one bulk posting.
const BULK: usize = 250;
/// Clients that post in bulk at once: more of them wait for each other's accounts.
const BULK_CLIENTS: usize = 2;

/// Measures the postings.
///
/// # Errors
/// A request that fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let company = bench.stage.company(COMPANY.0, COMPANY.1).await?;
    let door = bench.door.clone();
    let single = move |number| {
        let door = door.clone();
        async move {
            let posted = door.act("entryPost", entry(company, number), "entry { id number }");
            posted.await.map(drop)
        }
    };
    let single = bench.load.run(bench.meters, single).await?;
    bench.sheet.add("post an entry of two lines", &single);
    let plain = plain::measure(bench, company).await?;
    bench
        .sheet
        .add("the same rows by plain prepared SQL", &plain);
    let share = single.a_second * 100.0 / plain.a_second;
    bench.sheet.note(
        "a single posting through GraphQL, of the rate of plain SQL",
        &format!("{share:.0} %"),
    );
    let door = bench.door.clone();
    let bulk = move |number| {
        let door = door.clone();
        async move {
            let entries: Vec<Value> = (0..BULK).map(|_| entry(company, number)).collect();
            let input = json!({ "entries": entries });
            let posted = door.act("entryBulkPost", input, "results { entry { id } }");
            posted.await.map(drop)
        }
    };
    let load = Load {
        clients: bench.load.clients.min(BULK_CLIENTS),
        ..bench.load
    };
    let bulk = load.run(bench.meters, bulk).await?;
    bench
        .sheet
        .add(&format!("post {BULK} entries in one request"), &bulk);
    let bulk_entries = f64::from(u32::try_from(BULK)?) * bulk.a_second;
    bench
        .sheet
        .note("entries posted in bulk", &format!("{bulk_entries:.0}/s"));
    Ok(())
}

fn entry(company: CompanyId, number: u64) -> Value {
    let amount = format!("{}.{:02}", 1 + number % 900, number % 100);
    json!({
        "companyId": company, "date": "2026-11-20", "memo": "Medida",
        "lines": [
            { "accountCode": "4300", "debit": amount, "currencyCode": "EUR" },
            { "accountCode": "100", "credit": amount, "currencyCode": "EUR" },
        ],
    })
}
