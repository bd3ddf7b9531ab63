//! Garnishments: wages seized by a court or agency, by the legal scale or a fixed amount a month.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::filter::{DateFilter, DecimalFilter, IdFilter, TextFilter};
use kernel::ids::{CompanyId, EmployeeId, GarnishmentId, OrganisationId};
use kernel::{Date, Dec, Event, Fault, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::belonging::{belonging, stored};
use crate::employee::{self, Employee};
use crate::fault;
use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::garnishment;

kernel::text_enum! {
    /// How much a garnishment takes.
    pub enum GarnishmentBasis {
        /// By the legal scale (Ley de Enjuiciamiento Civil, art. 607).
        Scale = "SCALE",
        /// A fixed amount a month, such as maintenance (art. 608).
        Fixed = "FIXED",
    }
}

/// Wages seized by an authority.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = garnishment,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct Garnishment {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The garnishment.
    pub id: GarnishmentId,
    /// The company.
    pub company_id: CompanyId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// Who seizes.
    pub authority: String,
    /// Their reference.
    pub reference: String,
    /// How much it takes.
    pub basis: GarnishmentBasis,
    /// The amount a month, when it is fixed.
    pub monthly_amount: Option<Dec>,
    /// The lower goes first.
    pub priority: i32,
    /// How much is owed in all.
    pub amount: Dec,
    /// How much posted payrolls have taken.
    pub recovered: Dec,
    /// The day it was received.
    pub received_on: Date,
    /// The day it was lifted.
    pub lifted_on: Option<Date>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl Garnishment {
    /// What is still owed.
    pub fn outstanding(&self) -> Decimal {
        self.amount.0 - self.recovered.0
    }
}

listing! {
    /// Conditions on garnishments.
    filter GarnishmentFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By who seizes.
        authority: TextFilter => authority,
        /// By reference.
        reference: TextFilter => reference,
        /// By how much is owed.
        amount: DecimalFilter => amount,
        /// By the day they were received.
        received_on: DateFilter => received_on,
        /// By the day they were lifted; `isNull` finds those in force.
        lifted_on: DateFilter => lifted_on,
    }
    /// An order of garnishments.
    sort GarnishmentSort;
    /// What garnishments can be sorted by.
    by GarnishmentSortField {
        /// By the day they were received.
        ReceivedOn = "RECEIVED_ON" => received_on,
        /// By priority.
        Priority = "PRIORITY" => priority,
    }
    default ReceivedOn Desc;
    search [authority, reference];
    from "people" garnishment as Garnishment;
}

belonging! {
    garnishment as Garnishment, GarnishmentId;
    by GarnishmentFilter, GarnishmentSortField;
    unknown GARNISHMENT_NOT_FOUND
}
stored! { garnishment as Garnishment }

/// The garnishments of some employees in force in a month, for payroll; in order of priority.
pub(crate) async fn load(
    tx: &mut Tx,
    ids: &[EmployeeId],
    from: Date,
    to: Date,
) -> Result<Vec<Garnishment>> {
    Ok(garnishment::table
        .filter(garnishment::organisation_id.eq(tx.organisation()))
        .filter(garnishment::employee_id.eq_any(ids))
        .filter(garnishment::received_on.le(to))
        .filter(
            garnishment::lifted_on
                .is_null()
                .or(garnishment::lifted_on.gt(from)),
        )
        .order((
            garnishment::employee_id,
            garnishment::priority,
            garnishment::id,
        ))
        .select(Garnishment::as_select())
        .load(tx.conn())
        .await?)
}

