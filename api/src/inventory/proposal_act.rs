//! Acts on proposals through the API: what became of each of many.

use async_graphql::{Context, Object, Result, SimpleObject};
use inventory::proposal::{self, Accepted, AcceptedOne, ProposalAcceptInput, ProposalDismissInput};

use crate::act::{Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::inventory::proposal::Proposal;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::many::{Many, One, Records};

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

impl Payload for ProposalAcceptPayload {
    type Record = (Records<PurchaseOrder>, Many<Proposal>);

    fn done((orders, proposals): Self::Record) -> Self {
        let result = |one: One<Proposal>| ProposalAcceptResult {
            index: one.index,
            proposal: one.record,
            user_errors: one.user_errors,
        };
        Self {
            purchase_orders: orders.0,
            results: proposals.0.into_iter().map(result).collect(),
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

fn outcome(call: &Call, accepted: Accepted) -> (Records<PurchaseOrder>, Many<Proposal>) {
    let orders = accepted.orders.into_iter().map(PurchaseOrder).collect();
    let one = |one: AcceptedOne| (one.index, one.proposal.map(Proposal), one.faults);
    let outcomes = accepted.outcomes.into_iter().map(one);
    (Records(orders), Many::spoken(call, "ids", outcomes))
}

/// What dismissing proposals gives.
#[derive(SimpleObject)]
pub struct ProposalDismissPayload {
    /// The proposals as they are now, in the order of the input.
    proposals: Vec<Proposal>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for ProposalDismissPayload {
    type Record = Records<Proposal>;

    fn done(record: Self::Record) -> Self {
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

/// Acts on proposals.
#[derive(Default)]
pub struct ProposalMutation;

#[Object]
impl ProposalMutation {
    /// Accepts up to 250 proposals: they become lines of drafted orders, one order a supplier,
    /// warehouse and currency. One whose terms are not those of today is refused, until the next run
    /// renews it. Needs `inventory.replenishment.manage` and
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
                Ok(Records(rows.into_iter().map(Proposal).collect()))
            })
        })
        .await
    }
}
