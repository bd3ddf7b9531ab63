//! Receipts: that somebody has read an announcement and has said so, and who has not.

use async_graphql::InputObject;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{AnnouncementId, ReceiptId, UserId};
use kernel::page::{DEFAULT_SIZE, MAX_SIZE, Page};
use kernel::{Fault, Result, Tx};

use super::audience::addressed;
use super::list::{find, manages};
use super::{Announcement, acknowledged};
use crate::fault;
use crate::permission::ANNOUNCEMENT_READ;
use crate::schema::{announcement, announcement_receipt};

/// Says that one has read an announcement.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementReadInput {
    /// The announcement.
    pub id: AnnouncementId,
}

/// Acknowledges an announcement.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementAcknowledgeInput {
    /// The announcement.
    pub id: AnnouncementId,
}

/// What somebody has done with an announcement that addresses them.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct Receipt {
    /// The announcement.
    #[diesel(sql_type = sql::Uuid)]
    pub announcement_id: AnnouncementId,
    /// Who.
    #[diesel(sql_type = sql::Uuid)]
    pub user_id: UserId,
    /// Their name.
    #[diesel(sql_type = sql::Text)]
    pub name: String,
    /// When they read it.
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    pub read_at: Option<DateTime<Utc>>,
    /// When they acknowledged it.
    #[diesel(sql_type = sql::Nullable<sql::Timestamptz>)]
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// How far an announcement has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub struct Progress {
    /// How many it addresses.
    #[diesel(sql_type = sql::BigInt)]
    pub addressed: i64,
    /// How many of them have read it.
    #[diesel(sql_type = sql::BigInt)]
    pub read: i64,
    /// How many of them have acknowledged it.
    #[diesel(sql_type = sql::BigInt)]
    pub acknowledged: i64,
}

/// Says that the actor has read an announcement; again changes nothing.
#[tracing::instrument(skip_all, fields(announcement.id = %command.id), err)]
pub async fn read(tx: &mut Tx, command: AnnouncementReadInput) -> Result<Announcement> {
    let (me, row) = own(tx, command.id).await?;
    note(tx, row.id, me).await?;
    Ok(row)
}

/// Acknowledges an announcement in the actor's name; again changes nothing.
///
/// # Errors
/// `administration.acknowledgement_not_asked` where the announcement doesn't ask for it.
#[tracing::instrument(skip_all, fields(announcement.id = %command.id), err)]
pub async fn acknowledge(
    tx: &mut Tx,
    command: AnnouncementAcknowledgeInput,
) -> Result<Announcement> {
    let (me, row) = own(tx, command.id).await?;
    if !row.requires_acknowledgement {
        return Err(Fault::not_allowed(fault::ACKNOWLEDGEMENT_NOT_ASKED)
            .at(["id"])
            .into());
    }
    note(tx, row.id, me).await?;
    // Another machine's clock may have been ahead when it was read.
    let later = diesel::dsl::sql::<sql::Nullable<sql::Timestamptz>>("GREATEST(read_at, ")
        .bind::<sql::Timestamptz, _>(tx.now())
        .sql(")");
    let marked = diesel::update(
        announcement_receipt::table
            .filter(announcement_receipt::organisation_id.eq(tx.organisation()))
            .filter(announcement_receipt::announcement_id.eq(row.id))
            .filter(announcement_receipt::user_id.eq(me))
            .filter(announcement_receipt::acknowledged_at.is_null()),
    )
    .set(announcement_receipt::acknowledged_at.eq(later))
    .execute(tx.conn())
    .await?;
    if marked == 1 {
        tx.emit(acknowledged(&row, me)).await?;
    }
    Ok(row)
}

/// The actor as a reader, with an announcement that is shown to them now.
async fn own(tx: &mut Tx, id: AnnouncementId) -> Result<(UserId, Announcement)> {
    tx.require(ANNOUNCEMENT_READ)?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::PEOPLE_READ))?;
    let now = tx.now();
    let found = find(tx, id).await?.filter(|row| row.is_shown_at(now));
    let missing = || Fault::not_found(fault::ANNOUNCEMENT_NOT_FOUND).at(["id"]);
    Ok((me, found.ok_or_else(missing)?))
}

