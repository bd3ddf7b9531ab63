//! Hiring: an employee with a family situation and a first contract, one or many at once.

use std::collections::{HashMap, HashSet};

use async_graphql::InputObject;
use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types as sql;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::ids::{CompanyId, ContractId, DepartmentId, EmployeeId, UserId};
use kernel::{Date, Error, Fault, Faults, Locale, Result, Tx};

use super::{Employee, told};
use crate::contract::{Contract, ContractTermsInput};
use crate::family::{FamilySituation, FamilySituationInput};
use crate::fault;
use crate::permission::{EMPLOYEE_MANAGE, EMPLOYEE_READ, PAY_MANAGE};
use crate::schema::{contract, employee, family_situation};

/// Hires an employee with a first contract.
#[derive(Clone, Debug, InputObject)]
pub struct EmployeeHireInput {
    /// An id made by the client, `emp_…`.
    pub id: Option<EmployeeId>,
    /// The company.
    pub company: CompanyId,
    /// The department.
    pub department: Option<DepartmentId>,
    /// First name.
    pub first_name: String,
    /// Surnames.
    pub last_name: String,
    /// NIF or NIE.
    pub tax_id: String,
    /// Social security number (NAF), twelve digits.
    pub social_security_number: String,
    /// Date of birth.
    pub birth_date: Date,
    /// E-mail address.
    pub email: Option<String>,
    /// The account that pay goes to.
    pub iban: Option<String>,
    /// The user that they are; takes the right to manage users, because it decides who sees what.
    pub user: Option<UserId>,
    /// The language of their documents; Spanish when absent.
    pub locale: Option<Locale>,
    /// What their tax depends on; alone, without children, when absent.
    pub family: Option<FamilySituationInput>,
    /// The first contract; its first day is the day they are hired.
    pub contract: ContractTermsInput,
}

/// Somebody hired.
#[derive(Clone, Debug)]
pub struct Hired {
    /// The employee.
    pub employee: Employee,
    /// Their first contract.
    pub contract: Contract,
}

/// Hires an employee: record, family situation and first contract in one. Needs the right to
/// manage employees and pay of the company.
///
/// # Errors
/// Every fault of the input at once.
#[tracing::instrument(skip_all, err)]
pub async fn hire(tx: &mut Tx, command: EmployeeHireInput) -> Result<Hired> {
    let hired = hire_all(tx, &[(String::new(), command)]).await?;
    hired
        .into_iter()
        .next()
        .ok_or_else(|| Error::bug("nobody was hired"))
}

/// Hires many, each with the path that its faults are told under; all or nobody.
pub(super) async fn hire_all(
    tx: &mut Tx,
    commands: &[(String, EmployeeHireInput)],
) -> Result<Vec<Hired>> {
    for (_, command) in commands {
        tx.require_in(EMPLOYEE_MANAGE, command.company, command.department)?;
        tx.require_in(PAY_MANAGE, command.company, command.department)?;
        if command.user.is_some() {
            tx.actor()
                .require_everywhere(directory::permission::USER_MANAGE)?;
        }
    }
    let mut faults = Faults::new();
    let mut drafts = Vec::with_capacity(commands.len());
    for (under, command) in commands {
        drafts.extend(faults.take(draft(tx, under, command))?);
    }
    faults.take(check_twice(commands).finish())?;
    let departments: Vec<_> = commands
        .iter()
        .map(|(under, command)| {
            (
                command.company,
                command.department,
                format!("{under}department"),
            )
        })
        .collect();
    faults.take(require_departments(tx, &departments).await)?;
    faults.take(check_taken(tx, commands).await?.finish())?;
    faults.finish()?;
    number(tx, &mut drafts).await?;
    record(tx, &drafts).await?;
    for (draft, (under, command)) in drafts.iter().zip(commands) {
        if let Some(user) = command.user {
            link(tx, draft.employee.id, user, &format!("{under}user")).await?;
        }
    }
    let hired = drafts.iter().map(|draft| {
        draft
            .employee
            .event("people.employee.hired", EMPLOYEE_READ)
            .set("number", draft.employee.number)
            .set("name", &draft.employee.full_name)
            .set("hiredOn", draft.employee.hired_on)
    });
    let hired = hired.collect();
    tx.emit_all(hired).await?;
    tx.emit_all(
        drafts
            .iter()
            .map(|it| it.contract.created(&it.employee))
            .collect(),
    )
    .await?;
    Ok(drafts
        .into_iter()
        .map(|it| Hired {
            employee: it.employee,
            contract: it.contract,
        })
        .collect())
}

struct Draft {
    employee: Employee,
    family: FamilySituation,
    contract: Contract,
}

