//! The report of findings: what is open or accepted, or was on a day, the gravest first.

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::FindingId;
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportTable, Reports,
};
use kernel::{Date, Permission, Result, Tx};
use rust_decimal::Decimal;

use crate::permission::FINDING_READ;
use crate::rule;

/// The columns of the report.
pub(crate) const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("severity", ReportColumnKind::Code),
    ReportColumn::new("rule", ReportColumnKind::Text),
    ReportColumn::new("subject", ReportColumnKind::Text),
    ReportColumn::new("company", ReportColumnKind::Text),
    ReportColumn::new("status", ReportColumnKind::Code),
    ReportColumn::new("first_seen", ReportColumnKind::Date),
    ReportColumn::new("last_seen", ReportColumnKind::Date),
    ReportColumn::new("accepted_until", ReportColumnKind::Date),
    ReportColumn::new("occurrences", ReportColumnKind::Count),
    ReportColumn::new("source", ReportColumnKind::Text),
];
/// Rows at most.
const MOST_ROWS: i64 = 20_000;

/// Adds the reports of compliance.
pub fn reports(reports: &mut Reports) {
    reports.register::<Findings>();
}

/// What is open or accepted, or was on a day.
pub struct Findings;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql::Uuid)]
    id: FindingId,
    #[diesel(sql_type = sql::Text)]
    rule_key: String,
    #[diesel(sql_type = sql::Text)]
    subject_name: String,
    #[diesel(sql_type = sql::Nullable<sql::Text>)]
    company: Option<String>,
    #[diesel(sql_type = sql::Text)]
    severity: String,
    #[diesel(sql_type = sql::Text)]
    status: String,
    #[diesel(sql_type = sql::Date)]
    first_seen: Date,
    #[diesel(sql_type = sql::Date)]
    last_seen: Date,
    #[diesel(sql_type = sql::Nullable<sql::Date>)]
    accepted_until: Option<Date>,
    #[diesel(sql_type = sql::Integer)]
    occurrences: i32,
}

impl Report for Findings {
    const KEY: &'static str = "compliance.findings";
    const PERMISSION: Permission = FINDING_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::optional(ReportParameter::Company),
        Parameter::optional(ReportParameter::AsOf),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let today = tx.now().date_naive();
        let as_of = parameters.as_of.map_or(today, |day| day.0);
        let rows = read(tx, parameters, Date(as_of)).await?;
        let locale = tx.context().locale;
        let shown = rows.into_iter().map(|row| {
            let rule = rule::find_key(&row.rule_key).ok().flatten();
            let title = rule.map_or(row.rule_key.as_str(), |it| it.title.of(locale));
            let source = rule.map(|it| it.source.norm.clone());
            let cells = vec![
                row.severity.into(),
                title.into(),
                row.subject_name.into(),
                row.company.into(),
                row.status.into(),
                row.first_seen.0.into(),
                row.last_seen.0.into(),
                row.accepted_until.map(|day| day.0).into(),
                Decimal::from(row.occurrences).into(),
                source.into(),
            ];
            ReportRow::plain(cells).about(row.id)
        });
        let rows: Vec<ReportRow> = shown.collect();
        let totals = match rows.len() {
            0 => Vec::new(),
            count => COLUMNS
                .iter()
                .map(|column| match column.key {
                    "rule" => Decimal::from(count).to_string().into(),
                    _ => ReportCell::Empty,
                })
                .collect(),
        };
        Ok(ReportTable {
            as_of,
            currency: None,
            columns: COLUMNS.to_vec(),
            rows,
            totals,
        })
    }
}

/// The findings that were open or accepted at the end of a day, as far as the actor may see them.
/// A closed one that came back shows its last opening alone: what went before is in its history.
async fn read(tx: &mut Tx, parameters: &ReportParameters, as_of: Date) -> Result<Vec<Row>> {
    let scope = tx.require(FINDING_READ)?;
    let companies: Vec<uuid::Uuid> = scope.companies.iter().map(|id| id.0).collect();
    Ok(diesel::sql_query(
        "SELECT f.id, f.rule_key, f.subject_name, c.legal_name AS company, f.severity, f.status, \
            f.first_seen_at::date AS first_seen, f.last_seen_at::date AS last_seen, \
            f.accepted_until, f.occurrences \
         FROM compliance.finding f LEFT JOIN directory.company c \
            ON c.organisation_id = f.organisation_id AND c.id = f.company_id \
         WHERE f.organisation_id = $1 AND ($2 OR f.company_id = ANY($3)) \
            AND ($4 IS NULL OR f.company_id = $4) AND f.opened_at < ($5 + 1)::timestamptz \
            AND (f.closed_at IS NULL OR f.closed_at >= ($5 + 1)::timestamptz) \
         ORDER BY f.gravity DESC, f.rule_key, f.opened_at, f.id LIMIT $6",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Bool, _>(scope.everywhere)
    .bind::<sql::Array<sql::Uuid>, _>(companies)
    .bind::<sql::Nullable<sql::Uuid>, _>(parameters.company)
    .bind::<sql::Date, _>(as_of)
    .bind::<sql::BigInt, _>(MOST_ROWS)
    .load(tx.conn())
    .await?)
}
