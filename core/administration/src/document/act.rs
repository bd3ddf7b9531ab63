//! What is done with documents: added, changed, archived.

use async_graphql::{InputObject, MaybeUndefined, OneofObject};
use diesel::prelude::*;
use diesel::sql_types as types;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use directory::schema::{company, department, role, user};
use kernel::ids::{CompanyId, DepartmentId, DocumentId, RoleId, StagedUploadId, UserId};
use kernel::{Date, Fault, Faults, Result, Tx};

use super::list::visible;
use super::{Document, DocumentVisibility, may_manage, told, version};
use crate::fault;
use crate::permission::DOCUMENT_MANAGE;
use crate::schema::document;

/// Tags of a document at most.
const TAGS: usize = 20;

/// Who may see a document, beside its owner.
#[derive(Clone, Debug, PartialEq, Eq, OneofObject)]
#[graphql(name = "DocumentReadersInput")]
pub enum DocumentReaders {
    /// Whoever may read documents: `true`.
    Organisation(bool),
    /// Whoever may read documents in this company.
    Company(CompanyId),
    /// Whoever may read documents in this department.
    Department(DepartmentId),
    /// Whoever may read documents and has one of these roles.
    Roles(Vec<RoleId>),
    /// The owner alone: `true`.
    Private(bool),
}

/// Adds a document, perhaps with its first version.
#[derive(Clone, Debug, InputObject)]
pub struct DocumentCreateInput {
    /// An id made by the client, `doc_…`.
    pub id: Option<DocumentId>,
    /// Its title, in at most 200 characters.
    pub title: String,
    /// What it is about, in at most 2,000 characters.
    pub description: Option<String>,
    /// What kind of document it is, in at most 60 characters.
    pub category: String,
    /// Words that it is also found by; at most 20.
    #[graphql(default)]
    pub tags: Vec<String>,
    /// Who may see it, beside its owner.
    pub readers: DocumentReaders,
    /// The company that it concerns; that of the readers when they are a company or department.
    pub company: Option<CompanyId>,
    /// Until when it must be kept.
    pub retain_until_date: Option<Date>,
    /// An upload of one's own that has arrived, as its first version.
    pub upload: Option<StagedUploadId>,
}

/// What can be changed of a document.
#[derive(Clone, Debug, Default, InputObject)]
pub struct DocumentPatch {
    /// Its title.
    pub title: Option<String>,
    /// What it is about.
    pub description: MaybeUndefined<String>,
    /// What kind of document it is.
    pub category: Option<String>,
    /// Words that it is also found by.
    pub tags: Option<Vec<String>>,
    /// Whose it is.
    pub owner: Option<UserId>,
    /// Who may see it, beside its owner.
    pub readers: Option<DocumentReaders>,
    /// The company that it concerns.
    pub company: MaybeUndefined<CompanyId>,
    /// Until when it must be kept.
    pub retain_until_date: MaybeUndefined<Date>,
}

/// Changes a document.
#[derive(Clone, Debug, InputObject)]
pub struct DocumentUpdateInput {
    /// The document.
    pub id: DocumentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
    /// What changes; what is absent stays.
    pub patch: DocumentPatch,
}

/// Archives a document.
#[derive(Clone, Debug, InputObject)]
pub struct DocumentArchiveInput {
    /// The document.
    pub id: DocumentId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Adds a document.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn create(tx: &mut Tx, command: DocumentCreateInput) -> Result<Document> {
    tx.require(DOCUMENT_MANAGE)?;
    let me = tx.actor().principal.user();
    let me = me.ok_or_else(|| Fault::not_allowed(fault::PEOPLE_KEEP))?;
    let mut row = Document {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(DocumentId::generate),
        title: command.title,
        description: command.description,
        category: command.category,
        tags: command.tags,
        owner_id: me,
        visibility: DocumentVisibility::Private,
        company_id: command.company,
        department_id: None,
        role_ids: Vec::new(),
        retain_until: command.retain_until_date,
        versions: 0,
        archived_at: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        version: 1,
    };
    let named = command.company.map(Some);
    let opened = open_to(tx, &mut row, command.readers).await;
    let opened = opened.and_then(|()| same_company(&row, named));
    let mut faults = Faults::new();
    let checked = faults.take(checked(tx, row, opened).await)?;
    let file = match command.upload {
        Some(upload) => faults.take(version::kept(tx, upload, checked.as_ref()).await)?,
        None => None,
    };
    faults.finish()?;
    let row = checked.ok_or_else(|| kernel::Error::bug("a document without faults is there"))?;
    diesel::insert_into(document::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| taken(error.into(), "document_pkey", "kernel.id_taken", "id"))?;
    index(tx, &row).await?;
    tx.emit(told("administration.document.created", &row))
        .await?;
    match file {
        Some(file) => Ok(version::attach(tx, row, &file, None).await?.0),
        None => Ok(row),
    }
}

/// Changes a document.
///
/// # Errors
/// Every fault of the input at once; stale when it has changed.
#[tracing::instrument(skip_all, fields(document.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: DocumentUpdateInput) -> Result<Document> {
    let seen = locked(tx, command.id, command.expected_version, "id").await?;
    let mut next = seen.clone();
    let readers = command.patch.readers.clone();
    let named =
        (!command.patch.company.is_undefined()).then(|| command.patch.company.value().copied());
    patch(&mut next, command.patch);
    if next.visibility.names_company() {
        next.company_id = seen.company_id;
    }
    let opened = match readers {
        Some(readers) => open_to(tx, &mut next, readers).await,
        None => Ok(()),
    };
    let opened = opened.and_then(|()| same_company(&next, named));
    let row = match checked(tx, next, opened).await {
        Err(kernel::Error::Refused(found)) => {
            let under = found.into_iter().map(|fault| fault.under(["patch"]));
            return Err(kernel::Error::Refused(under.collect()));
        }
        other => other?,
    };
    let next = store(tx, row).await?;
    index(tx, &next).await?;
    let event = told("administration.document.updated", &next)
        .changed("category", &seen.category, &next.category)
        .changed("owner", &seen.owner_id, &next.owner_id)
        .changed("visibility", &seen.visibility, &next.visibility)
        .changed("retainUntilDate", &seen.retain_until, &next.retain_until);
    tx.emit(event).await?;
    Ok(next)
}

