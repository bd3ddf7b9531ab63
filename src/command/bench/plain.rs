//! The rows of one posting by plain prepared statements, with nothing of ours in between: what a
//! posting through GraphQL is compared with. The database's own checks are the same.

use std::sync::Arc;

use diesel::sql_types as s;
use diesel::{QueryableByName, sql_query};
use diesel_async::RunQueryDsl as _;
use kernel::ids::CompanyId;
use kernel::{Context, Date, Db, Dec, Keep as _, Tx};
use rust_decimal::Decimal;
use serde_json::json;
use trastienda_core::demo::numbers;
use trastienda_core::kernel;
use uuid::Uuid;

use super::Bench;
use super::load::{Measured, Meters};

/// What the rows of an entry refer to.
#[derive(Clone, Copy, QueryableByName)]
struct Frame {
    #[diesel(sql_type = s::Uuid)]
    organisation: Uuid,
    #[diesel(sql_type = s::Uuid)]
    company: Uuid,
    #[diesel(sql_type = s::Uuid)]
    year: Uuid,
    #[diesel(sql_type = s::Uuid)]
    period: Uuid,
    #[diesel(sql_type = s::Uuid)]
    journal: Uuid,
    #[diesel(sql_type = s::Uuid)]
    debit: Uuid,
    #[diesel(sql_type = s::Uuid)]
    credit: Uuid,
    #[diesel(sql_type = s::Date)]
    day: Date,
}

/// Measures postings of two lines: nine round trips each, as many as there are tables to write to,
/// a beginning and an end.
///
/// # Errors
/// A statement that fails.
pub async fn measure(bench: &Bench, company: CompanyId) -> anyhow::Result<Measured> {
    let frame = frame(bench, company).await?;
    let (db, context) = (bench.stage.db.clone(), bench.stage.context());
    let ask = move |number| {
        let (db, context) = (db.clone(), context.clone());
        async move { post(&db, &context, frame, number).await }
    };
    let meters = Meters {
        server: None,
        ..bench.meters
    };
    bench.load.run(meters, ask).await
}

async fn frame(bench: &Bench, company: CompanyId) -> anyhow::Result<Frame> {
    let mut tx = bench.stage.db.begin(&bench.stage.context()).await?;
    let frame = sql_query(
        "SELECT p.organisation_id AS organisation, p.company_id AS company, \
             p.fiscal_year_id AS year, p.id AS period, j.id AS journal, d.id AS debit, \
             c.id AS credit, $2 AS day \
         FROM ledger.period p \
         JOIN ledger.journal j ON j.company_id = p.company_id AND j.code = 'GEN' \
         JOIN ledger.account d ON d.company_id = p.company_id AND d.code = '4300' \
         JOIN ledger.account c ON c.company_id = p.company_id AND c.code = '100' \
         WHERE p.company_id = $1 AND $2 BETWEEN p.starts_on AND p.ends_on LIMIT 1",
    )
    .bind::<s::Uuid, _>(company)
    .bind::<s::Date, _>(numbers::day(2026, 11, 20)?)
    .kept()
    .get_result(tx.conn())
    .await?;
    tx.rollback().await?;
    Ok(frame)
}

async fn post(db: &Db, context: &Arc<Context>, frame: Frame, number: u64) -> anyhow::Result<()> {
    let mut tx = db.begin(context).await?;
    let (entry, key) = (Uuid::now_v7(), Uuid::new_v4().to_string());
    let amount = Dec(Decimal::new(i64::try_from(100 + number % 90_000)?, 2));
    claim(&mut tx, frame, &key).await?;
    entry_row(&mut tx, frame, entry, amount).await?;
    lines(&mut tx, frame, entry, amount).await?;
    balances(&mut tx, frame, amount).await?;
    event(&mut tx, frame, entry, &key).await?;
    keep(&mut tx, frame, entry, &key).await?;
    tx.commit().await?;
    Ok(())
}

