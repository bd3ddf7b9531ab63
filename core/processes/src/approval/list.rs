//! Reading approvals. Seen by those who may read them in their company, by who asked for them or
//! prepared their subject, and by those whose decision they wait for or who have decided.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateTimeFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{ApprovalId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Error, Predicate, Result, Tx};
use uuid::Uuid;

use super::{Approval, ApprovalDecision, ApprovalStatus, ApprovalStep};
use crate::authority;
use crate::permission::{APPROVAL_DECIDE, APPROVAL_READ, INBOX_READ};
use crate::schema::{approval, approval_decision, approval_preparer, approval_step};

kernel::enum_filter! {
    /// Conditions on where an approval stands.
    ApprovalStatusFilter of ApprovalStatus
}

kernel::listing! {
    /// Conditions on approvals.
    filter ApprovalFilter {
        /// By the kind of record, `PayrollRun`.
        subject_kind: TextFilter => subject_kind,
        /// By record.
        subject: IdFilter => subject_id,
        /// By company.
        company: IdFilter => company_id,
        /// By where it stands.
        status: ApprovalStatusFilter => status,
        /// By amount, in units of its currency.
        amount: DecimalFilter => amount,
        /// By who asked.
        requested_by: IdFilter => requested_by,
        /// By when it was asked for.
        requested_at: DateTimeFilter => requested_at,
        /// By when the open step has to be decided.
        due_at: DateTimeFilter => due_at,
    }
    /// An order of approvals.
    sort ApprovalSort;
    /// What approvals can be sorted by.
    by ApprovalSortField {
        /// By when they were asked for.
        RequestedAt = "REQUESTED_AT" => requested_at,
        /// By kind of record.
        SubjectKind = "SUBJECT_KIND" => subject_kind,
    }
    default RequestedAt Desc;
    search [subject_kind];
    from "processes" approval as Approval;
}

/// A page of the approvals that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ApprovalFilter, ApprovalSortField>,
) -> Result<Page<Approval>> {
    let visible = visible(tx).await?;
    list(tx, request, visible).await
}

/// How many approvals of the request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ApprovalFilter, ApprovalSortField>,
) -> Result<i64> {
    let visible = visible(tx).await?;
    tally(tx, request, visible).await
}

/// The approvals of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<Approval>> {
    let visible = visible(tx).await?;
    Ok(approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::id.eq_any(ids))
        .filter(visible)
        .select(Approval::as_select())
        .load(tx.conn())
        .await?)
}

/// One approval, if the actor may see it.
pub async fn find(tx: &mut Tx, id: ApprovalId) -> Result<Option<Approval>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// The newest approval of each of these records, among those that the actor may see.
pub async fn of_subjects(tx: &mut Tx, kind: &str, subjects: &[Uuid]) -> Result<Vec<Approval>> {
    let visible = visible(tx).await?;
    Ok(approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::subject_kind.eq(kind))
        .filter(approval::subject_id.eq_any(subjects))
        .filter(visible)
        .distinct_on(approval::subject_id)
        .order((approval::subject_id, approval::id.desc()))
        .select(Approval::as_select())
        .load(tx.conn())
        .await?)
}

/// The newest approval of a record. For the domain that owns it: checks no permission.
pub async fn of_subject(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<Option<Approval>> {
    Ok(approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::subject_kind.eq(kind))
        .filter(approval::subject_id.eq(subject))
        .order(approval::id.desc())
        .select(Approval::as_select())
        .first(tx.conn())
        .await
        .optional()?)
}

