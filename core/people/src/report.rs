//! The reports of people: what a payroll, or the payrolls of some months, came to.

use std::collections::{BTreeMap, HashMap};

use chrono::{Datelike, NaiveDate};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::ids::{CompanyId, EmployeeId, PayrollRunId, PayslipId};
use kernel::report::{
    Parameter, Report, ReportCell, ReportColumn, ReportColumnKind, ReportParameter,
    ReportParameters, ReportRow, ReportRowStyle, ReportTable, Reports,
};
use kernel::{CurrencyCode, Dec, Error, Fault, Faults, Permission, Predicate, Result, Tx};
use rust_decimal::Decimal;

use crate::fault;
use crate::payroll::{PayrollRunKind, PayrollRunStatus};
use crate::permission::PAYSLIP_READ;
use crate::schema::{employee, payroll_run, payslip};

/// Adds the reports of people.
pub fn reports(reports: &mut Reports) {
    reports.register::<PayrollSummary>();
}

const KEY: &str = "people.payroll_summary";

const COLUMNS: &[ReportColumn] = &[
    ReportColumn::new("number", ReportColumnKind::Code),
    ReportColumn::new("employee", ReportColumnKind::Text),
    ReportColumn::new("gross", ReportColumnKind::Amount),
    ReportColumn::new("contributions", ReportColumnKind::Amount),
    ReportColumn::new("withholding", ReportColumnKind::Amount),
    ReportColumn::new("deductions", ReportColumnKind::Amount),
    ReportColumn::new("net", ReportColumnKind::Amount),
    ReportColumn::new("employer_contributions", ReportColumnKind::Amount),
    ReportColumn::new("cost", ReportColumnKind::Amount),
];

/// What each employee earned and cost: in a payroll run however it stands, or in the posted runs
/// of the months of a range. It shows the payslips that the actor may see as others', no more:
/// who reads pay in some departments alone gets those departments.
///
/// A run has a row a payslip; a range has a row an employee, and a subtotal a run that leads to it.
#[derive(Debug)]
pub struct PayrollSummary;

impl Report for PayrollSummary {
    const KEY: &'static str = KEY;
    const PERMISSION: Permission = PAYSLIP_READ;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::required(ReportParameter::Company),
        Parameter::optional(ReportParameter::From),
        Parameter::optional(ReportParameter::To),
        Parameter::optional(ReportParameter::PayrollRun),
        Parameter::optional(ReportParameter::Department),
    ];
    const COLUMNS: &'static [ReportColumn] = COLUMNS;

    async fn run(tx: &mut Tx, parameters: &ReportParameters) -> Result<ReportTable> {
        let company = parameters.required_company()?;
        let asked = Asked::of(parameters)?;
        let runs = runs(tx, company, asked).await?;
        let slips = slips(tx, company, parameters, &runs).await?;
        let people = names(tx, &slips).await?;
        let mut rows = match asked {
            Asked::Run(_) => by_payslip(&slips, &people),
            Asked::Months(..) => by_employee(&slips, &people),
        };
        if let Asked::Months(..) = asked {
            rows.extend(by_run(&runs, &slips, parameters));
        }
        let total = slips
            .iter()
            .fold(Pay::default(), |sum, slip| sum.plus(slip.pay()));
        let last = runs.iter().filter_map(|run| last_day(run.2, run.3)).max();
        let as_of = match asked {
            Asked::Months(_, to) => to,
            Asked::Run(_) => last.unwrap_or_else(|| tx.now().date_naive()),
        };
        Ok(ReportTable {
            as_of,
            // Payrolls are in euros: `payroll::draft` refuses companies of another currency.
            currency: Some(CurrencyCode::EUR),
            columns: COLUMNS.to_vec(),
            rows,
            totals: cells(ReportCell::Empty, ReportCell::Empty, total),
        })
    }
}

/// Which runs are asked for.
#[derive(Clone, Copy)]
enum Asked {
    Run(PayrollRunId),
    Months(NaiveDate, NaiveDate),
}

