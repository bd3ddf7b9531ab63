//! What is done with announcements: written, changed, published, archived.

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::ids::AnnouncementId;
use kernel::job::{self, Enqueue};
use kernel::{Fault, Faults, Result, Tx};

use super::audience::{self, AudienceInput};
use super::list::manages;
use super::{Announcement, AnnouncementAudience, AnnouncementStatus, AnnouncementTell, told};
use crate::fault;
use crate::permission::ANNOUNCEMENT_MANAGE;
use crate::schema::announcement;

/// Characters of a title at most.
const TITLE: usize = 200;
/// Characters of a text at most.
const BODY: usize = 20_000;

/// Writes an announcement, as a draft.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementCreateInput {
    /// An id made by the client, `ann_…`.
    pub id: Option<AnnouncementId>,
    /// Its title in Spanish, in at most 200 characters.
    pub title_es: String,
    /// Its text in Spanish, in at most 20,000 characters.
    pub body_es: String,
    /// Its title in English; with it comes the text.
    pub title_en: Option<String>,
    /// Its text in English; with it comes the title.
    pub body_en: Option<String>,
    /// Whom it addresses.
    pub audience: AudienceInput,
    /// From when on it is shown; at once when absent.
    pub publish_at: Option<DateTime<Utc>>,
    /// Until when it is shown; for good when absent.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it stands above the others.
    #[graphql(default)]
    pub pinned: bool,
    /// Whether its readers must say that they have read it.
    #[graphql(default)]
    pub requires_acknowledgement: bool,
}

/// What can be changed of an announcement. Once published, `expiresAt` and `pinned` alone.
#[derive(Clone, Debug, Default, InputObject)]
pub struct AnnouncementPatch {
    /// Its title in Spanish.
    pub title_es: Option<String>,
    /// Its text in Spanish.
    pub body_es: Option<String>,
    /// Its title in English.
    pub title_en: MaybeUndefined<String>,
    /// Its text in English.
    pub body_en: MaybeUndefined<String>,
    /// Whom it addresses.
    pub audience: Option<AudienceInput>,
    /// From when on it is shown.
    pub publish_at: Option<DateTime<Utc>>,
    /// Until when it is shown.
    pub expires_at: MaybeUndefined<DateTime<Utc>>,
    /// Whether it stands above the others.
    pub pinned: Option<bool>,
    /// Whether its readers must say that they have read it.
    pub requires_acknowledgement: Option<bool>,
}

impl AnnouncementPatch {
    /// Whether it changes what readers have been told.
    fn changes_words(&self) -> bool {
        self.title_es.is_some()
            || self.body_es.is_some()
            || !self.title_en.is_undefined()
            || !self.body_en.is_undefined()
            || self.audience.is_some()
            || self.publish_at.is_some()
            || self.requires_acknowledgement.is_some()
    }
}

/// Changes an announcement.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementUpdateInput {
    /// The announcement.
    pub id: AnnouncementId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes; what is absent stays.
    pub patch: AnnouncementPatch,
}

/// Publishes an announcement.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementPublishInput {
    /// The announcement.
    pub id: AnnouncementId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Archives an announcement: it is shown no more.
#[derive(Clone, Debug, InputObject)]
pub struct AnnouncementArchiveInput {
    /// The announcement.
    pub id: AnnouncementId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Writes an announcement, as a draft.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: AnnouncementCreateInput) -> Result<Announcement> {
    tx.require(ANNOUNCEMENT_MANAGE)?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::PEOPLE_ANNOUNCE))?;
    let mut row = Announcement {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(AnnouncementId::generate),
        title_es: command.title_es,
        body_es: command.body_es,
        title_en: command.title_en,
        body_en: command.body_en,
        audience: AnnouncementAudience::All,
        company_ids: Vec::new(),
        department_ids: Vec::new(),
        role_ids: Vec::new(),
        publish_from: command.publish_at.unwrap_or_else(|| tx.now()),
        publish_to: command.expires_at,
        pinned: command.pinned,
        requires_acknowledgement: command.requires_acknowledgement,
        status: AnnouncementStatus::Draft,
        published_at: None,
        created_by: me,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    audience::write(&mut row, command.audience);
    let row = checked(tx, row).await?;
    diesel::insert_into(announcement::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "announcement_pkey", "kernel.id_taken", "id"))?;
    tx.emit(told("administration.announcement.created", &row))
        .await?;
    Ok(row)
}

/// Changes an announcement.
///
/// # Errors
/// Every fault of the input at once; `administration.announcement_published_already` for words that
/// were published.
#[tracing::instrument(skip_all, fields(announcement.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: AnnouncementUpdateInput) -> Result<Announcement> {
    let seen = locked(tx, command.id, command.expected_version).await?;
    let published = seen.status == AnnouncementStatus::Published;
    if published && command.patch.changes_words() {
        return Err(Fault::not_allowed(fault::ANNOUNCEMENT_PUBLISHED_ALREADY)
            .at(["patch"])
            .into());
    }
    let mut next = seen.clone();
    patch(&mut next, command.patch);
    let next = checked(tx, next).await;
    let next = next.map_err(|error| each(error, |fault| fault.under(["patch"])))?;
    store(tx, next, "administration.announcement.updated").await
}

