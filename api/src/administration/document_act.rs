//! Acting on documents through the API: added, changed, archived, given versions.

use administration::document::{
    self, DocumentArchiveInput, DocumentCreateInput, DocumentUpdateInput, DocumentVersionAddInput,
};
use async_graphql::{Context, Object, Result, SimpleObject};

use crate::act::{Current, Payload, act};
use crate::administration::document::Document;
use crate::administration::document_version::DocumentVersion;
use crate::failure::UserError;
use crate::payload;

payload! {
    /// What adding a document gives.
    DocumentCreatePayload {
        /// The document.
        document: Document
    }
    /// What changing a document gives.
    DocumentUpdatePayload {
        /// The document.
        document: Document
    }
    /// What archiving a document gives.
    DocumentArchivePayload {
        /// The document.
        document: Document
    }
}

/// What adding a version to a document gives.
#[derive(SimpleObject)]
pub struct DocumentVersionAddPayload {
    /// The document.
    document: Option<Document>,
    /// The version.
    document_version: Option<DocumentVersion>,
    /// What a person can mend; empty when it was done.
    user_errors: Vec<UserError>,
}

impl Payload for DocumentVersionAddPayload {
    type Record = (Document, DocumentVersion);

    fn done((document, version): (Document, DocumentVersion)) -> Self {
        Self {
            document: Some(document),
            document_version: Some(version),
            user_errors: Vec::new(),
        }
    }

    fn refused(user_errors: Vec<UserError>) -> Self {
        Self {
            document: None,
            document_version: None,
            user_errors,
        }
    }

    async fn beside(self, current: &Current<'_>) -> Self {
        let document = current.of::<Document>().await;
        Self { document, ..self }
    }
}

/// Acts on documents.
#[derive(Default)]
pub struct DocumentMutation;

#[Object]
impl DocumentMutation {
    /// Adds a document, perhaps with an upload of one's own as its first version. Needs
    /// `administration.document.manage` for all who may see it.
    async fn document_create(
        &self,
        graph: &Context<'_>,
        input: DocumentCreateInput,
    ) -> Result<DocumentCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Document(document::create(tx, input).await?)) })
        })
        .await
    }

    /// Changes a document. Needs `administration.document.manage` for all who may see it.
    async fn document_update(
        &self,
        graph: &Context<'_>,
        input: DocumentUpdateInput,
    ) -> Result<DocumentUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Document(document::update(tx, input).await?)) })
        })
        .await
    }

    /// Archives a document: it is hidden and found no more; its versions stay, as retention asks.
    /// Needs `administration.document.manage`.
    async fn document_archive(
        &self,
        graph: &Context<'_>,
        input: DocumentArchiveInput,
    ) -> Result<DocumentArchivePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Document(document::archive(tx, input).await?)) })
        })
        .await
    }

    /// Adds an upload of one's own that has arrived to a document, as its next version; a job reads
    /// its text. Needs `administration.document.manage`.
    async fn document_version_add(
        &self,
        graph: &Context<'_>,
        input: DocumentVersionAddInput,
    ) -> Result<DocumentVersionAddPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let (document, version) = document::add(tx, input).await?;
                Ok((Document(document), DocumentVersion(version)))
            })
        })
        .await
    }
}
