//! The report of stock values: by category and item, each with its warehouses, with totals, and
//! beside them the balance of the books.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ItemCategoryId, ItemId, UnitId, WarehouseId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportRowStyle, ReportTable,
};
use kernel::{Date, Permission, Result, Tx};
use rust_decimal::Decimal;

use super::{booked, day_of};
use crate::permission::COST_READ;
use crate::schema::{item, item_category, unit, warehouse};
use crate::stock::{Level, holdings_at};

/// What stock is worth at the end of a day.
#[derive(Debug)]
pub struct StockValuation;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("item", ReportColumnKind::Code),
    ReportColumn::new("name", ReportColumnKind::Text),
    ReportColumn::new("warehouse", ReportColumnKind::Code),
    ReportColumn::new("quantity", ReportColumnKind::Quantity),
    ReportColumn::new("unit", ReportColumnKind::Code),
    ReportColumn::new("value", ReportColumnKind::Amount),
];

impl Report for StockValuation {
    const KEY: &'static str = "inventory.stock_valuation";
    const PERMISSION: Permission = COST_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::AsOf),
        Parameter::optional(ReportParameter::Warehouse),
        Parameter::optional(ReportParameter::Item),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        tx.require_in(COST_READ, company, None)?;
        let (day, currency) = day_of(tx, company, parameters.as_of).await?;
        let (warehouse, item) = (parameters.warehouse, parameters.item);
        let levels = holdings_at(tx, company, day, warehouse, item).await?;
        let names = Names::load(tx, company, &levels).await?;
        let total: Decimal = levels.iter().map(|level| level.value.0).sum();
        let mut rows = names.rows(levels, company, day);
        let sees_books = tx
            .actor()
            .scope(ledger::permission::REPORT_READ)
            .covers(Some(company), None);
        if warehouse.is_none() && item.is_none() && sees_books {
            let booked = booked(tx, company, day).await?;
            rows.push(beside("inventory.in_the_books", booked));
            rows.push(beside("inventory.difference", total - booked));
        }
        let mut totals = vec![ReportCell::Empty; COLUMNS.len()];
        if let Some(last) = totals.last_mut() {
            *last = total.into();
        }
        Ok(ReportTable {
            as_of: day,
            currency: Some(currency),
            columns: COLUMNS.to_vec(),
            rows,
            totals,
        })
    }
}

/// A row that stands beside the stock: the balance of the books, the difference.
fn beside(said: &str, amount: Decimal) -> ReportRow {
    ReportRow::plain(vec![
        ReportCell::Empty,
        ReportCell::Said(said.to_owned()),
        ReportCell::Empty,
        ReportCell::Empty,
        ReportCell::Empty,
        amount.into(),
    ])
    .styled(ReportRowStyle::Subtotal, 0)
}

struct NamedItem {
    code: String,
    name: String,
    category: Option<ItemCategoryId>,
    unit: UnitId,
}

/// What the rows are called.
struct Names {
    items: HashMap<ItemId, NamedItem>,
    warehouses: HashMap<WarehouseId, String>,
    categories: HashMap<ItemCategoryId, (String, String)>,
    units: HashMap<UnitId, String>,
}