/// Publishes an announcement: its readers are told when its time comes.
///
/// # Errors
/// `administration.announcement_over` when its time has passed already, and what is wrong with its
/// audience by now.
#[tracing::instrument(skip_all, fields(announcement.id = %command.id), err)]
pub async fn publish(tx: &mut Tx, command: AnnouncementPublishInput) -> Result<Announcement> {
    let seen = locked(tx, command.id, command.expected_version).await?;
    if seen.status == AnnouncementStatus::Published {
        return Ok(seen);
    }
    let scope = tx.require(ANNOUNCEMENT_MANAGE)?;
    let here = |fault: Fault| fault.at(["id"]);
    let covered = audience::check(tx, &scope, &seen).await;
    covered.map_err(|error| each(error, here))?;
    if seen.publish_to.is_some_and(|end| end <= tx.now()) {
        return Err(Fault::not_allowed(fault::ANNOUNCEMENT_OVER)
            .at(["id"])
            .into());
    }
    let next = Announcement {
        status: AnnouncementStatus::Published,
        published_at: Some(tx.now()),
        ..seen
    };
    let next = store(tx, next, "administration.announcement.published").await?;
    let how = Enqueue {
        key: Some(format!("administration.announcement_tell:{}", next.id)),
        run_at: Some(next.publish_from.max(tx.now())),
        ..Enqueue::default()
    };
    let wanted = AnnouncementTell {
        announcement: next.id,
    };
    job::enqueue(tx, &wanted, how).await?;
    Ok(next)
}

/// Archives an announcement; its receipts stay.
#[tracing::instrument(skip_all, fields(announcement.id = %command.id), err)]
pub async fn archive(tx: &mut Tx, command: AnnouncementArchiveInput) -> Result<Announcement> {
    let seen = locked(tx, command.id, command.expected_version).await?;
    let next = Announcement {
        status: AnnouncementStatus::Archived,
        ..seen
    };
    store(tx, next, "administration.announcement.archived").await
}

fn patch(row: &mut Announcement, patch: AnnouncementPatch) {
    if let Some(title) = patch.title_es {
        row.title_es = title;
    }
    if let Some(body) = patch.body_es {
        row.body_es = body;
    }
    if !patch.title_en.is_undefined() {
        row.title_en = patch.title_en.take();
    }
    if !patch.body_en.is_undefined() {
        row.body_en = patch.body_en.take();
    }
    if let Some(audience) = patch.audience {
        audience::write(row, audience);
    }
    row.publish_from = patch.publish_at.unwrap_or(row.publish_from);
    if !patch.expires_at.is_undefined() {
        row.publish_to = patch.expires_at.take();
    }
    row.pinned = patch.pinned.unwrap_or(row.pinned);
    row.requires_acknowledgement = patch
        .requires_acknowledgement
        .unwrap_or(row.requires_acknowledgement);
}

/// The announcement with everything in it possible.
async fn checked(tx: &mut Tx, mut row: Announcement) -> Result<Announcement> {
    let scope = tx.require(ANNOUNCEMENT_MANAGE)?;
    let mut input = Input::new();
    row.title_es = input.take("titleEs", check::text(&row.title_es, TITLE));
    row.body_es = input.take("bodyEs", check::text(&row.body_es, BODY));
    row.title_en = input.take("titleEn", check::optional(row.title_en.as_deref(), TITLE));
    row.body_en = input.take("bodyEn", check::optional(row.body_en.as_deref(), BODY));
    input.check(row.title_en.is_some() == row.body_en.is_some(), || {
        Fault::invalid(fault::BOTH_LANGUAGES).at(["bodyEn"])
    });
    input.check(
        row.publish_to.is_none_or(|end| end > row.publish_from),
        || Fault::invalid("kernel.dates_out_of_order").at(["expiresAt"]),
    );
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    faults.take(audience::check(tx, &scope, &row).await)?;
    faults.finish()?;
    Ok(row)
}

async fn store(tx: &mut Tx, row: Announcement, action: &'static str) -> Result<Announcement> {
    let next = Announcement {
        updated_at: tx.now(),
        version: row.version + 1,
        ..row
    };
    diesel::update(announcement::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    tx.emit(told(action, &next)).await?;
    Ok(next)
}

/// Locks an announcement that the actor manages and that is not archived.
async fn locked(tx: &mut Tx, id: AnnouncementId, expected: Option<i32>) -> Result<Announcement> {
    tx.require(ANNOUNCEMENT_MANAGE)?;
    let managed = manages(tx);
    let found: Option<Announcement> = announcement::table
        .find((tx.organisation(), id))
        .filter(managed)
        .select(Announcement::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let missing = || Fault::not_found(fault::ANNOUNCEMENT_NOT_FOUND).at(["id"]);
    let row = found.ok_or_else(missing)?;
    check::version(row.version, expected)?;
    if row.status == AnnouncementStatus::Archived {
        return Err(Fault::not_allowed(fault::ARCHIVED).at(["id"]).into());
    }
    Ok(row)
}

/// An error with each of its faults made into another.
fn each(error: kernel::Error, make: impl Fn(Fault) -> Fault) -> kernel::Error {
    match error {
        kernel::Error::Refused(faults) => {
            kernel::Error::Refused(faults.into_iter().map(make).collect())
        }
        other => other,
    }
}
