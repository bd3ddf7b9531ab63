//! Calling an order off before anything came, and closing one whose rest will not come.

use async_graphql::InputObject;
use directory::check::{self, Input};
use kernel::ids::PurchaseOrderId;
use kernel::{Result, Tx};
use processes::approval;

use super::{PurchaseOrder, PurchaseOrderStatus, SUBJECT, lock, require_status, store, today};
use crate::permission::PURCHASE_MANAGE;

/// Calls an order off before anything came.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderCancelInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Closes an order of which some came and the rest is not waited for.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderCloseInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Calls an order off before anything came; an approval that is open is withdrawn.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn cancel(tx: &mut Tx, command: PurchaseOrderCancelInput) -> Result<PurchaseOrder> {
    let order = lock(tx, command.id, PURCHASE_MANAGE, command.expected_version).await?;
    let open = [
        PurchaseOrderStatus::Draft,
        PurchaseOrderStatus::InApproval,
        PurchaseOrderStatus::Ordered,
    ];
    require_status(&order, &open)?;
    if order.status == PurchaseOrderStatus::InApproval {
        approval::withdraw(tx, SUBJECT, order.id).await?;
    }
    let action = "inventory.purchase_order.cancelled";
    end(
        tx,
        order,
        PurchaseOrderStatus::Cancelled,
        &command.reason,
        action,
    )
    .await
}

/// Closes an order of which some came and the rest is not waited for: what is missing does not
/// count as incoming any more.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn close(tx: &mut Tx, command: PurchaseOrderCloseInput) -> Result<PurchaseOrder> {
    let order = lock(tx, command.id, PURCHASE_MANAGE, command.expected_version).await?;
    require_status(&order, &[PurchaseOrderStatus::PartiallyReceived])?;
    let action = "inventory.purchase_order.closed";
    end(
        tx,
        order,
        PurchaseOrderStatus::Closed,
        &command.reason,
        action,
    )
    .await
}

async fn end(
    tx: &mut Tx,
    mut order: PurchaseOrder,
    status: PurchaseOrderStatus,
    reason: &str,
    action: &'static str,
) -> Result<PurchaseOrder> {
    let mut input = Input::new();
    let reason = input.take("reason", check::text(reason, 500));
    input.finish()?;
    order.status = status;
    order.ended_on = Some(today(tx, order.company_id).await?);
    order.end_reason = Some(reason);
    let order = store(tx, order).await?;
    tx.emit(order.event(action).set("reason", &order.end_reason))
        .await?;
    Ok(order)
}