/// The steps of approvals, in order, as far as the actor may see the approvals.
pub async fn steps_of(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<ApprovalStep>> {
    let ids = seen(tx, ids).await?;
    Ok(approval_step::table
        .filter(approval_step::organisation_id.eq(tx.organisation()))
        .filter(approval_step::approval_id.eq_any(ids))
        .order((approval_step::approval_id, approval_step::position))
        .select(ApprovalStep::as_select())
        .load(tx.conn())
        .await?)
}

/// The decisions on approvals, the oldest first, as far as the actor may see the approvals.
pub async fn decisions_of(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<ApprovalDecision>> {
    let ids = seen(tx, ids).await?;
    Ok(approval_decision::table
        .filter(approval_decision::organisation_id.eq(tx.organisation()))
        .filter(approval_decision::approval_id.eq_any(ids))
        .order((approval_decision::approval_id, approval_decision::id))
        .select(ApprovalDecision::as_select())
        .load(tx.conn())
        .await?)
}

/// Who prepared the subjects of approvals, as far as the actor may see the approvals.
pub async fn preparers_of(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<(ApprovalId, UserId)>> {
    let ids = seen(tx, ids).await?;
    Ok(approval_preparer::table
        .filter(approval_preparer::organisation_id.eq(tx.organisation()))
        .filter(approval_preparer::approval_id.eq_any(ids))
        .order((approval_preparer::approval_id, approval_preparer::user_id))
        .select((approval_preparer::approval_id, approval_preparer::user_id))
        .load(tx.conn())
        .await?)
}

/// Those of the approvals that the actor could decide now.
pub async fn decidable_among(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<ApprovalId>> {
    let Some(mandate) = authority::of_actor(tx).await? else {
        return Ok(Vec::new());
    };
    let decidable = authority::decidable(tx.organisation(), &mandate, &column("id"));
    Ok(approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::id.eq_any(ids))
        .filter(decidable)
        .select(approval::id)
        .load(tx.conn())
        .await?)
}

async fn seen(tx: &mut Tx, ids: &[ApprovalId]) -> Result<Vec<ApprovalId>> {
    let visible = visible(tx).await?;
    Ok(approval::table
        .filter(approval::organisation_id.eq(tx.organisation()))
        .filter(approval::id.eq_any(ids))
        .filter(visible)
        .select(approval::id)
        .load(tx.conn())
        .await?)
}

/// What the actor may see of approvals. Needs one of the permissions that speak of approvals, or
/// to stand in for somebody.
async fn visible(tx: &mut Tx) -> Result<Predicate> {
    let actor = tx.actor();
    let speaks = [APPROVAL_READ, APPROVAL_DECIDE, INBOX_READ];
    let speaks = speaks.iter().any(|name| actor.may(name));
    let scope = actor.scope(APPROVAL_READ);
    let own_organisation = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    let read = Predicate::in_scope(&scope, Some(&column("company_id")), None);
    if scope.everywhere {
        return Ok(own_organisation);
    }
    let mandate = authority::of_actor(tx).await?;
    let stands_in = mandate.as_ref().is_some_and(|it| !it.delegated.is_empty());
    if !speaks && !stands_in {
        return Err(Error::Denied(APPROVAL_READ));
    }
    let Some(mandate) = mandate else {
        return Ok(own_organisation.and(read));
    };
    let user = mandate.own.user;
    let mut ways = vec![
        read,
        Predicate::equal(&column("requested_by"), user.0),
        has_part("approval_preparer", user),
        has_part("approval_hand", user),
    ];
    if stands_in || tx.actor().may(APPROVAL_DECIDE) {
        ways.push(authority::decidable(
            tx.organisation(),
            &mandate,
            &column("id"),
        ));
    }
    Ok(own_organisation.and(Predicate::some(ways)))
}

fn has_part(table: &str, user: UserId) -> Predicate {
    let (organisation, id) = (column("organisation_id"), column("id"));
    Predicate::sql(format!(
        "EXISTS (SELECT FROM processes.{table} part WHERE part.organisation_id = {organisation} \
         AND part.approval_id = {id} AND part.user_id = "
    ))
    .bind(user.0)
    .then(")")
}

fn column(name: &str) -> String {
    kernel::page::quoted("processes", "approval", name)
}
