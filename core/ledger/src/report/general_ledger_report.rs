//! The general ledger as a report (libro mayor): every line of an account, or of all of them, with
//! the balance after it. Openings come from the balances; only the lines that are shown are read.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date as SqlDate, Nullable, Numeric, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use kernel::ids::{AccountId, CompanyId, EntryId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportRowStyle, ReportTable,
};
use kernel::{Dec, Fault, Permission, Result, Tx};
use rust_decimal::Decimal;

use super::trial_balance_report::slice_of;
use crate::account::Account;
use crate::balance::{self, Turnover};
use crate::permission::REPORT_READ;
use crate::schema::account;

/// The key of the report, to which other reports lead.
pub(super) const KEY: &str = "ledger.general_ledger";
/// Lines of one report at most: what a person can still use and memory can hold.
const LINE_LIMIT: i64 = 50_000;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("number", ReportColumnKind::Code),
    ReportColumn::new("date", ReportColumnKind::Date),
    ReportColumn::new("text", ReportColumnKind::Text),
    ReportColumn::new("debit", ReportColumnKind::Amount),
    ReportColumn::new("credit", ReportColumnKind::Amount),
    ReportColumn::new("balance", ReportColumnKind::Amount),
];

/// The lines of an account, or of every account that has a balance, with running balances.
///
/// A heading an account with its opening, a row a line about its entry, a subtotal with the
/// closing. Refuses ranges of more than fifty thousand lines.
#[derive(Debug)]
pub struct GeneralLedgerReport;

impl Report for GeneralLedgerReport {
    const KEY: &'static str = KEY;
    const PERMISSION: Permission = REPORT_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::Account),
        Parameter::required(ReportParameter::From),
        Parameter::required(ReportParameter::To),
        Parameter::optional(ReportParameter::Department),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        tx.require_in(REPORT_READ, company, None)?;
        let (from, to) = parameters.required_range()?;
        let currency = crate::chart::require_book(tx, company).await?;
        let slice = slice_of(parameters);
        let turnover = balance::turnover(tx, company, from, to, slice).await?;
        let accounts = accounts(tx, company, parameters.account, &turnover).await?;
        let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
        let mut lines = lines(tx, parameters, &ids, (from, to)).await?;
        let mut rows = Vec::new();
        let mut total = Turnover::default();
        for account in &accounts {
            let own = turnover.get(&account.id).copied().unwrap_or_default();
            total = total.plus(own);
            rows.push(opening(tx, account, own, parameters));
            rows.extend(running(own, lines.remove(&account.id).unwrap_or_default()));
            rows.push(closing(account, own));
        }
        Ok(ReportTable {
            as_of: to,
            currency: Some(currency),
            columns: COLUMNS.to_vec(),
            rows,
            totals: vec![
                ReportCell::Empty,
                ReportCell::Empty,
                ReportCell::Empty,
                total.debit.into(),
                total.credit.into(),
                total.closing().into(),
            ],
        })
    }
}

/// The account that is asked for; otherwise all that have a balance or have moved, by code.
async fn accounts(
    tx: &mut Tx,
    company: CompanyId,
    asked: Option<AccountId>,
    turnover: &HashMap<AccountId, Turnover>,
) -> Result<Vec<Account>> {
    let wanted: Vec<AccountId> = match asked {
        Some(id) => vec![id],
        None => turnover
            .iter()
            .filter(|(_, turnover)| !turnover.is_empty())
            .map(|(id, _)| *id)
            .collect(),
    };
    let found: Vec<Account> = account::table
        .filter(account::organisation_id.eq(tx.organisation()))
        .filter(account::company_id.eq(company))
        .filter(account::id.eq_any(wanted))
        .order(account::code)
        .select(Account::as_select())
        .load(tx.conn())
        .await?;
    match asked {
        Some(id) if found.is_empty() => Err(Fault::not_found("ledger.account_unknown")
            .at(["parameters", "account"])
            .with("code", id)
            .into()),
        _ => Ok(found),
    }
}

#[derive(Debug, QueryableByName)]
struct Line {
    #[diesel(sql_type = SqlUuid)]
    account_id: AccountId,
    #[diesel(sql_type = SqlUuid)]
    entry_id: EntryId,
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
    #[diesel(sql_type = SqlDate)]
    posted_on: NaiveDate,
    #[diesel(sql_type = Text)]
    text: String,
    #[diesel(sql_type = Numeric)]
    amount: Dec,
}

