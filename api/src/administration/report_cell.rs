//! What a report is made of: columns, rows, cells, and the values that it is asked with.

use std::sync::Arc;

use async_graphql::{Context, Object, Result, SimpleObject};
use kernel::report::{
    Drill, ReportCell as Cell, ReportColumn as Column, ReportColumnKind, ReportParameters,
    ReportRow as Row, ReportRowStyle, ReportTable,
};
use kernel::{Date, Dec};

use administration::report;

use crate::call::Call;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::party::Party;
use crate::inventory::item::Item;
use crate::inventory::warehouse::Warehouse;
use crate::ledger::account::Account;
use crate::node::{self, Node};
use crate::people::payroll::PayrollRun;

/// A column of a report.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReportColumn {
    /// Its key; stable.
    key: String,
    /// Its title, in the viewer's language.
    title: String,
    /// What it holds.
    kind: ReportColumnKind,
}

impl ReportColumn {
    /// The columns of a report, in their order.
    pub fn all(call: &Call, key: &str, columns: &[Column]) -> Vec<Self> {
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        let one = |column: &Column| Self {
            key: column.key.to_owned(),
            title: report::column_title(speaker, locale, key, column.key),
            kind: column.kind,
        };
        columns.iter().map(one).collect()
    }
}

/// A value of a report: one of its fields, as its column's kind says; none where there is nothing.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct ReportCell {
    /// The words of a text or code.
    text: Option<String>,
    /// The day.
    date: Option<Date>,
    /// The exact amount, quantity, count or rate.
    number: Option<Dec>,
}

impl ReportCell {
    /// The cells of a row, in the order of the columns, the words of the suite in the viewer's
    /// language.
    pub fn all(call: &Call, cells: &[Cell]) -> Vec<Self> {
        cells.iter().map(|cell| Self::of(call, cell)).collect()
    }

    fn of(call: &Call, cell: &Cell) -> Self {
        let empty = Self::default();
        match cell {
            Cell::Empty => empty,
            Cell::Text(text) => Self {
                text: Some(text.clone()),
                ..empty
            },
            Cell::Said(key) => Self {
                text: Some(call.core().speaker.say(call.context().locale, key, &[])),
                ..empty
            },
            Cell::Date(day) => Self {
                date: Some(Date(*day)),
                ..empty
            },
            Cell::Number(number) => Self {
                number: Some(Dec(*number)),
                ..empty
            },
        }
    }
}

/// A row of a report that was computed.
#[derive(Clone)]
pub struct ReportRow {
    table: Arc<ReportTable>,
    at: usize,
}

impl ReportRow {
    /// The rows of a table, each with its place as its cursor.
    pub fn all(table: &Arc<ReportTable>) -> Vec<(String, Self)> {
        let one = |at: usize| {
            let table = table.clone();
            (at.to_string(), Self { table, at })
        };
        (0..table.rows.len()).map(one).collect()
    }

    fn row(&self) -> Option<&Row> {
        self.table.rows.get(self.at)
    }
}

/// A row of a report.
#[Object]
impl ReportRow {
    /// Its cells, in the order of the columns.
    async fn cells(&self, graph: &Context<'_>) -> Result<Vec<ReportCell>> {
        let call = Call::of(graph)?;
        let cells = self.row().map(|row| ReportCell::all(call, &row.cells));
        Ok(cells.unwrap_or_default())
    }

    /// How it stands out.
    async fn style(&self) -> ReportRowStyle {
        self.row().map_or(ReportRowStyle::Plain, |row| row.style)
    }

    /// How deep it is nested, from 0.
    async fn level(&self) -> i32 {
        self.row().map_or(0, |row| i32::from(row.level))
    }

    /// The record that it is about; null when there is none or the viewer may not see it.
    async fn node(&self, graph: &Context<'_>) -> Result<Option<Node>> {
        match self.row().and_then(|row| row.node.as_deref()) {
            Some(id) => node::find(Call::of(graph)?, id).await,
            None => Ok(None),
        }
    }

    /// The report that shows what it is made of; null when there is none.
    async fn drill(&self) -> Option<ReportDrill> {
        let drill = self.row().and_then(|row| row.drill.clone());
        drill.map(ReportDrill)
    }
}

/// Where a row leads.
pub struct ReportDrill(Drill);

/// Where a row leads: the report that shows what it is made of, and what to ask it with.
#[Object]
impl ReportDrill {
    /// The key of the report.
    async fn key(&self) -> &str {
        self.0.report
    }

    /// Its title, in the viewer's language.
    async fn title(&self, graph: &Context<'_>) -> Result<String> {
        let call = Call::of(graph)?;
        let (speaker, locale) = (&call.core().speaker, call.context().locale);
        Ok(report::title(speaker, locale, self.0.report))
    }

    /// What to ask it with.
    async fn parameters(&self) -> ReportParameterValues {
        ReportParameterValues(self.0.parameters.clone())
    }
}

/// The values that a report is asked with.
#[derive(Clone, Debug)]
pub struct ReportParameterValues(pub ReportParameters);

/// The values that a report is asked with. Records are null where none was named, and where the
/// viewer may not see them.
#[Object]
impl ReportParameterValues {
    /// The company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        Call::of(graph)?.load_some(self.0.company).await
    }

    /// The first day of the range.
    async fn from_date(&self) -> Option<Date> {
        self.0.from
    }

    /// The last day of the range.
    async fn to_date(&self) -> Option<Date> {
        self.0.to
    }

    /// The day as of whose end the figures stand.
    async fn as_of(&self) -> Option<Date> {
        self.0.as_of
    }

    /// The account.
    async fn account(&self, graph: &Context<'_>) -> Result<Option<Account>> {
        Call::of(graph)?.load_some(self.0.account).await
    }

    /// The department.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        Call::of(graph)?.load_some(self.0.department).await
    }

    /// The warehouse.
    async fn warehouse(&self, graph: &Context<'_>) -> Result<Option<Warehouse>> {
        Call::of(graph)?.load_some(self.0.warehouse).await
    }

    /// The item.
    async fn item(&self, graph: &Context<'_>) -> Result<Option<Item>> {
        Call::of(graph)?.load_some(self.0.item).await
    }

    /// The supplier or customer.
    async fn party(&self, graph: &Context<'_>) -> Result<Option<Party>> {
        Call::of(graph)?.load_some(self.0.party).await
    }

    /// The payroll run.
    async fn payroll_run(&self, graph: &Context<'_>) -> Result<Option<PayrollRun>> {
        Call::of(graph)?.load_some(self.0.payroll_run).await
    }
}
