//! Entries in the database: what a batch is decided over, and how it is recorded.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, Date as SqlDate, Integer, Nullable, Numeric, Text, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures::try_join;
use kernel::Keep as _;
use kernel::ids::{CompanyId, DepartmentId, EntryId, OrganisationId};
use kernel::{CurrencyCode, Result, Tx};
use uuid::Uuid;

use super::rules::{Books, Decided};
use super::{AccountRef, Entry, PostEntry, SourceKey};
use crate::account::Account;
use crate::dimension::{DimensionValue, DimensionValueId};
use crate::journal::Journal;
use crate::period::Period;
use crate::permission::PERIOD_MANAGE;
use crate::schema::{account, book, dimension_value, journal, period};

/// Lines of one insert at most.
const CHUNK: usize = 5_000;

/// Everything that a batch is decided over, read in one flight; the periods are locked, in order.
pub async fn books(tx: &mut Tx, posts: &[&PostEntry]) -> Result<Books> {
    let companies: BTreeSet<CompanyId> = posts.iter().map(|post| post.company).collect();
    let companies: Vec<CompanyId> = companies.into_iter().collect();
    let scope = tx.actor().scope(PERIOD_MANAGE);
    let managed = companies
        .iter()
        .copied()
        .filter(|id| scope.covers(Some(*id), None))
        .collect();
    let departments = departments(tx, posts).await?.into_iter().collect();
    let values = values(tx, posts).await?;
    let organisation = tx.organisation();
    let conn: &AsyncPgConnection = tx.conn();
    let (currencies, accounts, journals, periods) = try_join!(
        currencies(conn, organisation, &companies),
        accounts(conn, organisation, posts, &companies),
        journals(conn, organisation, posts, &companies),
        periods(conn, organisation, posts, &companies),
    )?;
    Ok(Books {
        currencies,
        accounts,
        journals,
        periods,
        departments,
        values,
        managed,
    })
}

async fn currencies(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    companies: &[CompanyId],
) -> Result<HashMap<CompanyId, CurrencyCode>> {
    let rows: Vec<(CompanyId, CurrencyCode)> = book::table
        .filter(book::organisation_id.eq(organisation))
        .filter(book::company_id.eq_any(companies))
        .select((book::company_id, book::currency))
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().collect())
}

async fn accounts(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    posts: &[&PostEntry],
    companies: &[CompanyId],
) -> Result<HashMap<(CompanyId, AccountRef), Account>> {
    let (mut ids, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for line in posts.iter().flat_map(|post| &post.lines) {
        match &line.account {
            AccountRef::Id(id) => ids.insert(*id),
            AccountRef::Code(code) => codes.insert(code.to_string()),
        };
    }
    let mut rows: Vec<Account> = Vec::new();
    let mine = account::table
        .filter(account::organisation_id.eq(organisation))
        .filter(account::company_id.eq_any(companies))
        .select(Account::as_select());
    if !codes.is_empty() {
        let codes: Vec<String> = codes.into_iter().collect();
        rows.extend(
            mine.clone()
                .filter(account::code.eq_any(codes))
                .load(&mut conn)
                .await?,
        );
    }
    if !ids.is_empty() {
        let ids: Vec<_> = ids.into_iter().collect();
        rows.extend(mine.filter(account::id.eq_any(ids)).load(&mut conn).await?);
    }
    let mut found = HashMap::new();
    for row in rows {
        found.insert((row.company_id, AccountRef::Id(row.id)), row.clone());
        found.insert(
            (row.company_id, AccountRef::Code(row.code.clone().into())),
            row,
        );
    }
    Ok(found)
}

async fn journals(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    posts: &[&PostEntry],
    companies: &[CompanyId],
) -> Result<HashMap<(CompanyId, String), Journal>> {
    let codes: BTreeSet<String> = posts.iter().map(|post| post.journal.to_string()).collect();
    let codes: Vec<String> = codes.into_iter().collect();
    let rows: Vec<Journal> = journal::table
        .filter(journal::organisation_id.eq(organisation))
        .filter(journal::company_id.eq_any(companies))
        .filter(journal::code.eq_any(codes))
        .select(Journal::as_select())
        .load(&mut conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.company_id, row.code.clone()), row))
        .collect())
}

