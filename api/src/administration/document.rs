//! Documents through the API: what an organisation keeps, in versions.

use administration::document::{
    self, Document as DocumentRow, DocumentFilter, DocumentSort, DocumentSortField,
    DocumentVersionFilter, DocumentVersionSort, DocumentVisibility,
};
use administration::fault;
use administration::permission::DOCUMENT_MANAGE;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::filter::IdFilter;
use kernel::ids::DocumentId;
use kernel::{Date, Fault};

use crate::administration::document_version::{DocumentVersion, Newest};
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::permission::Permission;
use crate::processes::named::{self, NamedRole, NamedUser};

noun! {
    /// What an organisation keeps.
    Document of administration::document as DocumentRow, DocumentId;
    listed by DocumentFilter, DocumentSortField
}

/// What the viewer can do with a document now.
#[derive(SimpleObject)]
pub struct DocumentViewerCan {
    /// Change it.
    update: Permission,
    /// Add a version.
    add_version: Permission,
    /// Archive it.
    archive: Permission,
}

/// What an organisation keeps, in versions that never change.
#[Object]
impl Document {
    /// The document.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What it is about: plain text.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// What kind of document it is, in the organisation's own words.
    async fn category(&self) -> &str {
        &self.0.category
    }

    /// Words that it is also found by.
    async fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// Whose it is.
    async fn owner(&self) -> NamedUser {
        NamedUser(self.0.owner_id)
    }

    /// Who may see it, beside its owner.
    async fn visibility(&self) -> DocumentVisibility {
        self.0.visibility
    }

    /// The company that it concerns; null for none, and for those who may not see it.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        named::company(graph, self.0.company_id).await
    }

    /// The department that may see it; null for none, and for those who may not see it.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        Call::of(graph)?.load_some(self.0.department_id).await
    }

    /// The roles that may see it.
    async fn roles(&self) -> Vec<NamedRole> {
        named::roles(&self.0.role_ids)
    }

    /// Until when it must be kept.
    async fn retain_until_date(&self) -> Option<Date> {
        self.0.retain_until
    }

    /// How many versions it has.
    async fn version_count(&self) -> i32 {
        self.0.versions
    }

    /// Its newest version.
    async fn newest_version(&self, graph: &Context<'_>) -> Result<Option<DocumentVersion>> {
        let newest = Call::of(graph)?.parts::<Newest>(self.0.id).await?;
        Ok(newest.into_iter().next().map(|newest| newest.0))
    }

    /// Its versions, the newest first.
    async fn versions(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        sort: Option<DocumentVersionSort>,
    ) -> Result<Connection<DocumentVersion>> {
        let own = DocumentVersionFilter {
            document: Some(IdFilter {
                eq: Some(self.0.id.into()),
                ..IdFilter::default()
            }),
            ..DocumentVersionFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(Some(own), sort, None)).await
    }

    /// When it was archived.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// When it was added.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was last changed, or got a version.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// What the viewer can do with it now.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<DocumentViewerCan> {
        let call = Call::of(graph)?;
        Ok(DocumentViewerCan {
            update: self.permitted(call),
            add_version: self.permitted(call),
            archive: self.permitted(call),
        })
    }

    /// What happened to it, as far as the viewer may see it: of what is open to everybody, that
    /// takes the right everywhere.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }

    /// Its version as a record, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

impl Document {
    fn permitted(&self, call: &Call) -> Permission {
        let manages = document::may_manage(call.actor(), &self.0);
        Permission::held(call, DOCUMENT_MANAGE, |_| manages).and(|| match self.0.archived_at {
            Some(_) => Permission::refused(call, &Fault::not_allowed(fault::ARCHIVED)),
            None => Permission::allowed(),
        })
    }
}

/// Looks at documents.
#[derive(Default)]
pub struct DocumentQuery;

#[Object]
impl DocumentQuery {
    /// A document that is open to the viewer. Needs `administration.document.read`.
    async fn document(&self, graph: &Context<'_>, id: DocumentId) -> Result<Option<Document>> {
        find(graph, id).await
    }

    /// The documents that are open to the viewer. Free text is looked for in titles, categories,
    /// tags, descriptions and the texts of the newest versions, by the words of Spanish and of
    /// English. Needs `administration.document.read`.
    async fn documents(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<DocumentFilter>,
        sort: Option<DocumentSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Document>> {
        let slice = Slice::new(first, after, last, before);
        let request = slice.of(filter, sort, search);
        connect(graph, request.with_archived(include_archived)).await
    }
}
