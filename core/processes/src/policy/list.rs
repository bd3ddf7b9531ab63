//! Reading policies: seen by who manages them or may read approvals, in their companies; those of
//! all companies are seen by all of these.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{BooleanFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::ApprovalPolicyId;
use kernel::page::{Page, PageRequest};
use kernel::{Error, Predicate, Result, Tx};

use super::{ApprovalPolicy, ApprovalPolicyStep, store};
use crate::permission::{APPROVAL_READ, POLICY_MANAGE};
use crate::schema::approval_policy;

kernel::listing! {
    /// Conditions on approval policies.
    filter ApprovalPolicyFilter {
        /// By name.
        name: TextFilter => name,
        /// By the kind of record, `PayrollRun`.
        subject_kind: TextFilter => subject_kind,
        /// By company.
        company: IdFilter => company_id,
        /// By lower amount.
        amount_from: DecimalFilter => amount_from,
        /// By whether it counts.
        active: BooleanFilter => active,
    }
    /// An order of approval policies.
    sort ApprovalPolicySort;
    /// What approval policies can be sorted by.
    by ApprovalPolicySortField {
        /// By name.
        Name = "NAME" => name,
        /// By kind of record.
        SubjectKind = "SUBJECT_KIND" => subject_kind,
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default Name Asc;
    search [name, subject_kind];
    from "processes" approval_policy as ApprovalPolicy;
}

/// A page of the policies that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<ApprovalPolicyFilter, ApprovalPolicySortField>,
) -> Result<Page<ApprovalPolicy>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many policies of the request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<ApprovalPolicyFilter, ApprovalPolicySortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The policies of these ids that the actor may see.
pub async fn by_ids(tx: &mut Tx, ids: &[ApprovalPolicyId]) -> Result<Vec<ApprovalPolicy>> {
    let visible = visible(tx)?;
    Ok(approval_policy::table
        .filter(approval_policy::organisation_id.eq(tx.organisation()))
        .filter(approval_policy::id.eq_any(ids))
        .filter(visible)
        .select(ApprovalPolicy::as_select())
        .load(tx.conn())
        .await?)
}

/// One policy, if the actor may see it.
pub async fn find(tx: &mut Tx, id: ApprovalPolicyId) -> Result<Option<ApprovalPolicy>> {
    Ok(by_ids(tx, &[id]).await?.pop())
}

/// The steps of policies, in order, as far as the actor may see the policies.
pub async fn steps_of(tx: &mut Tx, ids: &[ApprovalPolicyId]) -> Result<Vec<ApprovalPolicyStep>> {
    let seen: Vec<ApprovalPolicyId> = by_ids(tx, ids)
        .await?
        .into_iter()
        .map(|row| row.id)
        .collect();
    store::steps(tx, &seen).await
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let mut scope = tx.actor().scope(APPROVAL_READ);
    scope.widen(&tx.actor().scope(POLICY_MANAGE));
    if scope.is_nowhere() {
        return Err(Error::Denied(POLICY_MANAGE));
    }
    let column = |name| kernel::page::quoted("processes", "approval_policy", name);
    let company = column("company_id");
    let common = Predicate::sql(format!("{company} IS NULL"));
    Ok(
        Predicate::equal(&column("organisation_id"), tx.organisation().0)
            .and(Predicate::in_scope(&scope, Some(&company), None).or(common)),
    )
}
