//! Posting many invoices at once: what became of each, under a policy for errors.

use std::collections::HashMap;

use async_graphql::{Context, Object, Result};
use finance::invoice::{self, BulkOutcome, InvoiceBulkPostInput};
use kernel::Tx;
use kernel::ids::InvoiceId;

use super::invoice::Invoice;
use crate::act::{act, require_key, settle};
use crate::bulk_payload;
use crate::call::Call;
use crate::loader::Noun;
use crate::many::Many;

bulk_payload! {
    /// What posting many invoices gives.
    InvoiceBulkPostPayload {
        /// What became of one of many invoices.
        InvoiceBulkPostResult {
            /// The invoice, when it was posted.
            invoice: Invoice
        } in "ids"
    }
}

/// The outcomes of the posting, with their invoices and in the caller's language.
async fn outcomes(
    tx: &mut Tx,
    call: &Call,
    outcomes: Vec<BulkOutcome>,
    dry_run: bool,
) -> kernel::Result<Many<Invoice>> {
    let rows = outcomes
        .iter()
        .filter_map(|one| one.invoice.clone())
        .collect();
    let invoices = Invoice::all_of_act(tx, rows, dry_run).await?;
    let invoices: HashMap<InvoiceId, Invoice> = invoices
        .into_iter()
        .map(|invoice| (invoice.key(), invoice))
        .collect();
    let one = |one: BulkOutcome| {
        let invoice = one.invoice.and_then(|row| invoices.get(&row.id).cloned());
        (one.index, invoice, one.faults)
    };
    Ok(Many::spoken(call, "ids", outcomes.into_iter().map(one)))
}

/// Acts on many invoices.
#[derive(Default)]
pub struct InvoiceBulkMutation;

#[Object]
impl InvoiceBulkMutation {
    /// Posts up to 250 drafts on the days of their documents; each says what became of it. Needs
    /// `finance.invoice.post` and, unless it is a dry run, an idempotency key.
    async fn invoice_bulk_post(
        &self,
        graph: &Context<'_>,
        input: InvoiceBulkPostInput,
    ) -> Result<InvoiceBulkPostPayload> {
        let call = Call::of(graph)?;
        let (dry_run, invoices) = (input.dry_run, input.ids.len());
        if let Err(lacking) = require_key(graph, dry_run)? {
            return settle(call, Err(lacking));
        }
        let caller = call.clone();
        let done: InvoiceBulkPostPayload = act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let posted = invoice::post_bulk(tx, input).await?;
                outcomes(tx, &caller, posted, dry_run).await
            })
        })
        .await?;
        Ok(done.told_apart(invoices))
    }
}
