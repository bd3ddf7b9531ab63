//! What the payslips of some employees are computed from: everything read in a constant number of
//! statements, however many employees there are.

use std::collections::HashMap;
use std::hash::Hash;

use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use kernel::ids::{EmployeeId, PayConceptId};
use kernel::{Date, Dec, Result, Tx};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{PayrollRun, PayrollRunKind};
use crate::absence::{self, Absence};
use crate::advance::{self, Advance};
use crate::concept::{self, PayConcept};
use crate::contract::rules::Month;
use crate::contract::{self, Contract};
use crate::employee::Employee;
use crate::family::{self, FamilySituation};
use crate::garnishment::{self, Garnishment};
use crate::item::{self, PayItem};
use crate::payslip::{self, Given};
use crate::schema::employee as employee_table;

/// What is known of some employees for a month.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub employees: HashMap<EmployeeId, Employee>,
    pub contracts: HashMap<EmployeeId, Vec<Contract>>,
    pub families: HashMap<EmployeeId, Vec<FamilySituation>>,
    pub items: HashMap<EmployeeId, Vec<PayItem>>,
    pub absences: HashMap<EmployeeId, Vec<Absence>>,
    pub advances: HashMap<EmployeeId, Vec<Advance>>,
    pub garnishments: HashMap<EmployeeId, Vec<Garnishment>>,
    pub concepts: HashMap<PayConceptId, PayConcept>,
    pub so_far: HashMap<EmployeeId, SoFar>,
    /// What the corrected run and its corrections gave; empty for a regular run.
    pub given: HashMap<EmployeeId, Vec<Given>>,
}

/// What the year has given before the month.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SoFar {
    pub taxable: Dec,
    pub tax: Dec,
    /// The least and the most that its payslips foresaw for the whole year.
    pub foreseen: Option<(Dec, Dec)>,
}

impl SoFar {
    /// Whether every payslip of the year so far foresaw this pay; also where there is none yet.
    pub fn foresaw(&self, annual_pay: Decimal) -> bool {
        self.foreseen
            .is_none_or(|(least, most)| least.0 == annual_pay && most.0 == annual_pay)
    }
}

/// One employee's part of the facts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'f> {
    pub employee: &'f Employee,
    pub contracts: &'f [Contract],
    pub families: &'f [FamilySituation],
    pub items: &'f [PayItem],
    pub absences: &'f [Absence],
    pub advances: &'f [Advance],
    pub garnishments: &'f [Garnishment],
    pub concepts: &'f HashMap<PayConceptId, PayConcept>,
    pub so_far: SoFar,
    pub given: &'f [Given],
}

impl Facts {
    /// What is known of one employee.
    pub fn of(&self, id: EmployeeId) -> Option<Known<'_>> {
        fn part<T>(all: &HashMap<EmployeeId, Vec<T>>, id: EmployeeId) -> &[T] {
            all.get(&id).map(Vec::as_slice).unwrap_or_default()
        }
        Some(Known {
            employee: self.employees.get(&id)?,
            contracts: part(&self.contracts, id),
            families: part(&self.families, id),
            items: part(&self.items, id),
            absences: part(&self.absences, id),
            advances: part(&self.advances, id),
            garnishments: part(&self.garnishments, id),
            concepts: &self.concepts,
            so_far: self.so_far.get(&id).copied().unwrap_or_default(),
            given: part(&self.given, id),
        })
    }
}

impl Known<'_> {
    /// What the corrected run took for an advance or a garnishment: it is owed again while the
    /// month is computed anew.
    pub fn taken(&self, subject: Uuid) -> Decimal {
        let rows = self
            .given
            .iter()
            .filter(|row| row.subject_id == Some(subject));
        rows.filter(|row| row.part.text() != "PAY")
            .map(|row| row.amount.0)
            .sum()
    }
}

/// Reads what is known of some employees for a run.
pub(super) async fn load(
    tx: &mut Tx,
    run: &PayrollRun,
    month: Month,
    ids: &[EmployeeId],
) -> Result<Facts> {
    let employees: Vec<Employee> = employee_table::table
        .filter(employee_table::organisation_id.eq(tx.organisation()))
        .filter(employee_table::id.eq_any(ids))
        .select(Employee::as_select())
        .load(tx.conn())
        .await?;
    let (first, last) = (Date(month.first), Date(month.last));
    let year = year_of(run.year, month);
    let contracts = contract::load(tx, ids).await?;
    let families = family::load(tx, ids).await?;
    let items = item::load(tx, ids, year).await?;
    let absences = absence::load(tx, ids, first, last).await?;
    let advances = advance::load(tx, ids, last).await?;
    let garnishments = garnishment::load(tx, ids, first, last).await?;
    let concepts = concept::load(tx, run.company_id).await?;
    let given = match (run.kind, run.corrects_id) {
        (PayrollRunKind::Delta, Some(corrects)) => payslip::sums_by_code(tx, corrects, ids).await?,
        _ => HashMap::new(),
    };
    Ok(Facts {
        employees: employees.into_iter().map(|row| (row.id, row)).collect(),
        contracts: grouped(contracts, |row| row.employee_id),
        families: grouped(families, |row| row.employee_id),
        items: grouped(items, |row| row.employee_id),
        absences: grouped(absences, |row| row.employee_id),
        advances: grouped(advances, |row| row.employee_id),
        garnishments: grouped(garnishments, |row| row.employee_id),
        concepts: concepts.into_iter().map(|row| (row.id, row)).collect(),
        so_far: so_far(tx, run, ids).await?,
        given,
    })
}

/// The year of a month as days; the month itself should the year not exist.
fn year_of(year: i32, month: Month) -> Month {
    match (Month::of(year, 1), Month::of(year, 12)) {
        (Some(january), Some(december)) => Month {
            first: january.first,
            last: december.last,
        },
        _ => month,
    }
}

fn grouped<K: Hash + Eq, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}

/// What posted runs of the company gave in earlier months of the year.
async fn so_far(
    tx: &mut Tx,
    run: &PayrollRun,
    ids: &[EmployeeId],
) -> Result<HashMap<EmployeeId, SoFar>> {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = sql::Uuid)]
        employee_id: EmployeeId,
        #[diesel(sql_type = sql::Numeric)]
        taxable: Dec,
        #[diesel(sql_type = sql::Numeric)]
        tax: Dec,
        #[diesel(sql_type = sql::Numeric)]
        least: Dec,
        #[diesel(sql_type = sql::Numeric)]
        most: Dec,
    }
    let sums: Vec<Sum> = diesel::sql_query(
        "SELECT p.employee_id, sum(p.taxable_pay) AS taxable, sum(p.tax) AS tax, \
            min(p.foreseen_pay) AS least, max(p.foreseen_pay) AS most \
         FROM people.payslip p \
         JOIN people.payroll_run r ON r.organisation_id = p.organisation_id AND r.id = p.run_id \
         WHERE p.organisation_id = $1 AND p.employee_id = ANY($2) AND p.company_id = $3 \
            AND p.year = $4 AND p.month < $5 AND r.status = 'POSTED' \
         GROUP BY p.employee_id",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Array<sql::Uuid>, _>(ids)
    .bind::<sql::Uuid, _>(run.company_id)
    .bind::<sql::Integer, _>(run.year)
    .bind::<sql::Integer, _>(run.month)
    .load(tx.conn())
    .await?;
    let sums = sums.into_iter();
    Ok(sums
        .map(|sum| {
            (
                sum.employee_id,
                SoFar {
                    taxable: sum.taxable,
                    tax: sum.tax,
                    foreseen: Some((sum.least, sum.most)),
                },
            )
        })
        .collect())
}
