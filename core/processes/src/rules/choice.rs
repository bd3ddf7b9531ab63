//! Which policy counts, and when a policy makes sense; pure.

use kernel::ids::{ApprovalPolicyId, CompanyId};
use kernel::scalar::Dec;
use kernel::{CurrencyCode, Fault, Faults, Money};
use rust_decimal::Decimal;

use crate::fault;
use crate::policy::{ApprovalPolicy, ApprovalPolicyStepInput};

/// Steps of a policy at most, and approvals of a step.
pub const MOST: usize = 20;
/// Hours to decide at most: a year.
const MOST_HOURS: i32 = 8_760;
/// The largest amount that a condition can hold.
const MOST_AMOUNT: Decimal = rust_decimal::dec!(999_999_999_999_999);

/// What decides between policies.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    /// The company of the record.
    pub company: Option<CompanyId>,
    /// Its amount, if it has one; the sign does not count.
    pub amount: Option<Money>,
}

/// Whether a policy's conditions hold: amounts from the lower, inclusive, to the upper, exclusive,
/// in the policy's currency.
fn applies(policy: &ApprovalPolicy, chosen: Chosen) -> bool {
    let company = policy.company_id.is_none() || policy.company_id == chosen.company;
    let amount = match (policy.currency_code, chosen.amount) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(currency), Some(money)) => {
            let size = money.amount.abs();
            currency == money.currency_code
                && policy.amount_from.is_none_or(|from| size >= *from)
                && policy.amount_to.is_none_or(|to| size < *to)
        }
    };
    policy.active && company && amount
}

/// The policy that counts: one of the company before one of all, one with amounts before one
/// without, the higher lower bound before the lower, and then the older.
pub fn choose(policies: &[ApprovalPolicy], chosen: Chosen) -> Option<ApprovalPolicyId> {
    policies
        .iter()
        .filter(|policy| applies(policy, chosen))
        .min_by_key(|policy| {
            (
                policy.company_id.is_none(),
                policy.currency_code.is_none(),
                std::cmp::Reverse(policy.amount_from.unwrap_or_default()),
                policy.id,
            )
        })
        .map(|policy| policy.id)
}

/// The conditions of a policy and its steps, as they are to be.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// Its name.
    pub name: &'a str,
    /// The kind of record.
    pub subject_kind: &'a str,
    /// The currency of the amounts.
    pub currency_code: Option<CurrencyCode>,
    /// From which amount.
    pub amount_from: Option<Dec>,
    /// Up to which amount.
    pub amount_to: Option<Dec>,
    /// The steps; `None` when they stay as they are.
    pub steps: Option<&'a [ApprovalPolicyStepInput]>,
}

/// Everything that is wrong with a policy; paths below the input.
pub fn check_policy(draft: &Draft<'_>) -> Faults {
    let mut faults = Faults::new();
    text(&mut faults, draft.name, 200, vec!["name".to_owned()]);
    faults.check(is_kind(draft.subject_kind), || {
        subject_kind_fault(draft.subject_kind)
    });
    amounts(draft, &mut faults);
    if let Some(steps) = draft.steps {
        faults.check((1..=MOST).contains(&steps.len()), || {
            Fault::invalid(fault::POLICY_STEPS_OUT_OF_RANGE)
                .with("most", MOST)
                .at(["steps"])
        });
        for (index, input) in steps.iter().enumerate() {
            for found in step(input) {
                faults.push(found.under(["steps".to_owned(), index.to_string()]));
            }
        }
    }
    faults
}

/// The fault of a kind of record that is none.
pub fn subject_kind_fault(kind: &str) -> Fault {
    Fault::invalid(fault::SUBJECT_KIND_INVALID)
        .with("kind", kind)
        .at(["subjectKind"])
}

/// Whether a text names a kind of record as the API does, `PayrollRun`.
pub fn is_kind(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// Whether a text has the form of a permission, `domain.noun.act`.
fn is_permission(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let word = |part: &&str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_')
    };
    parts.len() == 3 && parts.iter().all(word)
}

