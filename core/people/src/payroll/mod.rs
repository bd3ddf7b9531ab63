//! Payroll runs: a company's month from draft to posting and delivery.
//!
//! `DRAFT → CALCULATED → IN_REVIEW → APPROVED → POSTED`, or `CANCELLED` before it is approved.
//! - [`draft`] makes the run; one regular run a company and month, and corrections of a posted one.
//! - [`enqueue_calculation`] wants the job that makes the payslips, employee by employee; who can't
//!   be calculated is a failure with its reasons and stops nobody else.
//! - [`reviews`] compares with the month before; [`exclude`] leaves an employee out for a reason.
//! - [`submit`] asks for approval; [`approve`] and [`reject`] are another person's.
//! - [`post`] writes one journal entry and wants the job that makes the bank file and the PDFs.
//!
//! Every command locks the run's row first, so that any number at once act one after another and
//! all but one find its state changed.

mod basis;
mod calculate;
mod decide;
mod deliver;
mod delta;
mod facts;
mod failure;
mod input;
mod items;
mod listed;
mod month;
mod outcome;
mod plan;
mod post;
mod print;
mod reprint;
mod review;
mod settle;
#[cfg(test)]
mod tests;
mod totals;
mod window;

use async_graphql::InputObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use directory::check::{Input, taken};
use kernel::filter::{IdFilter, IntFilter};
use kernel::ids::{
    ApprovalId, CompanyId, EntryId, JobId, OrganisationId, PayrollRunId, RulePackId, UserId,
};
use kernel::page::{Page, PageRequest};
use kernel::{
    CurrencyCode, Date, Dec, Error, Event, Fault, Money, Permission, Predicate, Result, Scope, Tx,
    listing,
};

pub use calculate::{PayrollCalculate, PayrollRunCalculateInput, enqueue_calculation};
pub use decide::{
    PayrollRunApproveInput, PayrollRunCancelInput, PayrollRunRejectInput, PayrollRunSubmitInput,
    approve, cancel, decide_approval, reject, submit,
};
pub use deliver::{BankFile, PayrollDeliver, bank_file, bank_files};
pub use failure::PayrollFailure;
pub use listed::{
    PayrollWarning, PayslipDifference, difference_count, differences, exclusions, failures,
    warnings,
};
pub use month::{PayrollMonth, WhichMonth};
pub use post::{PayrollRunPostInput, post};
pub use reprint::{PayslipPrintInput, print};
pub use review::{PayrollReview, PayrollSums, reviews};
pub use settle::{
    PayrollEmployeeExcludeInput, PayrollEmployeeIncludeInput, PayrollExclusion, exclude, include,
};
pub use window::Window;

use crate::contract::rules::Month;
use crate::permission::{PAYROLL_READ, PAYROLL_RUN};
use crate::schema::payroll_run;
use crate::{fault, pack};

kernel::text_enum! {
    /// What a payroll run is for.
    pub enum PayrollRunKind {
        /// The pay of a month.
        Regular = "REGULAR",
        /// What a posted run should have given besides, or given less.
        Delta = "DELTA",
    }
}

kernel::text_enum! {
    /// Where a payroll run stands.
    pub enum PayrollRunStatus {
        /// Its payslips are not made, or being made.
        Draft = "DRAFT",
        /// Its payslips are made and can be made anew.
        Calculated = "CALCULATED",
        /// It waits for approval.
        InReview = "IN_REVIEW",
        /// It was approved by a second person.
        Approved = "APPROVED",
        /// It is in the books.
        Posted = "POSTED",
        /// It was called off.
        Cancelled = "CANCELLED",
    }
}

kernel::enum_filter! {
    /// Conditions on the kind of a payroll run.
    PayrollRunKindFilter of PayrollRunKind
}

kernel::enum_filter! {
    /// Conditions on the status of a payroll run.
    PayrollRunStatusFilter of PayrollRunStatus
}