fn draft(tx: &Tx, under: &str, c: &EmployeeHireInput) -> Result<Draft> {
    let at = |field: &str| format!("{under}{field}");
    let mut input = Input::new();
    let hired_on = c.contract.starts_on;
    let born = is_birth_date(c.birth_date, hired_on, tx.now().date_naive());
    input.check(born, || {
        Fault::invalid(fault::BIRTH_DATE).at(at("birthDate").split('.'))
    });
    let first_name = input.take(&at("firstName"), check::text(&c.first_name, 100));
    let last_name = input.take(&at("lastName"), check::text(&c.last_name, 100));
    let naf = directory::tax_id::social_security_es(&c.social_security_number);
    let employee = Employee {
        organisation_id: tx.organisation(),
        id: c.id.unwrap_or_else(EmployeeId::generate),
        company_id: c.company,
        department_id: c.department,
        number: 0,
        full_name: format!("{first_name} {last_name}"),
        first_name,
        last_name,
        tax_id: input.take(&at("taxId"), person_tax_id(&c.tax_id)),
        social_security_number: input.take(&at("socialSecurityNumber"), naf),
        birth_date: c.birth_date,
        email: input.take(&at("email"), check::each(c.email.as_deref(), check::email)),
        iban: input.take(&at("iban"), check::each(c.iban.as_deref(), check::iban)),
        locale: c.locale.unwrap_or(Locale::Es),
        hired_on,
        left_on: None,
        leave_reason: None,
        created_at: tx.now(),
        version: 1,
    };
    let family = c.family.clone().unwrap_or_default();
    let family = family.row(tx, employee.id, hired_on, &mut input, &at("family."));
    let id = ContractId::generate();
    let contract = c
        .contract
        .row(tx, &employee, id, &mut input, &at("contract."));
    input.finish()?;
    Ok(Draft {
        employee,
        family,
        contract,
    })
}

/// A NIF or NIE of a person: a letter or digit, seven digits or so, and its check letter. Those of
/// legal persons are refused.
pub(super) fn person_tax_id(value: &str) -> Result<String, Fault> {
    let checked = directory::tax_id::check("ES", value)?;
    let first = checked.chars().next().unwrap_or_default();
    if first.is_ascii_digit() || "KLMXYZ".contains(first) {
        Ok(checked)
    } else {
        Err(Fault::invalid(fault::TAX_ID_OF_COMPANY))
    }
}

/// Nobody works before they are 16 (Estatuto de los Trabajadores, art. 6.1) or after 120.
pub(super) fn is_birth_date(born: Date, hired: Date, today: NaiveDate) -> bool {
    let age = hired.0.years_since(born.0);
    born.0 < today && age.is_some_and(|age| (16..=120).contains(&age))
}

/// One input never names the same person, user or id twice.
fn check_twice(commands: &[(String, EmployeeHireInput)]) -> Faults {
    let mut faults = Faults::new();
    let (mut ids, mut tax_ids, mut users) = (HashSet::new(), HashSet::new(), HashSet::new());
    for (under, command) in commands {
        let at = |field: &str| format!("{under}{field}");
        let tax_id = command.tax_id.trim().to_uppercase();
        faults.check(tax_ids.insert((command.company, tax_id)), || {
            Fault::conflict(fault::TAX_ID_TAKEN).at(at("taxId").split('.'))
        });
        faults.check(command.id.is_none_or(|id| ids.insert(id)), || {
            Fault::conflict("kernel.id_taken").at(at("id").split('.'))
        });
        faults.check(command.user.is_none_or(|id| users.insert(id)), || {
            Fault::conflict(fault::USER_TAKEN).at(at("user").split('.'))
        });
    }
    faults
}

/// Who is there already, told in one answer with the rest; the constraints watch for races.
async fn check_taken(tx: &mut Tx, commands: &[(String, EmployeeHireInput)]) -> Result<Faults> {
    let tax_ids: Vec<String> = commands
        .iter()
        .filter_map(|(_, command)| person_tax_id(&command.tax_id).ok())
        .collect();
    let known: Vec<(CompanyId, String)> = employee::table
        .filter(employee::organisation_id.eq(tx.organisation()))
        .filter(employee::tax_id.eq_any(&tax_ids))
        .select((employee::company_id, employee::tax_id))
        .load(tx.conn())
        .await?;
    let known: HashSet<(CompanyId, String)> = known.into_iter().collect();
    let mut faults = Faults::new();
    for (under, command) in commands {
        let Ok(tax_id) = person_tax_id(&command.tax_id) else {
            continue;
        };
        faults.check(!known.contains(&(command.company, tax_id)), || {
            Fault::conflict(fault::TAX_ID_TAKEN).at(format!("{under}taxId").split('.'))
        });
    }
    Ok(faults)
}

