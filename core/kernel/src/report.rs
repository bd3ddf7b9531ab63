//! Reports: tables of figures that a domain computes and every channel shows.
//!
//! A domain implements [`Report`] and adds it to the [`Reports`]. The table has typed columns and
//! cells, so that the API answers it as rows, a job prints it as PDF or writes it as XLSX or CSV,
//! and no figure is ever a text. Titles are messages: `report.<key>` for the report and
//! `report.<key>.<column>` for a column, in the Fluent files of the report's crate.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_graphql::InputObject;
use chrono::NaiveDate;
use futures::FutureExt;
use futures::future::BoxFuture;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::actor::Permission;
use crate::error::{Error, Result};
use crate::fault::{Fault, Faults};
use crate::ids::{AccountId, CompanyId, DepartmentId, ItemId, PartyId, PayrollRunId, WarehouseId};
use crate::scalar::{CurrencyCode, Date};
use crate::tx::Tx;

crate::text_enum! {
    /// What a report can be narrowed by.
    pub enum ReportParameter {
        /// A company.
        Company = "COMPANY",
        /// The first day of a range.
        From = "FROM",
        /// The last day of a range.
        To = "TO",
        /// The day as of whose end the figures stand.
        AsOf = "AS_OF",
        /// An account.
        Account = "ACCOUNT",
        /// A department.
        Department = "DEPARTMENT",
        /// A warehouse.
        Warehouse = "WAREHOUSE",
        /// An item.
        Item = "ITEM",
        /// A supplier or customer.
        Party = "PARTY",
        /// A payroll run.
        PayrollRun = "PAYROLL_RUN",
    }
}

/// The values that a report is asked with. Each report says which it takes and which it needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, InputObject)]
#[graphql(name = "ReportParametersInput")]
#[serde(default)]
pub struct ReportParameters {
    /// The company.
    pub company: Option<CompanyId>,
    /// The first day of the range.
    #[graphql(name = "fromDate")]
    pub from: Option<Date>,
    /// The last day of the range.
    #[graphql(name = "toDate")]
    pub to: Option<Date>,
    /// The day as of whose end the figures stand.
    pub as_of: Option<Date>,
    /// The account.
    pub account: Option<AccountId>,
    /// The department.
    pub department: Option<DepartmentId>,
    /// The warehouse.
    pub warehouse: Option<WarehouseId>,
    /// The item.
    pub item: Option<ItemId>,
    /// The supplier or customer.
    pub party: Option<PartyId>,
    /// The payroll run.
    pub payroll_run: Option<PayrollRunId>,
}

impl ReportParameters {
    /// Whether a parameter is given.
    pub const fn has(&self, parameter: ReportParameter) -> bool {
        match parameter {
            ReportParameter::Company => self.company.is_some(),
            ReportParameter::From => self.from.is_some(),
            ReportParameter::To => self.to.is_some(),
            ReportParameter::AsOf => self.as_of.is_some(),
            ReportParameter::Account => self.account.is_some(),
            ReportParameter::Department => self.department.is_some(),
            ReportParameter::Warehouse => self.warehouse.is_some(),
            ReportParameter::Item => self.item.is_some(),
            ReportParameter::Party => self.party.is_some(),
            ReportParameter::PayrollRun => self.payroll_run.is_some(),
        }
    }

    /// The company, which the report's declaration makes sure of.
    pub fn required_company(&self) -> Result<CompanyId> {
        self.company
            .ok_or_else(|| missing(ReportParameter::Company).into())
    }

    /// The range of days, which the report's declaration makes sure of.
    pub fn required_range(&self) -> Result<(NaiveDate, NaiveDate)> {
        let from = self.from.ok_or_else(|| missing(ReportParameter::From))?;
        let to = self.to.ok_or_else(|| missing(ReportParameter::To))?;
        Ok((from.0, to.0))
    }
}

/// Whether a report can do without a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Which.
    pub name: ReportParameter,
    /// Whether the report needs it.
    pub required: bool,
}

impl Parameter {
    /// One that the report needs.
    pub const fn required(name: ReportParameter) -> Self {
        Self {
            name,
            required: true,
        }
    }