/// A payroll run.
#[derive(Clone, Debug, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = payroll_run,
    primary_key(organisation_id, id),
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg)
)]
pub struct PayrollRun {
    /// The tenant.
    pub organisation_id: OrganisationId,
    /// The run.
    pub id: PayrollRunId,
    /// The company.
    pub company_id: CompanyId,
    /// What it is for.
    pub kind: PayrollRunKind,
    /// The posted run that it corrects.
    pub corrects_id: Option<PayrollRunId>,
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: i32,
    /// Where it stands.
    pub status: PayrollRunStatus,
    /// The currency of its amounts.
    pub currency: CurrencyCode,
    /// The day on which the bank shall pay.
    pub pay_date: Date,
    /// How often it was calculated.
    pub calculation: i32,
    /// The job of its last calculation.
    pub job_id: Option<JobId>,
    /// The rules it was calculated by.
    pub rule_pack_id: Option<RulePackId>,
    /// Who drafted it; nobody when a schedule did.
    pub drafted_by: Option<UserId>,
    /// Who had it calculated last.
    pub calculated_by: Option<UserId>,
    /// Who submitted it last.
    pub submitted_by: Option<UserId>,
    /// Everybody who had a hand in what it pays: who drafted it, had it calculated, left somebody
    /// out or took them back in.
    pub prepared_by: Vec<UserId>,
    /// Its last approval.
    pub approval_id: Option<ApprovalId>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was posted.
    pub posted_at: Option<DateTime<Utc>>,
    /// Its journal entry.
    pub entry_id: Option<EntryId>,
    /// The job that delivers it.
    pub delivery_job_id: Option<JobId>,
    /// How many payslips it has.
    pub payslips: i32,
    /// Sum of gross pay.
    pub gross: Dec,
    /// Sum of the employees' social security.
    pub employee_contributions: Dec,
    /// Sum of tax withheld.
    pub tax: Dec,
    /// Sum of other deductions.
    pub deductions: Dec,
    /// Sum of net pay.
    pub net: Dec,
    /// Sum of the employer's social security.
    pub employer_contributions: Dec,
    /// When it was calculated.
    pub calculated_at: Option<DateTime<Utc>>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// Counts the changes.
    pub version: i32,
}

impl PayrollRun {
    /// An amount of it with its currency.
    pub fn money(&self, amount: Dec) -> Money {
        Money {
            amount,
            currency_code: self.currency,
        }
    }

    /// Its month as days.
    pub fn days(&self) -> Result<Month> {
        crate::item::month_of(self.year, self.month)
            .ok_or_else(|| Error::bug("a payroll run of no month"))
    }

    /// What it costs the company: gross pay and its social security.
    pub fn cost(&self) -> Money {
        self.money(Dec(self.gross.0 + self.employer_contributions.0))
    }

    /// Notes that a user had a hand in what it pays, and so can't approve it.
    fn touched_by(&mut self, user: Option<UserId>) {
        let new = user.filter(|user| !self.prepared_by.contains(user));
        self.prepared_by.extend(new);
    }

    pub(crate) fn event(&self, action: &'static str) -> Event {
        Event::new(action, "PayrollRun", self.id, PAYROLL_READ)
            .company(self.company_id)
            .set("status", self.status)
    }
}

listing! {
    /// Conditions on payroll runs.
    filter PayrollRunFilter {
        /// By id.
        id: IdFilter => id,
        /// By company.
        company: IdFilter => company_id,
        /// By kind.
        kind: PayrollRunKindFilter => kind,
        /// By status.
        status: PayrollRunStatusFilter => status,
        /// By year.
        year: IntFilter => year,
        /// By month.
        month: IntFilter => month,
        /// By the run that they correct.
        corrects: IdFilter => corrects_id,
    }
    /// An order of payroll runs.
    sort PayrollRunSort;
    /// What payroll runs can be sorted by.
    by PayrollRunSortField {
        /// By when they were drafted.
        CreatedAt = "CREATED_AT" => created_at,
        /// By the day of payment.
        PayDate = "PAY_DATE" => pay_date,
    }
    default CreatedAt Desc;
    search [];
    from "people" payroll_run as PayrollRun;
}

/// What the actor may see: by right, and, standing in for who approves, what was submitted.
async fn visible(tx: &mut Tx) -> Result<Predicate> {
    let scope = tx.actor().scope(PAYROLL_READ);
    let column = |name: &str| kernel::page::quoted("people", "payroll_run", name);
    let here = Predicate::equal(&column("organisation_id"), tx.organisation().0);
    if scope.everywhere {
        return Ok(here);
    }
    let lent = decide::lent_scope(tx).await?;
    if scope.is_nowhere() && lent.is_nowhere() {
        return Err(Error::Denied(PAYROLL_READ));
    }
    let within = |scope| Predicate::in_scope(scope, Some(&column("company_id")), None);
    let submitted = Predicate::sql(format!("{} IS NOT NULL", column("approval_id")));
    Ok(here.and(within(&scope).or(within(&lent).and(submitted))))
}

