//! Employees: hired with a first contract, changed, gone. Numbers are gap-free in their company.
//!
//! Round trips of a hiring, of one or of many: known ids and departments 2, counter 1, record 3,
//! outbox 2.

mod aggregate;
mod hire;
mod import;
mod sheet;

use async_graphql::{InputObject, MaybeUndefined};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input, taken};
use kernel::filter::{DateFilter, IdFilter, IntFilter, TextFilter};
use kernel::ids::{CompanyId, DepartmentId, EmployeeId, OrganisationId};
use kernel::page::{Page, PageRequest};
use kernel::{Actor, Date, Event, Fault, Locale, Permission, Predicate, Result, Tx, listing};

pub use aggregate::{EmployeeGroupBy, aggregate};
pub use hire::{EmployeeHireInput, Hired, hire};
pub use import::{EmployeeImport, EmployeeImportInput, import};

use crate::fault;
use crate::permission::{EMPLOYEE_MANAGE, EMPLOYEE_READ, PAY_MANAGE, PAY_READ, SELF_READ};
use crate::reach::{self, Columns};
use crate::schema::employee;

/// A person who works or worked for a company.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = employee,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Employee {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The employee.
    pub id: EmployeeId,
    /// The company they work for.
    pub company_id: CompanyId,
    /// Their department.
    pub department_id: Option<DepartmentId>,
    /// Their number in the company, from 1 without gaps.
    pub number: i32,
    /// First name.
    pub first_name: String,
    /// Surnames.
    pub last_name: String,
    /// First name and surnames.
    pub full_name: String,
    /// NIF or NIE; see [`Employee::tax_id_for`].
    pub tax_id: String,
    /// Número de afiliación a la Seguridad Social; see [`Employee::social_security_number_for`].
    pub social_security_number: String,
    /// Date of birth; see [`Employee::birth_date_for`].
    pub birth_date: Date,
    /// E-mail address.
    pub email: Option<String>,
    /// The account that pay goes to; see [`Employee::iban_for`].
    pub iban: Option<String>,
    /// The language of their documents.
    pub locale: Locale,
    /// First day.
    pub hired_on: Date,
    /// Last day.
    pub left_on: Option<Date>,
    /// Why they left.
    pub leave_reason: Option<String>,
    /// When the record was made.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Employee {
    /// Their number as people write it, `0042`.
    pub fn code(&self) -> String {
        format!("{:04}", self.number)
    }

    /// Whether the actor may see pay, accounts and tax ids of this employee: by right, or their own.
    pub fn is_open_to(&self, actor: &Actor) -> bool {
        actor
            .scope(PAY_READ)
            .covers(Some(self.company_id), self.department_id)
            || reach::own_record(actor, SELF_READ) == Some(self.id)
    }

    /// The account, whole to whom it is open, else masked.
    pub fn iban_for(&self, actor: &Actor) -> Option<String> {
        let open = self.is_open_to(actor);
        let shown = |iban: &String| {
            if open {
                iban.clone()
            } else {
                check::masked_iban(iban)
            }
        };
        self.iban.as_ref().map(shown)
    }

    /// The tax id, to whom it is open.
    pub fn tax_id_for(&self, actor: &Actor) -> Option<&str> {
        self.is_open_to(actor).then_some(self.tax_id.as_str())
    }

    /// The social security number, to whom it is open.
    pub fn social_security_number_for(&self, actor: &Actor) -> Option<&str> {
        self.is_open_to(actor)
            .then_some(self.social_security_number.as_str())
    }

    /// The date of birth, to whom it is open.
    pub fn birth_date_for(&self, actor: &Actor) -> Option<Date> {
        self.is_open_to(actor).then_some(self.birth_date)
    }

    /// An event about them.
    pub(crate) fn event(&self, action: &'static str, permission: Permission) -> Event {
        Event::new(action, "Employee", self.id, permission)
            .company(self.company_id)
            .department(self.department_id)
    }
}

