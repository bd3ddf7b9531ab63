//! Posting in the caller's transaction: load, decide, record, emit.

use std::collections::{HashMap, HashSet};

use kernel::{Error, Event, Fault, Result, Tx};
use tracing::instrument;

use super::rules::{Decided, Stamp, decide};
use super::{Entry, PostEntry, SourceKey, store};
use crate::permission::ENTRY_READ;

/// Posts one entry, or finds the one that its source has posted before.
pub async fn post(tx: &mut Tx, post: PostEntry) -> Result<Entry> {
    let posted = post_all(tx, std::slice::from_ref(&post))
        .await
        .map_err(without_index)?;
    posted
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("a posting gave no entry"))
}

/// Posts entries, all or none. A source that has posted before posts nothing: its entry is in the
/// answer, which has the order of the batch. Faults lie under `entries`, the index, the field.
#[instrument(skip_all, fields(entries = posts.len()), err)]
pub async fn post_all(tx: &mut Tx, posts: &[PostEntry]) -> Result<Vec<Entry>> {
    let sources: Vec<&SourceKey> = posts.iter().map(|post| &post.source).collect();
    let mut known = store::posted(tx, &sources).await?;
    let fresh: Vec<(usize, &PostEntry)> = posts
        .iter()
        .enumerate()
        .filter(|(_, post)| !known.contains_key(&post.source))
        .collect();
    if !fresh.is_empty() {
        known.extend(record(tx, &fresh).await?);
    }
    posts
        .iter()
        .enumerate()
        .map(|(index, post)| answer(&known, index, post))
        .collect()
}

fn answer(known: &HashMap<SourceKey, Entry>, index: usize, post: &PostEntry) -> Result<Entry> {
    match known.get(&post.source) {
        Some(entry) if entry.company_id == post.company => Ok(entry.clone()),
        Some(_) => Err(Fault::conflict("ledger.source_other_company")
            .at(["entries".to_owned(), index.to_string(), "source".to_owned()])
            .into()),
        None => Err(Error::bug("a posting is neither new nor known")),
    }
}

/// Decides and records what is new.
async fn record(tx: &mut Tx, posts: &[(usize, &PostEntry)]) -> Result<HashMap<SourceKey, Entry>> {
    let only: Vec<&PostEntry> = posts.iter().map(|(_, post)| *post).collect();
    let books = store::books(tx, &only).await?;
    let stamp = Stamp {
        organisation: tx.organisation(),
        at: tx.now(),
        actor_kind: tx.actor().principal.kind(),
        actor_id: tx.actor().principal.uuid(),
    };
    let mut decided = Vec::with_capacity(posts.len());
    let mut faults = Vec::new();
    for (index, post) in posts {
        match decide(&books, post, &stamp) {
            Ok(one) => decided.push(one),
            Err(wrong) => faults.extend(
                wrong
                    .into_iter()
                    .map(|f| f.under(["entries".to_owned(), index.to_string()])),
            ),
        }
    }
    if !faults.is_empty() {
        return Err(Error::Refused(faults));
    }
    let written = write(tx, decided).await?;
    let mut known: HashMap<SourceKey, Entry> = only
        .iter()
        .filter_map(|post| Some((post.source.clone(), written.get(&post.source)?.clone())))
        .collect();
    if known.len() < only.len() {
        let missing: Vec<&SourceKey> = only
            .iter()
            .map(|post| &post.source)
            .filter(|s| !known.contains_key(*s))
            .collect();
        known.extend(store::posted(tx, &missing).await?);
    }
    Ok(known)
}

/// Records what was decided: entries, lines, balances, events.
async fn write(tx: &mut Tx, mut decided: Vec<Decided>) -> Result<HashMap<SourceKey, Entry>> {
    let mut inserted = HashSet::new();
    let entries: Vec<&Entry> = decided.iter().map(|one| &one.entry).collect();
    for entries in entries.chunks(1_000) {
        inserted.extend(store::insert_entries(tx, entries).await?);
    }
    decided.retain(|one| inserted.contains(&one.entry.id));
    if decided.is_empty() {
        return Ok(HashMap::new());
    }
    store::insert_lines(tx, &decided).await?;
    crate::balance::add(tx, &decided).await?;
    tx.emit_all(decided.iter().map(|one| event(&one.entry)).collect())
        .await?;
    let keyed = decided.into_iter().map(|one| {
        let source = SourceKey {
            kind: one.entry.source_kind.clone().into(),
            id: one.entry.source_id,
            purpose: one.entry.source_purpose.clone().into(),
        };
        (source, one.entry)
    });
    Ok(keyed.collect())
}

fn event(entry: &Entry) -> Event {
    let action = match entry.reverses_id {
        Some(_) => "ledger.entry.reversed",
        None => "ledger.entry.posted",
    };
    Event::new(action, "Entry", entry.id, ENTRY_READ)
        .company(entry.company_id)
        .set("postedOn", entry.posted_on)
        .set("total", entry.total)
        .set("sourceKind", &entry.source_kind)
}

/// Takes `entries.0` off the paths of a batch of one.
pub(super) fn without_index(error: Error) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|mut fault| {
                    if fault.field.first().is_some_and(|part| part == "entries") {
                        fault.field.drain(..fault.field.len().min(2));
                    }
                    fault
                })
                .collect(),
        ),
        other => other,
    }
}
