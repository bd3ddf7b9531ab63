//! Contracts: the terms of work and pay of an employee, never two at once. What was agreed is
//! amended from a day on by a contract that continues the one before.

pub mod rules;
mod terms;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::filter::{DateFilter, DecimalFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{CompanyId, ContractId, EmployeeId, OrganisationId};
use kernel::{Date, Dec, Event, Fault, Result, Tx, listing};

pub use terms::{ContractTermsInput, ContractTermsPatch};

use crate::belonging::{belonging, stored};
use crate::employee::{self, Employee};
use crate::fault;
use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::contract;

kernel::text_enum! {
    /// Whether a contract has an end.
    pub enum ContractKind {
        /// Without an end.
        Indefinite = "INDEFINITE",
        /// With an end.
        Temporary = "TEMPORARY",
    }
}

kernel::enum_filter! {
    /// Conditions on the kind of a contract.
    ContractKindFilter of ContractKind
}

kernel::text_enum! {
    /// What a salary is agreed for.
    pub enum SalaryPeriod {
        /// A year, extra pays included.
        Year = "YEAR",
        /// A month; extra pays come on top.
        Month = "MONTH",
    }
}

/// The end reason of a contract that another one continues.
const AMENDED: &str = "AMENDED";

/// The terms of an employee's work and pay.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = contract,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Contract {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The contract.
    pub id: ContractId,
    /// The company.
    pub company_id: CompanyId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// Whether it has an end.
    pub kind: ContractKind,
    /// First day.
    pub starts_on: Date,
    /// Last day, included.
    pub ends_on: Option<Date>,
    /// The day from which seniority counts.
    pub seniority_from: Date,
    /// The contract that it continues with other terms.
    pub continues_id: Option<ContractId>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// The part of the full time; 1 is full time.
    pub working_time: Dec,
    /// Hours of a whole month, for part-time work; they follow from the part of the full time when
    /// absent.
    pub monthly_hours: Option<Dec>,
    /// Gross pay for its period and working time.
    pub salary: Dec,
    /// What the salary is agreed for.
    pub salary_period: SalaryPeriod,
    /// The months in which an extra pay of a month's salary is due.
    pub extra_pay_months: Vec<i32>,
    /// Whether a twelfth of the extra pays is paid every month instead.
    pub extra_pays_prorated: bool,
    /// Contribution group, 1 to 11.
    pub contribution_group: i16,
    /// What they do.
    pub occupation: String,
    /// Its code in the national classification (CNO).
    pub occupation_code: Option<String>,
    /// Professional group of the agreement.
    pub professional_group: Option<String>,
    /// The collective agreement.
    pub agreement: Option<String>,
    /// Rate of accidents at work and occupational diseases, in per cent.
    pub accident_rate: Dec,
    /// When the record was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Contract {
    /// Whether another contract continues it without a break.
    pub fn is_amended(&self) -> bool {
        self.end_reason.as_deref() == Some(AMENDED)
    }

    /// The event that it was made; the amounts show to whom pay is open.
    pub(crate) fn created(&self, employee: &Employee) -> Event {
        self.event("people.contract.created", employee)
            .set("kind", self.kind)
            .set("startsOn", self.starts_on)
            .set_guarded("salary", self.salary, PAY_READ)
    }

    fn event(&self, action: &'static str, employee: &Employee) -> Event {
        Event::new(action, "Contract", self.id, PAY_READ)
            .company(self.company_id)
            .department(employee.department_id)
            .set("employee", self.employee_id)
    }
}

listing! {
    /// Conditions on contracts.
    filter ContractFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By kind.
        kind: ContractKindFilter => kind,
        /// By first day.
        starts_on: DateFilter => starts_on,
        /// By last day; `isNull` finds those without an end.
        ends_on: DateFilter => ends_on,
        /// By salary.
        salary: DecimalFilter => salary,
        /// By contribution group.
        contribution_group: IntFilter => contribution_group,
        /// By what they do.
        occupation: TextFilter => occupation,
    }
    /// An order of contracts.
    sort ContractSort;
    /// What contracts can be sorted by.
    by ContractSortField {
        /// By first day.
        StartsOn = "STARTS_ON" => starts_on,
        /// By salary.
        Salary = "SALARY" => salary,
        /// By what they do.
        Occupation = "OCCUPATION" => occupation,
    }
    default StartsOn Desc;
    search [occupation, agreement];
    from "people" contract as Contract;
}

belonging! {
    contract as Contract, ContractId;
    by ContractFilter, ContractSortField;
    unknown CONTRACT_NOT_FOUND
}
stored! { contract as Contract }

