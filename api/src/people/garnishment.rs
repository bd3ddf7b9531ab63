//! Garnishments through the API: wages seized by a court or agency.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::filter::IdFilter;
use kernel::ids::{EmployeeId, GarnishmentId};
use kernel::{Date, Dec, Fault, Money};
use people::fault::CANCELLED_ALREADY;
use people::garnishment::{
    self, Garnishment as GarnishmentRow, GarnishmentBasis, GarnishmentFilter, GarnishmentLiftInput,
    GarnishmentRecordInput, GarnishmentSort, GarnishmentSortField,
};

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::contract::{euros, may_change_pay};
use crate::people::employee::Employee;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// Wages seized by an authority.
    Garnishment of crate::people::reach::garnishments as GarnishmentRow, GarnishmentId;
    listed by GarnishmentFilter, GarnishmentSortField
}

impl Belonging for Garnishment {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> GarnishmentFilter {
        GarnishmentFilter {
            employee: Some(employees),
            ..GarnishmentFilter::default()
        }
    }
}

/// What the viewer may do with a garnishment.
#[derive(SimpleObject)]
pub struct GarnishmentViewerCan {
    /// Lift it.
    lift: Permission,
}

/// Wages seized by a court or agency.
#[Object]
impl Garnishment {
    /// The garnishment.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// Who seizes.
    async fn authority(&self) -> &str {
        &self.0.authority
    }

    /// Their reference.
    async fn reference(&self) -> &str {
        &self.0.reference
    }

    /// How much it takes.
    async fn basis(&self) -> GarnishmentBasis {
        self.0.basis
    }

    /// The amount a month, when it is fixed.
    async fn monthly_amount(&self) -> Option<Money> {
        self.0.monthly_amount.map(euros)
    }

    /// The lower goes first.
    async fn priority(&self) -> i32 {
        self.0.priority
    }

    /// How much is owed in all.
    async fn amount(&self) -> Money {
        euros(self.0.amount)
    }

    /// How much posted payrolls have taken.
    async fn recovered(&self) -> Money {
        euros(self.0.recovered)
    }

    /// What is still owed.
    async fn outstanding(&self) -> Money {
        euros(Dec(self.0.outstanding()))
    }

    /// The day it was received.
    async fn received_on(&self) -> Date {
        self.0.received_on
    }

    /// The day from which it takes nothing any more.
    async fn lifted_on(&self) -> Option<Date> {
        self.0.lifted_on
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
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<GarnishmentViewerCan> {
        let call = Call::of(graph)?;
        let may = may_change_pay(graph, self.0.company_id, self.0.employee_id).await?;
        let lift = may.and(|| match self.0.lifted_on {
            Some(_) => Permission::refused(call, &Fault::not_allowed(CANCELLED_ALREADY)),
            None => Permission::allowed(),
        });
        Ok(GarnishmentViewerCan { lift })
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

shown_payload! {
    /// What recording a garnishment gives.
    GarnishmentRecordPayload {
        /// The garnishment.
        garnishment: Garnishment
    }
    /// What lifting a garnishment gives.
    GarnishmentLiftPayload {
        /// The garnishment.
        garnishment: Garnishment
    }
}

/// Looks at garnishments.
#[derive(Default)]
pub struct GarnishmentQuery;

#[Object]
impl GarnishmentQuery {
    /// A garnishment. Needs `people.pay.read`, or to be one's own.
    async fn garnishment(
        &self,
        graph: &Context<'_>,
        id: GarnishmentId,
    ) -> Result<Option<Garnishment>> {
        find(graph, id).await
    }

    /// Garnishments. Needs `people.pay.read`; without it one sees one's own alone.
    async fn garnishments(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<GarnishmentFilter>,
        sort: Option<GarnishmentSort>,
        search: Option<String>,
    ) -> Result<Connection<Garnishment>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on garnishments.
#[derive(Default)]
pub struct GarnishmentMutation;

#[Object]
impl GarnishmentMutation {
    /// Records a garnishment that was received. Needs `people.pay.manage`.
    async fn garnishment_record(
        &self,
        graph: &Context<'_>,
        input: GarnishmentRecordInput,
    ) -> Result<GarnishmentRecordPayload> {
        act(graph, input.dry_run, |tx| {
            Box::pin(async move {
                let row = garnishment::record(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Lifts a garnishment from a day on. Needs `people.pay.manage`.
    async fn garnishment_lift(
        &self,
        graph: &Context<'_>,
        input: GarnishmentLiftInput,
    ) -> Result<GarnishmentLiftPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = garnishment::lift(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