/// A page of the runs that the actor may see.
pub async fn page(
    tx: &mut Tx,
    request: PageRequest<PayrollRunFilter, PayrollRunSortField>,
) -> Result<Page<PayrollRun>> {
    let visible = visible(tx).await?;
    list(tx, request, visible).await
}

/// How many runs the actor may see.
pub async fn count(
    tx: &mut Tx,
    request: PageRequest<PayrollRunFilter, PayrollRunSortField>,
) -> Result<i64> {
    let visible = visible(tx).await?;
    tally(tx, request, visible).await
}

/// The visible ones among some runs.
pub async fn by_ids(tx: &mut Tx, ids: &[PayrollRunId]) -> Result<Vec<PayrollRun>> {
    let visible = visible(tx).await?;
    Ok(payroll_run::table
        .filter(payroll_run::organisation_id.eq(tx.organisation()))
        .filter(payroll_run::id.eq_any(ids))
        .filter(visible)
        .select(PayrollRun::as_select())
        .load(tx.conn())
        .await?)
}

/// A run that the actor may see.
pub async fn find(tx: &mut Tx, id: PayrollRunId) -> Result<Option<PayrollRun>> {
    Ok(by_ids(tx, &[id]).await?.into_iter().next())
}

/// A run for its own jobs.
pub(crate) async fn load(tx: &mut Tx, id: PayrollRunId) -> Result<PayrollRun> {
    let row: Option<PayrollRun> = payroll_run::table
        .find((tx.organisation(), id))
        .select(PayrollRun::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    row.ok_or_else(|| Fault::not_found(fault::RUN_NOT_FOUND).at(["id"]).into())
}

/// Locks a run that the actor may act on by a permission. Who may not even see it learns nothing.
pub(crate) async fn lock(
    tx: &mut Tx,
    id: PayrollRunId,
    permission: Permission,
    expected_version: Option<i32>,
) -> Result<PayrollRun> {
    let scope = tx.actor().scope(permission);
    lock_within(tx, id, (permission, scope), expected_version).await
}

/// Like [`lock`], where the permission holds in a scope that is not the actor's own.
async fn lock_within(
    tx: &mut Tx,
    id: PayrollRunId,
    (permission, scope): (Permission, Scope),
    expected_version: Option<i32>,
) -> Result<PayrollRun> {
    if scope.is_nowhere() {
        return Err(Error::Denied(permission));
    }
    let row: Option<PayrollRun> = payroll_run::table
        .find((tx.organisation(), id))
        .for_update()
        .select(PayrollRun::as_select())
        .first(tx.conn())
        .await
        .optional()?;
    let read = tx.actor().scope(PAYROLL_READ);
    let covers = |scope: &Scope, row: &PayrollRun| scope.covers(Some(row.company_id), None);
    let row = row
        .filter(|row| covers(&scope, row) || covers(&read, row))
        .ok_or_else(|| Fault::not_found(fault::RUN_NOT_FOUND).at(["id"]))?;
    if !covers(&scope, &row) {
        return Err(Error::Denied(permission));
    }
    directory::check::version(row.version, expected_version)?;
    Ok(row)
}

/// That the run stands at one of some states.
pub(crate) fn require_status(row: &PayrollRun, allowed: &[PayrollRunStatus]) -> Result<()> {
    if allowed.contains(&row.status) {
        return Ok(());
    }
    Err(Fault::not_allowed(fault::RUN_STATE)
        .with("status", row.status)
        .at(["id"])
        .into())
}

/// Writes a run with its version moved on.
pub(crate) async fn store(tx: &mut Tx, mut row: PayrollRun) -> Result<PayrollRun> {
    row.version += 1;
    diesel::update(payroll_run::table.find((row.organisation_id, row.id)))
        .set(&row)
        .execute(tx.conn())
        .await?;
    Ok(row)
}

/// Drafts the payroll of a month, or a correction of a posted one.
#[derive(Clone, Debug, InputObject)]
pub struct PayrollRunDraftInput {
    /// An id made by the client, `run_…`.
    pub id: Option<PayrollRunId>,
    /// The company.
    pub company: CompanyId,
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: i32,
    /// What the run is for.
    #[graphql(default_with = "PayrollRunKind::Regular")]
    pub kind: PayrollRunKind,
    /// The posted run that a correction corrects.
    pub corrects: Option<PayrollRunId>,
    /// The day on which the bank shall pay; the last of the month when absent.
    pub pay_date: Option<Date>,
    /// Only tells what would happen.
    #[graphql(default)]
    pub dry_run: bool,
}

/// Drafts a run.
///
/// # Errors
/// `people.run_exists` when the month has its run, `people.correction_open` when a correction is
/// under way; no rules for the month; what is wrong with the input, at once.
#[tracing::instrument(skip_all, fields(company.id = %command.company), err)]
pub async fn draft(tx: &mut Tx, command: PayrollRunDraftInput) -> Result<PayrollRun> {
    tx.require_in(PAYROLL_RUN, command.company, None)?;
    let company = directory::company::load(tx, command.company).await?;
    let mut input = Input::new();
    let month = crate::item::month_of(command.year, command.month);
    input.check(month.is_some(), || {
        Fault::invalid(fault::UNKNOWN_MONTH).at(["month"])
    });
    let delta = command.kind == PayrollRunKind::Delta;
    input.check(delta == command.corrects.is_some(), || {
        Fault::invalid(fault::CORRECTS_NEEDED).at(["corrects"])
    });
    input.check(company.currency == CurrencyCode::EUR, || {
        Fault::invalid(fault::COMPANY_CURRENCY)
            .with("currency", company.currency)
            .at(["company"])
    });
    input.finish()?;
    let month = month.ok_or_else(|| Error::bug("a month was checked and is none"))?;
    let pay_date = command.pay_date.unwrap_or(Date(month.last));
    if pay_date.0 < month.first {
        return Err(Fault::invalid(fault::DATES_OUT_OF_ORDER)
            .at(["payDate"])
            .into());
    }
    let rules = pack::on(&company.country, month.last)?;
    if let Some(corrects) = command.corrects {
        check_corrected(tx, &command, corrects).await?;
    }
    let me = crate::reach::person_behind(tx).await?;
    let row = PayrollRun {
        id: command.id.unwrap_or_else(PayrollRunId::generate),
        kind: command.kind,
        corrects_id: command.corrects,
        pay_date,
        rule_pack_id: Some(pack::install(tx, &rules).await?),
        drafted_by: me,
        prepared_by: me.into_iter().collect(),
        ..blank(tx, command.company, command.year, command.month)
    };
    diesel::insert_into(payroll_run::table)
        .values(&row)
        .execute(tx.conn())
        .await
        .map_err(|error| {
            let error = taken(
                error.into(),
                "payroll_run_month",
                fault::RUN_EXISTS,
                "month",
            );
            let error = taken(
                error,
                "payroll_run_correction",
                fault::CORRECTION_OPEN,
                "corrects",
            );
            taken(error, "payroll_run_pkey", "kernel.id_taken", "id")
        })?;
    tx.emit(
        row.event("people.payroll_run.drafted")
            .set("kind", row.kind),
    )
    .await?;
    Ok(row)
}

async fn check_corrected(
    tx: &mut Tx,
    command: &PayrollRunDraftInput,
    corrects: PayrollRunId,
) -> Result<()> {
    let seen = load(tx, corrects).await.ok().filter(|run| {
        run.company_id == command.company
            && (run.year, run.month) == (command.year, command.month)
            && run.kind == PayrollRunKind::Regular
            && run.status == PayrollRunStatus::Posted
    });
    match seen {
        Some(_) => Ok(()),
        None => Err(Fault::not_allowed(fault::CORRECTS_POSTED)
            .at(["corrects"])
            .into()),
    }
}

fn blank(tx: &Tx, company: CompanyId, year: i32, month: i32) -> PayrollRun {
    let zero = Dec::default();
    PayrollRun {
        organisation_id: tx.organisation(),
        id: PayrollRunId::generate(),
        company_id: company,
        kind: PayrollRunKind::Regular,
        corrects_id: None,
        year,
        month,
        status: PayrollRunStatus::Draft,
        currency: CurrencyCode::EUR,
        pay_date: Date(tx.now().date_naive()),
        calculation: 0,
        job_id: None,
        rule_pack_id: None,
        drafted_by: None,
        calculated_by: None,
        submitted_by: None,
        prepared_by: Vec::new(),
        approval_id: None,
        approved_at: None,
        posted_at: None,
        entry_id: None,
        delivery_job_id: None,
        payslips: 0,
        gross: zero,
        employee_contributions: zero,
        tax: zero,
        deductions: zero,
        net: zero,
        employer_contributions: zero,
        calculated_at: None,
        created_at: tx.now(),
        version: 1,
    }
}
