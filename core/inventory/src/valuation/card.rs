//! The stock card of an item: what came and went, line by line, with what was there and what it
//! was worth after each.

use chrono::NaiveDate;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ItemId, MovementId, WarehouseId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportTable,
};
use kernel::{Date, Dec, Fault, Permission, Result, Tx};
use rust_decimal::Decimal;

use super::day_of;
use crate::fault;
use crate::movement::MovementKind;
use crate::permission::COST_READ;
use crate::stock::holdings_at;

/// The stock card of an item.
#[derive(Debug)]
pub struct StockCard;

/// Rows of a card at most; who wants more asks for a shorter time.
const MOST: i64 = 10_000;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("date", ReportColumnKind::Date),
    ReportColumn::new("number", ReportColumnKind::Code),
    ReportColumn::new("kind", ReportColumnKind::Text),
    ReportColumn::new("warehouse", ReportColumnKind::Code),
    ReportColumn::new("quantity", ReportColumnKind::Quantity),
    ReportColumn::new("value", ReportColumnKind::Amount),
    ReportColumn::new("quantity_after", ReportColumnKind::Quantity),
    ReportColumn::new("value_after", ReportColumnKind::Amount),
];

impl Report for StockCard {
    const KEY: &'static str = "inventory.stock_card";
    const PERMISSION: Permission = COST_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::required(ReportParameter::Item),
        Parameter::optional(ReportParameter::Warehouse),
        Parameter::optional(ReportParameter::From),
        Parameter::optional(ReportParameter::To),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        tx.require_in(COST_READ, company, None)?;
        let unknown = || Fault::not_found(fault::ITEM_NOT_FOUND).at(["parameters", "item"]);
        let item = parameters.item.ok_or_else(unknown)?;
        let (to, currency) = day_of(tx, company, parameters.to).await?;
        let from = parameters.from.map_or(NaiveDate::MIN, |day| day.0);
        let asked = Asked {
            company,
            item,
            warehouse: parameters.warehouse,
            from: from.max(first_day()),
            to,
        };
        let mut after = opening(tx, &asked).await?;
        let lines = lines(tx, &asked).await?;
        let mut rows = Vec::with_capacity(lines.len() + 1);
        rows.push(first_row(&asked, after));
        for line in &lines {
            after = (after.0 + line.quantity.0, after.1 + line.value.0);
            rows.push(row(line, after));
        }
        Ok(ReportTable {
            as_of: to,
            currency: Some(currency),
            columns: COLUMNS.to_vec(),
            rows,
            totals: Vec::new(),
        })
    }
}

struct Asked {
    company: CompanyId,
    item: ItemId,
    warehouse: Option<WarehouseId>,
    from: NaiveDate,
    to: NaiveDate,
}

/// The first day that a card goes back to when none is asked for.
fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// What was there before the first day, and its value.
async fn opening(tx: &mut Tx, asked: &Asked) -> Result<(Decimal, Decimal)> {
    let before = asked.from.pred_opt().unwrap_or(asked.from);
    let item = Some(asked.item);
    let levels = holdings_at(tx, asked.company, before, asked.warehouse, item).await?;
    let quantity = levels.iter().map(|level| level.quantity.0).sum();
    Ok((quantity, levels.iter().map(|level| level.value.0).sum()))
}

#[derive(diesel::QueryableByName)]
struct Line {
    #[diesel(sql_type = sql::Uuid)]
    movement_id: MovementId,
    #[diesel(sql_type = sql::Date)]
    moved_on: Date,
    #[diesel(sql_type = sql::Text)]
    number: String,
    #[diesel(sql_type = sql::Text)]
    kind: MovementKind,
    #[diesel(sql_type = sql::Text)]
    warehouse: String,
    #[diesel(sql_type = sql::Numeric)]
    quantity: Dec,
    #[diesel(sql_type = sql::Numeric)]
    value: Dec,
}

async fn lines(tx: &mut Tx, asked: &Asked) -> Result<Vec<Line>> {
    Ok(diesel::sql_query(
        "SELECT l.movement_id, l.moved_on, m.number, m.kind, w.code AS warehouse, \
             s.quantity, s.value \
         FROM inventory.movement_line l \
         JOIN inventory.movement m ON m.organisation_id = $1 AND m.id = l.movement_id \
         CROSS JOIN LATERAL (VALUES (l.from_warehouse_id, -l.quantity, -l.value_out), \
             (l.to_warehouse_id, l.quantity, l.value_in)) AS s (warehouse_id, quantity, value) \
         JOIN inventory.warehouse w ON w.organisation_id = $1 AND w.id = s.warehouse_id \
         WHERE l.organisation_id = $1 AND l.company_id = $2 AND l.item_id = $3 \
             AND ($4::uuid IS NULL OR s.warehouse_id = $4) AND l.moved_on BETWEEN $5 AND $6 \
             AND l.from_warehouse_id IS DISTINCT FROM l.to_warehouse_id \
         ORDER BY l.moved_on, m.recorded_at, l.id, s.quantity LIMIT $7",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(asked.company)
    .bind::<sql::Uuid, _>(asked.item)
    .bind::<sql::Nullable<sql::Uuid>, _>(asked.warehouse)
    .bind::<sql::Date, _>(asked.from)
    .bind::<sql::Date, _>(asked.to)
    .bind::<sql::BigInt, _>(MOST)
    .load(tx.conn())
    .await?)
}

fn first_row(asked: &Asked, (quantity, value): (Decimal, Decimal)) -> ReportRow {
    ReportRow::plain(vec![
        match asked.from == first_day() {
            true => ReportCell::Empty,
            false => asked.from.into(),
        },
        ReportCell::Empty,
        ReportCell::Said("inventory.opening".to_owned()),
        ReportCell::Empty,
        ReportCell::Empty,
        ReportCell::Empty,
        quantity.normalize().into(),
        value.into(),
    ])
}

fn row(line: &Line, (quantity, value): (Decimal, Decimal)) -> ReportRow {
    let kind = match line.kind {
        MovementKind::Receive => "inventory.kind_receive",
        MovementKind::Issue => "inventory.kind_issue",
        MovementKind::Transfer => "inventory.kind_transfer",
        MovementKind::Adjust => "inventory.kind_adjust",
        MovementKind::Return => "inventory.kind_return",
    };
    ReportRow::plain(vec![
        line.moved_on.0.into(),
        line.number.as_str().into(),
        ReportCell::Said(kind.to_owned()),
        line.warehouse.as_str().into(),
        line.quantity.0.normalize().into(),
        line.value.0.into(),
        quantity.normalize().into(),
        value.into(),
    ])
    .about(line.movement_id)
}
