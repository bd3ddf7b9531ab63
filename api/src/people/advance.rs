//! Advances through the API: what was paid on account of wages, and how it is taken back.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::filter::IdFilter;
use kernel::ids::{AdvanceId, EmployeeId};
use kernel::{Date, Dec, Money};
use people::advance::{
    self, Advance as AdvanceRow, AdvanceFilter, AdvanceGrantInput, AdvanceRescheduleInput,
    AdvanceSort, AdvanceSortField,
};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::contract::{euros, may_change_pay};
use crate::people::employee::Employee;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// Something paid on account.
    Advance of crate::people::reach::advances as AdvanceRow, AdvanceId;
    listed by AdvanceFilter, AdvanceSortField
}

impl Belonging for Advance {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> AdvanceFilter {
        AdvanceFilter {
            employee: Some(employees),
            ..AdvanceFilter::default()
        }
    }
}

/// What the viewer may do with an advance.
#[derive(SimpleObject)]
pub struct AdvanceViewerCan {
    /// Change how much is taken back a month.
    reschedule: Permission,
}

/// Something paid on account of wages, taken back month by month when payroll is posted.
#[Object]
impl Advance {
    /// The advance.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// The day it was paid.
    async fn granted_on(&self) -> Date {
        self.0.granted_on
    }

    /// How much was paid.
    async fn amount(&self) -> Money {
        euros(self.0.amount)
    }

    /// How much is taken back a month, at most.
    async fn instalment(&self) -> Money {
        euros(self.0.instalment)
    }

    /// How much posted payrolls have taken back.
    async fn recovered(&self) -> Money {
        euros(self.0.recovered)
    }

    /// What is still owed.
    async fn outstanding(&self) -> Money {
        euros(Dec(self.0.outstanding()))
    }

    /// A remark.
    async fn memo(&self) -> Option<&str> {
        self.0.memo.as_deref()
    }

    /// When it was recorded.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AdvanceViewerCan> {
        let reschedule = may_change_pay(graph, self.0.company_id, self.0.employee_id).await?;
        Ok(AdvanceViewerCan { reschedule })
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

shown_payload! {
    /// What recording an advance gives.
    AdvanceGrantPayload {
        /// The advance.
        advance: Advance
    }
    /// What changing how an advance is taken back gives.
    AdvanceReschedulePayload {
        /// The advance.
        advance: Advance
    }
}

/// Looks at advances.
#[derive(Default)]
pub struct AdvanceQuery;

#[Object]
impl AdvanceQuery {
    /// An advance. Needs `people.pay.read`, or to be one's own.
    async fn advance(&self, graph: &Context<'_>, id: AdvanceId) -> Result<Option<Advance>> {
        find(graph, id).await
    }

    /// Advances. Needs `people.pay.read`; without it one sees one's own alone.
    async fn advances(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AdvanceFilter>,
        sort: Option<AdvanceSort>,
        search: Option<String>,
    ) -> Result<Connection<Advance>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on advances.
#[derive(Default)]
pub struct AdvanceMutation;

#[Object]
impl AdvanceMutation {
    /// Records an advance that was paid. Needs `people.pay.manage`.
    async fn advance_grant(
        &self,
        graph: &Context<'_>,
        input: AdvanceGrantInput,
    ) -> Result<AdvanceGrantPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let row = advance::grant(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Changes how much of an advance is taken back a month. Needs `people.pay.manage`.
    async fn advance_reschedule(
        &self,
        graph: &Context<'_>,
        input: AdvanceRescheduleInput,
    ) -> Result<AdvanceReschedulePayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = advance::reschedule(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
