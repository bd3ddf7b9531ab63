//! The rules of tasks, without a database: where a task can go, who may act on it, what an input
//! may hold, and when it is escalated.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Fault;

use super::record::{Task, TaskStatus};
use crate::fault;

/// Points of a checklist at most.
pub const MOST_POINTS: usize = 100;
/// Watchers, or people named in a comment, at most.
pub const MOST_PEOPLE: usize = 20;
/// Hours after its time at which a task is escalated to each level: at once to whose it is and who
/// asked, after three days to the manager, after seven to the manager's manager.
pub const LEVEL_HOURS: [i64; 3] = [0, 72, 168];

/// What can be done with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Begin, or go on after a block.
    Start,
    /// Say that it can't go on.
    Block,
    /// Be done with it.
    Complete,
    /// Give it up.
    Cancel,
    /// Take a closed one up again.
    Reopen,
}

impl Step {
    /// Where a task of that status is after the step; `None` when the step is not open to it.
    pub fn from(self, status: TaskStatus) -> Option<TaskStatus> {
        use TaskStatus::{Blocked, Cancelled, Done, InProgress, Open};
        match (self, status) {
            (Self::Start, Open | Blocked) => Some(InProgress),
            (Self::Block, Open | InProgress) => Some(Blocked),
            (Self::Complete, Open | InProgress) => Some(Done),
            (Self::Cancel, Open | InProgress | Blocked) => Some(Cancelled),
            (Self::Reopen, Done | Cancelled) => Some(Open),
            _ => None,
        }
    }

    /// Where the task is after the step, or why it can't be taken.
    ///
    /// # Errors
    /// `processes.task_not_in_state` with the status that it has.
    pub fn take(self, status: TaskStatus) -> Result<TaskStatus, Fault> {
        self.from(status).ok_or_else(|| {
            Fault::not_allowed(fault::TASK_NOT_IN_STATE)
                .with("status", status)
                .at(["id"])
        })
    }
}

/// What the actor is to a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hold {
    /// It is theirs to do.
    pub assignee: bool,
    /// They asked for it.
    pub reporter: bool,
    /// They hold the role in whose queue it waits.
    pub queue: bool,
    /// They manage the tasks of its company and department.
    pub manager: bool,
}

impl Hold {
    /// May work on it: begin, block, finish, check off.
    pub fn works(self) -> bool {
        self.assignee || self.queue || self.reporter || self.manager
    }

    /// May give it to somebody: pass it on, or take it from the queue.
    pub fn assigns(self) -> bool {
        self.works()
    }

    /// May change what it asks for, give it up, or take it up again.
    pub fn directs(self) -> bool {
        self.reporter || self.manager
    }
}

/// The level to which a task is to be escalated now: 0 before its time, 3 at most.
pub fn level(due: DateTime<Utc>, now: DateTime<Utc>) -> i32 {
    let late = now - due;
    let reached = LEVEL_HOURS
        .iter()
        .filter(|hours| late > TimeDelta::hours(**hours))
        .count();
    i32::try_from(reached).unwrap_or_default()
}

/// The text of a field: trimmed, not empty, not too long, without control characters.
///
/// # Errors
/// What is wrong with it.
pub fn text(value: &str, most: usize) -> Result<String, Fault> {
    let value = value.trim();
    if value.is_empty() {
        return Err(Fault::invalid("kernel.required"));
    }
    if value.chars().count() > most {
        return Err(Fault::invalid("kernel.too_long").with("most", most));
    }
    if value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Fault::invalid(fault::TASK_TEXT_INVALID));
    }
    Ok(value.to_owned())
}

/// Like [`text`], where an empty one counts as absent.
///
/// # Errors
/// What is wrong with it.
pub fn optional(value: Option<&str>, most: usize) -> Result<Option<String>, Fault> {
    match value.map(str::trim).filter(|value| !value.is_empty()) {
        Some(value) => text(value, most).map(Some),
        None => Ok(None),
    }
}

