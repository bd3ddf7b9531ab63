//! Absences without pay through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use kernel::filter::IdFilter;
use kernel::ids::{AbsenceId, EmployeeId};
use kernel::{Date, Fault};
use people::absence::{
    self, Absence as AbsenceRow, AbsenceCancelInput, AbsenceFilter, AbsenceRecordInput,
    AbsenceSort, AbsenceSortField,
};
use people::fault::CANCELLED_ALREADY;

use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::attachment::attachments;
use crate::directory::file::File;
use crate::kernel::audit::{AuditEntry, history};
use crate::noun;
use crate::people::belonging::Belonging;
use crate::people::contract::may_change_pay;
use crate::people::employee::Employee;
use crate::people::shown::{shown, shown_payload};
use crate::permission::Permission;

noun! {
    /// Days for which nothing is paid.
    Absence of crate::people::reach::absences as AbsenceRow, AbsenceId;
    listed by AbsenceFilter, AbsenceSortField
}

impl Belonging for Absence {
    fn employee(&self) -> EmployeeId {
        self.0.employee_id
    }

    fn of(employees: IdFilter) -> AbsenceFilter {
        AbsenceFilter {
            employee: Some(employees),
            ..AbsenceFilter::default()
        }
    }
}

/// What the viewer may do with an absence.
#[derive(SimpleObject)]
pub struct AbsenceViewerCan {
    /// Take it back.
    cancel: Permission,
}

/// Days within a contract for which nothing is paid.
#[Object]
impl Absence {
    /// The absence.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// The employee.
    async fn employee(&self, graph: &Context<'_>) -> Result<Option<Employee>> {
        Call::of(graph)?.load(self.0.employee_id).await
    }

    /// First day.
    async fn starts_on(&self) -> Date {
        self.0.starts_on
    }

    /// Last day, included.
    async fn ends_on(&self) -> Date {
        self.0.ends_on
    }

    /// Why.
    async fn reason(&self) -> &str {
        &self.0.reason
    }

    /// When it was taken back.
    async fn cancelled_at(&self) -> Option<DateTime<Utc>> {
        self.0.cancelled_at
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
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<AbsenceViewerCan> {
        let call = Call::of(graph)?;
        let may = may_change_pay(graph, self.0.company_id, self.0.employee_id).await?;
        let cancel = may.and(|| match self.0.cancelled_at {
            Some(_) => Permission::refused(call, &Fault::not_allowed(CANCELLED_ALREADY)),
            None => Permission::allowed(),
        });
        Ok(AbsenceViewerCan { cancel })
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
    /// What recording an absence gives.
    AbsenceRecordPayload {
        /// The absence.
        absence: Absence
    }
    /// What taking an absence back gives.
    AbsenceCancelPayload {
        /// The absence.
        absence: Absence
    }
}

/// Looks at absences without pay.
#[derive(Default)]
pub struct AbsenceQuery;

#[Object]
impl AbsenceQuery {
    /// An absence without pay. Needs `people.pay.read`, or to be one's own.
    async fn absence(&self, graph: &Context<'_>, id: AbsenceId) -> Result<Option<Absence>> {
        find(graph, id).await
    }

    /// Absences without pay. Needs `people.pay.read`; without it one sees one's own alone.
    async fn absences(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AbsenceFilter>,
        sort: Option<AbsenceSort>,
        search: Option<String>,
    ) -> Result<Connection<Absence>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on absences without pay.
#[derive(Default)]
pub struct AbsenceMutation;

#[Object]
impl AbsenceMutation {
    /// Records days without pay; they may not overlap others. Needs `people.pay.manage`.
    async fn absence_record(
        &self,
        graph: &Context<'_>,
        input: AbsenceRecordInput,
    ) -> Result<AbsenceRecordPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = absence::record(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }

    /// Takes an absence back. Needs `people.pay.manage`.
    async fn absence_cancel(
        &self,
        graph: &Context<'_>,
        input: AbsenceCancelInput,
    ) -> Result<AbsenceCancelPayload> {
        act(graph, false, |tx| {
            Box::pin(async move {
                let row = absence::cancel(tx, input).await?;
                shown(tx, row.id).await
            })
        })
        .await
    }
}
