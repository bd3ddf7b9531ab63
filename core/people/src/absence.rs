//! Absences without pay: days within a contract for which nothing is paid.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::filter::{DateFilter, DateTimeFilter, IdFilter, TextFilter};
use kernel::ids::{AbsenceId, CompanyId, EmployeeId, OrganisationId};
use kernel::{Date, Event, Fault, Result, Tx, listing};

use crate::belonging::{belonging, stored};
use crate::employee::{self, Employee};
use crate::fault;
use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::absence;

/// Days for which nothing is paid.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = absence,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Absence {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The absence.
    pub id: AbsenceId,
    /// The company.
    pub company_id: CompanyId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// First day.
    pub starts_on: Date,
    /// Last day, included.
    pub ends_on: Date,
    /// Why.
    pub reason: String,
    /// When it was taken back.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on absences.
    filter AbsenceFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By first day.
        starts_on: DateFilter => starts_on,
        /// By last day.
        ends_on: DateFilter => ends_on,
        /// By why.
        reason: TextFilter => reason,
        /// By whether they were taken back.
        cancelled_at: DateTimeFilter => cancelled_at,
    }
    /// An order of absences.
    sort AbsenceSort;
    /// What absences can be sorted by.
    by AbsenceSortField {
        /// By first day.
        StartsOn = "STARTS_ON" => starts_on,
        /// By when they were recorded.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default StartsOn Desc;
    search [reason];
    from "people" absence as Absence;
}

belonging! {
    absence as Absence, AbsenceId;
    by AbsenceFilter, AbsenceSortField;
    unknown ABSENCE_NOT_FOUND
}
stored! { absence as Absence }

/// The absences of some employees that count in a month, for payroll.
pub(crate) async fn load(
    tx: &mut Tx,
    ids: &[EmployeeId],
    from: Date,
    to: Date,
) -> Result<Vec<Absence>> {
    Ok(absence::table
        .filter(absence::organisation_id.eq(tx.organisation()))
        .filter(absence::employee_id.eq_any(ids))
        .filter(absence::cancelled_at.is_null())
        .filter(absence::starts_on.le(to))
        .filter(absence::ends_on.ge(from))
        .select(Absence::as_select())
        .load(tx.conn())
        .await?)
}

/// Records an absence without pay.
#[derive(Clone, Debug, InputObject)]
pub struct AbsenceRecordInput {
    /// An id made by the client, `abs_…`.
    pub id: Option<AbsenceId>,
    /// The employee.
    pub employee: EmployeeId,
    /// First day.
    pub starts_on: Date,
    /// Last day, included.
    pub ends_on: Date,
    /// Why, in at most 200 characters.
    pub reason: String,
}

/// Records days without pay; they may not overlap others of the employee.
#[tracing::instrument(skip_all, fields(employee.id = %command.employee), err)]
pub async fn record(tx: &mut Tx, command: AbsenceRecordInput) -> Result<Absence> {
    let employee = employee::lock(tx, command.employee, PAY_MANAGE, "employee").await?;
    let mut input = Input::new();
    let reason = input.take("reason", check::text(&command.reason, 200));
    input.check(command.ends_on >= command.starts_on, || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["endsOn"])
    });
    let others = load(tx, &[employee.id], command.starts_on, command.ends_on).await?;
    input.check(others.is_empty(), || {
        Fault::conflict(fault::ABSENCES_OVERLAP).at(["startsOn"])
    });
    input.finish()?;
    let row = Absence {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(AbsenceId::generate),
        company_id: employee.company_id,
        employee_id: employee.id,
        starts_on: command.starts_on,
        ends_on: command.ends_on,
        reason,
        cancelled_at: None,
        created_at: tx.now(),
        version: 1,
    };
    insert(tx, &row).await?;
    let event = event("people.absence.recorded", &row, &employee);
    tx.emit(
        event
            .set("startsOn", row.starts_on)
            .set("endsOn", row.ends_on),
    )
    .await?;
    Ok(row)
}

/// Takes an absence back.
#[derive(Clone, Debug, InputObject)]
pub struct AbsenceCancelInput {
    /// The absence.
    pub id: AbsenceId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Takes an absence back.
#[tracing::instrument(skip_all, fields(absence.id = %command.id), err)]
pub async fn cancel(tx: &mut Tx, command: AbsenceCancelInput) -> Result<Absence> {
    let (employee, seen) = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    if seen.cancelled_at.is_some() {
        return Err(Fault::not_allowed(fault::CANCELLED_ALREADY)
            .at(["id"])
            .into());
    }
    let next = Absence {
        cancelled_at: Some(tx.now()),
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    tx.emit(event("people.absence.cancelled", &next, &employee))
        .await?;
    Ok(next)
}

fn event(action: &'static str, row: &Absence, employee: &Employee) -> Event {
    Event::new(action, "Absence", row.id, PAY_READ)
        .company(row.company_id)
        .department(employee.department_id)
        .set("employee", row.employee_id)
}
