//! What is owed by age, as of any day: what was not due yet, and what is overdue by how long.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::PartyId;
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportTable,
};
use kernel::{Dec, Permission, Result, Tx};
use rust_decimal::Decimal;

use crate::open_item::OpenItemSide;
use crate::permission::INVOICE_READ;
use crate::setting;

const PARAMETERS: &[Parameter] = &[
    Parameter::required(ReportParameter::Company),
    Parameter::optional(ReportParameter::AsOf),
    Parameter::optional(ReportParameter::Party),
];

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("party", ReportColumnKind::Text),
    ReportColumn::new("not_due", ReportColumnKind::Amount),
    ReportColumn::new("to_30", ReportColumnKind::Amount),
    ReportColumn::new("to_60", ReportColumnKind::Amount),
    ReportColumn::new("to_90", ReportColumnKind::Amount),
    ReportColumn::new("over_90", ReportColumnKind::Amount),
    ReportColumn::new("total", ReportColumnKind::Amount),
];

/// What is owed to suppliers, by age.
pub struct AgedPayables;

impl Report for AgedPayables {
    const KEY: &'static str = "finance.aged_payables";
    const PERMISSION: Permission = INVOICE_READ;
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        aged(tx, parameters, OpenItemSide::Payable).await
    }
}

/// What customers owe, by age.
pub struct AgedReceivables;

impl Report for AgedReceivables {
    const KEY: &'static str = "finance.aged_receivables";
    const PERMISSION: Permission = INVOICE_READ;
    const PARAMETERS: &'static [Parameter] = PARAMETERS;
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        aged(tx, parameters, OpenItemSide::Receivable).await
    }
}

#[derive(Clone, Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    party_id: PartyId,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Numeric)]
    not_due: Dec,
    #[diesel(sql_type = Numeric)]
    to_30: Dec,
    #[diesel(sql_type = Numeric)]
    to_60: Dec,
    #[diesel(sql_type = Numeric)]
    to_90: Dec,
    #[diesel(sql_type = Numeric)]
    over_90: Dec,
}

impl Row {
    fn amounts(&self) -> [Decimal; 6] {
        let parts = [
            self.not_due.0,
            self.to_30.0,
            self.to_60.0,
            self.to_90.0,
            self.over_90.0,
        ];
        let [a, b, c, d, e] = parts;
        [a, b, c, d, e, parts.iter().sum()]
    }
}

async fn aged(
    tx: &mut Tx,
    parameters: &ReportParameters,
    side: OpenItemSide,
) -> Result<ReportTable> {
    let company = parameters.required_company()?;
    tx.require_in(INVOICE_READ, company, None)?;
    let setting = setting::load(tx, company).await?;
    let day = super::as_of(tx, parameters).await?;
    let rows = rows(tx, parameters, side, day).await?;
    let mut sums = [Decimal::ZERO; 6];
    for row in &rows {
        for (sum, part) in sums.iter_mut().zip(row.amounts()) {
            *sum += part;
        }
    }
    let line = |row: &Row| {
        let amounts = row.amounts().into_iter().map(ReportCell::from);
        let cells = std::iter::once(ReportCell::from(row.name.as_str())).chain(amounts);
        ReportRow::plain(cells.collect()).about(row.party_id)
    };
    let totals = sums.into_iter().map(ReportCell::from);
    Ok(ReportTable {
        as_of: day,
        currency: Some(setting.currency),
        columns: COLUMNS.to_vec(),
        rows: rows.iter().map(line).collect(),
        totals: std::iter::once(ReportCell::Empty).chain(totals).collect(),
    })
}

/// What remained of each item at the end of the day, in the currency of the books, by party.
async fn rows(
    tx: &mut Tx,
    parameters: &ReportParameters,
    side: OpenItemSide,
    day: NaiveDate,
) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(
        "WITH open AS ( \
             SELECT o.party_id, $4::date - o.due_on AS age, o.company_amount \
                 - sign(o.amount) * coalesce((SELECT sum(CASE WHEN a.charge_id = o.id \
                       THEN a.charge_company ELSE a.credit_company END) \
                     FROM finance.allocation a \
                     WHERE a.organisation_id = $1 AND a.allocated_on <= $4 \
                         AND (a.charge_id = o.id OR a.credit_id = o.id)), 0) AS left_open \
             FROM finance.open_item o \
             WHERE o.organisation_id = $1 AND o.company_id = $2 AND o.side = $3 \
                 AND o.posted_on <= $4 AND ($5::uuid IS NULL OR o.party_id = $5)) \
         SELECT p.id AS party_id, p.name, \
             coalesce(sum(left_open) FILTER (WHERE age <= 0), 0) AS not_due, \
             coalesce(sum(left_open) FILTER (WHERE age BETWEEN 1 AND 30), 0) AS to_30, \
             coalesce(sum(left_open) FILTER (WHERE age BETWEEN 31 AND 60), 0) AS to_60, \
             coalesce(sum(left_open) FILTER (WHERE age BETWEEN 61 AND 90), 0) AS to_90, \
             coalesce(sum(left_open) FILTER (WHERE age > 90), 0) AS over_90 \
         FROM open JOIN directory.party p ON p.organisation_id = $1 AND p.id = open.party_id \
         GROUP BY p.id, p.name HAVING count(*) FILTER (WHERE left_open <> 0) > 0 \
         ORDER BY p.name, p.id",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Nullable<SqlUuid>, _>(parameters.company)
    .bind::<Text, _>(side)
    .bind::<SqlDate, _>(day)
    .bind::<Nullable<SqlUuid>, _>(parameters.party)
    .load(tx.conn())
    .await?)
}
