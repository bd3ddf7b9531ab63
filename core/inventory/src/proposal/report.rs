//! The report of the proposals that stand: what to order, from whom, why, and what it would cost.

use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, ProposalId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind as Kind, ReportParameter,
    ReportParameters, ReportRow, ReportTable,
};
use kernel::{CurrencyCode, Date, Dec, Permission, Result, Tx};
use rust_decimal::Decimal;

use crate::permission::{COST_READ, REPLENISHMENT_READ};

/// Rows at most: more than a person reads, and than a page of orders holds.
const MOST: i64 = 20_000;

/// The proposals of a company that stand, by supplier.
#[derive(Debug)]
pub struct OpenProposals;

impl Report for OpenProposals {
    const KEY: &'static str = "inventory.open_proposals";
    const PERMISSION: Permission = REPLENISHMENT_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::Warehouse),
        Parameter::optional(ReportParameter::Party),
        Parameter::optional(ReportParameter::Item),
    ];
    const COLUMNS: &'static [ReportColumn] = &COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let id = parameters.required_company()?;
        tx.require_in(REPLENISHMENT_READ, id, None)?;
        let company = directory::company::load(tx, id).await?;
        let shows_cost = tx.actor().scope(COST_READ).covers(Some(id), None);
        let rows = load(tx, id, parameters).await?;
        let today = tx.now().with_timezone(&company.tz()).date_naive();
        Ok(table(rows, shows_cost, company.currency, today))
    }
}

const COLUMNS: [ReportColumn; 12] = [
    ReportColumn::new("supplier", Kind::Text),
    ReportColumn::new("item", Kind::Code),
    ReportColumn::new("name", Kind::Text),
    ReportColumn::new("warehouse", Kind::Code),
    ReportColumn::new("on_hand", Kind::Quantity),
    ReportColumn::new("on_order", Kind::Quantity),
    ReportColumn::new("reorder_point", Kind::Quantity),
    ReportColumn::new("days_of_cover", Kind::Count),
    ReportColumn::new("quantity", Kind::Quantity),
    ReportColumn::new("unit", Kind::Code),
    ReportColumn::new("expected_on", Kind::Date),
    ReportColumn::new("value", Kind::Amount),
];

#[derive(Clone, Debug, diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: ProposalId,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    supplier: Option<String>,
    #[diesel(sql_type = sql::Text)]
    item: String,
    #[diesel(sql_type = sql::Text)]
    name: String,
    #[diesel(sql_type = sql::Text)]
    warehouse: String,
    #[diesel(sql_type = sql::Text)]
    unit: String,
    #[diesel(sql_type = sql::Numeric)]
    on_hand: Dec,
    #[diesel(sql_type = sql::Numeric)]
    on_order: Dec,
    #[diesel(sql_type = sql::Numeric)]
    reorder_point: Dec,
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    days_of_cover: Option<Dec>,
    #[diesel(sql_type = sql::Numeric)]
    unit_quantity: Dec,
    #[diesel(sql_type = sql::Nullable<sql::Date>)]
    expected_on: Option<Date>,
    #[diesel(sql_type = sql::Nullable<sql::Numeric>)]
    price: Option<Dec>,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    currency: Option<CurrencyCode>,
}

async fn load(tx: &mut Tx, company: CompanyId, asked: &ReportParameters) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(
        "SELECT p.id, s.name AS supplier, i.code AS item, i.name, w.code AS warehouse, \
            u.code AS unit, p.on_hand, p.on_order, p.reorder_point, p.days_of_cover, \
            p.unit_quantity, p.expected_on, p.price, p.currency \
         FROM inventory.proposal p \
         JOIN inventory.item i ON i.organisation_id = $1 AND i.id = p.item_id \
         JOIN inventory.warehouse w ON w.organisation_id = $1 AND w.id = p.warehouse_id \
         JOIN inventory.unit u ON u.organisation_id = $1 AND u.id = p.unit_id \
         LEFT JOIN directory.party s ON s.organisation_id = $1 AND s.id = p.supplier_id \
         WHERE p.organisation_id = $1 AND p.company_id = $2 AND p.status = 'OPEN' \
            AND ($3 IS NULL OR p.warehouse_id = $3) AND ($4 IS NULL OR p.supplier_id = $4) \
            AND ($5 IS NULL OR p.item_id = $5) \
         ORDER BY s.name NULLS FIRST, i.code, w.code LIMIT $6",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Nullable<sql::Uuid>, _>(asked.warehouse)
    .bind::<sql::Nullable<sql::Uuid>, _>(asked.party)
    .bind::<sql::Nullable<sql::Uuid>, _>(asked.item)
    .bind::<sql::BigInt, _>(MOST)
    .load(tx.conn())
    .await?)
}

