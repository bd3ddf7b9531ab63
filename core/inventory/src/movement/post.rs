//! Posting movements in the caller's transaction: load, plan, lock, decide, record, emit.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, MovementId, PartyId};
use kernel::{Error, Event, Fault, Result, Tx};
use ledger::entry::PostEntry;
use tracing::instrument;

use super::books::{self, HoldingKey};
use super::decide::{self, Decided, Effects, Stamp};
use super::plan::{Planned, plan};
use super::{Movement, PostMovement, store};
use crate::fault;
use crate::permission::{COST_READ, STOCK_READ};

/// Posts one movement.
///
/// # Errors
/// See [`post_all`]; faults lie under `lines`, the index, the field.
pub async fn post(tx: &mut Tx, post: PostMovement) -> Result<Movement> {
    let posted = post_all(tx, std::slice::from_ref(&post))
        .await
        .map_err(without_index)?;
    posted
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("a posting gave no movement"))
}

/// Posts movements, all or none, in their order; each is valued over what those before left. The
/// caller has decided that the actor may. For loading many, give a thousand or so at once.
///
/// # Errors
/// Names that are not the company's, units that don't convert, places that have not got what
/// leaves, days in the future or before the last movement of what leaves, and what the ledger
/// refuses. Faults lie under `movements`, the index, `lines`, the index, the field.
#[instrument(skip_all, fields(movements = posts.len()), err)]
pub async fn post_all(tx: &mut Tx, posts: &[PostMovement]) -> Result<Vec<Movement>> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    let named = books::named(tx, posts).await?;
    check_parties(tx, posts).await?;
    let planned = each(posts, |_, post| plan(&named, post))?;
    let mut books = books::lock(tx, &keys(posts, &planned), &named).await?;
    let stamp = stamp(tx);
    let mut effects = Effects::default();
    let decided = each(posts, |at, post| {
        let lines = planned.get(at).map(Vec::as_slice).unwrap_or_default();
        decide::decide(&named, &mut books, &mut effects, post, lines, &stamp)
    })?;
    record(tx, decided, &books, &effects).await
}

/// What each movement gives, or the faults of all.
fn each<T>(
    posts: &[PostMovement],
    mut act: impl FnMut(usize, &PostMovement) -> Result<T, Vec<Fault>>,
) -> Result<Vec<T>> {
    let (mut done, mut faults) = (Vec::with_capacity(posts.len()), Vec::new());
    for (at, post) in posts.iter().enumerate() {
        match act(at, post) {
            Ok(one) => done.push(one),
            Err(wrong) => faults.extend(under(at, wrong)),
        }
    }
    if faults.is_empty() {
        Ok(done)
    } else {
        Err(Error::Refused(faults))
    }
}

fn under(at: usize, faults: Vec<Fault>) -> impl Iterator<Item = Fault> {
    faults
        .into_iter()
        .map(move |fault| fault.under(["movements".to_owned(), at.to_string()]))
}

