//! The trial balance as a report: every account that moved, along the chart, from the balances.
//!
//! Asked for a range, it has the turnover of the range. Asked as of a day, it has that of the
//! fiscal year so far, which is how a trial balance is read (balance de sumas y saldos).

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Date as SqlDate, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::CompanyId;
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportRowStyle, ReportTable,
};
use kernel::{Date, Fault, Faults, Locale, Permission, Result, Tx};

use super::{TrialBalanceRequest, TrialBalanceRow, general_ledger_report, trial_balance};
use crate::balance::{Slice, Turnover};
use crate::permission::REPORT_READ;
use crate::schema::fiscal_year;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("account", ReportColumnKind::Code),
    ReportColumn::new("name", ReportColumnKind::Text),
    ReportColumn::new("opening", ReportColumnKind::Amount),
    ReportColumn::new("debit", ReportColumnKind::Amount),
    ReportColumn::new("credit", ReportColumnKind::Amount),
    ReportColumn::new("closing", ReportColumnKind::Amount),
];

/// Every account's opening, debits, credits and closing: of a range of days, or of the fiscal
/// year as far as a day, which is today when nothing is said.
#[derive(Debug)]
pub struct TrialBalanceReport;

impl Report for TrialBalanceReport {
    const KEY: &'static str = "ledger.trial_balance";
    const PERMISSION: Permission = REPORT_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::From),
        Parameter::optional(ReportParameter::To),
        Parameter::optional(ReportParameter::AsOf),
        Parameter::optional(ReportParameter::Department),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        tx.require_in(REPORT_READ, company, None)?;
        let (from, to) = days(tx, company, parameters).await?;
        let request = TrialBalanceRequest {
            company,
            from,
            to,
            slice: slice_of(parameters),
            levels: None,
        };
        let balance = trial_balance(tx, request).await?;
        let leads = ReportParameters {
            company: Some(company),
            from: Some(Date(from)),
            to: Some(Date(to)),
            department: parameters.department,
            ..ReportParameters::default()
        };
        let locale = tx.context().locale;
        Ok(ReportTable {
            as_of: to,
            currency: Some(balance.currency),
            columns: COLUMNS.to_vec(),
            rows: balance
                .rows
                .iter()
                .map(|row| line(row, locale, &leads))
                .collect(),
            totals: cells(ReportCell::Empty, ReportCell::Empty, balance.total),
        })
    }
}

/// Which part of the lines the parameters ask for.
pub(super) fn slice_of(parameters: &ReportParameters) -> Slice {
    parameters
        .department
        .map_or(Slice::Whole, Slice::Department)
}

/// An account's row. Those that take postings lead to their lines; those above hold their sum.
fn line(row: &TrialBalanceRow, locale: Locale, leads: &ReportParameters) -> ReportRow {
    let account = &row.account;
    let cells = cells(
        account.code.as_str().into(),
        account.name(locale).into(),
        row.turnover,
    );
    let style = if account.postable {
        ReportRowStyle::Plain
    } else {
        ReportRowStyle::Heading
    };
    let level = u8::try_from(row.depth).unwrap_or(u8::MAX);
    let line = ReportRow::plain(cells)
        .styled(style, level)
        .about(account.id);
    if !account.postable {
        return line;
    }
    let parameters = ReportParameters {
        account: Some(account.id),
        ..leads.clone()
    };
    line.drill(general_ledger_report::KEY, parameters)
}

fn cells(code: ReportCell, name: ReportCell, turnover: Turnover) -> Vec<ReportCell> {
    vec![
        code,
        name,
        turnover.opening.into(),
        turnover.debit.into(),
        turnover.credit.into(),
        turnover.closing().into(),
    ]
}

/// The days that are asked for.
async fn days(
    tx: &mut Tx,
    company: CompanyId,
    parameters: &ReportParameters,
) -> Result<(NaiveDate, NaiveDate)> {
    if parameters.from.is_some() || parameters.to.is_some() {
        let mut faults = Faults::default();
        if parameters.as_of.is_some() {
            faults.push(
                Fault::invalid("kernel.report_parameter_not_taken").at(["parameters", "asOf"]),
            );
        }
        for (given, name) in [(parameters.from, "fromDate"), (parameters.to, "toDate")] {
            if given.is_none() {
                faults.push(
                    Fault::invalid("kernel.report_parameter_missing").at(["parameters", name]),
                );
            }
        }
        faults.finish()?;
        return parameters.required_range();
    }
    let day = match parameters.as_of {
        Some(day) => day.0,
        None => today(tx, company).await?,
    };
    Ok((beginning(tx, company, day).await?, day))
}

#[derive(QueryableByName)]
struct Today {
    #[diesel(sql_type = SqlDate)]
    day: NaiveDate,
}

/// Today, where the company is.
async fn today(tx: &mut Tx, company: CompanyId) -> Result<NaiveDate> {
    let found: Option<Today> = diesel::sql_query(
        "SELECT ($3 AT TIME ZONE zone)::date AS day FROM directory.company \
         WHERE organisation_id = $1 AND id = $2",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<SqlUuid, _>(company)
    .bind::<Timestamptz, _>(tx.now())
    .get_result(tx.conn())
    .await
    .optional()?;
    let unknown = || Fault::not_found("ledger.company_unknown").at(["parameters", "company"]);
    Ok(found.ok_or_else(unknown)?.day)
}

/// The first day of the fiscal year of a day; of the calendar's year where none was opened.
async fn beginning(tx: &mut Tx, company: CompanyId, day: NaiveDate) -> Result<NaiveDate> {
    let found: Option<NaiveDate> = fiscal_year::table
        .filter(fiscal_year::organisation_id.eq(tx.organisation()))
        .filter(fiscal_year::company_id.eq(company))
        .filter(fiscal_year::starts_on.le(day))
        .filter(fiscal_year::ends_on.ge(day))
        .select(fiscal_year::starts_on)
        .first(tx.conn())
        .await
        .optional()?;
    Ok(found
        .or_else(|| NaiveDate::from_ymd_opt(day.year(), 1, 1))
        .unwrap_or(day))
}
