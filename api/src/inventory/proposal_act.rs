//! Acts on proposals through the API: what became of each of many.

use std::collections::HashMap;

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::future::BoxFuture;
use inventory::proposal::{self, Accepted, ProposalAcceptInput, ProposalDismissInput};
use kernel::Tx;
use kernel::id::TypedId;
use kernel::ids::{ProposalId, PurchaseOrderId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::inventory::proposal::Proposal;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::loader::Noun;

/// What became of one of many proposals.
#[derive(Clone, SimpleObject)]
pub struct ProposalAcceptResult {
    /// Its place in the input, from 0.
    index: usize,
    /// The proposal, when it was accepted.
    proposal: Option<Proposal>,
    /// What was wrong with it.
    user_errors: Vec<UserError>,
}

/// What accepting proposals gives.
#[derive(SimpleObject)]
pub struct ProposalAcceptPayload {
    /// The orders that were drafted, one a supplier, warehouse and currency; at most one a
    /// proposal.
    purchase_orders: Vec<PurchaseOrder>,
    /// What became of each proposal, in the order of the input.
    results: Vec<ProposalAcceptResult>,
    /// What a person can mend when nothing was accepted; empty when it was done, though single
    /// proposals may have failed.
    user_errors: Vec<UserError>,
}

/// What was accepted.
pub struct Outcome {
    orders: Vec<PurchaseOrder>,
    results: Vec<ProposalAcceptResult>,
}

impl Payload for ProposalAcceptPayload {
    type Record = Outcome;

    fn done(record: Outcome) -> Self {
        Self {
            purchase_orders: record.orders,
            results: record.results,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            purchase_orders: Vec::new(),
            results: Vec::new(),
            user_errors,
        }
    }
}

/// What an idempotency key keeps of an acceptance.
#[derive(Serialize, Deserialize)]
struct KeptOutcome {
    orders: Vec<Uuid>,
    results: Vec<KeptResult>,
}

/// What it keeps of one proposal.
#[derive(Serialize, Deserialize)]
struct KeptResult {
    index: usize,
    proposal: Option<Uuid>,
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

impl Kept for Outcome {
    fn kept(&self) -> serde_json::Value {
        let error = |error: &UserError| KeptError {
            code: error.code,
            reason: error.reason.clone(),
            message: error.message.clone(),
            field: error.field.clone(),
        };
        let result = |one: &ProposalAcceptResult| KeptResult {
            index: one.index,
            proposal: one.proposal.as_ref().map(|it| it.key().0),
            errors: one.user_errors.iter().map(error).collect(),
        };
        serde_json::json!(KeptOutcome {
            orders: self.orders.iter().map(|order| order.key().0).collect(),
            results: self.results.iter().map(result).collect(),
        })
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let kept: KeptOutcome = serde_json::from_value(kept.clone())?;
            let orders: Vec<PurchaseOrderId> = kept
                .orders
                .into_iter()
                .map(PurchaseOrderId::from_uuid)
                .collect();
            let wanted = kept.results.iter().filter_map(|one| one.proposal);
            let proposals: Vec<ProposalId> = wanted.map(ProposalId::from_uuid).collect();
            let found = Proposal::by_ids(tx, &proposals).await?;
            let mut found: HashMap<Uuid, Proposal> =
                found.into_iter().map(|it| (it.key().0, it)).collect();
            let result = |one: KeptResult| ProposalAcceptResult {
                index: one.index,
                proposal: one.proposal.and_then(|id| found.remove(&id)),
                user_errors: one.errors.into_iter().map(said).collect(),
            };
            let results = kept.results.into_iter().map(result).collect();
            let orders = PurchaseOrder::by_ids(tx, &orders).await?;
            Ok(Self { orders, results })
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

fn outcome(call: &Call, accepted: Accepted) -> Outcome {
    let speak = |index: usize, fault: kernel::Fault| {
        let fault = fault.under(["ids".to_owned(), index.to_string()]);
        UserError::of(&call.core().speaker, call.context().locale, &fault)
    };
    let result = |one: proposal::AcceptedOne| ProposalAcceptResult {
        index: one.index,
        proposal: one.proposal.map(Proposal),
        user_errors: one
            .faults
            .into_iter()
            .map(|it| speak(one.index, it))
            .collect(),
    };
    Outcome {
        orders: accepted.orders.into_iter().map(PurchaseOrder).collect(),
        results: accepted.outcomes.into_iter().map(result).collect(),
    }
}

/// What dismissing proposals gives.
#[derive(SimpleObject)]
pub struct ProposalDismissPayload {
    /// The proposals as they are now, in the order of the input.
    proposals: Vec<Proposal>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// The proposals that were dismissed.
pub struct Dismissed(Vec<Proposal>);

impl Payload for ProposalDismissPayload {
    type Record = Dismissed;

    fn done(record: Dismissed) -> Self {
        Self {
            proposals: record.0,
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            proposals: Vec::new(),
            user_errors,
        }
    }
}

impl Kept for Dismissed {
    fn kept(&self) -> serde_json::Value {
        let ids: Vec<Uuid> = self.0.iter().map(|it| it.key().0).collect();
        serde_json::json!(ids)
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let ids: Vec<Uuid> = serde_json::from_value(kept.clone())?;
            let wanted: Vec<ProposalId> = ids.iter().copied().map(ProposalId::from_uuid).collect();
            let mut found = Proposal::by_ids(tx, &wanted).await?;
            found.sort_by_key(|it| ids.iter().position(|id| *id == it.key().0));
            Ok(Self(found))
        })
    }
}

/// Acts on proposals.
#[derive(Default)]
pub struct ProposalMutation;

#[Object]
impl ProposalMutation {
    /// Accepts up to 250 proposals: they become lines of drafted orders, one order a supplier,
    /// warehouse and currency. Needs `inventory.replenishment.manage` and
    /// `inventory.purchase.manage`.
    async fn proposal_accept(
        &self,
        graph: &Context<'_>,
        input: ProposalAcceptInput,
    ) -> Result<ProposalAcceptPayload> {
        let caller = Call::of(graph)?.clone();
        act(graph, input.dry_run, move |tx| {
            Box::pin(async move {
                let accepted = proposal::accept(tx, input).await?;
                Ok(outcome(&caller, accepted))
            })
        })
        .await
    }

    /// Dismisses up to 250 proposals, all or none: they do not come back until a day. Needs
    /// `inventory.replenishment.manage`.
    async fn proposal_dismiss(
        &self,
        graph: &Context<'_>,
        input: ProposalDismissInput,
    ) -> Result<ProposalDismissPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let rows = proposal::dismiss(tx, input).await?;
                Ok(Dismissed(rows.into_iter().map(Proposal).collect()))
            })
        })
        .await
    }
}
