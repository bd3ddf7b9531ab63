//! Entries: what was posted, with its lines; never edited, reversed by another entry.
//!
//! [`post`] joins its caller's transaction and trusts it; [`post_manual`] is the command of a
//! person. A posting is a batch of one. Round trips of a batch: sources, books, accounts, journals,
//! periods (locked in order), entries, lines, balances, event; departments and dimensions when
//! there are some. The number is given at commit.

mod command;
mod post;
mod reverse;
pub(crate) mod rules;
mod store;

pub use command::{
    BulkOutcome, EntryBulkPostInput, EntryContentInput, EntryLineInput, EntryPostInput,
    ErrorPolicy, post_bulk, post_manual,
};
pub use post::{post, post_all};
pub use reverse::{EntryReverseInput, Reversal, reverse, reverse_for};

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DateFilter, DateTimeFilter, DecimalFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{
    AccountId, CompanyId, DepartmentId, DimensionId, EntryId, EntryLineId, FiscalYearId, JournalId,
    OrganisationId, PeriodId,
};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::dimension::DimensionValueId;
use crate::permission::{ENTRY_READ, visible};
use crate::schema::{entry_line, entry_line_dimension, numbered_entry};

/// What an entry comes from. Unique in the organisation for ever: a source posts once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceKey {
    /// The kind of record, as in `people.payroll_run`: small letters, dots and underscores.
    pub kind: Cow<'static, str>,
    /// The record.
    pub id: Uuid,
    /// Which of the record's entries it is, as in `accrual`.
    pub purpose: Cow<'static, str>,
}

impl SourceKey {
    /// A key of a record's entry.
    pub fn new(
        kind: &'static str,
        id: impl kernel::id::TypedId,
        purpose: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            kind: kind.into(),
            id: id.uuid(),
            purpose: purpose.into(),
        }
    }
}

/// An account by its id or by its code in the entry's company.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AccountRef {
    /// By id.
    Id(AccountId),
    /// By code.
    Code(Cow<'static, str>),
}

impl From<AccountId> for AccountRef {
    fn from(id: AccountId) -> Self {
        Self::Id(id)
    }
}

impl From<&'static str> for AccountRef {
    fn from(code: &'static str) -> Self {
        Self::Code(code.into())
    }
}

impl From<String> for AccountRef {
    fn from(code: String) -> Self {
        Self::Code(code.into())
    }
}

impl std::fmt::Display for AccountRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Code(code) => f.write_str(code),
        }
    }
}

/// An entry to post.
#[derive(Clone, Debug)]
pub struct PostEntry {
    /// Its id, when the caller makes it.
    pub id: Option<EntryId>,
    /// The company.
    pub company: CompanyId,
    /// The code of the journal; see [`crate::journal`].
    pub journal: Cow<'static, str>,
    /// The day it belongs to.
    pub date: NaiveDate,
    /// What it is, 1 to 300 characters; holds no names of people.
    pub memo: String,
    /// What it comes from.
    pub source: SourceKey,
    /// The entry that it reverses.
    pub reverses: Option<EntryId>,
    /// Its lines, two at least.
    pub lines: Vec<PostLine>,
}

/// A line to post.
#[derive(Clone, Debug)]
pub struct PostLine {
    /// The account.
    pub account: AccountRef,
    /// The amount in the line's currency: debit above zero, credit below.
    pub amount: Decimal,
    /// The currency.
    pub currency: CurrencyCode,
    /// The amount in the currency of the books; worked out from the rate when absent.
    pub company_amount: Option<Decimal>,
    /// Units of the books' currency for one of the line's; needed when they differ and
    /// `company_amount` is absent.
    pub rate: Option<Decimal>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// Values of dimensions, one a dimension.
    pub dimensions: Vec<DimensionValueId>,
    /// What this line is; holds no names of people.
    pub memo: Option<String>,
}

impl PostLine {
    /// A line with a signed amount: debit above zero, credit below.
    pub fn signed(account: impl Into<AccountRef>, amount: Decimal, currency: CurrencyCode) -> Self {
        Self {
            account: account.into(),
            amount,
            currency,
            company_amount: None,
            rate: None,
            department: None,
            dimensions: Vec::new(),
            memo: None,
        }
    }

    /// A debit.
    pub fn debit(account: impl Into<AccountRef>, amount: Decimal, currency: CurrencyCode) -> Self {
        Self::signed(account, amount, currency)
    }

    /// A credit.
    pub fn credit(account: impl Into<AccountRef>, amount: Decimal, currency: CurrencyCode) -> Self {
        Self::signed(account, -amount, currency)
    }

    /// The department that it belongs to.
    pub fn department(mut self, department: Option<DepartmentId>) -> Self {
        self.department = department;
        self
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = numbered_entry, check_for_backend(diesel::pg::Pg))]
pub struct Entry {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The entry.
    pub id: EntryId,
    /// Its company.
    pub company_id: CompanyId,
    /// Its fiscal year.
    pub fiscal_year_id: FiscalYearId,
    /// Its period.
    pub period_id: PeriodId,
    /// Its journal.
    pub journal_id: JournalId,
    /// Its number in the company's fiscal year; given at commit, absent in its own transaction.
    pub number: Option<i64>,
    /// The day it belongs to.
    pub posted_on: Date,
    /// What it is.
    pub memo: String,
    /// The kind of record that it comes from.
    pub source_kind: String,
    /// The record that it comes from.
    pub source_id: Uuid,
    /// Which of that record's entries it is.
    pub source_purpose: String,
    /// The entry that it reverses.
    pub reverses_id: Option<EntryId>,
    /// How many lines it has.
    pub line_count: i32,
    /// The sum of its debits, in the currency of the books.
    pub total: Dec,
    /// When it was posted.
    pub posted_at: DateTime<Utc>,
    /// The kind of actor that posted it.
    pub actor_kind: String,
    /// Who posted it.
    pub actor_id: Uuid,
}