async fn claim(tx: &mut Tx, frame: Frame, key: &str) -> anyhow::Result<()> {
    sql_query(
        "INSERT INTO kernel.idempotency (organisation_id, actor_id, operation, key, body_hash, \
             reply, created_at) VALUES ($1, $1, 'plain', $2, sha256($2::bytea), 'null', now()) \
         ON CONFLICT DO NOTHING",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Text, _>(key)
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn entry_row(tx: &mut Tx, frame: Frame, entry: Uuid, amount: Dec) -> anyhow::Result<()> {
    sql_query(
        "INSERT INTO ledger.entry (organisation_id, id, company_id, fiscal_year_id, period_id, \
             journal_id, posted_on, memo, source_kind, source_id, source_purpose, line_count, \
             total, posted_at, actor_kind, actor_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'Medida', 'bench', $2, 'plain', 2, $8, now(), \
             'system', $1)",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Uuid, _>(entry)
    .bind::<s::Uuid, _>(frame.company)
    .bind::<s::Uuid, _>(frame.year)
    .bind::<s::Uuid, _>(frame.period)
    .bind::<s::Uuid, _>(frame.journal)
    .bind::<s::Date, _>(frame.day)
    .bind::<s::Numeric, _>(amount)
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn lines(tx: &mut Tx, frame: Frame, entry: Uuid, amount: Dec) -> anyhow::Result<()> {
    sql_query(
        "INSERT INTO ledger.entry_line (organisation_id, id, entry_id, position, line_count, \
             company_id, account_id, posted_on, amount, currency, company_amount, rate) \
         VALUES ($1, $2, $4, 1, 2, $5, $6, $8, $9, 'EUR', $9, 1), \
             ($1, $3, $4, 2, 2, $5, $7, $8, -$9, 'EUR', -$9, 1)",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Uuid, _>(Uuid::now_v7())
    .bind::<s::Uuid, _>(Uuid::now_v7())
    .bind::<s::Uuid, _>(entry)
    .bind::<s::Uuid, _>(frame.company)
    .bind::<s::Uuid, _>(frame.debit)
    .bind::<s::Uuid, _>(frame.credit)
    .bind::<s::Date, _>(frame.day)
    .bind::<s::Numeric, _>(amount)
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn balances(tx: &mut Tx, frame: Frame, amount: Dec) -> anyhow::Result<()> {
    sql_query(
        "WITH leased AS MATERIALIZED (SELECT ledger.lease_shard($2) AS shard) \
         INSERT INTO ledger.balance AS b (organisation_id, company_id, slice, account_id, grain, \
             starts_on, currency, shard, debit, credit, amount) \
         SELECT $1, $2, '00000000-0000-0000-0000-000000000000', t.account, g.grain, g.day, 'EUR', \
             l.shard, t.debit, t.credit, t.debit - t.credit \
         FROM leased l, (VALUES ($3, $6, 0), ($4, 0, $6)) AS t (account, debit, credit), \
             (VALUES ('DAY', $5), ('MONTH', date_trunc('month', $5)::date)) AS g (grain, day) \
         ORDER BY t.account \
         ON CONFLICT (organisation_id, company_id, slice, account_id, grain, starts_on, currency, \
             shard) DO UPDATE SET debit = b.debit + EXCLUDED.debit, \
             credit = b.credit + EXCLUDED.credit, amount = b.amount + EXCLUDED.amount",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Uuid, _>(frame.company)
    .bind::<s::Uuid, _>(frame.debit)
    .bind::<s::Uuid, _>(frame.credit)
    .bind::<s::Date, _>(frame.day)
    .bind::<s::Numeric, _>(amount)
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

async fn event(tx: &mut Tx, frame: Frame, entry: Uuid, key: &str) -> anyhow::Result<()> {
    let id = Uuid::now_v7();
    sql_query(
        "INSERT INTO kernel.event (organisation_id, id, at, actor_kind, actor_id, actor_name, \
             action, subject_kind, subject_id, company_id, permission, changes, request_id, \
             idempotency_key) \
         VALUES ($1, $2, now(), 'system', $1, 'bench', 'ledger.entry.posted', 'Entry', $3, $4, \
             'ledger.entry.read', $5, $2, $6)",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Uuid, _>(id)
    .bind::<s::Uuid, _>(entry)
    .bind::<s::Uuid, _>(frame.company)
    .bind::<s::Jsonb, _>(json!([{ "field": "postedOn", "to": frame.day }]))
    .bind::<s::Text, _>(key)
    .kept()
    .execute(tx.conn())
    .await?;
    sql_query("INSERT INTO kernel.outbox (organisation_id, event_id) VALUES ($1, $2)")
        .bind::<s::Uuid, _>(frame.organisation)
        .bind::<s::Uuid, _>(id)
        .kept()
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn keep(tx: &mut Tx, frame: Frame, entry: Uuid, key: &str) -> anyhow::Result<()> {
    sql_query(
        "UPDATE kernel.idempotency SET reply = $3 \
         WHERE organisation_id = $1 AND actor_id = $1 AND operation = 'plain' AND key = $2",
    )
    .bind::<s::Uuid, _>(frame.organisation)
    .bind::<s::Text, _>(key)
    .bind::<s::Jsonb, _>(json!(entry))
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}
