//! Journal entries through the API.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use futures::future::BoxFuture;
use kernel::ids::{EntryId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::{Date, Fault, Money, Tx};
use ledger::entry::{
    self, Entry as EntryRow, EntryFilter, EntryPostInput, EntryReverseInput, EntrySort,
    EntrySortField,
};
use ledger::permission::{ACCOUNT_READ, ENTRY_READ, ENTRY_REVERSE};

use super::fiscal_year::FiscalYear;
use super::journal::Journal;
use super::line::{self, EntryLine};
use super::period::Period;
use super::{link, money};
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Rows, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::directory::user::User;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::{Listed, Noun, Part};
use crate::permission::Permission;
use crate::whole;
use crate::{node, payload};

/// A journal entry: posted once, never edited, reversed by another.
#[derive(Clone, Debug)]
pub struct Entry {
    row: EntryRow,
    /// Known at once when the entry is only rehearsed, and so not there to be loaded.
    rehearsed: Option<Arc<Vec<EntryLine>>>,
}

impl Entry {
    /// An entry that is there.
    pub fn new(row: EntryRow) -> Self {
        Self {
            row,
            rehearsed: None,
        }
    }

    /// Entries of an act, in its transaction; with their lines when the act is only rehearsed.
    pub async fn of_act(
        tx: &mut Tx,
        rows: Vec<EntryRow>,
        dry_run: bool,
    ) -> kernel::Result<Vec<Self>> {
        if !dry_run {
            return Ok(rows.into_iter().map(Self::new).collect());
        }
        let ids: Vec<EntryId> = rows.iter().map(|row| row.id).collect();
        let mut lines = line::rehearsed(tx, &ids).await?;
        let with_lines = |row: EntryRow| {
            let own = lines.remove(&row.id).unwrap_or_default();
            Self {
                row,
                rehearsed: Some(Arc::new(own)),
            }
        };
        Ok(rows.into_iter().map(with_lines).collect())
    }

    /// The one entry of an act.
    async fn of_one(tx: &mut Tx, row: EntryRow, dry_run: bool) -> kernel::Result<Self> {
        let found = Self::of_act(tx, vec![row], dry_run)
            .await?
            .into_iter()
            .next();
        found.ok_or_else(|| kernel::Error::bug("an act on an entry gave none"))
    }

    async fn reversal(&self, call: &Call) -> Result<Option<Self>> {
        if !call.actor().may(ENTRY_READ) {
            return Ok(None);
        }
        let found = call.parts::<ReversalOf>(self.row.id).await?;
        Ok(found
            .into_iter()
            .next()
            .map(|ReversalOf(reversal)| reversal))
    }
}

impl Noun for Entry {
    type Id = EntryId;
    const NAME: &'static str = "Entry";

    fn key(&self) -> EntryId {
        self.row.id
    }

    fn by_ids<'t>(tx: &'t mut Tx, ids: &'t [EntryId]) -> BoxFuture<'t, kernel::Result<Vec<Self>>> {
        Box::pin(async move {
            Ok(entry::by_ids(tx, ids)
                .await?
                .into_iter()
                .map(Self::new)
                .collect())
        })
    }
}

impl Listed for Entry {
    type Filter = EntryFilter;
    type Field = EntrySortField;

    fn page(
        tx: &mut Tx,
        request: PageRequest<EntryFilter, EntrySortField>,
    ) -> BoxFuture<'_, kernel::Result<Page<Self>>> {
        Box::pin(async move { Ok(entry::page(tx, request).await?.map(Self::new)) })
    }

    fn count(
        tx: &mut Tx,
        request: PageRequest<EntryFilter, EntrySortField>,
    ) -> BoxFuture<'_, kernel::Result<i64>> {
        Box::pin(entry::count(tx, request))
    }
}

/// The reversal of an entry.
#[derive(Clone)]
struct ReversalOf(Entry);

