//! The register of invoices issued and received (libro registro de facturas, Real Decreto 1624/1992,
//! arts. 63 and 64): a line a tax of each posted document of the period, credit notes below zero.
//! The period goes by the day of the entry.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date as SqlDate, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, InvoiceId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportTable,
};
use kernel::{Date, Dec, Permission, Result, Tx};
use rust_decimal::Decimal;

use crate::invoice::InvoiceKind;
use crate::permission::INVOICE_READ;
use crate::setting;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("book", ReportColumnKind::Text),
    ReportColumn::new("number", ReportColumnKind::Code),
    ReportColumn::new("supplier_number", ReportColumnKind::Code),
    ReportColumn::new("issued_on", ReportColumnKind::Date),
    ReportColumn::new("operation_on", ReportColumnKind::Date),
    ReportColumn::new("party", ReportColumnKind::Text),
    ReportColumn::new("tax_id", ReportColumnKind::Code),
    ReportColumn::new("tax", ReportColumnKind::Code),
    ReportColumn::new("base", ReportColumnKind::Amount),
    ReportColumn::new("rate", ReportColumnKind::Percent),
    ReportColumn::new("amount", ReportColumnKind::Amount),
];

/// The register of invoices of a period.
pub struct VatBook;

impl Report for VatBook {
    const KEY: &'static str = "finance.vat_book";
    const PERMISSION: Permission = INVOICE_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::required(ReportParameter::From),
        Parameter::required(ReportParameter::To),
        Parameter::optional(ReportParameter::Party),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        let (from, to) = parameters.required_range()?;
        tx.require_in(INVOICE_READ, company, None)?;
        let setting = setting::load(tx, company).await?;
        let rows = rows(tx, company, from, to, parameters).await?;
        let mut sums = (Decimal::ZERO, Decimal::ZERO);
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            sums.0 += row.base.0;
            sums.1 += row.amount.0;
            lines.push(row.line());
        }
        let mut totals = vec![ReportCell::Empty; COLUMNS.len()];
        for (column, total) in COLUMNS.iter().zip(&mut totals) {
            match column.key {
                "base" => *total = sums.0.into(),
                "amount" => *total = sums.1.into(),
                _ => {}
            }
        }
        Ok(ReportTable {
            as_of: to,
            currency: Some(setting.currency),
            columns: COLUMNS.to_vec(),
            rows: lines,
            totals,
        })
    }
}

#[derive(Clone, Debug, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: InvoiceId,
    #[diesel(sql_type = Text)]
    kind: InvoiceKind,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    supplier_number: Option<String>,
    #[diesel(sql_type = SqlDate)]
    issued_on: Date,
    #[diesel(sql_type = SqlDate)]
    operation_on: Date,
    #[diesel(sql_type = Text)]
    party: String,
    #[diesel(sql_type = Nullable<Text>)]
    tax_id: Option<String>,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Bool)]
    withheld: bool,
    #[diesel(sql_type = Numeric)]
    base: Dec,
    #[diesel(sql_type = Numeric)]
    rate: Dec,
    #[diesel(sql_type = Numeric)]
    amount: Dec,
}

impl Row {
    fn line(self) -> ReportRow {
        let received = self.kind.side() == crate::open_item::OpenItemSide::Payable;
        let book = match (self.withheld, received) {
            (true, _) => "report.finance.vat_book.withheld",
            (false, true) => "report.finance.vat_book.received",
            (false, false) => "report.finance.vat_book.issued",
        };
        let id = self.id;
        ReportRow::plain(vec![
            ReportCell::Said(book.to_owned()),
            self.number.into(),
            self.supplier_number.into(),
            self.issued_on.0.into(),
            self.operation_on.0.into(),
            self.party.into(),
            self.tax_id.into(),
            self.code.into(),
            self.base.0.into(),
            self.rate.0.normalize().into(),
            self.amount.0.into(),
        ])
        .about(id)
    }
}

async fn rows(
    tx: &mut Tx,
    company: CompanyId,
    from: NaiveDate,
    to: NaiveDate,
    parameters: &ReportParameters,
) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(
        "SELECT i.id, i.kind, i.number, i.supplier_number, i.issued_on, i.operation_on, \
             p.name AS party, p.tax_id, t.code, t.kind = 'WITHHOLDING' AS withheld, x.rate, \
             s.sign * x.company_base AS base, s.sign * x.company_amount AS amount \
         FROM finance.invoice i \
         JOIN ledger.entry e ON e.organisation_id = i.organisation_id AND e.id = i.entry_id \
         JOIN finance.invoice_tax x ON x.organisation_id = $1 AND x.invoice_id = i.id \
         JOIN finance.tax t ON t.organisation_id = $1 AND t.id = x.tax_id \
         JOIN directory.party p ON p.organisation_id = $1 AND p.id = i.party_id \
         CROSS JOIN LATERAL (SELECT CASE WHEN i.kind IN ('SUPPLIER', 'CUSTOMER') \
             THEN 1 ELSE -1 END AS sign) s \
         WHERE i.organisation_id = $1 AND i.company_id = $2 \
             AND e.posted_on BETWEEN $3 AND $4 AND ($5::uuid IS NULL OR i.party_id = $5) \
         ORDER BY i.kind, e.posted_on, i.number, t.code",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .bind::<SqlDate, _>(from)
    .bind::<SqlDate, _>(to)
    .bind::<Nullable<SqlUuid>, _>(parameters.party)
    .load(tx.conn())
    .await?)
}
