//! Standing in for others where a record's approval takes a permission of its own.

use super::*;

/// A step that a policy opens to everybody who may decide.
fn open_to_all(preparers: &[u128]) -> Seen {
    let mut seen = seen(&[1], preparers);
    for step in &mut seen.steps {
        step.permission = None;
    }
    seen
}

#[test]
fn only_the_authority_of_who_holds_the_permission_counts() {
    let mut delegate = mandate(2, &[3]);
    delegate.own.grants.remove(PERMISSION);
    let seen = open_to_all(&[1]);
    assert_eq!(hand(&seen, &delegate).unwrap().on_behalf_of, None);
    let resting = delegate.resting_on(PERMISSION, Some(company()));
    let hand = hand(&seen, &resting).unwrap();
    assert_eq!(hand.on_behalf_of.map(|(_, user)| user), Some(user(3)));
}

#[test]
fn a_permission_held_elsewhere_lends_nothing_here() {
    let mut delegate = assistant(2, &[3]);
    let elsewhere = Scope {
        companies: vec![CompanyId(id(901))],
        ..Scope::default()
    };
    for delegated in &mut delegate.delegated {
        delegated.authority.grants = grants(&[PERMISSION, APPROVAL_DECIDE], &elsewhere);
    }
    assert!(
        !delegate
            .lent("PayrollRun", PERMISSION)
            .covers(Some(company()), None)
    );
    let resting = delegate.resting_on(PERMISSION, Some(company()));
    assert_eq!(
        reason(hand(&seen(&[1], &[1]), &resting)),
        fault::NOT_DECIDER
    );
}

#[test]
fn a_delegation_for_one_kind_of_record_lends_for_that_kind_alone() {
    let mut delegate = assistant(2, &[3]);
    for delegated in &mut delegate.delegated {
        delegated.subject_kind = Some("Invoice".to_owned());
    }
    assert!(delegate.lent("PayrollRun", PERMISSION).is_nowhere());
    assert!(delegate.lent("Invoice", PERMISSION).everywhere);
}

#[test]
fn neither_who_prepared_nor_their_delegate_decides() {
    let by_delegate = mandate(1, &[3]).resting_on(PERMISSION, Some(company()));
    let prepared = hand(&seen(&[1], &[1]), &by_delegate);
    assert_eq!(reason(prepared), fault::PREPARED_BY_YOU);
    let for_preparer = assistant(2, &[1]).resting_on(PERMISSION, Some(company()));
    let prepared = hand(&seen(&[1], &[1]), &for_preparer);
    assert_eq!(reason(prepared), fault::PREPARED_BY_DELEGATOR);
}