/// The periods that the days fall in, held against closing until the transaction ends.
async fn periods(
    mut conn: &AsyncPgConnection,
    organisation: OrganisationId,
    posts: &[&PostEntry],
    companies: &[CompanyId],
) -> Result<Vec<Period>> {
    let dates = posts.iter().map(|post| post.date);
    let (Some(first), Some(last)) = (dates.clone().min(), dates.clone().max()) else {
        return Ok(Vec::new());
    };
    let rows: Vec<Period> = period::table
        .filter(period::organisation_id.eq(organisation))
        .filter(period::company_id.eq_any(companies))
        .filter(period::starts_on.le(last))
        .filter(period::ends_on.ge(first))
        .order(period::id)
        .for_share()
        .select(Period::as_select())
        .load(&mut conn)
        .await?;
    Ok(rows)
}

async fn departments(tx: &mut Tx, posts: &[&PostEntry]) -> Result<Vec<(CompanyId, DepartmentId)>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = SqlUuid)]
        company_id: CompanyId,
        #[diesel(sql_type = SqlUuid)]
        id: DepartmentId,
    }
    let ids: BTreeSet<DepartmentId> = posts
        .iter()
        .flat_map(|post| &post.lines)
        .filter_map(|line| line.department)
        .collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Found> = diesel::sql_query(
        "SELECT company_id, id FROM directory.department \
         WHERE organisation_id = $1 AND id = ANY($2)",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(ids.into_iter().collect::<Vec<_>>())
    .kept()
    .load(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.company_id, row.id))
        .collect())
}