listing! {
    /// Conditions on employees.
    filter EmployeeFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By department.
        department: IdFilter => department_id,
        /// By number.
        number: IntFilter => number,
        /// By name.
        name: TextFilter => full_name,
        /// By e-mail address.
        email: TextFilter => email,
        /// By first day.
        hired_on: DateFilter => hired_on,
        /// By last day; `isNull` finds those who are still there.
        left_on: DateFilter => left_on,
    }
    /// An order of employees.
    sort EmployeeSort;
    /// What employees can be sorted by.
    by EmployeeSortField {
        /// By number.
        Number = "NUMBER" => number,
        /// By surnames.
        LastName = "LAST_NAME" => last_name,
        /// By first day.
        HiredOn = "HIRED_ON" => hired_on,
    }
    default Number Asc;
    search [full_name, email];
    from "people" employee as Employee;
}

fn visible(tx: &Tx) -> Result<Predicate> {
    let columns = Columns {
        organisation: "\"people\".\"employee\".\"organisation_id\"",
        company: "\"people\".\"employee\".\"company_id\"",
        department: Some("\"people\".\"employee\".\"department_id\""),
        employee: "\"people\".\"employee\".\"id\"",
    };
    reach::visible(tx, columns, EMPLOYEE_READ, SELF_READ)
}

/// A page of the employees that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<EmployeeFilter, EmployeeSortField>,
) -> Result<Page<Employee>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many employees the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<EmployeeFilter, EmployeeSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some employees.
pub async fn by_ids(tx: &mut Tx, ids: &[EmployeeId]) -> Result<Vec<Employee>> {
    let visible = visible(tx)?;
    Ok(employee::table
        .filter(employee::organisation_id.eq(tx.organisation()))
        .filter(employee::id.eq_any(ids))
        .filter(visible)
        .select(Employee::as_select())
        .load(tx.conn())
        .await?)
}

/// An employee that the actor may see.
pub async fn find(tx: &mut Tx, id: EmployeeId) -> Result<Option<Employee>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The employee that the actor is, if they are one and may see themselves.
pub async fn own(tx: &mut Tx) -> Result<Option<Employee>> {
    match reach::own_record(tx.actor(), SELF_READ) {
        Some(me) => find(tx, me).await,
        None => Ok(None),
    }
}

