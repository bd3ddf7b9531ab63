//! Who sees which documents.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::actor::EVERYTHING;
use kernel::filter::{Comparator, DateFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::DocumentId;
use kernel::page::{Page, PageRequest, quoted};
use kernel::predicate::Value;
use kernel::{Predicate, Result, Tx};

use super::search::matching;
use super::{Document, DocumentVisibility};
use crate::permission::DOCUMENT_READ;
use crate::schema::document;

/// Conditions on who may see a document.
#[derive(Clone, Debug, Default, async_graphql::InputObject)]
pub struct DocumentVisibilityFilter {
    /// Is exactly.
    pub eq: Option<DocumentVisibility>,
}

impl Comparator for DocumentVisibilityFilter {
    fn on(&self, column: &str, _: chrono::NaiveDate) -> Result<Option<Predicate>> {
        Ok(self
            .eq
            .map(|visibility| Predicate::equal(column, visibility.text())))
    }
}

kernel::listing! {
    /// Conditions on documents.
    filter DocumentFilter {
        /// By id.
        id: IdFilter => id,
        /// By title.
        title: TextFilter => title,
        /// By category.
        category: TextFilter => category,
        /// By who may see them.
        visibility: DocumentVisibilityFilter => visibility,
        /// By owner.
        owner: IdFilter => owner_id,
        /// By company.
        company: IdFilter => company_id,
        /// By department.
        department: IdFilter => department_id,
        /// By the day until which they must be kept.
        retain_until_date: DateFilter => retain_until,
        /// By when they were last changed.
        updated_at: DateTimeFilter => updated_at,
        /// By archival; where it is asked for, archived ones are among them.
        archived_at: DateTimeFilter => archived_at,
    }
    /// An order of documents.
    sort DocumentSort;
    /// What documents can be sorted by.
    by DocumentSortField {
        /// By title.
        Title = "TITLE" => title,
        /// By when they were last changed.
        UpdatedAt = "UPDATED_AT" => updated_at,
    }
    default UpdatedAt Desc;
    search [title];
    archived archived_at;
    from "administration" document as Document;
}

/// The documents that are open to the actor, by the visibility of each. Who may do everything
/// everywhere sees all of them: somebody must, once an owner is gone.
pub(super) fn visible(tx: &Tx) -> Result<Predicate> {
    let scope = tx.require(DOCUMENT_READ)?;
    if tx.actor().scope(EVERYTHING).everywhere {
        return Ok(Predicate::all());
    }
    let column = |name: &str| quoted("administration", "document", name);
    let is =
        |visibility: DocumentVisibility| Predicate::equal(&column("visibility"), visibility.text());
    let company = column("company_id");
    let department = column("department_id");
    let departments = scope.departments.iter().map(|id| id.0).collect();
    // Who reads in a department of a company reads what is open to the whole company, too.
    let near = Predicate::in_scope(&scope, Some(&company), None).or(Predicate::sql(format!(
        "{company} IN (SELECT near.company_id FROM directory.department near \
         WHERE near.organisation_id = {} AND near.id = ANY(",
        column("organisation_id")
    ))
    .bind(Value::Uuids(departments))
    .then("))"));
    let inside = Predicate::in_scope(&scope, Some(&company), Some(&department));
    let mut parts = vec![
        is(DocumentVisibility::Organisation),
        is(DocumentVisibility::Company).and(near),
        is(DocumentVisibility::Department).and(inside),
    ];
    if let Some(me) = tx.actor().principal.user() {
        parts.push(Predicate::equal(&column("owner_id"), me.0));
        parts.push(
            is(DocumentVisibility::Roles).and(
                Predicate::sql(format!(
                    "EXISTS (SELECT FROM directory.role_assignment given \
                     WHERE given.organisation_id = {} AND given.role_id = ANY({}) \
                     AND given.user_id = ",
                    column("organisation_id"),
                    column("role_ids")
                ))
                .bind(me.0)
                .then(")"),
            ),
        );
    }
    Ok(Predicate::some(parts))
}

/// The condition of a request, and the request without its free text, which looks into the words of
/// titles, tags and texts.
fn looked_for(
    tx: &Tx,
    mut request: PageRequest<DocumentFilter, DocumentSortField>,
) -> Result<(PageRequest<DocumentFilter, DocumentSortField>, Predicate)> {
    let mut seen = visible(tx)?;
    if let Some(text) = request.search.take().filter(|text| !text.trim().is_empty()) {
        seen = seen.and(matching(tx.organisation(), &text)?);
    }
    Ok((request, seen))
}

/// A page of the documents that the actor may see. Free text is looked for in titles, categories,
/// tags, descriptions and the texts of the newest versions, by the words of both languages.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<DocumentFilter, DocumentSortField>,
) -> Result<Page<Document>> {
    let (request, visible) = looked_for(tx, request)?;
    list(tx, request, visible).await
}

/// How many documents of a request the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<DocumentFilter, DocumentSortField>,
) -> Result<i64> {
    let (request, visible) = looked_for(tx, request)?;
    tally(tx, request, visible).await
}

/// The visible ones of some documents.
pub async fn by_ids(tx: &mut Tx, ids: &[DocumentId]) -> Result<Vec<Document>> {
    let visible = visible(tx)?;
    Ok(document::table
        .filter(document::organisation_id.eq(tx.organisation()))
        .filter(document::id.eq_any(ids))
        .filter(visible)
        .select(Document::as_select())
        .load(tx.conn())
        .await?)
}

/// A document that the actor may see.
pub async fn find(tx: &mut Tx, id: DocumentId) -> Result<Option<Document>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}