/// Archives a document: it is hidden and found no more; its versions stay, as retention asks.
#[tracing::instrument(skip_all, fields(document.id = %command.id), err)]
pub async fn archive(tx: &mut Tx, command: DocumentArchiveInput) -> Result<Document> {
    let seen = locked(tx, command.id, command.expected_version, "id").await?;
    let archived_at = Some(tx.now());
    let next = store(
        tx,
        Document {
            archived_at,
            ..seen
        },
    )
    .await?;
    tx.emit(told("administration.document.archived", &next))
        .await?;
    Ok(next)
}

fn patch(row: &mut Document, patch: DocumentPatch) {
    if let Some(title) = patch.title {
        row.title = title;
    }
    match patch.description {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.description = None,
        MaybeUndefined::Value(text) => row.description = Some(text),
    }
    if let Some(category) = patch.category {
        row.category = category;
    }
    if let Some(tags) = patch.tags {
        row.tags = tags;
    }
    row.owner_id = patch.owner.unwrap_or(row.owner_id);
    match patch.company {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.company_id = None,
        MaybeUndefined::Value(id) => row.company_id = Some(id),
    }
    match patch.retain_until_date {
        MaybeUndefined::Undefined => {}
        MaybeUndefined::Null => row.retain_until = None,
        MaybeUndefined::Value(day) => row.retain_until = Some(day),
    }
}

/// Writes into a document who may see it; a company or department brings the company.
async fn open_to(tx: &mut Tx, row: &mut Document, readers: DocumentReaders) -> Result<()> {
    row.department_id = None;
    row.role_ids = Vec::new();
    match readers {
        DocumentReaders::Organisation(_) => row.visibility = DocumentVisibility::Organisation,
        DocumentReaders::Private(_) => row.visibility = DocumentVisibility::Private,
        DocumentReaders::Company(id) => {
            row.visibility = DocumentVisibility::Company;
            row.company_id = Some(id);
        }
        DocumentReaders::Department(id) => {
            let found: Option<CompanyId> = department::table
                .find((tx.organisation(), id))
                .select(department::company_id)
                .first(tx.conn())
                .await
                .optional()?;
            let missing = || Fault::not_found(fault::READERS_UNKNOWN).at(["readers"]);
            row.company_id = Some(found.ok_or_else(missing)?);
            row.visibility = DocumentVisibility::Department;
            row.department_id = Some(id);
        }
        DocumentReaders::Roles(mut ids) => {
            ids.sort_unstable();
            ids.dedup();
            let known: i64 = role::table
                .filter(role::organisation_id.eq(tx.organisation()))
                .filter(role::id.eq_any(&ids))
                .count()
                .get_result(tx.conn())
                .await?;
            if ids.is_empty() || usize::try_from(known).ok() != Some(ids.len()) {
                return Err(Fault::not_found(fault::READERS_UNKNOWN)
                    .at(["readers"])
                    .into());
            }
            row.visibility = DocumentVisibility::Roles;
            row.role_ids = ids;
        }
    }
    Ok(())
}

