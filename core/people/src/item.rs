//! Pay items: a concept for an employee, every month from one on, or in one month.

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{self, Input};
use kernel::filter::{BooleanFilter, DateFilter, IdFilter};
use kernel::ids::{CompanyId, EmployeeId, OrganisationId, PayConceptId, PayItemId};
use kernel::{Date, Dec, Event, Fault, Result, Tx, listing};
use rust_decimal::Decimal;

use crate::belonging::belonging;
use crate::contract::rules::Month;
use crate::employee::{self, Employee};
use crate::fault;
use crate::permission::{PAY_MANAGE, PAY_READ};
use crate::schema::{pay_concept, pay_item};

/// A concept given to an employee.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = pay_item, check_for_backend(diesel::pg::Pg))]
pub struct PayItem {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The item.
    pub id: PayItemId,
    /// The company.
    pub company_id: CompanyId,
    /// The employee.
    pub employee_id: EmployeeId,
    /// The concept.
    pub concept_id: PayConceptId,
    /// Whether it comes every month.
    pub recurring: bool,
    /// The first day of its first month.
    pub starts_on: Date,
    /// The last day of its last month.
    pub ends_on: Option<Date>,
    /// What the concept's formula calls `amount`.
    pub amount: Option<Dec>,
    /// What the concept's formula calls `quantity`.
    pub quantity: Option<Dec>,
    /// A remark.
    pub memo: Option<String>,
    /// When it was recorded.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

listing! {
    /// Conditions on pay items.
    filter PayItemFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By concept.
        concept: IdFilter => concept_id,
        /// By whether they come every month.
        recurring: BooleanFilter => recurring,
        /// By their first month.
        starts_on: DateFilter => starts_on,
        /// By their last month.
        ends_on: DateFilter => ends_on,
    }
    /// An order of pay items.
    sort PayItemSort;
    /// What pay items can be sorted by.
    by PayItemSortField {
        /// By their first month.
        StartsOn = "STARTS_ON" => starts_on,
        /// By when they were recorded.
        CreatedAt = "CREATED_AT" => created_at,
    }
    default StartsOn Desc;
    search [memo];
    from "people" pay_item as PayItem;
}

belonging! {
    pay_item as PayItem, PayItemId;
    by PayItemFilter, PayItemSortField;
    unknown ITEM_NOT_FOUND
}

/// The items of some employees that count in a year, for payroll; in order of their making.
pub(crate) async fn load(tx: &mut Tx, ids: &[EmployeeId], year: Month) -> Result<Vec<PayItem>> {
    Ok(pay_item::table
        .filter(pay_item::organisation_id.eq(tx.organisation()))
        .filter(pay_item::employee_id.eq_any(ids))
        .filter(pay_item::starts_on.le(Date(year.last)))
        .filter(
            pay_item::ends_on
                .is_null()
                .or(pay_item::ends_on.ge(Date(year.first))),
        )
        .order((pay_item::employee_id, pay_item::id))
        .select(PayItem::as_select())
        .load(tx.conn())
        .await?)
}

/// Gives a concept to an employee.
#[derive(Clone, Debug, InputObject)]
pub struct PayItemCreateInput {
    /// An id made by the client, `pit_…`.
    pub id: Option<PayItemId>,
    /// The employee.
    pub employee: EmployeeId,
    /// The concept, of the same company.
    pub concept: PayConceptId,
    /// The year of the first month.
    pub year: i32,
    /// The first month, 1 to 12.
    pub month: i32,
    /// Whether it comes every month from then on.
    #[graphql(default)]
    pub recurring: bool,
    /// A day of the last month, of what comes every month.
    pub until: Option<Date>,
    /// What the concept's formula calls `amount`.
    pub amount: Option<Dec>,
    /// What the concept's formula calls `quantity`.
    pub quantity: Option<Dec>,
    /// A remark, in at most 200 characters.
    pub memo: Option<String>,
}

/// Gives a concept to an employee.
#[tracing::instrument(skip_all, fields(employee.id = %command.employee), err)]
pub async fn create(tx: &mut Tx, command: PayItemCreateInput) -> Result<PayItem> {
    let employee = employee::lock(tx, command.employee, PAY_MANAGE, "employee").await?;
    let known: i64 = pay_concept::table
        .filter(pay_concept::organisation_id.eq(tx.organisation()))
        .filter(pay_concept::company_id.eq(employee.company_id))
        .filter(pay_concept::id.eq(command.concept))
        .filter(pay_concept::archived_at.is_null())
        .count()
        .get_result(tx.conn())
        .await?;
    let mut input = Input::new();
    input.check(known == 1, || {
        Fault::not_found(fault::CONCEPT_NOT_FOUND).at(["concept"])
    });
    let row = decide(tx, &employee, &command, &mut input);
    input.finish()?;
    let row = row.ok_or_else(|| kernel::Error::bug("an item without a month"))?;
    insert(tx, &row).await?;
    tx.emit(event("people.pay_item.created", &row, &employee))
        .await?;
    Ok(row)
}

