//! Changing the checklist of a task: added, checked off, renamed, put in another order, removed.

use async_graphql::InputObject;
use kernel::ids::{ChecklistItemId, TaskId, UserId};
use kernel::{Fault, Faults, Result, Tx};

use super::create::take;
use super::record::{ChecklistItem, Task};
use super::{rules, store, tell};
use crate::fault;

/// Changes the checklist of a task.
#[derive(Clone, Debug, InputObject)]
pub struct TaskChecklistUpdateInput {
    /// The task.
    pub id: TaskId,
    /// The version that was read; another one by now is refused as stale.
    pub expected_version: Option<i32>,
    /// Points to remove.
    #[graphql(default)]
    pub remove: Vec<ChecklistItemId>,
    /// Points to say in other words.
    #[graphql(default)]
    pub rename: Vec<ChecklistRename>,
    /// Points to check off, or to open again.
    #[graphql(default)]
    pub check: Vec<ChecklistCheck>,
    /// Points to add, at the end.
    #[graphql(default)]
    pub add: Vec<ChecklistAdd>,
    /// The order from now on: every point of the list as it is after all else, once; null keeps
    /// the order. New points are named by the ids that the client gave them.
    pub order: Option<Vec<ChecklistItemId>>,
}

/// A new point.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "TaskChecklistAddInput")]
pub struct ChecklistAdd {
    /// An id made by the client, `chk_…`.
    pub id: Option<ChecklistItemId>,
    /// What is to be done, in at most 500 characters.
    pub text: String,
}

/// A point in other words.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "TaskChecklistRenameInput")]
pub struct ChecklistRename {
    /// The point.
    pub id: ChecklistItemId,
    /// What is to be done, in at most 500 characters.
    pub text: String,
}

/// A point checked off, or opened again.
#[derive(Clone, Debug, InputObject)]
#[graphql(name = "TaskChecklistCheckInput")]
pub struct ChecklistCheck {
    /// The point.
    pub id: ChecklistItemId,
    /// Whether it is done.
    pub checked: bool,
}

/// Changes the checklist of a task that is not closed, all at once or not at all.
///
/// # Errors
/// Points that it doesn't have, an order that is not of all its points, more than 100 points.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn change_checklist(tx: &mut Tx, command: TaskChecklistUpdateInput) -> Result<Task> {
    let (mut row, hold) = store::lock(tx, command.id, command.expected_version).await?;
    if !hold.works() {
        return Err(fault::forbidden(fault::TASK_NOT_YOURS).at(["id"]).into());
    }
    let before = store::checklist(tx, row.id).await?;
    let stamp = Stamp {
        by: tx.actor().principal.user(),
        at: tx.now(),
    };
    let after = decide(&row, before.clone(), &command, &stamp)?;
    store::write_checklist(tx, row.id, &after).await?;
    store::save(tx, &mut row).await?;
    let open = |items: &[ChecklistItem]| items.iter().filter(|it| it.checked_at.is_none()).count();
    let event = tell::event("processes.task.checklist_changed", &row)
        .changed("points", &before.len(), &after.len())
        .changed("open", &open(&before), &open(&after));
    tx.emit(event).await?;
    Ok(row)
}

/// By whom and when something is checked off.
struct Stamp {
    by: Option<UserId>,
    at: chrono::DateTime<chrono::Utc>,
}

/// The checklist after a change: pure.
fn decide(
    task: &Task,
    mut items: Vec<ChecklistItem>,
    command: &TaskChecklistUpdateInput,
    stamp: &Stamp,
) -> Result<Vec<ChecklistItem>> {
    let mut faults = Faults::new();
    faults.check(task.status.is_alive(), || {
        Fault::not_allowed(fault::TASK_NOT_IN_STATE)
            .with("status", task.status)
            .at(["id"])
    });
    for (index, id) in command.remove.iter().enumerate() {
        known(&items, *id, "remove", index, &mut faults);
    }
    items.retain(|item| !command.remove.contains(&item.id));
    for (index, change) in command.rename.iter().enumerate() {
        let at = ["rename", &index.to_string(), "text"];
        let text = take(&mut faults, &at, rules::text(&change.text, 500));
        if let Some(item) = known(&items, change.id, "rename", index, &mut faults)
            .and_then(|place| items.get_mut(place))
        {
            item.text = text;
        }
    }
    for (index, change) in command.check.iter().enumerate() {
        if let Some(item) = known(&items, change.id, "check", index, &mut faults)
            .and_then(|place| items.get_mut(place))
        {
            check(item, change.checked, stamp);
        }
    }
    for (index, new) in command.add.iter().enumerate() {
        let at = ["add", &index.to_string(), "text"];
        let text = take(&mut faults, &at, rules::text(&new.text, 500));
        let id = new.id.unwrap_or_else(ChecklistItemId::generate);
        faults.check(items.iter().all(|item| item.id != id), || {
            Fault::conflict("kernel.id_taken").at(["add".to_owned(), index.to_string()])
        });
        items.push(ChecklistItem {
            organisation_id: task.organisation_id,
            id,
            task_id: task.id,
            position: 0,
            text,
            checked_at: None,
            checked_by: None,
        });
    }
    faults.check(items.len() <= rules::MOST_POINTS, || {
        Fault::invalid(fault::TASK_CHECKLIST_TOO_LONG)
            .with("most", rules::MOST_POINTS)
            .at(["add"])
    });
    let items = ordered(items, command.order.as_deref(), &mut faults);
    faults.finish()?;
    Ok(items)
}

fn check(item: &mut ChecklistItem, checked: bool, stamp: &Stamp) {
    match (checked, item.checked_at) {
        (true, None) => {
            item.checked_at = Some(stamp.at);
            item.checked_by = stamp.by;
        }
        (false, _) => {
            item.checked_at = None;
            item.checked_by = None;
        }
        (true, Some(_)) => {}
    }
}

/// Where a point is, or the fault that there is none.
fn known(
    items: &[ChecklistItem],
    id: ChecklistItemId,
    list: &str,
    index: usize,
    faults: &mut Faults,
) -> Option<usize> {
    let place = items.iter().position(|item| item.id == id);
    faults.check(place.is_some(), || {
        Fault::not_found(fault::TASK_POINT_UNKNOWN)
            .with("id", id)
            .at([list.to_owned(), index.to_string()])
    });
    place
}

/// The points in the order asked for, numbered from 1.
fn ordered(
    items: Vec<ChecklistItem>,
    order: Option<&[ChecklistItemId]>,
    faults: &mut Faults,
) -> Vec<ChecklistItem> {
    let mut items = items;
    if let Some(order) = order {
        let mut wanted = order.to_vec();
        let mut have: Vec<_> = items.iter().map(|item| item.id).collect();
        wanted.sort_unstable();
        have.sort_unstable();
        faults.check(wanted == have, || {
            Fault::invalid(fault::TASK_ORDER_INCOMPLETE).at(["order"])
        });
        items.sort_by_key(|item| order.iter().position(|id| *id == item.id));
    }
    for (index, item) in items.iter_mut().enumerate() {
        item.position = i32::try_from(index + 1).unwrap_or(i32::MAX);
    }
    items
}
