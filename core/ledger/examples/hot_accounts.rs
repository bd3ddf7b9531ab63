//! Measures the ledger against a scratch database: postings a second on hot accounts with 1, 8 and
//! 32 clients, the sums of snapshots taken meanwhile, and trial balances over many lines.
//!
//! `DATABASE_URL` logs in as the application; `OWNER_URL` may make the company. Arguments: lines to
//! load for the trial balance (0 for none), seconds a measurement.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures::FutureExt;
use kernel::ids::{CompanyId, EntryId, OrganisationId};
use kernel::{Actor, Clock, Context, CurrencyCode, Date, Db, DbSettings, Result};
use ledger::balance::{self, Slice};
use ledger::chart::{self, ChartName};
use ledger::report::{TrialBalanceRequest, trial_balance};
use ledger::{PostEntry, PostLine, SourceKey, entry, fiscal_year};
use rust_decimal::Decimal;
use trastienda_ledger as ledger;

const ACCOUNTS: [&str; 4] = ["572", "570", "465", "640"];

#[derive(Clone)]
struct Scene {
    db: Db,
    context: Arc<Context>,
    company: CompanyId,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let lines: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let seconds: u64 = args.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let scene = scene().await?;
    transfers(&scene, 200).await?;
    for clients in [1, 8, 32] {
        measure(&scene, clients, Duration::from_secs(seconds)).await?;
    }
    load(&scene, lines).await?;
    reports(&scene).await
}

async fn scene() -> Result<Scene> {
    let mut settings = DbSettings::new(std::env::var("DATABASE_URL").unwrap());
    settings.pool_size = 40;
    settings.pool_wait_ms = 30_000;
    settings.lock_timeout_ms = 20_000;
    let db = Db::new(&settings, Clock::System)?;
    let (organisation, company) = (OrganisationId::generate(), CompanyId::generate());
    let mut owner = AsyncPgConnection::establish(&std::env::var("OWNER_URL").unwrap())
        .await
        .unwrap();
    let (o, c) = (organisation.0, company.0);
    owner
        .batch_execute(&format!(
            "SET session_replication_role = replica; SET row_security = off; \
             INSERT INTO directory.company (organisation_id, id, code, legal_name, tax_country, \
                 tax_id, currency, zone, locale, country, created_at) \
             VALUES ('{o}', '{c}', 'BENCH', 'Bench', 'ES', 'B00000000', 'EUR', \
                 'Europe/Madrid', 'ES', 'ES', now())"
        ))
        .await?;
    let context = Arc::new(Context::new(
        Arc::new(Actor::system(organisation)),
        Clock::System.now(),
    ));
    let scene = Scene {
        db,
        context,
        company,
    };
    let day = |m, d| Date(chrono::NaiveDate::from_ymd_opt(2026, m, d).unwrap());
    let mut tx = scene.db.begin(&scene.context).await?;
    let begun = Instant::now();
    let made = chart::install(&mut tx, company, &ChartName::EsPyme.template()?).await?;
    println!("chart: {} accounts in {:?}", made.accounts, begun.elapsed());
    let year = fiscal_year::FiscalYearOpenInput {
        id: None,
        company_id: company,
        name: None,
        starts_on: day(1, 1),
        ends_on: day(12, 31),
    };
    fiscal_year::open(&mut tx, year).await?;
    tx.commit().await?;
    Ok(scene)
}

fn transfer(company: CompanyId, seed: u64, lines: usize) -> PostEntry {
    let index = usize::try_from(seed % 4).unwrap();
    let month = u32::try_from(seed / 4 % 12 + 1).unwrap();
    let (from, to) = (ACCOUNTS[index], ACCOUNTS[(index + 1) % 4]);
    let cents = Decimal::new(i64::try_from(seed % 1_000 + 1).unwrap(), 2);
    let pairs = (0..lines / 2).flat_map(|_| {
        [
            PostLine::debit(to, cents, CurrencyCode::EUR),
            PostLine::credit(from, cents, CurrencyCode::EUR),
        ]
    });
    let day = u32::try_from(seed / 48 % 28 + 1).unwrap();
    PostEntry {
        id: None,
        company,
        journal: ledger::journal::GENERAL.into(),
        date: chrono::NaiveDate::from_ymd_opt(2026, month, day).unwrap(),
        memo: "traspaso".to_owned(),
        source: SourceKey::new("ledger.bench", EntryId::generate(), "post"),
        reverses: None,
        lines: pairs.collect(),
    }
}

