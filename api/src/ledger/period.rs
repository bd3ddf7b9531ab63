//! Periods through the API.

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use directory::permission::COMPANY_READ;
use kernel::ids::PeriodId;
use kernel::{Date, Fault};
use ledger::period::{
    self, Period as PeriodRow, PeriodCloseInput, PeriodFilter, PeriodReopenInput, PeriodSort,
    PeriodSortField, PeriodStatus,
};
use ledger::permission::{ENTRY_POST, PERIOD_MANAGE};

use super::fiscal_year::FiscalYear;
use super::link;
use crate::act::act;
use crate::call::Call;
use crate::connection::{Connection, Slice, connect, find};
use crate::directory::company::Company;
use crate::kernel::audit::{AuditEntry, history};
use crate::permission::Permission;
use crate::{noun, payload};

noun! {
    /// A period of a fiscal year.
    Period of ledger::period as PeriodRow, PeriodId; listed by PeriodFilter, PeriodSortField
}

/// What the viewer may do with a period. The order of closing is checked by the act.
#[derive(SimpleObject)]
pub struct PeriodViewerCan {
    /// Post entries into it by hand.
    post: Permission,
    /// Close it so that only those who manage periods post.
    soft_close: Permission,
    /// Close it so that nobody posts.
    close: Permission,
    /// Open it again.
    reopen: Permission,
}

/// A period of a fiscal year: open, soft-closed or closed.
#[Object]
impl Period {
    /// The period.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.into()
    }

    /// Its company.
    async fn company(&self, graph: &Context<'_>) -> Result<Option<Company>> {
        link::company(graph, self.0.company_id).await
    }

    /// Its year.
    async fn fiscal_year(&self, graph: &Context<'_>) -> Result<Option<FiscalYear>> {
        link::set_up(graph, Some(self.0.fiscal_year_id)).await
    }

    /// Its place in the year, from 1.
    async fn number(&self) -> i32 {
        self.0.number
    }

    /// Its first day.
    async fn starts_on(&self) -> Date {
        self.0.starts_on
    }

    /// Its last day.
    async fn ends_on(&self) -> Date {
        self.0.ends_on
    }

    /// Whether one may post in it.
    async fn status(&self) -> PeriodStatus {
        self.0.status
    }

    /// Its version, for `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// The fields that the viewer may not see.
    async fn redacted_fields(&self, graph: &Context<'_>) -> Result<Vec<&'static str>> {
        link::redacted(graph, self.0.company_id, &[(COMPANY_READ, "company")])
    }

    /// What the viewer may do with it.
    async fn viewer_can(&self, graph: &Context<'_>) -> Result<PeriodViewerCan> {
        let call = Call::of(graph)?;
        let (company, status) = (Some(self.0.company_id), self.0.status);
        let may =
            |permission| Permission::held(call, permission, |scope| scope.covers(company, None));
        let when = |holds: bool, reason| match holds {
            true => Permission::allowed(),
            false => Permission::refused(call, &self.refusal(reason)),
        };
        let manages = call.actor().scope(PERIOD_MANAGE).covers(company, None);
        let is_soft = status == PeriodStatus::SoftClosed;
        let state = "ledger.period_state";
        Ok(PeriodViewerCan {
            post: may(ENTRY_POST)
                .and(|| when(status != PeriodStatus::Closed, "ledger.period_closed"))
                .and(|| when(!is_soft || manages, "ledger.period_soft_closed")),
            soft_close: may(PERIOD_MANAGE).and(|| when(status == PeriodStatus::Open, state)),
            close: may(PERIOD_MANAGE).and(|| when(status != PeriodStatus::Closed, state)),
            reopen: may(PERIOD_MANAGE).and(|| when(status != PeriodStatus::Open, state)),
        })
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

impl Period {
    fn refusal(&self, reason: &'static str) -> Fault {
        Fault::not_allowed(reason).with("date", self.0.starts_on)
    }
}

payload! {
    /// What closing a period gives.
    PeriodClosePayload {
        /// The period.
        period: Period
    }
    /// What opening a period again gives.
    PeriodReopenPayload {
        /// The period.
        period: Period
    }
}

/// Looks at periods.
#[derive(Default)]
pub struct PeriodQuery;

#[Object]
impl PeriodQuery {
    /// A period. Needs `ledger.account.read`.
    async fn period(&self, graph: &Context<'_>, id: PeriodId) -> Result<Option<Period>> {
        find(graph, id).await
    }

    /// Periods. Needs `ledger.account.read`.
    async fn periods(
        &self,
        graph: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<PeriodFilter>,
        sort: Option<PeriodSort>,
        search: Option<String>,
    ) -> Result<Connection<Period>> {
        let slice = Slice::new(first, after, last, before);
        connect(graph, slice.of(filter, sort, search)).await
    }
}

/// Acts on periods.
#[derive(Default)]
pub struct PeriodMutation;

#[Object]
impl PeriodMutation {
    /// Closes a period, softly or firmly; waits for postings on their way. Needs
    /// `ledger.period.manage`.
    async fn period_close(
        &self,
        graph: &Context<'_>,
        input: PeriodCloseInput,
    ) -> Result<PeriodClosePayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Period(period::close(tx, input).await?)) })
        })
        .await
    }

    /// Opens a closed or soft-closed period again. Needs `ledger.period.manage`.
    async fn period_reopen(
        &self,
        graph: &Context<'_>,
        input: PeriodReopenInput,
    ) -> Result<PeriodReopenPayload> {
        act(graph, false, |tx| {
            Box::pin(async move { Ok(Period(period::reopen(tx, input).await?)) })
        })
        .await
    }
}