async fn note(tx: &mut Tx, announcement: AnnouncementId, user: UserId) -> Result<()> {
    use announcement_receipt as r;
    diesel::insert_into(r::table)
        .values((
            r::organisation_id.eq(tx.organisation()),
            r::id.eq(ReceiptId::generate()),
            r::announcement_id.eq(announcement),
            r::user_id.eq(user),
            r::read_at.eq(tx.now()),
        ))
        .on_conflict((r::organisation_id, r::announcement_id, r::user_id))
        .do_nothing()
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// An announcement with when it was read and acknowledged.
pub type Mark = (AnnouncementId, DateTime<Utc>, Option<DateTime<Utc>>);

/// When the actor has read and acknowledged some announcements.
pub async fn mine(tx: &mut Tx, ids: &[AnnouncementId]) -> Result<Vec<Mark>> {
    let Some(me) = tx.actor().principal.user() else {
        return Ok(Vec::new());
    };
    use announcement_receipt as r;
    Ok(r::table
        .filter(r::organisation_id.eq(tx.organisation()))
        .filter(r::user_id.eq(me))
        .filter(r::announcement_id.eq_any(ids))
        .select((r::announcement_id, r::read_at, r::acknowledged_at))
        .load(tx.conn())
        .await?)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = sql::Uuid)]
    id: AnnouncementId,
    #[diesel(embed)]
    progress: Progress,
}

/// How far some announcements have come; of those alone that the actor manages.
pub async fn progress(
    tx: &mut Tx,
    ids: &[AnnouncementId],
) -> Result<Vec<(AnnouncementId, Progress)>> {
    let managed = managed(tx, ids).await?;
    let rows: Vec<Counted> = diesel::sql_query(format!(
        "SELECT a.id, count(*) AS addressed, count(r.read_at) AS read, \
            count(r.acknowledged_at) AS acknowledged \
         FROM administration.announcement a \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND {} \
         LEFT JOIN administration.announcement_receipt r ON r.organisation_id = a.organisation_id \
            AND r.announcement_id = a.id AND r.user_id = u.id \
         WHERE a.organisation_id = $1 AND a.id = ANY($2) GROUP BY a.id",
        addressed("u", "a")
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(managed)
    .load(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.progress)).collect())
}

/// Those of some announcements that the actor manages.
pub async fn managed(tx: &mut Tx, ids: &[AnnouncementId]) -> Result<Vec<AnnouncementId>> {
    let managed = manages(tx);
    Ok(announcement::table
        .filter(announcement::organisation_id.eq(tx.organisation()))
        .filter(announcement::id.eq_any(ids))
        .filter(managed)
        .select(announcement::id)
        .load(tx.conn())
        .await?)
}

/// What is asked of the readers of an announcement.
#[derive(Clone, Debug)]
pub struct ReadersRequest {
    /// The announcement.
    pub announcement: AnnouncementId,
    /// Those alone who have not acknowledged it, or have not read it where that is all it asks.
    pub outstanding: bool,
    /// How many from the front.
    pub first: Option<i32>,
    /// After which cursor.
    pub after: Option<String>,
    /// How many from the back.
    pub last: Option<i32>,
    /// Before which cursor.
    pub before: Option<String>,
}

impl ReadersRequest {
    /// How many are wanted, and whether from the back.
    fn size(&self) -> Result<(i32, bool)> {
        let forward = self.first.is_some() || self.after.is_some();
        let backward = self.last.is_some() || self.before.is_some();
        if forward && backward {
            return Err(Fault::invalid("kernel.page_both_ends").into());
        }
        let size = self.first.or(self.last).unwrap_or(DEFAULT_SIZE);
        if !(1..=MAX_SIZE).contains(&size) {
            let fault = Fault::invalid("kernel.page_too_large");
            return Err(fault.with("most", MAX_SIZE).into());
        }
        Ok((size, backward))
    }
}

