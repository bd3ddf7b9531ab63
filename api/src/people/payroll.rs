//! Payroll runs through the API: a company's month with its totals, its way from draft to posting,
//! and what came of it.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::permission::COMPANY_READ;
use kernel::filter::IdFilter;
use kernel::ids::PayrollRunId;
use kernel::job::JOB_READ;
use kernel::{Date, Dec, Money};
use ledger::permission::ENTRY_READ;
use people::payroll::{
    PayrollRun as RunRow, PayrollRunFilter, PayrollRunKind, PayrollRunSort, PayrollRunSortField,
    PayrollRunStatus,
};
use people::payslip::PayslipFilter;
use people::permission::{PAY_READ, PAYROLL_POST, PAYSLIP_READ};

use crate::call::Call;
use crate::connection::{Connection, Rows, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::kernel::job::Job;
use crate::ledger::entry::Entry;
use crate::noun;
use crate::people::bank_file::{PayrollBankFile, bank_file};
use crate::people::link;
use crate::people::pack::RulePack;
use crate::people::payroll_act::PayrollRunViewerCan;
use crate::people::payroll_review::{
    PayrollDifference, PayrollExclusion, PayrollFailure, PayrollWarning, Reviewed, differences,
    exclusions, failures, warnings,
};
use crate::people::payslip::Payslip;
use crate::processes::approval::Approval;
use crate::processes::named::NamedUser;

noun! {
    /// A payroll run.
    PayrollRun of crate::people::reach::runs as RunRow, PayrollRunId;
    listed by PayrollRunFilter, PayrollRunSortField
}

/// Sums of payslips.
#[derive(Clone, Debug, SimpleObject)]
pub struct PayrollTotals {
    /// How many employees are paid.
    pub(super) employee_count: i32,
    /// Gross pay.
    pub(super) gross: Money,
    /// The employees' social security.
    pub(super) employee_contributions: Money,
    /// Tax withheld.
    pub(super) tax: Money,
    /// Garnishments, advances and other deductions.
    pub(super) deductions: Money,
    /// What is paid.
    pub(super) net: Money,
    /// The employer's social security.
    pub(super) employer_contributions: Money,
    /// What it costs the company: gross pay and its social security.
    pub(super) cost: Money,
}

/// A company's payroll of a month, or a correction of one that was posted.
#[Object]
impl PayrollRun {
    /// The run.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// What it is for.
    async fn kind(&self) -> PayrollRunKind {
        self.0.kind
    }

    /// The posted run that it corrects.
    async fn corrects(&self, graph: &Context<'_>) -> Result<Option<PayrollRun>> {
        Call::of(graph)?.load_some(self.0.corrects_id).await
    }

    /// The year.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// The month, 1 to 12.
    async fn month(&self) -> i32 {
        self.0.month
    }

    /// Where it stands.
    async fn status(&self) -> PayrollRunStatus {
        self.0.status
    }

    /// The day on which the bank shall pay.
    async fn pay_date(&self) -> Date {
        self.0.pay_date
    }

    /// The sums of its payslips.
    async fn totals(&self) -> PayrollTotals {
        let row = &self.0;
        PayrollTotals {
            employee_count: row.payslips,
            gross: row.money(row.gross).rounded(),
            employee_contributions: row.money(row.employee_contributions).rounded(),
            tax: row.money(row.tax).rounded(),
            deductions: row.money(row.deductions).rounded(),
            net: row.money(row.net).rounded(),
            employer_contributions: row.money(row.employer_contributions).rounded(),
            cost: row.cost().rounded(),
        }
    }

    /// The sums of what was posted for the month before; zeros when nothing was.
    async fn month_before(&self, graph: &Context<'_>) -> Result<PayrollTotals> {
        let seen = self.reviewed(graph).await?;
        Ok(seen
            .map(|seen| seen.month_before())
            .unwrap_or_else(|| self.nothing()))
    }

    /// How often it was calculated.
    async fn calculation(&self) -> i32 {
        self.0.calculation
    }

    /// The job of its last calculation, with its progress. Needs `kernel.job.read`, or to have
    /// wanted it.
    async fn job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.job_id).await
    }

    /// The rules it was calculated by.
    async fn rule_pack(&self, graph: &Context<'_>) -> Result<Option<RulePack>> {
        Call::of(graph)?.load_some(self.0.rule_pack_id).await
    }

    /// Its payslips. Needs `people.payslip.read`.
    async fn payslips(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Payslip>>> {
        if !Call::of(graph)?.actor().may(PAYSLIP_READ) {
            return Ok(None);
        }
        let run = IdFilter {
            eq: Some(self.0.id.into()),
            ..IdFilter::default()
        };
        let filter = PayslipFilter {
            run: Some(run),
            ..PayslipFilter::default()
        };
        let slice = Slice::new(first, after, last, before);
        let none = None::<people::payslip::PayslipSort>;
        Ok(Some(
            connect(graph, slice.of(Some(filter), none, None)).await?,
        ))
    }

    /// What changed for whom since the month before, the largest change of net pay first. Needs
    /// `people.payslip.read` in the company.
    async fn differences(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Rows<PayrollDifference>>> {
        if !self.covers(Call::of(graph)?, PAYSLIP_READ) {
            return Ok(None);
        }
        let slice = Slice::new(first, after, last, before);
        Ok(Some(differences(graph, &self.0, &slice).await?))
    }

    /// Of how many employees something wants a look before it is approved.
    async fn warning_count(&self, graph: &Context<'_>) -> Result<i32> {
        let seen = self.reviewed(graph).await?;
        Ok(seen.map_or(0, |seen| i32::try_from(seen.0.warnings).unwrap_or(i32::MAX)))
    }

    /// Of whom something wants a look before it is approved: who is to be paid and has no account,
    /// or what the rules remark upon. Needs `people.payslip.read` in the company.
    async fn warnings(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Rows<PayrollWarning>>> {
        if !self.covers(Call::of(graph)?, PAYSLIP_READ) {
            return Ok(None);
        }
        let slice = Slice::new(first, after, last, before);
        Ok(Some(warnings(graph, self.0.id, &slice).await?))
    }

    /// How many employees could not be calculated.
    async fn failure_count(&self, graph: &Context<'_>) -> Result<i32> {
        let seen = self.reviewed(graph).await?;
        Ok(seen.map_or(0, |seen| i32::try_from(seen.0.failures).unwrap_or(i32::MAX)))
    }

    /// Who could not be calculated, and why.
    async fn failures(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<PayrollFailure>> {
        let shows_why = self.covers(Call::of(graph)?, PAY_READ);
        let slice = Slice::new(first, after, last, before);
        failures(graph, self.0.id, shows_why, &slice).await
    }

    /// How many employees were left out.
    async fn exclusion_count(&self, graph: &Context<'_>) -> Result<i32> {
        let seen = self.reviewed(graph).await?;
        Ok(seen.map_or(0, |seen| {
            i32::try_from(seen.0.exclusions).unwrap_or(i32::MAX)
        }))
    }

    /// Who was left out, and why.
    async fn exclusions(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Rows<PayrollExclusion>> {
        let slice = Slice::new(first, after, last, before);
        exclusions(graph, self.0.id, &slice).await
    }

    /// Its last approval; null for those who may not see it.
    async fn approval(&self, graph: &Context<'_>) -> Result<Option<Approval>> {
        Call::of(graph)?.load_some(self.0.approval_id).await
    }

    /// Its journal entry, once it is posted. Needs `ledger.entry.read`.
    async fn entry(&self, graph: &Context<'_>) -> Result<Option<Entry>> {
        link::reachable(graph, ENTRY_READ, self.0.entry_id).await
    }

    /// Its payment order, once it is made.
    async fn bank_file(&self, graph: &Context<'_>) -> Result<Option<PayrollBankFile>> {
        bank_file(graph, &self.0).await
    }

    /// The job that makes its bank file and PDFs, once it is posted. Needs `kernel.job.read`, or
    /// to have posted it.
    async fn delivery_job(&self, graph: &Context<'_>) -> Result<Option<Job>> {
        Call::of(graph)?.load_some(self.0.delivery_job_id).await
    }

    /// Who drafted it; null when a schedule did.
    async fn drafted_by(&self) -> Option<NamedUser> {
        self.0.drafted_by.map(NamedUser)
    }

    /// Who had it calculated last.
    async fn calculated_by(&self) -> Option<NamedUser> {
        self.0.calculated_by.map(NamedUser)
    }

    /// Who submitted it last.
    async fn submitted_by(&self) -> Option<NamedUser> {
        self.0.submitted_by.map(NamedUser)
    }

    /// When it was drafted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When it was calculated.
    async fn calculated_at(&self) -> Option<DateTime<Utc>> {
        self.0.calculated_at
    }

    /// When it was approved.
    async fn approved_at(&self) -> Option<DateTime<Utc>> {
        self.0.approved_at
    }

    /// When it was posted.
    async fn posted_at(&self) -> Option<DateTime<Utc>> {
        self.0.posted_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let call = Call::of(graph)?;
        let actor = call.actor();
        let wanted =
            self.0.calculated_by.is_some() && self.0.calculated_by == actor.principal.user();
        let hidden = [
            ("company", !actor.may(COMPANY_READ)),
            (
                "job",
                self.0.job_id.is_some() && !wanted && !self.covers(call, JOB_READ),
            ),
            ("payslips", !actor.may(PAYSLIP_READ)),
            ("differences", !self.covers(call, PAYSLIP_READ)),
            ("warnings", !self.covers(call, PAYSLIP_READ)),
            ("failures.userErrors", !self.covers(call, PAY_READ)),
            ("entry", self.0.entry_id.is_some() && !actor.may(ENTRY_READ)),
            (
                "bankFile.file",
                self.0.entry_id.is_some() && !self.covers(call, PAYROLL_POST),
            ),
        ];
        Ok(hidden
            .iter()
            .filter(|(_, closed)| *closed)
            .map(|(field, _)| *field)
            .collect())
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PayrollRunViewerCan> {
        PayrollRunViewerCan::of(graph, &self.0).await
    }

    /// What happened to it.
    async fn history(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<AuditEntry>> {
        history(graph, self.0.id.0, Slice::new(first, after, last, before)).await
    }
}

impl PayrollRun {
    fn covers(&self, call: &Call, permission: kernel::Permission) -> bool {
        call.actor()
            .scope(permission)
            .covers(Some(self.0.company_id), None)
    }

    async fn reviewed(&self, graph: &Context<'_>) -> Result<Option<Reviewed>> {
        Ok(Call::of(graph)?
            .parts::<Reviewed>(self.0.id)
            .await?
            .into_iter()
            .next())
    }

    fn nothing(&self) -> PayrollTotals {
        let zero = self.0.money(Dec::default());
        PayrollTotals {
            employee_count: 0,
            gross: zero,
            employee_contributions: zero,
            tax: zero,
            deductions: zero,
            net: zero,
            employer_contributions: zero,
            cost: zero,
        }
    }
}

/// Looks at payroll runs.
#[derive(Default)]
pub struct PayrollRunQuery;

#[Object]
impl PayrollRunQuery {
    /// A payroll run. Needs `people.payroll.read`, or to stand in for somebody who approves it.
    async fn payroll_run(
        &self,
        graph: &Context<'_>,
        id: PayrollRunId,
    ) -> Result<Option<PayrollRun>> {
        find(graph, id).await
    }

    /// Payroll runs. Needs `people.payroll.read`; who stands in for an approver sees what was
    /// submitted.
    async fn payroll_runs(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PayrollRunFilter>,
        sort: Option<PayrollRunSort>,
    ) -> Result<Connection<PayrollRun>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, None)).await
    }
}
