//! Documents: what an organisation keeps, in versions, and finds by its words.
//!
//! A document says whose it is and who may see it: everybody, a company, a department, some roles,
//! or its owner alone; who may do everything sees all, so that none is lost with its owner. Its
//! bytes are its versions, each a stored file that opens through a link of minutes, given to who
//! may see the document. A job reads the text of the newest version, so that
//! what a parser makes of a stranger's bytes never costs a request; it is found in the words of
//! Spanish and of English.

mod act;
mod list;
mod read;
mod search;
mod text;
mod version;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::ids::{CompanyId, DepartmentId, DocumentId, OrganisationId, RoleId, UserId};
use kernel::{Date, Event};

pub use act::{
    DocumentArchiveInput, DocumentCreateInput, DocumentPatch, DocumentReaders, DocumentUpdateInput,
    archive, create, update,
};
pub use list::{
    DocumentFilter, DocumentSort, DocumentSortField, DocumentVisibilityFilter, by_ids, count, find,
    page,
};
pub use read::DocumentRead;
pub use search::{DocumentHit, HeadlinePart, hits, ranked};
pub use version::{
    DocumentTextStatus, DocumentVersion, DocumentVersionAddInput, DocumentVersionFilter,
    DocumentVersionSort, DocumentVersionSortField, add, download, newest, reading_jobs,
    version_by_ids, version_count, version_files, version_page,
};

use crate::permission::{DOCUMENT_MANAGE, DOCUMENT_READ};
use crate::schema::document;

kernel::text_enum! {
    /// Who may see a document, beside its owner.
    pub enum DocumentVisibility {
        /// Whoever may read documents.
        Organisation = "ORGANISATION",
        /// Whoever may read documents in its company.
        Company = "COMPANY",
        /// Whoever may read documents in its department.
        Department = "DEPARTMENT",
        /// Whoever may read documents and has one of some roles.
        Roles = "ROLES",
        /// Nobody else, but for who may do everything.
        Private = "PRIVATE",
    }
}

impl DocumentVisibility {
    /// Whether the readers are those of the document's company, or of a department of it.
    const fn names_company(self) -> bool {
        matches!(self, Self::Company | Self::Department)
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = document,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Document {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The document.
    pub id: DocumentId,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// What kind of document it is, in the organisation's own words.
    pub category: String,
    /// Words that it is also found by.
    pub tags: Vec<String>,
    /// Whose it is.
    pub owner_id: UserId,
    /// Who may see it, beside its owner.
    pub visibility: DocumentVisibility,
    /// The company that it concerns.
    pub company_id: Option<CompanyId>,
    /// The department that may see it.
    pub department_id: Option<DepartmentId>,
    /// The roles that may see it.
    pub role_ids: Vec<RoleId>,
    /// Until when it must be kept.
    pub retain_until: Option<Date>,
    /// How many versions it has.
    pub versions: i32,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was last changed, or got a version.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Document {
    /// What it is found by beside the text of its newest version.
    fn head(&self) -> String {
        let mut parts = vec![self.title.clone(), self.category.clone()];
        parts.extend(self.tags.iter().cloned());
        parts.extend(self.description.clone());
        parts.join("\n")
    }
}

/// What happened to a document, for those who may see it: of one that not everybody sees, for its
/// owner.
fn told(action: &'static str, row: &Document) -> Event {
    let permission = match row.visibility {
        DocumentVisibility::Organisation
        | DocumentVisibility::Company
        | DocumentVisibility::Department => DOCUMENT_READ,
        DocumentVisibility::Roles | DocumentVisibility::Private => kernel::actor::EVERYTHING,
    };
    let event = Event::new(action, "Document", row.id, permission)
        .owner(Some(row.owner_id))
        .department(row.department_id)
        .set_guarded("title", &row.title, permission);
    match row.company_id {
        Some(company) => event.company(company),
        None => event,
    }
}

/// Whether an actor may change a document that they see: its owner, and who manages documents
/// where it belongs.
pub fn may_manage(actor: &kernel::Actor, row: &Document) -> bool {
    let scope = actor.scope(DOCUMENT_MANAGE);
    let own = Some(row.owner_id) == actor.principal.user();
    !scope.is_nowhere() && (own || scope.covers(row.company_id, row.department_id))
}