/// A contract that is open to the actor.
pub async fn find(tx: &mut Tx, id: ContractId) -> Result<Option<Contract>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The contracts of some employees that are open to the actor, the latest first.
pub async fn of_employees(tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<Contract>> {
    let visible = visible(tx)?;
    Ok(contract::table
        .filter(contract::organisation_id.eq(tx.organisation()))
        .filter(contract::employee_id.eq_any(ids))
        .filter(visible)
        .order((contract::employee_id, contract::starts_on.desc()))
        .select(Contract::as_select())
        .load(tx.conn())
        .await?)
}

/// All contracts of some employees for payroll, the earliest first.
pub(crate) async fn load(tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<Contract>> {
    Ok(contract::table
        .filter(contract::organisation_id.eq(tx.organisation()))
        .filter(contract::employee_id.eq_any(ids))
        .order((contract::employee_id, contract::starts_on))
        .select(Contract::as_select())
        .load(tx.conn())
        .await?)
}

/// Makes another contract of an employee.
#[derive(Clone, Debug, InputObject)]
pub struct ContractCreateInput {
    /// An id made by the client, `ctr_…`.
    pub id: Option<ContractId>,
    /// The employee.
    pub employee: EmployeeId,
    /// The terms.
    pub terms: ContractTermsInput,
}

/// Makes a contract of an employee; one who had left is there again.
///
/// # Errors
/// Every fault of the input at once, an overlap with another contract among them.
#[tracing::instrument(skip_all, fields(employee.id = %command.employee), err)]
pub async fn create(tx: &mut Tx, command: ContractCreateInput) -> Result<Contract> {
    let employee = employee::lock(tx, command.employee, PAY_MANAGE, "employee").await?;
    let mut input = Input::new();
    let id = command.id.unwrap_or_else(ContractId::generate);
    let row = command.terms.row(tx, &employee, id, &mut input, "terms.");
    let others = load(tx, &[employee.id]).await?;
    rules::check_overlap(&row, &others, "terms.", &mut input);
    input.check(row.starts_on >= employee.hired_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["terms", "startsOn"])
    });
    input.finish()?;
    insert(tx, &row).await?;
    if employee.left_on.is_some() {
        return_to_work(tx, &employee).await?;
    }
    tx.emit(row.created(&employee)).await?;
    Ok(row)
}

async fn return_to_work(tx: &mut Tx, employee: &Employee) -> Result<()> {
    use crate::schema::employee as t;
    diesel::update(t::table.find((employee.organisation_id, employee.id)))
        .set((
            t::left_on.eq(None::<Date>),
            t::leave_reason.eq(None::<String>),
            t::version.eq(t::version + 1),
        ))
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a contract.
#[derive(Clone, Debug, InputObject)]
pub struct ContractEndInput {
    /// The contract.
    pub id: ContractId,
    /// Its last day.
    pub ends_on: Date,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
}

/// Ends a contract on a day.
#[tracing::instrument(skip_all, fields(contract.id = %command.id), err)]
pub async fn end(tx: &mut Tx, command: ContractEndInput) -> Result<Contract> {
    let (employee, seen) = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 500));
    input.check(command.ends_on >= seen.starts_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["endsOn"])
    });
    let next = Contract {
        ends_on: Some(command.ends_on),
        end_reason: Some(reason),
        version: seen.version + 1,
        ..seen.clone()
    };
    let others = load(tx, &[employee.id]).await?;
    rules::check_overlap(&next, &others, "", &mut input);
    input.finish()?;
    store(tx, &next).await?;
    let event = next.event("people.contract.ended", &employee);
    tx.emit(event.changed("endsOn", &seen.ends_on, &next.ends_on))
        .await?;
    Ok(next)
}

/// Changes the terms of a contract from a day on.
#[derive(Clone, Debug, InputObject)]
pub struct ContractAmendInput {
    /// The contract.
    pub id: ContractId,
    /// The first day of the new terms: the first day of a month.
    pub effective_on: Date,
    /// An id made by the client for the contract that continues it.
    pub new_id: Option<ContractId>,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: ContractTermsPatch,
}

/// Changes the terms from a day on: the contract ends the day before, and another one continues it
/// with its seniority and its extra pays. Terms that counted from the first day are just replaced.
#[tracing::instrument(skip_all, fields(contract.id = %command.id), err)]
pub async fn amend(tx: &mut Tx, command: ContractAmendInput) -> Result<Contract> {
    let (employee, seen) = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let mut input = Input::new();
    let from = command.effective_on;
    rules::check_amendment(&seen, from, &mut input);
    let terms = command.patch.applied_to(&seen, from);
    let whole = from == seen.starts_on;
    let id = if whole {
        seen.id
    } else {
        command.new_id.unwrap_or_else(ContractId::generate)
    };
    let mut next = terms.row(tx, &employee, id, &mut input, "patch.");
    input.finish()?;
    if whole {
        next = Contract {
            continues_id: seen.continues_id,
            created_at: seen.created_at,
            version: seen.version + 1,
            ..next
        };
        store(tx, &next).await?;
    } else {
        next.continues_id = Some(seen.id);
        let ended = Contract {
            ends_on: from.0.pred_opt().map(Date),
            end_reason: Some(AMENDED.to_owned()),
            version: seen.version + 1,
            ..seen.clone()
        };
        store(tx, &ended).await?;
        insert(tx, &next).await?;
    }
    let event = next
        .event("people.contract.amended", &employee)
        .set("effectiveOn", from);
    tx.emit(event.set_guarded("salary", next.salary, PAY_READ))
        .await?;
    Ok(next)
}

/// Ends what an employee who leaves still has; contracts that would begin later never were.
pub(crate) async fn end_all(
    tx: &mut Tx,
    employee: &Employee,
    on: Date,
    reason: &str,
) -> Result<()> {
    let open = load(tx, &[employee.id]).await?;
    let open = open
        .into_iter()
        .filter(|row| row.ends_on.is_none_or(|end| end > on));
    for row in open {
        if row.starts_on > on {
            return Err(Fault::invalid(fault::LEAVES_BEFORE_CONTRACT)
                .at(["leftOn"])
                .into());
        }
        let next = Contract {
            ends_on: Some(on),
            end_reason: Some(reason.to_owned()),
            version: row.version + 1,
            ..row
        };
        store(tx, &next).await?;
        let event = next
            .event("people.contract.ended", employee)
            .set("endsOn", on);
        tx.emit(event).await?;
    }
    Ok(())
}