async fn values(
    tx: &mut Tx,
    posts: &[&PostEntry],
) -> Result<HashMap<DimensionValueId, DimensionValue>> {
    let lines = posts.iter().flat_map(|post| &post.lines);
    let ids: BTreeSet<DimensionValueId> = lines
        .flat_map(|line| line.dimensions.iter().copied())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<DimensionValue> = dimension_value::table
        .filter(dimension_value::organisation_id.eq(tx.organisation()))
        .filter(dimension_value::id.eq_any(ids.into_iter().collect::<Vec<_>>()))
        .select(DimensionValue::as_select())
        .load(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The entries that some sources have posted already.
pub async fn posted(tx: &mut Tx, sources: &[&SourceKey]) -> Result<HashMap<SourceKey, Entry>> {
    use crate::schema::numbered_entry as n;
    let ids: Vec<Uuid> = sources.iter().map(|source| source.id).collect();
    let kinds: BTreeSet<String> = sources
        .iter()
        .map(|source| source.kind.to_string())
        .collect();
    let rows: Vec<Entry> = n::table
        .filter(n::organisation_id.eq(tx.organisation()))
        .filter(n::source_kind.eq_any(kinds.into_iter().collect::<Vec<_>>()))
        .filter(n::source_id.eq_any(ids))
        .select(Entry::as_select())
        .load(tx.conn())
        .await?;
    let key = |row: &Entry| SourceKey {
        kind: row.source_kind.clone().into(),
        id: row.source_id,
        purpose: row.source_purpose.clone().into(),
    };
    Ok(rows.into_iter().map(|row| (key(&row), row)).collect())
}

#[derive(QueryableByName)]
struct Inserted {
    #[diesel(sql_type = SqlUuid)]
    id: EntryId,
}

/// Inserts entries; those whose source has posted meanwhile are left out of the answer.
pub async fn insert_entries(tx: &mut Tx, entries: &[&Entry]) -> Result<Vec<EntryId>> {
    let of = |value: fn(&Entry) -> Uuid| -> Vec<Uuid> {
        entries.iter().map(|entry| value(entry)).collect()
    };
    let texts = |value: fn(&Entry) -> &str| -> Vec<&str> {
        entries.iter().map(|entry| value(entry)).collect()
    };
    let now = tx.now();
    let actor = tx.actor().principal;
    let rows: Vec<Inserted> = diesel::sql_query(
        "INSERT INTO ledger.entry (organisation_id, id, company_id, fiscal_year_id, period_id, \
             journal_id, posted_on, memo, source_kind, source_id, source_purpose, reverses_id, \
             line_count, total, posted_at, actor_kind, actor_id) \
         SELECT $1, t.*, $2, $3, $4 FROM unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::uuid[], \
             $9::uuid[], $10::date[], $11::text[], $12::text[], $13::uuid[], $14::text[], \
             $15::uuid[], $16::int[], $17::numeric[]) t \
         ON CONFLICT ON CONSTRAINT entry_source DO NOTHING RETURNING id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<diesel::sql_types::Timestamptz, _>(now)
    .bind::<Text, _>(actor.kind())
    .bind::<SqlUuid, _>(actor.uuid())
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.id.0))
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.company_id.0))
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.fiscal_year_id.0))
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.period_id.0))
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.journal_id.0))
    .bind::<Array<SqlDate>, _>(dates(entries))
    .bind::<Array<Text>, _>(texts(|entry| &entry.memo))
    .bind::<Array<Text>, _>(texts(|entry| &entry.source_kind))
    .bind::<Array<SqlUuid>, _>(of(|entry| entry.source_id))
    .bind::<Array<Text>, _>(texts(|entry| &entry.source_purpose))
    .bind::<Array<Nullable<SqlUuid>>, _>(
        entries
            .iter()
            .map(|entry| entry.reverses_id)
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Integer>, _>(
        entries
            .iter()
            .map(|entry| entry.line_count)
            .collect::<Vec<_>>(),
    )
    .bind::<Array<Numeric>, _>(entries.iter().map(|entry| entry.total).collect::<Vec<_>>())
    .kept()
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

fn dates(entries: &[&Entry]) -> Vec<NaiveDate> {
    entries.iter().map(|entry| entry.posted_on.0).collect()
}

/// Inserts the lines of entries and their dimension values.
pub async fn insert_lines(tx: &mut Tx, decided: &[Decided]) -> Result<()> {
    let lines: Vec<_> = decided.iter().flat_map(|one| &one.lines).collect();
    for lines in lines.chunks(CHUNK) {
        diesel::sql_query(
            "INSERT INTO ledger.entry_line (organisation_id, id, entry_id, position, line_count, \
                 company_id, account_id, posted_on, amount, currency, company_amount, rate, \
                 department_id, memo) \
             SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::int[], $5::int[], \
                 $6::uuid[], $7::uuid[], $8::date[], $9::numeric[], $10::text[], \
                 $11::numeric[], $12::numeric[], $13::uuid[], $14::text[]) t",
        )
        .bind::<SqlUuid, _>(tx.organisation())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.entry_id).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.position).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(lines.iter().map(|line| line.line_count).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.company_id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(lines.iter().map(|line| line.account_id).collect::<Vec<_>>())
        .bind::<Array<SqlDate>, _>(lines.iter().map(|line| line.posted_on).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(lines.iter().map(|line| line.amount).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            lines
                .iter()
                .map(|line| line.currency.code())
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Numeric>, _>(
            lines
                .iter()
                .map(|line| line.company_amount)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Numeric>, _>(lines.iter().map(|line| line.rate).collect::<Vec<_>>())
        .bind::<Array<Nullable<SqlUuid>>, _>(
            lines
                .iter()
                .map(|line| line.department_id)
                .collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Text>>, _>(
            lines
                .iter()
                .map(|line| line.memo.as_deref())
                .collect::<Vec<_>>(),
        )
        .kept()
        .execute(tx.conn())
        .await?;
    }
    insert_dimensions(tx, decided).await
}

async fn insert_dimensions(tx: &mut Tx, decided: &[Decided]) -> Result<()> {
    let (mut lines, mut dimensions) = (Vec::new(), Vec::new());
    let (mut companies, mut values) = (Vec::new(), Vec::new());
    for one in decided {
        for (line, dimension, value) in &one.dimensions {
            lines.push(*line);
            dimensions.push(*dimension);
            companies.push(one.entry.company_id);
            values.push(*value);
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    diesel::sql_query(
        "INSERT INTO ledger.entry_line_dimension \
             (organisation_id, line_id, dimension_id, company_id, value_id) \
         SELECT $1, t.* FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[]) t",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(lines)
    .bind::<Array<SqlUuid>, _>(dimensions)
    .bind::<Array<SqlUuid>, _>(companies)
    .bind::<Array<SqlUuid>, _>(values)
    .kept()
    .execute(tx.conn())
    .await?;
    Ok(())
}