/// Raises a task to a level: it presses more.
pub fn escalate(task: &mut Task, level: i32, now: DateTime<Utc>) {
    for _ in task.escalation..level {
        let raised = task.priority.raised();
        task.set_priority(raised);
    }
    task.escalation = level;
    task.escalated_at = Some(now);
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::task::TaskPriority;

    const STEPS: [Step; 5] = [
        Step::Start,
        Step::Block,
        Step::Complete,
        Step::Cancel,
        Step::Reopen,
    ];

    /// As the database has them, in `processes.task_guard`.
    const LEGAL: [(TaskStatus, TaskStatus); 11] = [
        (TaskStatus::Open, TaskStatus::InProgress),
        (TaskStatus::Open, TaskStatus::Blocked),
        (TaskStatus::Open, TaskStatus::Done),
        (TaskStatus::Open, TaskStatus::Cancelled),
        (TaskStatus::InProgress, TaskStatus::Blocked),
        (TaskStatus::InProgress, TaskStatus::Done),
        (TaskStatus::InProgress, TaskStatus::Cancelled),
        (TaskStatus::Blocked, TaskStatus::InProgress),
        (TaskStatus::Blocked, TaskStatus::Cancelled),
        (TaskStatus::Done, TaskStatus::Open),
        (TaskStatus::Cancelled, TaskStatus::Open),
    ];

    #[test]
    fn the_steps_lead_where_the_database_lets_a_task_go_and_nowhere_else() {
        for from in TaskStatus::ALL {
            for to in TaskStatus::ALL {
                let led = STEPS.iter().any(|step| step.from(*from) == Some(*to));
                assert_eq!(led, LEGAL.contains(&(*from, *to)), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_step_that_is_not_open_says_where_the_task_stands() {
        let fault = Step::Complete.take(TaskStatus::Blocked).unwrap_err();
        assert_eq!(fault.reason, fault::TASK_NOT_IN_STATE);
        assert_eq!(fault.args, [("status", "BLOCKED".to_owned())]);
    }

    #[test]
    fn levels_come_at_once_after_three_days_and_after_seven() {
        let due = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap();
        let after = |hours, seconds| {
            level(
                due,
                due + TimeDelta::hours(hours) + TimeDelta::seconds(seconds),
            )
        };
        assert_eq!(after(-1, 0), 0);
        assert_eq!(after(0, 0), 0);
        assert_eq!(after(0, 1), 1);
        assert_eq!(after(72, 0), 1);
        assert_eq!(after(72, 1), 2);
        assert_eq!(after(168, 1), 3);
        assert_eq!(after(10_000, 0), 3);
    }

    #[test]
    fn who_only_has_it_to_do_does_not_decide_what_it_asks_for() {
        let assignee = Hold {
            assignee: true,
            ..Hold::default()
        };
        assert!(assignee.works() && assignee.assigns() && !assignee.directs());
        assert!(!Hold::default().works());
    }

    #[test]
    fn texts_are_trimmed_bounded_and_printable() {
        assert_eq!(text(" a\nb ", 3).unwrap(), "a\nb");
        for bad in ["", "  ", "abcd", "a\u{7}"] {
            assert!(text(bad, 3).is_err(), "{bad:?}");
        }
        assert_eq!(optional(Some("  "), 3), Ok(None));
    }

    proptest! {
        #[test]
        fn a_level_never_falls_as_time_goes_by(a in 0_i64..1_000_000, b in 0_i64..1_000_000) {
            let due = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
            let at = |seconds| level(due, due + TimeDelta::seconds(seconds));
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
        }

        #[test]
        fn raising_never_makes_a_task_press_less(times in 0_usize..6) {
            let mut priority = TaskPriority::Low;
            for _ in 0..times {
                prop_assert!(priority.raised().urgency() >= priority.urgency());
                priority = priority.raised();
            }
        }
    }
}
