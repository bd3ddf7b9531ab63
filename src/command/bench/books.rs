//! Big books: loading a million lines through the domain, and the trial balance over them.

use std::time::Instant;

use kernel::ids::{CompanyId, EntryId};
use kernel::{CurrencyCode, Date};
use ledger::entry::{PostEntry, PostLine, SourceKey, post_all};
use rust_decimal::Decimal;
use serde_json::json;
use trastienda_core::demo::numbers;
use trastienda_core::{kernel, ledger};

use super::Bench;
use super::door::at;
use super::stage::last_day;
use crate::say;

/// Lines of the big books at full scale.
pub const LINES: u32 = 1_000_000;
/// The company of the big books, by code and number.
pub const COMPANY: (&str, u64) = ("BENCH", 1);
/// Lines of one entry.
const OF_AN_ENTRY: u32 = 20;
/// Entries posted in one transaction.
const BATCH: u32 = 250;
/// Accounts that the lines are spread over.
const ACCOUNTS: [&str; 4] = ["4300", "100", "4310", "4000"];

const TRIAL: &str = "query ($company: ID!, $from: Date!, $to: Date!) { \
    trialBalance(companyId: $company, fromDate: $from, toDate: $to) { \
    rows { depth account { code } figures { debit { amount } credit { amount } \
    closing { amount } } } totals { closing { amount } } } }";

/// Measures the trial balance.
///
/// # Errors
/// A request that fails.
pub async fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let company = bench.stage.company(COMPANY.0, COMPANY.1).await?;
    let lines = bench.scaled(LINES);
    fill(bench, company, lines).await?;
    let door = bench.door.clone();
    let to = last_day()?;
    let ask = move |_| {
        let door = door.clone();
        async move {
            let asked = json!({ "company": company, "from": "2026-01-01", "to": to });
            let data = door.ask(TRIAL, asked).await?;
            let closing = at(&data, "/trialBalance/totals/closing/amount");
            let sum: Decimal = closing.as_str().unwrap_or("1").parse()?;
            anyhow::ensure!(sum.is_zero(), "the books don't balance: {closing}");
            Ok(())
        }
    };
    let measured = bench.load.run(bench.meters, ask).await?;
    bench
        .sheet
        .add(&format!("trial balance over {lines} lines"), &measured);
    Ok(())
}

/// Fills the books of a company with so many lines, in what they lack of them.
///
/// # Errors
/// A database that is away.
pub async fn fill(bench: &mut Bench, company: CompanyId, lines: u32) -> anyhow::Result<()> {
    let filter = json!({ "filter": { "company": { "eq": company } } });
    let count = "query ($filter: EntryFilter) { entries(filter: $filter) { totalCount } }";
    let there = bench.door.ask(count, filter).await?;
    let there = at(&there, "/entries/totalCount")
        .as_u64()
        .unwrap_or_default();
    let there = u32::try_from(there).unwrap_or(u32::MAX);
    let wanted = lines / OF_AN_ENTRY;
    if there >= wanted {
        return Ok(());
    }
    say::aside(&format!(
        "bench: {} lines are loaded",
        (wanted - there) * OF_AN_ENTRY
    ));
    let begun = Instant::now();
    let mut from = there;
    while from < wanted {
        let to = (from + BATCH).min(wanted);
        let posts: anyhow::Result<Vec<PostEntry>> = (from..to)
            .map(|number| entry(bench, company, number))
            .collect();
        let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
        post_all(&mut tx, &posts?).await?;
        tx.commit().await?;
        from = to;
    }
    let loaded = f64::from((wanted - there) * OF_AN_ENTRY) / begun.elapsed().as_secs_f64();
    let name = format!(
        "loading lines through the domain, {} entries a transaction",
        BATCH
    );
    bench.sheet.note(&name, &format!("{loaded:.0} lines/s"));
    Ok(())
}

fn entry(bench: &Bench, company: CompanyId, number: u32) -> anyhow::Result<PostEntry> {
    let day = (number % 28) + 1;
    let month = (number / 28 % 11) + 1;
    let date: Date = numbers::day(2026, month, day)?;
    let source = EntryId(bench.stage.id(&format!("entry {number}")));
    let lines = (0..OF_AN_ENTRY).map(|place| {
        let euros = Decimal::from(1 + (number + place / 2) % 500);
        let amount = if place % 2 == 0 { euros } else { -euros };
        let index = usize::try_from(place).unwrap_or_default() % ACCOUNTS.len();
        let code = ACCOUNTS.get(index).copied().unwrap_or("100");
        PostLine::signed(code, amount, CurrencyCode::EUR)
    });
    Ok(PostEntry {
        id: None,
        company,
        journal: "GEN".into(),
        date: date.0,
        memo: "Medida".to_owned(),
        source: SourceKey::new("bench", source, "load"),
        reverses: None,
        lines: lines.collect(),
    })
}
