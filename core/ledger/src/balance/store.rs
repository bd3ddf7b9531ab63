//! The rows of balances: adding a posting's, and reading them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, Date as SqlDate, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::Keep as _;
use kernel::ids::{AccountId, CompanyId, EntryLineId};
use kernel::{CurrencyCode, Dec, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Balance, Slice, Turnover, month_of};
use crate::entry::EntryLine;
use crate::entry::rules::Decided;
use crate::permission::REPORT_READ;

/// The key of a row, without organisation and shard, in the order of locking.
type Key = (
    CompanyId,
    Uuid,
    AccountId,
    &'static str,
    NaiveDate,
    &'static str,
);

#[derive(Default)]
struct Sums {
    debit: Decimal,
    credit: Decimal,
    amount: Decimal,
}

/// Adds postings to the balances, in one statement.
pub(crate) async fn add(tx: &mut Tx, decided: &[Decided]) -> Result<()> {
    let rows = sums(decided);
    let companies: BTreeSet<CompanyId> = decided.iter().map(|one| one.entry.company_id).collect();
    diesel::sql_query(
        "WITH leased AS MATERIALIZED ( \
             SELECT c.company, ledger.lease_shard(c.company) AS shard \
             FROM unnest($2::uuid[]) AS c (company)) \
         INSERT INTO ledger.balance AS b (organisation_id, company_id, slice, account_id, grain, \
             starts_on, currency, shard, debit, credit, amount) \
         SELECT $1, t.company, t.slice, t.account, t.grain, t.starts_on, t.currency, l.shard, \
             t.debit, t.credit, t.amount \
         FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::date[], $8::text[], \
             $9::numeric[], $10::numeric[], $11::numeric[]) \
             AS t (company, slice, account, grain, starts_on, currency, debit, credit, amount) \
         JOIN leased l ON l.company = t.company \
         ON CONFLICT (organisation_id, company_id, slice, account_id, grain, starts_on, currency, \
             shard) DO UPDATE SET debit = b.debit + EXCLUDED.debit, \
             credit = b.credit + EXCLUDED.credit, amount = b.amount + EXCLUDED.amount",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(companies.into_iter().collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.keys().map(|key| key.0).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.keys().map(|key| key.1).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.keys().map(|key| key.2).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.keys().map(|key| key.3).collect::<Vec<_>>())
    .bind::<Array<SqlDate>, _>(rows.keys().map(|key| key.4).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.keys().map(|key| key.5).collect::<Vec<_>>())
    .bind::<Array<Numeric>, _>(
        rows.values()
            .map(|sums| Dec(sums.debit))
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Numeric>, _>(
        rows.values()
            .map(|sums| Dec(sums.credit))
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Numeric>, _>(
        rows.values()
            .map(|sums| Dec(sums.amount))
            .collect::<Vec<_>>(),
    )
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn sums(decided: &[Decided]) -> BTreeMap<Key, Sums> {
    let mut rows: BTreeMap<Key, Sums> = BTreeMap::new();
    for one in decided {
        let mut values: HashMap<EntryLineId, Vec<Uuid>> = HashMap::new();
        for (line, _, value) in &one.dimensions {
            values.entry(*line).or_default().push(value.0);
        }
        for line in &one.lines {
            let of_dimensions = values.get(&line.id).into_iter().flatten().copied();
            let department = line.department_id.map(|id| id.0);
            let slices = [Uuid::nil()]
                .into_iter()
                .chain(department)
                .chain(of_dimensions);
            slices.for_each(|slice| count(&mut rows, line, slice));
        }
    }
    rows
}

fn count(rows: &mut BTreeMap<Key, Sums>, line: &EntryLine, slice: Uuid) {
    let own = line.company_amount.0;
    for (grain, starts_on) in [
        ("DAY", line.posted_on.0),
        ("MONTH", month_of(line.posted_on.0)),
    ] {
        let key = (
            line.company_id,
            slice,
            line.account_id,
            grain,
            starts_on,
            line.currency.code(),
        );
        let sums = rows.entry(key).or_default();
        sums.debit += own.max(Decimal::ZERO);
        sums.credit -= own.min(Decimal::ZERO);
        sums.amount += line.amount.0;
    }
}

#[derive(QueryableByName)]
struct BalanceRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = Text)]
    currency: CurrencyCode,
    #[diesel(sql_type = Numeric)]
    debit: Dec,
    #[diesel(sql_type = Numeric)]
    credit: Dec,
    #[diesel(sql_type = Numeric)]
    amount: Dec,
}

pub(super) async fn as_of(
    tx: &mut Tx,
    company: CompanyId,
    accounts: &[AccountId],
    date: NaiveDate,
    slice: Slice,
) -> Result<HashMap<AccountId, Balance>> {
    let date = date.min(last_day());
    let rows: Vec<BalanceRow> = diesel::sql_query(
        "SELECT account_id, currency, sum(debit) AS debit, sum(credit) AS credit, \
             sum(amount) AS amount \
         FROM ledger.balance \
         WHERE organisation_id = $1 AND company_id = $2 AND slice = $3 AND account_id = ANY($4) \
             AND ((grain = 'MONTH' AND starts_on < $5) \
               OR (grain = 'DAY' AND starts_on BETWEEN $5 AND $6)) \
         GROUP BY account_id, currency ORDER BY account_id, currency",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .bind::<SqlUuid, _>(slice.key())
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<SqlDate, _>(month_of(date))
    .bind::<SqlDate, _>(date)
    .kept()
    .load(tx.conn())
    .await?;
    let mut balances: HashMap<AccountId, Balance> = HashMap::new();
    for row in rows {
        let balance = balances.entry(row.account_id).or_default();
        balance.debit += row.debit.0;
        balance.credit += row.credit.0;
        balance.by_currency.push((row.currency, row.amount.0));
    }
    Ok(balances)
}

/// The last day that balances are asked for: the end of the year 9999.
fn last_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}

#[derive(QueryableByName)]
struct TurnoverRow {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = Numeric)]
    debit_before: Dec,
    #[diesel(sql_type = Numeric)]
    credit_before: Dec,
    #[diesel(sql_type = Numeric)]
    debit: Dec,
    #[diesel(sql_type = Numeric)]
    credit: Dec,
}

