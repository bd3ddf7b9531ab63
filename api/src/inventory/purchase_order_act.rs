//! Acts on purchase orders through the API, and which of them the viewer may do now.

use async_graphql::{Context, Object, Result, SimpleObject};
use futures::future::BoxFuture;
use inventory::fault::ORDER_STATE;
use inventory::permission::{PURCHASE_APPROVE, PURCHASE_MANAGE, STOCK_MOVE};
use inventory::purchase::{
    self, PurchaseOrder as OrderRow, PurchaseOrderApproveInput, PurchaseOrderCancelInput,
    PurchaseOrderCloseInput, PurchaseOrderCreateInput, PurchaseOrderReceiveInput,
    PurchaseOrderRejectInput, PurchaseOrderStatus as Status, PurchaseOrderSubmitInput,
    PurchaseOrderUpdateInput,
};
use kernel::{Fault, Tx, UserErrorCode};
use processes::fault::{NOT_DECIDER, PREPARED_BY_YOU};

use crate::act::{Kept, Payload, act};
use crate::call::Call;
use crate::failure::UserError;
use crate::inventory::movement::Movement;
use crate::inventory::purchase_order::PurchaseOrder;
use crate::payload;
use crate::permission::Permission;
use crate::processes::step::Decidable;

/// What the viewer may do with a purchase order now.
#[derive(SimpleObject)]
pub struct PurchaseOrderViewerCan {
    /// Change it.
    update: Permission,
    /// Order it, or ask for its approval.
    submit: Permission,
    /// Approve it.
    approve: Permission,
    /// Reject it.
    reject: Permission,
    /// Receive what was ordered.
    receive: Permission,
    /// Close it, with the rest not waited for.
    close: Permission,
    /// Call it off.
    cancel: Permission,
}

impl PurchaseOrderViewerCan {
    /// What the viewer may do with an order.
    pub(super) async fn of(graph: &Context<'_>, order: &OrderRow) -> Result<Self> {
        let call = Call::of(graph)?;
        let at = |permission, allowed: &[Status]| standing(call, order, permission, allowed);
        let draft = at(PURCHASE_MANAGE, &[Status::Draft]);
        let scope = call.actor().scope(PURCHASE_APPROVE);
        let decide = match order.status {
            Status::InApproval if scope.covers(Some(order.company_id), None) => {
                deciding(call, order).await?
            }
            _ => at(PURCHASE_APPROVE, &[Status::InApproval]),
        };
        let coming = [Status::Ordered, Status::PartiallyReceived];
        let before = [Status::Draft, Status::InApproval, Status::Ordered];
        Ok(Self {
            update: draft.clone(),
            submit: draft,
            approve: decide.clone(),
            reject: decide,
            receive: at(STOCK_MOVE, &coming),
            close: at(PURCHASE_MANAGE, &[Status::PartiallyReceived]),
            cancel: at(PURCHASE_MANAGE, &before),
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
        if allowed.contains(&order.status) {
            return Permission::allowed();
        }
        let fault = Fault::not_allowed(ORDER_STATE).with("status", order.status);
        Permission::refused(call, &fault)
    })
}

/// Whether the viewer's decision on the order's approval is wanted; who prepared it never decides.
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
    /// What drafting an order gives.
    PurchaseOrderCreatePayload {
        /// The order.
        purchase_order: PurchaseOrder
    }
    /// What changing an order gives.
    PurchaseOrderUpdatePayload {
        /// The order.
        purchase_order: PurchaseOrder
    }
    /// What submitting an order gives.
    PurchaseOrderSubmitPayload {
        /// The order: ordered, or waiting for approval.
        purchase_order: PurchaseOrder
    }
    /// What approving an order gives.
    PurchaseOrderApprovePayload {
        /// The order; ordered once everybody has approved who must.
        purchase_order: PurchaseOrder
    }
    /// What rejecting an order gives.
    PurchaseOrderRejectPayload {
        /// The order, a draft again.
        purchase_order: PurchaseOrder
    }
    /// What closing an order gives.
    PurchaseOrderClosePayload {
        /// The order.
        purchase_order: PurchaseOrder
    }
    /// What calling an order off gives.
    PurchaseOrderCancelPayload {
        /// The order.
        purchase_order: PurchaseOrder
    }
}