/// A text that must be there and not too long.
pub fn text(faults: &mut Faults, text: &str, most: usize, path: Vec<String>) {
    if text.trim().is_empty() {
        faults.push(Fault::invalid("kernel.required").at(path));
    } else if text.chars().count() > most {
        faults.push(
            Fault::invalid("kernel.too_long")
                .with("most", most)
                .at(path),
        );
    }
}

fn amounts(draft: &Draft<'_>, faults: &mut Faults) {
    let bounds = [
        ("amountFrom", draft.amount_from),
        ("amountTo", draft.amount_to),
    ];
    for (name, amount) in bounds {
        let fits = amount.is_none_or(|amount| {
            *amount >= Decimal::ZERO && *amount <= MOST_AMOUNT && amount.scale() <= 4
        });
        faults.check(fits, || {
            Fault::invalid(fault::AMOUNT_OUT_OF_RANGE)
                .with("most", MOST_AMOUNT)
                .at([name])
        });
    }
    if let (from, Some(to)) = (draft.amount_from.unwrap_or_default(), draft.amount_to) {
        faults.check(to > from, || {
            Fault::invalid(fault::AMOUNTS_OUT_OF_ORDER).at(["amountTo"])
        });
    }
    let bounded = draft.amount_from.is_some() || draft.amount_to.is_some();
    let reason = if bounded {
        fault::CURRENCY_REQUIRED
    } else {
        fault::CURRENCY_WITHOUT_AMOUNT
    };
    faults.check(bounded == draft.currency_code.is_some(), || {
        Fault::invalid(reason).at(["currencyCode"])
    });
}

fn step(input: &ApprovalPolicyStepInput) -> Vec<Fault> {
    let mut found = Vec::new();
    let mut check = |holds: bool, fault: Fault| {
        if !holds {
            found.push(fault);
        }
    };
    let named = input.role_ids.len() + input.user_ids.len();
    let needed = usize::try_from(input.approvals_needed).unwrap_or_default();
    let permission = input.permission.as_deref();
    check(
        permission.is_none_or(is_permission),
        Fault::invalid(fault::PERMISSION_INVALID)
            .with("permission", permission.unwrap_or_default())
            .at(["permission"]),
    );
    check(
        permission.is_some() || named > 0,
        Fault::invalid(fault::STEP_FOR_NOBODY),
    );
    check(
        (1..=MOST).contains(&needed),
        Fault::invalid(fault::STEP_APPROVALS_OUT_OF_RANGE)
            .with("most", MOST)
            .at(["approvalsNeeded"]),
    );
    let only_people = input.role_ids.is_empty() && !input.user_ids.is_empty();
    let people: std::collections::BTreeSet<_> = input.user_ids.iter().collect();
    check(
        !only_people || needed <= people.len(),
        Fault::invalid(fault::STEP_TOO_FEW_PEOPLE)
            .with("needed", needed)
            .with("named", people.len())
            .at(["approvalsNeeded"]),
    );
    check(
        input
            .due_hours
            .is_none_or(|hours| (1..=MOST_HOURS).contains(&hours)),
        Fault::invalid(fault::STEP_DUE_OUT_OF_RANGE)
            .with("most", MOST_HOURS)
            .at(["dueHours"]),
    );
    let escalates = !(input.escalation_role_ids.is_empty() && input.escalation_user_ids.is_empty());
    check(
        input.due_hours.is_some() || !escalates,
        Fault::invalid(fault::STEP_ESCALATION_WITHOUT_DUE).at(["dueHours"]),
    );
    check(
        input
            .name
            .as_deref()
            .is_none_or(|name| (1..=200).contains(&name.chars().count())),
        Fault::invalid("kernel.too_long")
            .with("most", 200)
            .at(["name"]),
    );
    found
}
