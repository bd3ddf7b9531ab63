//! Payslips through the API. Employees see their own once the run is posted, and nobody else's.

use std::collections::HashMap;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use directory::file::FileStore;
use directory::permission::{COMPANY_READ, DEPARTMENT_READ};
use futures::FutureExt;
use futures::future::BoxFuture;
use kernel::filter::IdFilter;
use kernel::ids::{EmployeeId, FileId, PayslipId};
use kernel::{Date, Dec, Locale, Money, Tx};
use people::payroll::{self, PayslipPrintInput};
use people::payslip::{
    self, Payslip as PayslipRow, PayslipFilter, PayslipLineKind, PayslipSort, PayslipSortField,
};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::directory::department::Department;
use crate::directory::file::File;
use crate::failure;
use crate::kernel::audit::{AuditEntry, history};
use crate::loader::Part;
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::contract::Contract;
use crate::people::employee::Employee;
use crate::people::link;
use crate::people::payroll::PayrollRun;
use crate::people::payslip_line::{PayslipLine, lines};
use crate::people::reach::none_if_denied;
use crate::people::shown::{shown, shown_payload};
use crate::whole::connection;

noun! {
    /// What a payroll run gave an employee.
    Payslip of crate::people::reach::payslips as PayslipRow, PayslipId;
    listed by PayslipFilter, PayslipSortField
}

impl Belonging for Payslip {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> PayslipFilter {
        PayslipFilter {
            employee: Some(employees),
            ..PayslipFilter::default()
        }
    }
}

/// Something about a payslip that a person should look at.
#[derive(SimpleObject)]
pub struct PayslipNotice {
    /// What it is, to switch on.
    pub(super) code: String,
    /// A sentence in the viewer's language.
    pub(super) message: String,
}

