//! The job that tells those whom an announcement addresses, when its time has come.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use futures::FutureExt;
use kernel::ids::{AnnouncementId, UserId};
use kernel::job::{Job, JobRun};
use kernel::{Permission, Result, Tx};
use processes::Sentence;
use processes::notification::{self, Notify};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::audience::addressed;
use super::{ANNOUNCEMENT_PUBLISHED, Announcement};
use crate::job::QUEUE;
use crate::permission::ANNOUNCEMENT_MANAGE;
use crate::schema::announcement;

/// Tells of an announcement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AnnouncementTell {
    /// The announcement.
    pub announcement: AnnouncementId,
}

impl Job for AnnouncementTell {
    const KIND: &'static str = "administration.announcement_tell";
    const QUEUE: &'static str = QUEUE;
    const PERMISSION: Permission = ANNOUNCEMENT_MANAGE;

    async fn run(self, run: JobRun) -> Result<Value> {
        let id = self.announcement;
        if run.is_dry_run() {
            let users = run
                .read(move |tx| async move { readers(tx, id).await }.boxed())
                .await?;
            return Ok(json!({ "told": users.len() }));
        }
        run.finish(move |tx| async move { tell(tx, id).await }.boxed())
            .await
    }
}

async fn tell(tx: &mut Tx, id: AnnouncementId) -> Result<Value> {
    let found: Option<Announcement> = announcement::table
        .find((tx.organisation(), id))
        .select(Announcement::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    // The job is due when the announcement is: a clock that is a little behind must not lose it.
    let now = tx
        .now()
        .max(found.as_ref().map_or(tx.now(), |row| row.publish_from));
    let Some(row) = found.filter(|row| row.is_shown_at(now)) else {
        return Ok(json!({ "told": 0 }));
    };
    let users = readers(tx, id).await?;
    let title_en = row.title_en.as_ref().unwrap_or(&row.title_es);
    let args = Sentence::new(ANNOUNCEMENT_PUBLISHED)
        .with("title_es", &row.title_es)
        .with("title_en", title_en)
        .with(
            "acknowledge",
            if row.requires_acknowledgement {
                "yes"
            } else {
                "no"
            },
        )
        .args;
    let notice = Notify::new(ANNOUNCEMENT_PUBLISHED, "Announcement", id, users);
    let told = notification::notify_all(
        tx,
        vec![Notify {
            args,
            key: Some(format!("announcement:{id}")),
            ..notice
        }],
    )
    .await?;
    Ok(json!({ "told": told }))
}

async fn readers(tx: &mut Tx, id: AnnouncementId) -> Result<Vec<UserId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql::Uuid)]
        id: UserId,
    }
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT u.id FROM administration.announcement a \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND {} \
         WHERE a.organisation_id = $1 AND a.id = $2 ORDER BY u.id",
        addressed("u", "a")
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(id)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}
