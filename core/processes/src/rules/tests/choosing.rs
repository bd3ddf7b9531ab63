//! Which policy counts, and which makes none.

use super::*;

fn policy(number: u128, own: bool, from: Option<i64>, to: Option<i64>) -> ApprovalPolicy {
    ApprovalPolicy {
        organisation_id: OrganisationId(id(1)),
        id: ApprovalPolicyId(id(number)),
        name: "P".to_owned(),
        subject_kind: "PayrollRun".to_owned(),
        company_id: own.then(company),
        currency_code: from.or(to).map(|_| CurrencyCode::EUR),
        amount_from: from.map(|amount| Dec(Decimal::from(amount))),
        amount_to: to.map(|amount| Dec(Decimal::from(amount))),
        active: true,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

#[test]
fn the_most_particular_policy_counts() {
    let policies = [
        policy(1, false, None, None),
        policy(2, false, Some(1_000), None),
        policy(3, false, Some(0), Some(1_000)),
        policy(4, true, Some(50_000), None),
        ApprovalPolicy {
            active: false,
            ..policy(5, true, None, None)
        },
    ];
    let chosen = |company, amount: Option<i64>| {
        let amount = amount.map(|amount| Money::new(Decimal::from(amount), CurrencyCode::EUR));
        choose(&policies, Chosen { company, amount }).map(|id| id.0.as_u128())
    };
    for (company, amount, expected) in [
        (None, None, 1),
        (None, Some(999), 3),
        (None, Some(1_000), 2),
        (None, Some(-1_000), 2),
        (Some(company()), Some(49_999), 2),
        (Some(company()), Some(50_000), 4),
        (Some(CompanyId(id(901))), Some(50_000), 2),
        (Some(company()), None, 1),
    ] {
        assert_eq!(
            chosen(company, amount),
            Some(expected),
            "{company:?} {amount:?}"
        );
    }
    let yen = CurrencyCode(CurrencyCode::EUR.0);
    let mut other = policy(9, false, Some(1), None);
    other.currency_code = serde_json::from_str("\"USD\"").ok();
    let amount = Some(Money::new(Decimal::from(5), yen));
    assert_eq!(
        choose(
            &[other],
            Chosen {
                company: None,
                amount
            }
        ),
        None
    );
}

fn step_input() -> ApprovalPolicyStepInput {
    ApprovalPolicyStepInput {
        name: None,
        permission: Some(PERMISSION.to_owned()),
        role_ids: vec![],
        user_ids: vec![],
        approvals_needed: 1,
        due_hours: None,
        escalation_role_ids: vec![],
        escalation_user_ids: vec![],
        step_up: true,
    }
}

#[test]
fn all_that_is_wrong_with_a_policy_is_told_at_once() {
    let steps = [
        ApprovalPolicyStepInput {
            permission: None,
            ..step_input()
        },
        ApprovalPolicyStepInput {
            permission: Some("Pay".into()),
            ..step_input()
        },
        ApprovalPolicyStepInput {
            user_ids: vec![user(1), user(1)],
            approvals_needed: 2,
            ..step_input()
        },
        ApprovalPolicyStepInput {
            approvals_needed: 0,
            due_hours: Some(0),
            ..step_input()
        },
        ApprovalPolicyStepInput {
            escalation_user_ids: vec![user(1)],
            ..step_input()
        },
    ];
    let draft = Draft {
        name: " ",
        subject_kind: "payroll run",
        currency_code: None,
        amount_from: Some(Dec(Decimal::from(10))),
        amount_to: Some(Dec(Decimal::from(10))),
        steps: Some(&steps),
    };
    let Err(Error::Refused(faults)) = check_policy(&draft).finish() else {
        panic!("refused")
    };
    let found: Vec<(&str, String)> = faults
        .iter()
        .map(|fault| (fault.reason, fault.field.join(".")))
        .collect();
    let expected = [
        ("kernel.required", "name"),
        (fault::SUBJECT_KIND_INVALID, "subjectKind"),
        (fault::AMOUNTS_OUT_OF_ORDER, "amountTo"),
        (fault::CURRENCY_REQUIRED, "currencyCode"),
        (fault::STEP_FOR_NOBODY, "steps.0"),
        (fault::PERMISSION_INVALID, "steps.1.permission"),
        (fault::STEP_TOO_FEW_PEOPLE, "steps.2.approvalsNeeded"),
        (
            fault::STEP_APPROVALS_OUT_OF_RANGE,
            "steps.3.approvalsNeeded",
        ),
        (fault::STEP_DUE_OUT_OF_RANGE, "steps.3.dueHours"),
        (fault::STEP_ESCALATION_WITHOUT_DUE, "steps.4.dueHours"),
    ];
    let expected: Vec<(&str, String)> = expected
        .map(|(reason, path)| (reason, path.to_owned()))
        .to_vec();
    assert_eq!(found, expected);
}

proptest! {
    /// The policy that counts does not depend on the order in which policies are found.
    #[test]
    fn the_choice_is_the_same_in_any_order(
        bounds in prop::collection::vec((any::<bool>(), prop::option::of(0_i64..50)), 0..6),
        amount in 0_i64..60,
    ) {
        let mut policies: Vec<ApprovalPolicy> = (1..)
            .zip(bounds)
            .map(|(number, (own, from))| policy(number, own, from, None))
            .collect();
        let amount = Some(Money::new(Decimal::from(amount), CurrencyCode::EUR));
        let chosen = Chosen { company: Some(company()), amount };
        let first = choose(&policies, chosen);
        policies.reverse();
        prop_assert_eq!(first, choose(&policies, chosen));
    }
}
