//! The rules of approval by tables and by properties; here, who may decide and what follows.

mod choosing;
mod histories;
mod lending;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kernel::ids::{
    ApprovalId, ApprovalPolicyId, ApprovalStepId, CompanyId, DelegationId, OrganisationId, RoleId,
    UserId,
};
use kernel::scalar::Dec;
use kernel::{CurrencyCode, Error, Money, Scope};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::authority::Delegated;
use crate::policy::{ApprovalPolicy, ApprovalPolicyStepInput};

const PERMISSION: &str = "people.payroll.approve";

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn user(number: u128) -> UserId {
    UserId(id(number))
}

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::hours(hours)
}

fn company() -> CompanyId {
    CompanyId(id(900))
}

fn step(position: i32, needed: i32) -> ApprovalStep {
    ApprovalStep {
        organisation_id: OrganisationId(id(1)),
        id: ApprovalStepId(id(100 + u128::try_from(position).unwrap())),
        approval_id: ApprovalId(id(50)),
        position,
        name: None,
        permission: Some(PERMISSION.to_owned()),
        role_ids: vec![],
        user_ids: vec![],
        approvals_needed: needed,
        approvals: 0,
        due_hours: Some(24),
        escalation_role_ids: vec![],
        escalation_user_ids: vec![],
        step_up: true,
        status: ApprovalStepStatus::Waiting,
        opened_at: None,
        due_at: None,
        escalated_at: None,
        closed_at: None,
    }
}

fn seen(needed: &[i32], preparers: &[u128]) -> Seen {
    let steps = (1..)
        .zip(needed)
        .map(|(position, needed)| step(position, *needed))
        .collect();
    let approval = Approval {
        organisation_id: OrganisationId(id(1)),
        id: ApprovalId(id(50)),
        subject_kind: "PayrollRun".to_owned(),
        subject_id: id(60),
        company_id: Some(company()),
        title_key: "people.payroll_run".to_owned(),
        title_args: serde_json::json!({}),
        amount: None,
        currency_code: None,
        policy_id: None,
        status: ApprovalStatus::Open,
        current_step: 1,
        steps: i32::try_from(needed.len()).unwrap(),
        requested_by: None,
        requested_at: at(0),
        due_at: None,
        closed_at: None,
        version: 1,
    };
    let preparers = preparers.iter().map(|number| user(*number)).collect();
    let mut seen = Seen {
        approval,
        steps,
        preparers,
        hands: vec![],
    };
    open(&mut seen, 1, at(0));
    seen
}

fn grants(names: &[&str], scope: &Scope) -> BTreeMap<String, Scope> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), scope.clone()))
        .collect()
}

fn authority(number: u128) -> Authority {
    let grants = grants(&[PERMISSION, APPROVAL_DECIDE], &Scope::everywhere());
    Authority {
        user: user(number),
        roles: vec![],
        grants,
    }
}

fn mandate(number: u128, for_whom: &[u128]) -> Mandate {
    let delegated = for_whom.iter().map(|delegator| Delegated {
        delegation: DelegationId(id(700 + delegator)),
        subject_kind: None,
        authority: authority(*delegator),
    });
    Mandate {
        own: authority(number),
        delegated: delegated.collect(),
    }
}

/// Somebody with no authority of their own who stands in for others.
fn assistant(number: u128, for_whom: &[u128]) -> Mandate {
    let mut mandate = mandate(number, for_whom);
    mandate.own.grants.clear();
    mandate
}

fn reason(result: Result<Hand, Fault>) -> &'static str {
    result.unwrap_err().reason
}

/// What it is, the step, who asks with which roles and grants, and whether they may decide.
type Case<'a> = (
    &'a str,
    &'a ApprovalStep,
    u128,
    Vec<RoleId>,
    BTreeMap<String, Scope>,
    bool,
);