impl Part for ReversalOf {
    type Of = EntryId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [EntryId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(EntryId, Self)>>> {
        Box::pin(async move {
            let rows = entry::reversals_of(tx, ids).await?;
            let of = |row: EntryRow| Some((row.reverses_id?, Self(Entry::new(row))));
            Ok(rows.into_iter().filter_map(of).collect())
        })
    }
}

/// What an entry comes from; a source posts once.
#[derive(SimpleObject)]
pub struct EntrySource {
    /// The kind of record, as in `people.payroll_run`; `ledger.manual` for one posted by hand.
    kind: String,
    /// Which of the record's entries it is.
    purpose: String,
    /// The record, for `node`; null when it is of no kind that the API shows.
    record_id: Option<ID>,
}

/// What the viewer may do with an entry.
#[derive(SimpleObject)]
pub struct EntryViewerCan {
    /// Reverse it; the day's period must be open then.
    reverse: Permission,
}

/// A journal entry: posted once, never edited, reversed by another.
#[Object]
impl Entry {
    /// The entry.
    pub(crate) async fn id(&self) -> ID {
        self.row.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.row.company_id).await
    }

    /// Its fiscal year.
    async fn fiscal_year(&self, graph: &Context<'_>) -> Result<Option<FiscalYear>> {
        link::set_up(graph, Some(self.row.fiscal_year_id)).await
    }

    /// Its period.
    async fn period(&self, graph: &Context<'_>) -> Result<Option<Period>> {
        link::set_up(graph, Some(self.row.period_id)).await
    }

    /// Its journal.
    async fn journal(&self, graph: &Context<'_>) -> Result<Option<Journal>> {
        link::set_up(graph, Some(self.row.journal_id)).await
    }

    /// Its number in the company's fiscal year, without gaps; null in a dry run, because it is
    /// given when the posting is final.
    async fn number(&self, graph: &Context<'_>) -> Result<Option<i64>> {
        let call = Call::of(graph)?;
        if self.row.number.is_some() || self.rehearsed.is_some() || !call.actor().may(ENTRY_READ) {
            return Ok(self.row.number);
        }
        Ok(call
            .load::<Self>(self.row.id)
            .await?
            .and_then(|entry| entry.row.number))
    }

    /// The day it belongs to.
    async fn posted_on(&self) -> Date {
        self.row.posted_on
    }

    /// What it is.
    async fn memo(&self) -> &str {
        &self.row.memo
    }

    /// What it comes from.
    async fn source(&self) -> EntrySource {
        let kind = subject_kind(&self.row.source_kind);
        EntrySource {
            kind: self.row.source_kind.clone(),
            purpose: self.row.source_purpose.clone(),
            record_id: node::id_of(&kind, self.row.source_id).map(ID::from),
        }
    }

    /// The entry that it reverses.
    async fn reverses(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        let call = Call::of(graph)?;
        if !call.actor().may(ENTRY_READ) {
            return Ok(None);
        }
        call.load_some(self.row.reverses_id).await
    }

    /// The entry that reverses it.
    async fn reversed_by(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        self.reversal(Call::of(graph)?).await
    }

    /// How many lines it has.
    async fn line_count(&self) -> i32 {
        self.row.line_count
    }

