//! Posting many entries at once: what became of each, under a policy for errors.

use std::collections::HashMap;

use async_graphql::{Context, Object, Result};
use kernel::Tx;
use kernel::ids::EntryId;
use ledger::entry::{self, BulkOutcome, EntryBulkPostInput};

use super::entry::Entry;
use crate::act::{act, require_key, settle};
use crate::bulk_payload;
use crate::call::Call;
use crate::loader::Noun;
use crate::many::Many;

bulk_payload! {
    /// What posting many entries gives.
    EntryBulkPostPayload {
        /// What became of one of many entries.
        EntryBulkPostResult {
            /// The entry, when it was posted.
            entry: Entry
        } in "entries"
    }
}

/// The outcomes of the ledger, with their entries and in the caller's language.
async fn outcomes(
    tx: &mut Tx,
    call: &Call,
    outcomes: Vec<BulkOutcome>,
    dry_run: bool,
) -> kernel::Result<Many<Entry>> {
    let rows = outcomes
        .iter()
        .filter_map(|one| one.entry.clone())
        .collect();
    let entries = Entry::of_act(tx, rows, dry_run).await?;
    let entries: HashMap<EntryId, Entry> = entries
        .into_iter()
        .map(|entry| (entry.key(), entry))
        .collect();
    let one = |one: BulkOutcome| {
        let entry = one.entry.and_then(|row| entries.get(&row.id).cloned());
        (one.index, entry, one.faults)
    };
    Ok(Many::spoken(call, "entries", outcomes.into_iter().map(one)))
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
    use kernel::UserErrorCode;

    use super::*;
    use crate::act::Payload;
    use crate::failure::UserError;

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