/// Locks an employee whose records the actor may change by a permission, so that writers of one
/// employee's records take turns. Who may not even see them learns nothing.
pub(crate) async fn lock(
    tx: &mut Tx,
    id: EmployeeId,
    permission: Permission,
    field: &'static str,
) -> Result<Employee> {
    tx.require(permission)?;
    let row: Option<Employee> = employee::table
        .find((tx.organisation(), id))
        .for_update()
        .select(Employee::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let covers = |permission: Permission, row: &Employee| {
        tx_covers(tx, permission, row.company_id, row.department_id)
    };
    let seen = row.filter(|row| covers(permission, row) || covers(EMPLOYEE_READ, row));
    let row = seen.ok_or_else(|| Fault::not_found(fault::EMPLOYEE_NOT_FOUND).at([field]))?;
    tx.require_in(permission, row.company_id, row.department_id)?;
    Ok(row)
}

fn tx_covers(
    tx: &Tx,
    permission: Permission,
    company: CompanyId,
    department: Option<DepartmentId>,
) -> bool {
    tx.actor()
        .scope(permission)
        .covers(Some(company), department)
}

/// Changes an employee's data.
#[derive(Clone, Debug, InputObject)]
pub struct EmployeeUpdateInput {
    /// The employee.
    pub id: EmployeeId,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
    /// What changes.
    pub patch: EmployeePatch,
}

/// What of an employee may change: absent fields stay, null ones are cleared.
#[derive(Clone, Debug, Default, InputObject)]
pub struct EmployeePatch {
    /// The department.
    pub department: MaybeUndefined<DepartmentId>,
    /// First name.
    pub first_name: Option<String>,
    /// Surnames.
    pub last_name: Option<String>,
    /// NIF or NIE.
    pub tax_id: Option<String>,
    /// Social security number, twelve digits.
    pub social_security_number: Option<String>,
    /// Date of birth.
    pub birth_date: Option<Date>,
    /// E-mail address.
    pub email: MaybeUndefined<String>,
    /// The account that pay goes to; takes the right to manage pay.
    pub iban: MaybeUndefined<String>,
    /// The language of their documents.
    pub locale: Option<Locale>,
}

/// Changes an employee's data. The account changes only by who may manage pay.
#[tracing::instrument(skip_all, fields(employee.id = %command.id), err)]
pub async fn update(tx: &mut Tx, command: EmployeeUpdateInput) -> Result<Employee> {
    let seen = lock(tx, command.id, EMPLOYEE_MANAGE, "id").await?;
    check::version(seen.version, command.expected_version)?;
    if !command.patch.iban.is_undefined() {
        tx.require_in(PAY_MANAGE, seen.company_id, seen.department_id)?;
    }
    let next = patched(tx, &seen, &command.patch)?;
    if next.department_id != seen.department_id {
        tx.require_in(EMPLOYEE_MANAGE, next.company_id, next.department_id)?;
        hire::require_departments(
            tx,
            &[(next.company_id, next.department_id, "patch.department")],
        )
        .await?;
    }
    store(tx, &next)
        .await
        .map_err(|error| told(error, "patch."))?;
    tx.emit(changes(&seen, &next)).await?;
    Ok(next)
}

fn patched(tx: &Tx, seen: &Employee, patch: &EmployeePatch) -> Result<Employee> {
    let mut next = Employee {
        version: seen.version + 1,
        ..seen.clone()
    };
    let mut input = Input::new();
    for (value, target, field) in [
        (&patch.first_name, &mut next.first_name, "patch.firstName"),
        (&patch.last_name, &mut next.last_name, "patch.lastName"),
    ] {
        if let Some(name) = value {
            *target = input.take(field, check::text(name, 100));
        }
    }
    next.full_name = format!("{} {}", next.first_name, next.last_name);
    if let Some(value) = &patch.tax_id {
        next.tax_id = input.take("patch.taxId", hire::person_tax_id(value));
    }
    if let Some(value) = &patch.social_security_number {
        let checked = directory::tax_id::social_security_es(value);
        next.social_security_number = input.take("patch.socialSecurityNumber", checked);
    }
    if let Some(born) = patch.birth_date {
        next.birth_date = born;
        let fits = hire::is_birth_date(born, next.hired_on, tx.now().date_naive());
        input.check(fits, || {
            Fault::invalid(fault::BIRTH_DATE).at(["patch", "birthDate"])
        });
    }
    if let MaybeUndefined::Value(value) = &patch.email {
        next.email = input.take("patch.email", check::each(Some(value), check::email));
    }
    if let MaybeUndefined::Value(value) = &patch.iban {
        next.iban = input.take("patch.iban", check::each(Some(value), check::iban));
    }
    if patch.email.is_null() {
        next.email = None;
    }
    if patch.iban.is_null() {
        next.iban = None;
    }
    if let Some(department) = patch.department.as_opt_ref() {
        next.department_id = department.copied();
    }
    next.locale = patch.locale.unwrap_or(seen.locale);
    input.finish()?;
    Ok(next)
}

fn changes(seen: &Employee, next: &Employee) -> Event {
    let event = next
        .event("people.employee.updated", EMPLOYEE_READ)
        .changed("firstName", &seen.first_name, &next.first_name)
        .changed("lastName", &seen.last_name, &next.last_name)
        .changed("department", &seen.department_id, &next.department_id)
        .changed("email", &seen.email, &next.email)
        .changed("locale", &seen.locale, &next.locale);
    let guarded = [
        ("taxId", seen.tax_id != next.tax_id, &next.tax_id),
        (
            "socialSecurityNumber",
            seen.social_security_number != next.social_security_number,
            &next.social_security_number,
        ),
    ];
    let event = guarded
        .into_iter()
        .filter(|(_, changed, _)| *changed)
        .fold(event, |event, (field, _, value)| {
            event.set_guarded(field, value, PAY_READ)
        });
    let event = if seen.birth_date == next.birth_date {
        event
    } else {
        event.set_guarded("birthDate", next.birth_date, PAY_READ)
    };
    if seen.iban == next.iban {
        return event;
    }
    event.set_guarded(
        "iban",
        next.iban.as_deref().map(check::masked_iban),
        PAY_READ,
    )
}

/// Says that an employee leaves.
#[derive(Clone, Debug, InputObject)]
pub struct EmployeeLeaveInput {
    /// The employee.
    pub id: EmployeeId,
    /// Their last day.
    pub left_on: Date,
    /// Why, in at most 500 characters.
    pub reason: String,
    /// The version that the change was made on.
    pub expected_version: Option<i32>,
}

/// An employee leaves: their contract ends with their last day.
///
/// # Errors
/// A last day before the first, or before the start of the current contract.
#[tracing::instrument(skip_all, fields(employee.id = %command.id), err)]
pub async fn leave(tx: &mut Tx, command: EmployeeLeaveInput) -> Result<Employee> {
    let seen = lock(tx, command.id, EMPLOYEE_MANAGE, "id").await?;
    check::version(seen.version, command.expected_version)?;
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 500));
    input.check(seen.left_on.is_none(), || {
        Fault::not_allowed(fault::LEFT_ALREADY).at(["id"])
    });
    input.check(command.left_on >= seen.hired_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["leftOn"])
    });
    input.finish()?;
    let next = Employee {
        left_on: Some(command.left_on),
        leave_reason: Some(reason.clone()),
        version: seen.version + 1,
        ..seen
    };
    crate::contract::end_all(tx, &next, command.left_on, &reason).await?;
    store(tx, &next).await?;
    let event = next
        .event("people.employee.left", EMPLOYEE_READ)
        .set("leftOn", command.left_on);
    tx.emit(event).await?;
    Ok(next)
}