fn decide(
    tx: &Tx,
    employee: &Employee,
    command: &PayItemCreateInput,
    input: &mut Input,
) -> Option<PayItem> {
    for (field, value) in [("amount", command.amount), ("quantity", command.quantity)] {
        input.check(value.is_none_or(|it| is_amount(it.0, 4)), || {
            Fault::invalid(fault::AMOUNT_OUT_OF_RANGE).at([field])
        });
    }
    let memo = input.take("memo", check::optional(command.memo.as_deref(), 200));
    let first = month_of(command.year, command.month);
    input.check(first.is_some(), || {
        Fault::invalid(fault::UNKNOWN_MONTH).at(["month"])
    });
    let first = first?;
    let until = command.until.and_then(|day| {
        Month::of(
            chrono::Datelike::year(&day.0),
            chrono::Datelike::month(&day.0),
        )
    });
    input.check(command.until.is_none() || command.recurring, || {
        Fault::invalid(fault::UNTIL_OF_ONE_OFF).at(["until"])
    });
    input.check(until.is_none_or(|last| last.last >= first.last), || {
        Fault::invalid(fault::DATES_OUT_OF_ORDER).at(["until"])
    });
    let last = if command.recurring {
        until.map(|it| it.last)
    } else {
        Some(first.last)
    };
    Some(PayItem {
        organisation_id: tx.organisation(),
        id: command.id.unwrap_or_else(PayItemId::generate),
        company_id: employee.company_id,
        employee_id: employee.id,
        concept_id: command.concept,
        recurring: command.recurring,
        starts_on: Date(first.first),
        ends_on: last.map(Date),
        amount: command.amount,
        quantity: command.quantity,
        memo,
        created_at: tx.now(),
        version: 1,
    })
}

/// A month of a year that payroll may be run for.
pub(crate) fn month_of(year: i32, month: i32) -> Option<Month> {
    let year = (2000..=2999).contains(&year).then_some(year)?;
    Month::of(year, u32::try_from(month).ok()?)
}

/// What an amount of money stays below.
pub(crate) const MOST: i64 = 100_000_000;

/// Whether it is zero or more, below [`MOST`], with so many decimals at most.
pub(crate) fn is_amount(value: Decimal, places: u32) -> bool {
    value >= Decimal::ZERO && value < Decimal::from(MOST) && value.normalize().scale() <= places
}

/// Takes an item back.
#[derive(Clone, Debug, InputObject)]
pub struct PayItemDeleteInput {
    /// The item.
    pub id: PayItemId,
    /// The version that was read.
    pub expected_version: Option<i32>,
}

/// Takes an item back; payslips that were made keep what it gave. Gives its id.
#[tracing::instrument(skip_all, fields(item.id = %command.id), err)]
pub async fn delete(tx: &mut Tx, command: PayItemDeleteInput) -> Result<PayItemId> {
    let (employee, row) = lock(tx, command.id).await?;
    check::version(row.version, command.expected_version)?;
    diesel::delete(pay_item::table.find((row.organisation_id, row.id)))
        .execute(tx.conn())
        .await?;
    tx.emit(event("people.pay_item.deleted", &row, &employee))
        .await?;
    Ok(row.id)
}

fn event(action: &'static str, row: &PayItem, employee: &Employee) -> Event {
    Event::new(action, "PayItem", row.id, PAY_READ)
        .company(row.company_id)
        .department(employee.department_id)
        .set("employee", row.employee_id)
        .set("concept", row.concept_id)
        .set_guarded("amount", row.amount, PAY_READ)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::dec;

    #[test]
    fn amounts_have_bounds() {
        assert!(is_amount(dec!(0), 2) && is_amount(dec!(12.50), 2) && is_amount(dec!(12.500), 2));
        assert!(!is_amount(dec!(-0.01), 2) && !is_amount(dec!(1.005), 2));
        assert!(!is_amount(dec!(100000000), 2));
        assert!(month_of(2026, 13).is_none() && month_of(26, 1).is_none());
        assert!(month_of(2026, 2).is_some());
    }
}