/// Amounts in other currencies than that of the books stay out: a column has one currency.
fn table(
    rows: Vec<Row>,
    shows_cost: bool,
    currency: CurrencyCode,
    today: chrono::NaiveDate,
) -> ReportTable {
    let value = |row: &Row| -> Option<Decimal> {
        let own = shows_cost && row.currency == Some(currency);
        let exact = row.price?.0 * row.unit_quantity.0;
        own.then(|| kernel::money::round(exact, currency.places()))
    };
    let total: Decimal = rows.iter().filter_map(value).sum();
    let number = |value: Dec| ReportCell::Number(value.0.normalize());
    let rows = rows
        .iter()
        .map(|row| {
            ReportRow::plain(vec![
                row.supplier.clone().map_or_else(
                    || ReportCell::Said("inventory.nobody_sells_it".to_owned()),
                    ReportCell::Text,
                ),
                row.item.clone().into(),
                row.name.clone().into(),
                row.warehouse.clone().into(),
                number(row.on_hand),
                number(row.on_order),
                number(row.reorder_point),
                row.days_of_cover.map_or(ReportCell::Empty, number),
                number(row.unit_quantity),
                row.unit.clone().into(),
                row.expected_on.map(|day| day.0).into(),
                value(row).into(),
            ])
            .about(row.id)
        })
        .collect();
    let mut totals = vec![ReportCell::Empty; COLUMNS.len()];
    if let (Some(last), true) = (totals.last_mut(), shows_cost) {
        *last = ReportCell::Number(total);
    }
    ReportTable {
        as_of: today,
        currency: shows_cost.then_some(currency),
        columns: COLUMNS.to_vec(),
        rows,
        totals,
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::dec;

    use super::*;

    fn row(price: Decimal, currency: &str) -> Row {
        Row {
            id: ProposalId::generate(),
            supplier: None,
            item: "A-1".to_owned(),
            name: "Papel".to_owned(),
            warehouse: "MAD".to_owned(),
            unit: "BOX".to_owned(),
            on_hand: Dec(dec!(3)),
            on_order: Dec(dec!(0)),
            reorder_point: Dec(dec!(10)),
            days_of_cover: None,
            unit_quantity: Dec(dec!(3)),
            expected_on: None,
            price: Some(Dec(price)),
            currency: serde_json::from_value(serde_json::json!(currency)).ok(),
        }
    }

    #[test]
    fn values_of_one_currency_are_added_and_hidden_from_those_who_see_no_costs() {
        let rows = vec![
            row(dec!(1.335), "EUR"),
            row(dec!(2), "EUR"),
            row(dec!(9), "USD"),
        ];
        let today = chrono::NaiveDate::default();
        let shown = table(rows.clone(), true, CurrencyCode::EUR, today);
        assert_eq!(shown.totals.last(), Some(&ReportCell::Number(dec!(10.01))));
        assert_eq!(shown.rows[2].cells.last(), Some(&ReportCell::Empty));
        let hidden = table(rows, false, CurrencyCode::EUR, today);
        assert!(
            hidden
                .rows
                .iter()
                .all(|row| row.cells.last() == Some(&ReportCell::Empty))
        );
        assert_eq!(
            (hidden.currency, hidden.totals.last()),
            (None, Some(&ReportCell::Empty))
        );
        assert!(
            hidden
                .rows
                .iter()
                .all(|row| row.cells.len() == hidden.columns.len())
        );
    }
}
