//! Reversal: an entry that undoes another, once, on its day or later.

use async_graphql::InputObject;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{DimensionId, EntryId, EntryLineId};
use kernel::{Date, Error, Fault, Result, Tx};

use super::{Entry, EntryLine, PostEntry, SourceKey, post, rules};
use crate::dimension::DimensionValueId;
use crate::permission::ENTRY_REVERSE;
use crate::schema::{entry_line, entry_line_dimension, journal, numbered_entry};

/// Reverses an entry.
#[derive(Clone, Debug, InputObject)]
pub struct EntryReverseInput {
    /// The entry.
    pub id: EntryId,
    /// The day of the reversal; not before the entry's.
    pub date: Date,
    /// Why; holds no names of people.
    pub memo: String,
    /// Whether to only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// A reversal wanted by a domain.
#[derive(Clone, Debug)]
pub struct Reversal {
    /// The entry.
    pub entry: EntryId,
    /// The day of the reversal; not before the entry's.
    pub date: NaiveDate,
    /// Why; holds no names of people.
    pub memo: String,
}

/// Reverses an entry by a person's wish. An entry that a record of another domain made (an invoice,
/// a movement of stock, a payroll) is undone by undoing that record, so that the books never say
/// other than it does.
pub async fn reverse(tx: &mut Tx, command: EntryReverseInput) -> Result<Entry> {
    tx.require(ENTRY_REVERSE)?;
    let scope = tx.actor().scope(ENTRY_REVERSE);
    let seen = load(tx, command.id).await?;
    if !scope.covers(Some(seen.original.company_id), None) {
        return Err(missing().into());
    }
    rules::check_own(&seen.original)?;
    record(tx, seen, command.date.0, command.memo).await
}

/// Reverses an entry in the caller's transaction, trusting it.
pub async fn reverse_for(tx: &mut Tx, reversal: Reversal) -> Result<Entry> {
    let seen = load(tx, reversal.entry).await?;
    record(tx, seen, reversal.date, reversal.memo).await
}

struct Seen {
    original: Entry,
    journal: String,
    is_reversed: bool,
    lines: Vec<EntryLine>,
    dimensions: Vec<(EntryLineId, DimensionId, DimensionValueId)>,
}

fn missing() -> Fault {
    Fault::not_found("ledger.entry_unknown").at(["id"])
}

async fn load(tx: &mut Tx, id: EntryId) -> Result<Seen> {
    let original: Option<Entry> = numbered_entry::table
        .filter(numbered_entry::organisation_id.eq(tx.organisation()))
        .filter(numbered_entry::id.eq(id))
        .select(Entry::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let original = original.ok_or_else(missing)?;
    let reversals: i64 = numbered_entry::table
        .filter(numbered_entry::organisation_id.eq(tx.organisation()))
        .filter(numbered_entry::reverses_id.eq(id))
        .count()
        .get_result(tx.conn())
        .await?;
    let journal = journal::table
        .find((tx.organisation(), original.journal_id))
        .select(journal::code)
        .first(tx.conn())
        .await?;
    let lines: Vec<EntryLine> = entry_line::table
        .filter(entry_line::organisation_id.eq(tx.organisation()))
        .filter(entry_line::entry_id.eq(id))
        .order(entry_line::position)
        .select(EntryLine::as_select())
        .load(tx.conn())
        .await?;
    let ids: Vec<EntryLineId> = lines.iter().map(|line| line.id).collect();
    let dimensions = dimensions(tx, &ids).await?;
    Ok(Seen {
        original,
        journal,
        is_reversed: reversals > 0,
        lines,
        dimensions,
    })
}

async fn dimensions(
    tx: &mut Tx,
    lines: &[EntryLineId],
) -> Result<Vec<(EntryLineId, DimensionId, DimensionValueId)>> {
    Ok(entry_line_dimension::table
        .filter(entry_line_dimension::organisation_id.eq(tx.organisation()))
        .filter(entry_line_dimension::line_id.eq_any(lines))
        .select((
            entry_line_dimension::line_id,
            entry_line_dimension::dimension_id,
            entry_line_dimension::value_id,
        ))
        .load(tx.conn())
        .await?)
}

async fn record(tx: &mut Tx, seen: Seen, date: NaiveDate, memo: String) -> Result<Entry> {
    let faults = rules::check_reversal(&seen.original, seen.is_reversed, date);
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let id = EntryId::generate();
    let posting = PostEntry {
        id: Some(id),
        company: seen.original.company_id,
        journal: seen.journal.into(),
        date,
        memo,
        source: SourceKey::new("ledger.reversal", seen.original.id, "reversal"),
        reverses: Some(seen.original.id),
        lines: rules::reversed(&seen.lines, &seen.dimensions),
    };
    let entry = post(tx, posting).await?;
    // Someone else's reversal came first, between our look and our posting.
    if entry.id != id {
        return Err(Fault::conflict("ledger.already_reversed").at(["id"]).into());
    }
    Ok(entry)
}
