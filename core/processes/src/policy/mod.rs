//! Policies: who has to approve what, as data.
//!
//! A policy holds for one kind of record, perhaps of one company, perhaps within amounts of one
//! currency. [`rules::choose`] says which counts when several do. Its steps are copied into each
//! approval, so that a change of policy never changes an approval that is under way.

mod list;
mod store;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::ids::{ApprovalPolicyId, CompanyId, OrganisationId, RoleId, UserId};
use kernel::scalar::Dec;
use kernel::{CurrencyCode, Fault, Faults, Permission, Result, Tx};
use serde::Serialize;

pub use list::{
    ApprovalPolicyFilter, ApprovalPolicySort, ApprovalPolicySortField, by_ids, count, find, page,
    steps_of,
};

use crate::authority::{self, Named};
use crate::permission::POLICY_MANAGE;
use crate::rules::{self, Chosen, Draft};
use crate::schema::{approval_policy, approval_policy_step};
use crate::{event, fault};

/// Who has to approve records of a kind.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset, Serialize)]
#[diesel(table_name = approval_policy, check_for_backend(diesel::pg::Pg))]
#[diesel(treat_none_as_null = true)]
pub struct ApprovalPolicy {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The policy.
    pub id: ApprovalPolicyId,
    /// What it is called.
    pub name: String,
    /// The GraphQL type of the records, `PayrollRun`.
    pub subject_kind: String,
    /// The company whose records it is for; all companies' when absent.
    pub company_id: Option<CompanyId>,
    /// The currency of the amounts.
    pub currency_code: Option<CurrencyCode>,
    /// From this amount, inclusive.
    pub amount_from: Option<Dec>,
    /// Up to this amount, exclusive.
    pub amount_to: Option<Dec>,
    /// Whether it counts.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

/// A step of a policy.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, Serialize)]
#[diesel(table_name = approval_policy_step, check_for_backend(diesel::pg::Pg))]
pub struct ApprovalPolicyStep {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// Its policy.
    pub policy_id: ApprovalPolicyId,
    /// Its place, from 1.
    pub position: i32,
    /// What it is called.
    pub name: Option<String>,
    /// What one must be allowed to do in order to decide.
    pub permission: Option<String>,
    /// The roles whose holders decide.
    pub role_ids: Vec<RoleId>,
    /// The people who decide, beside the roles' holders.
    pub user_ids: Vec<UserId>,
    /// Approvals by different people that it takes.
    pub approvals_needed: i32,
    /// Hours to decide, from when it opens.
    pub due_hours: Option<i32>,
    /// The roles whose holders may decide, too, once it is escalated.
    pub escalation_role_ids: Vec<RoleId>,
    /// The people who may decide, too, once it is escalated.
    pub escalation_user_ids: Vec<UserId>,
    /// Whether deciding takes a fresh proof of identity.
    pub step_up: bool,
}

impl ApprovalPolicyStep {
    /// The step when no policy says more: a second person with the permission, freshly proved.
    pub(crate) fn second_person(permission: Permission) -> Self {
        Self {
            organisation_id: OrganisationId(uuid::Uuid::nil()),
            policy_id: ApprovalPolicyId(uuid::Uuid::nil()),
            position: 1,
            name: None,
            permission: Some(permission.to_owned()),
            role_ids: Vec::new(),
            user_ids: Vec::new(),
            approvals_needed: 1,
            due_hours: None,
            escalation_role_ids: Vec::new(),
            escalation_user_ids: Vec::new(),
            step_up: true,
        }
    }
}

/// A step of a policy as it is to be. Who decides holds the permission, if one is given, and has
/// one of the roles or is one of the people, if any are given.
#[derive(Clone, Debug, InputObject)]
pub struct ApprovalPolicyStepInput {
    /// What it is called.
    pub name: Option<String>,
    /// What one must be allowed to do in order to decide, `people.payroll.approve`.
    pub permission: Option<String>,
    /// The roles whose holders decide.
    #[graphql(default)]
    pub role_ids: Vec<RoleId>,
    /// The people who decide, beside the roles' holders.
    #[graphql(default)]
    pub user_ids: Vec<UserId>,
    /// Approvals by different people that it takes, 1 to 20.
    #[graphql(default = 1)]
    pub approvals_needed: i32,
    /// Hours to decide, from when it opens.
    pub due_hours: Option<i32>,
    /// The roles whose holders may decide, too, once the hours are over.
    #[graphql(default)]
    pub escalation_role_ids: Vec<RoleId>,
    /// The people who may decide, too, once the hours are over.
    #[graphql(default)]
    pub escalation_user_ids: Vec<UserId>,
    /// Whether deciding takes a fresh proof of identity.
    #[graphql(default = true)]
    pub step_up: bool,
}

/// Makes a policy.
#[derive(Clone, Debug, InputObject)]
pub struct ApprovalPolicyCreateInput {
    /// An id made by the client.
    pub id: Option<ApprovalPolicyId>,
    /// What it is called.
    pub name: String,
    /// The GraphQL type of the records, `PayrollRun`.
    pub subject_kind: String,
    /// The company whose records it is for; all companies' when absent.
    pub company_id: Option<CompanyId>,
    /// The currency of the amounts.
    pub currency_code: Option<CurrencyCode>,
    /// From this amount, inclusive.
    pub amount_from: Option<Dec>,
    /// Up to this amount, exclusive.
    pub amount_to: Option<Dec>,
    /// The steps in order, 1 to 20.
    pub steps: Vec<ApprovalPolicyStepInput>,
}

/// Changes a policy; approvals under way keep their steps.
#[derive(Clone, Debug, InputObject)]
pub struct ApprovalPolicyUpdateInput {
    /// The policy.
    pub id: ApprovalPolicyId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: ApprovalPolicyPatch,
}

/// What changes of a policy; what is absent stays.
#[derive(Clone, Debug, Default, InputObject)]
pub struct ApprovalPolicyPatch {
    /// What it is called.
    pub name: MaybeUndefined<String>,
    /// The currency of the amounts.
    pub currency_code: MaybeUndefined<CurrencyCode>,
    /// From this amount, inclusive.
    pub amount_from: MaybeUndefined<Dec>,
    /// Up to this amount, exclusive.
    pub amount_to: MaybeUndefined<Dec>,
    /// Whether it counts.
    pub active: MaybeUndefined<bool>,
    /// The steps in order, 1 to 20, in place of those it has.
    pub steps: MaybeUndefined<Vec<ApprovalPolicyStepInput>>,
}

/// The steps that an approval starts with.
pub(crate) struct StepsFor {
    /// The policy that counts, if any.
    pub policy: Option<ApprovalPolicyId>,
    /// Its steps in order.
    pub steps: Vec<ApprovalPolicyStep>,
}

/// Makes a policy. Without a company it takes the permission in the whole organisation.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: ApprovalPolicyCreateInput) -> Result<ApprovalPolicy> {
    match command.company_id {
        Some(company) => tx.require_in(POLICY_MANAGE, company, None)?,
        None => tx.actor().require_everywhere(POLICY_MANAGE)?,
    }
    let draft = Draft {
        name: &command.name,
        subject_kind: &command.subject_kind,
        currency_code: command.currency_code,
        amount_from: command.amount_from,
        amount_to: command.amount_to,
        steps: Some(&command.steps),
    };
    check(tx, &draft, &[]).await?;
    let row = ApprovalPolicy {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(ApprovalPolicyId::generate),
        name: command.name.trim().to_owned(),
        subject_kind: command.subject_kind,
        company_id: command.company_id,
        currency_code: command.currency_code,
        amount_from: command.amount_from,
        amount_to: command.amount_to,
        active: true,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    if !store::insert(tx, &row).await? {
        return Err(Fault::conflict("kernel.id_taken").at(["id"]).into());
    }
    store::record_steps(tx, row.id, command.steps).await?;
    tx.emit(event::policy(event::POLICY_CREATED, &row).set("name", &row.name))
        .await?;
    Ok(row)
}

/// Changes a policy.
///
/// # Errors
/// Every fault of the input at once; stale when somebody else changed it.
#[tracing::instrument(skip_all, fields(policy.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: ApprovalPolicyUpdateInput) -> Result<ApprovalPolicy> {
    tx.require(POLICY_MANAGE)?;
    let before = store::lock(tx, command.id)
        .await?
        .filter(|row| authority::covers(tx.actor(), POLICY_MANAGE, row.company_id))
        .ok_or_else(|| Fault::not_found(fault::POLICY_NOT_FOUND).at(["id"]))?;
    if command
        .expected_version
        .is_some_and(|version| version != before.version)
    {
        return Err(Fault::stale().into());
    }
    let patch = command.patch;
    let mut after = before.clone();
    if !patch.name.is_undefined() {
        after.name = given(patch.name).unwrap_or_default().trim().to_owned();
    }
    after.active = given(patch.active).unwrap_or(after.active);
    patched(&mut after.currency_code, patch.currency_code);
    patched(&mut after.amount_from, patch.amount_from);
    patched(&mut after.amount_to, patch.amount_to);
    let steps = (!patch.steps.is_undefined()).then(|| given(patch.steps).unwrap_or_default());
    let draft = Draft {
        name: &after.name,
        subject_kind: &after.subject_kind,
        currency_code: after.currency_code,
        amount_from: after.amount_from,
        amount_to: after.amount_to,
        steps: steps.as_deref(),
    };
    check(tx, &draft, &["patch"]).await?;
    after.updated_at = tx.now();
    after.version += 1;
    store::update(tx, &after).await?;
    let mut event = changes(&before, &after);
    if let Some(steps) = steps {
        event = event.set("steps", steps.len());
        store::replace_steps(tx, after.id, steps).await?;
    }
    tx.emit(event).await?;
    Ok(after)
}