    /// Its lines, in order.
    async fn lines(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<EntryLine>> {
        let call = Call::of(graph)?;
        let lines = match &self.rehearsed {
            Some(known) => known.to_vec(),
            None if call.actor().may(ENTRY_READ) => call.parts(self.row.id).await?,
            None => Vec::new(),
        };
        let items = lines
            .into_iter()
            .map(|line| (line.cursor(), line))
            .collect();
        whole::connection(
            Call::of(graph)?,
            items,
            &Slice::new(first, after, last, before),
        )
    }

    /// The sum of its debits, in the currency of the books.
    async fn total(&self, graph: &Context<'_>) -> Result<Money> {
        let books = money::books(Call::of(graph)?, self.row.company_id).await?;
        Ok(Money::new(self.row.total.0, books))
    }

    /// When it was posted.
    async fn posted_at(&self) -> DateTime<Utc> {
        self.row.posted_at
    }

    /// The user who posted it; null when an automation or Trastienda itself did.
    async fn posted_by(&self, graph: &Context<'_>) -> Result<Option<User>> {
        let user = (self.row.actor_kind == "user").then_some(UserId(self.row.actor_id));
        link::user(graph, user).await
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let guarded = [
            (COMPANY_READ, "company"),
            (ACCOUNT_READ, "fiscalYear"),
            (ACCOUNT_READ, "period"),
            (ACCOUNT_READ, "journal"),
            (ENTRY_READ, "lines"),
            (directory::permission::USER_READ, "postedBy"),
        ];
        link::redacted(graph, self.row.company_id, &guarded)
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<EntryViewerCan> {
        let call = Call::of(graph)?;
        let company = Some(self.row.company_id);
        let may = Permission::held(call, ENTRY_REVERSE, |scope| scope.covers(company, None));
        let reason = if self.row.reverses_id.is_some() {
            Some("ledger.reversal_not_reversible")
        } else {
            self.reversal(call)
                .await?
                .map(|_| "ledger.already_reversed")
        };
        let refused = |reason| Permission::refused(call, &Fault::not_allowed(reason));
        let reverse = match reason {
            Some(reason) => may.and(|| refused(reason)),
            None => may,
        };
        Ok(EntryViewerCan { reverse })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.row.id, slice).await
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
        history(graph, self.row.id.0, Slice::new(first, after, last, before)).await
    }
}

/// The GraphQL type of a kind of source: `people.payroll_run` is a `PayrollRun`.
fn subject_kind(source: &str) -> String {
    let noun = source.rsplit('.').next().unwrap_or_default();
    if matches!(source, "ledger.manual" | "ledger.reversal") {
        return Entry::NAME.to_owned();
    }
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect()
    };
    noun.split('_')
        .map(capital)
        .collect::<Vec<String>>()
        .concat()
}

payload! {
    /// What posting an entry gives.
    EntryPostPayload {
        /// The entry.
        entry: Entry
    }
    /// What reversing an entry gives.
    EntryReversePayload {
        /// The reversal; what it reverses is its `reverses`.
        entry: Entry
    }
}

/// Looks at entries.
#[derive(Default)]
pub struct EntryQuery;

#[Object]
impl EntryQuery {
    /// A journal entry. Needs `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>, id: EntryId) -> Result<Option<Entry>> {
        find(graph, id).await
    }

    /// Journal entries. Needs `ledger.entry.read`.
    async fn entries(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<EntryFilter>,
        sort: Option<EntrySort>,
        search: Option<String>,
    ) -> Result<Connection<Entry>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on entries.
#[derive(Default)]
pub struct EntryMutation;

#[Object]
impl EntryMutation {
    /// Posts an entry by hand; the same id posts once. Needs `ledger.entry.post`.
    async fn entry_post(
        &self,
        graph: &Context<'_>,
        input: EntryPostInput,
    ) -> Result<EntryPostPayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = entry::post_manual(tx, input).await?;
                Entry::of_one(tx, row, dry_run).await
            })
        })
        .await
    }

    /// Reverses an entry by another, once, on its day or later. Needs `ledger.entry.reverse`.
    async fn entry_reverse(
        &self,
        graph: &Context<'_>,
        input: EntryReverseInput,
    ) -> Result<EntryReversePayload> {
        let dry_run = input.dry_run;
        act(graph, dry_run, move |tx| {
            Box::pin(async move {
                let row = entry::reverse(tx, input).await?;
                Entry::of_one(tx, row, dry_run).await
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_names_the_type_of_its_record() {
        assert_eq!(subject_kind("people.payroll_run"), "PayrollRun");
        assert_eq!(subject_kind("ledger.manual"), "Entry");
        assert_eq!(subject_kind(""), "");
    }
}
