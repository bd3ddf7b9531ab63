//! Posting many invoices at once: what became of each, under a policy for errors.

use std::collections::HashMap;

use async_graphql::{Context, Object, Result, SimpleObject};
use finance::invoice::{self, BulkOutcome, InvoiceBulkPostInput};
use futures::future::BoxFuture;
use kernel::id::TypedId;
use kernel::ids::InvoiceId;
use kernel::{Fault, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::invoice::Invoice;
use crate::act::{Kept, Payload, act, require_key, settle};
use crate::call::Call;
use crate::failure::UserError;
use crate::loader::Noun;

/// What became of one of many invoices.
#[derive(Clone, Debug, SimpleObject)]
pub struct InvoiceBulkPostResult {
    /// Its place in the input, from 0.
    index: usize,
    /// The invoice, when it was posted.
    invoice: Option<Invoice>,
    /// What was wrong with it.
    user_errors: Vec<UserError>,
}

/// What posting many invoices gives.
#[derive(SimpleObject)]
pub struct InvoiceBulkPostPayload {
    /// What became of each invoice, in the order of the input.
    results: Vec<InvoiceBulkPostResult>,
    /// What a person can mend when nothing was posted; empty when it was done, though single
    /// invoices may have failed.
    user_errors: Vec<UserError>,
}

impl Payload for InvoiceBulkPostPayload {
    type Record = Outcomes;

    fn done(record: Outcomes) -> Self {
        let result = |one: Outcome| InvoiceBulkPostResult {
            index: one.index,
            invoice: one.invoice,
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

impl InvoiceBulkPostPayload {
    /// Tells each invoice its own errors when nothing was posted.
    fn told_apart(mut self, invoices: usize) -> Self {
        if self.results.is_empty() && !self.user_errors.is_empty() {
            let own = |index: usize| {
                let errors = self.user_errors.iter();
                errors
                    .filter(|error| invoice_of(error) == Some(index))
                    .cloned()
                    .collect()
            };
            let result = |index| InvoiceBulkPostResult {
                index,
                invoice: None,
                user_errors: own(index),
            };
            self.results = (0..invoices).map(result).collect();
        }
        self
    }
}

/// The invoice that an error is about, by `input.ids.N`.
fn invoice_of(error: &UserError) -> Option<usize> {
    match error.field.as_deref()? {
        [input, ids, index, ..] if input == "input" && ids == "ids" => index.parse().ok(),
        _ => None,
    }
}

/// What became of all invoices.
pub struct Outcomes(Vec<Outcome>);

struct Outcome {
    index: usize,
    invoice: Option<Invoice>,
    user_errors: Vec<UserError>,
}

/// What an idempotency key keeps of one invoice.
#[derive(Serialize, Deserialize)]
struct KeptOutcome {
    index: usize,
    invoice: Option<Uuid>,
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
            invoice: one.invoice.as_ref().map(|invoice| invoice.key().0),
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
            let ids: Vec<InvoiceId> = kept
                .iter()
                .filter_map(|one| one.invoice)
                .map(InvoiceId::from_uuid)
                .collect();
            let found = Invoice::by_ids(tx, &ids).await?;
            let mut found: HashMap<Uuid, Invoice> = found
                .into_iter()
                .map(|invoice| (invoice.key().0, invoice))
                .collect();
            let outcome = |one: KeptOutcome| Outcome {
                index: one.index,
                invoice: one.invoice.and_then(|id| found.remove(&id)),
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

/// The outcomes of the posting, with their invoices and in the caller's language.
async fn outcomes(
    tx: &mut Tx,
    call: &Call,
    outcomes: Vec<BulkOutcome>,
    dry_run: bool,
) -> kernel::Result<Outcomes> {
    let rows = outcomes
        .iter()
        .filter_map(|one| one.invoice.clone())
        .collect();
    let invoices = Invoice::all_of_act(tx, rows, dry_run).await?;
    let invoices: HashMap<InvoiceId, Invoice> = invoices
        .into_iter()
        .map(|invoice| (invoice.key(), invoice))
        .collect();
    let speak = |index: usize, fault: Fault| {
        let fault = fault.under(["ids".to_owned(), index.to_string()]);
        UserError::of(&call.core().speaker, call.context().locale, &fault)
    };
    let outcome = |one: BulkOutcome| Outcome {
        index: one.index,
        invoice: one.invoice.and_then(|row| invoices.get(&row.id).cloned()),
        user_errors: one
            .faults
            .into_iter()
            .map(|fault| speak(one.index, fault))
            .collect(),
    };
    Ok(Outcomes(outcomes.into_iter().map(outcome).collect()))
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