/// Records a garnishment that was received.
#[derive(Clone, Debug, InputObject)]
pub struct GarnishmentRecordInput {
    /// An id made by the client, `gar_…`.
    pub id: Option<GarnishmentId>,
    /// The employee.
    pub employee: EmployeeId,
    /// Who seizes.
    pub authority: String,
    /// Their reference.
    pub reference: String,
    /// How much it takes.
    #[graphql(default_with = "GarnishmentBasis::Scale")]
    pub basis: GarnishmentBasis,
    /// The amount a month, when it is fixed.
    pub monthly_amount: Option<Dec>,
    /// The lower goes first, 1 to 1000.
    #[graphql(default = 100)]
    pub priority: i32,
    /// How much is owed in all.
    pub amount: Dec,
    /// The day it was received.
    pub received_on: Date,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Records a garnishment; it counts from the payroll of the month it was received in.
#[tracing::instrument(skip_all, fields(employee.id = %command.employee), err)]
pub async fn record(tx: &mut Tx, command: GarnishmentRecordInput) -> Result<Garnishment> {
    let employee = employee::lock(tx, command.employee, PAY_MANAGE, "employee").await?;
    let mut input = Input::new();
    let authority = input.take("authority", check::text(&command.authority, 200));
    let reference = input.take("reference", check::text(&command.reference, 100));
    let positive = |value: Dec| value.0 > Decimal::ZERO && crate::item::is_amount(value.0, 2);
    input.check(positive(command.amount), || {
        Fault::invalid(fault::AMOUNT_NOT_POSITIVE).at(["amount"])
    });
    input.check(command.monthly_amount.is_none_or(positive), || {
        Fault::invalid(fault::AMOUNT_NOT_POSITIVE).at(["monthlyAmount"])
    });
    let fixed = command.basis == GarnishmentBasis::Fixed;
    input.check(fixed == command.monthly_amount.is_some(), || {
        Fault::invalid(fault::GARNISHMENT_BASIS).at(["monthlyAmount"])
    });
    input.check((1..=1000).contains(&command.priority), || {
        Fault::invalid(fault::PRIORITY).at(["priority"])
    });
    input.finish()?;
    let row = Garnishment {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(GarnishmentId::generate),
        company_id: employee.company_id,
        employee_id: employee.id,
        authority,
        reference,
        basis: command.basis,
        monthly_amount: command.monthly_amount,
        priority: command.priority,
        amount: command.amount,
        recovered: Dec(Decimal::ZERO),
        received_on: command.received_on,
        lifted_on: None,
        created_at: tx.now(),
        version: 1,
    };
    insert(tx, &row).await?;
    let event = event("people.garnishment.recorded", &row, &employee);
    tx.emit(event.set_guarded("amount", row.amount, PAY_READ))
        .await?;
    Ok(row)
}

/// Lifts a garnishment.
#[derive(Clone, Debug, InputObject)]
pub struct GarnishmentLiftInput {
    /// The garnishment.
    pub id: GarnishmentId,
    /// The day from which it takes nothing any more.
    pub lifted_on: Date,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Lifts a garnishment from a day on.
#[tracing::instrument(skip_all, fields(garnishment.id = %command.id), err)]
pub async fn lift(tx: &mut Tx, command: GarnishmentLiftInput) -> Result<Garnishment> {
    let (employee, seen) = lock(tx, command.id).await?;
    check::version(seen.version, command.expected_version)?;
    if seen.lifted_on.is_some() {
        return Err(Fault::not_allowed(fault::CANCELLED_ALREADY)
            .at(["id"])
            .into());
    }
    if command.lifted_on < seen.received_on {
        return Err(Fault::invalid(fault::DATES_OUT_OF_ORDER)
            .at(["liftedOn"])
            .into());
    }
    let lifted_on = Some(command.lifted_on);
    let next = Garnishment {
        lifted_on,
        version: seen.version + 1,
        ..seen
    };
    store(tx, &next).await?;
    tx.emit(event("people.garnishment.lifted", &next, &employee).set("liftedOn", lifted_on))
        .await?;
    Ok(next)
}

fn event(action: &'static str, row: &Garnishment, employee: &Employee) -> Event {
    Event::new(action, "Garnishment", row.id, PAY_READ)
        .company(row.company_id)
        .department(employee.department_id)
        .set("employee", row.employee_id)
}