/// What receiving gives.
#[derive(SimpleObject)]
pub struct PurchaseOrderReceivePayload {
    /// The order with what came.
    purchase_order: Option<PurchaseOrder>,
    /// The movement of stock.
    movement: Option<Movement>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

/// An order with the movement that it was received by.
pub struct Received(PurchaseOrder, Movement);

impl Payload for PurchaseOrderReceivePayload {
    type Record = Received;

    fn done(Received(order, movement): Received) -> Self {
        Self {
            purchase_order: Some(order),
            movement: Some(movement),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            purchase_order: None,
            movement: None,
            user_errors,
        }
    }
}

impl Kept for Received {
    fn kept(&self) -> serde_json::Value {
        serde_json::json!([self.0.kept(), self.1.kept()])
    }

    fn again<'t>(
        tx: &'t mut Tx,
        kept: &'t serde_json::Value,
    ) -> BoxFuture<'t, kernel::Result<Self>> {
        Box::pin(async move {
            let (order, movement) = <(PurchaseOrder, Movement)>::again(tx, kept).await?;
            Ok(Self(order, movement))
        })
    }
}

/// Acts on purchase orders.
#[derive(Default)]
pub struct PurchaseOrderMutation;

#[Object]
impl PurchaseOrderMutation {
    /// Drafts an order by hand. Needs `inventory.purchase.manage`.
    async fn purchase_order_create(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderCreateInput,
    ) -> Result<PurchaseOrderCreatePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes an order while it is a draft. Needs `inventory.purchase.manage`.
    async fn purchase_order_update(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderUpdateInput,
    ) -> Result<PurchaseOrderUpdatePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::update(tx, input).await?)) })
        })
        .await
    }

    /// Orders what was drafted; where a policy of approval holds for the amount, it waits for a
    /// second person. Needs `inventory.purchase.manage`.
    async fn purchase_order_submit(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderSubmitInput,
    ) -> Result<PurchaseOrderSubmitPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::submit(tx, input).await?)) })
        })
        .await
    }

    /// Approves an order that others prepared. Needs `inventory.purchase.approve` and, where the
    /// policy says so, a fresh proof of identity.
    async fn purchase_order_approve(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderApproveInput,
    ) -> Result<PurchaseOrderApprovePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::approve(tx, input).await?)) })
        })
        .await
    }

    /// Rejects an order: it is a draft again. Needs `inventory.purchase.approve`.
    async fn purchase_order_reject(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderRejectInput,
    ) -> Result<PurchaseOrderRejectPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::reject(tx, input).await?)) })
        })
        .await
    }

    /// Receives what was ordered: the movement of stock and its entry in the books come with it.
    /// Needs `inventory.stock.move`.
    async fn purchase_order_receive(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderReceiveInput,
    ) -> Result<PurchaseOrderReceivePayload> {
        act(graph, input.dry_run, |tx: &mut Tx| {
            Box::pin(async move {
                let received = purchase::receive(tx, input).await?;
                let movement = Movement(received.movement);
                Ok(Received(PurchaseOrder(received.order), movement))
            })
        })
        .await
    }

    /// Closes an order of which some came and the rest is not waited for. Needs
    /// `inventory.purchase.manage`.
    async fn purchase_order_close(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderCloseInput,
    ) -> Result<PurchaseOrderClosePayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::close(tx, input).await?)) })
        })
        .await
    }

    /// Calls an order off before anything came. Needs `inventory.purchase.manage`.
    async fn purchase_order_cancel(
        &self,
        graph: &Context<'_>,
        input: PurchaseOrderCancelInput,
    ) -> Result<PurchaseOrderCancelPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move { Ok(PurchaseOrder(purchase::cancel(tx, input).await?)) })
        })
        .await
    }
}