    /// One that narrows the report.
    pub const fn optional(name: ReportParameter) -> Self {
        Self {
            name,
            required: false,
        }
    }
}

crate::text_enum! {
    /// What a column of a report holds.
    pub enum ReportColumnKind {
        /// Words.
        Text = "TEXT",
        /// A short code or number of a record.
        Code = "CODE",
        /// Days.
        Date = "DATE",
        /// Amounts of the report's currency.
        Amount = "AMOUNT",
        /// Quantities, in the unit that the row names.
        Quantity = "QUANTITY",
        /// Counts.
        Count = "COUNT",
        /// Rates in per cent: 21 for 21 %.
        Percent = "PERCENT",
    }
}

/// A column of a report. Its title is the message `report.<report>.<key>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportColumn {
    /// Its key, `snake_case`.
    pub key: &'static str,
    /// What it holds.
    pub kind: ReportColumnKind,
}

impl ReportColumn {
    /// A column.
    pub const fn new(key: &'static str, kind: ReportColumnKind) -> Self {
        Self { key, kind }
    }
}

/// A value in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportCell {
    /// Nothing.
    Empty,
    /// Words as they were written.
    Text(String),
    /// Words of the suite: the key of a message, said in the reader's language.
    Said(String),
    /// A day.
    Date(NaiveDate),
    /// An exact number: an amount, a quantity, a count or a rate, as the column says.
    Number(Decimal),
}

impl From<&str> for ReportCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for ReportCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Decimal> for ReportCell {
    fn from(number: Decimal) -> Self {
        Self::Number(number)
    }
}

impl From<NaiveDate> for ReportCell {
    fn from(day: NaiveDate) -> Self {
        Self::Date(day)
    }
}

impl<T: Into<Self>> From<Option<T>> for ReportCell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

crate::text_enum! {
    /// How a row of a report stands out.
    pub enum ReportRowStyle {
        /// As all others.
        Plain = "PLAIN",
        /// The name of what follows.
        Heading = "HEADING",
        /// The sum of what went before.
        Subtotal = "SUBTOTAL",
    }
}

/// Where a row leads: the report that shows what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drill {
    /// The key of the other report.
    pub report: &'static str,
    /// What to ask it with.
    pub parameters: ReportParameters,
}

/// A row of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// One cell a column.
    pub cells: Vec<ReportCell>,
    /// How it stands out.
    pub style: ReportRowStyle,
    /// How deep it is nested, from 0.
    pub level: u8,
    /// The record that it is about, as a typed id.
    pub node: Option<String>,
    /// The report that it leads to.
    pub drill: Option<Drill>,
}

impl ReportRow {
    /// A plain row.
    pub fn plain(cells: Vec<ReportCell>) -> Self {
        Self {
            cells,
            style: ReportRowStyle::Plain,
            level: 0,
            node: None,
            drill: None,
        }
    }

    /// The same row, standing out.
    pub fn styled(mut self, style: ReportRowStyle, level: u8) -> Self {
        self.style = style;
        self.level = level;
        self
    }

    /// The same row, about a record.
    pub fn about(mut self, id: impl std::fmt::Display) -> Self {
        self.node = Some(id.to_string());
        self
    }

    /// The same row, leading to another report.
    pub fn drill(mut self, report: &'static str, parameters: ReportParameters) -> Self {
        self.drill = Some(Drill { report, parameters });
        self
    }
}

/// A report as computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTable {
    /// The day as of whose end its figures stand.
    pub as_of: NaiveDate,
    /// The currency of its amounts, when it has any.
    pub currency: Option<CurrencyCode>,
    /// Its columns, at least one.
    pub columns: Vec<ReportColumn>,
    /// Its rows, each with one cell a column.
    pub rows: Vec<ReportRow>,
    /// One cell a column below the rows; none for a report without totals.
    pub totals: Vec<ReportCell>,
}

