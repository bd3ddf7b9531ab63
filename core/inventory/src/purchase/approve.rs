//! Submitting, approving and rejecting an order.

use async_graphql::InputObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{ApprovalId, PurchaseOrderId, UserId};
use kernel::{Date, Error, Fault, Result, Tx};
use processes::Sentence;
use processes::approval::{
    self, Approval, ApprovalDecideInput, ApprovalVerdict, Decided, RequestApproval,
};
use processes::policy::ApprovalPolicy;
use processes::rules::{Chosen, choose};

use super::{
    PurchaseOrder, PurchaseOrderStatus, SUBJECT, load_lines, lock, person_behind, require_status,
    store, today,
};
use crate::fault;
use crate::permission::{PURCHASE_APPROVE, PURCHASE_MANAGE};
use crate::schema_replenishment::purchase_order;

/// Orders what was drafted, or asks for its approval.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderSubmitInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Approves an order that others prepared.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderApproveInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// A remark, in at most 2,000 characters.
    pub comment: Option<String>,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Rejects an order: it is a draft again.
#[derive(Clone, Debug, InputObject)]
pub struct PurchaseOrderRejectInput {
    /// The order.
    pub id: PurchaseOrderId,
    /// Why, in at most 2,000 characters.
    pub comment: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Orders what was drafted. Where a policy of approval holds for purchase orders of the company and
/// this amount, it waits for approval by somebody else; elsewhere it is ordered at once.
///
/// # Errors
/// An order that is no draft, or has no lines.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn submit(tx: &mut Tx, command: PurchaseOrderSubmitInput) -> Result<PurchaseOrder> {
    let mut order = lock(tx, command.id, PURCHASE_MANAGE, command.expected_version).await?;
    require_status(&order, &[PurchaseOrderStatus::Draft])?;
    if load_lines(tx, &[order.id]).await?.is_empty() {
        return Err(Fault::not_allowed(fault::ORDER_EMPTY).at(["id"]).into());
    }
    let me = person_behind(tx).await?;
    order.submitted_by = me;
    if !needs_approval(tx, &order).await? {
        return ordered(tx, order).await;
    }
    let supplier = crate::known::suppliers(tx, &[order.supplier_id]).await?;
    let title = Sentence::new("inventory.purchase_order_title")
        .with("number", &order.number)
        .with("supplier", supplier.get(&order.supplier_id));
    let preparers: Vec<UserId> = [order.prepared_by, me].into_iter().flatten().collect();
    let wanted = RequestApproval {
        company: Some(order.company_id),
        amount: Some(order.money()),
        prepared_by: preparers,
        ..RequestApproval::new(SUBJECT, order.id, title, PURCHASE_APPROVE)
    };
    let approval = approval::request(tx, wanted).await?;
    order.status = PurchaseOrderStatus::InApproval;
    order.approval_id = Some(approval.id);
    let order = store(tx, order).await?;
    let event = order.event("inventory.purchase_order.submitted");
    tx.emit(event.set("approval", approval.id)).await?;
    Ok(order)
}

/// Whether a policy of approval holds for the order.
async fn needs_approval(tx: &mut Tx, order: &PurchaseOrder) -> Result<bool> {
    use processes::schema::approval_policy;
    let policies: Vec<ApprovalPolicy> = approval_policy::table
        .filter(approval_policy::organisation_id.eq(tx.organisation()))
        .filter(approval_policy::subject_kind.eq(SUBJECT))
        .filter(approval_policy::active)
        .select(ApprovalPolicy::as_select())
        .load(tx.conn())
        .await?;
    let chosen = Chosen {
        company: Some(order.company_id),
        amount: Some(order.money()),
    };
    Ok(choose(&policies, chosen).is_some())
}

/// Makes an order ordered, as of today.
async fn ordered(tx: &mut Tx, mut order: PurchaseOrder) -> Result<PurchaseOrder> {
    let day: Date = today(tx, order.company_id).await?;
    order.status = PurchaseOrderStatus::Ordered;
    order.ordered_on = Some(day);
    let order = store(tx, order).await?;
    let event = order.event("inventory.purchase_order.ordered");
    tx.emit(event.set("orderedOn", day)).await?;
    Ok(order)
}

/// Approves an order. When the approval has all it needs, the order is ordered; any number of
/// approvals at once order it once.
///
/// # Errors
/// Who prepared it can't; an order that does not wait for approval.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn approve(tx: &mut Tx, command: PurchaseOrderApproveInput) -> Result<PurchaseOrder> {
    let order = lock(tx, command.id, PURCHASE_APPROVE, command.expected_version).await?;
    let (order, _) = decide(tx, order, ApprovalVerdict::Approve, command.comment).await?;
    Ok(order)
}

/// Rejects an order: it is a draft again.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn reject(tx: &mut Tx, command: PurchaseOrderRejectInput) -> Result<PurchaseOrder> {
    let order = lock(tx, command.id, PURCHASE_APPROVE, command.expected_version).await?;
    let (order, _) = decide(tx, order, ApprovalVerdict::Reject, Some(command.comment)).await?;
    Ok(order)
}

/// Decides the approval of an order by the approval's id, as from somebody's inbox; `None` when the
/// approval is not an order's, so that it is for others to decide.
pub async fn decide_approval(
    tx: &mut Tx,
    command: &ApprovalDecideInput,
) -> Result<Option<(PurchaseOrder, Approval)>> {
    let id: Option<PurchaseOrderId> = purchase_order::table
        .filter(purchase_order::organisation_id.eq(tx.organisation()))
        .filter(purchase_order::approval_id.eq(command.id))
        .select(purchase_order::id)
        .first(tx.conn())
        .await
        .optional()?;
    let Some(id) = id else { return Ok(None) };
    let order = lock(tx, id, PURCHASE_APPROVE, None).await?;
    decide(tx, order, command.decision, command.comment.clone())
        .await
        .map(Some)
}

async fn decide(
    tx: &mut Tx,
    mut order: PurchaseOrder,
    decision: ApprovalVerdict,
    comment: Option<String>,
) -> Result<(PurchaseOrder, Approval)> {
    require_status(&order, &[PurchaseOrderStatus::InApproval])?;
    let id: ApprovalId = order
        .approval_id
        .ok_or_else(|| Error::bug("an order in approval has no approval"))?;
    let command = ApprovalDecideInput {
        id,
        decision,
        comment,
        expected_version: None,
    };
    let Decided {
        approval,
        completed,
    } = approval::decide(tx, command).await?;
    match decision {
        ApprovalVerdict::Approve if completed => Ok((ordered(tx, order).await?, approval)),
        ApprovalVerdict::Approve => Ok((order, approval)),
        ApprovalVerdict::Reject => {
            order.status = PurchaseOrderStatus::Draft;
            let order = store(tx, order).await?;
            tx.emit(order.event("inventory.purchase_order.rejected"))
                .await?;
            Ok((order, approval))
        }
    }
}