async fn store(tx: &mut Tx, row: &Employee) -> Result<()> {
    diesel::update(employee::table.find((row.organisation_id, row.id)))
        .set(row)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Says which field clashes with another record.
fn told(error: kernel::Error, under: &str) -> kernel::Error {
    let at = |field: &str| format!("{under}{field}");
    let error = taken(error, "employee_tax_id", fault::TAX_ID_TAKEN, &at("taxId"));
    taken(error, "employee_pkey", "kernel.id_taken", &at("id"))
}

/// Every employee of a company who has a contract within some days, for payroll.
pub(crate) async fn employed(
    tx: &mut Tx,
    company: CompanyId,
    from: Date,
    to: Date,
) -> Result<Vec<EmployeeId>> {
    use crate::schema::contract;
    let ids: Vec<EmployeeId> = contract::table
        .filter(contract::organisation_id.eq(tx.organisation()))
        .filter(contract::company_id.eq(company))
        .filter(contract::starts_on.le(to))
        .filter(contract::ends_on.is_null().or(contract::ends_on.ge(from)))
        .select(contract::employee_id)
        .distinct()
        .order(contract::employee_id)
        .load(tx.conn())
        .await?;
    Ok(ids)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kernel::Scope;

    pub(crate) fn someone() -> Employee {
        Employee {
            organisation_id: OrganisationId::generate(),
            id: EmployeeId::generate(),
            company_id: CompanyId::generate(),
            department_id: None,
            number: 7,
            first_name: "Ana".into(),
            last_name: "Ruiz".into(),
            full_name: "Ana Ruiz".into(),
            tax_id: "12345678Z".into(),
            social_security_number: "281234567840".into(),
            birth_date: Date(chrono::NaiveDate::from_ymd_opt(1990, 1, 1).unwrap()),
            email: None,
            iban: Some("ES9121000418450200051332".into()),
            locale: Locale::Es,
            hired_on: Date(chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()),
            left_on: None,
            leave_reason: None,
            created_at: DateTime::default(),
            version: 1,
        }
    }

    #[test]
    fn pay_data_is_closed_by_default_and_open_to_its_owner() {
        let row = someone();
        let nobody = Actor {
            grants: Default::default(),
            ..Actor::system(row.organisation_id)
        };
        assert_eq!(row.iban_for(&nobody).as_deref(), Some("ES91 •••• 1332"));
        assert_eq!(row.tax_id_for(&nobody), None);
        let mut me = Actor {
            employee: Some(row.id),
            ..nobody
        };
        assert_eq!(
            row.tax_id_for(&me),
            None,
            "being an employee gives no right by itself"
        );
        me.grants.insert(SELF_READ.into(), Scope::everywhere());
        assert_eq!(row.tax_id_for(&me), Some("12345678Z"));
        assert_eq!(row.code(), "0007");
    }
}
