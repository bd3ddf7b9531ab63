//! Advances: paid on account of wages, taken back month by month when payroll is posted.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::filter::{DateFilter, DecimalFilter, IdFilter};
use kernel::ids::{AdvanceId, CompanyId, EmployeeId, OrganisationId};
use kernel::{Date, Dec, Event, Fault, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::belonging::{belonging, stored};
use crate::employee::{self, Employee};
use crate::fault;
use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::advance;

/// Something paid on account.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = advance,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Advance {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The advance.
    pub id: AdvanceId,
    /// The company.
    pub company_id: CompanyId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// The day it was paid.
    pub granted_on: Date,
    /// How much was paid.
    pub amount: Dec,
    /// How much is taken back a month, at most.
    pub instalment: Dec,
    /// How much posted payrolls have taken back.
    pub recovered: Dec,
    /// A remark.
    pub memo: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Advance {
    /// What is still owed.
    pub fn outstanding(&self) -> Decimal {
        self.amount.0 - self.recovered.0
    }
}

listing! {
    /// Conditions on advances.
    filter AdvanceFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By the day they were paid.
        granted_on: DateFilter => granted_on,
        /// By how much was paid.
        amount: DecimalFilter => amount,
    }
    /// An order of advances.
    sort AdvanceSort;
    /// What advances can be sorted by.
    by AdvanceSortField {
        /// By the day they were paid.
        GrantedOn = "GRANTED_ON" => granted_on,
        /// By how much was paid.
        Amount = "AMOUNT" => amount,
    }
    default GrantedOn Desc;
    search [memo];
    from "people" advance as Advance;
}

belonging! {
    advance as Advance, AdvanceId;
    by AdvanceFilter, AdvanceSortField;
    unknown ADVANCE_NOT_FOUND
}
stored! { advance as Advance }

/// The advances of some employees granted up to a day, for payroll; in order of their making.
pub(crate) async fn load(tx: &mut Tx, ids: &[EmployeeId], to: Date) -> Result<Vec<Advance>> {
    Ok(advance::table
        .filter(advance::organisation_id.eq(tx.organisation()))
        .filter(advance::employee_id.eq_any(ids))
        .filter(advance::granted_on.le(to))
        .order((advance::employee_id, advance::id))
        .select(Advance::as_select())
        .load(tx.conn())
        .await?)
}

/// Records an advance that was paid.
#[derive(Clone, Debug, InputObject)]
pub struct AdvanceGrantInput {
    /// An id made by the client, `adv_…`.
    pub id: Option<AdvanceId>,
    /// The employee.
    pub employee: EmployeeId,
    /// The day it is paid.
    pub granted_on: Date,
    /// How much is paid.
    pub amount: Dec,
    /// How much is taken back a month, at most; all at once when absent.
    pub instalment: Option<Dec>,
    /// A remark, in at most 200 characters.
    pub memo: Option<String>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Records an advance; its payment is posted by who pays it.
#[tracing::instrument(skip_all, fields(employee.id = %command.employee), err)]
pub async fn grant(tx: &mut Tx, command: AdvanceGrantInput) -> Result<Advance> {
    let employee = employee::lock(tx, command.employee, PAY_MANAGE, "employee").await?;
    let mut input = Input::new();
    let memo = input.take("memo", check::optional(command.memo.as_deref(), 200));
    let instalment = command.instalment.unwrap_or(command.amount);
    for (field, value) in [("amount", command.amount.0), ("instalment", instalment.0)] {
        input.check(
            value > Decimal::ZERO && crate::item::is_amount(value, 2),
            || Fault::invalid(fault::AMOUNT_NOT_POSITIVE).at([field]),
        );
    }
    input.check(instalment <= command.amount, || {
        Fault::invalid(fault::INSTALMENT_TOO_HIGH).at(["instalment"])
    });
    input.finish()?;
    let row = Advance {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(AdvanceId::generate),
        company_id: employee.company_id,
        employee_id: employee.id,
        granted_on: command.granted_on,
        amount: command.amount,
        instalment,
        recovered: Dec(Decimal::ZERO),
        memo,
        created_at: tx.now(),
        version: 1,
    };
    insert(tx, &row).await?;
    let event = event("people.advance.granted", &row, &employee);
    tx.emit(event.set_guarded("amount", row.amount, PAY_READ))
        .await?;
    Ok(row)
}

/// Changes how an advance is taken back.
#[derive(Clone, Debug, InputObject)]
pub struct AdvanceRescheduleInput {
    /// The advance.
    pub id: AdvanceId,
    /// How much is taken back a month, at most.
    pub instalment: Dec,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Changes how much of an advance is taken back a month.
#[tracing::instrument(skip_all, fields(advance.id = %command.id), err)]
pub async fn reschedule(tx: &mut Tx, command: AdvanceRescheduleInput) -> Result<Advance> {
    let (employee, seen) = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    let value = command.instalment.0;
    let mut input = Input::new();
    input.check(
        value > Decimal::ZERO && crate::item::is_amount(value, 2),
        || Fault::invalid(fault::AMOUNT_NOT_POSITIVE).at(["instalment"]),
    );
    input.check(command.instalment <= seen.amount, || {
        Fault::invalid(fault::INSTALMENT_TOO_HIGH).at(["instalment"])
    });
    input.finish()?;
    let next = Advance {
        instalment: command.instalment,
        version: seen.version + 1,
        ..seen.clone()
    };
    store(tx, &next).await?;
    let event = event("people.advance.rescheduled", &next, &employee);
    tx.emit(event.set_guarded("instalment", next.instalment, PAY_READ))
        .await?;
    Ok(next)
}

fn event(action: &'static str, row: &Advance, employee: &Employee) -> Event {
    Event::new(action, "Advance", row.id, PAY_READ)
        .company(row.company_id)
        .department(employee.department_id)
        .set("employee", row.employee_id)
}
