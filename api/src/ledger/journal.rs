//! Journals through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use kernel::ids::JournalId;
use kernel::{Fault, Locale};
use ledger::journal::{
    self, Journal as JournalRow, JournalCreateInput, JournalFilter, JournalKind, JournalSort,
    JournalSortField,
};
use ledger::permission::ENTRY_POST;

use super::link;
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A journal of a company.
    Journal of ledger::journal as JournalRow, JournalId; listed by JournalFilter, JournalSortField
}

/// What the viewer may do with a journal.
#[derive(SimpleObject)]
pub struct JournalViewerCan {
    /// Post entries into it by hand.
    post: Permission,
}

/// A journal of a company: what groups entries by their nature.
#[Object]
impl Journal {
    /// The journal.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its code, unique in the company.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// Its name in the viewer's language.
    async fn name(&self, graph: &Context<'_>) -> Result<&str> {
        Ok(match Call::of(graph)?.context().locale {
            Locale::Es => &self.0.name_es,
            Locale::En => &self.0.name_en,
        })
    }

    /// Its name in Spanish.
    async fn name_es(&self) -> &str {
        &self.0.name_es
    }

    /// Its name in English.
    async fn name_en(&self) -> &str {
        &self.0.name_en
    }

    /// Its nature.
    async fn kind(&self) -> JournalKind {
        self.0.kind
    }

    /// Since when it takes no more entries.
    async fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// Its version.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        link::redacted(graph, self.0.company_id, &[(COMPANY_READ, "company")])
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<JournalViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.0.company_id);
        let post = Permission::held(call, ENTRY_POST, |scope| scope.covers(company, None));
        let archived = Fault::not_allowed("ledger.journal_archived").with("code", &self.0.code);
        let post = match self.0.archived_at {
            Some(_) => post.and(|| Permission::refused(call, &archived)),
            None => post,
        };
        Ok(JournalViewerCan { post })
    }

    /// What happened to it.
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
}

payload! {
    /// What making a journal gives.
    JournalCreatePayload {
        /// The journal.
        journal: Journal
    }
}

/// Looks at journals.
#[derive(Default)]
pub struct JournalQuery;

#[Object]
impl JournalQuery {
    /// A journal. Needs `ledger.account.read`.
    async fn journal(&self, graph: &Context<'_>, id: JournalId) -> Result<Option<Journal>> {
        find(graph, id).await
    }

    /// Journals. Needs `ledger.account.read`.
    async fn journals(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<JournalFilter>,
        sort: Option<JournalSort>,
        search: Option<String>,
        #[graphql(default)] include_archived: bool,
    ) -> Result<Connection<Journal>> {
        let slice = Slice::new(first, after, last, before);
        connect(
            graph,
            slice
                .of(filter, sort, search)
                .with_archived(include_archived),
        )
        .await
    }
}

/// Acts on journals.
#[derive(Default)]
pub struct JournalMutation;

#[Object]
impl JournalMutation {
    /// Makes a journal. Needs `ledger.account.manage`.
    async fn journal_create(
        &self,
        graph: &Context<'_>,
        input: JournalCreateInput,
    ) -> Result<JournalCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Journal(journal::create(tx, input).await?)) })
        })
        .await
    }
}