/// A report that a domain computes.
pub trait Report: Send + Sync + 'static {
    /// Its key, `domain.what`.
    const KEY: &'static str;
    /// What one must be allowed to do to see it; it checks the company itself.
    const PERMISSION: Permission;
    /// What it can be asked with.
    const PARAMETERS: &'static [Parameter];
    /// Its columns, which no reader and no parameter changes.
    const COLUMNS: &'static [ReportColumn];

    /// Computes it, for what the actor may see.
    fn run(
        tx: &mut Tx,
        parameters: &ReportParameters,
    ) -> impl Future<Output = Result<ReportTable>> + Send;
}

type Runner = dyn for<'a> Fn(&'a mut Tx, &'a ReportParameters) -> BoxFuture<'a, Result<ReportTable>>
    + Send
    + Sync;

/// A report as registered.
#[derive(Clone)]
pub struct ReportKind {
    /// Its key.
    pub key: &'static str,
    /// What one must be allowed to do to see it.
    pub permission: Permission,
    /// What it can be asked with.
    pub parameters: &'static [Parameter],
    /// Its columns.
    pub columns: &'static [ReportColumn],
    runner: Arc<Runner>,
}

impl ReportKind {
    /// Every fault of some parameters at once: missing, not taken, out of order.
    pub fn check(&self, given: &ReportParameters) -> Result<()> {
        let mut faults = Faults::default();
        for parameter in ReportParameter::ALL {
            let taken = self.parameters.iter().find(|own| own.name == *parameter);
            match taken {
                Some(own) if own.required && !given.has(*parameter) => {
                    faults.push(missing(*parameter));
                }
                None if given.has(*parameter) => faults
                    .push(Fault::invalid("kernel.report_parameter_not_taken").at(at(*parameter))),
                _ => {}
            }
        }
        if let (Some(from), Some(to)) = (given.from, given.to)
            && from > to
        {
            faults.push(Fault::invalid("kernel.dates_out_of_order").at(at(ReportParameter::To)));
        }
        faults.finish()
    }

    /// Computes the report, for what the actor may see.
    pub async fn run(&self, tx: &mut Tx, given: &ReportParameters) -> Result<ReportTable> {
        tx.require(self.permission)?;
        self.check(given)?;
        let table = (self.runner)(tx, given).await?;
        let width = self.columns.len();
        let fits = |cells: &[ReportCell]| cells.len() == width;
        let whole = table.columns == self.columns
            && table.rows.iter().all(|row| fits(&row.cells))
            && (table.totals.is_empty() || fits(&table.totals));
        if whole {
            Ok(table)
        } else {
            Err(Error::bug(format!(
                "report {} has other columns than it says, or ragged rows",
                self.key
            )))
        }
    }
}

fn missing(parameter: ReportParameter) -> Fault {
    Fault::invalid("kernel.report_parameter_missing").at(at(parameter))
}

fn at(parameter: ReportParameter) -> [&'static str; 2] {
    let name = match parameter {
        ReportParameter::Company => "company",
        ReportParameter::From => "fromDate",
        ReportParameter::To => "toDate",
        ReportParameter::AsOf => "asOf",
        ReportParameter::Account => "account",
        ReportParameter::Department => "department",
        ReportParameter::Warehouse => "warehouse",
        ReportParameter::Item => "item",
        ReportParameter::Party => "party",
        ReportParameter::PayrollRun => "payrollRun",
    };
    ["parameters", name]
}

/// All reports of the suite, by key.
#[derive(Clone, Default)]
pub struct Reports(BTreeMap<&'static str, ReportKind>);

impl Reports {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a report.
    pub fn register<R: Report>(&mut self) -> &mut Self {
        let kind = ReportKind {
            key: R::KEY,
            permission: R::PERMISSION,
            parameters: R::PARAMETERS,
            columns: R::COLUMNS,
            runner: Arc::new(|tx, parameters| R::run(tx, parameters).boxed()),
        };
        self.0.insert(R::KEY, kind);
        self
    }

    /// All of them, by key.
    pub fn all(&self) -> impl Iterator<Item = &ReportKind> {
        self.0.values()
    }

    /// A report by its key.
    pub fn find(&self, key: &str) -> Option<&ReportKind> {
        self.0.get(key)
    }
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}
