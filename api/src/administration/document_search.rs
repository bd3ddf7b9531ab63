//! Finding documents by their words, with the passage where they stand.

use std::sync::Arc;

use administration::document::{self, DocumentHit as HitRow, HeadlinePart};
use async_graphql::{Context, Object, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::ids::DocumentId;
use kernel::page::Page;

use crate::administration::document::Document;
use crate::call::Call;
use crate::connection::{Listing, Rows, Slice};
use crate::failure;
use crate::whole::cut;

/// A document that was found.
#[derive(Clone, Debug)]
pub struct DocumentHit(HitRow);

/// A document that was found, with the passage where it was.
#[Object]
impl DocumentHit {
    /// The document.
    async fn document(&self) -> Document {
        Document(self.0.document.clone())
    }

    /// The passage, in parts: what was looked for, and what stands around it. Plain text, never
    /// markup.
    async fn headline(&self) -> &[HeadlinePart] {
        &self.0.headline
    }
}

/// Looks for documents.
#[derive(Default)]
pub struct DocumentSearchQuery;

#[Object]
impl DocumentSearchQuery {
    /// The documents that hold some words and are open to the viewer, the best first, 1,000 at
    /// most. Words are found in every form of Spanish and English, with and without accents;
    /// `"so"` as a phrase, `-so` not at all, `so or so` either. Needs
    /// `administration.document.read`.
    async fn document_search(
        &self,
        graph: &Context<'_>,
        text: String,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<DocumentHit>> {
        let call = Call::of(graph)?;
        let wanted = text.clone();
        let ranked = call
            .read(move |tx| async move { document::ranked(tx, &wanted).await }.boxed())
            .await?;
        let total = i64::try_from(ranked.len()).unwrap_or(i64::MAX);
        let placed = ranked.into_iter().map(|id| (id.to_string(), id)).collect();
        let slice = Slice::new(first, after, last, before);
        let page = cut(placed, &slice).map_err(|fault| failure::of(call, fault.into()))?;
        let page = found(call, page, text).await?;
        let count = move |_: Call| -> BoxFuture<'static, Result<i64>> {
            futures::future::ready(Ok(total)).boxed()
        };
        Ok(Listing::new(page, Arc::new(count)).into())
    }
}

/// The documents of a page with their passages.
async fn found(call: &Call, page: Page<DocumentId>, text: String) -> Result<Page<DocumentHit>> {
    let ids: Vec<DocumentId> = page.rows.iter().map(|(_, id)| *id).collect();
    let hits = call
        .read(move |tx| async move { document::hits(tx, &ids, &text).await }.boxed())
        .await?;
    let placed = |hit: HitRow| (hit.document.id.to_string(), DocumentHit(hit));
    Ok(Page {
        rows: hits.into_iter().map(placed).collect(),
        has_next: page.has_next,
        has_previous: page.has_previous,
    })
}