impl Names {
    async fn load(tx: &mut Tx, company: CompanyId, levels: &[Level]) -> Result<Self> {
        let organisation = tx.organisation();
        let ids: Vec<ItemId> = levels.iter().map(|level| level.item_id).collect();
        let items: Vec<(ItemId, String, String, Option<ItemCategoryId>, UnitId)> = item::table
            .filter(item::organisation_id.eq(organisation))
            .filter(item::id.eq_any(ids))
            .select((
                item::id,
                item::code,
                item::name,
                item::category_id,
                item::unit_id,
            ))
            .load(tx.conn())
            .await?;
        let warehouses: Vec<(WarehouseId, String)> = warehouse::table
            .filter(warehouse::organisation_id.eq(organisation))
            .filter(warehouse::company_id.eq(company))
            .select((warehouse::id, warehouse::code))
            .load(tx.conn())
            .await?;
        let categories: Vec<(ItemCategoryId, String, String)> = item_category::table
            .filter(item_category::organisation_id.eq(organisation))
            .filter(item_category::company_id.eq(company))
            .select((item_category::id, item_category::code, item_category::name))
            .load(tx.conn())
            .await?;
        let units: Vec<(UnitId, String)> = unit::table
            .filter(unit::organisation_id.eq(organisation))
            .select((unit::id, unit::code))
            .load(tx.conn())
            .await?;
        let named = |(id, code, name, category, unit)| {
            let named = NamedItem {
                code,
                name,
                category,
                unit,
            };
            (id, named)
        };
        Ok(Self {
            items: items.into_iter().map(named).collect(),
            warehouses: warehouses.into_iter().collect(),
            categories: categories
                .into_iter()
                .map(|(id, code, name)| (id, (code, name)))
                .collect(),
            units: units.into_iter().collect(),
        })
    }

    /// The code and name of a level's category; nothing sorts first.
    fn category(&self, level: &Level) -> Option<&(String, String)> {
        let item = self.items.get(&level.item_id)?;
        self.categories.get(&item.category?)
    }

    fn place<'a>(&'a self, level: &Level) -> (&'a str, &'a str, &'a str) {
        let category = self.category(level).map_or("", |named| named.0.as_str());
        let item = self.items.get(&level.item_id);
        let warehouse = self.warehouses.get(&level.warehouse_id);
        (
            category,
            item.map_or("", |item| item.code.as_str()),
            warehouse.map_or("", String::as_str),
        )
    }

    /// A heading a category, its items by warehouse, and what they are worth together.
    fn rows(&self, mut levels: Vec<Level>, company: CompanyId, day: NaiveDate) -> Vec<ReportRow> {
        levels.sort_by(|a, b| self.place(a).cmp(&self.place(b)));
        let mut rows = Vec::with_capacity(levels.len() + 8);
        let groups = levels.chunk_by(|a, b| self.place(a).0 == self.place(b).0);
        for group in groups {
            let Some(first) = group.iter().next() else {
                continue;
            };
            let title = match self.category(first) {
                Some((code, name)) => ReportCell::Text(format!("{code} {name}")),
                None => ReportCell::Said("inventory.no_category".to_owned()),
            };
            rows.push(banner(title.clone(), None).styled(ReportRowStyle::Heading, 0));
            rows.extend(group.iter().map(|level| self.row(level, company, day)));
            let worth: Decimal = group.iter().map(|level| level.value.0).sum();
            rows.push(banner(title, Some(worth)).styled(ReportRowStyle::Subtotal, 0));
        }
        rows
    }

    fn row(&self, level: &Level, company: CompanyId, day: NaiveDate) -> ReportRow {
        let item = self.items.get(&level.item_id);
        let unit = item.and_then(|item| self.units.get(&item.unit).cloned());
        ReportRow::plain(vec![
            item.map(|item| item.code.clone()).into(),
            item.map(|item| item.name.clone()).into(),
            self.warehouses.get(&level.warehouse_id).cloned().into(),
            level.quantity.0.normalize().into(),
            unit.into(),
            level.value.0.into(),
        ])
        .styled(ReportRowStyle::Plain, 1)
        .about(level.item_id)
        .drill(
            super::StockCard::KEY,
            ReportParameters {
                company: Some(company),
                item: Some(level.item_id),
                warehouse: Some(level.warehouse_id),
                to: Some(Date(day)),
                ..ReportParameters::default()
            },
        )
    }
}

fn banner(title: ReportCell, worth: Option<Decimal>) -> ReportRow {
    ReportRow::plain(vec![
        ReportCell::Empty,
        title,
        ReportCell::Empty,
        ReportCell::Empty,
        ReportCell::Empty,
        worth.into(),
    ])
}
