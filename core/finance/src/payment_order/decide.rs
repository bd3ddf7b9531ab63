//! Submitting, approving, rejecting and calling off a payment order.

use async_graphql::InputObject;
use kernel::ids::{ApprovalId, PaymentOrderId, UserId};
use kernel::job::Enqueue;
use kernel::{Error, Result, Tx};
use processes::Sentence;
use processes::approval::{self, ApprovalDecideInput, ApprovalVerdict, Decided, RequestApproval};

use super::deliver::{self, PaymentDeliver};
use super::{PaymentOrder, PaymentOrderStatus, lock, payments, store};
use crate::permission::{PAYMENT_APPROVE, PAYMENT_MANAGE};
use crate::reach::person_behind;

/// The GraphQL type of what is approved.
const SUBJECT: &str = "PaymentOrder";

/// Asks for approval of a payment order.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentOrderSubmitInput {
    /// The order.
    pub id: PaymentOrderId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Approves a payment order that others prepared.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentOrderApproveInput {
    /// The order.
    pub id: PaymentOrderId,
    /// A remark, in at most 2,000 characters.
    pub comment: Option<String>,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Rejects a payment order: it goes back to who prepared it.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentOrderRejectInput {
    /// The order.
    pub id: PaymentOrderId,
    /// Why, in at most 2,000 characters.
    pub comment: String,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Calls a payment order off.
#[derive(Clone, Debug, InputObject)]
pub struct PaymentOrderCancelInput {
    /// The order.
    pub id: PaymentOrderId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Asks for approval of an order by a second person: neither who drafted it nor who submits it can
/// give it. What the bank would refuse is refused now.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn submit(tx: &mut Tx, command: PaymentOrderSubmitInput) -> Result<PaymentOrder> {
    let mut order = lock(tx, command.id, PAYMENT_MANAGE, command.expected_version).await?;
    order.require_status(&[PaymentOrderStatus::Draft])?;
    let company = directory::company::load(tx, order.company_id).await?;
    let payments = payments(tx, &order).await?;
    store::check_accounts(tx, &order, &payments).await?;
    deliver::file(&order, &company, &payments, tx.now())?;
    let me = person_behind(tx).await?;
    let title = Sentence::new("finance.payment_order_title")
        .with("payments", order.payments.to_string())
        .with("company", &company.legal_name)
        .with("date", order.execution_on.to_string());
    let preparers: Vec<UserId> = [order.prepared_by, me].into_iter().flatten().collect();
    let wanted = RequestApproval {
        company: Some(order.company_id),
        amount: Some(order.money()),
        prepared_by: preparers,
        ..RequestApproval::new(SUBJECT, order.id, title, PAYMENT_APPROVE)
    };
    let approval = approval::request(tx, wanted).await?;
    order.status = PaymentOrderStatus::InReview;
    order.submitted_by = me;
    order.approval_id = Some(approval.id);
    let order = store::store(tx, order).await?;
    tx.emit(
        order
            .event("finance.payment_order.submitted")
            .set("approval", approval.id),
    )
    .await?;
    Ok(order)
}

/// Approves an order. When the approval has all it needs, the order is approved and its file is
/// wanted, once. Takes a fresh proof of identity.
///
/// # Errors
/// Who prepared it can't; an order that is not in review; an account that changed meanwhile.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn approve(tx: &mut Tx, command: PaymentOrderApproveInput) -> Result<PaymentOrder> {
    let order = lock(tx, command.id, PAYMENT_APPROVE, command.expected_version).await?;
    decide(tx, order, ApprovalVerdict::Approve, command.comment).await
}

/// Rejects an order. Takes a fresh proof of identity and a reason.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn reject(tx: &mut Tx, command: PaymentOrderRejectInput) -> Result<PaymentOrder> {
    let order = lock(tx, command.id, PAYMENT_APPROVE, command.expected_version).await?;
    decide(tx, order, ApprovalVerdict::Reject, Some(command.comment)).await
}

async fn decide(
    tx: &mut Tx,
    mut order: PaymentOrder,
    decision: ApprovalVerdict,
    comment: Option<String>,
) -> Result<PaymentOrder> {
    order.require_status(&[PaymentOrderStatus::InReview])?;
    tx.require_step_up()?;
    if decision == ApprovalVerdict::Approve {
        let payments = payments(tx, &order).await?;
        store::check_accounts(tx, &order, &payments).await?;
    }
    let id: ApprovalId = order
        .approval_id
        .ok_or_else(|| Error::bug("an order in review has no approval"))?;
    let command = ApprovalDecideInput {
        id,
        decision,
        comment,
        expected_version: None,
    };
    let Decided { completed, .. } = approval::decide(tx, command).await?;
    let action = match decision {
        ApprovalVerdict::Reject => {
            order.status = PaymentOrderStatus::Draft;
            "finance.payment_order.rejected"
        }
        ApprovalVerdict::Approve if completed => {
            order.status = PaymentOrderStatus::Approved;
            order.approved_at = Some(tx.now());
            "finance.payment_order.approved"
        }
        ApprovalVerdict::Approve => return Ok(order),
    };
    let order = store::store(tx, order).await?;
    tx.emit(order.event(action)).await?;
    if order.status == PaymentOrderStatus::Approved {
        let how = Enqueue {
            key: Some(format!("payment.deliver:{}", order.id)),
            company: Some(order.company_id),
            ..Enqueue::default()
        };
        kernel::job::enqueue(tx, &PaymentDeliver { order: order.id }, how).await?;
    }
    Ok(order)
}

/// Calls an order off before it is sent; what it would have paid is open again.
#[tracing::instrument(skip_all, fields(order.id = %command.id), err)]
pub async fn cancel(tx: &mut Tx, command: PaymentOrderCancelInput) -> Result<PaymentOrder> {
    use PaymentOrderStatus::{Approved, Cancelled, Draft, InReview};
    let mut order = lock(tx, command.id, PAYMENT_MANAGE, command.expected_version).await?;
    order.require_status(&[Draft, InReview, Approved])?;
    if order.status == InReview {
        approval::withdraw(tx, SUBJECT, order.id).await?;
    }
    store::release(tx, order.id).await?;
    order.status = Cancelled;
    let order = store::store(tx, order).await?;
    tx.emit(order.event("finance.payment_order.cancelled"))
        .await?;
    Ok(order)
}