/// The lines of some accounts in a range, each account's by day.
async fn lines(
    tx: &mut Tx,
    parameters: &ReportParameters,
    accounts: &[AccountId],
    (from, to): (NaiveDate, NaiveDate),
) -> Result<HashMap<AccountId, Vec<Line>>> {
    let found: Vec<Line> = diesel::sql_query(
        "SELECT l.account_id, l.entry_id, n.number, l.posted_on, \
             coalesce(l.memo, e.memo) AS text, l.company_amount AS amount \
         FROM ledger.entry_line l \
         JOIN ledger.entry e ON e.organisation_id = $1 AND e.id = l.entry_id \
         LEFT JOIN ledger.entry_number n ON n.organisation_id = $1 AND n.entry_id = l.entry_id \
         WHERE l.organisation_id = $1 AND l.account_id = ANY($2) \
             AND l.posted_on BETWEEN $3 AND $4 AND ($5::uuid IS NULL OR l.department_id = $5) \
         ORDER BY l.account_id, l.posted_on, l.id LIMIT $6",
    )
    .bind::<SqlUuid, _>(tx.organisation())
    .bind::<Array<SqlUuid>, _>(accounts)
    .bind::<SqlDate, _>(from)
    .bind::<SqlDate, _>(to)
    .bind::<Nullable<SqlUuid>, _>(parameters.department)
    .bind::<BigInt, _>(LINE_LIMIT + 1)
    .load(tx.conn())
    .await?;
    if i64::try_from(found.len()).unwrap_or(i64::MAX) > LINE_LIMIT {
        return Err(Fault::invalid("ledger.report_too_long")
            .at(["parameters", "toDate"])
            .with("most", LINE_LIMIT)
            .into());
    }
    let mut by_account: HashMap<AccountId, Vec<Line>> = HashMap::new();
    for line in found {
        by_account.entry(line.account_id).or_default().push(line);
    }
    Ok(by_account)
}

/// The heading of an account; it leads to that account alone.
fn opening(
    tx: &Tx,
    account: &Account,
    turnover: Turnover,
    parameters: &ReportParameters,
) -> ReportRow {
    let row = ReportRow::plain(vec![
        account.code.as_str().into(),
        ReportCell::Empty,
        account.name(tx.context().locale).into(),
        ReportCell::Empty,
        ReportCell::Empty,
        turnover.opening.into(),
    ])
    .styled(ReportRowStyle::Heading, 0)
    .about(account.id);
    if parameters.account.is_some() {
        return row;
    }
    let alone = ReportParameters {
        account: Some(account.id),
        ..parameters.clone()
    };
    row.drill(KEY, alone)
}

/// The lines of an account with the balance after each.
fn running(turnover: Turnover, lines: Vec<Line>) -> impl Iterator<Item = ReportRow> {
    let mut balance = turnover.opening;
    lines.into_iter().map(move |line| {
        let amount = line.amount.0;
        balance += amount;
        let side = |amount: Decimal| (amount > Decimal::ZERO).then_some(amount);
        ReportRow::plain(vec![
            line.number.map(|number| number.to_string()).into(),
            line.posted_on.into(),
            line.text.into(),
            side(amount).into(),
            side(-amount).into(),
            balance.into(),
        ])
        .styled(ReportRowStyle::Plain, 1)
        .about(line.entry_id)
    })
}

fn closing(account: &Account, turnover: Turnover) -> ReportRow {
    ReportRow::plain(vec![
        account.code.as_str().into(),
        ReportCell::Empty,
        ReportCell::Said("report.ledger.general_ledger.closing".to_owned()),
        turnover.debit.into(),
        turnover.credit.into(),
        turnover.closing().into(),
    ])
    .styled(ReportRowStyle::Subtotal, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_balance_runs_from_the_opening_and_each_line_stands_on_its_side() {
        let line = |cents: i64| Line {
            account_id: AccountId::generate(),
            entry_id: EntryId::generate(),
            number: Some(7),
            posted_on: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
            text: "Prueba".to_owned(),
            amount: Dec(Decimal::new(cents, 2)),
        };
        let opening = Turnover {
            opening: Decimal::new(100, 2),
            ..Turnover::default()
        };
        let rows: Vec<_> = running(opening, vec![line(250), line(-400)])
            .map(|row| row.cells[3..].to_vec())
            .collect();
        let number = |cents: i64| ReportCell::Number(Decimal::new(cents, 2));
        assert_eq!(
            rows,
            [
                vec![number(250), ReportCell::Empty, number(350)],
                vec![ReportCell::Empty, number(400), number(-50)],
            ]
        );
    }
}
