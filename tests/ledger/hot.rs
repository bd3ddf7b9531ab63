//! Two hundred at once among four hot accounts: no snapshot ever shows money made or lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ::kernel::ids::EntryId;
use ::kernel::{Clock, CurrencyCode, Db, DbSettings};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use tokio_util::sync::CancellationToken;
use trastienda_core::ledger::entry::{self, PostEntry, PostLine, SourceKey};

use crate::app::{run, system};
use crate::client::Tenant;

const HOT: [&str; 4] = ["4300", "100", "101", "102"];
const TRANSFERS: usize = 200;
/// The nil id: balances of whole accounts.
const WHOLE: &str = "00000000-0000-0000-0000-000000000000";

#[derive(QueryableByName)]
struct Snapshot {
    #[diesel(sql_type = Numeric)]
    balances: Decimal,
    #[diesel(sql_type = Numeric)]
    lines: Decimal,
    #[diesel(sql_type = BigInt)]
    entries: i64,
}

#[derive(QueryableByName)]
struct Standing {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Numeric)]
    balance: Decimal,
}

#[derive(QueryableByName)]
struct Numbers {
    #[diesel(sql_type = BigInt)]
    lowest: i64,
    #[diesel(sql_type = BigInt)]
    highest: i64,
    #[diesel(sql_type = BigInt)]
    different: i64,
}

/// The transfer of a turn: from, to, cents.
fn transfer(turn: usize) -> (&'static str, &'static str, Decimal) {
    let from = turn % HOT.len();
    let to = (from + 1 + turn / HOT.len() % (HOT.len() - 1)) % HOT.len();
    let cents = i64::try_from(turn * 37 % 9_973 + 1).expect("cents");
    (HOT[from], HOT[to], Decimal::new(cents, 2))
}

async fn post(db: &Db, tenant: &Tenant, turn: usize) {
    let (from, to, amount) = transfer(turn);
    let wanted = PostEntry {
        id: None,
        company: tenant.demo.company,
        journal: "GEN".into(),
        date: "2026-04-10".parse().expect("a day"),
        memo: format!("Traspaso {turn}"),
        source: SourceKey::new("test.transfer", EntryId::generate(), "transfer"),
        reverses: None,
        lines: vec![
            PostLine::debit(to, amount, CurrencyCode::EUR),
            PostLine::credit(from, amount, CurrencyCode::EUR),
        ],
    };
    let mut tx = db
        .begin(&system(tenant.demo.organisation, db))
        .await
        .expect("a transaction");
    entry::post(&mut tx, wanted).await.expect("a posting");
    tx.commit().await.expect("a commit");
}

async fn snapshot(db: &Db, tenant: &Tenant) -> Snapshot {
    let mut tx = db
        .begin(&system(tenant.demo.organisation, db))
        .await
        .expect("a transaction");
    diesel::sql_query(format!(
        "SELECT (SELECT coalesce(sum(debit - credit), 0) FROM ledger.balance \
                 WHERE grain = 'DAY' AND slice = '{WHOLE}') AS balances, \
                (SELECT coalesce(sum(company_amount), 0) FROM ledger.entry_line) AS lines, \
                (SELECT count(*) FROM ledger.entry) AS entries"
    ))
    .get_result(tx.conn())
    .await
    .expect("a snapshot")
}

/// Takes snapshots until told to stop; gives how many entries each one saw.
async fn watch(db: Db, tenant: Arc<Tenant>, stop: CancellationToken) -> Vec<i64> {
    let mut seen = Vec::new();
    while !stop.is_cancelled() {
        let now = snapshot(&db, &tenant).await;
        assert_eq!((now.balances, now.lines), (Decimal::ZERO, Decimal::ZERO));
        seen.push(now.entries);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    seen
}

#[test]
fn two_hundred_transfers_at_once_keep_every_snapshot_at_zero() {
    run(|app| async move {
        let tenant = Arc::new(Tenant::new(app).await);
        let settings = DbSettings {
            pool_size: 48,
            pool_wait_ms: 60_000,
            lock_timeout_ms: 30_000,
            statement_timeout_ms: 60_000,
            ..DbSettings::new(&app.urls.app)
        };
        let db = Db::new(&settings, Clock::System).expect("a pool");
        let stop = CancellationToken::new();
        let watcher = tokio::spawn(watch(app.db.clone(), tenant.clone(), stop.clone()));
        let transfers = (0..TRANSFERS).map(|turn| {
            let (db, tenant) = (db.clone(), tenant.clone());
            tokio::spawn(async move { post(&db, &tenant, turn).await })
        });
        for done in futures::future::join_all(transfers.collect::<Vec<_>>()).await {
            done.expect("a transfer");
        }
        stop.cancel();
        let seen = watcher.await.expect("snapshots at zero");
        assert!(
            seen.iter().any(|entries| (1..200).contains(entries)),
            "in the middle: {seen:?}"
        );
        agree(&db, &tenant).await;
    });
}

/// That every account stands where the transfers left it, and that no number is missing.
async fn agree(db: &Db, tenant: &Tenant) {
    let mut expected: HashMap<&str, Decimal> = HashMap::new();
    for turn in 0..TRANSFERS {
        let (from, to, amount) = transfer(turn);
        *expected.entry(from).or_default() -= amount;
        *expected.entry(to).or_default() += amount;
    }
    let mut tx = db
        .begin(&system(tenant.demo.organisation, db))
        .await
        .expect("a transaction");
    let standing: Vec<Standing> = diesel::sql_query(format!(
        "SELECT a.code, sum(b.debit - b.credit) AS balance FROM ledger.balance b \
         JOIN ledger.account a ON a.organisation_id = b.organisation_id AND a.id = b.account_id \
         WHERE b.grain = 'MONTH' AND b.slice = '{WHOLE}' GROUP BY a.code"
    ))
    .load(tx.conn())
    .await
    .expect("balances");
    assert_eq!(standing.len(), HOT.len());
    for one in &standing {
        assert_eq!(expected[one.code.as_str()], one.balance, "{}", one.code);
    }
    let numbers: Numbers = diesel::sql_query(
        "SELECT min(number) AS lowest, max(number) AS highest, \
         count(DISTINCT number) AS different FROM ledger.entry_number",
    )
    .get_result(tx.conn())
    .await
    .expect("numbers");
    assert_eq!(
        (numbers.lowest, numbers.highest, numbers.different),
        (1, 200, 200)
    );
}