fn keys(posts: &[PostMovement], planned: &[Vec<Planned<'_>>]) -> BTreeMap<HoldingKey, CompanyId> {
    let lines = posts.iter().zip(planned);
    lines
        .flat_map(|(post, lines)| {
            let keys = lines.iter().flat_map(Planned::keys);
            keys.map(|key| (key, post.company))
        })
        .collect()
}

pub(super) fn stamp(tx: &Tx) -> Stamp {
    Stamp {
        organisation: tx.organisation(),
        at: tx.now(),
        actor_kind: tx.actor().principal.kind(),
        actor_id: tx.actor().principal.uuid(),
    }
}

async fn check_parties(tx: &mut Tx, posts: &[PostMovement]) -> Result<()> {
    use directory::schema::party;
    let wanted: Vec<PartyId> = posts.iter().filter_map(|post| post.party).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let found: Vec<PartyId> = party::table
        .filter(party::organisation_id.eq(tx.organisation()))
        .filter(party::id.eq_any(&wanted))
        .select(party::id)
        .load(tx.conn())
        .await?;
    each(posts, |_, post| match post.party {
        Some(id) if !found.contains(&id) => {
            Err(vec![Fault::not_found(fault::PARTY_NOT_FOUND).at(["party"])])
        }
        _ => Ok(()),
    })?;
    Ok(())
}

/// Records what was decided: entries in the ledger, then numbers, then the rest. What changes no
/// value has no entry, and yet a day of the books: its period is asked as well.
async fn record(
    tx: &mut Tx,
    mut decided: Vec<Decided>,
    books: &books::Books,
    effects: &Effects,
) -> Result<Vec<Movement>> {
    let silent = decided.iter().enumerate();
    let silent = silent.filter(|(_, one)| one.entry.is_none());
    let silent = silent.map(|(at, one)| (at, (one.movement.company_id, one.movement.moved_on.0)));
    let (places, days): (Vec<usize>, Vec<(CompanyId, NaiveDate)>) = silent.unzip();
    ledger::period::hold(tx, &days)
        .await
        .map_err(|error| of_ledger(error, &places))?;
    let entries: Vec<(usize, PostEntry)> = decided
        .iter_mut()
        .enumerate()
        .filter_map(|(at, one)| Some((at, one.entry.take()?)))
        .collect();
    let (places, entries): (Vec<usize>, Vec<PostEntry>) = entries.into_iter().unzip();
    if !entries.is_empty() {
        ledger::entry::post_all(tx, &entries)
            .await
            .map_err(|error| of_ledger(error, &places))?;
    }
    write(tx, decided, books, effects).await
}

/// Records movements whose entries are in the books. Everything that refers to no movement goes
/// first: from the number on, the next movement of the company waits for this commit.
pub(super) async fn write(
    tx: &mut Tx,
    mut decided: Vec<Decided>,
    books: &books::Books,
    effects: &Effects,
) -> Result<Vec<Movement>> {
    store::holds(tx, books, effects).await?;
    number(tx, &mut decided).await?;
    let lines: Vec<_> = decided.iter().flat_map(|one| &one.lines).collect();
    let movements: Vec<&Movement> = decided.iter().map(|one| &one.movement).collect();
    store::insert(tx, &movements, &lines).await?;
    store::costs(tx, books, effects).await?;
    tx.emit_all(movements.iter().map(|row| event(row)).collect())
        .await?;
    Ok(decided.into_iter().map(|one| one.movement).collect())
}

/// Gives the movements their numbers, by company and year, in their order.
async fn number(tx: &mut Tx, decided: &mut [Decided]) -> Result<()> {
    let mut groups: BTreeMap<(CompanyId, i32), Vec<usize>> = BTreeMap::new();
    for (at, one) in decided.iter().enumerate() {
        let key = (one.movement.company_id, one.movement.moved_on.year());
        groups.entry(key).or_default().push(at);
    }
    for ((company, year), places) in groups {
        let many = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let key = "inventory.movement";
        let numbers = directory::numbering::next_many(tx, key, Some(company), year, many).await?;
        for (at, number) in places.into_iter().zip(numbers) {
            if let Some(one) = decided.get_mut(at) {
                one.movement.number = number;
            }
        }
    }
    Ok(())
}

/// The event of a movement.
pub(super) fn event(row: &Movement) -> Event {
    let action = match row.reverses_id {
        Some(_) => "inventory.movement.reversed",
        None => "inventory.movement.recorded",
    };
    Event::new(action, "Movement", row.id, STOCK_READ)
        .company(row.company_id)
        .set("number", &row.number)
        .set("kind", row.kind)
        .set("movedOn", row.moved_on)
        .set("reference", &row.reference)
        .set_guarded("value", row.value, COST_READ)
}

/// The ledger speaks of its entries; to who moves stock they are the movement: its date where the
/// date is wrong, the whole of it for the rest.
fn of_ledger(error: Error, places: &[usize]) -> Error {
    let Error::Refused(faults) = error else {
        return error;
    };
    let named = faults.into_iter().map(|fault| {
        let entry = fault.field.get(1).and_then(|at| at.parse::<usize>().ok());
        let at = entry
            .and_then(|entry| places.get(entry))
            .copied()
            .unwrap_or_default();
        let is_date = fault.field.last().is_some_and(|leaf| leaf == "date");
        let leaf: &[&str] = if is_date { &["date"] } else { &[] };
        fault
            .at(leaf.iter().copied())
            .under(["movements".to_owned(), at.to_string()])
    });
    let mut faults: Vec<Fault> = named.collect();
    faults.dedup();
    Error::Refused(faults)
}

/// Takes `movements.0` off the paths of a batch of one.
pub(super) fn without_index(error: Error) -> Error {
    match error {
        Error::Refused(faults) => Error::Refused(
            faults
                .into_iter()
                .map(|mut fault| {
                    if matches!(fault.field.as_slice(), [part, ..] if part == "movements") {
                        fault.field.drain(..fault.field.len().min(2));
                    }
                    fault
                })
                .collect(),
        ),
        other => other,
    }
}

/// Names an id for a movement of the caller that is taken already.
pub(super) async fn check_id(tx: &mut Tx, id: Option<MovementId>) -> Result<()> {
    use crate::schema::movement;
    let Some(id) = id else { return Ok(()) };
    let query = movement::table.find((tx.organisation(), id));
    let taken: bool = diesel::select(diesel::dsl::exists(query))
        .get_result(tx.conn())
        .await?;
    if taken {
        return Err(Fault::conflict("kernel.id_taken").at(["id"]).into());
    }
    Ok(())
}
