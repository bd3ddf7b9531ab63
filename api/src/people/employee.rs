//! Employees through the API: who works where for whom; their pay and papers only for those to
//! whom they are open.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use kernel::ids::EmployeeId;
use kernel::{Date, Locale};
use people::employee::{Employee as EmployeeRow, EmployeeFilter, EmployeeSort, EmployeeSortField};

use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::absence::Absence;
use crate::people::advance::Advance;
use crate::people::belonging::{self, connected};
use crate::people::contract::Contract;
use crate::people::employee_access::EmployeeViewerCan;
use crate::people::family::FamilySituation;
use crate::people::garnishment::Garnishment;
use crate::people::item::PayItem;
use crate::people::link;
use crate::people::payslip::Payslip;

noun! {
    /// A person who works or worked for a company.
    Employee of crate::people::reach::employees as EmployeeRow, EmployeeId;
    listed by EmployeeFilter, EmployeeSortField
}

/// A person who works or worked for a company. What a viewer may not see is null or masked, and
/// named in `redactedFields`.
#[Object]
impl Employee {
    /// The employee.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Their number in the company as people write it, `0042`.
    async fn code(&self) -> String {
        self.0.code()
    }

    /// Their number in the company, from 1 without gaps.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// First name.
    async fn first_name(&self) -> &str {
        &self.0.first_name
    }

    /// Surnames.
    async fn last_name(&self) -> &str {
        &self.0.last_name
    }

    /// First name and surnames.
    async fn full_name(&self) -> &str {
        &self.0.full_name
    }

    /// E-mail address.
    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    /// The language of their documents.
    async fn locale(&self) -> Locale {
        self.0.locale
    }

