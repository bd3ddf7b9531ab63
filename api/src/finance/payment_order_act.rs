//! Acts on payment orders through the API, and which of them the viewer may do now.

use async_graphql::{Context, Object, Result, SimpleObject};
use finance::payment_order::{
    self, PaymentOrder as OrderRow, PaymentOrderApproveInput, PaymentOrderCancelInput,
    PaymentOrderDraftInput, PaymentOrderRejectInput, PaymentOrderStatus as Status,
    PaymentOrderSubmitInput,
};
use finance::permission::{PAYMENT_APPROVE, PAYMENT_MANAGE};
use kernel::{Fault, UserErrorCode};
use processes::fault::{NOT_DECIDER, PREPARED_BY_YOU};

use super::payment_order::PaymentOrder;
use crate::act::{act, require_key, settle};
use crate::call::Call;
use crate::payload;
use crate::permission::Permission;
use crate::processes::step::Decidable;

/// What the viewer may do with a payment order now.
#[derive(SimpleObject)]
pub struct PaymentOrderViewerCan {
    /// Ask for its approval.
    submit: Permission,
    /// Approve it; takes a fresh proof of identity.
    approve: Permission,
    /// Reject it; takes a fresh proof of identity.
    reject: Permission,
    /// Call it off.
    cancel: Permission,
}

impl PaymentOrderViewerCan {
    /// What the viewer may do with an order.
    pub(super) async fn of(graph: &Context<'_>, order: &OrderRow) -> Result<Self> {
        use Status::{Approved, Draft, InReview};
        let call = Call::of(graph)?;
        let at = |permission, allowed: &[Status]| standing(call, order, permission, allowed);
        let scope = call.actor().scope(PAYMENT_APPROVE);
        let decide = match order.status {
            InReview if scope.covers(Some(order.company_id), None) => deciding(call, order).await?,
            _ => at(PAYMENT_APPROVE, &[InReview]),
        };
        Ok(Self {
            submit: at(PAYMENT_MANAGE, &[Draft]),
            approve: decide.clone(),
            reject: decide,
            cancel: at(PAYMENT_MANAGE, &[Draft, InReview, Approved]),
        })
    }
}

/// Whether a permission holds for an order and the order stands where the act begins.
fn standing(
    call: &Call,
    order: &OrderRow,
    permission: kernel::Permission,
    allowed: &[Status],
) -> Permission {
    let company = Some(order.company_id);
    Permission::held(call, permission, |scope| scope.covers(company, None)).and(|| {
        match order.require_status(allowed) {
            Ok(()) => Permission::allowed(),
            Err(fault) => Permission::refused(call, &fault),
        }
    })
}

/// Whether the viewer's decision is wanted; who prepared the order never decides.
async fn deciding(call: &Call, order: &OrderRow) -> Result<Permission> {
    let me = call.actor().principal.user();
    let refused = |reason| Permission::refused(call, &Fault::new(UserErrorCode::Forbidden, reason));
    if me.is_some() && [order.prepared_by, order.submitted_by].contains(&me) {
        return Ok(refused(PREPARED_BY_YOU));
    }
    let wanted = match order.approval_id {
        Some(approval) => !call.parts::<Decidable>(approval).await?.is_empty(),
        None => false,
    };
    Ok(if wanted {
        Permission::allowed()
    } else {
        refused(NOT_DECIDER)
    })
}

payload! {
    /// What drafting a payment order gives.
    PaymentOrderDraftPayload {
        /// The order.
        payment_order: PaymentOrder
    }
    /// What asking for approval gives.
    PaymentOrderSubmitPayload {
        /// The order, in review.
        payment_order: PaymentOrder
    }
    /// What approving gives.
    PaymentOrderApprovePayload {
        /// The order; approved once everybody has who must. Its file follows.
        payment_order: PaymentOrder
    }
    /// What rejecting gives.
    PaymentOrderRejectPayload {
        /// The order, a draft again.
        payment_order: PaymentOrder
    }
    /// What calling an order off gives.
    PaymentOrderCancelPayload {
        /// The order.
        payment_order: PaymentOrder
    }
}

/// Acts on payment orders.
#[derive(Default)]
pub struct PaymentOrderMutation;

#[Object]
impl PaymentOrderMutation {
    /// Drafts a payment order over what falls due, or over chosen items. Needs
    /// `finance.payment.manage`.
    async fn payment_order_draft(
        &self,
        graph: &Context<'_>,
        input: PaymentOrderDraftInput,
    ) -> Result<PaymentOrderDraftPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PaymentOrder(payment_order::draft(tx, input).await?)) })
        })
        .await
    }

    /// Asks for approval by a second person. Needs `finance.payment.manage`.
    async fn payment_order_submit(
        &self,
        graph: &Context<'_>,
        input: PaymentOrderSubmitInput,
    ) -> Result<PaymentOrderSubmitPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PaymentOrder(payment_order::submit(tx, input).await?)) })
        })
        .await
    }

    /// Approves an order that others prepared; its bank file is made and it is posted. Needs
    /// `finance.payment.approve`, a fresh proof of identity and, because it pays, an idempotency key
    /// unless it is a dry run.
    async fn payment_order_approve(
        &self,
        graph: &Context<'_>,
        input: PaymentOrderApproveInput,
    ) -> Result<PaymentOrderApprovePayload> {
        if let Err(lacking) = require_key(graph, input.dry_run)? {
            return settle(Call::of(graph)?, Err(lacking));
        }
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PaymentOrder(payment_order::approve(tx, input).await?)) })
        })
        .await
    }

    /// Rejects an order that others prepared. Needs `finance.payment.approve` and a fresh proof of
    /// identity.
    async fn payment_order_reject(
        &self,
        graph: &Context<'_>,
        input: PaymentOrderRejectInput,
    ) -> Result<PaymentOrderRejectPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(PaymentOrder(payment_order::reject(tx, input).await?)) })
        })
        .await
    }

    /// Calls an order off before it is sent. Needs `finance.payment.manage`.
    async fn payment_order_cancel(
        &self,
        graph: &Context<'_>,
        input: PaymentOrderCancelInput,
    ) -> Result<PaymentOrderCancelPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(PaymentOrder(payment_order::cancel(tx, input).await?)) })
        })
        .await
    }
}
