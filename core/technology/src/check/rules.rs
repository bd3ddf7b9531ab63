//! When a check's incident opens and closes: pure.

use super::CheckStatus;

/// How many failures or recoveries in a row it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures in a row that open an incident; at least 1.
    pub failures: i32,
    /// Recoveries in a row that close it; at least 1.
    pub recoveries: i32,
}

/// What a check has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streak {
    /// Failures in a row.
    pub failures: i32,
    /// Recoveries in a row while an incident is open.
    pub recoveries: i32,
}

/// What becomes of the check's incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing.
    Nothing,
    /// One is opened.
    Open,
    /// The open one goes on.
    GoOn,
    /// The open one is closed.
    Close,
}

/// The next streak, and what becomes of the incident, after one more look.
pub fn step(seen: Streak, is_open: bool, passed: bool, at: Thresholds) -> (Streak, Act) {
    if passed {
        recovered(seen, is_open, at)
    } else {
        failed(seen, is_open, at)
    }
}

fn failed(seen: Streak, is_open: bool, at: Thresholds) -> (Streak, Act) {
    let next = Streak {
        failures: seen.failures.saturating_add(1),
        recoveries: 0,
    };
    let act = match (is_open, next.failures >= at.failures) {
        (true, _) => Act::GoOn,
        (false, true) => Act::Open,
        (false, false) => Act::Nothing,
    };
    (next, act)
}

fn recovered(seen: Streak, is_open: bool, at: Thresholds) -> (Streak, Act) {
    if !is_open {
        return (Streak::default(), Act::Nothing);
    }
    let recoveries = seen.recoveries.saturating_add(1);
    if recoveries >= at.recoveries {
        return (Streak::default(), Act::Close);
    }
    let next = Streak {
        failures: 0,
        recoveries,
    };
    (next, Act::Nothing)
}

/// How a check stands after a look.
pub const fn status(passed: bool) -> CheckStatus {
    if passed {
        CheckStatus::Passing
    } else {
        CheckStatus::Failing
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The acts of a whole history of looks, from a check that has seen nothing.
    fn acts(history: &[bool], at: Thresholds) -> Vec<Act> {
        let (mut streak, mut open) = (Streak::default(), false);
        let mut acts = Vec::new();
        for passed in history {
            let (next, act) = step(streak, open, *passed, at);
            streak = next;
            match act {
                Act::Open => open = true,
                Act::Close => open = false,
                Act::Nothing | Act::GoOn => {}
            }
            acts.push(act);
        }
        acts
    }

    #[test]
    fn three_failures_open_and_two_recoveries_close() {
        let at = Thresholds {
            failures: 3,
            recoveries: 2,
        };
        let history = [
            false, false, true, false, false, false, false, true, false, true, true,
        ];
        use Act::{Close, GoOn, Nothing, Open};
        assert_eq!(
            acts(&history, at),
            [
                Nothing, Nothing, Nothing, Nothing, Nothing, Open, GoOn, Nothing, GoOn, Nothing,
                Close
            ]
        );
    }

    proptest! {
        #[test]
        fn an_incident_opens_after_that_many_failures_in_a_row_and_is_never_open_twice(
            history in prop::collection::vec(any::<bool>(), 0..200),
            failures in 1..6_i32,
            recoveries in 1..6_i32,
        ) {
            let at = Thresholds { failures, recoveries };
            let mut open = false;
            for (index, act) in acts(&history, at).into_iter().enumerate() {
                let row = |wanted: bool| {
                    let before = history[..=index].iter().rev();
                    before.take_while(|passed| **passed == wanted).count()
                };
                match act {
                    Act::Open => {
                        prop_assert!(!open);
                        prop_assert!(row(false) >= failures as usize);
                        open = true;
                    }
                    Act::Close => {
                        prop_assert!(open);
                        prop_assert!(row(true) >= recoveries as usize);
                        open = false;
                    }
                    Act::GoOn => prop_assert!(open && !history[index]),
                    Act::Nothing => {
                        prop_assert!(open || row(false) < failures as usize);
                        prop_assert!(!open || row(true) < recoveries as usize);
                    }
                }
            }
        }
    }
}
