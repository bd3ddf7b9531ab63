//! Acts on invoices through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use finance::invoice::{
    self, InvoiceCreateInput, InvoiceDeleteInput, InvoiceDuplicateInput, InvoicePostInput,
    InvoiceUpdateInput, InvoiceVoidInput,
};
use futures::future::BoxFuture;
use kernel::Tx;
use kernel::ids::InvoiceId;

use super::invoice::Invoice;
use crate::act::{Kept, Payload, act};
use crate::failure::UserError;
use crate::payload;

payload! {
    /// What drafting an invoice gives.
    InvoiceCreatePayload {
        /// The invoice.
        invoice: Invoice
    }
    /// What changing a draft gives.
    InvoiceUpdatePayload {
        /// The draft.
        invoice: Invoice
    }
    /// What copying an invoice gives.
    InvoiceDuplicatePayload {
        /// The new draft.
        invoice: Invoice
    }
    /// What posting an invoice gives.
    InvoicePostPayload {
        /// The invoice with its number, entry and open items.
        invoice: Invoice
    }
    /// What voiding an invoice gives.
    InvoiceVoidPayload {
        /// The invoice, void; the credit note is among its `creditNotes`.
        invoice: Invoice
    }
}

/// A draft that is gone.
pub struct Gone(InvoiceId);

impl Kept for Gone {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!(self.0)
    }

    fn again<'t>(
        _: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move { Ok(Self(serde_json::from_value(kept.clone())?)) })
    }
}

/// What deleting a draft gives.
#[derive(SimpleObject)]
pub struct InvoiceDeletePayload {
    /// The draft that is gone.
    deleted_id: Option<ID>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for InvoiceDeletePayload {
    type Record = Gone;

    fn done(record: Gone) -> Self {
        Self {
            deleted_id: Some(record.0.into()),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            deleted_id: None,
            user_errors,
        }
    }
}

/// Acts on invoices.
#[derive(Default)]
pub struct InvoiceMutation;

#[Object]
impl InvoiceMutation {
    /// Drafts an invoice, and with `post` posts it at once. A supplier's document that is there
    /// already is refused, with the one that it is. Needs `finance.invoice.manage`, and to post
    /// `finance.invoice.post`.
    async fn invoice_create(
        &self,
        graph: &Context<'_>,
        input: InvoiceCreateInput,
    ) -> Result<InvoiceCreatePayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = invoice::create(tx, input).await?;
                Invoice::of_act(tx, row, dry_run).await
            })
        })
        .await
    }

    /// Changes a draft. Needs `finance.invoice.manage`.
    async fn invoice_update(
        &self,
        graph: &Context<'_>,
        input: InvoiceUpdateInput,
    ) -> Result<InvoiceUpdatePayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = invoice::update(tx, input).await?;
                Invoice::of_act(tx, row, dry_run).await
            })
        })
        .await
    }

    /// Deletes a draft. Needs `finance.invoice.manage`.
    async fn invoice_delete(
        &self,
        graph: &Context<'_>,
        input: InvoiceDeleteInput,
    ) -> Result<InvoiceDeletePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Gone(invoice::delete(tx, input).await?)) })
        })
        .await
    }

    /// Copies an invoice into a new draft, or into the draft of its credit note. Needs
    /// `finance.invoice.manage`.
    async fn invoice_duplicate(
        &self,
        graph: &Context<'_>,
        input: InvoiceDuplicateInput,
    ) -> Result<InvoiceDuplicatePayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = invoice::duplicate(tx, input).await?;
                Invoice::of_act(tx, row, dry_run).await
            })
        })
        .await
    }

    /// Posts a draft: its number, its entry and what is owed by it, at once and once. Needs
    /// `finance.invoice.post`.
    async fn invoice_post(
        &self,
        graph: &Context<'_>,
        input: InvoicePostInput,
    ) -> Result<InvoicePostPayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = invoice::post(tx, input).await?;
                Invoice::of_act(tx, row, dry_run).await
            })
        })
        .await
    }

    /// Voids a posted invoice by a credit note over all of it. Needs `finance.invoice.post`.
    async fn invoice_void(
        &self,
        graph: &Context<'_>,
        input: InvoiceVoidInput,
    ) -> Result<InvoiceVoidPayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = invoice::void(tx, input).await?;
                Invoice::of_act(tx, row, dry_run).await
            })
        })
        .await
    }
}