/// Those whom an announcement addresses, by name, with what each has done; nobody for who doesn't
/// manage it.
pub async fn readers(tx: &mut Tx, request: &ReadersRequest) -> Result<Page<Receipt>> {
    let (size, backward) = request.size()?;
    let cursor = if backward {
        &request.before
    } else {
        &request.after
    };
    let from = cursor.as_deref().map(open).transpose()?;
    let (beyond, way) = if backward {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    let ids = managed(tx, &[request.announcement]).await?;
    let mut rows: Vec<Receipt> = diesel::sql_query(format!(
        "SELECT a.id AS announcement_id, u.id AS user_id, u.display_name AS name, r.read_at, \
            r.acknowledged_at {} AND ($4 OR (u.display_name, u.id) {beyond} ($5, $6)) \
         ORDER BY u.display_name {way}, u.id {way} LIMIT $7",
        of_readers()
    ))
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Bool, _>(request.outstanding)
    .bind::<sql::Bool, _>(from.is_none())
    .bind::<sql::Nullable<sql::Text>, _>(from.as_ref().map(|(name, _)| name))
    .bind::<sql::Nullable<sql::Uuid>, _>(from.as_ref().map(|(_, id)| *id))
    .bind::<sql::BigInt, _>(i64::from(size) + 1)
    .load(tx.conn())
    .await?;
    let size = usize::try_from(size).unwrap_or_default();
    let more = rows.len() > size;
    rows.truncate(size);
    if backward {
        rows.reverse();
    }
    let (has_next, has_previous) = if backward {
        (from.is_some(), more)
    } else {
        (more, from.is_some())
    };
    Ok(Page {
        rows: rows.into_iter().map(|row| (seal(&row), row)).collect(),
        has_next,
        has_previous,
    })
}

/// How many [`readers`] there are in all pages.
pub async fn readers_count(tx: &mut Tx, request: &ReadersRequest) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = sql::BigInt)]
        count: i64,
    }
    let ids = managed(tx, &[request.announcement]).await?;
    let row: Count = diesel::sql_query(format!("SELECT count(*) AS count {}", of_readers()))
        .bind::<sql::Uuid, _>(tx.organisation())
        .bind::<sql::Array<sql::Uuid>, _>(ids)
        .bind::<sql::Bool, _>(request.outstanding)
        .get_result(tx.conn())
        .await?;
    Ok(row.count)
}

fn of_readers() -> String {
    format!(
        "FROM administration.announcement a \
         JOIN directory.\"user\" u ON u.organisation_id = a.organisation_id AND {} \
         LEFT JOIN administration.announcement_receipt r ON r.organisation_id = a.organisation_id \
            AND r.announcement_id = a.id AND r.user_id = u.id \
         WHERE a.organisation_id = $1 AND a.id = ANY($2) AND (NOT $3 OR \
            CASE WHEN a.requires_acknowledgement THEN r.acknowledged_at IS NULL \
                ELSE r.read_at IS NULL END)",
        addressed("u", "a")
    )
}

fn seal(row: &Receipt) -> String {
    let place = serde_json::json!([row.name, row.user_id]).to_string();
    URL_SAFE_NO_PAD.encode(place)
}

fn open(cursor: &str) -> Result<(String, UserId)> {
    let bad = || Fault::invalid("kernel.bad_cursor");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
    let place: (String, UserId) = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    if place.0.contains('\0') {
        return Err(bad().into());
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_a_made_up_one_nowhere() {
        let row = Receipt {
            announcement_id: AnnouncementId::generate(),
            user_id: UserId::generate(),
            name: "Óscar Díez".to_owned(),
            read_at: None,
            acknowledged_at: None,
        };
        assert_eq!(open(&seal(&row)).unwrap(), (row.name, row.user_id));
        let nul = URL_SAFE_NO_PAD.encode(serde_json::json!(["a\0", row.user_id]).to_string());
        for made_up in ["", "nonsense", nul.as_str()] {
            assert!(open(made_up).is_err(), "{made_up}");
        }
    }

    #[test]
    fn a_page_is_asked_for_from_one_end() {
        let request = |first, last| ReadersRequest {
            announcement: AnnouncementId::generate(),
            outstanding: false,
            first,
            after: None,
            last,
            before: None,
        };
        assert_eq!(request(Some(3), None).size().unwrap(), (3, false));
        assert_eq!(request(None, Some(2)).size().unwrap(), (2, true));
        assert!(request(Some(1), Some(1)).size().is_err());
        assert!(request(Some(MAX_SIZE + 1), None).size().is_err());
    }
}
