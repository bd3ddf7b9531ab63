//! Number sequences through the API.

use async_graphql::{Context, ID, Object, Result};
use directory::numbering::{
    self, Sequence as SequenceRow, SequenceFilter, SequenceSort, SequenceSortField,
    SequenceUpdateInput,
};
use directory::permission::COMPANY_READ;
use kernel::ids::SequenceId;

use crate::act::act;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::link::link;
use crate::kernel::audit::{AuditEntry, history};
use crate::{noun, payload};

noun! {
    /// A gap-free sequence of numbers.
    Sequence of directory::numbering as SequenceRow, SequenceId;
    listed by SequenceFilter, SequenceSortField
}

/// A gap-free sequence of numbers: of one kind, in one company, in one year.
#[Object]
impl Sequence {
    /// The sequence.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company; null for the organisation's own.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link(graph, COMPANY_READ, self.0.company_id).await
    }

    /// What it numbers, as in `ledger.entry`.
    async fn key(&self) -> &str {
        &self.0.key
    }

    /// The year.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// How a number is written, as in `{year}-{number:06}`.
    async fn format(&self) -> &str {
        &self.0.format
    }

    /// The number that comes next.
    async fn next_number(&self) -> i64 {
        self.0.next_number
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
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
    /// What changing a sequence gives.
    SequenceUpdatePayload {
        /// The sequence.
        sequence: Sequence
    }
}

/// Looks at number sequences.
#[derive(Default)]
pub struct SequenceQuery;

#[Object]
impl SequenceQuery {
    /// A number sequence. Needs `directory.sequence.read`.
    async fn sequence(&self, graph: &Context<'_>, id: SequenceId) -> Result<Option<Sequence>> {
        find(graph, id).await
    }

    /// Number sequences. Needs `directory.sequence.read`.
    async fn sequences(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<SequenceFilter>,
        sort: Option<SequenceSort>,
        search: Option<String>,
    ) -> Result<Connection<Sequence>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on number sequences.
#[derive(Default)]
pub struct SequenceMutation;

#[Object]
impl SequenceMutation {
    /// Changes how the numbers of a sequence are written from now on. Needs
    /// `directory.sequence.manage`.
    async fn sequence_update(
        &self,
        graph: &Context<'_>,
        input: SequenceUpdateInput,
    ) -> Result<SequenceUpdatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Sequence(numbering::update(tx, input).await?)) })
        })
        .await
    }
}