async fn one(scene: &Scene, seed: u64) -> Result<()> {
    let posting = transfer(scene.company, seed % 2, 2);
    scene
        .db
        .write(&scene.context, move |tx| entry::post(tx, posting).boxed())
        .await
        .map(|_| ())
}

async fn snapshot(scene: &Scene) -> Result<Decimal> {
    let company = scene.company;
    let mut tx = scene.db.begin(&scene.context).await?;
    let request = request(company);
    let report = trial_balance(&mut tx, request).await?;
    tx.rollback().await?;
    Ok(report.total.closing().abs() + (report.total.debit - report.total.credit).abs())
}

fn request(company: CompanyId) -> TrialBalanceRequest {
    let day = |m, d| chrono::NaiveDate::from_ymd_opt(2026, m, d).unwrap();
    TrialBalanceRequest {
        company,
        from: day(3, 10),
        to: day(9, 20),
        slice: Slice::Whole,
        levels: None,
    }
}

/// So many transfers at once, with snapshots taken all the while.
async fn transfers(scene: &Scene, count: u64) -> Result<()> {
    let done = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn({
        let (scene, done) = (scene.clone(), done.clone());
        async move {
            let (mut taken, mut off) = (0_u64, Decimal::ZERO);
            while !done.load(Ordering::Relaxed) {
                off += snapshot(&scene).await.unwrap();
                taken += 1;
            }
            (taken, off)
        }
    });
    let tasks: Vec<_> = (0..count)
        .map(|seed| {
            let scene = scene.clone();
            tokio::spawn(async move { one(&scene, seed).await })
        })
        .collect();
    let mut failed = 0;
    for task in tasks {
        failed += u64::from(task.await.unwrap().is_err());
    }
    done.store(true, Ordering::Relaxed);
    let (taken, off) = watch.await.unwrap();
    let mut tx = scene.db.begin(&scene.context).await?;
    let drift = balance::verify(&mut tx, scene.company).await?;
    tx.rollback().await?;
    println!(
        "{count} concurrent transfers: {failed} failed; {taken} snapshots, off by {off} in all; \
         {} balances differ from their lines",
        drift.len()
    );
    Ok(())
}

async fn measure(scene: &Scene, clients: u64, time: Duration) -> Result<()> {
    let (count, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let (scene, count, failed) = (scene.clone(), count.clone(), failed.clone());
            tokio::spawn(async move {
                while begun.elapsed() < time {
                    let counter = match one(&scene, client).await {
                        Ok(()) => &count,
                        Err(_) => &failed,
                    };
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = count.load(Ordering::Relaxed);
    let rate = u128::from(count) * 1_000 / begun.elapsed().as_millis().max(1);
    println!(
        "{clients} clients: {rate} postings/s, {} failed",
        failed.load(Ordering::Relaxed)
    );
    Ok(())
}

/// Loads lines in batches of 50 entries of 100 lines.
async fn load(scene: &Scene, lines: u64) -> Result<()> {
    let begun = Instant::now();
    for batch in 0..lines / 5_000 {
        let company = scene.company;
        let posts: Vec<PostEntry> = (0..50)
            .map(|at| transfer(company, batch * 50 + at, 100))
            .collect();
        scene
            .db
            .write(&scene.context, move |tx| {
                async move { entry::post_all(tx, &posts).await }.boxed()
            })
            .await?;
    }
    if lines > 0 {
        let rate = u128::from(lines) * 1_000 / begun.elapsed().as_millis().max(1);
        println!("loaded {lines} lines: {rate} lines/s");
    }
    Ok(())
}

async fn reports(scene: &Scene) -> Result<()> {
    snapshot(scene).await?;
    let begun = Instant::now();
    for _ in 0..20 {
        assert!(snapshot(scene).await?.is_zero());
    }
    println!("trial balance: {:?} each", begun.elapsed() / 20);
    Ok(())
}