/// What a payroll run gave an employee. Amounts of a correction are differences.
#[Object]
impl Payslip {
    /// The payslip.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its run. Needs `people.payroll.read`.
    async fn payroll_run(&self, graph: &Context<'_>) -> Result<Option<PayrollRun>> {
        Call::of(graph)?.load(self.0.run_id).await
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// The contract. Needs `people.pay.read`, or to be one's own.
    async fn contract(&self, graph: &Context<'_>) -> Result<Option<Contract>> {
        Call::of(graph)?.load(self.0.contract_id).await
    }

    /// The company. Needs `directory.company.read`.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// The department at the time. Needs `directory.department.read`.
    async fn department(&self, graph: &Context<'_>) -> Result<Option<Department>> {
        link::department(graph, self.0.department_id).await
    }

    /// The year.
    async fn year(&self) -> i32 {
        self.0.year
    }

    /// The month, 1 to 12.
    async fn month(&self) -> i32 {
        self.0.month
    }

    /// The first day it pays for.
    async fn period_from(&self) -> Date {
        self.0.period_from
    }

    /// The last day it pays for.
    async fn period_to(&self) -> Date {
        self.0.period_to
    }

    /// Days of contribution; 30 for a whole month of monthly pay.
    async fn days(&self) -> Dec {
        self.0.days
    }

    /// Sum of the earnings.
    async fn gross(&self) -> Money {
        self.0.money(self.0.gross).rounded()
    }

    /// Social security of the employee.
    async fn employee_contributions(&self) -> Money {
        self.0.money(self.0.employee_contributions).rounded()
    }

    /// Tax withheld.
    async fn tax(&self) -> Money {
        self.0.money(self.0.tax).rounded()
    }

    /// Garnishments, advances and other deductions.
    async fn deductions(&self) -> Money {
        self.0.money(self.0.deductions).rounded()
    }

    /// What is paid.
    async fn net(&self) -> Money {
        self.0.money(self.0.net).rounded()
    }

    /// Social security of the employer.
    async fn employer_contributions(&self) -> Money {
        self.0.money(self.0.employer_contributions).rounded()
    }

    /// What the tax is taken from.
    async fn taxable_pay(&self) -> Money {
        self.0.money(self.0.taxable_pay).rounded()
    }

    /// Base of common contingencies.
    async fn common_base(&self) -> Money {
        self.0.money(self.0.common_base).rounded()
    }

    /// Base of professional contingencies.
    async fn professional_base(&self) -> Money {
        self.0.money(self.0.professional_base).rounded()
    }

    /// The month's share of the extra pays, which contributes though it may not be paid yet.
    async fn extra_pay_share(&self) -> Money {
        self.0.money(self.0.extra_pay_share).rounded()
    }

    /// Rate of withholding, in per cent.
    async fn tax_rate(&self) -> Dec {
        self.0.tax_rate
    }

    /// The rules it was computed by.
    async fn rule_pack_code(&self) -> &str {
        &self.0.pack_code
    }

    /// The version of those rules.
    async fn rule_pack_version(&self) -> &str {
        &self.0.pack_version
    }

    /// Its lines in order, each with what explains it.
    async fn lines(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The sides of the payslip; all when absent.")] kinds: Option<
            Vec<PayslipLineKind>,
        >,
    ) -> Result<Vec<PayslipLine>> {
        let mut found = lines(graph, self.0.id, self.0.currency).await?;
        if let Some(kinds) = kinds {
            found.retain(|line| kinds.contains(&line.kind_of()));
        }
        Ok(found)
    }

    /// What a person should look at.
    async fn notices(&self, graph: &Context<'_>) -> Result<Vec<PayslipNotice>> {
        let locale = Call::of(graph)?.context().locale;
        let notices: Vec<HashMap<String, String>> =
            serde_json::from_value(self.0.notices.clone()).unwrap_or_default();
        let said = |mut notice: HashMap<String, String>| PayslipNotice {
            code: notice.remove("code").unwrap_or_default(),
            message: notice.remove(locale.tag()).unwrap_or_default(),
        };
        Ok(notices.into_iter().map(said).collect())
    }

    /// The printed form in a language, whose `download` link expires; null until it is made. It is
    /// issued in the employee's language; `payslipPrint` prints it in another.
    async fn pdf(
        &self,
        graph: &Context<'_>,
        #[graphql(desc = "The language; when absent the viewer's, or else the one there is.")]
        locale: Option<Locale>,
    ) -> Result<Option<File>> {
        let call = Call::of(graph)?;
        let wanted = locale.unwrap_or(call.context().locale);
        let printed = call.parts::<Printed>(self.0.id).await?;
        let found = printed.iter().find(|one| one.locale == wanted);
        let found = found.or_else(|| printed.first().filter(|_| locale.is_none()));
        call.load_some(found.map(|one| one.file)).await
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        let actor = Call::of(graph)?.actor();
        let department = self.0.department_id.is_some();
        let hidden = [
            ("payrollRun", !actor.may(people::permission::PAYROLL_READ)),
            ("company", !actor.may(COMPANY_READ)),
            ("department", department && !actor.may(DEPARTMENT_READ)),
        ];
        Ok(hidden
            .iter()
            .filter(|(_, closed)| *closed)
            .map(|(field, _)| *field)
            .collect())
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

/// The printed form of a payslip in a language.
#[derive(Clone)]
struct Printed {
    locale: Locale,
    file: FileId,
}

impl Part for Printed {
    type Of = PayslipId;

    fn of<'t>(
        tx: &'t mut Tx,
        ids: &'t [PayslipId],
    ) -> BoxFuture<'t, kernel::Result<Vec<(PayslipId, Self)>>> {
        async move {
            let documents = none_if_denied(payslip::documents_of(tx, ids).await)?;
            let printed = documents.into_iter().map(|row| {
                (
                    row.payslip_id,
                    Self {
                        locale: row.locale,
                        file: row.file_id,
                    },
                )
            });
            Ok(printed.collect())
        }
        .boxed()
    }
}

shown_payload! {
    /// What printing a payslip gives.
    PayslipPrintPayload {
        /// The payslip, with its `pdf` in the language.
        payslip: Payslip
    }
}

/// Acts on payslips.
#[derive(Default)]
pub struct PayslipMutation;

#[Object]
impl PayslipMutation {
    /// Prints a payslip of a posted run in a language, unless it was printed in it before. Needs
    /// `people.payslip.read`, or to be one's own.
    async fn payslip_print(
        &self,
        graph: &Context<'_>,
        input: PayslipPrintInput,
    ) -> Result<PayslipPrintPayload> {
        let call = Call::of(graph)?;
        let store = call.core().services.get::<FileStore>();
        let store = store.map_err(|error| failure::of(call, error))?;
        act(graph, false, move |tx| {
            Box::pin(async move {
                let row = payroll::print(tx, &store, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}

/// Looks at payslips.
#[derive(Default)]
pub struct PayslipQuery;

#[Object]
impl PayslipQuery {
    /// A payslip. Needs `people.payslip.read`, or to be one's own of a posted run.
    async fn payslip(&self, graph: &Context<'_>, id: PayslipId) -> Result<Option<Payslip>> {
        find(graph, id).await
    }

    /// Payslips. Needs `people.payslip.read`; without it one sees one's own of posted runs alone.
    async fn payslips(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PayslipFilter>,
        sort: Option<PayslipSort>,
        search: Option<String>,
    ) -> Result<Connection<Payslip>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }

    /// The payslips of the viewer themselves, the latest first; none when they are no employee.
    async fn my_payslips(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PayslipFilter>,
        sort: Option<PayslipSort>,
    ) -> Result<Connection<Payslip>> {
        let (call, slice) = (Call::of(graph)?, Slice::new(first, after, last, before));
        let Some(me) = call.actor().employee else {
            return connection(call, Vec::new(), &slice);
        };
        let eq = Some(me.into());
        let own = PayslipFilter {
            and: filter.map(|filter| vec![filter]),
            employee: Some(IdFilter {
                eq,
                ..IdFilter::default()
            }),
            ..PayslipFilter::default()
        };
        connect(graph, slice.of(Some(own), sort, None)).await
    }
}
