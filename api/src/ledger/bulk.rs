//! Posting many entries at once: what became of each, under a policy for errors.

use std::collections::HashMap;

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::ids::EntryId;
use kernel::{Fault, Tx};
use ledger::entry::{self, BulkOutcome, EntryBulkPostInput};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entry::Entry;
use crate::act::{Kept, Payload, act, require_key, settle};
use crate::call::Call;
use crate::failure::UserError;
use crate::loader::Noun;

/// What became of one of many entries.
#[derive(Clone, Debug, SimpleObject)]
pub struct EntryBulkPostResult {
    /// Its place in the input, from 0.
    index: usize,
    /// The entry, when it was posted.
    entry: Option<Entry>,
    /// What was wrong with it.
    user_errors: Vec<UserError>,
}

/// What posting many entries gives.
#[derive(SimpleObject)]
pub struct EntryBulkPostPayload {
    /// What became of each entry, in the order of the input.
    results: Vec<EntryBulkPostResult>,
    /// What a person can mend when nothing was posted; empty when it was done, though single
    /// entries may have failed.
    user_errors: Vec<UserError>,
}

impl Payload for EntryBulkPostPayload {
    type Record = Outcomes;

    fn done(record: Outcomes) -> Self {
        let result = |one: Outcome| EntryBulkPostResult {
            index: one.index,
            entry: one.entry,
            user_errors: one.user_errors,
        };
        Self {
            results: record.0.into_iter().map(result).collect(),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            results: Vec::new(),
            user_errors,
        }
    }
}

impl EntryBulkPostPayload {
    /// Tells each entry its own errors when nothing was posted.
    fn told_apart(mut self, entries: usize) -> Self {
        if self.results.is_empty() && !self.user_errors.is_empty() {
            let own = |index: usize| {
                let errors = self.user_errors.iter();
                errors
                    .filter(|error| entry_of(error) == Some(index))
                    .cloned()
                    .collect()
            };
            let result = |index| EntryBulkPostResult {
                index,
                entry: None,
                user_errors: own(index),
            };
            self.results = (0..entries).map(result).collect();
        }
        self
    }
}

/// The entry that an error is about, by `input.entries.N`.
fn entry_of(error: &UserError) -> Option<usize> {
    match error.field.as_deref()? {
        [input, entries, index, ..] if input == "input" && entries == "entries" => {
            index.parse().ok()
        }
        _ => None,
    }
}

/// What became of all entries.
pub struct Outcomes(Vec<Outcome>);

struct Outcome {
    index: usize,
    entry: Option<Entry>,
    user_errors: Vec<UserError>,
}

/// What an idempotency key keeps of one entry.
#[derive(Serialize, Deserialize)]
struct KeptOutcome {
    index: usize,
    entry: Option<Uuid>,
    errors: Vec<KeptError>,
}

/// A user error as it was said.
#[derive(Serialize, Deserialize)]
struct KeptError {
    code: kernel::UserErrorCode,
    reason: String,
    message: String,
    field: Option<Vec<String>>,
}

impl Kept for Outcomes {
    fn kept(&self) -> serde_json::Value {
        let error = |error: &UserError| KeptError {
            code: error.code,
            reason: error.reason.clone(),
            message: error.message.clone(),
            field: error.field.clone(),
        };
        let outcome = |one: &Outcome| KeptOutcome {
            index: one.index,
            entry: one.entry.as_ref().map(|entry| entry.key().0),
            errors: one.user_errors.iter().map(error).collect(),
        };
        let kept: Vec<KeptOutcome> = self.0.iter().map(outcome).collect();
        serde_json::json!(kept)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let kept: Vec<KeptOutcome> = serde_json::from_value(kept.clone())?;
            let ids: Vec<EntryId> = kept
                .iter()
                .filter_map(|one| one.entry)
                .map(EntryId::from_uuid)
                .collect();
            let found = Entry::by_ids(tx, &ids).await?;
            let mut found: HashMap<Uuid, Entry> = found
                .into_iter()
                .map(|entry| (entry.key().0, entry))
                .collect();
            let outcome = |one: KeptOutcome| Outcome {
                index: one.index,
                entry: one.entry.and_then(|id| found.remove(&id)),
                user_errors: one.errors.into_iter().map(said).collect(),
            };
            Ok(Self(kept.into_iter().map(outcome).collect()))
        })
    }
}

fn said(kept: KeptError) -> UserError {
    UserError {
        code: kept.code,
        reason: kept.reason,
        message: kept.message,
        field: kept.field,
    }
}

/// The outcomes of the ledger, with their entries and in the caller's language.
async fn outcomes(
    tx: &mut Tx,
    call: &Call,
    outcomes: Vec<BulkOutcome>,
    dry_run: bool,
) -> kernel::Result<Outcomes> {
    let rows = outcomes
        .iter()
        .filter_map(|one| one.entry.clone())
        .collect();
    let entries = Entry::of_act(tx, rows, dry_run).await?;
    let entries: HashMap<EntryId, Entry> = entries
        .into_iter()
        .map(|entry| (entry.key(), entry))
        .collect();
    let speak = |index: usize, fault: Fault| {
        let fault = fault.under(["entries".to_owned(), index.to_string()]);
        UserError::of(&call.core().speaker, call.context().locale, &fault)
    };
    let outcome = |one: BulkOutcome| Outcome {
        index: one.index,
        entry: one.entry.and_then(|row| entries.get(&row.id).cloned()),
        user_errors: one
            .faults
            .into_iter()
            .map(|fault| speak(one.index, fault))
            .collect(),
    };
    Ok(Outcomes(outcomes.into_iter().map(outcome).collect()))
}

/// Acts on many entries.
#[derive(Default)]
pub struct EntryBulkMutation;

#[Object]
impl EntryBulkMutation {
    /// Posts up to 250 entries by hand; each says what became of it. Needs `ledger.entry.post` and,
    /// unless it is a dry run, an idempotency key.
    async fn entry_bulk_post(
        &self,
        graph: &Context<'_>,
        input: EntryBulkPostInput,
    ) -> Result<EntryBulkPostPayload> {
        let call = Call::of(graph)?;
        let (dry_run, entries) = (input.dry_run, input.entries.len());
        if let Err(lacking) = require_key(graph, dry_run)? {
            return settle(call, Err(lacking));
        }
        let caller = call.clone();
        let done: EntryBulkPostPayload = act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let posted = entry::post_bulk(tx, input).await?;
                outcomes(tx, &caller, posted, dry_run).await
            })
        })
        .await?;
        Ok(done.told_apart(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::UserErrorCode;

    fn error(field: &[&str]) -> UserError {
        UserError {
            code: UserErrorCode::Invalid,
            reason: "ledger.unbalanced".to_owned(),
            message: String::new(),
            field: Some(field.iter().map(|part| (*part).to_owned()).collect()),
        }
    }

    #[test]
    fn every_entry_of_a_refused_batch_hears_its_own_errors() {
        let errors = vec![
            error(&["input", "entries", "1", "lines"]),
            error(&["input", "entries"]),
        ];
        let payload = EntryBulkPostPayload::refused(errors).told_apart(2);
        let heard: Vec<usize> = payload
            .results
            .iter()
            .map(|one| one.user_errors.len())
            .collect();
        assert_eq!(heard, [0, 1]);
        assert_eq!(payload.user_errors.len(), 2);
    }
}
