//! What happened to a task, as events, and whom it concerns, as notifications.

use kernel::ids::UserId;
use kernel::{Event, Result, Tx};

use super::record::Task;
use super::store;
use crate::notification::{self, Notify};
use crate::permission::TASK_READ;
use crate::sentence::Sentence;

/// An event of a task, seen by those who may read it where it belongs, and by who has it to do, or
/// asked for it while nobody has.
pub(super) fn event(action: &'static str, row: &Task) -> Event {
    let event = Event::new(action, "Task", row.id, TASK_READ)
        .owner(row.assignee_id.or(row.reporter_id))
        .department(row.department_id);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// A notice about a task, not to who acts.
pub(super) fn notice(
    tx: &Tx,
    row: &Task,
    kind: &'static str,
    users: impl IntoIterator<Item = UserId>,
) -> Notify {
    let me = tx.actor().principal.user();
    let users = users.into_iter().filter(|user| Some(*user) != me).collect();
    let args = Sentence::new(kind)
        .with("title", row.name())
        .with("by", &tx.actor().name)
        .args;
    Notify {
        args,
        ..Notify::new(kind, "Task", row.id, users)
    }
}

/// A notice with one more value.
pub(super) fn saying(notice: Notify, name: &str, value: &str) -> Notify {
    let sentence = Sentence {
        key: String::new(),
        args: notice.args,
    };
    Notify {
        args: sentence.with(name, value).args,
        ..notice
    }
}

/// Tells who has a task to do now: the assignee, or the holders of the role in its place.
pub(super) async fn tell_assigned(tx: &mut Tx, row: &Task) -> Result<()> {
    let users = doers(tx, row).await?;
    let kind = match row.assignee_id {
        Some(_) => notification::TASK_ASSIGNED,
        None => notification::TASK_QUEUED,
    };
    let notice = notice(tx, row, kind, users);
    notification::notify(tx, notice).await
}

/// Who has a task to do: the assignee, or those who could take it from the queue.
pub(super) async fn doers(tx: &mut Tx, row: &Task) -> Result<Vec<UserId>> {
    match (row.assignee_id, row.role_id) {
        (Some(assignee), _) => Ok(vec![assignee]),
        (None, Some(role)) => store::queue(tx, role, row.company_id, row.department_id).await,
        (None, None) => Ok(Vec::new()),
    }
}

/// Who follows a task: who asked for it, who has it, and who watches it.
pub(super) async fn followers(tx: &mut Tx, row: &Task) -> Result<Vec<UserId>> {
    let watchers = store::watchers(tx, row.id).await?;
    let own = row.reporter_id.into_iter().chain(row.assignee_id);
    Ok(own.chain(watchers).collect())
}