fn changes(before: &ApprovalPolicy, after: &ApprovalPolicy) -> kernel::Event {
    event::policy(event::POLICY_UPDATED, after)
        .changed("name", &before.name, &after.name)
        .changed("active", &before.active, &after.active)
        .changed("currencyCode", &before.currency_code, &after.currency_code)
        .changed("amountFrom", &before.amount_from, &after.amount_from)
        .changed("amountTo", &before.amount_to, &after.amount_to)
}

/// The steps that the policies ask for; no policy when none applies.
pub(crate) async fn steps_for(tx: &mut Tx, kind: &str, chosen: Chosen) -> Result<StepsFor> {
    let policies = store::active(tx, kind).await?;
    let policy = rules::choose(&policies, chosen);
    let steps = match policy {
        Some(id) => store::steps(tx, &[id]).await?,
        None => Vec::new(),
    };
    Ok(StepsFor { policy, steps })
}

/// All that is wrong with a policy and with the people and roles that it names.
async fn check(tx: &mut Tx, draft: &Draft<'_>, below: &[&str]) -> Result<()> {
    let path = |index: usize, field: &str, place: usize| {
        [
            "steps".to_owned(),
            index.to_string(),
            field.to_owned(),
            place.to_string(),
        ]
        .to_vec()
    };
    let (mut users, mut roles) = (Vec::new(), Vec::new());
    for (index, step) in draft.steps.unwrap_or_default().iter().enumerate() {
        let named = [
            ("userIds", &step.user_ids),
            ("escalationUserIds", &step.escalation_user_ids),
        ];
        for (field, ids) in named {
            users.extend(ids.iter().enumerate().map(|(place, id)| Named {
                id: *id,
                path: path(index, field, place),
            }));
        }
        let named = [
            ("roleIds", &step.role_ids),
            ("escalationRoleIds", &step.escalation_role_ids),
        ];
        for (field, ids) in named {
            roles.extend(ids.iter().enumerate().map(|(place, id)| Named {
                id: *id,
                path: path(index, field, place),
            }));
        }
    }
    let mut faults = rules::check_policy(draft);
    authority::check_users(tx, &users, &mut faults).await?;
    authority::check_roles(tx, &roles, &mut faults).await?;
    match faults.finish() {
        Err(kernel::Error::Refused(found)) => {
            let mut placed = Faults::new();
            for fault in found {
                placed.push(fault.under(below.iter().copied()));
            }
            placed.finish()
        }
        other => other,
    }
}

fn patched<T>(value: &mut Option<T>, patch: MaybeUndefined<T>) {
    match patch {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => *value = None,
        MaybeUndefined::Value(new) => *value = Some(new),
    }
}

fn given<T>(patch: MaybeUndefined<T>) -> Option<T> {
    match patch {
        MaybeUndefined::Value(value) => Some(value),
        MaybeUndefined::Null | MaybeUndefined::Undefined => None,
    }
}