impl Asked {
    /// A run or a range, one of them.
    fn of(parameters: &ReportParameters) -> Result<Self> {
        let mut faults = Faults::default();
        let ends = [(parameters.from, "fromDate"), (parameters.to, "toDate")];
        if let Some(run) = parameters.payroll_run {
            for (given, name) in ends {
                if given.is_some() {
                    faults.push(
                        Fault::invalid("kernel.report_parameter_not_taken")
                            .at(["parameters", name]),
                    );
                }
            }
            faults.finish()?;
            return Ok(Self::Run(run));
        }
        for (given, name) in ends {
            if given.is_none() {
                faults.push(
                    Fault::invalid("kernel.report_parameter_missing").at(["parameters", name]),
                );
            }
        }
        faults.finish()?;
        let (from, to) = parameters.required_range()?;
        Ok(Self::Months(from, to))
    }
}

/// A run: which, of what kind, its year and month.
type Run = (PayrollRunId, PayrollRunKind, i32, i32);

/// The run that is asked for; or those posted whose month begins in the range, the first first.
async fn runs(tx: &mut Tx, company: CompanyId, asked: Asked) -> Result<Vec<Run>> {
    let mut query = payroll_run::table
        .filter(payroll_run::organisation_id.eq(tx.organisation()))
        .filter(payroll_run::company_id.eq(company))
        .order((payroll_run::year, payroll_run::month, payroll_run::id))
        .select((
            payroll_run::id,
            payroll_run::kind,
            payroll_run::year,
            payroll_run::month,
        ))
        .into_boxed();
    match asked {
        Asked::Run(id) => query = query.filter(payroll_run::id.eq(id)),
        Asked::Months(from, to) => {
            let months = payroll_run::year * 12 + payroll_run::month;
            let first = from.year() * 12 + i32::try_from(from.month()).unwrap_or_default();
            let first = if from.day() == 1 { first } else { first + 1 };
            let last = to.year() * 12 + i32::try_from(to.month()).unwrap_or_default();
            query = query
                .filter(payroll_run::status.eq(PayrollRunStatus::Posted))
                .filter(months.between(first, last));
        }
    }
    let found: Vec<Run> = query.load(tx.conn()).await?;
    match asked {
        Asked::Run(_) if found.is_empty() => Err(Fault::not_found(fault::RUN_NOT_FOUND)
            .at(["parameters", "payrollRun"])
            .into()),
        _ => Ok(found),
    }
}

/// What the report reads of a payslip.
#[derive(Clone, Copy, Debug, Queryable, Selectable)]
#[diesel(table_name = payslip, check_for_backend(diesel::pg::Pg))]
struct Slip {
    id: PayslipId,
    run_id: PayrollRunId,
    employee_id: EmployeeId,
    gross: Dec,
    employee_contributions: Dec,
    tax: Dec,
    deductions: Dec,
    net: Dec,
    employer_contributions: Dec,
}

/// What a payslip, or some together, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pay {
    gross: Decimal,
    contributions: Decimal,
    withholding: Decimal,
    deductions: Decimal,
    net: Decimal,
    employer: Decimal,
}

impl Slip {
    fn pay(&self) -> Pay {
        Pay {
            gross: self.gross.0,
            contributions: self.employee_contributions.0,
            withholding: self.tax.0,
            deductions: self.deductions.0,
            net: self.net.0,
            employer: self.employer_contributions.0,
        }
    }
}

impl Pay {
    fn plus(self, other: Self) -> Self {
        Self {
            gross: self.gross + other.gross,
            contributions: self.contributions + other.contributions,
            withholding: self.withholding + other.withholding,
            deductions: self.deductions + other.deductions,
            net: self.net + other.net,
            employer: self.employer + other.employer,
        }
    }
}

/// The payslips of some runs in what the right to others' payslips covers.
async fn slips(
    tx: &mut Tx,
    company: CompanyId,
    parameters: &ReportParameters,
    runs: &[Run],
) -> Result<Vec<Slip>> {
    let scope = tx.actor().scope(PAYSLIP_READ);
    if scope.is_nowhere() {
        return Err(Error::Denied(PAYSLIP_READ));
    }
    let column = |name: &str| kernel::page::quoted("people", "payslip", name);
    let (of_company, of_department) = (column("company_id"), column("department_id"));
    let visible = Predicate::in_scope(&scope, Some(&of_company), Some(&of_department));
    let ids: Vec<PayrollRunId> = runs.iter().map(|run| run.0).collect();
    let mut query = payslip::table
        .filter(payslip::organisation_id.eq(tx.organisation()))
        .filter(payslip::company_id.eq(company))
        .filter(payslip::run_id.eq_any(ids))
        .filter(visible)
        .select(Slip::as_select())
        .into_boxed();
    if let Some(department) = parameters.department {
        query = query.filter(payslip::department_id.eq(department));
    }
    Ok(query.load(tx.conn()).await?)
}

