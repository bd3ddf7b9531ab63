//! Payslips: what a run gave each employee, with lines that explain themselves. Employees see their
//! own once the run is posted, and nobody else's.

mod line;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use kernel::filter::{DecimalFilter, IdFilter, IntFilter};
use kernel::ids::{
    CompanyId, ContractId, DepartmentId, EmployeeId, FileId, OrganisationId, PayrollRunId,
    PayslipId,
};
use kernel::page::{Page, PageRequest};
use kernel::{CurrencyCode, Date, Dec, Locale, Money, Predicate, Result, Tx, listing};

pub(crate) use line::{Given, insert_lines, load as load_lines, sums_by_code};
pub use line::{PayslipLine, PayslipLineInput, PayslipLineKind, PayslipLinePart, lines_of};

use crate::permission::{PAYSLIP_READ, PAYSLIP_READ_OWN};
use crate::reach;
use crate::schema::{payslip, payslip_document};

/// What a run gave an employee. Amounts of a correction are differences.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payslip, check_for_backend(diesel::pg::Pg))]
pub struct Payslip {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The payslip.
    pub id: PayslipId,
    /// Its run.
    pub run_id: PayrollRunId,
    /// The company.
    pub company_id: CompanyId,
    /// The department at the time.
    pub department_id: Option<DepartmentId>,
    /// The employee.
    pub employee_id: EmployeeId,
    /// The contract.
    pub contract_id: ContractId,
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: i32,
    /// The first day it pays for.
    pub period_from: Date,
    /// The last day it pays for.
    pub period_to: Date,
    /// Days of contribution; 30 for a whole month of monthly pay.
    pub days: Dec,
    /// The currency of the amounts.
    pub currency: CurrencyCode,
    /// Sum of the earnings.
    pub gross: Dec,
    /// Social security of the employee.
    pub employee_contributions: Dec,
    /// Tax withheld.
    pub tax: Dec,
    /// Garnishments, advances and other deductions.
    pub deductions: Dec,
    /// What is paid.
    pub net: Dec,
    /// Social security of the employer.
    pub employer_contributions: Dec,
    /// What the tax is taken from.
    pub taxable_pay: Dec,
    /// Base of common contingencies.
    pub common_base: Dec,
    /// Base of professional contingencies.
    pub professional_base: Dec,
    /// Rate of withholding, in per cent.
    pub tax_rate: Dec,
    /// Taxable pay foreseen for the whole year, of which the rate follows.
    pub foreseen_pay: Dec,
    /// The month's share of the extra pays, which contributes though it may not be paid yet.
    pub extra_pay_share: Dec,
    /// The rules it was computed by.
    pub pack_code: String,
    /// Their version.
    pub pack_version: String,
    /// What a person should look at: objects with `code`, `es` and `en`.
    pub notices: serde_json::Value,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Payslip {
    /// An amount of it with its currency.
    pub fn money(&self, amount: Dec) -> Money {
        Money {
            amount,
            currency_code: self.currency,
        }
    }
}

listing! {
    /// Conditions on payslips.
    filter PayslipFilter {
        /// By id.
        id: IdFilter => id,
        /// By run.
        run: IdFilter => run_id,
        /// By company.
        company: IdFilter => company_id,
        /// By department.
        department: IdFilter => department_id,
        /// By employee.
        employee: IdFilter => employee_id,
        /// By year.
        year: IntFilter => year,
        /// By month.
        month: IntFilter => month,
        /// By gross pay.
        gross: DecimalFilter => gross,
        /// By net pay.
        net: DecimalFilter => net,
    }
    /// An order of payslips.
    sort PayslipSort;
    /// What payslips can be sorted by.
    by PayslipSortField {
        /// By when they were made.
        CreatedAt = "CREATED_AT" => created_at,
        /// By the days they pay for.
        PeriodFrom = "PERIOD_FROM" => period_from,
        /// By gross pay.
        Gross = "GROSS" => gross,
        /// By net pay.
        Net = "NET" => net,
    }
    default PeriodFrom Desc;
    search [];
    from "people" payslip as Payslip;
}

/// Payslips of others by right; one's own once they are final.
fn visible(tx: &Tx) -> Result<Predicate> {
    let column = |name: &str| kernel::page::quoted("people", "payslip", name);
    let actor = tx.actor();
    let scope = actor.scope(PAYSLIP_READ);
    let me = reach::own_record(actor, PAYSLIP_READ_OWN);
    if scope.is_nowhere() && me.is_none() {
        return Err(kernel::Error::Denied(PAYSLIP_READ));
    }
    let (company, department) = (column("company_id"), column("department_id"));
    let mut seen = Predicate::in_scope(&scope, Some(&company), Some(&department));
    if let Some(me) = me {
        let posted = Predicate::sql(format!(
            "{} IN (SELECT r.id FROM people.payroll_run r WHERE r.organisation_id = {} \
             AND r.status = 'POSTED')",
            column("run_id"),
            column("organisation_id"),
        ));
        seen = seen.or(Predicate::equal(&column("employee_id"), me.0).and(posted));
    }
    Ok(Predicate::equal(&column("organisation_id"), tx.organisation().0).and(seen))
}

/// A page of the payslips that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PayslipFilter, PayslipSortField>,
) -> Result<Page<Payslip>> {
    let visible = visible(tx)?;
    list(tx, request, visible).await
}

/// How many payslips the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PayslipFilter, PayslipSortField>,
) -> Result<i64> {
    let visible = visible(tx)?;
    tally(tx, request, visible).await
}

/// The visible ones among some payslips.
pub async fn by_ids(tx: &mut Tx, ids: &[PayslipId]) -> Result<Vec<Payslip>> {
    let visible = visible(tx)?;
    Ok(payslip::table
        .filter(payslip::organisation_id.eq(tx.organisation()))
        .filter(payslip::id.eq_any(ids))
        .filter(visible)
        .select(Payslip::as_select())
        .load(tx.conn())
        .await?)
}

/// A payslip that the actor may see.
pub async fn find(tx: &mut Tx, id: PayslipId) -> Result<Option<Payslip>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// The printed form of a payslip in a language.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable)]
#[diesel(table_name = payslip_document, check_for_backend(diesel::pg::Pg))]
pub struct PayslipDocument {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The payslip.
    pub payslip_id: PayslipId,
    /// The language.
    pub locale: Locale,
    /// The PDF.
    pub file_id: FileId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The printed forms of those payslips that the actor may see.
pub async fn documents_of(tx: &mut Tx, ids: &[PayslipId]) -> Result<Vec<PayslipDocument>> {
    let seen: Vec<PayslipId> = by_ids(tx, ids)
        .await?
        .into_iter()
        .map(|row| row.id)
        .collect();
    Ok(payslip_document::table
        .filter(payslip_document::organisation_id.eq(tx.organisation()))
        .filter(payslip_document::payslip_id.eq_any(seen))
        .select(PayslipDocument::as_select())
        .load(tx.conn())
        .await?)
}
