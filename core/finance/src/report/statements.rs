//! Result and balance sheet, simply: the accounts of the ledger by what they measure. They are for running a company; the models of the law for filing are another thing.

use kernel::report::{
    Drill, Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportRowStyle, ReportTable,
};
use kernel::{Date, Permission, Result, Tx};
use ledger::account::AccountKind;
use ledger::balance::Slice;
use ledger::permission::REPORT_READ;
use ledger::report::{TrialBalance, TrialBalanceRequest, TrialBalanceRow, trial_balance};
use rust_decimal::Decimal;

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("account", ReportColumnKind::Code),
    ReportColumn::new("name", ReportColumnKind::Text),
    ReportColumn::new("amount", ReportColumnKind::Amount),
];

/// What was earned and spent in a range of days.
pub struct IncomeStatement;

impl Report for IncomeStatement {
    const KEY: &'static str = "finance.income_statement";
    const PERMISSION: Permission = REPORT_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::required(ReportParameter::From),
        Parameter::required(ReportParameter::To),
        Parameter::optional(ReportParameter::Department),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        let (from, to) = parameters.required_range()?;
        let asked = TrialBalanceRequest {
            company,
            from,
            to,
            slice: parameters
                .department
                .map_or(Slice::Whole, Slice::Department),
            levels: None,
        };
        let balance = trial_balance(tx, asked).await?;
        let amount = |row: &TrialBalanceRow| row.turnover.credit - row.turnover.debit;
        let mut rows = Vec::new();
        let mut result = Decimal::ZERO;
        for kind in [AccountKind::Income, AccountKind::Expense] {
            let part = Section::of(&balance, &[kind], amount);
            result += part.sum;
            let heading = match kind {
                AccountKind::Income => "report.finance.income_statement.income",
                _ => "report.finance.income_statement.expense",
            };
            rows.extend(part.rows(tx, heading, parameters));
        }
        Ok(ReportTable {
            as_of: to,
            currency: Some(balance.currency),
            columns: COLUMNS.to_vec(),
            rows,
            totals: total("report.finance.income_statement.result", result),
        })
    }
}

/// What a company has, owes and owns at the end of a day; what it earned since its last closing is
/// part of its equity.
pub struct BalanceSheet;

impl Report for BalanceSheet {
    const KEY: &'static str = "finance.balance_sheet";
    const PERMISSION: Permission = REPORT_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::AsOf),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        let day = super::as_of(tx, parameters).await?;
        let asked = TrialBalanceRequest {
            company,
            from: day,
            to: day,
            slice: Slice::Whole,
            levels: None,
        };
        let balance = trial_balance(tx, asked).await?;
        let debit = |row: &TrialBalanceRow| row.turnover.closing();
        let credit = |row: &TrialBalanceRow| -row.turnover.closing();
        let assets = Section::of(&balance, &[AccountKind::Asset], debit);
        let debts = Section::of(&balance, &[AccountKind::Liability], credit);
        let own = Section::of(&balance, &[AccountKind::Equity], credit);
        let earned = [AccountKind::Income, AccountKind::Expense];
        let result = Section::of(&balance, &earned, credit).sum;
        let other_side = debts.sum + own.sum + result;
        let mut rows = assets.rows(tx, "report.finance.balance_sheet.assets", parameters);
        rows.extend(own.rows(tx, "report.finance.balance_sheet.equity", parameters));
        rows.push(named("report.finance.balance_sheet.result", result));
        rows.extend(debts.rows(tx, "report.finance.balance_sheet.liabilities", parameters));
        Ok(ReportTable {
            as_of: day,
            currency: Some(balance.currency),
            columns: COLUMNS.to_vec(),
            rows,
            totals: total("report.finance.balance_sheet.both_sides", other_side),
        })
    }
}

/// A part of a statement.
struct Section {
    lines: Vec<(TrialBalanceRow, Decimal)>,
    sum: Decimal,
}

impl Section {
    /// The accounts of some kinds that have moved, each with its own amount.
    fn of(
        balance: &TrialBalance,
        kinds: &[AccountKind],
        amount: impl Fn(&TrialBalanceRow) -> Decimal,
    ) -> Self {
        let rows = &balance.rows;
        let of_children = |row: &TrialBalanceRow| -> Decimal {
            let id = Some(row.account.id);
            let children = rows.iter().filter(|other| other.account.parent_id == id);
            children.map(&amount).sum()
        };
        // A row has what is below it too; its own is what its children don't have.
        let lines: Vec<(TrialBalanceRow, Decimal)> = rows
            .iter()
            .filter(|row| kinds.contains(&row.account.kind))
            .map(|row| (row.clone(), amount(row) - of_children(row)))
            .filter(|(_, amount)| !amount.is_zero())
            .collect();
        let sum = lines.iter().map(|(_, amount)| *amount).sum();
        Self { lines, sum }
    }

    fn rows(
        &self,
        tx: &Tx,
        heading: &'static str,
        parameters: &ReportParameters,
    ) -> Vec<ReportRow> {
        let locale = tx.context().locale;
        let mut rows = vec![
            ReportRow::plain(vec![
                ReportCell::Empty,
                ReportCell::Said(heading.to_owned()),
                self.sum.into(),
            ])
            .styled(ReportRowStyle::Heading, 0),
        ];
        for (row, amount) in &self.lines {
            let to = parameters.to.or(parameters.as_of);
            let line = ReportRow::plain(vec![
                row.account.code.as_str().into(),
                row.account.name(locale).into(),
                (*amount).into(),
            ]);
            rows.push(ReportRow {
                level: 1,
                node: Some(row.account.id.to_string()),
                drill: drill(parameters, row, to),
                ..line
            });
        }
        rows
    }
}

/// The general ledger of an account, for the same days.
fn drill(parameters: &ReportParameters, row: &TrialBalanceRow, to: Option<Date>) -> Option<Drill> {
    Some(Drill {
        report: "ledger.general_ledger",
        parameters: ReportParameters {
            company: parameters.company,
            account: Some(row.account.id),
            from: Some(parameters.from.or(to)?),
            to: Some(to?),
            ..ReportParameters::default()
        },
    })
}

fn named(key: &str, amount: Decimal) -> ReportRow {
    ReportRow::plain(total(key, amount)).styled(ReportRowStyle::Subtotal, 0)
}

fn total(key: &str, amount: Decimal) -> Vec<ReportCell> {
    vec![
        ReportCell::Empty,
        ReportCell::Said(key.to_owned()),
        amount.into(),
    ]
}