/// The number and name of an employee.
type Named = (i32, String);

async fn names(tx: &mut Tx, slips: &[Slip]) -> Result<HashMap<EmployeeId, Named>> {
    let ids: Vec<EmployeeId> = slips.iter().map(|slip| slip.employee_id).collect();
    let rows: Vec<(EmployeeId, i32, String)> = employee::table
        .filter(employee::organisation_id.eq(tx.organisation()))
        .filter(employee::id.eq_any(ids))
        .select((employee::id, employee::number, employee::full_name))
        .load(tx.conn())
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, number, name)| (id, (number, name)))
        .collect())
}

/// A row a payslip, by the employees' numbers.
fn by_payslip(slips: &[Slip], people: &HashMap<EmployeeId, Named>) -> Vec<ReportRow> {
    let mut slips: Vec<&Slip> = slips.iter().collect();
    slips.sort_by_key(|slip| (people.get(&slip.employee_id).map(|one| one.0), slip.id));
    slips
        .into_iter()
        .map(|slip| row(people.get(&slip.employee_id), slip.pay()).about(slip.id))
        .collect()
}

/// A row an employee, by number.
fn by_employee(slips: &[Slip], people: &HashMap<EmployeeId, Named>) -> Vec<ReportRow> {
    let mut sums: BTreeMap<(Option<i32>, EmployeeId), Pay> = BTreeMap::new();
    for slip in slips {
        let number = people.get(&slip.employee_id).map(|one| one.0);
        let sum = sums.entry((number, slip.employee_id)).or_default();
        *sum = sum.plus(slip.pay());
    }
    sums.into_iter()
        .map(|((_, id), pay)| row(people.get(&id), pay).about(id))
        .collect()
}

fn row(person: Option<&Named>, pay: Pay) -> ReportRow {
    let number = person.map(|one| one.0.to_string());
    let name = person.map(|one| one.1.clone());
    ReportRow::plain(cells(number.into(), name.into(), pay))
}

/// A subtotal a run of which something is seen, leading to the run by itself.
fn by_run(runs: &[Run], slips: &[Slip], parameters: &ReportParameters) -> Vec<ReportRow> {
    let mut sums: HashMap<PayrollRunId, Pay> = HashMap::new();
    for slip in slips {
        let sum = sums.entry(slip.run_id).or_default();
        *sum = sum.plus(slip.pay());
    }
    runs.iter()
        .filter_map(|(id, kind, year, month)| {
            let pay = *sums.get(id)?;
            let what = match kind {
                PayrollRunKind::Regular => "report.people.payroll_summary.regular",
                PayrollRunKind::Delta => "report.people.payroll_summary.delta",
            };
            let month = format!("{year}-{month:02}");
            let cells = cells(month.into(), ReportCell::Said(what.to_owned()), pay);
            let alone = ReportParameters {
                company: parameters.company,
                payroll_run: Some(*id),
                department: parameters.department,
                ..ReportParameters::default()
            };
            let row = ReportRow::plain(cells).styled(ReportRowStyle::Subtotal, 0);
            Some(row.about(id).drill(KEY, alone))
        })
        .collect()
}

fn cells(code: ReportCell, name: ReportCell, pay: Pay) -> Vec<ReportCell> {
    vec![
        code,
        name,
        pay.gross.into(),
        pay.contributions.into(),
        pay.withholding.into(),
        pay.deductions.into(),
        pay.net.into(),
        pay.employer.into(),
        (pay.gross + pay.employer).into(),
    ]
}

/// The last day of a month.
fn last_day(year: i32, month: i32) -> Option<NaiveDate> {
    crate::item::month_of(year, month).map(|month| month.last)
}
