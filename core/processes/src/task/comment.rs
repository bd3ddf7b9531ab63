//! What people say about a task.

use async_graphql::InputObject;
use diesel_async::RunQueryDsl;
use kernel::ids::{TaskCommentId, TaskId, UserId};
use kernel::{Fault, Faults, Result, Tx};

use super::create::{path, take};
use super::record::{Task, TaskComment};
use super::{rules, store, tell};
use crate::schema::task_comment;
use crate::{fault, notification};

/// Says something about a task.
#[derive(Clone, Debug, InputObject)]
pub struct TaskCommentAddInput {
    /// The task.
    pub id: TaskId,
    /// An id made by the client, `tcm_…`.
    pub comment_id: Option<TaskCommentId>,
    /// What: plain text of at most 4,000 characters.
    pub text: String,
    /// Whom it names, 20 at most: they are told, and watch the task from then on.
    #[graphql(default)]
    pub mention_ids: Vec<UserId>,
}

/// Says something about a task that one sees: who follows it is told, and so is who is named.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, fields(task.id = %command.id), err)]
pub async fn comment(tx: &mut Tx, command: TaskCommentAddInput) -> Result<(Task, TaskComment)> {
    let (task, _) = store::lock(tx, command.id, None).await?;
    let mut faults = Faults::new();
    let text = take(&mut faults, &["text"], rules::text(&command.text, 4_000));
    let mut mentions = command.mention_ids;
    faults.check(mentions.len() <= rules::MOST_PEOPLE, || {
        Fault::invalid(fault::TASK_TOO_MANY_PEOPLE)
            .with("most", rules::MOST_PEOPLE)
            .at(["mentionIds"])
    });
    mentions.truncate(rules::MOST_PEOPLE);
    let named: Vec<_> = mentions
        .iter()
        .enumerate()
        .map(|(index, id)| (path(&["mentionIds", &index.to_string()]), *id))
        .collect();
    store::check_people(tx, &named, None, &mut faults).await?;
    faults.finish()?;
    let row = TaskComment {
        organisation_id: tx.organisation(),
        id: command.comment_id.unwrap_or_else(TaskCommentId::generate),
        task_id: task.id,
        author_id: tx.actor().principal.user(),
        author_name: tx.actor().name.chars().take(200).collect(),
        text,
        mentions,
        created_at: tx.now(),
    };
    let written = diesel::insert_into(task_comment::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .await?;
    if written == 0 {
        return Err(Fault::conflict("kernel.id_taken").at(["commentId"]).into());
    }
    tx.emit(tell::event("processes.task.commented", &task).set("comment", row.id))
        .await?;
    spread(tx, &task, &row).await?;
    Ok((task, row))
}

/// Tells who is named, and whoever else follows the task.
async fn spread(tx: &mut Tx, task: &Task, row: &TaskComment) -> Result<()> {
    let followers = tell::followers(tx, task).await?;
    store::watch(tx, task.id, &row.mentions).await?;
    let named = tell::notice(
        tx,
        task,
        notification::TASK_MENTIONED,
        row.mentions.iter().copied(),
    );
    let others = followers
        .into_iter()
        .filter(|user| !row.mentions.contains(user));
    let others = tell::notice(tx, task, notification::TASK_COMMENTED, others);
    let notices = [named, others].map(|notice| tell::saying(notice, "text", &row.text));
    notification::notify_all(tx, notices.into()).await?;
    Ok(())
}