/// That companies and departments exist and belong together; each with the path of its fault.
pub(super) async fn require_departments(
    tx: &mut Tx,
    wanted: &[(CompanyId, Option<DepartmentId>, impl AsRef<str>)],
) -> Result<()> {
    use directory::schema::department;
    let ids: Vec<DepartmentId> = wanted.iter().filter_map(|(_, id, _)| *id).collect();
    let known: Vec<(DepartmentId, CompanyId)> = department::table
        .filter(department::organisation_id.eq(tx.organisation()))
        .filter(department::id.eq_any(ids))
        .filter(department::archived_at.is_null())
        .select((department::id, department::company_id))
        .load(tx.conn())
        .await?;
    let known: HashMap<DepartmentId, CompanyId> = known.into_iter().collect();
    let mut companies: HashSet<CompanyId> = wanted.iter().map(|(id, _, _)| *id).collect();
    for company in companies.drain() {
        directory::company::load(tx, company).await?;
    }
    let mut faults = Faults::new();
    for (company, department, field) in wanted {
        let Some(department) = department else {
            continue;
        };
        faults.check(known.get(department) == Some(company), || {
            Fault::not_found(fault::DEPARTMENT_NOT_FOUND).at(field.as_ref().split('.'))
        });
    }
    faults.finish()
}

/// Takes the next numbers of each company; whoever hires at the same time waits for the commit.
async fn number(tx: &mut Tx, drafts: &mut [Draft]) -> Result<()> {
    let mut wanted: HashMap<CompanyId, i32> = HashMap::new();
    for draft in &*drafts {
        *wanted.entry(draft.employee.company_id).or_default() += 1;
    }
    let mut companies: Vec<(CompanyId, i32)> = wanted.into_iter().collect();
    companies.sort_unstable();
    let mut next: HashMap<CompanyId, i32> = HashMap::new();
    for (company, count) in companies {
        next.insert(company, take_numbers(tx, company, count).await?);
    }
    for draft in drafts {
        if let Some(number) = next.get_mut(&draft.employee.company_id) {
            draft.employee.number = *number;
            *number += 1;
        }
    }
    Ok(())
}

/// The first of so many numbers.
async fn take_numbers(tx: &mut Tx, company: CompanyId, count: i32) -> Result<i32> {
    #[derive(QueryableByName)]
    struct Taken {
        #[diesel(sql_type = sql::Integer)]
        last_number: i32,
    }
    let taken: Taken = diesel::sql_query(
        "INSERT INTO people.employee_counter AS c (organisation_id, company_id, last_number) \
         VALUES ($1, $2, $3) ON CONFLICT (organisation_id, company_id) \
         DO UPDATE SET last_number = c.last_number + $3 RETURNING c.last_number",
    )
    .bind::<sql::Uuid, _>(tx.organisation())
    .bind::<sql::Uuid, _>(company)
    .bind::<sql::Integer, _>(count)
    .get_result(tx.conn())
    .await?;
    Ok(taken.last_number - count + 1)
}

async fn record(tx: &mut Tx, drafts: &[Draft]) -> Result<()> {
    let single = drafts.len() == 1;
    for chunk in drafts.chunks(500) {
        let employees: Vec<&Employee> = chunk.iter().map(|draft| &draft.employee).collect();
        let families: Vec<&FamilySituation> = chunk.iter().map(|draft| &draft.family).collect();
        let contracts: Vec<&Contract> = chunk.iter().map(|draft| &draft.contract).collect();
        diesel::insert_into(employee::table)
            .values(employees)
            .execute(tx.conn())
            .await
            .map_err(|error| {
                if single {
                    told(error.into(), "")
                } else {
                    error.into()
                }
            })?;
        diesel::insert_into(family_situation::table)
            .values(families)
            .execute(tx.conn())
            .await?;
        diesel::insert_into(contract::table)
            .values(contracts)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Tells the directory which user an employee is, so that they see their own records.
async fn link(tx: &mut Tx, employee: EmployeeId, wanted: UserId, field: &str) -> Result<()> {
    use directory::schema::user;
    let linked = diesel::update(
        user::table
            .filter(user::organisation_id.eq(tx.organisation()))
            .filter(user::id.eq(wanted))
            .filter(user::employee_id.is_null()),
    )
    .set((
        user::employee_id.eq(employee),
        user::version.eq(user::version + 1),
    ))
    .execute(tx.conn())
    .await?;
    if linked == 1 {
        return Ok(());
    }
    Err(Fault::conflict(fault::USER_TAKEN)
        .at(field.split('.'))
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> Date {
        Date(NaiveDate::from_ymd_opt(year, month, day).unwrap())
    }

    #[test]
    fn only_persons_are_employees() {
        assert!(person_tax_id("12345678Z").is_ok());
        assert!(person_tax_id("X1234567L").is_ok());
        assert_eq!(
            person_tax_id("A58818501").unwrap_err().reason,
            fault::TAX_ID_OF_COMPANY
        );
        assert!(person_tax_id("12345678A").is_err());
    }

    #[test]
    fn nobody_works_before_sixteen() {
        let today = day(2026, 11, 23).0;
        assert!(is_birth_date(day(2010, 1, 1), day(2026, 1, 1), today));
        assert!(!is_birth_date(day(2010, 1, 2), day(2026, 1, 1), today));
        assert!(!is_birth_date(day(1900, 1, 1), day(2026, 1, 1), today));
        assert!(!is_birth_date(day(2027, 1, 1), day(2026, 1, 1), today));
    }
}