/// What was before `from`, and what was until `to`, each by its months and the days of its last
/// month; the difference is the turnover.
pub(super) async fn turnover(
    tx: &mut Tx,
    company: CompanyId,
    from: NaiveDate,
    to: NaiveDate,
    slice: Slice,
) -> Result<HashMap<AccountId, Turnover>> {
    let rows: Vec<TurnoverRow> = diesel::sql_query(
        "SELECT account_id, coalesce(sum(debit) FILTER (WHERE before), 0) AS debit_before, \
             coalesce(sum(credit) FILTER (WHERE before), 0) AS credit_before, \
             coalesce(sum(debit) FILTER (WHERE NOT before), 0) AS debit, \
             coalesce(sum(credit) FILTER (WHERE NOT before), 0) AS credit \
         FROM (SELECT account_id, true AS before, debit, credit FROM ledger.balance \
               WHERE organisation_id = $1 AND company_id = $2 AND slice = $3 \
                 AND ((grain = 'MONTH' AND starts_on < $4) \
                   OR (grain = 'DAY' AND starts_on >= $4 AND starts_on < $5)) \
               UNION ALL \
               SELECT account_id, false, debit, credit FROM ledger.balance \
               WHERE organisation_id = $1 AND company_id = $2 AND slice = $3 \
                 AND ((grain = 'MONTH' AND starts_on < $6) \
                   OR (grain = 'DAY' AND starts_on BETWEEN $6 AND $7))) parts \
         GROUP BY account_id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .bind::<SqlUuid, _>(slice.key())
    .bind::<SqlDate, _>(month_of(from))
    .bind::<SqlDate, _>(from)
    .bind::<SqlDate, _>(month_of(to))
    .bind::<SqlDate, _>(to)
    .kept()
    .load(tx.conn())
    .await?;
    let turnover = |row: TurnoverRow| Turnover {
        opening: row.debit_before.0 - row.credit_before.0,
        debit: row.debit.0 - row.debit_before.0,
        credit: row.credit.0 - row.credit_before.0,
    };
    Ok(rows
        .into_iter()
        .map(|row| (row.account_id, turnover(row)))
        .collect())
}

/// A balance that differs from its lines.
#[derive(Clone, Debug, QueryableByName)]
pub struct Drift {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: AccountId,
    /// The balance less the sum of the lines, in the currency of the books.
    #[diesel(sql_type = Numeric)]
    pub difference: Dec,
}

/// Compares the balances of a company with all of its lines; empty when they agree. Reads every
/// line: for audits, not for screens.
pub async fn verify(tx: &mut Tx, company: CompanyId) -> Result<Vec<Drift>> {
    tx.require_in(REPORT_READ, company, None)?;
    Ok(diesel::sql_query(
        "SELECT account_id, sum(amount) AS difference FROM ( \
             SELECT account_id, debit - credit AS amount, grain FROM ledger.balance \
             WHERE organisation_id = $1 AND company_id = $2 \
               AND slice = '00000000-0000-0000-0000-000000000000' \
             UNION ALL \
             SELECT account_id, -company_amount, g.grain FROM ledger.entry_line, \
                 (VALUES ('DAY'), ('MONTH')) AS g (grain) \
             WHERE organisation_id = $1 AND company_id = $2) parts \
         GROUP BY account_id, grain HAVING sum(amount) <> 0 ORDER BY account_id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .load(tx.conn())
    .await?)
}