    /// The company they work for. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Their department. Needs `directory.department.read`.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        link::department(graph, self.0.department_id).await
    }

    /// NIF or NIE. Needs `people.pay.read`, or to be their own.
    async fn tax_id(&self, graph: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.0.tax_id_for(Call::of(graph)?.actor()))
    }

    /// Social security number. Needs `people.pay.read`, or to be their own.
    async fn social_security_number(&self, graph: &Context<'_>) -> Result<Option<&str>> {
        Ok(self.0.social_security_number_for(Call::of(graph)?.actor()))
    }

    /// Date of birth. Needs `people.pay.read`, or to be their own.
    async fn birth_date(&self, graph: &Context<'_>) -> Result<Option<Date>> {
        Ok(self.0.birth_date_for(Call::of(graph)?.actor()))
    }

    /// The account that their pay goes to; masked without `people.pay.read`.
    async fn iban(&self, graph: &Context<'_>) -> Result<Option<String>> {
        Ok(self.0.iban_for(Call::of(graph)?.actor()))
    }

    /// First day.
    async fn hired_on(&self) -> Date {
        self.0.hired_on
    }

    /// Last day.
    async fn left_on(&self) -> Option<Date> {
        self.0.left_on
    }

    /// Why they left. Needs `people.pay.read` or `people.employee.manage`, or to be their own.
    async fn leave_reason(&self, graph: &Context<'_>) -> Result<Option<&str>> {
        let seen = self.shows_leave_reason(Call::of(graph)?);
        Ok(self.0.leave_reason.as_deref().filter(|_| seen))
    }

    /// The contract in force today, or the last one. Needs `people.pay.read`, or to be their own.
    async fn contract(&self, graph: &Context<'_>) -> Result<Option<Contract>> {
        let call = Call::of(graph)?;
        if !self.0.is_open_to(call.actor()) {
            return Ok(None);
        }
        let today = Date(call.context().now.date_naive());
        let contracts = belonging::all::<Contract>(graph, self.0.id).await?;
        let begun = contracts
            .iter()
            .find(|contract| contract.0.starts_on <= today);
        Ok(begun.or(contracts.last()).cloned())
    }

    /// Their contracts, the latest first. Needs `people.pay.read`, or to be their own.
    async fn contracts(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Contract>>> {
        self.open(graph, Slice::new(first, after, last, before))
            .await
    }

    /// What their tax depends on, today or on a day. Needs `people.pay.read`, or to be their own.
    async fn family_situation(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The day; today when absent.")] on: Option<Date>,
    ) -> Result<Option<FamilySituation>> {
        let today = Date(Call::of(graph)?.context().now.date_naive());
        let day = on.unwrap_or(today);
        let situations = self.family(graph).await?;
        Ok(situations
            .into_iter()
            .find(|situation| situation.0.valid_from <= day))
    }

    /// What their tax depended on and will, the latest first. Needs `people.pay.read`, or to be
    /// their own.
    async fn family_situations(&self, graph: &Context<'_>) -> Result<Vec<FamilySituation>> {
        self.family(graph).await
    }

    /// What they are paid or deducted beside the salary. Needs `people.pay.read`, or to be their
    /// own.
    async fn pay_items(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<PayItem>>> {
        self.open(graph, Slice::new(first, after, last, before))
            .await
    }

    /// Their absences without pay. Needs `people.pay.read`, or to be their own.
    async fn absences(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Absence>>> {
        self.open(graph, Slice::new(first, after, last, before))
            .await
    }

    /// What they were paid on account. Needs `people.pay.read`, or to be their own.
    async fn advances(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Advance>>> {
        self.open(graph, Slice::new(first, after, last, before))
            .await
    }

    /// Their wages seized by authorities. Needs `people.pay.read`, or to be their own.
    async fn garnishments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Garnishment>>> {
        self.open(graph, Slice::new(first, after, last, before))
            .await
    }

    /// Their payslips, the latest first: by `people.payslip.read`, or their own once the run is
    /// posted.
    async fn payslips(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<Payslip>>> {
        if !self.shows_payslips(Call::of(graph)?) {
            return Ok(None);
        }
        let slice = Slice::new(first, after, last, before);
        Ok(Some(connected(graph, self.0.id, slice).await?))
    }

    /// When the record was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer sees masked or not at all.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        Ok(self.redacted(Call::of(graph)?))
    }

    /// What the viewer may do with them.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<EmployeeViewerCan> {
        Ok(EmployeeViewerCan::of(Call::of(graph)?, self))
    }

    /// The files attached to them, the latest first. Needs `people.pay.read`, or to be their own.
    async fn attachments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<File>>> {
        if !self.0.is_open_to(Call::of(graph)?.actor()) {
            return Ok(None);
        }
        let slice = Slice::new(first, after, last, before);
        Ok(Some(attachments::<Self>(graph, self.0.id, slice).await?))
    }

    /// What happened to them.
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

impl Employee {
    /// What belongs to them, for those to whom their pay is open.
    async fn open<N: belonging::Belonging>(
        &self,
        graph: &Context<'_>,
        slice: Slice,
    ) -> Result<Option<Connection<N>>> {
        if !self.0.is_open_to(Call::of(graph)?.actor()) {
            return Ok(None);
        }
        Ok(Some(connected(graph, self.0.id, slice).await?))
    }

    async fn family(&self, graph: &Context<'_>) -> Result<Vec<FamilySituation>> {
        let call = Call::of(graph)?;
        if !self.0.is_open_to(call.actor()) {
            return Ok(Vec::new());
        }
        call.parts(self.0.id).await
    }
}

/// Looks at employees.
#[derive(Default)]
pub struct EmployeeQuery;

#[Object]
impl EmployeeQuery {
    /// An employee. Needs `people.employee.read`, or to be oneself.
    async fn employee(&self, graph: &Context<'_>, id: EmployeeId) -> Result<Option<Employee>> {
        find(graph, id).await
    }

    /// Employees. Needs `people.employee.read`; without it one sees oneself alone.
    async fn employees(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<EmployeeFilter>,
        sort: Option<EmployeeSort>,
        search: Option<String>,
    ) -> Result<Connection<Employee>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }

    /// The employee that the viewer is; null when they are none.
    async fn my_employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        let call = Call::of(graph)?;
        call.load_some(call.actor().employee).await
    }
}