#[test]
fn a_step_asks_for_permission_and_circle() {
    let cfo = RoleId(id(800));
    let scope = Scope {
        companies: vec![company()],
        ..Scope::default()
    };
    let elsewhere = Scope {
        companies: vec![CompanyId(id(901))],
        ..Scope::default()
    };
    let both = [PERMISSION, APPROVAL_DECIDE];
    let narrow = |circle: &dyn Fn(&mut ApprovalStep)| {
        let mut step = step(1, 1);
        circle(&mut step);
        step
    };
    let by_role = narrow(&|step| step.role_ids = vec![cfo]);
    let by_name = narrow(&|step| step.user_ids = vec![user(2)]);
    let escalating = narrow(&|step| {
        step.user_ids = vec![user(2)];
        step.escalation_role_ids = vec![cfo];
    });
    let mut escalated = escalating.clone();
    escalated.escalated_at = Some(at(30));
    let everywhere = Scope::everywhere();
    let plain = step(1, 1);
    let cases: Vec<Case<'_>> = vec![
        (
            "permission everywhere",
            &plain,
            1,
            vec![],
            grants(&both, &everywhere),
            true,
        ),
        (
            "permission in the company",
            &plain,
            1,
            vec![],
            grants(&both, &scope),
            true,
        ),
        (
            "permission elsewhere",
            &plain,
            1,
            vec![],
            grants(&both, &elsewhere),
            false,
        ),
        (
            "no right to decide",
            &plain,
            1,
            vec![],
            grants(&[PERMISSION], &everywhere),
            false,
        ),
        (
            "no permission",
            &plain,
            1,
            vec![],
            grants(&[APPROVAL_DECIDE], &everywhere),
            false,
        ),
        (
            "the owner of all",
            &plain,
            1,
            vec![],
            grants(&["*"], &everywhere),
            true,
        ),
        (
            "the role",
            &by_role,
            1,
            vec![cfo],
            grants(&both, &everywhere),
            true,
        ),
        (
            "another role",
            &by_role,
            1,
            vec![],
            grants(&both, &everywhere),
            false,
        ),
        (
            "the role, not permitted",
            &by_role,
            1,
            vec![cfo],
            grants(&[], &everywhere),
            false,
        ),
        (
            "the person",
            &by_name,
            2,
            vec![],
            grants(&both, &everywhere),
            true,
        ),
        (
            "another person",
            &by_name,
            3,
            vec![],
            grants(&both, &everywhere),
            false,
        ),
        (
            "not yet escalated",
            &escalating,
            3,
            vec![cfo],
            grants(&both, &everywhere),
            false,
        ),
        (
            "escalated",
            &escalated,
            3,
            vec![cfo],
            grants(&both, &everywhere),
            true,
        ),
        (
            "escalated, as before",
            &escalated,
            2,
            vec![],
            grants(&both, &everywhere),
            true,
        ),
        (
            "escalated, another",
            &escalated,
            4,
            vec![],
            grants(&both, &everywhere),
            false,
        ),
    ];
    for (what, step, number, roles, grants, may) in cases {
        let who = Authority {
            user: user(number),
            roles,
            grants,
        };
        assert_eq!(may_decide(step, Some(company()), &who), may, "{what}");
    }
    let who = Authority {
        user: user(1),
        roles: vec![],
        grants: grants(&both, &scope),
    };
    assert!(
        !may_decide(&plain, None, &who),
        "a record of no company takes a right everywhere"
    );
}

#[test]
fn who_prepared_never_approves_by_any_way() {
    let seen = seen(&[1], &[1]);
    assert_eq!(
        reason(hand(&seen, &mandate(1, &[]))),
        fault::PREPARED_BY_YOU
    );
    assert_eq!(
        reason(hand(&seen, &mandate(1, &[2]))),
        fault::PREPARED_BY_YOU
    );
    assert_eq!(
        reason(hand(&seen, &assistant(1, &[2]))),
        fault::PREPARED_BY_YOU
    );
    assert_eq!(
        reason(hand(&seen, &assistant(3, &[1]))),
        fault::PREPARED_BY_DELEGATOR
    );
    let own = Hand {
        user: user(2),
        on_behalf_of: None,
    };
    assert_eq!(hand(&seen, &mandate(2, &[1])).unwrap(), own);
    let other = hand(&seen, &assistant(3, &[1, 2])).unwrap();
    assert_eq!(other.people(), vec![user(3), user(2)]);
}