/// That a company which was named is that of the readers, where these are of a company.
fn same_company(row: &Document, named: Option<Option<CompanyId>>) -> Result<()> {
    let differs = named.is_some_and(|company| company != row.company_id);
    if row.visibility.names_company() && differs {
        return Err(Fault::invalid(fault::COMPANY_OF_READERS)
            .at(["company"])
            .into());
    }
    Ok(())
}

/// The document with everything in it possible, for readers that were `opened` to it; every fault
/// at once.
async fn checked(tx: &mut Tx, mut row: Document, opened: Result<()>) -> Result<Document> {
    let mut input = Input::new();
    row.title = input.take("title", check::text(&row.title, 200));
    row.category = input.take("category", check::text(&row.category, 60));
    let description = check::optional(row.description.as_deref(), 2_000);
    row.description = input.take("description", description);
    let mut tags = Vec::with_capacity(row.tags.len());
    for (index, tag) in row.tags.iter().enumerate() {
        let tag = input.take(&format!("tags.{index}"), check::text(tag, 40));
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    input.check(tags.len() <= TAGS, || {
        Fault::invalid(fault::TAGS_OUT_OF_RANGE)
            .with("most", TAGS)
            .at(["tags"])
    });
    row.tags = tags;
    let mut faults = Faults::new();
    faults.take(input.finish())?;
    if faults.take(opened)?.is_some() {
        faults.take(allow(tx, &row))?;
    }
    if let Some(id) = row.company_id {
        let known: i64 = company::table
            .find((tx.organisation(), id))
            .count()
            .get_result(tx.conn())
            .await?;
        faults.check(known == 1, || {
            let of_readers = row.visibility == DocumentVisibility::Company;
            let field = if of_readers { "readers" } else { "company" };
            Fault::not_found("directory.company_unknown").at([field])
        });
    }
    let owner: i64 = user::table
        .find((tx.organisation(), row.owner_id))
        .filter(user::active)
        .count()
        .get_result(tx.conn())
        .await?;
    faults.check(owner == 1, || {
        Fault::not_found(fault::OWNER_UNKNOWN).at(["owner"])
    });
    faults.finish()?;
    Ok(row)
}

/// That the actor manages documents where this one belongs; a private one belongs to its owner.
fn allow(tx: &Tx, row: &Document) -> Result<()> {
    let scope = tx.require(DOCUMENT_MANAGE)?;
    let covered = match row.visibility {
        DocumentVisibility::Private => true,
        DocumentVisibility::Company | DocumentVisibility::Department => {
            scope.covers(row.company_id, row.department_id)
        }
        DocumentVisibility::Organisation | DocumentVisibility::Roles => scope.everywhere,
    };
    if covered {
        Ok(())
    } else {
        Err(Fault::not_allowed(fault::READERS_TOO_WIDE)
            .at(["readers"])
            .into())
    }
}

/// Locks a document that the actor sees and may change, and that is not archived.
pub(super) async fn locked(
    tx: &mut Tx,
    id: DocumentId,
    expected: Option<i32>,
    field: &'static str,
) -> Result<Document> {
    tx.require(DOCUMENT_MANAGE)?;
    let visible = visible(tx)?;
    let found: Option<Document> = document::table
        .find((tx.organisation(), id))
        .filter(visible)
        .select(Document::as_select())
        .for_update()
        .first(tx.conn())
        .await
        .optional()?;
    let missing = || Fault::not_found(fault::DOCUMENT_NOT_FOUND).at([field]);
    let row = found.ok_or_else(missing)?;
    if !may_manage(tx.actor(), &row) {
        return Err(kernel::Error::Denied(DOCUMENT_MANAGE));
    }
    check::version(row.version, expected)?;
    if row.archived_at.is_some() {
        return Err(Fault::not_allowed(fault::ARCHIVED).at([field]).into());
    }
    Ok(row)
}

/// Stores a changed document as its next version.
pub(super) async fn store(tx: &mut Tx, row: Document) -> Result<Document> {
    let next = Document {
        updated_at: tx.now(),
        version: row.version + 1,
        ..row
    };
    diesel::update(document::table.find((next.organisation_id, next.id)))
        .set(&next)
        .execute(tx.conn())
        .await?;
    Ok(next)
}

/// Keeps what a document is found by in step with its title, category, tags and description.
async fn index(tx: &mut Tx, row: &Document) -> Result<()> {
    diesel::sql_query(
        "INSERT INTO administration.document_index (organisation_id, document_id, head, body) \
         VALUES ($1, $2, $3, '') ON CONFLICT (organisation_id, document_id) \
         DO UPDATE SET head = EXCLUDED.head",
    )
    .bind::<types::Uuid, _>(row.organisation_id)
    .bind::<types::Uuid, _>(row.id)
    .bind::<types::Text, _>(row.head())
    .execute(tx.conn())
    .await?;
    Ok(())
}