/// A line of an entry.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable)]
#[diesel(table_name = entry_line, check_for_backend(diesel::pg::Pg))]
pub struct EntryLine {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The line.
    pub id: EntryLineId,
    /// Its entry.
    pub entry_id: EntryId,
    /// Its place in the entry, from 1.
    pub position: i32,
    /// How many lines the entry has.
    pub line_count: i32,
    /// Its company.
    pub company_id: CompanyId,
    /// Its account.
    pub account_id: AccountId,
    /// The day it belongs to.
    pub posted_on: Date,
    /// The amount in its currency: debit above zero, credit below.
    pub amount: Dec,
    /// Its currency.
    pub currency: CurrencyCode,
    /// The amount in the currency of the books.
    pub company_amount: Dec,
    /// Units of the books' currency for one of the line's.
    pub rate: Dec,
    /// Its department.
    pub department_id: Option<DepartmentId>,
    /// What it is.
    pub memo: Option<String>,
}

kernel::listing! {
    /// Conditions on entries.
    filter EntryFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By fiscal year.
        fiscal_year: IdFilter => fiscal_year_id,
        /// By period.
        period: IdFilter => period_id,
        /// By journal.
        journal: IdFilter => journal_id,
        /// By number in the year.
        number: IntFilter => number,
        /// By day.
        posted_on: DateFilter => posted_on,
        /// By when it was posted.
        posted_at: DateTimeFilter => posted_at,
        /// By the sum of debits.
        total: DecimalFilter => total,
        /// By the kind of its source.
        source_kind: TextFilter => source_kind,
        /// By its source.
        source: IdFilter => source_id,
        /// By the entry that it reverses.
        reverses: IdFilter => reverses_id,
    }
    /// An order of entries.
    sort EntrySort;
    /// What entries can be sorted by.
    by EntrySortField {
        /// By day.
        PostedOn = "POSTED_ON" => posted_on,
        /// By when it was posted.
        PostedAt = "POSTED_AT" => posted_at,
        /// By the sum of debits.
        Total = "TOTAL" => total,
    }
    default PostedOn Desc;
    search [memo];
    from "ledger" numbered_entry as Entry;
}

/// The entries of a request that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<EntryFilter, EntrySortField>,
) -> Result<Page<Entry>> {
    let visible = visible(tx, ENTRY_READ, "numbered_entry")?;
    list(tx, request, visible).await
}

/// How many entries of a request the actor may see.
pub async fn count(tx: &mut Tx, request: PageRequest<EntryFilter, EntrySortField>) -> Result<i64> {
    let visible = visible(tx, ENTRY_READ, "numbered_entry")?;
    tally(tx, request, visible).await
}

/// The visible ones of some entries.
pub async fn by_ids(tx: &mut Tx, ids: &[EntryId]) -> Result<Vec<Entry>> {
    let visible = visible(tx, ENTRY_READ, "numbered_entry")?;
    Ok(numbered_entry::table
        .filter(numbered_entry::organisation_id.eq(tx.organisation()))
        .filter(numbered_entry::id.eq_any(ids))
        .filter(visible)
        .select(Entry::as_select())
        .load(tx.conn())
        .await?)
}

/// An entry that the actor may see.
pub async fn find(tx: &mut Tx, id: EntryId) -> Result<Option<Entry>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The reversals of some entries that the actor may see; `reverses_id` says whose each is.
pub async fn reversals_of(tx: &mut Tx, ids: &[EntryId]) -> Result<Vec<Entry>> {
    let visible = visible(tx, ENTRY_READ, "numbered_entry")?;
    Ok(numbered_entry::table
        .filter(numbered_entry::organisation_id.eq(tx.organisation()))
        .filter(numbered_entry::reverses_id.eq_any(ids))
        .filter(visible)
        .select(Entry::as_select())
        .load(tx.conn())
        .await?)
}

/// The visible lines of some entries, in their order.
pub async fn lines_of(tx: &mut Tx, entries: &[EntryId]) -> Result<Vec<EntryLine>> {
    let visible = visible(tx, ENTRY_READ, "entry_line")?;
    Ok(entry_line::table
        .filter(entry_line::organisation_id.eq(tx.organisation()))
        .filter(entry_line::entry_id.eq_any(entries))
        .filter(visible)
        .order((entry_line::entry_id, entry_line::position))
        .select(EntryLine::as_select())
        .load(tx.conn())
        .await?)
}

/// The dimension values of some lines: line, dimension, value.
pub async fn dimensions_of(
    tx: &mut Tx,
    lines: &[EntryLineId],
) -> Result<Vec<(EntryLineId, DimensionId, DimensionValueId)>> {
    let visible = visible(tx, ENTRY_READ, "entry_line_dimension")?;
    Ok(entry_line_dimension::table
        .filter(entry_line_dimension::organisation_id.eq(tx.organisation()))
        .filter(entry_line_dimension::line_id.eq_any(lines))
        .filter(visible)
        .select((
            entry_line_dimension::line_id,
            entry_line_dimension::dimension_id,
            entry_line_dimension::value_id,
        ))
        .load(tx.conn())
        .await?)
}