#[test]
fn a_person_has_one_hand_in_a_step() {
    let mut seen = seen(&[3], &[1]);
    let first = hand(&seen, &assistant(3, &[2])).unwrap();
    assert_eq!(
        take(&mut seen, ApprovalVerdict::Approve, &first, at(1)),
        Turn::Waits
    );
    assert_eq!(
        reason(hand(&seen, &mandate(2, &[]))),
        fault::ALREADY_DECIDED
    );
    assert_eq!(
        reason(hand(&seen, &mandate(3, &[]))),
        fault::ALREADY_DECIDED
    );
    assert_eq!(
        reason(hand(&seen, &assistant(4, &[2]))),
        fault::DELEGATOR_ALREADY_DECIDED
    );
    assert!(hand(&seen, &mandate(4, &[2])).is_ok());
    assert_eq!(reason(hand(&seen, &assistant(5, &[]))), fault::NOT_DECIDER);
}

#[test]
fn a_delegation_for_one_kind_of_record_counts_there_alone() {
    let seen = seen(&[1], &[1]);
    let mut mandate = assistant(3, &[2]);
    mandate.delegated[0].subject_kind = Some("PaymentOrder".to_owned());
    assert_eq!(reason(hand(&seen, &mandate)), fault::NOT_DECIDER);
    mandate.delegated[0].subject_kind = Some("PayrollRun".to_owned());
    assert!(hand(&seen, &mandate).is_ok());
}

#[test]
fn steps_open_in_order_and_the_last_one_completes() {
    let mut seen = seen(&[1, 2], &[1]);
    let by = |number| Hand {
        user: user(number),
        on_behalf_of: None,
    };
    let yes = ApprovalVerdict::Approve;
    assert_eq!(take(&mut seen, yes, &by(2), at(5)), Turn::Opens(2));
    assert_eq!(seen.approval.due_at, Some(at(29)));
    assert_eq!(seen.current().unwrap().opened_at, Some(at(5)));
    assert_eq!(take(&mut seen, yes, &by(2), at(6)), Turn::Waits);
    assert_eq!(take(&mut seen, yes, &by(3), at(7)), Turn::Approved);
    assert_eq!(seen.approval.status, ApprovalStatus::Approved);
    assert_eq!(
        check_open(&seen.approval).unwrap_err().reason,
        fault::APPROVAL_CLOSED
    );
}

#[test]
fn one_rejection_ends_it_and_cancels_what_was_to_come() {
    let mut seen = seen(&[2, 1], &[1]);
    let by = Hand {
        user: user(2),
        on_behalf_of: None,
    };
    assert_eq!(
        take(&mut seen, ApprovalVerdict::Reject, &by, at(1)),
        Turn::Rejected
    );
    let stands: Vec<_> = seen.steps.iter().map(|step| step.status).collect();
    assert_eq!(
        stands,
        [ApprovalStepStatus::Rejected, ApprovalStepStatus::Cancelled]
    );
}

#[test]
fn a_step_is_escalated_once_when_its_time_is_over() {
    let seen = seen(&[1], &[]);
    let step = seen.current().unwrap();
    for (hours, due) in [(0, false), (23, false), (24, true), (48, true)] {
        assert_eq!(is_to_escalate(step, at(hours)), due, "{hours}");
    }
    let mut told = step.clone();
    told.escalated_at = Some(at(24));
    assert!(!is_to_escalate(&told, at(48)));
    let mut timeless = step.clone();
    timeless.due_at = None;
    assert!(!is_to_escalate(&timeless, at(9_999)));
}
