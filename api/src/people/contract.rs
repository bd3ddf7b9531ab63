//! Contracts through the API. One sees a contract when its pay is open to one.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::filter::IdFilter;
use kernel::ids::{ContractId, EmployeeId};
use kernel::{CurrencyCode, Date, Dec, Money};
use people::contract::{
    self, Contract as ContractRow, ContractAmendInput, ContractCreateInput, ContractEndInput,
    ContractFilter, ContractKind, ContractSort, ContractSortField, SalaryPeriod,
};
use people::permission::PAY_MANAGE;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::employee::Employee;
use crate::people::link;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// The terms of an employee's work and pay.
    Contract of crate::people::reach::contracts as ContractRow, ContractId;
    listed by ContractFilter, ContractSortField
}

impl Belonging for Contract {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> ContractFilter {
        ContractFilter {
            employee: Some(employees),
            ..ContractFilter::default()
        }
    }
}

/// What the viewer may do with a contract.
#[derive(SimpleObject)]
pub struct ContractViewerCan {
    /// Change its terms from a day on.
    amend: Permission,
    /// End it.
    end: Permission,
}

/// The terms of an employee's work and pay.
#[Object]
impl Contract {
    /// The contract.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Whether it has an end.
    async fn kind(&self) -> ContractKind {
        self.0.kind
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        self.0.starts_on
    }

    /// Last day, included.
    async fn ends_on(&self) -> Option<Date> {
        self.0.ends_on
    }

    /// The day from which seniority counts.
    async fn seniority_from(&self) -> Date {
        self.0.seniority_from
    }

    /// The contract that it continues with other terms.
    async fn continues(&self, graph: &Context<'_>) -> Result<Option<Contract>> {
        Call::of(graph)?.load_some(self.0.continues_id).await
    }

    /// Why it ended.
    async fn end_reason(&self) -> Option<&str> {
        self.0.end_reason.as_deref()
    }

    /// Whether another contract continues it without a break.
    async fn is_amended(&self) -> bool {
        self.0.is_amended()
    }

    /// The part of the full time; 1 is full time.
    async fn working_time(&self) -> Dec {
        self.0.working_time
    }

    /// Hours of a whole month, for part-time work.
    async fn monthly_hours(&self) -> Option<Dec> {
        self.0.monthly_hours
    }

    /// Gross pay for its period and working time.
    async fn salary(&self) -> Money {
        euros(self.0.salary)
    }

    /// What the salary is agreed for.
    async fn salary_period(&self) -> SalaryPeriod {
        self.0.salary_period
    }

    /// The months in which an extra pay of a month's salary is due, 1 to 12.
    async fn extra_pay_months(&self) -> Vec<i32> {
        self.0.extra_pay_months.clone()
    }

    /// Whether a twelfth of the extra pays is paid every month instead.
    async fn extra_pays_prorated(&self) -> bool {
        self.0.extra_pays_prorated
    }

    /// Contribution group, 1 to 11.
    async fn contribution_group(&self) -> i32 {
        self.0.contribution_group.into()
    }

    /// What they do.
    async fn occupation(&self) -> &str {
        &self.0.occupation
    }

    /// Its code in the national classification (CNO).
    async fn occupation_code(&self) -> Option<&str> {
        self.0.occupation_code.as_deref()
    }

    /// Professional group of the agreement.
    async fn professional_group(&self) -> Option<&str> {
        self.0.professional_group.as_deref()
    }

    /// The collective agreement.
    async fn agreement(&self) -> Option<&str> {
        self.0.agreement.as_deref()
    }

    /// Rate of accidents at work and occupational diseases, in per cent.
    async fn accident_rate(&self) -> Dec {
        self.0.accident_rate
    }

    /// When the record was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<ContractViewerCan> {
        let may = may_change_pay(graph, self.0.company_id, self.0.employee_id).await?;
        Ok(ContractViewerCan {
            amend: may.clone(),
            end: may,
        })
    }

    /// The files attached to it, the latest first; who sees it sees them.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<File>> {
        let slice = Slice::new(first, after, last, before);
        attachments::<Self>(graph, self.0.id, slice).await
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

/// An amount of pay, in whole cents: payroll is agreed and paid in euros.
pub(super) fn euros(amount: Dec) -> Money {
    Money::new(amount.0, CurrencyCode::EUR).rounded()
}

/// Whether the viewer may change what an employee is paid.
pub(super) async fn may_change_pay(
    graph: &Context<'_>,
    company: kernel::ids::CompanyId,
    employee: EmployeeId,
) -> Result<Permission> {
    let call = Call::of(graph)?;
    let found = call.load::<Employee>(employee).await?;
    let department = found.and_then(|employee| employee.0.department_id);
    Ok(Permission::held(call, PAY_MANAGE, |scope| {
        scope.covers(Some(company), department)
    }))
}

shown_payload! {
    /// What making a contract gives.
    ContractCreatePayload {
        /// The contract.
        contract: Contract
    }
    /// What changing the terms gives.
    ContractAmendPayload {
        /// The contract with the new terms.
        contract: Contract
    }
    /// What ending a contract gives.
    ContractEndPayload {
        /// The contract.
        contract: Contract
    }
}

/// Looks at contracts.
#[derive(Default)]
pub struct ContractQuery;

#[Object]
impl ContractQuery {
    /// A contract. Needs `people.pay.read`, or to be one's own.
    async fn contract(&self, graph: &Context<'_>, id: ContractId) -> Result<Option<Contract>> {
        find(graph, id).await
    }

    /// Contracts. Needs `people.pay.read`; without it one sees one's own alone.
    async fn contracts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ContractFilter>,
        sort: Option<ContractSort>,
        search: Option<String>,
    ) -> Result<Connection<Contract>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on contracts.
#[derive(Default)]
pub struct ContractMutation;

#[Object]
impl ContractMutation {
    /// Makes another contract of an employee; one who had left is there again. Needs
    /// `people.pay.manage`.
    async fn contract_create(
        &self,
        graph: &Context<'_>,
        input: ContractCreateInput,
    ) -> Result<ContractCreatePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = contract::create(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Changes the terms from the first day of a month on: a contract continues the one before.
    /// Needs `people.pay.manage`.
    async fn contract_amend(
        &self,
        graph: &Context<'_>,
        input: ContractAmendInput,
    ) -> Result<ContractAmendPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = contract::amend(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Ends a contract on a day. Needs `people.pay.manage`.
    async fn contract_end(
        &self,
        graph: &Context<'_>,
        input: ContractEndInput,
    ) -> Result<ContractEndPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = contract::end(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
