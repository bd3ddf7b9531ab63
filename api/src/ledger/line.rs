//! Lines of entries through the API, loaded for all entries of a request at once.

use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, Object, Result, SimpleObject};
use directory::permission::{COMPANY_READ, DEPARTMENT_READ};
use futures::future::BoxFuture;
use kernel::ids::{DimensionId, EntryId, EntryLineId};
use kernel::{Date, Tx};
use ledger::dimension::{self, DimensionValueId};
use ledger::entry::{self, EntryLine as LineRow};
use ledger::permission::{ACCOUNT_READ, ENTRY_READ};

use super::account::Account;
use super::dimension::{Dimension, DimensionValue};
use super::entry::Entry;
use super::link;
use super::money::{self, MoneyPair};
use crate::call::Call;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::loader::Part;

/// A line of an entry: a debit or a credit of an account.
#[derive(Clone, Debug)]
pub struct EntryLine {
    row: LineRow,
    /// Known at once when the line is only rehearsed, and so not there to be loaded.
    rehearsed: Option<Vec<LineDimension>>,
}

/// A value of a dimension that a line has.
#[derive(Clone, Debug, SimpleObject)]
pub struct LineDimension {
    /// The dimension.
    dimension: Dimension,
    /// The value.
    value: DimensionValue,
}

impl EntryLine {
    /// A line that is there.
    pub fn new(row: LineRow) -> Self {
        Self {
            row,
            rehearsed: None,
        }
    }

    /// Its cursor among the lines of its entry.
    pub fn cursor(&self) -> String {
        self.row.position.to_string()
    }

    async fn pair(&self, graph: &Context<'_>) -> Result<MoneyPair> {
        let books = money::books(Call::of(graph)?, self.row.company_id).await?;
        Ok(MoneyPair::of(&self.row, books))
    }
}

/// A line of an entry: a debit or a credit of an account.
#[Object]
impl EntryLine {
    /// Its place in the entry, from 1.
    async fn position(&self) -> i32 {
        self.row.position
    }

    /// Its entry; null without `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        let call = Call::of(graph)?;
        if !call.actor().may(ENTRY_READ) {
            return Ok(None);
        }
        call.load(self.row.entry_id).await
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.row.company_id).await
    }

    /// Its account.
    async fn account(&self, graph: &Context<'_>) -> Result<Option<Account>> {
        link::set_up(graph, Some(self.row.account_id)).await
    }

    /// The day it belongs to.
    async fn posted_on(&self) -> Date {
        self.row.posted_on
    }

    /// The amount: debit above zero, credit below.
    async fn amount(&self, graph: &Context<'_>) -> Result<MoneyPair> {
        self.pair(graph).await
    }

    /// The amount, when it is a debit.
    async fn debit(&self, graph: &Context<'_>) -> Result<Option<MoneyPair>> {
        let pair = self.pair(graph).await?;
        Ok(pair.is_debit().then_some(pair))
    }

    /// The amount, when it is a credit; above zero.
    async fn credit(&self, graph: &Context<'_>) -> Result<Option<MoneyPair>> {
        let pair = self.pair(graph).await?;
        Ok((!pair.is_debit()).then(|| pair.turned()))
    }

    /// Its department.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        link::department(graph, self.row.department_id).await
    }

    /// Its values of dimensions, one a dimension.
    async fn dimensions(&self, graph: &Context<'_>) -> Result<Vec<LineDimension>> {
        if let Some(known) = &self.rehearsed {
            return Ok(known.clone());
        }
        let call = Call::of(graph)?;
        if !call.actor().may(ACCOUNT_READ) || !call.actor().may(ENTRY_READ) {
            return Ok(Vec::new());
        }
        call.parts(self.row.id).await
    }

    /// What it is.
    async fn memo(&self) -> Option<&str> {
        self.row.memo.as_deref()
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let guarded = [
            (ENTRY_READ, "entry"),
            (COMPANY_READ, "company"),
            (ACCOUNT_READ, "account"),
            (DEPARTMENT_READ, "department"),
            (ACCOUNT_READ, "dimensions"),
        ];
        link::redacted(graph, self.row.company_id, &guarded)
    }
}

impl Part for EntryLine {
    type Of = EntryId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [EntryId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(EntryId, Self)>>> {
        Box::pin(async move {
            let rows = entry::lines_of(tx, ids).await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.entry_id, Self::new(row)))
                .collect())
        })
    }
}

impl Part for LineDimension {
    type Of = EntryLineId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [EntryLineId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(EntryLineId, Self)>>> {
        Box::pin(async move {
            let links = entry::dimensions_of(tx, ids).await?;
            if links.is_empty() {
                return Ok(Vec::new());
            }
            let wanted: BTreeSet<DimensionId> = links.iter().map(|(_, above, _)| *above).collect();
            let wanted: Vec<DimensionId> = wanted.into_iter().collect();
            let values = dimension::values_of(tx, &wanted).await?;
            let dimensions = dimension::by_ids(tx, &wanted).await?;
            let dimensions: HashMap<DimensionId, _> =
                dimensions.into_iter().map(|row| (row.id, row)).collect();
            let values: HashMap<DimensionValueId, _> =
                values.into_iter().map(|row| (row.id, row)).collect();
            let found = links.into_iter().filter_map(|(line, above, value)| {
                let dimension = Dimension(dimensions.get(&above)?.clone());
                let value = DimensionValue(values.get(&value)?.clone());
                Some((line, Self { dimension, value }))
            });
            Ok(found.collect())
        })
    }
}

/// The lines of entries that are only rehearsed: read before the transaction is undone, as far as
/// the actor may see them.
pub async fn rehearsed(
    tx: &mut Tx,
    entries: &[EntryId],
) -> kernel::Result<HashMap<EntryId, Vec<EntryLine>>> {
    if !tx.actor().may(ENTRY_READ) {
        return Ok(HashMap::new());
    }
    let rows = entry::lines_of(tx, entries).await?;
    let ids: Vec<EntryLineId> = rows.iter().map(|row| row.id).collect();
    let mut values: HashMap<EntryLineId, Vec<LineDimension>> = HashMap::new();
    if tx.actor().may(ACCOUNT_READ) {
        for (line, value) in LineDimension::of(tx, &ids).await? {
            values.entry(line).or_default().push(value);
        }
    }
    let mut lines: HashMap<EntryId, Vec<EntryLine>> = HashMap::new();
    for row in rows {
        let rehearsed = Some(values.remove(&row.id).unwrap_or_default());
        lines
            .entry(row.entry_id)
            .or_default()
            .push(EntryLine { row, rehearsed });
    }
    Ok(lines)
}
