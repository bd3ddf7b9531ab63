//! Announcements: what an organisation tells its people, and who has read it.
//!
//! A draft is written and changed; once published its words stay as they are. It is shown to those
//! whom it addresses from one instant on and perhaps until another, and each is told once. Where it
//! asks for acknowledgement, who has given it and who has not can be seen.

mod act;
mod audience;
mod list;
mod receipt;
mod tell;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::ids::{AnnouncementId, CompanyId, DepartmentId, OrganisationId, RoleId, UserId};
use kernel::{Event, Locale};

pub use act::{
    AnnouncementArchiveInput, AnnouncementCreateInput, AnnouncementPatch, AnnouncementPublishInput,
    AnnouncementUpdateInput, archive, create, publish, update,
};
pub use audience::{AnnouncementAudience, AudienceInput};
pub use list::{
    AnnouncementFilter, AnnouncementSort, AnnouncementSortField, AnnouncementStatusFilter, by_ids,
    count, find, owed_count, page, unread_count,
};
pub use receipt::{
    AnnouncementAcknowledgeInput, AnnouncementReadInput, Mark, Progress, ReadersRequest, Receipt,
    acknowledge, managed, mine, progress, read, readers, readers_count,
};
pub use tell::AnnouncementTell;

use crate::permission::{ANNOUNCEMENT_MANAGE, ANNOUNCEMENT_READ};
use crate::schema::announcement;

/// An announcement was published.
pub const ANNOUNCEMENT_PUBLISHED: &str = "administration.announcement_published";

kernel::text_enum! {
    /// Where an announcement stands.
    pub enum AnnouncementStatus {
        /// It is being written.
        Draft = "DRAFT",
        /// It is shown in its time.
        Published = "PUBLISHED",
        /// It is shown no more.
        Archived = "ARCHIVED",
    }
}

/// An announcement.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = announcement,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Announcement {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The announcement.
    pub id: AnnouncementId,
    /// Its title in Spanish.
    pub title_es: String,
    /// Its text in Spanish.
    pub body_es: String,
    /// Its title in English.
    pub title_en: Option<String>,
    /// Its text in English.
    pub body_en: Option<String>,
    /// How those are named whom it addresses.
    pub audience: AnnouncementAudience,
    /// The companies that it addresses.
    pub company_ids: Vec<CompanyId>,
    /// The departments that it addresses, with those below them.
    pub department_ids: Vec<DepartmentId>,
    /// The roles that it addresses.
    pub role_ids: Vec<RoleId>,
    /// From when on it is shown.
    pub publish_from: DateTime<Utc>,
    /// Until when it is shown.
    pub publish_to: Option<DateTime<Utc>>,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Whether its readers must say that they have read it.
    pub requires_acknowledgement: bool,
    /// Where it stands.
    pub status: AnnouncementStatus,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// Who wrote it.
    pub created_by: UserId,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Announcement {
    /// Its title in a language, as far as it has one there.
    pub fn title(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => self.title_en.as_deref().unwrap_or(&self.title_es),
            Locale::Es => &self.title_es,
        }
    }

    /// Its text in a language, as far as it has one there.
    pub fn body(&self, locale: Locale) -> &str {
        match locale {
            Locale::En => self.body_en.as_deref().unwrap_or(&self.body_es),
            Locale::Es => &self.body_es,
        }
    }

    /// Whether it is shown at an instant.
    pub fn is_shown_at(&self, now: DateTime<Utc>) -> bool {
        self.status == AnnouncementStatus::Published
            && self.publish_from <= now
            && self.publish_to.is_none_or(|end| now < end)
    }
}

/// What happened to an announcement. What everybody was shown at once, everybody may know of; all
/// else is for those who manage such announcements and for its author.
fn told(action: &'static str, row: &Announcement) -> Event {
    let at_once = |at| row.publish_from <= at;
    let open = row.audience == AnnouncementAudience::All && row.published_at.is_some_and(at_once);
    let permission = if open {
        ANNOUNCEMENT_READ
    } else {
        ANNOUNCEMENT_MANAGE
    };
    placed(Event::new(action, "Announcement", row.id, permission), row)
        .owner(Some(row.created_by))
        .set("title", &row.title_es)
        .set("status", row.status)
}

/// That somebody acknowledged an announcement: for themselves and those who manage it.
fn acknowledged(row: &Announcement, reader: UserId) -> Event {
    let action = "administration.announcement.acknowledged";
    placed(
        Event::new(action, "Announcement", row.id, ANNOUNCEMENT_MANAGE),
        row,
    )
    .owner(Some(reader))
    .set("title", &row.title_es)
}

/// The event where its announcement belongs.
fn placed(event: Event, row: &Announcement) -> Event {
    match (row.company_ids.as_slice(), row.department_ids.as_slice()) {
        ([company], []) => event.company(*company),
        ([], [department]) => event.department(Some(*department)),
        _ => event,
    }
}
