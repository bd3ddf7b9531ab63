//! Posting up to 250 invoices, with a policy for errors.

use std::collections::BTreeSet;

use async_graphql::InputObject;
use kernel::ids::InvoiceId;
use kernel::{Error, Fault, Result, Tx};
use ledger::entry::ErrorPolicy;

use super::rules::Drafted;
use super::{Invoice, InvoiceStatus, lock_all, post, store};
use crate::fault;
use crate::permission::INVOICE_POST;

/// Invoices of a bulk posting at most.
const MOST: usize = 250;

/// Posts up to 250 invoices on the days of their documents.
#[derive(Clone, Debug, InputObject)]
pub struct InvoiceBulkPostInput {
    /// The invoices.
    pub ids: Vec<InvoiceId>,
    /// What becomes of the good ones when some are bad.
    #[graphql(default_with = "ErrorPolicy::RejectAll")]
    pub error_policy: ErrorPolicy,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// What became of one invoice of a bulk posting.
#[derive(Clone, Debug)]
pub struct BulkOutcome {
    /// Its place in the input, from 0.
    pub index: usize,
    /// The invoice, when it was posted.
    pub invoice: Option<Invoice>,
    /// What was wrong with it, below its place in the input.
    pub faults: Vec<Fault>,
}

/// Posts many invoices. With `RejectAll` one bad invoice leaves none posted; with `SkipFailed` the
/// good ones are, and their numbers have no gap. Either way every invoice says what became of it.
#[tracing::instrument(skip_all, fields(invoices = command.ids.len()), err)]
pub async fn post_bulk(tx: &mut Tx, command: InvoiceBulkPostInput) -> Result<Vec<BulkOutcome>> {
    tx.require(INVOICE_POST)?;
    let unique: BTreeSet<InvoiceId> = command.ids.iter().copied().collect();
    if !(1..=MOST).contains(&command.ids.len()) || unique.len() != command.ids.len() {
        return Err(Fault::invalid(fault::TOO_MANY)
            .with("most", MOST)
            .at(["ids"])
            .into());
    }
    let (mut outcomes, mut good) = sorted_out(tx, &command.ids).await?;
    loop {
        let all_good = good.len() == outcomes.len();
        if !all_good && command.error_policy == ErrorPolicy::RejectAll {
            return Err(Error::Refused(all_faults(outcomes)));
        }
        let drafts: Vec<Drafted> = good.iter().map(|(_, one)| one.clone()).collect();
        tx.savepoint().await?;
        match post::record_fresh(tx, drafts).await {
            Ok(posted) => {
                for ((index, _), row) in good.iter().zip(posted) {
                    settle(&mut outcomes, *index, |one| one.invoice = Some(row));
                }
                return Ok(outcomes);
            }
            Err(Error::Refused(faults)) => {
                // Undone, so that the numbers of the refused leave no gap.
                tx.undo_to_savepoint().await?;
                let before = good.len();
                assign(&mut outcomes, &mut good, faults);
                if good.len() == before {
                    return Err(Error::Refused(all_faults(outcomes)));
                }
            }
            Err(other) => return Err(other),
        }
    }
}

/// The drafts among some invoices, and an outcome for each.
async fn sorted_out(
    tx: &mut Tx,
    ids: &[InvoiceId],
) -> Result<(Vec<BulkOutcome>, Vec<(usize, Drafted)>)> {
    let mut outcomes = Vec::with_capacity(ids.len());
    let mut places = Vec::new();
    let mut rows = Vec::new();
    for (index, found) in lock_all(tx, ids, INVOICE_POST)
        .await?
        .into_iter()
        .enumerate()
    {
        let draft = found.and_then(|row| {
            row.require_status(&[InvoiceStatus::Draft])?;
            Ok(row)
        });
        let faults = match draft {
            Ok(row) => {
                places.push(index);
                rows.push(row);
                Vec::new()
            }
            Err(fault) => vec![fault],
        };
        outcomes.push(BulkOutcome {
            index,
            invoice: None,
            faults,
        });
    }
    let drafted = store::with_parts(tx, rows).await?;
    Ok((outcomes, places.into_iter().zip(drafted).collect()))
}

fn settle(outcomes: &mut [BulkOutcome], index: usize, act: impl FnOnce(&mut BulkOutcome)) {
    if let Some(outcome) = outcomes.get_mut(index) {
        act(outcome);
    }
}

/// Gives each fault of a batch to its invoice and takes the bad ones out of the batch.
fn assign(outcomes: &mut [BulkOutcome], good: &mut Vec<(usize, Drafted)>, faults: Vec<Fault>) {
    let mut bad = Vec::new();
    for mut fault in faults {
        let place = fault
            .field
            .get(1)
            .and_then(|part| part.parse::<usize>().ok());
        let index = place
            .and_then(|place| good.get(place))
            .map(|(index, _)| *index);
        if let Some(index) = index {
            fault.field.drain(..fault.field.len().min(2));
            settle(outcomes, index, |one| one.faults.push(fault));
            bad.push(index);
        }
    }
    good.retain(|(index, _)| !bad.contains(index));
}

fn all_faults(outcomes: Vec<BulkOutcome>) -> Vec<Fault> {
    outcomes
        .into_iter()
        .flat_map(|one| {
            let under = move |fault: Fault| fault.under(["ids".to_owned(), one.index.to_string()]);
            one.faults.into_iter().map(under)
        })
        .collect()
}
