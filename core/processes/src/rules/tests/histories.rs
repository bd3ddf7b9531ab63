//! Whatever people try, in whatever order.

use super::*;

#[derive(Clone, Debug)]
struct Attempt {
    who: u128,
    for_whom: Vec<u128>,
    helpless: bool,
    verdict: ApprovalVerdict,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let verdict = prop_oneof![
        12 => Just(ApprovalVerdict::Approve),
        1 => Just(ApprovalVerdict::Reject),
    ];
    (
        0_u128..8,
        prop::collection::vec(0_u128..8, 0..3),
        any::<bool>(),
        verdict,
    )
        .prop_map(|(who, for_whom, helpless, verdict)| {
            let for_whom = for_whom.into_iter().filter(|other| *other != who).collect();
            Attempt {
                who,
                for_whom,
                helpless,
                verdict,
            }
        })
}

proptest! {
    /// Whatever people try in whatever order: preparers have no hand in anything, nobody has two
    /// in a step, steps are done one after another, and it takes what the policy asks for.
    #[test]
    fn no_history_breaks_the_duties(
        needed in prop::collection::vec(1_i32..4, 1..4),
        preparers in prop::collection::vec(0_u128..8, 0..3),
        attempts in prop::collection::vec(attempt(), 0..60),
    ) {
        let mut seen = seen(&needed, &preparers);
        let mut outcomes = 0;
        for (hour, attempt) in (1..).zip(attempts) {
            let mandate = if attempt.helpless {
                assistant(attempt.who, &attempt.for_whom)
            } else {
                mandate(attempt.who, &attempt.for_whom)
            };
            if check_open(&seen.approval).is_err() {
                continue;
            }
            let before = seen.approval.current_step;
            let Ok(hand) = hand(&seen, &mandate) else { continue };
            let turn = take(&mut seen, attempt.verdict, &hand, at(hour));
            outcomes += usize::from(matches!(turn, Turn::Approved | Turn::Rejected));
            prop_assert!(seen.approval.current_step - before <= 1);
        }
        prop_assert!(outcomes <= 1);
        for (_, who) in &seen.hands {
            prop_assert!(!seen.preparers.contains(who));
        }
        let distinct: BTreeSet<_> = seen.hands.iter().collect();
        prop_assert_eq!(distinct.len(), seen.hands.len());
        for step in &seen.steps {
            let hands = seen.hands.iter().filter(|(id, _)| *id == step.id).count();
            prop_assert!(hands >= usize::try_from(step.approvals).unwrap());
            if step.status == ApprovalStepStatus::Approved {
                prop_assert_eq!(step.approvals, step.approvals_needed);
            }
            let waits = step.position > seen.approval.current_step;
            prop_assert!(!waits || hands == 0);
        }
        let approved = seen.steps.iter().all(|step| step.status == ApprovalStepStatus::Approved);
        prop_assert_eq!(approved, seen.approval.status == ApprovalStatus::Approved);
        let opened = seen.steps.iter().filter(|step| step.status == ApprovalStepStatus::Open);
        let expected = usize::from(seen.approval.status == ApprovalStatus::Open);
        prop_assert_eq!(opened.count(), expected);
    }

    /// Escalation lets more people decide and never fewer.
    #[test]
    fn escalation_only_widens(
        users in prop::collection::vec(0_u128..6, 0..4),
        targets in prop::collection::vec(0_u128..6, 0..4),
        who in 0_u128..6,
    ) {
        let mut step = step(1, 1);
        step.user_ids = users.iter().map(|number| user(*number)).collect();
        step.escalation_user_ids = targets.iter().map(|number| user(*number)).collect();
        let before = may_decide(&step, None, &authority(who));
        step.escalated_at = Some(at(30));
        let after = may_decide(&step, None, &authority(who));
        prop_assert!(after || !before);
        prop_assert!(!targets.contains(&who) || after);
    }
}
